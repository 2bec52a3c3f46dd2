//! Pools and app clients as the rest of the server sees them: loaded, checked, cached.
//!
//! A node answers from its cache for at most [`FRESH_MS`]; a change on any node reaches it earlier, by notification.

mod client;
pub mod client_changes;
mod client_rules;
pub mod delivery_rules;
pub mod described;
pub mod mfa_rules;
mod pool;
pub mod pool_changes;
pub mod pool_rules;
pub mod schema;
pub mod schema_rules;
mod tiers;

use std::sync::Arc;

use cognate_shapes::error::{Error, Result};
use quick_cache::sync::Cache;

pub use client::{Client, Secret};
pub use pool::{FurtherSettings, PasswordRules, Pool, Recovery};

use crate::access::Principal;
use crate::config::is_region;
use crate::context::Context;

/// How long a cached entry may be used without another look, in milliseconds.
const FRESH_MS: i64 = 5_000;

/// What notifications about the directory begin with.
const TOPIC: &str = "directory:";

#[derive(Clone, Debug)]
struct Cached<T> {
    loaded_ms: i64,
    value: Arc<T>,
}

/// The cache of pools and clients.
#[derive(Debug)]
pub struct Directory {
    pools: Cache<String, Cached<Pool>>,
    clients: Cache<String, Cached<Client>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { pools: Cache::new(10_000), clients: Cache::new(50_000) }
    }
}

impl Directory {
    /// Drops what a notification names; `None` (notifications may have been lost) drops everything.
    pub fn forget(&self, message: Option<&str>) {
        let Some(message) = message else {
            self.pools.clear();
            self.clients.clear();
            return;
        };
        if let Some(id) = message.strip_prefix(TOPIC) {
            self.pools.remove(id);
            self.clients.remove(id);
        }
    }
}

/// The message that makes every node forget the pool or client of that id.
pub fn changed(id: &str) -> String {
    format!("{TOPIC}{id}")
}

/// The Region of a request: its signature's, or the configured one where nothing was signed.
pub fn region_of<'a>(cx: &'a Context, principal: &'a Principal) -> Result<&'a str> {
    let region = principal.region.as_deref().unwrap_or(&cx.config.aws.region);
    if is_region(region) { Ok(region) } else { Err(Error::invalid_region()) }
}

/// The pool of that id.
pub async fn pool(cx: &Context, id: &str) -> Result<Arc<Pool>> {
    let now = cx.clock.now_ms();
    if let Some(cached) = cx.directory.pools.get(id)
        && now - cached.loaded_ms < FRESH_MS
    {
        return Ok(cached.value);
    }
    let wanted = id.to_owned();
    let row = cx.store.read(move |tx| cognate_store::pools::get(tx, &wanted)).await?;
    let Some(row) = row else {
        cx.directory.pools.remove(id);
        return Err(Error::pool_not_found(id));
    };
    let value = Arc::new(Pool::from_row(row)?);
    cx.directory.pools.insert(id.to_owned(), Cached { loaded_ms: now, value: value.clone() });
    Ok(value)
}

/// The pool of that id, if it belongs to the caller's account and Region.
pub async fn pool_of(cx: &Context, principal: &Principal, id: &str) -> Result<Arc<Pool>> {
    let pool = pool(cx, id).await?;
    if pool.belongs_to(principal) { Ok(pool) } else { Err(Error::pool_not_found(id)) }
}

/// The client of that id, with its pool.
pub async fn client(cx: &Context, id: &str) -> Result<(Arc<Client>, Arc<Pool>)> {
    let now = cx.clock.now_ms();
    let client = match cx.directory.clients.get(id) {
        Some(cached) if now - cached.loaded_ms < FRESH_MS => cached.value,
        _ => load_client(cx, id, now).await?,
    };
    let pool = pool(cx, &client.pool_id).await.map_err(|_| Error::client_not_found(id))?;
    Ok((client, pool))
}

/// The client of that id in that pool.
pub async fn client_of(cx: &Context, pool: &Pool, id: &str) -> Result<Arc<Client>> {
    let (client, _) = client(cx, id).await?;
    if client.pool_id == pool.id { Ok(client) } else { Err(Error::client_not_found(id)) }
}

/// The client of that id in that pool as it is stored now, whatever the cache says.
pub async fn stored_client_of(cx: &Context, pool: &Pool, id: &str) -> Result<Arc<Client>> {
    let client = load_client(cx, id, cx.clock.now_ms()).await?;
    if client.pool_id == pool.id { Ok(client) } else { Err(Error::client_not_found(id)) }
}

async fn load_client(cx: &Context, id: &str, now: i64) -> Result<Arc<Client>> {
    let wanted = id.to_owned();
    let found = cx
        .store
        .read(move |tx| {
            let Some(row) = cognate_store::clients::get(tx, &wanted)? else {
                return Ok(None);
            };
            let secrets = cognate_store::client_secrets::list(tx, &row.pool_id, &row.id)?;
            Ok::<_, Error>(Some((row, secrets)))
        })
        .await?;
    let Some((row, secrets)) = found else {
        cx.directory.clients.remove(id);
        return Err(Error::client_not_found(id));
    };
    let value = Arc::new(Client::from_rows(cx, row, secrets)?);
    cx.directory.clients.insert(id.to_owned(), Cached { loaded_ms: now, value: value.clone() });
    Ok(value)
}
