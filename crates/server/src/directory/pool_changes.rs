//! Pools made, changed and ended: each change in one transaction, and every node told.

use cognate_shapes::enums::DeletionProtection;
use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, pools};

use super::changed;
use super::pool::Pool;
use crate::access::Principal;
use crate::context::Context;

/// The caller's pool of that id as it is stored now, whatever the cache says.
pub fn stored(tx: &mut Tx<'_>, principal: &Principal, id: &str) -> Result<Pool> {
    let row = pools::get(tx, id)?.ok_or_else(|| Error::pool_not_found(id))?;
    let pool = Pool::from_row(row)?;
    if pool.belongs_to(principal) { Ok(pool) } else { Err(Error::pool_not_found(id)) }
}

/// Keeps a new pool, unless its account has as many as it may.
pub async fn insert(cx: &Context, pool: &Pool) -> Result<()> {
    let row = pool.to_row()?;
    let most = cx.config.limits.pools_per_account;
    cx.store
        .write(move |tx| {
            if pools::count(tx, &row.account, &row.region)? as u64 >= most {
                return Err(Error::too_many_pools(most));
            }
            Ok(pools::insert(tx, &row)?)
        })
        .await
}

/// Replaces a pool's name and settings, unless it has changed since `pool` was read.
pub async fn replace(cx: &Context, pool: &Pool) -> Result<()> {
    let row = pool.to_row()?;
    let message = changed(&pool.id);
    cx.store
        .write(move |tx| {
            if pools::update(tx, &row)?.is_none() {
                let gone = pools::get(tx, &row.id)?.is_none();
                return Err(if gone { Error::pool_not_found(&row.id) } else { Error::pool_changed_meanwhile() });
            }
            Ok(tx.publish(message.clone())?)
        })
        .await?;
    cx.directory.forget(Some(&changed(&pool.id)));
    Ok(())
}

/// Changes the caller's pool as it is stored now, so that changes at once all come to pass.
pub async fn amend(
    cx: &Context,
    principal: &Principal,
    id: &str,
    change: impl Fn(&mut Pool) -> Result<()> + Send + Sync + 'static,
) -> Result<()> {
    let principal = principal.clone();
    let wanted = id.to_owned();
    cx.store
        .write(move |tx| {
            let mut pool = stored(tx, &principal, &wanted)?;
            change(&mut pool)?;
            pools::update(tx, &pool.to_row()?)?;
            Ok::<_, Error>(tx.publish(changed(&wanted))?)
        })
        .await?;
    cx.directory.forget(Some(&changed(id)));
    Ok(())
}

/// Ends the caller's pool with all that is its own, unless it is protected.
pub async fn delete(cx: &Context, principal: &Principal, id: &str) -> Result<()> {
    let principal = principal.clone();
    let wanted = id.to_owned();
    cx.store
        .write(move |tx| {
            let pool = stored(tx, &principal, &wanted)?;
            if pool.settings.deletion_protection == Some(DeletionProtection::Active) {
                return Err(Error::deletion_protected());
            }
            pools::delete(tx, &wanted)?;
            Ok(tx.publish(changed(&wanted))?)
        })
        .await?;
    cx.directory.forget(Some(&changed(id)));
    cx.signing_keys.forget(id);
    Ok(())
}
