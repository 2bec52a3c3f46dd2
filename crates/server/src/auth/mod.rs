//! Signing in, as a state machine that every door shares: a flow begins it, challenges carry it on, tokens end it.
//!
//! What a step must remember travels sealed in the `Session` and the `SECRET_BLOCK`. The one write of a sign-in by password
//! is the session that its tokens come from, and with it what the sign-in used up; beside it failures are counted, and a
//! step that asks another writes what it used up first.

mod challenges;
mod custom;
mod devices;
mod first_factor;
mod flows;
pub mod hand_over;
mod next;
pub mod progress;
mod proofs;
pub mod second_factor;
mod session;
mod step_up;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use cognate_shapes::auth::AuthenticationResult;
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::input::{Input as _, Path, Violations};
use cognate_shapes::scalars::{Session, Text, Username};
use serde_json::Value;
use zeroize::Zeroizing;

use self::session::Pending;
use crate::accounts::lockout::{self, Trial};
use crate::accounts::user::{self, User};
use crate::accounts::{migrate, password as passwords, secret_hash};
use crate::context::Context;
use crate::directory::{self, Client, Pool};
use crate::threat::{self, Watch, events};
use crate::triggers::event::{Candidate, Occasion};
use crate::triggers::pre_authentication;
use crate::visit::{Origin, Visit};

/// By which operations a sign-in goes: those for everybody, or the administrators'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Public,
    Admin,
}

/// What a step leads to.
pub enum Step {
    Done(AuthenticationResult),
    Challenge {
        name: ChallengeName,
        parameters: BTreeMap<Text, Text>,
        session: Session,
        /// What else the user may choose, in USER_AUTH.
        available: Option<Vec<ChallengeName>>,
    },
}

/// One request of a sign-in.
pub struct Attempt<'a> {
    pub cx: &'a Context,
    pub door: Door,
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    /// `AuthParameters` or `ChallengeResponses`.
    pub given: BTreeMap<Text, Text>,
    /// The `Session` of the challenge that is answered.
    pub session: Option<Session>,
    pub visit: Visit,
    /// What threat protection sees on the way.
    pub watch: Watch,
}

impl Step {
    /// Asks a challenge.
    fn challenge(
        cx: &Context,
        pending: &Pending,
        parameters: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self> {
        let text = |(name, value): (&str, String)| (Text::trusted(name), Text::trusted(value));
        Ok(Self::Challenge {
            name: pending.challenge(),
            parameters: parameters.into_iter().map(text).collect(),
            session: pending.seal(cx)?,
            available: None,
        })
    }

    /// Tells beside a challenge what else the user may choose.
    fn offering(mut self, choices: Vec<ChallengeName>) -> Self {
        if let Self::Challenge { available, .. } = &mut self {
            *available = Some(choices);
        }
        self
    }
}

/// Parameters hold passwords, attributes and proofs: `Debug` shows none of them.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(_) => f.write_str("Done(***)"),
            Self::Challenge { name, .. } => f.debug_struct("Challenge").field("name", name).finish_non_exhaustive(),
        }
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("door", &self.door).field("pool", &self.pool.id).finish_non_exhaustive()
    }
}

/// Begins a sign-in.
pub async fn begin(attempt: &Attempt<'_>, flow: AuthFlow) -> Result<Step> {
    enter(attempt).await?;
    let begun = flows::begin(attempt, flow).await;
    // A refresh is no sign-in.
    match flow {
        AuthFlow::RefreshToken | AuthFlow::RefreshTokenAuth => begun,
        _ => threat::outcome(attempt, None, begun).await,
    }
}

/// Answers a challenge.
pub async fn answer(attempt: &Attempt<'_>, challenge: ChallengeName) -> Result<Step> {
    enter(attempt).await?;
    let answered = challenges::answer(attempt, challenge).await;
    threat::outcome(attempt, Some(challenge), answered).await
}

/// Refuses an address that is blocked, and keeps that as an event of the user whom the request names.
async fn enter(attempt: &Attempt<'_>) -> Result<()> {
    let (cx, pool, client, visit) = (attempt.cx, &attempt.pool, &attempt.client, &attempt.visit);
    let admitted = threat::admit(cx, pool, client, visit).await;
    let refused = admitted.as_ref().is_err_and(|error| error.code == Code::NotAuthorized);
    if refused && let Some(name) = attempt.optional("USERNAME").filter(|name| check_name(name).is_ok()) {
        events::of_blocked_address(cx, pool, client, visit, name).await;
    }
    admitted
}

/// Begins to register an authenticator app in a sign-in that waits for MFA to be set up: its secret in Base32, and the
/// next `Session`.
pub async fn associate_software_token(
    cx: &Context,
    origin: &Origin,
    session: &Session,
) -> Result<(Zeroizing<String>, Session)> {
    challenges::mfa_setup::associate(&Attempt::of_session(cx, origin, session).await?, session).await
}

/// Ends that with a code of the app; the next `Session`.
pub async fn verify_software_token(
    cx: &Context,
    origin: &Origin,
    session: &Session,
    code: &str,
    name: Option<String>,
) -> Result<Session> {
    challenges::mfa_setup::verify(&Attempt::of_session(cx, origin, session).await?, session, code, name).await
}

