//! Leases on background work, so that of several nodes one does it.

use crate::{Error, Tx};

/// Takes or renews the lease until `until_ms`. False if another holder's lasts beyond `now_ms`.
pub fn acquire(tx: &mut Tx<'_>, name: &str, holder: &str, now_ms: i64, until_ms: i64) -> Result<bool, Error> {
    let changed = tx.run(
        "INSERT INTO leases (name, holder, expires_ms) VALUES ($1, $2, $4)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_ms = excluded.expires_ms
         WHERE leases.holder = excluded.holder OR leases.expires_ms <= $3",
        &[name.into(), holder.into(), now_ms.into(), until_ms.into()],
    )?;
    Ok(changed == 1)
}

/// Gives the lease up. False if `holder` does not hold it.
pub fn release(tx: &mut Tx<'_>, name: &str, holder: &str) -> Result<bool, Error> {
    Ok(tx.run("DELETE FROM leases WHERE name = $1 AND holder = $2", &[name.into(), holder.into()])? == 1)
}
