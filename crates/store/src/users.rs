//! Users: found by id or by the key of their name, paged in order of id, changed only at the version that was read.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx, aliases, failures, pools, user_search};

#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub pool_id: String,
    /// The `sub`.
    pub id: String,
    pub username: String,
    /// What makes a username unique in the pool: folded in case if the pool says so.
    pub username_key: Vec<u8>,
    pub status: String,
    pub enabled: bool,
    pub created_ms: i64,
    pub modified_ms: i64,
    pub doc: String,
    /// The sealed verifier, if the user has a password.
    pub credential: Option<Vec<u8>>,
    /// Tokens issued up to this time are revoked (GlobalSignOut); 0 for none.
    pub signed_out_ms: i64,
    /// One at first, one more with each [`update`].
    pub version: i64,
}

debug_keys!(User { pool_id, id, version });

/// [`Error::Conflict`] on `users_pool_id_username_key_key` if the name is taken.
pub fn insert(tx: &mut Tx<'_>, user: &User) -> Result<(), Error> {
    tx.run(
        "INSERT INTO users (pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                            signed_out_ms, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &values(user),
    )?;
    pools::add_users(tx, &user.pool_id, spread(&user.id), 1)
}

/// Like [`insert`], but answers false if the id or name is taken, and the transaction goes on.
pub fn insert_if_absent(tx: &mut Tx<'_>, user: &User) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO users (pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                            signed_out_ms, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
        &values(user),
    )?;
    if inserted == 1 {
        pools::add_users(tx, &user.pool_id, spread(&user.id), 1)?;
    }
    Ok(inserted == 1)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, id: &str) -> Result<Option<User>, Error> {
    tx.one(
        "SELECT pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                signed_out_ms, version
         FROM users WHERE pool_id = $1 AND id = $2",
        &[pool.into(), id.into()],
    )?
    .map(|row| user(&row))
    .transpose()
}

pub fn by_username(tx: &mut Tx<'_>, pool: &str, username_key: &[u8]) -> Result<Option<User>, Error> {
    tx.one(
        "SELECT pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                signed_out_ms, version
         FROM users WHERE pool_id = $1 AND username_key = $2",
        &[pool.into(), username_key.into()],
    )?
    .map(|row| user(&row))
    .transpose()
}

/// Who holds the alias, whatever its kind: the first kind in order if several users hold the value in different kinds.
pub fn by_alias(tx: &mut Tx<'_>, pool: &str, value: &[u8]) -> Result<Option<User>, Error> {
    tx.one(
        "SELECT u.pool_id, u.id, u.username, u.username_key, u.status, u.enabled, u.created_ms, u.modified_ms, u.doc,
                u.credential, u.signed_out_ms, u.version
         FROM aliases a JOIN users u ON u.pool_id = a.pool_id AND u.id = a.user_id
         WHERE a.pool_id = $1 AND a.value = $2 ORDER BY a.kind LIMIT 1",
        &[pool.into(), value.into()],
    )?
    .map(|row| user(&row))
    .transpose()
}

/// Replaces everything but the keys and created_ms if the user still has `user.version`; answers the new version.
pub fn update(tx: &mut Tx<'_>, user: &User) -> Result<Option<i64>, Error> {
    tx.one(
        "UPDATE users SET username = $3, username_key = $4, status = $5, enabled = $6, modified_ms = $7, doc = $8,
                credential = $9, signed_out_ms = $10, version = version + 1
         WHERE pool_id = $1 AND id = $2 AND version = $11 RETURNING version",
        &[
            (&user.pool_id).into(),
            (&user.id).into(),
            (&user.username).into(),
            (&user.username_key).into(),
            (&user.status).into(),
            user.enabled.into(),
            user.modified_ms.into(),
            (&user.doc).into(),
            user.credential.as_ref().into(),
            user.signed_out_ms.into(),
            user.version.into(),
        ],
    )?
    .map(|row| row.int(0))
    .transpose()
}

/// The pool's users with ids after `after` (`""` for the first page), in order of id.
pub fn page(tx: &mut Tx<'_>, pool: &str, after: &str, limit: i64) -> Result<Vec<User>, Error> {
    tx.all(
        "SELECT pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                signed_out_ms, version
         FROM users WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[pool.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(user)
    .collect()
}

/// Users whose username_key is in the range and after `after`, in order of username_key.
pub fn page_by_username(
    tx: &mut Tx<'_>,
    pool: &str,
    range: &user_search::Range,
    after: Option<&[u8]>,
    limit: i64,
) -> Result<Vec<User>, Error> {
    let low = range.low.as_slice();
    // `after` is a key that was answered, so its successor in byte order is where the next page begins.
    let next = after.map(|key| [key, &[0]].concat());
    let low = next.as_deref().map_or(low, |next| next.max(low));
    match &range.high {
        Some(high) => tx.all(
            "SELECT pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                    signed_out_ms, version
             FROM users WHERE pool_id = $1 AND username_key >= $2 AND username_key < $3 ORDER BY username_key LIMIT $4",
            &[pool.into(), low.into(), high.into(), limit.into()],
        )?,
        None => tx.all(
            "SELECT pool_id, id, username, username_key, status, enabled, created_ms, modified_ms, doc, credential,
                    signed_out_ms, version
             FROM users WHERE pool_id = $1 AND username_key >= $2 ORDER BY username_key LIMIT $3",
            &[pool.into(), low.into(), limit.into()],
        )?,
    }
    .iter()
    .map(user)
    .collect()
}

/// Deletes the user with aliases, search rows, codes, sessions, memberships, failures, devices, passkeys and events. False if there is no such user.
pub fn delete(tx: &mut Tx<'_>, pool: &str, id: &str) -> Result<bool, Error> {
    let deleted =
        tx.one("DELETE FROM users WHERE pool_id = $1 AND id = $2 RETURNING username_key", &[pool.into(), id.into()])?;
    let Some(deleted) = deleted else { return Ok(false) };
    failures::clear(tx, pool, &deleted.bytes(0)?)?;
    aliases::release_all(tx, pool, id)?;
    for sql in [
        "DELETE FROM user_search WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM codes WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM sessions WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM memberships WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM devices WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM passkeys WHERE pool_id = $1 AND user_id = $2",
        "DELETE FROM auth_events WHERE pool_id = $1 AND user_id = $2",
    ] {
        tx.run(sql, &[pool.into(), id.into()])?;
    }
    pools::add_users(tx, pool, spread(id), -1)?;
    Ok(true)
}

/// A number that differs between users and stays with one: FNV-1a of the id.
fn spread(id: &str) -> i64 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    (hash >> 32) as i64
}

fn values(user: &User) -> [crate::Param<'_>; 12] {
    [
        (&user.pool_id).into(),
        (&user.id).into(),
        (&user.username).into(),
        (&user.username_key).into(),
        (&user.status).into(),
        user.enabled.into(),
        user.created_ms.into(),
        user.modified_ms.into(),
        (&user.doc).into(),
        user.credential.as_ref().into(),
        user.signed_out_ms.into(),
        user.version.into(),
    ]
}

/// Reads the twelve columns in the order that every SELECT of users has.
pub(crate) fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        pool_id: row.text(0)?,
        id: row.text(1)?,
        username: row.text(2)?,
        username_key: row.bytes(3)?,
        status: row.text(4)?,
        enabled: row.bool(5)?,
        created_ms: row.int(6)?,
        modified_ms: row.int(7)?,
        doc: row.text(8)?,
        credential: row.opt_bytes(9)?,
        signed_out_ms: row.int(10)?,
        version: row.int(11)?,
    })
}
