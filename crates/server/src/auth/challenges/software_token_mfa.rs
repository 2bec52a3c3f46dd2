//! SOFTWARE_TOKEN_MFA: a code of an authenticator app.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use crate::accounts::authenticator;
use crate::accounts::factors::Factor;
use crate::accounts::lockout::{self, Trial};
use crate::accounts::user::User;
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};

pub struct SoftwareTokenMfa;

/// Asks a user who has an app.
pub fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
    let mut parameters = vec![("USER_ID_FOR_SRP", user.username.clone())];
    let app = user.profile.mfa.authenticator.as_ref();
    if let Some(name) = app.and_then(|app| app.name.clone()) {
        parameters.push(("FRIENDLY_DEVICE_NAME", name));
    }
    let pending = Pending::new(attempt, ChallengeName::SoftwareTokenMfa, progress);
    Step::challenge(attempt.cx, &pending.resting_on(attempt.cx, user.credential.as_deref()), parameters)
}

impl Challenge for SoftwareTokenMfa {
    const NAME: ChallengeName = ChallengeName::SoftwareTokenMfa;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let username = attempt.required("USERNAME")?;
        let code = attempt.required("SOFTWARE_TOKEN_MFA_CODE")?;
        let user = asked.answerer(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        let app = user.profile.mfa.authenticator.as_ref().ok_or_else(Error::invalid_session)?;

        let trial = Trial::begin(cx, pool, lockout::second_factor_subject(&user)).await?;
        let Some(shown) = authenticator::check(cx, pool, &user, &app.secret, code)? else {
            return Err(trial.failed(Error::wrong_software_token_code).await);
        };
        let unspent = shown.clone();
        cx.store.read(move |tx| unspent.check_unspent(tx)).await?;
        trial.succeeded().await?;

        let changes = asked.met().and(move |tx| shown.spend(tx));
        next::next(attempt, user, asked.progress.with(Factor::Totp), changes).await
    }
}
