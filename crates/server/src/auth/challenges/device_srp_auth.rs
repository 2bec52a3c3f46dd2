//! DEVICE_SRP_AUTH: a remembered device is asked for its public value, and answered with DEVICE_PASSWORD_VERIFIER.
//!
//! Some clients send no `Session` here. What they do send is the public value that they proved the password with a moment
//! before, which nobody else knows: by it the sign-in is found again.

use std::sync::Arc;

use cognate_crypto::ct_eq;
use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, PublicA};
use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Session;
use cognate_store::codes;

use super::Challenge;
use crate::accounts::devices::{self, Device};
use crate::accounts::user::{self, User};
use crate::auth::progress::Progress;
use crate::auth::proofs::srp::{bad_public_value, exchange};
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};
use crate::context::Context;

/// Under what a sign-in waits for a client without sessions.
const PURPOSE: &str = "device_srp_auth";

pub struct DeviceSrpAuth;

/// Asks the device that `progress` comes from.
pub async fn ask(attempt: &Attempt<'_>, user: &User, progress: Progress) -> Result<Step> {
    let device = progress.device.as_ref().ok_or_else(|| Error::internal("no device was recognized"))?;
    let parameters = [("USERNAME", progress.username.clone()), ("DEVICE_KEY", device.key.clone())];
    let sessionless = progress.sessionless.clone();
    let pending = Pending::new(attempt, ChallengeName::DeviceSrpAuth, progress)
        .resting_on(attempt.cx, user.credential.as_deref());
    let step = Step::challenge(attempt.cx, &pending, parameters)?;
    if let (Some(hash), Step::Challenge { session, .. }) = (sessionless, &step) {
        let now = attempt.cx.clock.now_ms();
        let waiting = codes::Code {
            pool_id: attempt.pool.id.clone(),
            user_id: user.id.clone(),
            purpose: PURPOSE.to_owned(),
            hash,
            created_ms: now,
            expires_ms: now + attempt.client.challenge_life_ms(),
            attempts: 0,
            doc: session.as_str().to_owned(),
        };
        attempt.cx.store.write(move |tx| codes::put(tx, &waiting).map_err(Error::from)).await?;
    }
    Ok(step)
}

/// By what a sign-in is found again whose client sends no sessions: the public value that the password was proved with.
pub fn trace(cx: &Context, a: &PublicA) -> Vec<u8> {
    cx.seals.keyed_hash(Kind::Session, a.as_bytes()).to_vec()
}

impl Challenge for DeviceSrpAuth {
    const NAME: ChallengeName = ChallengeName::DeviceSrpAuth;
    type Asked = Option<Pending>;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let username = attempt.required("USERNAME")?;
        let key = attempt.required("DEVICE_KEY")?;
        let a = srp::parse_a(attempt.required("SRP_A")?).map_err(|_| bad_public_value())?;
        let asked = match asked {
            Some(asked) => asked,
            None => found_again(attempt, username, &a).await?,
        };
        let user = asked.answerer(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        let device = device(attempt, &asked.progress, key).await?;
        let verifier = device.verifier(attempt.cx, &attempt.pool, &user.id)?;
        // One answer to either challenge uses up both: a password proved once signs in once.
        let pending = asked.followed_by(attempt, ChallengeName::DevicePasswordVerifier);
        let names = [("USERNAME", user.username), ("DEVICE_KEY", device.key)];
        exchange(attempt, pending, verifier, a, names).await
    }
}

/// The device that the sign-in comes from, if that is the one of this key.
pub async fn device(attempt: &Attempt<'_>, progress: &Progress, key: &str) -> Result<Device> {
    if progress.device.as_ref().is_none_or(|device| device.key != key) {
        return Err(Error::device_not_found());
    }
    let (pool, user_id, key) = (Arc::clone(&attempt.pool), progress.user_id.clone(), key.to_owned());
    attempt.cx.store.read(move |tx| devices::named(tx, &pool, &user_id, &key)).await
}

/// The challenge that waits for a client without sessions.
async fn found_again(attempt: &Attempt<'_>, username: &str, a: &PublicA) -> Result<Pending> {
    let (pool, name, hash) = (Arc::clone(&attempt.pool), username.to_owned(), trace(attempt.cx, a));
    let waiting = attempt.cx.store.read(move |tx| {
        let Some(user) = user::by_name(tx, &pool, &name)? else { return Ok(None) };
        Ok::<_, Error>(codes::get(tx, &pool.id, &user.id, PURPOSE)?.filter(|code| ct_eq(&code.hash, &hash)))
    });
    let waiting = waiting.await?.ok_or_else(|| Error::missing_parameter("Session"))?;
    Pending::open(attempt, &Session::trusted(waiting.doc), &[ChallengeName::DeviceSrpAuth])
}
