//! PASSWORD_VERIFIER: the proof of a password that is not sent.

use cognate_shapes::enums::{ChallengeName, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::{Challenge, device_srp_auth};
use crate::accounts::factors::Factor;
use crate::accounts::lockout::{self, Trial};
use crate::accounts::{password, unknown};
use crate::auth::proofs::srp::Answered;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};

pub struct PasswordVerifier;

impl Challenge for PasswordVerifier {
    const NAME: ChallengeName = ChallengeName::PasswordVerifier;
    type Asked = Option<Pending>;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let Answered { mut pending, username, proof } = Answered::read(attempt, asked.as_ref(), Self::NAME)?;
        pending.progress.sessionless = asked.is_none().then(|| device_srp_auth::trace(cx, &proof.a));

        // Who sent no session is told nothing of one.
        let replayed = if asked.is_some() { Error::session_spent } else { Error::incorrect_username_or_password };
        let user = pending.user_or(attempt, &username, replayed).await?;
        let verifier = match &user {
            Some(user) => password::verifier(cx, pool, user)?,
            None => None,
        };
        if let Some(user) = &user
            && user.status == UserStatus::ResetRequired
            && verifier.is_none()
            && !attempt.client.hides_user_existence()
        {
            return Err(Error::password_reset_required());
        }
        let verifier = verifier.unwrap_or_else(|| unknown::verifier(cx, pool, &pending.progress.username));

        let subject = lockout::subject(cx, pool, user.as_ref(), &pending.progress.typed);
        let trial = Trial::begin(cx, pool, subject).await?;
        let fits = proof.fits(cx, verifier, pool.short_name(), &pending.progress.username).await?;
        let (Some(user), true) = (user, fits) else {
            return Err(trial.failed(Error::incorrect_username_or_password).await);
        };
        trial.succeeded().await?;
        let met = pending.met_or(replayed);
        next::next(attempt, user, pending.progress.with(Factor::Password), met).await
    }
}
