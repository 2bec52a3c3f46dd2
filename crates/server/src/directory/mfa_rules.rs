//! Which second factors a pool may ask for, beside which of its other settings.

use cognate_shapes::enums::{
    AuthFactor, EmailSendingAccount, RecoveryOptionName, UserPoolMfa, UserPoolTier, WebAuthnFactorConfiguration,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::mfa::{EmailMfaConfig, SmsMfaConfig, SoftwareTokenMfaConfig, WebAuthnConfiguration};
use cognate_shapes::pool::Settings;

use super::delivery_rules;
use super::pool::{FurtherSettings, Pool};

/// What `SetUserPoolMfaConfig` is given.
#[derive(Debug, Default)]
pub struct Given {
    pub mfa: Option<UserPoolMfa>,
    pub sms: Option<SmsMfaConfig>,
    pub software_token: Option<SoftwareTokenMfaConfig>,
    pub email: Option<EmailMfaConfig>,
    pub web_authn: Option<WebAuthnConfiguration>,
}

/// Sets the factors of a pool. Software tokens and e-mail are off unless they are given; the settings of text messages and
/// passkeys, which serve other ends as well, stay.
pub fn configure(pool: &mut Pool, given: Given) -> Result<()> {
    if let Some(sms) = given.sms {
        match sms.sms_configuration {
            Some(configuration) => {
                pool.settings.sms_configuration = Some(delivery_rules::sms(configuration, &pool.region)?);
            }
            None if pool.settings.sms_configuration.is_none() => return Err(Error::sms_configuration_missing()),
            None => {}
        }
        pool.settings.sms_authentication_message = sms.sms_authentication_message;
    }
    pool.further.software_token_mfa_configuration = given.software_token;
    pool.further.email_mfa_configuration = given.email;
    if let Some(web_authn) = given.web_authn {
        if web_authn.relying_party_id.as_ref().is_some_and(|id| !may_be_relying_party(id.as_str())) {
            return Err(Error::invalid_relying_party_id());
        }
        pool.further.web_authn_configuration = Some(web_authn);
    }
    pool.settings.mfa_configuration = given.mfa.or(pool.settings.mfa_configuration);
    if is_on(&pool.settings) && pool.settings.sms_configuration.is_none() && !has_other(&pool.further) {
        return Err(Error::mfa_without_factor());
    }
    check(&pool.settings, &pool.further)
}

/// Whether passkeys may be made for that name: a domain's, in lower case, that strangers do not share as they do a public
/// suffix (Web Authentication §4, RP ID). A lone label that is none, like `localhost`, is a name of one's own network.
fn may_be_relying_party(id: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_address = id.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_public =
        psl::suffix(id.as_bytes()).is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == id.as_bytes());
    id.split('.').all(is_label) && !is_address && !is_public
}

/// Whether there is a factor that needs no text messages.
pub fn has_other(further: &FurtherSettings) -> bool {
    let tokens = further.software_token_mfa_configuration.as_ref().and_then(|tokens| tokens.enabled);
    tokens == Some(true) || further.email_mfa_configuration.is_some()
}

fn is_on(settings: &Settings) -> bool {
    matches!(settings.mfa_configuration, Some(UserPoolMfa::On | UserPoolMfa::Optional))
}

/// Refuses settings that exclude one another.
pub fn check(settings: &Settings, further: &FurtherSettings) -> Result<()> {
    let passkeys = further.web_authn_configuration.as_ref().and_then(|passkeys| passkeys.factor_configuration);
    let counted = passkeys == Some(WebAuthnFactorConfiguration::MultiFactorWithUserVerification);
    let tier = settings.user_pool_tier.unwrap_or(UserPoolTier::Essentials);
    if tier == UserPoolTier::Lite {
        let used = [(further.email_mfa_configuration.is_some(), "Email MFA"), (counted, "Passkey MFA")];
        let features: Vec<&str> = used.into_iter().filter(|(used, _)| *used).map(|(_, name)| name).collect();
        if !features.is_empty() {
            return Err(Error::features_unavailable(tier, &features));
        }
    }
    if further.email_mfa_configuration.is_some() {
        let email = settings.email_configuration.as_ref();
        let sender = email.and_then(|email| email.email_sending_account);
        if sender != Some(EmailSendingAccount::Developer) {
            return Err(Error::email_mfa_by_default_sender());
        }
        let recovery = settings.account_recovery_setting.as_ref();
        let ways = recovery.and_then(|recovery| recovery.recovery_mechanisms.as_deref()).unwrap_or_default();
        if matches!(ways, [only] if only.name == RecoveryOptionName::VerifiedEmail) {
            return Err(Error::email_mfa_beside_email_recovery());
        }
    }
    if settings.mfa_configuration == Some(UserPoolMfa::On) {
        let policy = settings.policies.as_ref().and_then(|policies| policies.sign_in_policy.as_ref());
        let factors = policy.and_then(|policy| policy.allowed_first_auth_factors.as_deref()).unwrap_or_default();
        let excluded = factors.iter().find(|factor| match factor {
            AuthFactor::EmailOtp | AuthFactor::SmsOtp => true,
            AuthFactor::WebAuthn => !counted,
            AuthFactor::Password | AuthFactor::SoftwareToken => false,
        });
        if let Some(factor) = excluded {
            return Err(Error::required_mfa_beside_first_factor(factor.as_str()));
        }
    }
    Ok(())
}
