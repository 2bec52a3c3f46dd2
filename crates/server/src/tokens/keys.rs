//! The signing keys of pools: two RSA-2048 keys a pool, sealed in the store, parsed once and kept in memory.
//!
//! A rotation overlaps: the new key is in the key set long before it signs, so that every verifier has fetched it by then,
//! and the old key stays in the set until the last token it signed has expired.

use std::sync::{Arc, Mutex, PoisonError};

use cognate_crypto::jose::{Jwk, SigningKey};
use cognate_crypto::seal::Kind;
use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, signing_keys};
use quick_cache::sync::Cache;

use crate::context::Context;

/// How long the keys of a pool are used without a look at the store, in milliseconds: how late a node may notice a
/// rotation, which publishes a key earlier than it signs with it.
const FRESH_MS: i64 = 60_000;

/// For how long anyone may keep a pool's key set without asking again, in seconds.
pub const KEY_SET_AGE_S: i64 = 3600;

/// How long a new key is published before it signs, in milliseconds: longer than any copy of the key set is kept, here
/// or elsewhere.
const PUBLISHED_FIRST_MS: i64 = KEY_SET_AGE_S * 1000 + 2 * FRESH_MS;

/// How long a key verifies after its last signature, in milliseconds: the longest life of an ID or access token, and
/// what other nodes may sign in the meantime.
const VERIFIES_AFTER_MS: i64 = 86_400_000 + 2 * FRESH_MS;

/// Keys made ahead, so that a new pool does not wait for one.
const SPARES: usize = 4;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    Id,
    Access,
}

impl TokenUse {
    /// The value of the claim `token_use`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Access => "access",
        }
    }
}

/// One key of a pool.
#[derive(Clone, Debug)]
pub struct PoolKey {
    pub token_use: TokenUse,
    /// From when on the key signs nothing new; a successor waits until then.
    pub retired_ms: Option<i64>,
    pub key: Arc<SigningKey>,
}

/// The keys of a pool, the oldest first.
#[derive(Debug)]
pub struct PoolKeys {
    loaded_ms: i64,
    keys: Vec<PoolKey>,
}

impl PoolKeys {
    /// The key that signs new tokens of this use at `now_ms`: of those not retired yet, the first that will be.
    pub fn signing(&self, token_use: TokenUse, now_ms: i64) -> Result<Arc<SigningKey>> {
        let signs = |key: &&PoolKey| key.token_use == token_use && key.retired_ms.is_none_or(|at| now_ms < at);
        let current = self.keys.iter().filter(signs).min_by_key(|key| key.retired_ms.unwrap_or(i64::MAX));
        current.map(|key| Arc::clone(&key.key)).ok_or_else(|| Error::internal("a pool has no key to sign with"))
    }

    /// The key a token names, which also says what its tokens are for.
    pub fn named(&self, kid: &str) -> Option<&PoolKey> {
        self.keys.iter().find(|key| key.key.kid() == kid)
    }

    /// The public halves, as the JWKS lists them.
    pub fn jwks(&self) -> Vec<Jwk> {
        self.keys.iter().map(|key| key.key.verifying_key().jwk()).collect()
    }
}

/// The keys in memory, and a few made ahead.
#[derive(Debug)]
pub struct SigningKeys {
    cache: Cache<String, Arc<PoolKeys>>,
    spares: Arc<Mutex<Vec<SigningKey>>>,
}

impl Default for SigningKeys {
    fn default() -> Self {
        Self { cache: Cache::new(10_000), spares: Arc::default() }
    }
}

impl SigningKeys {
    /// A store of spare keys that are already there; tests begin with some.
    pub fn with_spares(spares: Vec<SigningKey>) -> Self {
        Self { spares: Arc::new(Mutex::new(spares)), ..Self::default() }
    }

    fn spare(&self) -> Option<SigningKey> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Makes keys ahead in a thread of low urgency, up to the number kept.
    fn replenish(&self) {
        let spares = Arc::clone(&self.spares);
        let count = spares.lock().unwrap_or_else(PoisonError::into_inner).len();
        if count < SPARES {
            tokio::task::spawn_blocking(move || {
                for _ in count..SPARES {
                    let Ok(key) = SigningKey::generate() else { return };
                    spares.lock().unwrap_or_else(PoisonError::into_inner).push(key);
                }
            });
        }
    }

    /// Drops what is remembered of a pool's keys.
    pub fn forget(&self, pool_id: &str) {
        self.cache.remove(pool_id);
    }
}

