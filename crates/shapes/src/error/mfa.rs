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
}
