//! What threat protection says.

use super::{Code, Error};

impl Error {
    /// A request from an address that the pool or client blocks.
    pub fn request_not_allowed() -> Self {
        Self::not_authorized("Request not allowed due to security reasons.")
    }

    /// A new password that is known from a breach.
    pub fn compromised_password() -> Self {
        Self::new(Code::InvalidPassword, "Provided password cannot be used for security reasons.")
    }

    pub fn add_ons_not_enabled() -> Self {
        Self::new(Code::UserPoolAddOnNotEnabled, "User pool add-ons are not enabled.")
    }

    pub fn incorrect_cidr() -> Self {
        Self::invalid("Incorrect CIDR format")
    }

    pub fn event_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Event does not exist.")
    }

    pub fn invalid_feedback_token() -> Self {
        Self::not_authorized("Invalid feedback token.")
    }
}
