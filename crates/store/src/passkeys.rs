//! Passkeys of users. The id of a credential is unique in its pool.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Passkey {
    pub pool_id: String,
    pub user_id: String,
    /// The credential's id, at most 1,023 bytes.
    pub id: Vec<u8>,
    pub created_ms: i64,
    pub doc: String,
}

debug_keys!(Passkey { pool_id, user_id });

/// False if somebody in the pool has a passkey of this id.
pub fn insert_if_absent(tx: &mut Tx<'_>, passkey: &Passkey) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO passkeys (pool_id, user_id, id, created_ms, doc) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        &[
            (&passkey.pool_id).into(),
            (&passkey.user_id).into(),
            (&passkey.id).into(),
            passkey.created_ms.into(),
            (&passkey.doc).into(),
        ],
    )?;
    Ok(inserted == 1)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, user: &str, id: &[u8]) -> Result<Option<Passkey>, Error> {
    tx.one(
        "SELECT pool_id, user_id, id, created_ms, doc FROM passkeys WHERE pool_id = $1 AND user_id = $2 AND id = $3",
        &[pool.into(), user.into(), id.into()],
    )?
    .map(|row| passkey(&row))
    .transpose()
}

/// All passkeys of the user, the oldest first.
pub fn of_user(tx: &mut Tx<'_>, pool: &str, user: &str) -> Result<Vec<Passkey>, Error> {
    tx.all(
        "SELECT pool_id, user_id, id, created_ms, doc FROM passkeys WHERE pool_id = $1 AND user_id = $2
         ORDER BY created_ms, id",
        &[pool.into(), user.into()],
    )?
    .iter()
    .map(passkey)
    .collect()
}

/// Replaces the doc. False if there is no such passkey.
pub fn update(tx: &mut Tx<'_>, passkey: &Passkey) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE passkeys SET doc = $4 WHERE pool_id = $1 AND user_id = $2 AND id = $3",
        &[(&passkey.pool_id).into(), (&passkey.user_id).into(), (&passkey.id).into(), (&passkey.doc).into()],
    )?;
    Ok(changed == 1)
}

/// False if there is no such passkey.
pub fn delete(tx: &mut Tx<'_>, pool: &str, user: &str, id: &[u8]) -> Result<bool, Error> {
    let deleted = tx.run(
        "DELETE FROM passkeys WHERE pool_id = $1 AND user_id = $2 AND id = $3",
        &[pool.into(), user.into(), id.into()],
    )?;
    Ok(deleted == 1)
}

fn passkey(row: &Row) -> Result<Passkey, Error> {
    Ok(Passkey {
        pool_id: row.text(0)?,
        user_id: row.text(1)?,
        id: row.bytes(2)?,
        created_ms: row.int(3)?,
        doc: row.text(4)?,
    })
}
