//! Active sign-in aliases: verified addresses, phone numbers and preferred usernames that stand for one user of a pool.

use crate::{Error, Tx};

/// The user who holds the alias of this kind.
pub fn holder(tx: &mut Tx<'_>, pool: &str, value: &[u8], kind: &str) -> Result<Option<String>, Error> {
    tx.one(
        "SELECT user_id FROM aliases WHERE pool_id = $1 AND value = $2 AND kind = $3",
        &[pool.into(), value.into(), kind.into()],
    )?
    .map(|row| row.text(0))
    .transpose()
}

/// Takes the alias for `user` unless it is held, and answers who holds it now.
pub fn claim(tx: &mut Tx<'_>, pool: &str, value: &[u8], kind: &str, user: &str) -> Result<String, Error> {
    let claimed = tx.run(
        "INSERT INTO aliases (pool_id, value, kind, user_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, value, kind) DO NOTHING",
        &[pool.into(), value.into(), kind.into(), user.into()],
    )?;
    // A row of one's own is not read: what is read could lose a race to a neighbour.
    if claimed == 1 {
        return Ok(user.to_owned());
    }
    holder(tx, pool, value, kind)?.ok_or_else(|| Error::Database("aliases lost a row inside a transaction".to_owned()))
}

/// Gives the alias to `user`, whoever held it (ForceAliasCreation).
pub fn move_to(tx: &mut Tx<'_>, pool: &str, value: &[u8], kind: &str, user: &str) -> Result<(), Error> {
    tx.run(
        "INSERT INTO aliases (pool_id, value, kind, user_id) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, value, kind) DO UPDATE SET user_id = excluded.user_id",
        &[pool.into(), value.into(), kind.into(), user.into()],
    )
    .map(drop)
}

/// Frees the alias if `user` holds it. False if not.
pub fn release(tx: &mut Tx<'_>, pool: &str, value: &[u8], kind: &str, user: &str) -> Result<bool, Error> {
    let changed = tx.run(
        "DELETE FROM aliases WHERE pool_id = $1 AND value = $2 AND kind = $3 AND user_id = $4",
        &[pool.into(), value.into(), kind.into(), user.into()],
    )?;
    Ok(changed == 1)
}

/// Frees every alias of the user, and answers how many.
pub fn release_all(tx: &mut Tx<'_>, pool: &str, user: &str) -> Result<u64, Error> {
    tx.run("DELETE FROM aliases WHERE pool_id = $1 AND user_id = $2", &[pool.into(), user.into()])
}

/// The user's aliases as (kind, value), in order.
pub fn of_user(tx: &mut Tx<'_>, pool: &str, user: &str) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let rows =
        tx.all("SELECT kind, value FROM aliases WHERE pool_id = $1 AND user_id = $2", &[pool.into(), user.into()])?;
    let mut aliases = rows.iter().map(|row| Ok((row.text(0)?, row.bytes(1)?))).collect::<Result<Vec<_>, Error>>()?;
    aliases.sort_unstable();
    Ok(aliases)
}
