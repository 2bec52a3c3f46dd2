//! What a sign-in remembers between two requests, sealed in the caller's own hands.
//!
//! A memory is bound to its pool, client, user and challenge, ends after the client's AuthSessionValidity, and is good
//! for one success. A failed answer uses nothing up: clients repeat an answer to the same challenge.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::seal::Kind;
use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Session;
use cognate_store::{Tx, spent};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Attempt;
use super::progress::{Changes, Progress};
use crate::accounts::names::username_key;
use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::Pool;

/// What sessions are bound to beside their kind.
const CONTEXT: &[u8] = b"";

/// Bytes of the shortest memory: what is shorter is filled up, so that the length of a `Session` tells neither whether the
/// user exists nor what the sign-in remembers of them.
const SHORTEST: usize = 1024;

/// A challenge that waits for its answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Pending {
    /// What is spent when the challenge is met.
    id: String,
    challenge: ChallengeName,
    pool_id: String,
    client_id: String,
    /// How far the sign-in has come.
    pub progress: Progress,
    expires_ms: i64,
    /// A digest of the user's password, or of there being none, if the challenge rests on it.
    #[serde(default)]
    credential: Option<[u8; 16]>,
    /// What the challenge itself has to remember.
    #[serde(default)]
    detail: Option<serde_json::Value>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("challenge", &self.challenge).finish_non_exhaustive()
    }
}

impl Pending {
    pub fn new(attempt: &Attempt<'_>, challenge: ChallengeName, mut progress: Progress) -> Self {
        Self {
            id: progress.follows.take().unwrap_or_else(|| attempt.cx.rng.uuid()),
            challenge,
            pool_id: attempt.pool.id.clone(),
            client_id: attempt.client.id.clone(),
            progress,
            expires_ms: attempt.cx.clock.now_ms() + attempt.client.challenge_life_ms(),
            credential: None,
            detail: None,
        }
    }

    /// Which challenge waits.
    pub fn challenge(&self) -> ChallengeName {
        self.challenge
    }

    /// What is spent when the challenge is met; unique to it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Adds what the challenge itself has to remember.
    pub fn with_detail(mut self, detail: &impl Serialize) -> Result<Self> {
        let detail = serde_json::to_value(detail);
        self.detail = Some(detail.map_err(|error| Error::internal("a challenge does not serialize").caused_by(error))?);
        Ok(self)
    }

    /// What [`Pending::with_detail`] added.
    pub fn detail<T: DeserializeOwned>(&self) -> Result<T> {
        let detail = self.detail.clone().unwrap_or(serde_json::Value::Null);
        serde_json::from_value(detail)
            .map_err(|error| Error::internal("a challenge lacks what it remembered").caused_by(error))
    }

    /// The challenge that takes this one's place: both are met once, and rest on the same password.
    pub fn followed_by(self, attempt: &Attempt<'_>, challenge: ChallengeName) -> Self {
        let expires_ms = attempt.cx.clock.now_ms() + attempt.client.challenge_life_ms();
        Self { challenge, expires_ms, detail: None, ..self }
    }

    /// Binds the challenge to the password as it is stored now.
    #[must_use]
    pub fn resting_on(mut self, cx: &Context, credential: Option<&[u8]>) -> Self {
        self.credential = Some(digest(cx, credential));
        self
    }

    /// Whether the password is still the one that was proved.
    fn rests_on(&self, cx: &Context, credential: Option<&[u8]>) -> bool {
        self.credential == Some(digest(cx, credential))
    }

