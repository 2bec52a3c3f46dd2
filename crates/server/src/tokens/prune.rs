//! Forgets what is over: expired sessions, answered challenges, old counts and keys that verify nothing any more.

use std::sync::Arc;
use std::time::Duration;

use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, attempts, auth_events, failures, leases, sessions, spent};

use super::keys;
use crate::context::Context;

/// How often a node looks for what is over.
const EVERY: Duration = Duration::from_mins(1);

/// How long a node that began the work keeps others from it, in milliseconds.
const LEASE_MS: i64 = 5 * 60_000;

/// Rows deleted in one transaction, so that sign-ins never wait long behind it.
const BATCH: i64 = 200;

/// Access tokens outlive their session's refresh token by at most this long, and need the session to be found.
const ACCESS_TOKEN_LIFE_MS: i64 = 86_400_000;

/// How far the clocks of nodes may be apart: a challenge is forgotten only when every node refuses it as expired.
const CLOCKS_APART_MS: i64 = 10 * 60_000;

/// No lock-out and no hourly limit looks back further than this, in milliseconds.
const COUNTS_KEPT_MS: i64 = 86_400_000;

/// Deletes what is over in small batches, now and then, as long as the context lives. Of several nodes one does it.
pub fn keep_pruned(cx: &Arc<Context>) {
    let holder = cx.rng.uuid();
    let cx = Arc::downgrade(cx);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(cx) = cx.upgrade() else { return };
            if let Err(error) = prune(&cx, &holder).await {
                tracing::warn!(%error, "what is over could not be deleted; it is tried again");
            }
        }
    });
}

/// One round of it. Answers how many rows went; none if another node is at it.
pub async fn prune(cx: &Context, holder: &str) -> Result<u64> {
    let mut deleted = 0;
    loop {
        let now = cx.clock.now_ms();
        let holder = holder.to_owned();
        let batch = cx
            .store
            .write(move |tx| {
                let ours = leases::acquire(tx, "prune", &holder, now, now + LEASE_MS)?;
                if ours { batch(tx, now) } else { Ok(0) }
            })
            .await?;
        deleted += batch;
        if batch == 0 {
            return Ok(deleted);
        }
        tokio::task::yield_now().await;
    }
}

fn batch(tx: &mut Tx<'_>, now_ms: i64) -> Result<u64, Error> {
    let counts_before = now_ms - COUNTS_KEPT_MS;
    Ok(sessions::prune(tx, now_ms - ACCESS_TOKEN_LIFE_MS, BATCH)?
        + spent::prune(tx, now_ms - CLOCKS_APART_MS, BATCH)?
        + attempts::prune(tx, counts_before, BATCH)?
        + failures::prune(tx, counts_before, BATCH)?
        + auth_events::prune(tx, now_ms, BATCH)?
        + keys::prune(tx, now_ms, BATCH)?)
}
