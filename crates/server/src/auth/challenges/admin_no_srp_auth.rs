//! ADMIN_NO_SRP_AUTH: the password itself, where the functions of a custom sign-in ask an administrator for it.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Door, Step, next, proofs};

pub struct AdminNoSrpAuth;

/// Asks for the password.
pub fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress) -> Result<Step> {
    let username = progress.username.clone();
    let pending = Pending::new(attempt, ChallengeName::AdminNoSrpAuth, progress)
        .resting_on(attempt.cx, user.and_then(|user| user.credential.as_deref()));
    Step::challenge(attempt.cx, &pending, [("USERNAME", username)])
}

impl Challenge for AdminNoSrpAuth {
    const NAME: ChallengeName = ChallengeName::AdminNoSrpAuth;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        if attempt.door != Door::Admin {
            return Err(Error::invalid_session());
        }
        let username = attempt.required("USERNAME")?;
        let given = attempt.required("PASSWORD")?;
        let user = asked.answerer(attempt, username).await?;
        let user = proofs::password::prove(attempt, user, &asked.progress.typed, given).await?;
        let met = asked.met();
        next::next(attempt, user, asked.progress.with(Factor::Password), met).await
    }
}
