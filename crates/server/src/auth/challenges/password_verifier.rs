//! PASSWORD_VERIFIER: the proof of a password that is not sent.
//!
//! The question travels in the SECRET_BLOCK, so that clients which send no `Session` are served as well.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, Claim, PublicA, ServerStep};
use cognate_shapes::enums::{ChallengeName, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::{Challenge, device_srp_auth};
use crate::accounts::factors::Factor;
use crate::accounts::{lockout, password, unknown, user};
use crate::auth::progress::Changes;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, next, proofs};
use crate::context::Context;

/// What secret blocks are bound to beside their kind.
const CONTEXT: &[u8] = b"";

/// The server's half of an exchange, as the caller carries it.
#[derive(Debug)]
pub struct SecretBlock {
    pub step: ServerStep,
    pub a: PublicA,
    pub pending: Pending,
}

impl SecretBlock {
    pub fn seal(&self, cx: &Context) -> Result<Vec<u8>> {
        let plain = [self.step.to_bytes().as_slice(), self.a.as_bytes(), &self.pending.to_bytes()?].concat();
        Ok(cx.seals.seal(&cx.rng, Kind::SecretBlock, &plain, CONTEXT))
    }

    /// `None` if this server did not make it.
    fn open(cx: &Context, sealed: &[u8]) -> Option<Self> {
        let plain = cx.seals.open_foreign(Kind::SecretBlock, sealed, CONTEXT)?;
        let (step, rest) = plain.split_at_checked(ServerStep::LEN)?;
        let (a, pending) = rest.split_at_checked(PublicA::LEN)?;
        Some(Self {
            step: ServerStep::from_bytes(step).ok()?,
            a: PublicA::from_bytes(a).ok()?,
            pending: Pending::from_bytes(pending)?,
        })
    }
}

/// What a client answers to either verifier challenge, read and found to be an answer to this server's question.
#[derive(Debug)]
pub struct Answered {
    pub step: ServerStep,
    pub a: PublicA,
    pub pending: Pending,
    pub claim: Claimed,
}

/// What a client claims to have proved, and of whom.
pub struct Claimed {
    pub username: String,
    pub sealed: Vec<u8>,
    pub signature: String,
    pub timestamp: String,
}

impl std::fmt::Debug for Claimed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Claimed(***)")
    }
}

impl Answered {
    /// Refuses what does not answer a challenge of that name, to this client, in time, and in the session it was asked in.
    pub fn read(attempt: &Attempt<'_>, asked: Option<&Pending>, challenge: ChallengeName) -> Result<Self> {
        let cx = attempt.cx;
        let secret_block = attempt.required("PASSWORD_CLAIM_SECRET_BLOCK")?;
        let signature = attempt.required("PASSWORD_CLAIM_SIGNATURE")?.to_owned();
        let timestamp = attempt.required("TIMESTAMP")?.to_owned();
        let sealed = STANDARD.decode(secret_block).map_err(|_| Error::incorrect_username_or_password())?;
        let block = SecretBlock::open(cx, &sealed).ok_or_else(Error::incorrect_username_or_password)?;
        let SecretBlock { step, a, pending } = block;
        if asked.is_some_and(|asked| !asked.is_same(&pending)) {
            return Err(Error::invalid_session());
        }
        let username = attempt.optional("USERNAME").unwrap_or(&pending.progress.username).to_owned();
        attempt.check_secret_hash(&[&username, &pending.progress.username, &pending.progress.typed])?;
        let in_time = srp::is_fresh(&timestamp, cx.clock.now_ms().div_euclid(1000)) && !pending.is_over(cx);
        if !pending.is_of(attempt, &[challenge]) || !in_time {
            return Err(Error::incorrect_username_or_password());
        }
        attempt.watch.carries_on(&pending.progress);
        Ok(Self { step, a, pending, claim: Claimed { username, sealed, signature, timestamp } })
    }
}

pub struct PasswordVerifier;

impl Challenge for PasswordVerifier {
    const NAME: ChallengeName = ChallengeName::PasswordVerifier;
    const SESSION_OPTIONAL: bool = true;

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let (cx, pool) = (attempt.cx, &attempt.pool);
        let Answered { step, a, mut pending, claim } = Answered::read(attempt, asked.as_ref(), Self::NAME)?;
        pending.progress.sessionless = asked.is_none().then(|| device_srp_auth::trace(cx, &a));

        // Who sent no session is told nothing of one.
        let replayed = if asked.is_some() { Error::session_spent } else { Error::incorrect_username_or_password };
        let (same_pool, question, named) = (Arc::clone(pool), pending.clone(), claim.username.clone());
        let user = cx
            .store
            .read(move |tx| {
                if !question.is_about(tx, &same_pool, &named)? {
                    return Err(Error::invalid_session());
                }
                question.check_unspent(tx, replayed)?;
                user::by_id(tx, &same_pool, &question.progress.user_id)
            })
            .await?;
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
        let turn = lockout::turn(cx, pool, &subject).await;
        let failures = proofs::password::check_lock(attempt, &subject).await?;
        let (group, user_id) = (pool.short_name().to_owned(), pending.progress.username.clone());
        let proved = cx
            .workers
            .run(move || {
                let claim = Claim {
                    group_name: &group,
                    user_id: &user_id,
                    secret_block: &claim.sealed,
                    timestamp: &claim.timestamp,
                    signature: &claim.signature,
                };
                step.verify(&a, &verifier, &claim).is_ok()
            })
            .await?;
        let (Some(user), true) = (user, proved) else {
            return Err(lockout::failed(cx, pool, &subject).await);
        };
        lockout::succeeded(cx, pool, &subject, failures).await?;
        drop(turn);
        let met = pending.spending(replayed);
        let progress = pending.progress.with(Factor::Password);
        next::next(attempt, user, progress, Changes::none().and(move |tx| met.spend(tx))).await
    }
}
