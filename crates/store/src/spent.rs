//! Ids of challenges that were answered and are good for nothing more.

use crate::{Error, Tx};

/// True the first time. The id is remembered until it is pruned after `expires_ms`, when the challenge itself is refused.
pub fn spend(tx: &mut Tx<'_>, pool: &str, id: &[u8], expires_ms: i64) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO spent (pool_id, id, expires_ms) VALUES ($1, $2, $3) ON CONFLICT (pool_id, id) DO NOTHING",
        &[pool.into(), id.into(), expires_ms.into()],
    )?;
    Ok(inserted == 1)
}

pub fn is_spent(tx: &mut Tx<'_>, pool: &str, id: &[u8]) -> Result<bool, Error> {
    Ok(tx.one("SELECT 1 FROM spent WHERE pool_id = $1 AND id = $2", &[pool.into(), id.into()])?.is_some())
}

/// Forgets at most `limit` ids that expired before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM spent WHERE (pool_id, id) IN
             (SELECT pool_id, id FROM spent WHERE expires_ms < $1 ORDER BY expires_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}
