//! User pools: `UserPoolType` and every setting in it.

use std::collections::BTreeMap;

use crate::enums::{
    AdvancedSecurityEnabledMode, AdvancedSecurityMode, AliasAttribute, AttributeDataType,
    CustomEmailSenderLambdaVersion, CustomSmsSenderLambdaVersion, DefaultEmailOption, DeletionProtection,
    EmailSendingAccount, InboundFederationLambdaVersion, Issuer, KeyType, PreTokenGenerationLambdaVersion,
    RecoveryOptionName, Status, UserPoolMfa, UserPoolTier, UsernameAttribute, VerifiedAttribute,
};
use crate::scalars::{
    AcrConfiguration, AcrValue, AllowedFirstAuthFactors, Arn, CustomAttributeName, Domain, EmailAddress,
    EmailInviteMessage, EmailVerificationMessage, EmailVerificationMessageByLink, EmailVerificationSubject,
    EmailVerificationSubjectByLink, EncryptionKeyArn, OAuthFlows, OptionalArn, PasswordHistorySize,
    PasswordPolicyMinLength, Priority, RecoveryMechanisms, RegionCode, SchemaAttributes, Scopes, SesConfigurationSet,
    SmsInviteMessage, SmsVerificationMessage, TagKey, TagValue, TemporaryPasswordValidityDays, Text,
    UnusedAccountValidityDays, UserPoolId, UserPoolName,
};
use crate::{Input, Output, Timestamp};

/// The `UserPool` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct UserPool {
    pub id: Option<UserPoolId>,
    pub name: Option<UserPoolName>,
    pub status: Option<Status>,
    pub last_modified_date: Option<Timestamp>,
    pub creation_date: Option<Timestamp>,
    pub schema_attributes: Option<SchemaAttributes>,
    pub estimated_number_of_users: Option<i64>,
    pub sms_configuration_failure: Option<Text>,
    pub email_configuration_failure: Option<Text>,
    pub domain: Option<Domain>,
    pub custom_domain: Option<Domain>,
    pub arn: Option<Arn>,
    #[wire(flatten)]
    pub settings: Settings,
}

/// The members that `CreateUserPool` and the description of a pool share.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct Settings {
    pub policies: Option<UserPoolPolicy>,
    pub deletion_protection: Option<DeletionProtection>,
    pub lambda_config: Option<LambdaConfig>,
    pub auto_verified_attributes: Option<Vec<VerifiedAttribute>>,
    pub alias_attributes: Option<Vec<AliasAttribute>>,
    pub username_attributes: Option<Vec<UsernameAttribute>>,
    pub sms_verification_message: Option<SmsVerificationMessage>,
    pub email_verification_message: Option<EmailVerificationMessage>,
    pub email_verification_subject: Option<EmailVerificationSubject>,
    pub verification_message_template: Option<VerificationMessageTemplate>,
    pub sms_authentication_message: Option<SmsVerificationMessage>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub user_attribute_update_settings: Option<UserAttributeUpdateSettings>,
    pub device_configuration: Option<DeviceConfiguration>,
    pub email_configuration: Option<EmailConfiguration>,
    pub sms_configuration: Option<SmsConfiguration>,
    pub user_pool_tags: Option<BTreeMap<TagKey, TagValue>>,
    pub admin_create_user_config: Option<AdminCreateUserConfig>,
    pub user_pool_add_ons: Option<UserPoolAddOns>,
    pub dcr_configuration: Option<DcrConfiguration>,
    pub username_configuration: Option<UsernameConfiguration>,
    pub account_recovery_setting: Option<AccountRecoverySetting>,
    pub user_pool_tier: Option<UserPoolTier>,
    pub key_configuration: Option<KeyConfiguration>,
    pub issuer_configuration: Option<IssuerConfiguration>,
    pub acr_configuration: Option<AcrConfiguration>,
}

/// The `UserPoolDescription` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct UserPoolDescription {
    pub id: Option<UserPoolId>,
    pub name: Option<UserPoolName>,
    pub lambda_config: Option<LambdaConfig>,
    pub status: Option<Status>,
    pub last_modified_date: Option<Timestamp>,
    pub creation_date: Option<Timestamp>,
    pub replica_regions: Option<Vec<Text>>,
}

/// The `PasswordPolicy` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct PasswordPolicy {
    pub minimum_length: Option<PasswordPolicyMinLength>,
    pub require_uppercase: Option<bool>,
    pub require_lowercase: Option<bool>,
    pub require_numbers: Option<bool>,
    pub require_symbols: Option<bool>,
    pub password_history_size: Option<PasswordHistorySize>,
    pub temporary_password_validity_days: Option<TemporaryPasswordValidityDays>,
}

/// The `SignInPolicy` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SignInPolicy {
    pub allowed_first_auth_factors: Option<AllowedFirstAuthFactors>,
}

/// The `UserPoolPolicy` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct UserPoolPolicy {
    pub password_policy: Option<PasswordPolicy>,
    pub sign_in_policy: Option<SignInPolicy>,
}

/// The `PreTokenGenerationVersionConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct PreTokenGenerationVersionConfig {
    pub lambda_version: PreTokenGenerationLambdaVersion,
    pub lambda_arn: Arn,
}

/// The `CustomSmsLambdaVersionConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct CustomSmsLambdaVersionConfig {
    pub lambda_version: CustomSmsSenderLambdaVersion,
    pub lambda_arn: Arn,
}

/// The `CustomEmailLambdaVersionConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct CustomEmailLambdaVersionConfig {
    pub lambda_version: CustomEmailSenderLambdaVersion,
    pub lambda_arn: Arn,
}

/// The `InboundFederationLambda` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct InboundFederationLambda {
    pub lambda_version: InboundFederationLambdaVersion,
    pub lambda_arn: Arn,
}

