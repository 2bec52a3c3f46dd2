//! User pools, how many users each has, and the end of a pool with all that is its own.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

/// Over how many rows the count of a pool's users is spread.
pub const SHARDS: i64 = 16;

#[derive(Clone, PartialEq, Eq)]
pub struct Pool {
    pub id: String,
    pub account: String,
    pub region: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// One at first, one more with each [`update`].
    pub version: i64,
    pub doc: String,
}

debug_keys!(Pool { id, account, region, version });

pub fn insert(tx: &mut Tx<'_>, pool: &Pool) -> Result<(), Error> {
    tx.run(
        "INSERT INTO pools (id, account, region, name, created_ms, modified_ms, version, doc)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            (&pool.id).into(),
            (&pool.account).into(),
            (&pool.region).into(),
            (&pool.name).into(),
            pool.created_ms.into(),
            pool.modified_ms.into(),
            pool.version.into(),
            (&pool.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Pool>, Error> {
    tx.one(
        "SELECT id, account, region, name, created_ms, modified_ms, version, doc FROM pools WHERE id = $1",
        &[id.into()],
    )?
    .map(|row| pool(&row))
    .transpose()
}

/// Replaces name, modified_ms and doc if the pool still has `pool.version`, and answers the new version.
pub fn update(tx: &mut Tx<'_>, pool: &Pool) -> Result<Option<i64>, Error> {
    tx.one(
        "UPDATE pools SET name = $3, modified_ms = $4, doc = $5, version = version + 1
         WHERE id = $1 AND version = $2 RETURNING version",
        &[(&pool.id).into(), pool.version.into(), (&pool.name).into(), pool.modified_ms.into(), (&pool.doc).into()],
    )?
    .map(|row| row.int(0))
    .transpose()
}

/// The account's pools of a region with ids after `after` (`""` for the first page), in order of id.
pub fn list(tx: &mut Tx<'_>, account: &str, region: &str, after: &str, limit: i64) -> Result<Vec<Pool>, Error> {
    tx.all(
        "SELECT id, account, region, name, created_ms, modified_ms, version, doc FROM pools
         WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
        &[account.into(), region.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(pool)
    .collect()
}

pub fn count(tx: &mut Tx<'_>, account: &str, region: &str) -> Result<i64, Error> {
    match tx.one("SELECT COUNT(*) FROM pools WHERE account = $1 AND region = $2", &[account.into(), region.into()])? {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

/// Adds `users` (or takes them away) in the shard that `spread` falls into; any number that differs between users will do.
pub fn add_users(tx: &mut Tx<'_>, pool: &str, spread: i64, users: i64) -> Result<(), Error> {
    tx.run(
        "INSERT INTO pool_counts (pool_id, shard, users) VALUES ($1, $2, $3)
         ON CONFLICT (pool_id, shard) DO UPDATE SET users = pool_counts.users + excluded.users",
        &[pool.into(), spread.rem_euclid(SHARDS).into(), users.into()],
    )
    .map(drop)
}

/// How many users the pool has.
pub fn users(tx: &mut Tx<'_>, pool: &str) -> Result<i64, Error> {
    let shards = tx.all("SELECT users FROM pool_counts WHERE pool_id = $1", &[pool.into()])?;
    shards.iter().map(|row| row.int(0)).sum()
}

/// Every table with rows of a pool, other than `pools` itself.
const OF_A_POOL: &[&str] = &[
    "DELETE FROM pool_counts WHERE pool_id = $1",
    "DELETE FROM clients WHERE pool_id = $1",
    "DELETE FROM client_secrets WHERE pool_id = $1",
    "DELETE FROM users WHERE pool_id = $1",
    "DELETE FROM aliases WHERE pool_id = $1",
    "DELETE FROM user_search WHERE pool_id = $1",
    "DELETE FROM codes WHERE pool_id = $1",
    "DELETE FROM attempts WHERE pool_id = $1",
    "DELETE FROM failures WHERE pool_id = $1",
    "DELETE FROM sessions WHERE pool_id = $1",
    "DELETE FROM spent WHERE pool_id = $1",
    "DELETE FROM groups WHERE pool_id = $1",
    "DELETE FROM memberships WHERE pool_id = $1",
    "DELETE FROM signing_keys WHERE pool_id = $1",
    "DELETE FROM devices WHERE pool_id = $1",
    "DELETE FROM passkeys WHERE pool_id = $1",
    "DELETE FROM risk_configurations WHERE pool_id = $1",
    "DELETE FROM auth_events WHERE pool_id = $1",
];

/// Deletes the pool and every row that is its own. False if there is no such pool.
pub fn delete(tx: &mut Tx<'_>, id: &str) -> Result<bool, Error> {
    if tx.run("DELETE FROM pools WHERE id = $1", &[id.into()])? == 0 {
        return Ok(false);
    }
    for sql in OF_A_POOL {
        tx.run(sql, &[id.into()])?;
    }
    Ok(true)
}

fn pool(row: &Row) -> Result<Pool, Error> {
    Ok(Pool {
        id: row.text(0)?,
        account: row.text(1)?,
        region: row.text(2)?,
        name: row.text(3)?,
        created_ms: row.int(4)?,
        modified_ms: row.int(5)?,
        version: row.int(6)?,
        doc: row.text(7)?,
    })
}
