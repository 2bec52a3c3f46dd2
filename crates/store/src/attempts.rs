//! How often something was tried in a window of time: the service's hourly limits.

use crate::{Error, Tx};

/// Counts one more and answers the count. `window_ms` is when the window began.
pub fn increment(tx: &mut Tx<'_>, pool: &str, subject: &str, kind: &str, window_ms: i64) -> Result<i64, Error> {
    let row = tx.one(
        "INSERT INTO attempts (pool_id, subject, kind, window_ms, count) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (pool_id, subject, kind, window_ms) DO UPDATE SET count = attempts.count + 1 RETURNING count",
        &[pool.into(), subject.into(), kind.into(), window_ms.into()],
    )?;
    row.ok_or_else(|| Error::Database("an upsert answered no row".to_owned()))?.int(0)
}

/// The count without counting.
pub fn get(tx: &mut Tx<'_>, pool: &str, subject: &str, kind: &str, window_ms: i64) -> Result<i64, Error> {
    tx.one(
        "SELECT count FROM attempts WHERE pool_id = $1 AND subject = $2 AND kind = $3 AND window_ms = $4",
        &[pool.into(), subject.into(), kind.into(), window_ms.into()],
    )?
    .map_or(Ok(0), |row| row.int(0))
}

/// Forgets at most `limit` counts of windows that began before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM attempts WHERE (pool_id, subject, kind, window_ms) IN
             (SELECT pool_id, subject, kind, window_ms FROM attempts WHERE window_ms < $1 ORDER BY window_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}
