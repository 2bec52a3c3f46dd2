//! Access keys: made, listed and revoked by the operator, never by the API.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::seal::Kind;
use cognate_shapes::error::{Error, Result};
use cognate_store::{Store, access_keys};
use zeroize::Zeroizing;

use super::policy::Policy;
use crate::rng::Rng;
use crate::seals::Seals;

/// A key as it is shown once, to whoever made it.
pub struct NewKey {
    pub id: String,
    pub secret: Zeroizing<String>,
}

impl std::fmt::Debug for NewKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a key's secret is bound to.
pub(super) fn seal_context(id: &str) -> Vec<u8> {
    format!("access-key/{id}").into_bytes()
}

/// Whose key it is to be, and what it may do.
#[derive(Debug)]
pub struct Holder<'a> {
    /// 12 digits.
    pub account: &'a str,
    /// What the key is for; the last part of the caller's ARN. See [`is_name`].
    pub name: &'a str,
    pub policy: &'a Policy,
}

/// Whether a text can be a key's name: what IAM takes for a user's.
pub fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(fits)
}

/// Makes a key.
pub async fn create(store: &Store, seals: &Seals, rng: &Rng, holder: &Holder<'_>, now_ms: i64) -> Result<NewKey> {
    // AWS's shape: 20 characters beginning with AKIA, and 40 of base64.
    let tail: String = rng
        .bytes::<16>()
        .iter()
        .map(|byte| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte & 31)]))
        .collect();
    let id = format!("AKIA{tail}");
    let secret = Zeroizing::new(STANDARD.encode(rng.bytes::<30>()));
    let key = access_keys::AccessKey {
        sealed: seals.seal(rng, Kind::AccessKey, secret.as_bytes(), &seal_context(&id)),
        id: id.clone(),
        account: holder.account.to_owned(),
        name: holder.name.to_owned(),
        created_ms: now_ms,
        revoked_ms: None,
        policy: holder.policy.document().to_owned(),
    };
    store.write(move |tx| access_keys::insert(tx, &key).map_err(Error::from)).await?;
    Ok(NewKey { id, secret })
}

/// Every key, the revoked ones as well, in order of id.
pub async fn list(store: &Store) -> Result<Vec<access_keys::AccessKey>> {
    store
        .scan(|tx| {
            let mut all: Vec<access_keys::AccessKey> = Vec::new();
            loop {
                let after = all.last().map_or(String::new(), |key| key.id.clone());
                let page = access_keys::list(tx, &after, 500)?;
                if page.is_empty() {
                    return Ok::<_, Error>(all);
                }
                all.extend(page);
            }
        })
        .await
}

/// Revokes a key for good; false if there is none, or none that is live.
pub async fn revoke(store: &Store, id: &str, now_ms: i64) -> Result<bool> {
    let id = id.to_owned();
    store.write(move |tx| access_keys::revoke(tx, &id, now_ms).map_err(Error::from)).await
}
