//! DEVICE_PASSWORD_VERIFIER: a remembered device proves the password that it made up when it was confirmed.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::{Challenge, device_srp_auth};
use crate::accounts::factors::Factor;
use crate::accounts::lockout::{self, Trial};
use crate::auth::proofs::srp::Answered;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next};

pub struct DevicePasswordVerifier;

impl Challenge for DevicePasswordVerifier {
    const NAME: ChallengeName = ChallengeName::DevicePasswordVerifier;
    type Asked = Option<Pending>;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let Answered { pending, username, proof } = Answered::read(attempt, asked.as_ref(), Self::NAME)?;
        let user = pending.user(attempt, &username).await?.ok_or_else(Error::invalid_session)?;
        let key = attempt.required("DEVICE_KEY")?;
        let device = device_srp_auth::device(attempt, &pending.progress, key).await?;
        let verifier = device.verifier(cx, pool, &user.id)?;

        let subject = lockout::subject(cx, pool, Some(&user), &pending.progress.typed);
        let trial = Trial::begin(cx, pool, subject).await?;
        if !proof.fits(cx, verifier, &device.profile.group_key, &device.key).await? {
            return Err(trial.failed(Error::incorrect_username_or_password).await);
        }
        trial.succeeded().await?;
        let met = pending.met();
        next::next(attempt, user, pending.progress.with(Factor::Device), met).await
    }
}
