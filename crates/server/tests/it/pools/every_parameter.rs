//! Every parameter of CreateUserPool at once, through the official SDK.

use aws_sdk_cognitoidentityprovider::types::{
    AccountRecoverySettingType, AcrLevelConfigType, AdminCreateUserConfigType, AdvancedSecurityAdditionalFlowsType,
    AdvancedSecurityEnabledModeType, AdvancedSecurityModeType, AliasAttributeType, AttributeDataType, AuthFactorType,
    CustomEmailLambdaVersionConfigType, CustomEmailSenderLambdaVersionType, CustomSmsLambdaVersionConfigType,
    CustomSmsSenderLambdaVersionType, DefaultEmailOptionType, DeletionProtectionType, DeviceConfigurationType,
    EmailConfigurationType, EmailSendingAccountType, EncryptionKeyType, InboundFederationLambdaType,
    InboundFederationLambdaVersionType, IssuerConfigurationType, IssuerType, KeyConfigurationType, LambdaConfigType,
    MessageTemplateType, NumberAttributeConstraintsType, PasswordPolicyType, PreTokenGenerationLambdaVersionType,
    PreTokenGenerationVersionConfigType, RecoveryOptionNameType, RecoveryOptionType, SchemaAttributeType,
    SignInPolicyType, SmsConfigurationType, StringAttributeConstraintsType, UserAttributeUpdateSettingsType,
    UserPoolAddOnsType, UserPoolMfaType, UserPoolPolicyType, UserPoolTierType, UsernameConfigurationType,
    VerificationMessageTemplateType, VerifiedAttributeType,
};
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Map, Value, json};

fn function(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:123456789012:function:{name}")
}

const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const IDENTITY: &str = "arn:aws:ses:us-east-1:123456789012:identity/example.com";

