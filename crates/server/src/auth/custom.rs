//! The steps of a sign-in by CUSTOM_AUTH: DefineAuthChallenge says after every answer what is asked next, or how it ends.
//!
//! The server keeps no count of rounds: functions see all of them and decide when it is enough. What keeps guesses from
//! being free is that an answer uses its `Session` up, right or wrong.

use std::pin::Pin;

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::challenges::{admin_no_srp_auth, custom_challenge, software_token_mfa};
use super::progress::{Changes, Progress};
use super::proofs::{self, one_time_code};
use super::{Attempt, Door, Step, next};
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::triggers::define_auth_challenge::{self, Answer, Round};
use crate::triggers::event::unrecognizable;

/// Characters of the longest `Session` that callers can send back (the model's SessionType).
const LONGEST_SESSION: usize = 4096;

/// The pool lacks a function that a custom sign-in needs.
pub fn not_configured() -> Error {
    Error::invalid("Custom auth lambda trigger is not configured for the user pool.")
}

/// Goes on with what was proved by a challenge that is not the functions' own.
pub async fn proved(attempt: &Attempt<'_>, user: User, mut progress: Progress, changes: Changes) -> Result<Step> {
    let custom = progress.custom.get_or_insert_default();
    if let Some(asked) = custom.asked.take() {
        custom.rounds.push(Round { challenge: asked.as_str().to_owned(), result: true, metadata: None });
    }
    go_on(attempt, Some(user), progress, changes).await
}

/// Lets the functions decide what follows. Nobody's name goes the same way as a user's, and never gets tokens.
pub fn go_on<'a>(
    attempt: &'a Attempt<'_>,
    user: Option<User>,
    mut progress: Progress,
    changes: Changes,
) -> Pin<Box<dyn Future<Output = Result<Step>> + Send + 'a>> {
    Box::pin(async move {
        let mut custom = progress.custom.take().unwrap_or_default();
        let candidate = attempt.candidate(&progress.username, user.as_ref());
        let answer = define_auth_challenge::run(attempt.occasion(), candidate, &custom.rounds).await?;
        match answer.ok_or_else(not_configured)? {
            Answer::Fail => Err(Error::incorrect_username_or_password()),
            Answer::IssueTokens => {
                let user = user.ok_or_else(Error::incorrect_username_or_password)?;
                custom.done = true;
                progress.custom = Some(custom);
                // What the functions are content with is a proof of its own.
                let progress = if progress.has(Factor::Custom) { progress } else { progress.with(Factor::Custom) };
                next::next(attempt, user, progress, changes).await
            }
            Answer::Ask(challenge) => {
                custom.asked = Some(challenge);
                progress.custom = Some(custom);
                changes.commit(attempt.cx).await?;
                let step = ask(attempt, user.as_ref(), progress, challenge).await?;
                match &step {
                    Step::Challenge { session, .. } if session.as_str().len() > LONGEST_SESSION => {
                        tracing::warn!(pool = attempt.pool.id, "a custom challenge has too much to remember");
                        Err(unrecognizable())
                    }
                    _ => Ok(step),
                }
            }
        }
    })
}

/// Asks what the function named.
async fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress, challenge: ChallengeName) -> Result<Step> {
    match challenge {
        ChallengeName::CustomChallenge => custom_challenge::ask(attempt, user, progress).await,
        ChallengeName::PasswordVerifier => {
            let a = progress.custom.as_ref().and_then(|custom| custom.srp_a.clone());
            let a = a.ok_or_else(|| Error::missing_parameter("SRP_A"))?;
            proofs::srp::ask(attempt, user, progress, &a).await
        }
        ChallengeName::AdminNoSrpAuth if attempt.door == Door::Admin => admin_no_srp_auth::ask(attempt, user, progress),
        ChallengeName::SmsMfa | ChallengeName::EmailOtp => match user {
            Some(user) => one_time_code::ask(attempt, user, progress, challenge).await,
            None => one_time_code::ask_unknown(attempt, progress, challenge).await,
        },
        ChallengeName::SoftwareTokenMfa => match user {
            Some(user) if user.profile.mfa.authenticator.is_some() => software_token_mfa::ask(attempt, user, progress),
            _ => Err(Error::incorrect_username_or_password()),
        },
        _ => Err(unrecognizable()),
    }
}
