//! Groups of a pool.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Group {
    pub pool_id: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// Lower goes first; `None` goes last.
    pub precedence: Option<i64>,
    pub doc: String,
}

debug_keys!(Group { pool_id, name });

/// False if the pool has a group of this name.
pub fn insert_if_absent(tx: &mut Tx<'_>, group: &Group) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO groups (pool_id, name, created_ms, modified_ms, precedence, doc) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (pool_id, name) DO NOTHING",
        &[
            (&group.pool_id).into(),
            (&group.name).into(),
            group.created_ms.into(),
            group.modified_ms.into(),
            group.precedence.into(),
            (&group.doc).into(),
        ],
    )?;
    Ok(inserted == 1)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, name: &str) -> Result<Option<Group>, Error> {
    tx.one(
        "SELECT pool_id, name, created_ms, modified_ms, precedence, doc FROM groups WHERE pool_id = $1 AND name = $2",
        &[pool.into(), name.into()],
    )?
    .map(|row| group(&row))
    .transpose()
}

/// Replaces modified_ms, precedence and doc. False if there is no such group.
pub fn update(tx: &mut Tx<'_>, group: &Group) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE groups SET modified_ms = $3, precedence = $4, doc = $5 WHERE pool_id = $1 AND name = $2",
        &[
            (&group.pool_id).into(),
            (&group.name).into(),
            group.modified_ms.into(),
            group.precedence.into(),
            (&group.doc).into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Deletes the group and its memberships. False if there is no such group.
pub fn delete(tx: &mut Tx<'_>, pool: &str, name: &str) -> Result<bool, Error> {
    tx.run("DELETE FROM memberships WHERE pool_id = $1 AND group_name = $2", &[pool.into(), name.into()])?;
    Ok(tx.run("DELETE FROM groups WHERE pool_id = $1 AND name = $2", &[pool.into(), name.into()])? == 1)
}

/// The pool's groups with names after `after` (`""` for the first page), in byte order of the name.
pub fn list(tx: &mut Tx<'_>, pool: &str, after: &str, limit: i64) -> Result<Vec<Group>, Error> {
    tx.all(
        "SELECT pool_id, name, created_ms, modified_ms, precedence, doc FROM groups
         WHERE pool_id = $1 AND name > $2 ORDER BY name LIMIT $3",
        &[pool.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(group)
    .collect()
}

/// How many groups the pool has, counted no further than `limit`.
pub fn count_up_to(tx: &mut Tx<'_>, pool: &str, limit: i64) -> Result<i64, Error> {
    tx.one(
        "SELECT COUNT(*) FROM (SELECT 1 FROM groups WHERE pool_id = $1 LIMIT $2) AS counted",
        &[pool.into(), limit.into()],
    )?
    .map_or(Ok(0), |row| row.int(0))
}

/// Reads the six columns in the order that every SELECT of groups has.
pub(crate) fn group(row: &Row) -> Result<Group, Error> {
    Ok(Group {
        pool_id: row.text(0)?,
        name: row.text(1)?,
        created_ms: row.int(2)?,
        modified_ms: row.int(3)?,
        precedence: row.opt_int(4)?,
        doc: row.text(5)?,
    })
}
