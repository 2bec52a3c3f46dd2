//! SigV4 access keys of accounts, with their secrets sealed and what their policies allow.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    pub account: String,
    pub name: String,
    pub created_ms: i64,
    pub revoked_ms: Option<i64>,
    pub sealed: Vec<u8>,
    /// An IAM policy document.
    pub policy: String,
}

debug_keys!(AccessKey { id, account, name });

pub fn insert(tx: &mut Tx<'_>, key: &AccessKey) -> Result<(), Error> {
    tx.run(
        "INSERT INTO access_keys (id, account, name, created_ms, revoked_ms, sealed, policy)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&key.id).into(),
            (&key.account).into(),
            (&key.name).into(),
            key.created_ms.into(),
            key.revoked_ms.into(),
            (&key.sealed).into(),
            (&key.policy).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<AccessKey>, Error> {
    tx.one(
        "SELECT id, account, name, created_ms, revoked_ms, sealed, policy FROM access_keys WHERE id = $1",
        &[id.into()],
    )?
    .map(|row| key(&row))
    .transpose()
}

/// Keys of every account with ids after `after` (`""` for the first page), in order of id.
pub fn list(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<AccessKey>, Error> {
    tx.all(
        "SELECT id, account, name, created_ms, revoked_ms, sealed, policy FROM access_keys
         WHERE id > $1 ORDER BY id LIMIT $2",
        &[after.into(), limit.into()],
    )?
    .iter()
    .map(key)
    .collect()
}

/// False if there is no such key or it is revoked already.
pub fn revoke(tx: &mut Tx<'_>, id: &str, now_ms: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE access_keys SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL",
        &[id.into(), now_ms.into()],
    )?;
    Ok(changed == 1)
}

fn key(row: &Row) -> Result<AccessKey, Error> {
    Ok(AccessKey {
        id: row.text(0)?,
        account: row.text(1)?,
        name: row.text(2)?,
        created_ms: row.int(3)?,
        revoked_ms: row.opt_int(4)?,
        sealed: row.bytes(5)?,
        policy: row.text(6)?,
    })
}