impl<'a> Attempt<'a> {
    /// A request of a sign-in that names its `Session` alone.
    async fn of_session(cx: &'a Context, origin: &Origin, session: &Session) -> Result<Self> {
        let client_id = Pending::client_of(cx, session)?;
        let (client, pool) = directory::client(cx, &client_id).await.map_err(|_| Error::invalid_session())?;
        let visit = Visit::public(origin, &client, None, None);
        threat::admit(cx, &pool, &client, &visit).await?;
        let (given, session) = (BTreeMap::new(), Some(session.clone()));
        Ok(Self { cx, door: Door::Public, pool, client, given, session, visit, watch: Watch::default() })
    }
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
        secret_hash::of_sign_in(&self.client, self.optional("SECRET_HASH"), usernames)
    }

    /// The part of [`Attempt::check_secret_hash`] that needs no username.
    fn check_secret_hash_present(&self) -> Result<()> {
        match self.optional("SECRET_HASH") {
            Some(_) => Ok(()),
            None => secret_hash::of_sign_in(&self.client, None, &[]),
        }
    }

    /// The request as triggers are told of it.
    fn occasion(&self) -> Occasion<'_> {
        Occasion { cx: self.cx, pool: &self.pool, client_id: Some(&self.client.id), visit: &self.visit }
    }

    /// Whom a sign-in under that name is about, for triggers; `username` is the internal name, or the one made up.
    fn candidate<'c>(&self, username: &'c str, user: Option<&'c User>) -> Candidate<'c> {
        Candidate { username, user, hides: self.client.hides_user_existence() }
    }

    /// The user of that name, who may begin to sign in; nobody is an error unless the client may not learn who exists.
    async fn user(&self, name: &str) -> Result<Option<User>> {
        self.admitted(name, self.found(name).await?).await
    }

    /// The same for a request that brings the password itself: a name that nobody has may be known to the pool's
    /// UserMigration. Where that takes the password for wrong, or the name is locked, the refusal comes beside nobody.
    async fn user_with_password(&self, name: &str, password: &str) -> Result<(Option<User>, Option<Error>)> {
        let found = self.found(name).await?;
        let (user, refusal) = match found {
            // No directory's password is too long for one.
            None if migrate::is_possible(self.occasion()) && !passwords::is_too_long(password) => {
                self.migrated(name, password).await?
            }
            found => (found, None),
        };
        Ok((self.admitted(name, user).await?, refusal))
    }

    /// Asks the other directory. Guesses there take turns, are counted and lock like guesses here: the function's answer
    /// says as much as a password check does.
    async fn migrated(&self, name: &str, password: &str) -> Result<(Option<User>, Option<Error>)> {
        let (cx, pool, hides) = (self.cx, &self.pool, self.client.hides_user_existence());
        let trial = match Trial::begin(cx, pool, lockout::subject(cx, pool, None, name)).await {
            Ok(trial) => trial,
            Err(locked) if hides => return Ok((None, Some(locked))),
            Err(locked) => return Err(locked),
        };
        // Whoever had the turn before may have brought the user here.
        if let Some(user) = self.found(name).await? {
            return Ok((Some(user), None));
        }
        match migrate::by_password(self.occasion(), pool, name, password).await? {
            Some(user) => Ok((Some(user), None)),
            None if hides => {
                passwords::burn(cx, pool, name, password).await?;
                Ok((None, Some(trial.failed(Error::incorrect_username_or_password).await)))
            }
            None => Err(trial.failed(Error::user_not_found).await),
        }
    }

    async fn found(&self, name: &str) -> Result<Option<User>> {
        check_name(name)?;
        let (pool, name) = (Arc::clone(&self.pool), name.to_owned());
        self.cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await
    }

    /// Refuses who may not even begin.
    async fn admitted(&self, name: &str, user: Option<User>) -> Result<Option<User>> {
        if let Some(user) = &user {
            self.watch.user(&user.id);
        }
        if !self.client.hides_user_existence() {
            match &user {
                None => return Err(Error::user_not_found()),
                Some(user) if !user.enabled => return Err(Error::user_disabled()),
                Some(_) => {}
            }
        }
        let username = user.as_ref().map_or(name, |user| &user.username);
        pre_authentication::run(self.occasion(), self.candidate(username, user.as_ref())).await?;
        Ok(user)
    }

    async fn user_by_id(&self, id: &str) -> Result<Option<User>> {
        let (pool, id) = (Arc::clone(&self.pool), id.to_owned());
        self.cx.store.read(move |tx| user::by_id(tx, &pool, &id)).await
    }
}

/// Refuses what cannot be anybody's name. `AuthParameters` are texts of any kind: what the model says of usernames
/// (UsernameType) is checked here.
fn check_name(name: &str) -> Result<()> {
    let mut found = Violations::default();
    Username::parse(Value::from(name), &Path::Member(&Path::Root, "Username"), &mut found)?;
    found.into_result()
}
