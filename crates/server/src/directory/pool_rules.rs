//! What a pool's settings may be: which exclude or need one another, what stands for an absent one, what an update keeps.

use std::collections::BTreeMap;

use cognate_shapes::enums::{
    AdvancedSecurityMode, AuthFactor, DefaultEmailOption, DeletionProtection, Issuer, KeyType, OAuthFlow,
    PreTokenGenerationLambdaVersion, RecoveryOptionName, Status, UserPoolMfa, UserPoolTier, VerifiedAttribute,
};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::pool::{
    AccountRecoverySetting, AcrLevelConfig, AdminCreateUserConfig, DcrConfiguration, DeviceConfiguration,
    IssuerConfiguration, KeyConfiguration, LambdaConfig, PasswordPolicy, PreTokenGenerationVersionConfig,
    RecoveryOption, Settings, SignInPolicy, UserAttributeUpdateSettings, UserPoolAddOns, UserPoolPolicy,
    VerificationMessageTemplate,
};
use cognate_shapes::scalars::{
    AcrConfiguration, AcrLevelKey, AcrValue, AllowedFirstAuthFactors, OAuthFlows, PasswordPolicyMinLength, Priority,
    RecoveryMechanisms, TagKey, TagValue, TemporaryPasswordValidityDays, UnusedAccountValidityDays,
};

use super::pool::{FurtherSettings, Pool};
use super::{delivery_rules, mfa_rules, tiers};

/// How long a temporary password is good unless a pool says otherwise.
const TEMPORARY_PASSWORD_DAYS: i64 = 7;

/// The settings of a new pool of that Region: what is given, checked, and the defaults of the rest.
pub fn created(given: Settings, region: &str, most_tags: u64) -> Result<Settings> {
    let settings = settled(given, region, most_tags, false)?;
    mfa_rules::check(&settings, &FurtherSettings::default())?;
    Ok(settings)
}

