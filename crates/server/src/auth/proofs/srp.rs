//! The proof of a password that is not sent (SRP-6a): the server's half of the exchange.
//!
//! The question travels in the SECRET_BLOCK, so that clients which send no `Session` are served as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::seal::Kind;
use cognate_crypto::srp::{self, Claim, PublicA, ServerStep, Verifier};
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};

use crate::accounts::names::{is_email, is_phone_number};
use crate::accounts::user::User;
use crate::accounts::{password, unknown};
use crate::auth::progress::Progress;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};
use crate::context::Context;

/// What secret blocks are bound to beside their kind.
const CONTEXT: &[u8] = b"";

/// Begins a sign-in with USERNAME and SRP_A.
pub async fn begin(attempt: &Attempt<'_>, flow: AuthFlow) -> Result<Step> {
    let typed = attempt.required("USERNAME")?;
    let a = attempt.required("SRP_A")?;
    attempt.check_secret_hash(&[typed])?;
    srp::parse_a(a).map_err(|_| bad_public_value())?;
    let user = attempt.user(typed).await?;
    let progress = match &user {
        Some(user) => Progress::of(attempt, flow, user, typed),
        None => unknown_progress(attempt, flow, typed),
    };
    ask(attempt, user.as_ref(), progress, a).await
}

/// Asks PASSWORD_VERIFIER of whom `progress` is about, for the caller's public value.
///
/// A name that nobody has gets a challenge as well where the client may not learn who exists: the same one every time but
/// for B, which is always new.
pub async fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress, a: &str) -> Result<Step> {
    let (cx, pool) = (attempt.cx, &attempt.pool);
    let a = srp::parse_a(a).map_err(|_| bad_public_value())?;
    let username = progress.username.clone();
    let verifier = match user {
        Some(user) => password::verifier(cx, pool, user)?,
        None => None,
    };
    let verifier = verifier.unwrap_or_else(|| unknown::verifier(cx, pool, &username));
    let pending = Pending::new(attempt, ChallengeName::PasswordVerifier, progress);
    exchange(attempt, pending, verifier, a, [("USERNAME", username.clone()), ("USER_ID_FOR_SRP", username)]).await
}

/// Asks `pending` as a new exchange with whom `verifier` is of; `names` says whom that is.
pub async fn exchange(
    attempt: &Attempt<'_>,
    pending: Pending,
    verifier: Verifier,
    a: PublicA,
    names: [(&'static str, String); 2],
) -> Result<Step> {
    let cx = attempt.cx;
    let salt = verifier.salt_hex();
    let b = cx.rng.bytes();
    let step = cx.workers.run(move || ServerStep::start(&verifier, b)).await?;
    let b_public = step.b_public();
    let block = SecretBlock { step, a, pending: pending.clone() }.seal(cx)?;
    let parameters = [("SALT", salt), ("SECRET_BLOCK", STANDARD.encode(block)), ("SRP_B", b_public)];
    Step::challenge(cx, &pending, parameters.into_iter().chain(names))
}

/// The server's half of an exchange, as the caller carries it.
struct SecretBlock {
    step: ServerStep,
    a: PublicA,
    pending: Pending,
}

impl SecretBlock {
    fn seal(&self, cx: &Context) -> Result<Vec<u8>> {
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

/// An answer to an exchange, read and found to answer this server's question.
#[derive(Debug)]
pub struct Answered {
    pub pending: Pending,
    /// Whom the client says it is about.
    pub username: String,
    pub proof: Proof,
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
        Ok(Self { pending, username, proof: Proof { step, a, sealed, signature, timestamp } })
    }
}

/// What a client has signed in an exchange.
pub struct Proof {
    step: ServerStep,
    pub a: PublicA,
    sealed: Vec<u8>,
    signature: String,
    timestamp: String,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(***)")
    }
}

impl Proof {
    /// Whether it proves what `verifier` is of, under the names that the client hashes with it: the pool's and the
    /// user's, or the device group's and the device's.
    pub async fn fits(self, cx: &Context, verifier: Verifier, group_name: &str, user_id: &str) -> Result<bool> {
        let (group_name, user_id) = (group_name.to_owned(), user_id.to_owned());
        let judged = cx.workers.run(move || {
            let claim = Claim {
                group_name: &group_name,
                user_id: &user_id,
                secret_block: &self.sealed,
                timestamp: &self.timestamp,
                signature: &self.signature,
            };
            self.step.verify(&self.a, &verifier, &claim).is_ok()
        });
        judged.await
    }
}

/// What is no public value of an exchange.
pub fn bad_public_value() -> Error {
    Error::invalid("SRP_A is not a valid public value.")
}

/// A sign-in by a name that nobody has.
pub fn unknown_progress(attempt: &Attempt<'_>, flow: AuthFlow, typed: &str) -> Progress {
    let (user_id, username) = unknown_names(attempt, typed);
    Progress::of_names(attempt, flow, &user_id, &username, typed)
}

/// The `sub` and internal username that nobody's name seems to have. Where a user would have another internal name than
/// the one typed, that is the `sub`.
fn unknown_names(attempt: &Attempt<'_>, typed: &str) -> (String, String) {
    let user_id = unknown::user_id(attempt.cx, &attempt.pool, typed);
    let alias = !attempt.pool.alias_attributes().is_empty() && (is_email(typed) || is_phone_number(typed));
    let username =
        if alias || !attempt.pool.username_attributes().is_empty() { user_id.clone() } else { typed.to_owned() };
    (user_id, username)
}
