//! Second factors: how a pool and a user set them.

use crate::enums::{UserVerification, WebAuthnFactorConfiguration};
use crate::pool::SmsConfiguration;
use crate::scalars::{EmailMfaMessage, EmailMfaSubject, RelyingPartyId, SmsVerificationMessage};
use crate::{Input, Output};

/// The `SmsMfaConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SmsMfaConfig {
    pub sms_authentication_message: Option<SmsVerificationMessage>,
    pub sms_configuration: Option<SmsConfiguration>,
}

/// The `SoftwareTokenMfaConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SoftwareTokenMfaConfig {
    pub enabled: Option<bool>,
}

/// The `EmailMfaConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct EmailMfaConfig {
    pub message: Option<EmailMfaMessage>,
    pub subject: Option<EmailMfaSubject>,
}

/// The `WebAuthnConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct WebAuthnConfiguration {
    pub relying_party_id: Option<RelyingPartyId>,
    pub user_verification: Option<UserVerification>,
    pub factor_configuration: Option<WebAuthnFactorConfiguration>,
}

/// The `SmsMfaSettings` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct SmsMfaSettings {
    pub enabled: Option<bool>,
    pub preferred_mfa: Option<bool>,
}

/// The `SoftwareTokenMfaSettings` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct SoftwareTokenMfaSettings {
    pub enabled: Option<bool>,
    pub preferred_mfa: Option<bool>,
}

/// The `EmailMfaSettings` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct EmailMfaSettings {
    pub enabled: Option<bool>,
    pub preferred_mfa: Option<bool>,
}

/// The `WebAuthnMfaSettings` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct WebAuthnMfaSettings {
    pub enabled: Option<bool>,
}