/// The settings in force. `other_mfa`: whether the pool has a second factor that needs no text messages.
fn settled(given: Settings, region: &str, most_tags: u64, other_mfa: bool) -> Result<Settings> {
    let tier = given.user_pool_tier.unwrap_or(if tiers::protects_from_threats(&given) {
        UserPoolTier::Plus
    } else {
        UserPoolTier::Essentials
    });
    tiers::admit(&given, tier)?;

    let alias_attributes = given.alias_attributes.filter(|all| !all.is_empty());
    let username_attributes = given.username_attributes.filter(|all| !all.is_empty());
    if alias_attributes.is_some() && username_attributes.is_some() {
        return Err(Error::alias_and_username_attributes());
    }
    let sms_configuration = given.sms_configuration.map(|sms| delivery_rules::sms(sms, region)).transpose()?;
    let can_text = sms_configuration.is_some();
    let invitations = given.admin_create_user_config.unwrap_or_default();
    let (policies, temporary_days) = policies(given.policies, invitations.unused_account_validity_days, can_text)?;
    let auto_verified_attributes = given.auto_verified_attributes.filter(|all| !all.is_empty());
    let auto_verified = auto_verified_attributes.as_deref().unwrap_or_default();
    if auto_verified.contains(&VerifiedAttribute::PhoneNumber) && !can_text {
        return Err(Error::sms_needed_for_auto_verification());
    }
    let mfa_configuration = given.mfa_configuration.unwrap_or(UserPoolMfa::Off);
    if mfa_configuration != UserPoolMfa::Off && !can_text && !other_mfa {
        return Err(Error::sms_needed_for_mfa());
    }
    let user_attribute_update_settings = attribute_updates(given.user_attribute_update_settings, auto_verified)?;
    let user_pool_tags = given.user_pool_tags.unwrap_or_default();
    tags(&user_pool_tags, most_tags, Code::UserPoolTagging)?;
    let legacy = VerificationMessageTemplate {
        sms_message: given.sms_verification_message,
        email_message: given.email_verification_message,
        email_subject: given.email_verification_subject,
        ..VerificationMessageTemplate::default()
    };
    let template = verification_messages(given.verification_message_template, legacy);

    Ok(Settings {
        policies: Some(policies),
        deletion_protection: given.deletion_protection.or(Some(DeletionProtection::Inactive)),
        lambda_config: Some(triggers(given.lambda_config.unwrap_or_default(), region)?),
        auto_verified_attributes,
        alias_attributes,
        username_attributes,
        sms_verification_message: template.sms_message.clone(),
        email_verification_message: template.email_message.clone(),
        email_verification_subject: template.email_subject.clone(),
        verification_message_template: Some(template),
        sms_authentication_message: given.sms_authentication_message,
        mfa_configuration: Some(mfa_configuration),
        user_attribute_update_settings: Some(user_attribute_update_settings),
        device_configuration: given.device_configuration.as_ref().and_then(devices),
        email_configuration: Some(delivery_rules::email(given.email_configuration.unwrap_or_default(), region)?),
        sms_configuration,
        user_pool_tags: Some(user_pool_tags),
        admin_create_user_config: Some(AdminCreateUserConfig {
            allow_admin_create_user_only: invitations.allow_admin_create_user_only.or(Some(false)),
            unused_account_validity_days: Some(UnusedAccountValidityDays(temporary_days)),
            invite_message_template: invitations.invite_message_template,
        }),
        user_pool_add_ons: given.user_pool_add_ons.map(add_ons),
        dcr_configuration: given.dcr_configuration.map(registration),
        username_configuration: given.username_configuration,
        account_recovery_setting: Some(recovery(given.account_recovery_setting)?),
        user_pool_tier: Some(tier),
        key_configuration: given.key_configuration.map(|key| encryption_key(key, region)).transpose()?,
        issuer_configuration: given
            .issuer_configuration
            .map(|issuer| IssuerConfiguration { r#type: issuer.r#type.or(Some(Issuer::Original)) }),
        acr_configuration: given.acr_configuration.map(|acr| levels(&acr)).transpose()?,
    })
}

/// The settings after an update, which replaces all of them but those that cannot change (the names users sign in with)
/// and those that stay until they are given (tier, SMS configuration, dynamic client registration).
pub fn updated(given: Settings, pool: &Pool, most_tags: u64) -> Result<Settings> {
    let before = &pool.settings;
    let kept_tier = before.user_pool_tier.filter(|_| !tiers::protects_from_threats(&given));
    let given = Settings {
        alias_attributes: before.alias_attributes.clone(),
        username_attributes: before.username_attributes.clone(),
        username_configuration: before.username_configuration.clone(),
        user_pool_tier: given.user_pool_tier.or(kept_tier),
        dcr_configuration: given.dcr_configuration.or_else(|| before.dcr_configuration.clone()),
        ..given
    };
    // The SMS configuration is kept last: what needs it wants it sent again.
    let settled = settled(given, &pool.region, most_tags, mfa_rules::has_other(&pool.further))?;
    mfa_rules::check(&settled, &pool.further)?;
    Ok(Settings {
        sms_configuration: settled.sms_configuration.or_else(|| before.sms_configuration.clone()),
        ..settled
    })
}

/// The tags a pool may have; `code` is what the operation lists for bad ones.
pub fn tags(tags: &BTreeMap<TagKey, TagValue>, most: u64, code: Code) -> Result<()> {
    if tags.len() as u64 > most {
        return Err(Error::too_many_tags(code, most));
    }
    match tags.keys().find(|key| key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))) {
        Some(key) => Err(Error::reserved_tag(code, key)),
        None => Ok(()),
    }
}