#[tokio::test]
async fn all_28_parameters_are_described_back() {
    let server = TestServer::start().await;
    let triggers = LambdaConfigType::builder()
        .pre_sign_up(function("pre-sign-up"))
        .custom_message(function("custom-message"))
        .post_confirmation(function("post-confirmation"))
        .pre_authentication(function("pre-authentication"))
        .post_authentication(function("post-authentication"))
        .define_auth_challenge(function("define"))
        .create_auth_challenge(function("create"))
        .verify_auth_challenge_response(function("verify"))
        .user_migration(function("migration"))
        .pre_token_generation_config(
            PreTokenGenerationVersionConfigType::builder()
                .lambda_version(PreTokenGenerationLambdaVersionType::V30)
                .lambda_arn(function("token"))
                .build()
                .unwrap(),
        )
        .custom_sms_sender(
            CustomSmsLambdaVersionConfigType::builder()
                .lambda_version(CustomSmsSenderLambdaVersionType::V10)
                .lambda_arn(function("sms"))
                .build()
                .unwrap(),
        )
        .custom_email_sender(
            CustomEmailLambdaVersionConfigType::builder()
                .lambda_version(CustomEmailSenderLambdaVersionType::V10)
                .lambda_arn(function("email"))
                .build()
                .unwrap(),
        )
        .kms_key_id(KEY)
        .inbound_federation(
            InboundFederationLambdaType::builder()
                .lambda_version(InboundFederationLambdaVersionType::V10)
                .lambda_arn(function("federation"))
                .build()
                .unwrap(),
        )
        .build();
    let password = PasswordPolicyType::builder()
        .minimum_length(12)
        .require_uppercase(true)
        .require_lowercase(false)
        .require_numbers(true)
        .require_symbols(false)
        .password_history_size(5)
        .temporary_password_validity_days(3)
        .build();
    let made = server
        .sdk()
        .create_user_pool()
        .pool_name("Everything + 1")
        .policies(
            UserPoolPolicyType::builder()
                .password_policy(password)
                .sign_in_policy(
                    SignInPolicyType::builder()
                        .allowed_first_auth_factors(AuthFactorType::Password)
                        .allowed_first_auth_factors(AuthFactorType::EmailOtp)
                        .allowed_first_auth_factors(AuthFactorType::SmsOtp)
                        .allowed_first_auth_factors(AuthFactorType::WebAuthn)
                        .build(),
                )
                .build(),
        )
        .deletion_protection(DeletionProtectionType::Active)
        .lambda_config(triggers)
        .auto_verified_attributes(VerifiedAttributeType::Email)
        .auto_verified_attributes(VerifiedAttributeType::PhoneNumber)
        .alias_attributes(AliasAttributeType::Email)
        .alias_attributes(AliasAttributeType::PreferredUsername)
        // Only one of the two may name attributes; the other is given, empty.
        .set_username_attributes(Some(Vec::new()))
        .sms_verification_message("legacy sms {####}")
        .email_verification_message("legacy email {####}")
        .email_verification_subject("legacy subject")
        .verification_message_template(
            VerificationMessageTemplateType::builder()
                .sms_message("sms {####}")
                .email_message("email {####}")
                .email_subject("subject")
                .email_message_by_link("click {##here##}")
                .email_subject_by_link("link")
                .default_email_option(DefaultEmailOptionType::ConfirmWithLink)
                .build(),
        )
        .sms_authentication_message("mfa {####}")
        .mfa_configuration(UserPoolMfaType::Optional)
        .user_attribute_update_settings(
            UserAttributeUpdateSettingsType::builder()
                .attributes_require_verification_before_update(VerifiedAttributeType::Email)
                .build(),
        )
        .device_configuration(DeviceConfigurationType::builder().challenge_required_on_new_device(true).build())
        .email_configuration(
            EmailConfigurationType::builder()
                .source_arn(IDENTITY)
                .reply_to_email_address("reply@example.com")
                .email_sending_account(EmailSendingAccountType::Developer)
                .from("Example <login@example.com>")
                .configuration_set("set")
                .build(),
        )
        .sms_configuration(
            SmsConfigurationType::builder()
                .sns_caller_arn("arn:aws:iam::123456789012:role/sms")
                .external_id("external")
                .build(),
        )
        .user_pool_tags("team", "identity")
        .user_pool_tags("empty", "")
        .admin_create_user_config(
            AdminCreateUserConfigType::builder()
                .allow_admin_create_user_only(true)
                .invite_message_template(
                    MessageTemplateType::builder()
                        .sms_message("{username} {####}")
                        .email_message("invited {username} {####}")
                        .email_subject("invitation")
                        .build(),
                )
                .build(),
        )
        .schema(
            SchemaAttributeType::builder()
                .name("email")
                .attribute_data_type(AttributeDataType::String)
                .required(true)
                .mutable(false)
                .string_attribute_constraints(
                    StringAttributeConstraintsType::builder().min_length("3").max_length("254").build(),
                )
                .build(),
        )
        .schema(SchemaAttributeType::builder().name("nickname").mutable(true).build())
        .schema(
            SchemaAttributeType::builder()
                .name("level")
                .attribute_data_type(AttributeDataType::Number)
                .mutable(false)
                .number_attribute_constraints(
                    NumberAttributeConstraintsType::builder().min_value("1").max_value("9".repeat(200)).build(),
                )
                .build(),
        )
        .schema(
            SchemaAttributeType::builder()
                .name("note")
                .attribute_data_type(AttributeDataType::String)
                .developer_only_attribute(true)
                .build(),
        )
        .schema(SchemaAttributeType::builder().name("since").attribute_data_type(AttributeDataType::Datetime).build())
        .user_pool_add_ons(
            UserPoolAddOnsType::builder()
                .advanced_security_mode(AdvancedSecurityModeType::Enforced)
                .advanced_security_additional_flows(
                    AdvancedSecurityAdditionalFlowsType::builder()
                        .custom_auth_mode(AdvancedSecurityEnabledModeType::Audit)
                        .build(),
                )
                .build()
                .unwrap(),
        )
        .username_configuration(UsernameConfigurationType::builder().case_sensitive(false).build().unwrap())
        .account_recovery_setting(
            AccountRecoverySettingType::builder()
                .recovery_mechanisms(
                    RecoveryOptionType::builder()
                        .priority(1)
                        .name(RecoveryOptionNameType::VerifiedPhoneNumber)
                        .build()
                        .unwrap(),
                )
                .build(),
        )
        .user_pool_tier(UserPoolTierType::Plus)
        .key_configuration(
            KeyConfigurationType::builder().key_type(EncryptionKeyType::CustomerManagedKey).kms_key_arn(KEY).build(),
        )
        .issuer_configuration(IssuerConfigurationType::builder().r#type(IssuerType::Updated).build())
        .acr_configuration("Level3", AcrLevelConfigType::builder().acr_value("gold").build().unwrap())
        .customize()
        .mutate_request(|request| {
            // The one parameter that this SDK does not know yet.
            let body = request.body().bytes().expect("the body is in memory");
            let mut body: Value = serde_json::from_slice(body).expect("the body is JSON");
            assert_eq!(body.as_object().map(Map::len), Some(27));
            body["DcrConfiguration"] = json!({
                "EnableStatus": "Enabled", "OpenDcrEnabled": true, "AuthenticatedGrantTypes": ["code"],
                "OpenDcrGrantTypes": [], "AllowedScopes": ["aws.cognito.signin.user.admin"],
            });
            let body = body.to_string().into_bytes();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = body.into();
        })
        .send()
        .await
        .unwrap();
    let id = made.user_pool().unwrap().id().unwrap();

    let mut schema = super::standard_schema();
    schema[10] = json!({
        "Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": false,
        "Required": true, "StringAttributeConstraints": { "MinLength": "3", "MaxLength": "254" },
    });
    // Named without its type, a standard attribute loses its constraints.
    schema[5].as_object_mut().unwrap().remove("StringAttributeConstraints");
    schema.extend([
        json!({
            "Name": "custom:level", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false, "Mutable": false,
            "Required": false, "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": "9".repeat(200) },
        }),
        json!({
            "Name": "dev:custom:note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true, "Mutable": true,
            "Required": false, "StringAttributeConstraints": {},
        }),
        json!({
            "Name": "custom:since", "AttributeDataType": "DateTime", "DeveloperOnlyAttribute": false, "Mutable": true,
            "Required": false,
        }),
    ]);
    let versioned = |version: &str, name: &str| json!({ "LambdaVersion": version, "LambdaArn": function(name) });
    let wanted = json!({
        "Id": id,
        "Name": "Everything + 1",
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 12, "RequireUppercase": true, "RequireLowercase": false, "RequireNumbers": true,
                "RequireSymbols": false, "PasswordHistorySize": 5, "TemporaryPasswordValidityDays": 3,
            },
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"] },
        },
        "DeletionProtection": "ACTIVE",
        "LambdaConfig": {
            "PreSignUp": function("pre-sign-up"),
            "CustomMessage": function("custom-message"),
            "PostConfirmation": function("post-confirmation"),
            "PreAuthentication": function("pre-authentication"),
            "PostAuthentication": function("post-authentication"),
            "DefineAuthChallenge": function("define"),
            "CreateAuthChallenge": function("create"),
            "VerifyAuthChallengeResponse": function("verify"),
            "PreTokenGeneration": function("token"),
            "PreTokenGenerationConfig": versioned("V3_0", "token"),
            "UserMigration": function("migration"),
            "CustomSMSSender": versioned("V1_0", "sms"),
            "CustomEmailSender": versioned("V1_0", "email"),
            "KMSKeyID": KEY,
            "InboundFederation": versioned("V1_0", "federation"),
        },
        "LastModifiedDate": EPOCH_MS / 1000,
        "CreationDate": EPOCH_MS / 1000,
        "SchemaAttributes": schema,
        "AutoVerifiedAttributes": ["email", "phone_number"],
        "AliasAttributes": ["email", "preferred_username"],
        "SmsVerificationMessage": "sms {####}",
        "EmailVerificationMessage": "email {####}",
        "EmailVerificationSubject": "subject",
        "VerificationMessageTemplate": {
            "SmsMessage": "sms {####}", "EmailMessage": "email {####}", "EmailSubject": "subject",
            "EmailMessageByLink": "click {##here##}", "EmailSubjectByLink": "link",
            "DefaultEmailOption": "CONFIRM_WITH_LINK",
        },
        "SmsAuthenticationMessage": "mfa {####}",
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
        "MfaConfiguration": "OPTIONAL",
        "DeviceConfiguration": {
            "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false,
        },
        "EstimatedNumberOfUsers": 0,
        "EmailConfiguration": {
            "SourceArn": IDENTITY, "ReplyToEmailAddress": "reply@example.com", "EmailSendingAccount": "DEVELOPER",
            "From": "Example <login@example.com>", "ConfigurationSet": "set",
        },
        "SmsConfiguration": {
            "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "external", "SnsRegion": "us-east-1",
        },
        "UserPoolTags": { "team": "identity", "empty": "" },
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": true, "UnusedAccountValidityDays": 3,
            "InviteMessageTemplate": {
                "SMSMessage": "{username} {####}", "EmailMessage": "invited {username} {####}",
                "EmailSubject": "invitation",
            },
        },
        "UserPoolAddOns": {
            "AdvancedSecurityMode": "ENFORCED",
            "AdvancedSecurityAdditionalFlows": { "CustomAuthMode": "AUDIT" },
        },
        "DcrConfiguration": {
            "EnableStatus": "Enabled", "OpenDcrEnabled": true, "AuthenticatedGrantTypes": ["code"],
            "OpenDcrGrantTypes": [], "AllowedScopes": ["aws.cognito.signin.user.admin"],
        },
        "UsernameConfiguration": { "CaseSensitive": false },
        "Arn": format!("arn:aws:cognito-idp:us-east-1:{}:userpool/{id}", server.cx.config.aws.account),
        "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "verified_phone_number" }] },
        "UserPoolTier": "PLUS",
        "KeyConfiguration": { "KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": KEY },
        "IssuerConfiguration": { "Type": "UPDATED" },
        "AcrConfiguration": {
            "Level1": { "AcrValue": "urn:cognito:loa:1" }, "Level2": { "AcrValue": "urn:cognito:loa:2" },
            "Level3": { "AcrValue": "gold" }, "Level4": { "AcrValue": "urn:cognito:loa:4" },
        },
    });
    assert_eq!(super::described(&server, id).await, wanted);
    let read = server.sdk().describe_user_pool().user_pool_id(id).send().await.unwrap();
    assert_eq!(read.user_pool(), made.user_pool(), "Create answers what Describe does");
}
