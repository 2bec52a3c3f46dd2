//! What threat protection saw of each user, newest first.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct AuthEvent {
    pub pool_id: String,
    pub user_id: String,
    pub id: String,
    pub created_ms: i64,
    pub expires_ms: i64,
    /// What it says of later events: `user`, `failure`, or nothing.
    pub known_as: String,
    pub doc: String,
}

debug_keys!(AuthEvent { pool_id, user_id, id });

/// Keeps the event; one of the same id keeps its time and gets the new meaning and document.
pub fn put(tx: &mut Tx<'_>, event: &AuthEvent) -> Result<(), Error> {
    tx.run(
        "INSERT INTO auth_events (pool_id, user_id, id, created_ms, expires_ms, known_as, doc)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (pool_id, user_id, id) DO UPDATE SET known_as = excluded.known_as, doc = excluded.doc",
        &[
            (&event.pool_id).into(),
            (&event.user_id).into(),
            (&event.id).into(),
            event.created_ms.into(),
            event.expires_ms.into(),
            (&event.known_as).into(),
            (&event.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, user: &str, id: &str) -> Result<Option<AuthEvent>, Error> {
    tx.one(
        "SELECT pool_id, user_id, id, created_ms, expires_ms, known_as, doc FROM auth_events
         WHERE pool_id = $1 AND user_id = $2 AND id = $3",
        &[pool.into(), user.into(), id.into()],
    )?
    .map(|row| auth_event(&row))
    .transpose()
}

/// The user's events before that moment and, at that moment, before that id; newest first.
pub fn list(
    tx: &mut Tx<'_>,
    pool: &str,
    user: &str,
    before_ms: i64,
    before_id: &str,
    limit: i64,
) -> Result<Vec<AuthEvent>, Error> {
    tx.all(
        "SELECT pool_id, user_id, id, created_ms, expires_ms, known_as, doc FROM auth_events
         WHERE pool_id = $1 AND user_id = $2 AND (created_ms, id) < ($3, $4)
         ORDER BY created_ms DESC, id DESC LIMIT $5",
        &[pool.into(), user.into(), before_ms.into(), before_id.into(), limit.into()],
    )?
    .iter()
    .map(auth_event)
    .collect()
}

/// The user's newest events of one meaning since a moment, newest first.
pub fn known_as(
    tx: &mut Tx<'_>,
    pool: &str,
    user: &str,
    known_as: &str,
    since_ms: i64,
    limit: i64,
) -> Result<Vec<AuthEvent>, Error> {
    tx.all(
        "SELECT pool_id, user_id, id, created_ms, expires_ms, known_as, doc FROM auth_events
         WHERE pool_id = $1 AND user_id = $2 AND known_as = $3 AND created_ms >= $4
         ORDER BY created_ms DESC LIMIT $5",
        &[pool.into(), user.into(), known_as.into(), since_ms.into(), limit.into()],
    )?
    .iter()
    .map(auth_event)
    .collect()
}

/// Forgets at most `limit` events that expired before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM auth_events WHERE (pool_id, user_id, id) IN
             (SELECT pool_id, user_id, id FROM auth_events WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}

/// Reads the seven columns in the order that every SELECT of events has.
fn auth_event(row: &Row) -> Result<AuthEvent, Error> {
    Ok(AuthEvent {
        pool_id: row.text(0)?,
        user_id: row.text(1)?,
        id: row.text(2)?,
        created_ms: row.int(3)?,
        expires_ms: row.int(4)?,
        known_as: row.text(5)?,
        doc: row.text(6)?,
    })
}
