//! How far a sign-in has come: what it began with, and what was proved since. Every `Session` carries it.

use std::fmt;
use std::sync::Arc;

use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, spent};
use serde::{Deserialize, Serialize};

use super::Attempt;
use super::devices::Recognized;
use super::step_up::Level;
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::context::Context;
use crate::triggers::define_auth_challenge::Rounds;

/// One sign-in between its first request and its tokens.
#[derive(Clone, Serialize, Deserialize)]
pub struct Progress {
    /// The flow it began by.
    pub flow: AuthFlow,
    /// The `sub`. Of a user who does not exist, one made up.
    pub user_id: String,
    /// The internal username, which clients echo and hash.
    pub username: String,
    /// The name the caller began with.
    pub typed: String,
    /// The `event_id` of the tokens, and of the event that threat protection keeps.
    pub event_id: String,
    /// What was proved, in order.
    pub proved: Vec<Factor>,
    /// The level that the caller demands, from 1.
    #[serde(default)]
    pub target: Option<Level>,
    /// The id of the choice that the next challenge comes from: both are used up together.
    #[serde(default)]
    pub follows: Option<String>,
    /// What a custom sign-in has come to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom: Option<Custom>,
    /// Whether the user had a temporary password and has just replaced it.
    #[serde(default)]
    pub renewed_password: bool,
    /// The DEVICE_KEY that the sign-in began with, whosever it is.
    #[serde(default)]
    pub offered_device: Option<String>,
    /// The user's device that the sign-in comes from. `None` where devices are tracked: a new one.
    #[serde(default)]
    pub device: Option<Recognized>,
    /// Of a client that sends no sessions: by what it is known again.
    #[serde(default)]
    pub sessionless: Option<Vec<u8>>,
    /// Whether threat protection wants a second factor, which the user has, where the pool may leave it open.
    #[serde(default)]
    pub at_risk: bool,
    /// Whether threat protection has judged the sign-in.
    #[serde(default)]
    pub assessed: bool,
}

/// A sign-in by CUSTOM_AUTH, whose steps the pool's functions choose.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Custom {
    pub rounds: Rounds,
    /// The challenge that waits for its answer.
    pub asked: Option<ChallengeName>,
    /// The caller's public value, where the sign-in began with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srp_a: Option<String>,
    /// Whether the functions have nothing more to ask.
    pub done: bool,
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom").field("asked", &self.asked).field("done", &self.done).finish_non_exhaustive()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("flow", &self.flow).field("proved", &self.proved).finish_non_exhaustive()
    }
}

impl Progress {
    /// A sign-in of this user in which nothing is proved yet.
    pub fn of(attempt: &Attempt<'_>, flow: AuthFlow, user: &User, typed: &str) -> Self {
        Self::of_names(attempt, flow, &user.id, &user.username, typed)
    }

    /// The same for names that nobody has.
    pub fn of_names(attempt: &Attempt<'_>, flow: AuthFlow, user_id: &str, username: &str, typed: &str) -> Self {
        Self {
            flow,
            user_id: user_id.to_owned(),
            username: username.to_owned(),
            typed: typed.to_owned(),
            event_id: attempt.cx.rng.uuid(),
            proved: Vec::new(),
            target: None,
            follows: None,
            custom: None,
            renewed_password: false,
            offered_device: attempt.optional("DEVICE_KEY").map(str::to_owned),
            device: None,
            sessionless: None,
            at_risk: false,
            assessed: false,
        }
    }

    #[must_use]
    pub fn with(mut self, factor: Factor) -> Self {
        self.proved.push(factor);
        self
    }

    pub fn has(&self, factor: Factor) -> bool {
        self.proved.contains(&factor)
    }
}

type Change = Arc<dyn Fn(&mut Tx<'_>) -> Result<()> + Send + Sync>;

/// What a step of a sign-in writes: with the tokens it leads to, or before the next challenge is asked.
#[derive(Clone, Default)]
pub struct Changes(Vec<Change>);

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changes").field(&self.0.len()).finish()
    }
}

impl Changes {
    pub fn none() -> Self {
        Self::default()
    }

    /// Uses up what is known by `id` until it expires. Once that is done it is refused, in the words of `replayed`.
    pub fn spending(pool_id: &str, id: &str, expires_ms: i64, replayed: fn() -> Error) -> Self {
        let (pool_id, id) = (pool_id.to_owned(), id.to_owned());
        Self::none().and(move |tx| {
            let first = spent::spend(tx, &pool_id, id.as_bytes(), expires_ms)?;
            if first { Ok(()) } else { Err(replayed()) }
        })
    }

    /// Adds one. Like every write it may run twice.
    #[must_use]
    pub fn and(mut self, change: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static) -> Self {
        self.0.push(Arc::new(change));
        self
    }

    pub fn apply(&self, tx: &mut Tx<'_>) -> Result<()> {
        self.0.iter().try_for_each(|change| change(tx))
    }

    /// Writes them now, if there are any.
    pub async fn commit(self, cx: &Context) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        cx.store.write(move |tx| self.apply(tx)).await
    }
}
