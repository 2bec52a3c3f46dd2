//! Devices that users signed in from and confirmed, each with the sealed verifier of its password.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Device {
    pub pool_id: String,
    pub user_id: String,
    pub key: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// When a sign-in last came from it.
    pub authenticated_ms: i64,
    pub doc: String,
    /// Sealed.
    pub verifier: Vec<u8>,
}

debug_keys!(Device { pool_id, user_id, key });

/// False if the user has a device of that key.
pub fn insert_if_absent(tx: &mut Tx<'_>, device: &Device) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO devices (pool_id, user_id, key, created_ms, modified_ms, authenticated_ms, doc, verifier)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        &[
            (&device.pool_id).into(),
            (&device.user_id).into(),
            (&device.key).into(),
            device.created_ms.into(),
            device.modified_ms.into(),
            device.authenticated_ms.into(),
            (&device.doc).into(),
            (&device.verifier).into(),
        ],
    )?;
    Ok(inserted == 1)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, user: &str, key: &str) -> Result<Option<Device>, Error> {
    tx.one(
        "SELECT pool_id, user_id, key, created_ms, modified_ms, authenticated_ms, doc, verifier FROM devices
         WHERE pool_id = $1 AND user_id = $2 AND key = $3",
        &[pool.into(), user.into(), key.into()],
    )?
    .map(|row| device(&row))
    .transpose()
}

/// The user's devices with keys after `after` (`""` for the first page), in order of key.
pub fn of_user(tx: &mut Tx<'_>, pool: &str, user: &str, after: &str, limit: i64) -> Result<Vec<Device>, Error> {
    tx.all(
        "SELECT pool_id, user_id, key, created_ms, modified_ms, authenticated_ms, doc, verifier FROM devices
         WHERE pool_id = $1 AND user_id = $2 AND key > $3 ORDER BY key LIMIT $4",
        &[pool.into(), user.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(device)
    .collect()
}

/// Replaces the times but the first and the document. False if there is no such device.
pub fn update(tx: &mut Tx<'_>, device: &Device) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE devices SET modified_ms = $4, authenticated_ms = $5, doc = $6
         WHERE pool_id = $1 AND user_id = $2 AND key = $3",
        &[
            (&device.pool_id).into(),
            (&device.user_id).into(),
            (&device.key).into(),
            device.modified_ms.into(),
            device.authenticated_ms.into(),
            (&device.doc).into(),
        ],
    )?;
    Ok(changed == 1)
}

/// False if there is no such device.
pub fn delete(tx: &mut Tx<'_>, pool: &str, user: &str, key: &str) -> Result<bool, Error> {
    let deleted = tx.run(
        "DELETE FROM devices WHERE pool_id = $1 AND user_id = $2 AND key = $3",
        &[pool.into(), user.into(), key.into()],
    )?;
    Ok(deleted == 1)
}

fn device(row: &Row) -> Result<Device, Error> {
    Ok(Device {
        pool_id: row.text(0)?,
        user_id: row.text(1)?,
        key: row.text(2)?,
        created_ms: row.int(3)?,
        modified_ms: row.int(4)?,
        authenticated_ms: row.int(5)?,
        doc: row.text(6)?,
        verifier: row.bytes(7)?,
    })
}
