//! What a pool asks for after the first factor, and of whom.

use cognate_shapes::error::{Error, Result};

use super::challenges::{mfa_setup, select_mfa_type, software_token_mfa};
use super::progress::{Demand, Progress};
use super::proofs::one_time_code;
use super::{Attempt, Step};
use crate::accounts::factors::Factor;
use crate::accounts::mfa::{Method, passkeys_count};
use crate::accounts::mfa_choice::{self, Choice};
use crate::accounts::user::User;

/// A further challenge that stands between a user and the tokens.
#[derive(Debug)]
pub enum Question {
    /// That method's own.
    Prove(Method),
    /// SELECT_MFA_TYPE among these.
    Select(Vec<Method>),
    /// MFA_SETUP of one of these.
    SetUp(Vec<Method>),
}

impl Question {
    /// Asks it.
    pub async fn ask(self, attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
        match self {
            Self::Prove(method) => ask_method(attempt, user, progress, method).await,
            Self::Select(methods) => select_mfa_type::ask(attempt, user, progress, &methods),
            Self::SetUp(methods) => mfa_setup::ask(attempt, user, progress, methods),
        }
    }
}

/// Asks for one method.
pub async fn ask_method(attempt: &Attempt<'_>, user: &User, progress: Progress, method: Method) -> Result<Step> {
    match method {
        Method::Totp => software_token_mfa::ask(attempt, user, progress),
        Method::Sms | Method::Email => one_time_code::ask(attempt, user, progress, method.challenge()).await,
    }
}

/// The further challenge a sign-in needs, if any.
pub fn needed(attempt: &Attempt<'_>, user: &User, progress: &Progress) -> Result<Option<Question>> {
    let choice = mfa_choice::of(&attempt.pool, user);
    if is_met(attempt, user, progress, &choice)? {
        return Ok(None);
    }
    let must = progress.mfa_demand == Some(Demand::Required);
    match choice {
        // Who has no second factor cannot be asked for one, and is not let to set one up by whoever this is.
        Choice::Nothing | Choice::SetUp(_) if must => Err(Error::sign_in_blocked()),
        Choice::Nothing => Ok(None),
        Choice::Ask(method) => Ok(Some(Question::Prove(method))),
        Choice::Select(methods) => Ok(Some(Question::Select(methods))),
        Choice::SetUp(methods) => Ok(Some(Question::SetUp(methods))),
        Choice::Impossible => Err(Error::no_usable_mfa_method()),
    }
}

/// Whether what was proved is two factors, or counts as such.
fn is_met(attempt: &Attempt<'_>, user: &User, progress: &Progress, choice: &Choice) -> Result<bool> {
    match progress.proved.as_slice() {
        // A code that stands for a password is never followed by MFA. It is not offered where MFA is asked for; if that
        // has changed since, the sign-in begins anew.
        [Factor::Sms | Factor::Email] if *choice != Choice::Nothing => Err(Error::invalid_session()),
        [Factor::Sms | Factor::Email] => Ok(progress.mfa_demand != Some(Demand::Required)),
        [Factor::Passkey { verified: false, .. }] if user.profile.mfa.verifies_passkeys() => {
            Err(Error::incorrect_username_or_password())
        }
        proved => Ok(proved.iter().any(|factor| match factor {
            Factor::Totp | Factor::Sms | Factor::Email | Factor::Device => true,
            Factor::Passkey { verified, .. } => *verified && passkeys_count(&attempt.pool),
            Factor::Password | Factor::Custom => false,
        })),
    }
}
