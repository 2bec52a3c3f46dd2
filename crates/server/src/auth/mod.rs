//! Signing in, as a state machine that every door shares: a flow begins it, challenges carry it on, tokens end it.
//!
//! Nothing is stored on the way: what a step must remember travels sealed in the `Session` and the `SECRET_BLOCK`. The
//! one write of a sign-in is the session that its tokens come from, and with it what the sign-in used up. Failed
//! passwords are the exception: each is counted.

mod challenges;
mod flows;
mod proof;
mod session;

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_crypto::secret_hash;
use cognate_shapes::auth::AuthenticationResult;
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{Session, Text};

use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::{Client, Pool, Secret};

/// By which operations a sign-in goes: those for everybody, or the administrators'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Public,
    Admin,
}

/// What a step leads to.
#[derive(Debug)]
pub enum Step {
    Done(AuthenticationResult),
    Challenge {
        name: ChallengeName,
        parameters: BTreeMap<Text, Text>,
        session: Session,
    },
}

/// One request of a sign-in.
#[derive(Debug)]
pub struct Attempt<'a> {
    pub cx: &'a Context,
    pub door: Door,
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    /// `AuthParameters` or `ChallengeResponses`.
    pub given: BTreeMap<Text, Text>,
    /// The `Session` of the challenge that is answered.
    pub session: Option<Session>,
}

/// Begins a sign-in.
pub async fn begin(attempt: &Attempt<'_>, flow: AuthFlow) -> Result<Step> {
    flows::begin(attempt, flow).await
}

/// Answers a challenge.
pub async fn answer(attempt: &Attempt<'_>, challenge: ChallengeName) -> Result<Step> {
    challenges::answer(attempt, challenge).await
}

impl Attempt<'_> {
    /// A parameter that the caller may leave out; an empty one counts as left out.
    fn optional(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(Text::as_str).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &str) -> Result<&str> {
        self.optional(name).ok_or_else(|| Error::missing_parameter(name))
    }

    /// Refuses a request whose `SECRET_HASH` is not over one of `usernames`, or is missing where the client has a secret,
    /// or is there where it has none.
    fn check_secret_hash(&self, usernames: &[&str]) -> Result<()> {
        self.check_secret_hash_present()?;
        let Some(presented) = self.optional("SECRET_HASH") else { return Ok(()) };
        let secrets: Vec<&str> = self.client.secrets.iter().map(Secret::expose).collect();
        if secret_hash::verify(presented, &secrets, usernames, &self.client.id) {
            Ok(())
        } else {
            Err(Error::secret_hash_mismatch(&self.client.id))
        }
    }

    fn check_secret_hash_present(&self) -> Result<()> {
        if self.client.is_confidential() && self.optional("SECRET_HASH").is_none() {
            return Err(Error::secret_hash_missing(&self.client.id));
        }
        Ok(())
    }

    /// The user of that name; nobody is an error unless the client may not learn who exists.
    async fn user(&self, name: &str) -> Result<Option<User>> {
        let (pool, name) = (Arc::clone(&self.pool), name.to_owned());
        let user = self.cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await?;
        if self.client.hides_user_existence() {
            return Ok(user);
        }
        let user = user.ok_or_else(Error::user_not_found)?;
        if user.enabled { Ok(Some(user)) } else { Err(Error::user_disabled()) }
    }

    async fn user_by_id(&self, id: &str) -> Result<Option<User>> {
        let (pool, id) = (Arc::clone(&self.pool), id.to_owned());
        self.cx.store.read(move |tx| user::by_id(tx, &pool, &id)).await
    }
}
