//! What users and administrators say of events: it was the user, or it was not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::seal::Kind;
use cognate_shapes::enums::FeedbackValue;
use cognate_shapes::error::{Error, Result};
use cognate_store::auth_events;
use serde::{Deserialize, Serialize};

use super::events::{self, Feedback};
use crate::accounts::user;
use crate::context::Context;
use crate::directory::Pool;

/// How long a link in a mail is good, in milliseconds.
const LIFE_MS: i64 = 7 * 86_400_000;

/// What the token of a link says.
#[derive(Serialize, Deserialize)]
struct Ticket {
    user_id: String,
    event_id: String,
    expires_ms: i64,
}

/// The token with which a user, signed in or not, may say something of this one event.
pub fn token(cx: &Context, pool: &Pool, user_id: &str, event_id: &str) -> Result<String> {
    let expires_ms = cx.clock.now_ms() + LIFE_MS;
    let ticket = Ticket { user_id: user_id.to_owned(), event_id: event_id.to_owned(), expires_ms };
    let plain = serde_json::to_vec(&ticket)
        .map_err(|error| Error::internal("a feedback token does not serialize").caused_by(error))?;
    Ok(URL_SAFE_NO_PAD.encode(cx.seals.seal(&cx.rng, Kind::Feedback, &plain, pool.id.as_bytes())))
}

/// Takes what the holder of a token says. The token is looked at before the name, so that nobody learns who exists.
pub async fn by_user(
    cx: &Context,
    pool: &Arc<Pool>,
    name: &str,
    event_id: &str,
    token: &str,
    value: FeedbackValue,
) -> Result<()> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok();
    let plain = sealed.and_then(|sealed| cx.seals.open_foreign(Kind::Feedback, &sealed, pool.id.as_bytes()));
    let ticket: Option<Ticket> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    let ticket = ticket.ok_or_else(Error::invalid_feedback_token)?;
    if ticket.event_id != event_id || cx.clock.now_ms() >= ticket.expires_ms {
        return Err(Error::invalid_feedback_token());
    }
    note(cx, pool, name, Some(ticket.user_id), event_id, value, "User").await
}

/// Takes what an administrator says.
pub async fn by_administrator(
    cx: &Context,
    pool: &Arc<Pool>,
    name: &str,
    event_id: &str,
    value: FeedbackValue,
) -> Result<()> {
    note(cx, pool, name, None, event_id, value, "Admin").await
}

#[expect(clippy::too_many_arguments, reason = "an event's whole key, and who says what of it")]
async fn note(
    cx: &Context,
    pool: &Arc<Pool>,
    name: &str,
    holder: Option<String>,
    event_id: &str,
    value: FeedbackValue,
    provider: &'static str,
) -> Result<()> {
    let (pool, name, event_id) = (Arc::clone(pool), name.to_owned(), event_id.to_owned());
    let (now, life) = (cx.clock.now_ms(), events::life_ms(cx));
    let noted = cx.store.write(move |tx| {
        let user = user::by_name(tx, &pool, &name)?.ok_or_else(Error::user_not_found)?;
        if holder.as_ref().is_some_and(|holder| *holder != user.id) {
            return Err(Error::invalid_feedback_token());
        }
        if auth_events::get(tx, &pool.id, &user.id, &event_id)?.is_none() {
            return Err(Error::event_not_found());
        }
        events::update(tx, &pool.id, &user.id, &event_id, now, life, None, |event| {
            event.feedback = Some(Feedback { value, provider: provider.to_owned(), at_ms: now });
        })
    });
    noted.await
}