/// The keys of a pool that exists; made at the first call.
pub async fn of(cx: &Context, pool_id: &str) -> Result<Arc<PoolKeys>> {
    let now = cx.clock.now_ms();
    if let Some(keys) = cx.signing_keys.cache.get(pool_id)
        && now - keys.loaded_ms < FRESH_MS
    {
        return Ok(keys);
    }
    let wanted = pool_id.to_owned();
    let mut rows = cx.store.read(move |tx| signing_keys::list(tx, &wanted).map_err(Error::from)).await?;
    if rows.is_empty() {
        rows = first(cx, pool_id, now).await?;
    }
    let keys = rows.into_iter().map(|row| open(cx, &row)).collect::<Result<_>>()?;
    let keys = Arc::new(PoolKeys { loaded_ms: now, keys });
    cx.signing_keys.cache.insert(pool_id.to_owned(), Arc::clone(&keys));
    Ok(keys)
}

/// Gives a pool two new keys, which take over from the present ones once everybody has had the time to fetch them.
/// Answers when that is, in milliseconds. A rotation under way is not begun again.
pub async fn rotate(cx: &Context, pool_id: &str) -> Result<i64> {
    // A pool that never signed anything gets its first keys first.
    of(cx, pool_id).await?;
    let now = cx.clock.now_ms();
    let new = make(cx, pool_id, now).await?;
    let pool = pool_id.to_owned();
    let takes_over_ms = cx
        .store
        .write(move |tx| {
            let present = signing_keys::list(tx, &pool)?;
            if let Some(under_way) = present.iter().filter_map(|key| key.retired_ms).find(|at| now < *at) {
                return Ok(under_way);
            }
            for key in &present {
                signing_keys::retire(tx, &pool, &key.kid, now + PUBLISHED_FIRST_MS)?;
            }
            for key in &new {
                signing_keys::insert(tx, key)?;
            }
            Ok::<_, Error>(now + PUBLISHED_FIRST_MS)
        })
        .await?;
    cx.signing_keys.forget(pool_id);
    Ok(takes_over_ms)
}

/// Deletes keys, of any pool, whose last token has expired; at most `limit`. Answers how many.
pub fn prune(tx: &mut Tx<'_>, now_ms: i64, limit: i64) -> Result<u64> {
    Ok(signing_keys::prune(tx, now_ms - VERIFIES_AFTER_MS, limit)?)
}

/// Stores the first two keys of a pool, unless another node just did.
async fn first(cx: &Context, pool_id: &str, now: i64) -> Result<Vec<signing_keys::SigningKey>> {
    let made = make(cx, pool_id, now).await?;
    let pool = pool_id.to_owned();
    cx.store
        .write(move |tx| {
            let present = signing_keys::list(tx, &pool)?;
            if !present.is_empty() {
                return Ok(present);
            }
            for key in &made {
                signing_keys::insert(tx, key)?;
            }
            Ok::<_, Error>(made.clone())
        })
        .await
}

/// Makes a key of each use.
async fn make(cx: &Context, pool_id: &str, now: i64) -> Result<Vec<signing_keys::SigningKey>> {
    let mut made = Vec::new();
    for token_use in [TokenUse::Id, TokenUse::Access] {
        let key = match cx.signing_keys.spare() {
            Some(key) => key,
            None => cx
                .workers
                .run(SigningKey::generate)
                .await?
                .map_err(|error| Error::internal("no key could be made").caused_by(error))?,
        };
        made.push(sealed(cx, pool_id, token_use, &key, now)?);
    }
    cx.signing_keys.replenish();
    Ok(made)
}

fn sealed(
    cx: &Context,
    pool_id: &str,
    token_use: TokenUse,
    key: &SigningKey,
    now: i64,
) -> Result<signing_keys::SigningKey> {
    let der = key.to_pkcs8().map_err(|error| Error::internal("a key does not serialize").caused_by(error))?;
    let public = serde_json::to_string(&key.verifying_key().jwk())
        .map_err(|error| Error::internal("a key does not serialize").caused_by(error))?;
    Ok(signing_keys::SigningKey {
        sealed: cx.seals.seal(&cx.rng, Kind::SigningKey, &der, &seal_context(pool_id, key.kid())),
        pool_id: pool_id.to_owned(),
        kid: key.kid().to_owned(),
        token_use: token_use.as_str().to_owned(),
        created_ms: now,
        retired_ms: None,
        public,
    })
}

fn open(cx: &Context, row: &signing_keys::SigningKey) -> Result<PoolKey> {
    let der = cx.seals.open(Kind::SigningKey, &row.sealed, &seal_context(&row.pool_id, &row.kid))?;
    let key =
        SigningKey::from_pkcs8(&der).map_err(|error| Error::internal("a stored key does not read").caused_by(error))?;
    let token_use = if row.token_use == TokenUse::Id.as_str() { TokenUse::Id } else { TokenUse::Access };
    Ok(PoolKey { token_use, retired_ms: row.retired_ms, key: Arc::new(key) })
}

fn seal_context(pool_id: &str, kid: &str) -> Vec<u8> {
    format!("{pool_id}/{kid}").into_bytes()
}
