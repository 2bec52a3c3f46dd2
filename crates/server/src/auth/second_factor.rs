//! What a pool asks for after the first factor, and of whom.

use cognate_shapes::error::{Error, Result};

use super::challenges::{device_srp_auth, mfa_setup, select_mfa_type, software_token_mfa};
use super::progress::Progress;
use super::proofs::one_time_code;
use super::{Attempt, Step, devices};
use crate::accounts::factors::Factor;
use crate::accounts::mfa::{Method, passkeys_count};
use crate::accounts::mfa_choice::{self, Choice};
use crate::accounts::user::User;
use crate::directory::Pool;

/// A further challenge that stands between a user and the tokens.
#[derive(Debug)]
pub enum Question {
    /// That method's own.
    Prove(Method),
    /// SELECT_MFA_TYPE among these.
    Select(Vec<Method>),
    /// MFA_SETUP of one of these.
    SetUp(Vec<Method>),
    /// The proof of a remembered device, in place of the others.
    Device,
}

impl Question {
    /// Asks it.
    pub async fn ask(self, attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
        match self {
            Self::Prove(method) => ask_method(attempt, user, progress, method).await,
            Self::Select(methods) => select_mfa_type::ask(attempt, user, progress, &methods),
            Self::SetUp(methods) => mfa_setup::ask(attempt, user, progress, methods),
            Self::Device => device_srp_auth::ask(attempt, user, progress).await,
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
    match progress.proved.as_slice() {
        // A code that stands for a password is never followed by MFA. It is not offered where MFA is asked for; if that
        // has changed since, the sign-in begins anew.
        [Factor::Sms | Factor::Email] if choice != Choice::Nothing => return Err(Error::invalid_session()),
        [Factor::Passkey { verified: false, .. }] if user.profile.mfa.verifies_passkeys() => {
            return Err(Error::incorrect_username_or_password());
        }
        proved if are_two(&attempt.pool, proved) => return Ok(None),
        _ => {}
    }
    if progress.at_risk {
        // A remembered device may be as stolen as the password. Nothing is set up by whoever this is.
        return match mfa_choice::at_risk(&attempt.pool, user) {
            Choice::Ask(method) => Ok(Some(Question::Prove(method))),
            Choice::Select(methods) => Ok(Some(Question::Select(methods))),
            Choice::Nothing | Choice::SetUp(_) | Choice::Impossible => Err(Error::sign_in_blocked()),
        };
    }
    if devices::stand_in(attempt, progress) {
        return Ok(Some(Question::Device));
    }
    match choice {
        _ if devices::stands_in(attempt, progress) => Ok(None),
        Choice::Nothing => Ok(None),
        Choice::Ask(method) => Ok(Some(Question::Prove(method))),
        Choice::Select(methods) => Ok(Some(Question::Select(methods))),
        // Who demands a level wants what the user has.
        Choice::SetUp(_) if progress.target.is_some() => Err(Error::level_out_of_reach()),
        Choice::SetUp(methods) => Ok(Some(Question::SetUp(methods))),
        Choice::Impossible => Err(Error::no_usable_mfa_method()),
    }
}

/// Whether a user whom risk asks for a second factor can prove one. `proved` is what came first: a code that stands for a
/// password is not followed by another.
pub fn is_possible(pool: &Pool, user: &User, proved: &[Factor]) -> bool {
    match proved {
        [Factor::Sms | Factor::Email] => false,
        proved => are_two(pool, proved) || !mfa_choice::at_risk(pool, user).methods().is_empty(),
    }
}

/// Whether these proofs are two factors, or count as such.
fn are_two(pool: &Pool, proved: &[Factor]) -> bool {
    proved.iter().any(|factor| match factor {
        Factor::Totp | Factor::Sms | Factor::Email => true,
        Factor::Passkey { verified, .. } => *verified && passkeys_count(pool),
        Factor::Password | Factor::Custom | Factor::Device => false,
    })
}
