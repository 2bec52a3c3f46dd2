//! What a pool asks for after the first factor, and of whom.

use cognate_shapes::enums::UserPoolMfa;
use cognate_shapes::error::{Code, Error, Result};

use super::progress::Progress;
use super::{Attempt, Step};
use crate::accounts::user::User;

/// A further challenge that stands between a user and the tokens.
#[derive(Debug)]
pub enum Question {}

impl Question {
    /// Asks it.
    #[expect(clippy::unused_async, reason = "codes are sent before they are asked for")]
    pub async fn ask(self, _: &Attempt<'_>, _: &User, _: Progress) -> Result<Step> {
        match self {}
    }
}

/// The further challenge a sign-in needs, if any. Where that is more than this build can check, nobody signs in.
#[expect(clippy::unused_async, reason = "devices are looked up before MFA is asked for")]
pub async fn needed(attempt: &Attempt<'_>, _: &User, _: &Progress) -> Result<Option<Question>> {
    if attempt.optional("DEVICE_KEY").is_some() {
        return Err(Error::device_not_found());
    }
    if attempt.pool.settings.mfa_configuration == Some(UserPoolMfa::On) {
        let message = "The user pool requires MFA, which is not built into this version of Cognate yet.";
        return Err(Error::new(Code::InvalidUserPoolConfiguration, message));
    }
    Ok(None)
}
