//! Ends sessions: one, or all that a user has.

use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, sessions};

use super::refresh::Note;
use crate::accounts::user::{self, OnConflict};
use crate::context::Context;
use crate::directory::Pool;

/// Revokes the session a refresh token belongs to, with every token that came from it. One that is gone or revoked
/// already needs nothing done.
pub async fn session(cx: &Context, note: &Note) -> Result<()> {
    let now = cx.clock.now_ms();
    let note = note.clone();
    cx.store
        .write(move |tx| {
            let key = sessions::Key { pool: &note.pool_id, user: &note.user_id, id: &note.session_id };
            Ok::<_, Error>(sessions::revoke(tx, key, now).map(drop)?)
        })
        .await
}

/// Revokes every token of every sign-in until now: those of sessions, and those that sign-ins under way are about to get.
///
/// False if there is no such user.
pub fn everything(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, now_ms: i64) -> Result<bool> {
    let Some(before) = user::by_id(tx, pool, user_id)? else { return Ok(false) };
    let mut user = before.clone();
    user.signed_out_ms = now_ms.max(before.signed_out_ms);
    user::update(tx, pool, &before, &user, OnConflict::Refuse)
        .map_err(|refused| refused.in_words(|_| Error::internal("a user lost an alias by signing out")))?;
    sessions::revoke_all(tx, &pool.id, user_id, now_ms)?;
    Ok(true)
}
