//! Failed sign-ins in a row, behind the password lock-out. The subject is a user's username_key, or stands for a name
//! that nobody has.

use crate::{Error, Tx};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Failures {
    pub count: i64,
    pub last_ms: i64,
    /// Until when sign-ins are refused; 0 for not at all.
    pub locked_until_ms: i64,
}

pub fn get(tx: &mut Tx<'_>, pool: &str, subject: &[u8]) -> Result<Option<Failures>, Error> {
    tx.one(
        "SELECT count, last_ms, locked_until_ms FROM failures WHERE pool_id = $1 AND subject = $2",
        &[pool.into(), subject.into()],
    )?
    .map(|row| Ok(Failures { count: row.int(0)?, last_ms: row.int(1)?, locked_until_ms: row.int(2)? }))
    .transpose()
}

pub fn put(tx: &mut Tx<'_>, pool: &str, subject: &[u8], failures: Failures) -> Result<(), Error> {
    tx.run(
        "INSERT INTO failures (pool_id, subject, count, last_ms, locked_until_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (pool_id, subject) DO UPDATE SET count = excluded.count, last_ms = excluded.last_ms,
             locked_until_ms = excluded.locked_until_ms",
        &[pool.into(), subject.into(), failures.count.into(), failures.last_ms.into(), failures.locked_until_ms.into()],
    )
    .map(drop)
}

/// False if there were none.
pub fn clear(tx: &mut Tx<'_>, pool: &str, subject: &[u8]) -> Result<bool, Error> {
    Ok(tx.run("DELETE FROM failures WHERE pool_id = $1 AND subject = $2", &[pool.into(), subject.into()])? == 1)
}

/// Forgets at most `limit` whose last failure was before `before_ms`, of all pools, and answers how many.
pub fn prune(tx: &mut Tx<'_>, before_ms: i64, limit: i64) -> Result<u64, Error> {
    tx.run(
        "DELETE FROM failures WHERE (pool_id, subject) IN
             (SELECT pool_id, subject FROM failures WHERE last_ms < $1 ORDER BY last_ms LIMIT $2)",
        &[before_ms.into(), limit.into()],
    )
}
