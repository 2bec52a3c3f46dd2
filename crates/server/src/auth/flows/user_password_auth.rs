//! USER_PASSWORD_AUTH: the password itself, in the request.

use cognate_shapes::enums::{AuthFlow, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::Flow;
use crate::accounts::{lockout, password};
use crate::auth::{Attempt, Door, Step, proof};

pub struct UserPasswordAuth;

impl Flow for UserPasswordAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::UserPasswordAuth];
    const DOORS: &'static [Door] = &[Door::Public];

    fn not_enabled(_: Door) -> &'static str {
        "USER_PASSWORD_AUTH flow not enabled for this client"
    }

    async fn begin(attempt: &Attempt<'_>) -> Result<Step> {
        by_password(attempt).await
    }
}

/// Checks USERNAME and PASSWORD. A name that nobody has costs the same work and, where the client may not learn who
/// exists, gets the same answer.
pub async fn by_password(attempt: &Attempt<'_>) -> Result<Step> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let username = attempt.required("USERNAME")?;
    let given = attempt.required("PASSWORD")?;
    attempt.check_secret_hash(&[username])?;
    let user = attempt.user(username).await?;
    if let Some(user) = &user
        && user.status == UserStatus::ResetRequired
        && user.credential.is_none()
        && !attempt.client.hides_user_existence()
    {
        // There is no password to prove before one may be told so.
        return Err(Error::password_reset_required());
    }

    let subject = lockout::subject(cx, pool, user.as_ref(), username);
    let turn = lockout::turn(cx, pool, &subject).await;
    let failures = proof::check_lock(attempt, &subject).await?;
    let right = match &user {
        Some(user) => password::matches(cx, pool, user, given).await?,
        None => password::burn(cx, pool, username, given).await.map(|()| false)?,
    };
    let (Some(user), true) = (user, right) else {
        return Err(lockout::failed(cx, pool, &subject).await);
    };
    lockout::succeeded(cx, pool, &subject, failures).await?;
    drop(turn);
    proof::given(attempt, user, username, None).await
}