    /// The `Session` for the caller.
    pub fn seal(&self, cx: &Context) -> Result<Session> {
        let mut memory = self.to_bytes()?;
        // JSON may end in blanks.
        memory.resize(memory.len().max(SHORTEST), b' ');
        let sealed = cx.seals.seal(&cx.rng, Kind::Session, &memory, CONTEXT);
        Ok(Session::trusted(URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// The pending challenge of the attempt's `Session`, if it is one of `challenges`, this client's, and not over.
    pub fn open(attempt: &Attempt<'_>, session: &Session, challenges: &[ChallengeName]) -> Result<Self> {
        let pending = Self::unseal(attempt.cx, session)?;
        if !pending.is_of(attempt, challenges) {
            return Err(Error::invalid_session());
        }
        attempt.watch.carries_on(&pending.progress);
        if pending.is_over(attempt.cx) {
            return Err(Error::session_expired());
        }
        Ok(pending)
    }

    /// The client whose challenge a `Session` holds, for operations that name none.
    pub fn client_of(cx: &Context, session: &Session) -> Result<String> {
        Self::unseal(cx, session).map(|pending| pending.client_id)
    }

    fn unseal(cx: &Context, session: &Session) -> Result<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(session.as_str()).map_err(|_| Error::invalid_session())?;
        let plain = cx.seals.open_foreign(Kind::Session, &sealed, CONTEXT);
        plain.and_then(|plain| Self::from_bytes(&plain)).ok_or_else(Error::invalid_session)
    }

    pub fn is_of(&self, attempt: &Attempt<'_>, challenges: &[ChallengeName]) -> bool {
        challenges.contains(&self.challenge) && self.pool_id == attempt.pool.id && self.client_id == attempt.client.id
    }

    pub fn is_over(&self, cx: &Context) -> bool {
        cx.clock.now_ms() >= self.expires_ms
    }

    /// Whether both wait for the same answer.
    pub fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// What a success uses up: the challenge is met once.
    pub fn met(&self) -> Changes {
        self.met_or(Error::session_spent)
    }

    /// The same with other words for a challenge that was met before.
    pub fn met_or(&self, replayed: fn() -> Error) -> Changes {
        Changes::spending(&self.pool_id, &self.id, self.expires_ms, replayed)
    }

    /// The user who answers as `username`, which SECRET_HASH has to be over as well; see [`Pending::user`].
    pub async fn answerer(&self, attempt: &Attempt<'_>, username: &str) -> Result<Option<User>> {
        attempt.check_secret_hash(&[username, &self.progress.username, &self.progress.typed])?;
        self.user(attempt, username).await
    }

    /// The user whose challenge this is, if it waits for an answer still, `username` is a name of theirs, and the password
    /// is the one it rests on. `None` for a user who does not exist.
    pub async fn user(&self, attempt: &Attempt<'_>, username: &str) -> Result<Option<User>> {
        let user = self.user_or(attempt, username, Error::session_spent).await?;
        match &user {
            Some(user) if !self.rests_on(attempt.cx, user.credential.as_deref()) => Err(Error::invalid_session()),
            _ => Ok(user),
        }
    }

    /// The same for a challenge that rests on no password, with other words for one that was met before.
    pub async fn user_or(
        &self,
        attempt: &Attempt<'_>,
        username: &str,
        replayed: fn() -> Error,
    ) -> Result<Option<User>> {
        let (pool, question, named) = (Arc::clone(&attempt.pool), self.clone(), username.to_owned());
        let reading = attempt.cx.store.read(move |tx| {
            if !question.is_about(tx, &pool, &named)? {
                return Err(Error::invalid_session());
            }
            if spent::is_spent(tx, &pool.id, question.id.as_bytes())? {
                return Err(replayed());
            }
            user::by_id(tx, &pool, &question.progress.user_id)
        });
        reading.await
    }

    /// Whether `username` is a name of the user whose challenge this is: the one typed first, the internal one, the
    /// `sub`, or an alias.
    fn is_about(&self, tx: &mut Tx<'_>, pool: &Pool, username: &str) -> Result<bool> {
        let key = username_key(pool, username);
        let known = [&self.progress.typed, &self.progress.username, &self.progress.user_id];
        if known.into_iter().any(|name| username_key(pool, name) == key) {
            return Ok(true);
        }
        Ok(user::by_name(tx, pool, username)?.is_some_and(|user| user.id == self.progress.user_id))
    }

    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| Error::internal("a challenge does not serialize").caused_by(error))
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

fn digest(cx: &Context, credential: Option<&[u8]>) -> [u8; 16] {
    let mut digest = [0; 16];
    digest.copy_from_slice(&cx.seals.keyed_hash(Kind::Session, credential.unwrap_or_default())[..16]);
    digest
}