/// The `LambdaConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct LambdaConfig {
    pub pre_sign_up: Option<Arn>,
    pub custom_message: Option<Arn>,
    pub post_confirmation: Option<Arn>,
    pub pre_authentication: Option<Arn>,
    pub post_authentication: Option<Arn>,
    pub define_auth_challenge: Option<Arn>,
    pub create_auth_challenge: Option<Arn>,
    pub verify_auth_challenge_response: Option<Arn>,
    pub pre_token_generation: Option<Arn>,
    pub user_migration: Option<Arn>,
    pub pre_token_generation_config: Option<PreTokenGenerationVersionConfig>,
    #[wire("CustomSMSSender")]
    pub custom_sms_sender: Option<CustomSmsLambdaVersionConfig>,
    pub custom_email_sender: Option<CustomEmailLambdaVersionConfig>,
    #[wire("KMSKeyID")]
    pub kms_key_id: Option<Arn>,
    pub inbound_federation: Option<InboundFederationLambda>,
}

/// The `VerificationMessageTemplate` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct VerificationMessageTemplate {
    pub sms_message: Option<SmsVerificationMessage>,
    pub email_message: Option<EmailVerificationMessage>,
    pub email_subject: Option<EmailVerificationSubject>,
    pub email_message_by_link: Option<EmailVerificationMessageByLink>,
    pub email_subject_by_link: Option<EmailVerificationSubjectByLink>,
    pub default_email_option: Option<DefaultEmailOption>,
}

/// The `UserAttributeUpdateSettings` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct UserAttributeUpdateSettings {
    pub attributes_require_verification_before_update: Option<Vec<VerifiedAttribute>>,
}

/// The `DeviceConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct DeviceConfiguration {
    pub challenge_required_on_new_device: Option<bool>,
    pub device_only_remembered_on_user_prompt: Option<bool>,
}

/// The `EmailConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct EmailConfiguration {
    pub source_arn: Option<Arn>,
    pub reply_to_email_address: Option<EmailAddress>,
    pub email_sending_account: Option<EmailSendingAccount>,
    pub from: Option<Text>,
    pub configuration_set: Option<SesConfigurationSet>,
}

/// The `EumsSmsConfiguration` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct EumsSmsConfiguration {
    pub caller_arn: Arn,
    pub external_id: Option<Text>,
    pub origination_identity: Option<Text>,
    pub configuration_set_name: Option<Text>,
    pub in_entity_id: Option<Text>,
    pub in_template_id: Option<Text>,
    pub region: Option<RegionCode>,
}

/// The `SmsConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SmsConfiguration {
    pub sns_caller_arn: Option<OptionalArn>,
    pub external_id: Option<Text>,
    pub sns_region: Option<RegionCode>,
    pub eums_sms: Option<EumsSmsConfiguration>,
}

/// The `MessageTemplate` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct MessageTemplate {
    #[wire("SMSMessage")]
    pub sms_message: Option<SmsInviteMessage>,
    pub email_message: Option<EmailInviteMessage>,
    pub email_subject: Option<EmailVerificationSubject>,
}

/// The `AdminCreateUserConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct AdminCreateUserConfig {
    pub allow_admin_create_user_only: Option<bool>,
    pub unused_account_validity_days: Option<UnusedAccountValidityDays>,
    pub invite_message_template: Option<MessageTemplate>,
}

/// The `NumberAttributeConstraints` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct NumberAttributeConstraints {
    pub min_value: Option<Text>,
    pub max_value: Option<Text>,
}

/// The `StringAttributeConstraints` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct StringAttributeConstraints {
    pub min_length: Option<Text>,
    pub max_length: Option<Text>,
}

/// The `SchemaAttribute` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SchemaAttribute {
    pub name: Option<CustomAttributeName>,
    pub attribute_data_type: Option<AttributeDataType>,
    pub developer_only_attribute: Option<bool>,
    pub mutable: Option<bool>,
    pub required: Option<bool>,
    pub number_attribute_constraints: Option<NumberAttributeConstraints>,
    pub string_attribute_constraints: Option<StringAttributeConstraints>,
}

/// The `AdvancedSecurityAdditionalFlows` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct AdvancedSecurityAdditionalFlows {
    pub custom_auth_mode: Option<AdvancedSecurityEnabledMode>,
}

/// The `UserPoolAddOns` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct UserPoolAddOns {
    pub advanced_security_mode: AdvancedSecurityMode,
    pub advanced_security_additional_flows: Option<AdvancedSecurityAdditionalFlows>,
}

/// The `DcrConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct DcrConfiguration {
    pub enable_status: Option<Status>,
    pub open_dcr_enabled: Option<bool>,
    pub authenticated_grant_types: Option<OAuthFlows>,
    pub open_dcr_grant_types: Option<OAuthFlows>,
    pub allowed_scopes: Option<Scopes>,
}

/// The `UsernameConfiguration` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct UsernameConfiguration {
    pub case_sensitive: bool,
}

/// The `RecoveryOption` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct RecoveryOption {
    pub priority: Priority,
    pub name: RecoveryOptionName,
}

/// The `AccountRecoverySetting` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct AccountRecoverySetting {
    pub recovery_mechanisms: Option<RecoveryMechanisms>,
}

/// The `KeyConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct KeyConfiguration {
    pub key_type: Option<KeyType>,
    pub kms_key_arn: Option<EncryptionKeyArn>,
}

/// The `IssuerConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct IssuerConfiguration {
    pub r#type: Option<Issuer>,
}

/// The `AcrLevelConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct AcrLevelConfig {
    pub acr_value: AcrValue,
}