/// The policies in force, and the days a temporary password is good, which have an older name elsewhere.
fn policies(
    given: Option<UserPoolPolicy>,
    older_days: Option<UnusedAccountValidityDays>,
    can_text: bool,
) -> Result<(UserPoolPolicy, i64)> {
    let given = given.unwrap_or_default();
    let days = given.password_policy.as_ref().and_then(|policy| policy.temporary_password_validity_days);
    let days = days.map(|days| days.0).filter(|days| *days > 0);
    // Some SDKs cannot leave the older member out, and send 0.
    let older_days = older_days.map(|days| days.0).filter(|days| *days > 0);
    if days.is_some() && older_days.is_some() {
        return Err(Error::unused_account_validity_days());
    }
    let days = days.or(older_days).unwrap_or(TEMPORARY_PASSWORD_DAYS);
    let (minimum, all_classes) = match &given.password_policy {
        None => (8, true),
        Some(_) => (6, false),
    };
    let password = given.password_policy.unwrap_or_default();
    let password_policy = PasswordPolicy {
        minimum_length: password.minimum_length.or(Some(PasswordPolicyMinLength(minimum))),
        require_uppercase: password.require_uppercase.or(Some(all_classes)),
        require_lowercase: password.require_lowercase.or(Some(all_classes)),
        require_numbers: password.require_numbers.or(Some(all_classes)),
        require_symbols: password.require_symbols.or(Some(all_classes)),
        password_history_size: password.password_history_size,
        temporary_password_validity_days: Some(TemporaryPasswordValidityDays(days)),
    };
    let factors = given.sign_in_policy.and_then(|policy| policy.allowed_first_auth_factors);
    let factors = factors.unwrap_or_else(|| AllowedFirstAuthFactors(vec![AuthFactor::Password]));
    if factors.contains(&AuthFactor::SoftwareToken) {
        return Err(Error::software_token_as_first_factor());
    }
    if !factors.contains(&AuthFactor::Password) {
        return Err(Error::password_not_a_first_factor());
    }
    if factors.contains(&AuthFactor::SmsOtp) && !can_text {
        return Err(Error::sms_needed_for_first_factor());
    }
    let sign_in_policy = SignInPolicy { allowed_first_auth_factors: Some(factors) };
    Ok((UserPoolPolicy { password_policy: Some(password_policy), sign_in_policy: Some(sign_in_policy) }, days))
}

/// Both spellings of the PreTokenGeneration trigger are shown; custom senders need a key of the pool's Region.
fn triggers(given: LambdaConfig, region: &str) -> Result<LambdaConfig> {
    let mut config = given;
    match (&config.pre_token_generation, &config.pre_token_generation_config) {
        (Some(arn), Some(versioned)) if *arn != versioned.lambda_arn => {
            return Err(Error::pre_token_generation_arns_differ());
        }
        (Some(arn), None) => {
            config.pre_token_generation_config = Some(PreTokenGenerationVersionConfig {
                lambda_version: PreTokenGenerationLambdaVersion::V10,
                lambda_arn: arn.clone(),
            });
        }
        (None, Some(versioned)) => config.pre_token_generation = Some(versioned.lambda_arn.clone()),
        (Some(_), Some(_)) | (None, None) => {}
    }
    match &config.kms_key_id {
        None if config.custom_sms_sender.is_some() || config.custom_email_sender.is_some() => {
            Err(Error::custom_sender_without_key())
        }
        Some(key) => key_of_region(key, region).map(|()| config),
        None => Ok(config),
    }
}

fn key_of_region(arn: &str, region: &str) -> Result<()> {
    match delivery_rules::arn_region(arn) {
        Some(other) if other != region => Err(Error::key_of_another_region(other)),
        _ => Ok(()),
    }
}

/// The template and the three older members that mirror it; where both are given the template counts.
fn verification_messages(
    given: Option<VerificationMessageTemplate>,
    legacy: VerificationMessageTemplate,
) -> VerificationMessageTemplate {
    let given = given.unwrap_or_default();
    VerificationMessageTemplate {
        sms_message: given.sms_message.or(legacy.sms_message),
        email_message: given.email_message.or(legacy.email_message),
        email_subject: given.email_subject.or(legacy.email_subject),
        email_message_by_link: given.email_message_by_link,
        email_subject_by_link: given.email_subject_by_link,
        default_email_option: given.default_email_option.or(Some(DefaultEmailOption::ConfirmWithCode)),
    }
}

fn attribute_updates(
    given: Option<UserAttributeUpdateSettings>,
    auto_verified: &[VerifiedAttribute],
) -> Result<UserAttributeUpdateSettings> {
    let asked = given.and_then(|given| given.attributes_require_verification_before_update).unwrap_or_default();
    if asked.iter().all(|attribute| auto_verified.contains(attribute)) {
        Ok(UserAttributeUpdateSettings { attributes_require_verification_before_update: Some(asked) })
    } else {
        Err(Error::verification_before_update(&asked, auto_verified))
    }
}

