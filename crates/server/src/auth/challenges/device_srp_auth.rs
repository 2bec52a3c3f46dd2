//! DEVICE_SRP_AUTH: a remembered device is asked for its public value, and answered with DEVICE_PASSWORD_VERIFIER.
//!
//! Some clients send no `Session` here. What they do send is the public value that they proved the password with a moment
//! before, which nobody else knows: by it the sign-in is found again.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::ct_eq;
use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, PublicA, ServerStep};
use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Session;
use cognate_store::codes;

use super::Challenge;
use super::password_verifier::SecretBlock;
use crate::accounts::devices;
use crate::accounts::user::{self, User};
use crate::auth::progress::Progress;
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
    const SESSION_OPTIONAL: bool = true;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let username = attempt.required("USERNAME")?;
        let key = attempt.required("DEVICE_KEY")?;
        let a = srp::parse_a(attempt.required("SRP_A")?);
        let a = a.map_err(|_| Error::invalid("SRP_A is not a valid public value."))?;
        let asked = match asked {
            Some(asked) => asked,
            None => found_again(attempt, username, &a).await?,
        };
        attempt.check_secret_hash(&[username, &asked.progress.username, &asked.progress.typed])?;
        asked.user(attempt, username).await?.ok_or_else(Error::invalid_session)?;
        if asked.progress.device.as_ref().is_none_or(|device| device.key != key) {
            return Err(Error::device_not_found());
        }
        let (same_pool, user_id, wanted) = (Arc::clone(pool), asked.progress.user_id.clone(), key.to_owned());
        let device = cx.store.read(move |tx| devices::named(tx, &same_pool, &user_id, &wanted)).await?;
        let verifier = device.verifier(cx, pool, &asked.progress.user_id)?;
        let salt = verifier.salt_hex();
        let b = cx.rng.bytes();
        let step = cx.workers.run(move || ServerStep::start(&verifier, b)).await?;
        let b_public = step.b_public();
        // One answer to either challenge uses up both: a password proved once signs in once.
        let pending = asked.followed_by(attempt, ChallengeName::DevicePasswordVerifier);
        let username = pending.progress.username.clone();
        let block = SecretBlock { step, a, pending: pending.clone() }.seal(cx)?;
        Step::challenge(
            cx,
            &pending,
            [
                ("SALT", salt),
                ("SECRET_BLOCK", STANDARD.encode(block)),
                ("SRP_B", b_public),
                ("USERNAME", username),
                ("DEVICE_KEY", device.key),
            ],
        )
    }
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
