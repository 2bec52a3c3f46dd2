//! What follows the proof of a password: the user's state, a further challenge, or tokens.

use cognate_shapes::enums::{UserPoolMfa, UserStatus};
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::Tx;
use cognate_store::failures::Failures;

use super::challenges::new_password_required;
use super::session::Spending;
use super::{Attempt, Step};
use crate::accounts::lockout;
use crate::accounts::user::User;
use crate::tokens::issue;

/// Refuses the attempt while the user is locked.
pub async fn check_lock(attempt: &Attempt<'_>, subject: &[u8]) -> Result<Option<Failures>> {
    let (pool, subject, now) = (attempt.pool.clone(), subject.to_vec(), attempt.cx.clock.now_ms());
    attempt.cx.store.read(move |tx| lockout::check(tx, &pool, &subject, now)).await
}

/// Goes on with a user who has just proved the password. `met` is the challenge that took the proof.
pub async fn given(attempt: &Attempt<'_>, user: User, typed: &str, met: Option<Spending>) -> Result<Step> {
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    match user.status {
        UserStatus::Confirmed => {}
        UserStatus::Unconfirmed => return Err(Error::user_not_confirmed()),
        UserStatus::ResetRequired => return Err(Error::password_reset_required()),
        UserStatus::ForceChangePassword => {
            let now = attempt.cx.clock.now_ms();
            if user.profile.temporary_password_expires_ms.is_some_and(|expires| now >= expires) {
                return Err(Error::temporary_password_expired());
            }
            if let Some(met) = met {
                attempt.cx.store.write(move |tx| met.spend(tx)).await?;
            }
            return new_password_required::ask(attempt, &user, typed);
        }
        // A password of another provider's user, or of a state the service no longer uses, signs nobody in.
        UserStatus::ExternalProvider | UserStatus::Archived | UserStatus::Compromised | UserStatus::Unknown => {
            return Err(Error::incorrect_username_or_password());
        }
    }
    check_further_factors(attempt)?;
    let spend = move |tx: &mut Tx<'_>| met.iter().try_for_each(|met| met.spend(tx));
    issue::sign_in(attempt.cx, &attempt.pool, &attempt.client, &user, spend).await.map(Step::Done)
}

/// What the pool asks for beside the password. Where that is more than this build can check, nobody signs in.
pub fn check_further_factors(attempt: &Attempt<'_>) -> Result<()> {
    if attempt.optional("DEVICE_KEY").is_some() {
        return Err(Error::device_not_found());
    }
    if attempt.pool.settings.mfa_configuration == Some(UserPoolMfa::On) {
        let message = "The user pool requires MFA, which is not built into this version of Cognate yet.";
        return Err(Error::new(Code::InvalidUserPoolConfiguration, message));
    }
    Ok(())
}
