//! Passwords known from breaches: refused where they are set, and found where they are used.

use cognate_shapes::enums::{EventFilter, EventResponse, EventType, UserStatus};
use cognate_shapes::error::{Error, Result};

use super::events::{self, Event};
use super::weigh::Circumstances;
use super::{Mode, mode, rules};
use crate::accounts::user::User;
use crate::auth::Attempt;
use crate::context::Context;
use crate::directory::{Client, Pool};

/// Refuses a new password that is known from a breach, where pool and client say so for this kind of event.
pub async fn check_new(cx: &Context, pool: &Pool, client: &Client, at: EventFilter, password: &str) -> Result<()> {
    if mode(pool) != Some(Mode::Enforced) || !cx.threat.breaches.contain(password) {
        return Ok(());
    }
    let refuses = rules::of(cx, pool, client).await?.refuses_compromised(at);
    if refuses { Err(Error::compromised_password()) } else { Ok(()) }
}

/// Looks at a password that was just proved to be the user's. One known from a breach is noted in the sign-in's event
/// and, where pool and client say so, must be reset before it is of use again. A temporary one must be anyway.
pub async fn check_used(attempt: &Attempt<'_>, user: &User, password: &str) -> Result<()> {
    let (cx, pool, client) = (attempt.cx, &attempt.pool, &attempt.client);
    let Some(mode) = mode(pool) else { return Ok(()) };
    if !cx.threat.breaches.contain(password) {
        return Ok(());
    }
    attempt.watch.found_compromised();
    if user.status == UserStatus::ForceChangePassword {
        return Ok(());
    }
    if mode != Mode::Enforced || !rules::of(cx, pool, client).await?.refuses_compromised(EventFilter::SignIn) {
        return Ok(());
    }
    let here = Circumstances::of(cx, &attempt.visit);
    let mut event = Event::new(EventType::SignIn, EventResponse::Fail, Some(&client.id), &here);
    event.mode = Some(mode.into());
    event.refused_as_compromised();
    events::record(cx, pool, &user.id, &cx.rng.uuid(), event).await?;
    attempt.watch.settled();
    Err(Error::password_reset_required())
}
