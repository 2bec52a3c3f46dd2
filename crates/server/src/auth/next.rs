//! What follows a proof: the user's state, a further challenge, or tokens. Every flow and challenge ends here, so that
//! there is one place which decides that a sign-in is complete.

use std::sync::Arc;

use cognate_shapes::enums::{AuthFlow, EventResponse, UserStatus};
use cognate_shapes::error::{Error, Result};
use cognate_store::Tx;

use super::challenges::new_password_required;
use super::progress::{Changes, Progress};
use super::{Attempt, Step, custom, devices, second_factor, step_up};
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::threat;
use crate::tokens::issue::{self, SignedIn};
use crate::triggers::post_authentication;
use crate::triggers::pre_token_generation::Source;

/// Goes on with a user who has just proved what `progress` says last. `changes` is what that proof uses up or brings
/// about; it is written with the tokens, or before the next challenge is asked.
pub async fn next(attempt: &Attempt<'_>, user: User, progress: Progress, changes: Changes) -> Result<Step> {
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    if progress.flow == AuthFlow::CustomAuth && progress.custom.as_ref().is_none_or(|custom| !custom.done) {
        return custom::proved(attempt, user, progress, changes).await;
    }
    match user.status {
        UserStatus::Confirmed => {}
        UserStatus::Unconfirmed => return Err(Error::user_not_confirmed()),
        UserStatus::ResetRequired => return Err(Error::password_reset_required()),
        // The functions of a custom sign-in ask for what they want; who proved no password owes no other.
        UserStatus::ForceChangePassword if progress.flow == AuthFlow::CustomAuth && !progress.has(Factor::Password) => {
        }
        UserStatus::ForceChangePassword => {
            let now = attempt.cx.clock.now_ms();
            if user.profile.temporary_password_expires_ms.is_some_and(|expires| now >= expires) {
                return Err(Error::temporary_password_expired());
            }
        }
        // A password of another provider's user, or of a state the service no longer uses, signs nobody in.
        UserStatus::ExternalProvider | UserStatus::Archived | UserStatus::Compromised | UserStatus::Unknown => {
            return Err(Error::incorrect_username_or_password());
        }
    }
    let mut progress = devices::recognize(attempt, &user, progress).await?;
    threat::assess(attempt, &user, &mut progress).await?;
    if user.status == UserStatus::ForceChangePassword && progress.has(Factor::Password) {
        going_on(attempt, &user, &progress, changes).await?;
        return new_password_required::ask(attempt, &user, progress);
    }
    if let Some(missing) = step_up::missing(attempt, &user, &progress).await? {
        going_on(attempt, &user, &progress, changes).await?;
        return missing.ask(attempt, &user, progress).await;
    }
    if let Some(question) = second_factor::needed(attempt, &user, &progress)? {
        going_on(attempt, &user, &progress, changes).await?;
        return question.ask(attempt, &user, progress).await;
    }
    finish(attempt, &user, progress, changes).await
}

/// Writes what the step changes before the next challenge is asked.
async fn going_on(attempt: &Attempt<'_>, user: &User, progress: &Progress, changes: Changes) -> Result<()> {
    threat::with_event(changes, attempt, user, progress, EventResponse::InProgress).commit(attempt.cx).await
}

/// Issues the tokens of a sign-in that owes nothing more.
async fn finish(attempt: &Attempt<'_>, user: &User, progress: Progress, changes: Changes) -> Result<Step> {
    let changes = threat::with_event(changes, attempt, user, &progress, EventResponse::Pass);
    post_authentication::run(attempt.occasion(), user, progress.renewed_password, devices::is_new(attempt, &progress))
        .await?;
    let source = match progress.proved.last() {
        _ if progress.renewed_password => Source::NewPasswordChallenge,
        Some(Factor::Device) => Source::AuthenticateDevice,
        _ => Source::Authentication,
    };
    let changes = devices::noted(attempt, &progress, changes);
    let signed_in = SignedIn {
        device: devices::of_tokens(attempt, &progress),
        event_id: progress.event_id,
        acr: step_up::acr(&attempt.pool, &progress.proved),
        amr: step_up::amr(&attempt.pool, &progress.proved),
        source,
    };
    let client = Arc::clone(&attempt.client);
    let also = move |tx: &mut Tx<'_>| changes.apply(tx);
    issue::sign_in(attempt.cx, &attempt.pool, &client, user, signed_in, &attempt.visit, also).await.map(Step::Done)
}
