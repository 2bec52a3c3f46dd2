//! The RSA keys that sign a pool's tokens, with the private halves sealed.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub pool_id: String,
    pub kid: String,
    /// `id` or `access`.
    pub token_use: String,
    pub created_ms: i64,
    /// Since when the key only verifies.
    pub retired_ms: Option<i64>,
    /// The public half as a JWK.
    pub public: String,
    pub sealed: Vec<u8>,
}

debug_keys!(SigningKey { pool_id, kid, token_use });

pub fn insert(tx: &mut Tx<'_>, key: &SigningKey) -> Result<(), Error> {
    tx.run(
        "INSERT INTO signing_keys (pool_id, kid, token_use, created_ms, retired_ms, public, sealed)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&key.pool_id).into(),
            (&key.kid).into(),
            (&key.token_use).into(),
            key.created_ms.into(),
            key.retired_ms.into(),
            (&key.public).into(),
            (&key.sealed).into(),
        ],
    )
    .map(drop)
}

/// The pool's keys, the retired as well, the oldest first.
pub fn list(tx: &mut Tx<'_>, pool: &str) -> Result<Vec<SigningKey>, Error> {
    tx.all(
        "SELECT pool_id, kid, token_use, created_ms, retired_ms, public, sealed FROM signing_keys
         WHERE pool_id = $1 ORDER BY created_ms, kid",
        &[pool.into()],
    )?
    .iter()
    .map(key)
    .collect()
}

/// False if there is no such key or it is retired already.
pub fn retire(tx: &mut Tx<'_>, pool: &str, kid: &str, now_ms: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE signing_keys SET retired_ms = $3 WHERE pool_id = $1 AND kid = $2 AND retired_ms IS NULL",
        &[pool.into(), kid.into(), now_ms.into()],
    )?;
    Ok(changed == 1)
}

/// Deletes at most `limit` keys that were retired before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM signing_keys WHERE (pool_id, kid) IN
             (SELECT pool_id, kid FROM signing_keys WHERE retired_ms < $1 ORDER BY retired_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}

/// Deletes a key that verifies nothing that is still good. False if there is no such key.
pub fn delete(tx: &mut Tx<'_>, pool: &str, kid: &str) -> Result<bool, Error> {
    Ok(tx.run("DELETE FROM signing_keys WHERE pool_id = $1 AND kid = $2", &[pool.into(), kid.into()])? == 1)
}

fn key(row: &Row) -> Result<SigningKey, Error> {
    Ok(SigningKey {
        pool_id: row.text(0)?,
        kid: row.text(1)?,
        token_use: row.text(2)?,
        created_ms: row.int(3)?,
        retired_ms: row.opt_int(4)?,
        public: row.text(5)?,
        sealed: row.bytes(6)?,
    })
}
