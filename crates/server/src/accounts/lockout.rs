//! How long a user is locked after wrong proofs, shared by every flow and challenge whose proof can be guessed: a
//! passkey's cannot.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use cognate_shapes::error::{Error, Result};
use cognate_store::failures::{self, Failures};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::names::username_key;
use super::unknown;
use super::user::User;
use crate::context::Context;
use crate::directory::Pool;

/// After this long without a counted attempt, failures are forgotten; also the longest lock. Milliseconds.
const IDLE_MS: i64 = 15 * 60_000;

/// The failure that locks first.
const FIRST_LOCK: i64 = 5;

/// Subjects that fall into the same one of so many lanes wait for each other.
const LANES: usize = 1024;

/// Makes attempts at one user's password follow each other on this node, so that guesses sent all at once cannot all
/// be checked before the first failure is counted.
#[derive(Debug)]
pub struct Lanes {
    lanes: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { lanes: (0..LANES).map(|_| Arc::default()).collect(), hasher: RandomState::new() }
    }
}

/// One try at a secret of a subject, which has its turn until it is counted.
#[must_use]
#[derive(Debug)]
pub struct Trial<'a> {
    cx: &'a Context,
    pool: &'a Pool,
    subject: Vec<u8>,
    /// The failures before it.
    before: Option<Failures>,
    _lane: OwnedMutexGuard<()>,
}

/// What the failures of a user are counted under, whichever name the user typed. A name that nobody has gets one of
/// its own.
pub fn subject(cx: &Context, pool: &Pool, user: Option<&User>, typed: &str) -> Vec<u8> {
    match user {
        Some(user) => username_key(pool, &user.username),
        None => unknown::subject(cx, pool, typed).into_bytes(),
    }
}

/// What the wrong second factors of a user are counted under, whichever factor it was: apart from the passwords, so that
/// who has no password cannot bring this lock, and who brings it locks no password.
pub fn second_factor_subject(user: &User) -> Vec<u8> {
    // No text begins with this byte, so that nobody's username is this.
    [&[u8::MAX], b"second factor:".as_slice(), user.id.as_bytes()].concat()
}

impl<'a> Trial<'a> {
    /// Waits for the tries at the same subject that came earlier; then refuses this one while the lock lasts.
    pub async fn begin(cx: &'a Context, pool: &'a Pool, subject: Vec<u8>) -> Result<Self> {
        let trial = Self::unlocked(cx, pool, subject).await;
        let (pool_id, subject, now) = (pool.id.clone(), trial.subject.clone(), cx.clock.now_ms());
        let before = cx.store.read(move |tx| failures::get(tx, &pool_id, &subject)).await?;
        if before.is_some_and(|failures| now < failures.locked_until_ms) {
            return Err(Error::password_attempts_exceeded());
        }
        Ok(Self { before, ..trial })
    }

    /// The same for a secret that is guarded otherwise: it waits for its turn, and no lock stops it.
    pub async fn unlocked(cx: &'a Context, pool: &'a Pool, subject: Vec<u8>) -> Self {
        let lane = cx.lockout.hasher.hash_one((&pool.id, &subject)) as usize % LANES;
        let lane = Arc::clone(&cx.lockout.lanes[lane]).lock_owned().await;
        Self { cx, pool, subject, before: None, _lane: lane }
    }

    /// Counts a wrong answer, and gives back `wrong`. Once another try has brought the lock, this one is not counted and
    /// learns nothing but that.
    pub async fn failed(self, wrong: fn() -> Error) -> Error {
        let now = self.cx.clock.now_ms();
        let (pool_id, subject) = (self.pool.id.clone(), self.subject);
        let counted = self.cx.store.write(move |tx| {
            let before = failures::get(tx, &pool_id, &subject)?.unwrap_or_default();
            if now < before.locked_until_ms {
                return Ok::<_, Error>(Error::password_attempts_exceeded());
            }
            failures::put(tx, &pool_id, &subject, after(before, now))?;
            Ok(wrong())
        });
        counted.await.unwrap_or_else(|error| error)
    }

    /// Forgets the failures after a right answer; writes only if there are any.
    pub async fn succeeded(self) -> Result<()> {
        if self.before.is_none() {
            return Ok(());
        }
        let (pool_id, subject) = (self.pool.id.clone(), self.subject);
        self.cx.store.write(move |tx| failures::clear(tx, &pool_id, &subject).map(drop).map_err(Error::from)).await
    }
}

/// The failures with one more.
fn after(before: Failures, now_ms: i64) -> Failures {
    let count = if now_ms - before.last_ms < IDLE_MS { before.count + 1 } else { 1 };
    Failures { count, last_ms: now_ms, locked_until_ms: now_ms + lock_ms(count) }
}

/// How long the `count`th failure in a row locks: 1 s for the fifth, twice as long for each one more, at most 15 minutes.
fn lock_ms(count: i64) -> i64 {
    if count < FIRST_LOCK { 0 } else { (1000 << (count - FIRST_LOCK).min(20)).min(IDLE_MS) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_double_up_to_fifteen_minutes() {
        let seconds: Vec<i64> = (1..=16).map(|count| lock_ms(count) / 1000).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(lock_ms(i64::MAX), IDLE_MS);
    }

    /// SECURITY 22: nobody is locked for ever.
    #[test]
    fn fifteen_quiet_minutes_forget() {
        let many = Failures { count: 14, last_ms: 1_000, locked_until_ms: 513_000 };
        assert_eq!(after(many, 513_000).count, 15);
        assert_eq!(after(many, 1_000 + IDLE_MS), Failures { count: 1, last_ms: 901_000, locked_until_ms: 901_000 });
    }
}
