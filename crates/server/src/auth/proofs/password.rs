//! The password itself, in the request.

use cognate_shapes::enums::{AuthFlow, UserStatus};
use cognate_shapes::error::{Error, Result};

use crate::accounts::factors::Factor;
use crate::accounts::lockout::{self, Trial};
use crate::accounts::password;
use crate::accounts::user::User;
use crate::auth::progress::{Changes, Progress};
use crate::auth::{Attempt, Step, next};
use crate::threat::compromised;

/// Begins a sign-in with USERNAME and PASSWORD. A name that nobody has costs the same work and, where the client may not
/// learn who exists, gets the same answer.
pub async fn begin(attempt: &Attempt<'_>, flow: AuthFlow) -> Result<Step> {
    let username = attempt.required("USERNAME")?;
    let given = attempt.required("PASSWORD")?;
    attempt.check_secret_hash(&[username])?;
    let (user, refusal) = attempt.user_with_password(username, given).await?;
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let user = prove(attempt, user, username, given).await?;
    let progress = Progress::of(attempt, flow, &user, username).with(Factor::Password);
    next::next(attempt, user, progress, Changes::none()).await
}

/// Judges a password given for the name `typed`, which is `user`'s or nobody's.
pub async fn prove(attempt: &Attempt<'_>, user: Option<User>, typed: &str, given: &str) -> Result<User> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    if let Some(user) = &user
        && user.status == UserStatus::ResetRequired
        && user.credential.is_none()
        && !attempt.client.hides_user_existence()
    {
        // There is no password to prove before one may be told so.
        return Err(Error::password_reset_required());
    }
    let trial = Trial::begin(cx, pool, lockout::subject(cx, pool, user.as_ref(), typed)).await?;
    let right = match &user {
        Some(user) => password::matches(cx, pool, user, given).await?,
        None => password::burn(cx, pool, typed, given).await.map(|()| false)?,
    };
    let (Some(user), true) = (user, right) else {
        return Err(trial.failed(Error::incorrect_username_or_password).await);
    };
    trial.succeeded().await?;
    compromised::check_used(attempt, &user, given).await?;
    Ok(user)
}
