//! The device that a sign-in comes from: recognized by its key, and what it changes about the sign-in.

use std::sync::Arc;

use cognate_shapes::error::{Error, Result};
use serde::{Deserialize, Serialize};

use super::Attempt;
use super::progress::{Changes, Progress};
use crate::accounts::devices;
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::tokens::issue::SessionDevice;

/// A device of the user who signs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recognized {
    pub key: String,
    pub remembered: bool,
}

/// Looks up the device whose DEVICE_KEY the request has, or one before it had.
///
/// A key in this request that is none of the user's is an error, before anything is used up: clients forget the device
/// and repeat the same answer. What an earlier request said and is not so (any more) counts as not said.
pub async fn recognize(attempt: &Attempt<'_>, user: &User, mut progress: Progress) -> Result<Progress> {
    let named = attempt.optional("DEVICE_KEY");
    let earlier = progress.device.as_ref().map(|device| &device.key).or(progress.offered_device.as_ref());
    let Some(key) = named.or(earlier.map(String::as_str)).map(str::to_owned) else { return Ok(progress) };
    let (pool, user_id) = (Arc::clone(&attempt.pool), user.id.clone());
    let device = attempt.cx.store.read(move |tx| devices::find(tx, &pool, &user_id, &key)).await?;
    if device.is_none() && named.is_some() {
        return Err(Error::device_not_found());
    }
    progress.device = device.map(|device| Recognized { key: device.key, remembered: device.profile.remembered });
    Ok(progress)
}

/// Whether the proof of the sign-in's device is to take the place of a second factor. It never comes first: a password or
/// the pool's own challenges do.
pub fn stand_in(attempt: &Attempt<'_>, progress: &Progress) -> bool {
    may_stand_in(attempt, progress)
        && !progress.proved.is_empty()
        && progress.proved.iter().all(|factor| matches!(factor, Factor::Password | Factor::Custom))
}

/// Whether that proof was given, and takes the place still: since the device was asked, its user or the pool may have
/// ended that.
pub fn stands_in(attempt: &Attempt<'_>, progress: &Progress) -> bool {
    progress.has(Factor::Device) && may_stand_in(attempt, progress)
}

fn may_stand_in(attempt: &Attempt<'_>, progress: &Progress) -> bool {
    devices::stand_in_for_mfa(&attempt.pool)
        // Who demands a level of proof wants the proofs that make it up.
        && progress.target.is_none()
        && progress.device.as_ref().is_some_and(|device| device.remembered)
}

/// Whether the sign-in comes from a device that the pool, which tracks them, does not know.
pub fn is_new(attempt: &Attempt<'_>, progress: &Progress) -> bool {
    devices::are_tracked(&attempt.pool) && progress.device.is_none()
}

/// What the tokens of the sign-in say about its device: the one it comes from, or the key that a new one may have.
pub fn of_tokens(attempt: &Attempt<'_>, progress: &Progress) -> Option<SessionDevice> {
    if !devices::are_tracked(&attempt.pool) {
        return None;
    }
    Some(match &progress.device {
        Some(device) => SessionDevice { key: device.key.clone(), new: false },
        None => SessionDevice { key: devices::new_key(attempt.cx, &attempt.pool), new: true },
    })
}

/// Notes on a known device that a sign-in came from it.
pub fn noted(attempt: &Attempt<'_>, progress: &Progress, changes: Changes) -> Changes {
    let Some(device) = &progress.device else { return changes };
    let (pool, user_id, key) = (Arc::clone(&attempt.pool), progress.user_id.clone(), device.key.clone());
    let (address, now) = (attempt.visit.address, attempt.cx.clock.now_ms());
    changes.and(move |tx| devices::seen(tx, &pool, &user_id, &key, address, now))
}
