//! Signed-in sessions and the hash of the refresh token that is good for each, through rotation and revocation.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    pub pool_id: String,
    pub user_id: String,
    /// The `origin_jti`, a time-ordered UUID.
    pub id: String,
    pub client_id: String,
    pub created_ms: i64,
    pub expires_ms: i64,
    pub revoked_ms: Option<i64>,
    pub token_hash: Vec<u8>,
    /// The token before the last rotation, which may be good for a grace period more.
    pub previous_hash: Option<Vec<u8>>,
    pub rotated_ms: Option<i64>,
    pub doc: String,
}

debug_keys!(Session { pool_id, user_id, id });

pub fn insert(tx: &mut Tx<'_>, session: &Session) -> Result<(), Error> {
    tx.run(
        "INSERT INTO sessions (pool_id, user_id, id, client_id, created_ms, expires_ms, revoked_ms, token_hash,
                               previous_hash, rotated_ms, doc)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            (&session.pool_id).into(),
            (&session.user_id).into(),
            (&session.id).into(),
            (&session.client_id).into(),
            session.created_ms.into(),
            session.expires_ms.into(),
            session.revoked_ms.into(),
            (&session.token_hash).into(),
            session.previous_hash.as_ref().into(),
            session.rotated_ms.into(),
            (&session.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, user: &str, id: &str) -> Result<Option<Session>, Error> {
    tx.one(
        "SELECT pool_id, user_id, id, client_id, created_ms, expires_ms, revoked_ms, token_hash, previous_hash, rotated_ms,
                doc
         FROM sessions WHERE pool_id = $1 AND user_id = $2 AND id = $3",
        &[pool.into(), user.into(), id.into()],
    )?
    .map(|row| session(&row))
    .transpose()
}

/// The user's sessions with ids after `after` (`""` for the first page), in order of id, which is that of sign-in.
pub fn of_user(tx: &mut Tx<'_>, pool: &str, user: &str, after: &str, limit: i64) -> Result<Vec<Session>, Error> {
    tx.all(
        "SELECT pool_id, user_id, id, client_id, created_ms, expires_ms, revoked_ms, token_hash, previous_hash, rotated_ms,
                doc
         FROM sessions WHERE pool_id = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4",
        &[pool.into(), user.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(session)
    .collect()
}

/// Those of them that are neither revoked nor expired at `now_ms`.
pub fn live_of_user(
    tx: &mut Tx<'_>,
    pool: &str,
    user: &str,
    after: &str,
    limit: i64,
    now_ms: i64,
) -> Result<Vec<Session>, Error> {
    tx.all(
        "SELECT pool_id, user_id, id, client_id, created_ms, expires_ms, revoked_ms, token_hash, previous_hash, rotated_ms,
                doc
         FROM sessions
         WHERE pool_id = $1 AND user_id = $2 AND id > $3 AND revoked_ms IS NULL AND expires_ms > $5 ORDER BY id LIMIT $4",
        &[pool.into(), user.into(), after.into(), limit.into(), now_ms.into()],
    )?
    .iter()
    .map(session)
    .collect()
}

/// Replaces the document of a session that is there and not revoked.
pub fn annotate(tx: &mut Tx<'_>, key: Key<'_>, doc: &str) -> Result<(), Error> {
    tx.run(
        "UPDATE sessions SET doc = $4 WHERE pool_id = $1 AND user_id = $2 AND id = $3 AND revoked_ms IS NULL",
        &[key.pool.into(), key.user.into(), key.id.into(), doc.into()],
    )
    .map(drop)
}

/// Which session a [`rotate`] or [`revoke`] means.
#[derive(Debug, Clone, Copy)]
pub struct Key<'a> {
    pub pool: &'a str,
    pub user: &'a str,
    pub id: &'a str,
}

/// Puts `next` in place of `current`. False if the session is gone or revoked or another rotation came first.
pub fn rotate(tx: &mut Tx<'_>, key: Key<'_>, current: &[u8], next: &[u8], now_ms: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE sessions SET previous_hash = token_hash, token_hash = $5, rotated_ms = $6
         WHERE pool_id = $1 AND user_id = $2 AND id = $3 AND token_hash = $4 AND revoked_ms IS NULL",
        &[key.pool.into(), key.user.into(), key.id.into(), current.into(), next.into(), now_ms.into()],
    )?;
    Ok(changed == 1)
}

/// False if there is no such session or it is revoked already.
pub fn revoke(tx: &mut Tx<'_>, key: Key<'_>, now_ms: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE sessions SET revoked_ms = $4 WHERE pool_id = $1 AND user_id = $2 AND id = $3 AND revoked_ms IS NULL",
        &[key.pool.into(), key.user.into(), key.id.into(), now_ms.into()],
    )?;
    Ok(changed == 1)
}

/// Revokes all that the user has, and answers how many.
pub fn revoke_all(tx: &mut Tx<'_>, pool: &str, user: &str, now_ms: i64) -> Result<u64, Error> {
    tx.run(
        "UPDATE sessions SET revoked_ms = $3 WHERE pool_id = $1 AND user_id = $2 AND revoked_ms IS NULL",
        &[pool.into(), user.into(), now_ms.into()],
    )
}

/// Deletes at most `limit` sessions that expired before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM sessions WHERE (pool_id, user_id, id) IN
             (SELECT pool_id, user_id, id FROM sessions WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}

fn session(row: &Row) -> Result<Session, Error> {
    Ok(Session {
        pool_id: row.text(0)?,
        user_id: row.text(1)?,
        id: row.text(2)?,
        client_id: row.text(3)?,
        created_ms: row.int(4)?,
        expires_ms: row.int(5)?,
        revoked_ms: row.opt_int(6)?,
        token_hash: row.bytes(7)?,
        previous_hash: row.opt_bytes(8)?,
        rotated_ms: row.opt_int(9)?,
        doc: row.text(10)?,
    })
}
