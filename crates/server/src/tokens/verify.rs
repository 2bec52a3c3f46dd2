//! Verifies an access token that a user presents to the API.
//!
//! What cannot change about a token (its signature and claims) is checked once and remembered; what can (its time, its
//! session, its user, its client, its key) is checked every time.

use std::sync::Arc;

use aws_lc_rs::digest;
use cognate_crypto::jose::{self, JoseError};
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::sessions;
use quick_cache::sync::Cache;
use serde::Deserialize;

use super::keys::{self, TokenUse};
use super::session::{SELF_SERVICE, is_revoked};
use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::{self, Client, Pool};

/// Tokens remembered; each takes some 500 bytes.
const REMEMBERED: usize = 20_000;

/// The holder of a genuine, live access token.
#[derive(Debug)]
pub struct Bearer {
    pub pool: Arc<Pool>,
    pub client: Arc<Client>,
    pub user: User,
    /// The sign-in the token comes from; absent where the client has token revocation off.
    pub origin_jti: Option<String>,
    pub scopes: Vec<String>,
    pub event_id: Option<String>,
    /// When the user proved who they are, in seconds.
    pub auth_time_s: i64,
    pub acr: Option<String>,
    pub amr: Vec<String>,
    /// The device that the token's sign-in came from.
    pub device_key: Option<String>,
}

/// Tokens whose signature was found good, by their SHA-256.
#[derive(Debug)]
pub struct Verified {
    tokens: Cache<[u8; 32], Arc<Genuine>>,
}

impl Default for Verified {
    fn default() -> Self {
        Self { tokens: Cache::new(REMEMBERED) }
    }
}

/// A token that a pool's access key signed.
#[derive(Debug)]
struct Genuine {
    pool_id: String,
    kid: String,
    claims: Claims,
}

/// The claims of an access token that decide whether it is good.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    iss: String,
    client_id: String,
    token_use: String,
    exp: i64,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    origin_jti: Option<String>,
    #[serde(default)]
    event_id: Option<String>,
    auth_time: i64,
    #[serde(default)]
    device_key: Option<String>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

impl Claims {
    /// The session the token comes from. Tokens without an origin name it by their event.
    fn session_id(&self) -> Option<&str> {
        self.origin_jti.as_deref().or(self.event_id.as_deref())
    }
}

/// Checks syntax, signature, expiry, revocation and scope, then that the user is there and enabled.
pub async fn access_token(cx: &Context, token: &str) -> Result<Bearer> {
    let genuine = genuine(cx, token).await?;
    let claims = &genuine.claims;
    let now = cx.clock.now_ms();
    if now >= claims.exp.saturating_mul(1000) {
        return Err(Error::access_token_expired());
    }
    let pool = pool_of(cx, &genuine.pool_id).await?;
    let client = directory::client_of(cx, &pool, &claims.client_id).await.map_err(|error| match error.code {
        // A client that is gone took its sign-ins with it.
        Code::ResourceNotFound => Error::access_token_revoked(),
        _ => error,
    })?;
    let (wanted, sub) = (Arc::clone(&pool), claims.sub.clone());
    let session_id = claims.session_id().unwrap_or_default().to_owned();
    let (user, session) = cx
        .store
        .read(move |tx| {
            let user = user::by_id(tx, &wanted, &sub)?.ok_or_else(Error::user_not_found)?;
            Ok::<_, Error>((user, sessions::get(tx, &wanted.id, &sub, &session_id)?))
        })
        .await?;
    let revoked = session.is_none_or(|session| session.client_id != client.id || is_revoked(&session, &user));
    if revoked {
        return Err(Error::access_token_revoked());
    }
    let scopes: Vec<String> = claims.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if !scopes.iter().any(|scope| scope == SELF_SERVICE) {
        return Err(Error::access_token_scope());
    }
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    Ok(Bearer {
        pool,
        client,
        user,
        origin_jti: claims.origin_jti.clone(),
        scopes,
        event_id: claims.event_id.clone(),
        auth_time_s: claims.auth_time,
        acr: claims.acr.clone(),
        amr: claims.amr.clone(),
        device_key: claims.device_key.clone(),
    })
}

/// The claims of a token that an access key of its pool signed.
async fn genuine(cx: &Context, token: &str) -> Result<Arc<Genuine>> {
    if token.len() > jose::MAX_TOKEN {
        return Err(Error::invalid_access_token());
    }
    let mut name = [0; 32];
    name.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    if let Some(genuine) = cx.verified.tokens.get(&name) {
        // A key that was withdrawn takes its tokens with it, and so does a pool.
        let pool = pool_of(cx, &genuine.pool_id).await?;
        let keys = keys::of(cx, &pool.id).await?;
        return if keys.named(&genuine.kid).is_some() { Ok(genuine) } else { Err(Error::access_token_signature()) };
    }
    let unverified = jose::parse(token).map_err(|_| Error::invalid_access_token())?;
    // Which keys to try is all that is believed of the issuer before the signature is checked.
    let claimed = unverified.issuer().ok_or_else(Error::invalid_access_token)?;
    let pool_id = cx.config.pool_of_issuer(&claimed).ok_or_else(Error::invalid_access_token)?;
    let pool = pool_of(cx, pool_id).await?;
    let keys = keys::of(cx, &pool.id).await?;
    let key = keys.named(unverified.kid()).ok_or_else(Error::access_token_signature)?;
    let kid = key.key.kid().to_owned();
    let verified = key.key.verifying_key().verify(unverified).map_err(|error| match error {
        JoseError::InvalidSignature | JoseError::OtherKey => Error::access_token_signature(),
        _ => Error::invalid_access_token(),
    })?;
    let claims: Claims = verified.claims().map_err(|_| Error::invalid_access_token())?;
    let for_access = key.token_use == TokenUse::Access && claims.token_use == TokenUse::Access.as_str();
    if !for_access || claims.iss != pool.issuer(&cx.config) {
        return Err(Error::invalid_access_token());
    }
    let genuine = Arc::new(Genuine { pool_id: pool.id.clone(), kid, claims });
    cx.verified.tokens.insert(name, Arc::clone(&genuine));
    Ok(genuine)
}

/// The pool whose token it is, or seems to be.
async fn pool_of(cx: &Context, id: &str) -> Result<Arc<Pool>> {
    directory::pool(cx, id).await.map_err(|error| match error.code {
        Code::ResourceNotFound => Error::invalid_access_token(),
        _ => error,
    })
}