/// Either member turns device tracking on; a structure without members does not.
fn devices(given: &DeviceConfiguration) -> Option<DeviceConfiguration> {
    if *given == DeviceConfiguration::default() {
        return None;
    }
    Some(DeviceConfiguration {
        challenge_required_on_new_device: given.challenge_required_on_new_device.or(Some(false)),
        device_only_remembered_on_user_prompt: given.device_only_remembered_on_user_prompt.or(Some(false)),
    })
}

fn add_ons(given: UserPoolAddOns) -> UserPoolAddOns {
    let watched = given.advanced_security_mode != AdvancedSecurityMode::Off;
    UserPoolAddOns {
        advanced_security_additional_flows: given
            .advanced_security_additional_flows
            .or_else(|| watched.then(Default::default)),
        ..given
    }
}

fn registration(given: DcrConfiguration) -> DcrConfiguration {
    let flows = |flows: &[OAuthFlow]| Some(OAuthFlows(flows.to_vec()));
    DcrConfiguration {
        enable_status: given.enable_status.or(Some(Status::Enabled)),
        open_dcr_enabled: given.open_dcr_enabled.or(Some(false)),
        authenticated_grant_types: given
            .authenticated_grant_types
            .or_else(|| flows(&[OAuthFlow::Code, OAuthFlow::ClientCredentials])),
        open_dcr_grant_types: given.open_dcr_grant_types.or_else(|| flows(&[OAuthFlow::Code])),
        allowed_scopes: given.allowed_scopes,
    }
}

/// Absent: e-mail, then phone. A structure without mechanisms is the older behaviour: phone, then e-mail.
fn recovery(given: Option<AccountRecoverySetting>) -> Result<AccountRecoverySetting> {
    let Some(given) = given else {
        let option = |priority, name| RecoveryOption { priority: Priority(priority), name };
        return Ok(AccountRecoverySetting {
            recovery_mechanisms: Some(RecoveryMechanisms(vec![
                option(1, RecoveryOptionName::VerifiedEmail),
                option(2, RecoveryOptionName::VerifiedPhoneNumber),
            ])),
        });
    };
    if let Some([one, other]) = given.recovery_mechanisms.as_deref() {
        if one.priority == other.priority || one.name == other.name {
            return Err(Error::duplicate_recovery_mechanisms());
        }
        if one.name == RecoveryOptionName::AdminOnly || other.name == RecoveryOptionName::AdminOnly {
            return Err(Error::admin_only_recovery_with_others());
        }
    }
    Ok(given)
}

fn encryption_key(given: KeyConfiguration, region: &str) -> Result<KeyConfiguration> {
    let implied = if given.kms_key_arn.is_some() { KeyType::CustomerManagedKey } else { KeyType::AwsOwnedKey };
    let kind = given.key_type.unwrap_or(implied);
    match (&given.kms_key_arn, kind) {
        (None, KeyType::CustomerManagedKey) => Err(Error::key_without_arn()),
        (Some(_), KeyType::AwsOwnedKey) => Err(Error::arn_of_an_aws_owned_key()),
        (Some(arn), KeyType::CustomerManagedKey) => {
            key_of_region(arn, region)?;
            Ok(KeyConfiguration { key_type: Some(kind), ..given })
        }
        (None, KeyType::AwsOwnedKey) => Ok(KeyConfiguration { key_type: Some(kind), ..given }),
    }
}

/// The names of all four levels, the default ones filled in; no name is used twice.
fn levels(given: &AcrConfiguration) -> Result<AcrConfiguration> {
    let mut effective = BTreeMap::new();
    for level in 1..=4 {
        let key = AcrLevelKey::trusted(format!("Level{level}"));
        let named = given.get(&key).map(|level| level.acr_value.clone());
        let acr_value = named.unwrap_or_else(|| AcrValue::trusted(format!("urn:cognito:loa:{level}")));
        if effective.values().any(|other: &AcrLevelConfig| other.acr_value == acr_value) {
            return Err(Error::duplicate_acr_values());
        }
        effective.insert(key, AcrLevelConfig { acr_value });
    }
    Ok(AcrConfiguration(effective))
}
