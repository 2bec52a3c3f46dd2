//! Which users are in which groups.

use crate::groups::{Group, group};
use crate::users::{User, user};
use crate::{Error, Tx};

/// False if the user was in the group already.
pub fn add(tx: &mut Tx<'_>, pool: &str, user: &str, group: &str, now_ms: i64) -> Result<bool, Error> {
    let inserted = tx.run(
        "INSERT INTO memberships (pool_id, user_id, group_name, created_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, user_id, group_name) DO NOTHING",
        &[pool.into(), user.into(), group.into(), now_ms.into()],
    )?;
    Ok(inserted == 1)
}

/// False if the user was not in the group.
pub fn remove(tx: &mut Tx<'_>, pool: &str, user: &str, group: &str) -> Result<bool, Error> {
    let changed = tx.run(
        "DELETE FROM memberships WHERE pool_id = $1 AND user_id = $2 AND group_name = $3",
        &[pool.into(), user.into(), group.into()],
    )?;
    Ok(changed == 1)
}

/// The user's groups with names after `after` (`""` for the first page), in byte order of the name.
pub fn groups_of(tx: &mut Tx<'_>, pool: &str, user: &str, after: &str, limit: i64) -> Result<Vec<Group>, Error> {
    tx.all(
        "SELECT g.pool_id, g.name, g.created_ms, g.modified_ms, g.precedence, g.doc
         FROM memberships m JOIN groups g ON g.pool_id = m.pool_id AND g.name = m.group_name
         WHERE m.pool_id = $1 AND m.user_id = $2 AND m.group_name > $3 ORDER BY m.group_name LIMIT $4",
        &[pool.into(), user.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(group)
    .collect()
}

/// The group's users with ids after `after` (`""` for the first page), in order of id.
pub fn users_in(tx: &mut Tx<'_>, pool: &str, group: &str, after: &str, limit: i64) -> Result<Vec<User>, Error> {
    tx.all(
        "SELECT u.pool_id, u.id, u.username, u.username_key, u.status, u.enabled, u.created_ms, u.modified_ms, u.doc,
                u.credential, u.signed_out_ms, u.version
         FROM memberships m JOIN users u ON u.pool_id = m.pool_id AND u.id = m.user_id
         WHERE m.pool_id = $1 AND m.group_name = $2 AND m.user_id > $3 ORDER BY m.user_id LIMIT $4",
        &[pool.into(), group.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(user)
    .collect()
}

/// How many groups the user is in.
pub fn count(tx: &mut Tx<'_>, pool: &str, user: &str) -> Result<i64, Error> {
    tx.one("SELECT COUNT(*) FROM memberships WHERE pool_id = $1 AND user_id = $2", &[pool.into(), user.into()])?
        .map_or(Ok(0), |row| row.int(0))
}
