//! Second factors.

use super::{Code, Error};

impl Error {
    /// A wrong code of a text message or e-mail.
    pub fn wrong_one_time_code() -> Self {
        Self::new(Code::CodeMismatch, "Invalid code or auth state for the user.")
    }

    /// A wrong code of an authenticator app.
    pub fn wrong_software_token_code() -> Self {
        Self::new(Code::CodeMismatch, "Invalid code received for user")
    }

    pub fn software_token_code_reused() -> Self {
        Self::new(Code::ExpiredCode, "Your software token has already been used once.")
    }

    /// A factor was to be turned on that the user lacks what it takes for: `SMS_MFA`, `SOFTWARE_TOKEN_MFA`, `EMAIL_OTP`.
    pub fn no_delivery_for(factor: &str) -> Self {
        Self::invalid(format!("User does not have delivery config set to turn on {factor}"))
    }

    pub fn software_token_not_enabled() -> Self {
        Self::new(Code::SoftwareTokenMFANotFound, "Software Token MFA has not been enabled by the userPool")
    }

    /// A code was to end a registration that nobody began.
    pub fn no_software_token_associated() -> Self {
        Self::invalid("No software token was associated before.")
    }

    /// The first code of an authenticator app is wrong.
    pub fn wrong_first_code() -> Self {
        Self::new(Code::EnableSoftwareTokenMFA, "Code mismatch")
    }

    pub fn access_token_or_session() -> Self {
        Self::invalid("Exactly one of AccessToken and Session must be provided.")
    }

    pub fn two_preferred_methods() -> Self {
        Self::invalid("Only one MFA method can be preferred.")
    }

    pub fn preferred_method_is_off(method: &str) -> Self {
        Self::invalid(format!("{method} must be enabled to be the preferred MFA method."))
    }

    pub fn last_required_method() -> Self {
        Self::invalid("The last MFA method of a user cannot be turned off while the user pool requires MFA.")
    }

    pub fn passkey_mfa_not_configured() -> Self {
        Self::invalid("WebAuthn MFA is not configured for the user pool.")
    }

    pub fn passkey_mfa_alone() -> Self {
        Self::invalid("At least one other MFA method must be enabled for the user to turn on WebAuthn MFA.")
    }

    pub fn mfa_options_beside_sms() -> Self {
        Self::invalid("MFAOptions can only be DeliveryMedium SMS with AttributeName phone_number.")
    }

    /// A pool asks for MFA of a user who has none and cannot set one up.
    pub fn no_usable_mfa_method() -> Self {
        Self::invalid("The user pool requires MFA, and the user has no MFA method that can be used.")
    }

    pub fn sign_in_blocked() -> Self {
        Self::not_authorized("Unable to login because of security reasons.")
    }

    pub fn mfa_without_factor() -> Self {
        Self::invalid("At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided.")
    }

    /// The service names the wrong structure.
    pub fn sms_configuration_missing() -> Self {
        Self::invalid("[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration].")
    }

    pub fn email_mfa_by_default_sender() -> Self {
        Self::invalid(
            "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of \
             COGNITO_DEFAULT.",
        )
    }

    pub fn email_mfa_beside_email_recovery() -> Self {
        Self::invalid(
            "Cannot set EmailMfaConfiguration when AccountRecoverySetting has no other way than verified_email.",
        )
    }

    pub fn required_mfa_beside_first_factor(factor: &str) -> Self {
        Self::invalid(format!("MfaConfiguration cannot be ON when AllowedFirstAuthFactors contains {factor}."))
    }

    /// An answer to SELECT_MFA_TYPE that was not offered.
    pub fn not_a_choice() -> Self {
        Self::invalid("ANSWER is not one of MFAS_CAN_CHOOSE.")
    }

    /// MFA_SETUP was answered before `VerifySoftwareToken`.
    pub fn software_token_not_verified() -> Self {
        Self::new(Code::SoftwareTokenMFANotFound, "Software token has not been verified for the user.")
    }
}
