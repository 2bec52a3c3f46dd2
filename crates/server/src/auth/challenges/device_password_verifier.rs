//! DEVICE_PASSWORD_VERIFIER: a remembered device proves the password that it made up when it was confirmed.

use std::sync::Arc;

use cognate_crypto::srp::Claim;
use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use super::password_verifier::Answered;
use crate::accounts::factors::Factor;
use crate::accounts::{devices, lockout};
use crate::auth::progress::Changes;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next, proofs};

pub struct DevicePasswordVerifier;

impl Challenge for DevicePasswordVerifier {
    const NAME: ChallengeName = ChallengeName::DevicePasswordVerifier;
    const SESSION_OPTIONAL: bool = true;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let Answered { step, a, pending, claim } = Answered::read(attempt, asked.as_ref(), Self::NAME)?;
        let user = pending.user(attempt, &claim.username).await?.ok_or_else(Error::invalid_session)?;
        let key = attempt.required("DEVICE_KEY")?.to_owned();
        if pending.progress.device.as_ref().is_none_or(|device| device.key != key) {
            return Err(Error::device_not_found());
        }
        let (same_pool, user_id) = (Arc::clone(pool), user.id.clone());
        let device = cx.store.read(move |tx| devices::named(tx, &same_pool, &user_id, &key)).await?;
        let verifier = device.verifier(cx, pool, &user.id)?;

        let subject = lockout::subject(cx, pool, Some(&user), &pending.progress.typed);
        let turn = lockout::turn(cx, pool, &subject).await;
        let failures = proofs::password::check_lock(attempt, &subject).await?;
        let (group, key) = (device.profile.group_key.clone(), device.key.clone());
        let proved = cx
            .workers
            .run(move || {
                let claim = Claim {
                    group_name: &group,
                    user_id: &key,
                    secret_block: &claim.sealed,
                    timestamp: &claim.timestamp,
                    signature: &claim.signature,
                };
                step.verify(&a, &verifier, &claim).is_ok()
            })
            .await?;
        if !proved {
            return Err(lockout::failed(cx, pool, &subject).await);
        }
        lockout::succeeded(cx, pool, &subject, failures).await?;
        drop(turn);
        let met = pending.spending(Error::session_spent);
        let progress = pending.progress.with(Factor::Device);
        next::next(attempt, user, progress, Changes::none().and(move |tx| met.spend(tx))).await
    }
}
