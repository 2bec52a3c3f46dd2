//! Pending one-time codes as keyed hashes: one for a user and purpose, the newest. A purpose may be one sign-in's.

use crate::tx::debug_keys;
use crate::{Error, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    pub pool_id: String,
    pub user_id: String,
    /// What the code confirms.
    pub purpose: String,
    pub hash: Vec<u8>,
    pub created_ms: i64,
    pub expires_ms: i64,
    /// Wrong guesses so far.
    pub attempts: i64,
    pub doc: String,
}

debug_keys!(Code { pool_id, user_id, purpose });

/// Keeps the code in place of the one before.
pub fn put(tx: &mut Tx<'_>, code: &Code) -> Result<(), Error> {
    tx.run(
        "INSERT INTO codes (pool_id, user_id, purpose, hash, created_ms, expires_ms, attempts, doc)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (pool_id, user_id, purpose) DO UPDATE SET hash = excluded.hash, created_ms = excluded.created_ms,
             expires_ms = excluded.expires_ms, attempts = excluded.attempts, doc = excluded.doc",
        &[
            (&code.pool_id).into(),
            (&code.user_id).into(),
            (&code.purpose).into(),
            (&code.hash).into(),
            code.created_ms.into(),
            code.expires_ms.into(),
            code.attempts.into(),
            (&code.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, user: &str, purpose: &str) -> Result<Option<Code>, Error> {
    tx.one(
        "SELECT pool_id, user_id, purpose, hash, created_ms, expires_ms, attempts, doc FROM codes
         WHERE pool_id = $1 AND user_id = $2 AND purpose = $3",
        &[pool.into(), user.into(), purpose.into()],
    )?
    .map(|row| {
        Ok(Code {
            pool_id: row.text(0)?,
            user_id: row.text(1)?,
            purpose: row.text(2)?,
            hash: row.bytes(3)?,
            created_ms: row.int(4)?,
            expires_ms: row.int(5)?,
            attempts: row.int(6)?,
            doc: row.text(7)?,
        })
    })
    .transpose()
}

/// Counts a wrong guess and answers how many there were, or `None` if there is no code.
pub fn count_attempt(tx: &mut Tx<'_>, pool: &str, user: &str, purpose: &str) -> Result<Option<i64>, Error> {
    tx.one(
        "UPDATE codes SET attempts = attempts + 1 WHERE pool_id = $1 AND user_id = $2 AND purpose = $3 RETURNING attempts",
        &[pool.into(), user.into(), purpose.into()],
    )?
    .map(|row| row.int(0))
    .transpose()
}

/// False if there was none: of two who redeem a code, one gets true.
pub fn delete(tx: &mut Tx<'_>, pool: &str, user: &str, purpose: &str) -> Result<bool, Error> {
    let changed = tx.run(
        "DELETE FROM codes WHERE pool_id = $1 AND user_id = $2 AND purpose = $3",
        &[pool.into(), user.into(), purpose.into()],
    )?;
    Ok(changed == 1)
}

/// Forgets at most `limit` codes that expired before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM codes WHERE (pool_id, user_id, purpose) IN
             (SELECT pool_id, user_id, purpose FROM codes WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}
