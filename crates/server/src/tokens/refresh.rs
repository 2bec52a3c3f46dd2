//! The life of a refresh token.
//!
//! A sign-in makes a session and its first refresh token. The token is a sealed note that names its session; the store
//! keeps only the token's keyed hash, so nobody can make a token from a stolen database, nor find one there.
//!
//! Where the client does not rotate, the first token is the only one. It buys new ID and access tokens until the session
//! expires or is revoked.
//!
//! Where the client rotates, each use retires the token and answers its successor. The successor is a function of the
//! token and the server's key, not of chance: whoever asks twice with the same token, because an answer was lost on the
//! way, gets the same successor twice, and only while the grace period lasts. So one token is current at any moment, the
//! grace period cannot fork a session into two, and two requests at once are one rotation. A token that was retired
//! before and comes back later was copied: it is refused as reused. The successors share the session's end: rotating
//! never prolongs it.

use std::sync::Arc;

use cognate_crypto::ct_eq;
use cognate_crypto::ids;
use cognate_crypto::seal::Kind;
use cognate_shapes::auth::AuthenticationResult;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Token;
use cognate_store::{Tx, sessions};
use serde::{Deserialize, Serialize};

use super::issue;
use super::session::{Session, is_revoked};
use super::tracked;
use crate::accounts::devices;
use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::{Client, Pool};
use crate::triggers::pre_token_generation::Source;
use crate::visit::Visit;

/// What a refresh token says inside its seal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    #[serde(rename = "p")]
    pub pool_id: String,
    #[serde(rename = "u")]
    pub user_id: String,
    #[serde(rename = "s")]
    pub session_id: String,
    #[serde(rename = "c")]
    pub client_id: String,
    /// The session's end, which is known here even after the session is forgotten.
    #[serde(rename = "e")]
    pub expires_ms: i64,
    /// How often the session had rotated when this token was made.
    #[serde(rename = "g")]
    pub generation: u64,
}

/// A token for the client and its hash for the store.
#[derive(Clone)]
pub struct Made {
    pub token: String,
    pub hash: Vec<u8>,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made(***)")
    }
}

/// A token that this server made, and what it says.
pub struct Presented {
    pub note: Note,
    sealed: Vec<u8>,
}

impl std::fmt::Debug for Presented {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented").field("note", &self.note).finish_non_exhaustive()
    }
}

/// What refresh tokens are bound to beside their kind.
const CONTEXT: &[u8] = b"";

/// The first token of a session.
pub fn first(cx: &Context, pool_id: &str, user_id: &str, session: &Session) -> Result<Made> {
    let note = Note {
        pool_id: pool_id.to_owned(),
        user_id: user_id.to_owned(),
        session_id: session.id.clone(),
        client_id: session.client_id.clone(),
        expires_ms: session.expires_ms,
        generation: 0,
    };
    Ok(made(cx, &cx.seals.seal(&cx.rng, Kind::RefreshToken, &written(&note)?, CONTEXT)))
}

/// Whether the text looks like a refresh token.
pub fn is_shaped(token: &str) -> bool {
    ids::parse_refresh_token(token).is_some()
}

/// Reads a token; `None` if this server did not make it.
pub fn read(cx: &Context, token: &str) -> Option<Presented> {
    let sealed = ids::parse_refresh_token(token)?;
    let plain = cx.seals.open_foreign(Kind::RefreshToken, &sealed, CONTEXT)?;
    Some(Presented { note: serde_json::from_slice(&plain).ok()?, sealed })
}

/// New tokens for a refresh token of this client: with its successor where the client rotates, else without one.
pub async fn redeem(
    cx: &Context,
    pool: &Arc<Pool>,
    client: &Arc<Client>,
    presented: &Presented,
    device_key: Option<&str>,
    visit: &Visit,
) -> Result<AuthenticationResult> {
    let note = &presented.note;
    if note.pool_id != pool.id || note.client_id != client.id {
        return Err(Error::invalid_refresh_token());
    }
    let now = cx.clock.now_ms();
    if now >= note.expires_ms {
        return Err(Error::refresh_token_expired());
    }
    let (user, row) = {
        let (pool, note) = (Arc::clone(pool), note.clone());
        cx.store.read(move |tx| live(tx, &pool, &note, now)).await?
    };
    let session = Session::from_row(&row)?;
    check_device(cx, pool, &user, &session, device_key).await?;
    let hash = hash(cx, &presented.sealed);
    let Some(grace_ms) = client.rotation_grace_ms() else {
        if !ct_eq(&row.token_hash, &hash) {
            return Err(Error::refresh_token_reused());
        }
        let content = issue::content(cx, pool, client, &user, &session, Source::RefreshTokens, visit).await?;
        let result = issue::again(cx, pool, client, &user, &session, &content).await?;
        tracked::note(cx, pool, &row, visit).await?;
        return Ok(result);
    };
    let next = successor(cx, presented)?;
    let (same_pool, note, next_hash) = (Arc::clone(pool), note.clone(), next.hash.clone());
    // A function that refuses must not cost the token.
    let content = issue::content(cx, pool, client, &user, &session, Source::RefreshTokens, visit).await?;
    let rotate = cx.store.write(move |tx| {
        let (_, row) = live(tx, &same_pool, &note, now)?;
        if ct_eq(&row.token_hash, &hash) {
            let key = sessions::Key { pool: &note.pool_id, user: &note.user_id, id: &note.session_id };
            sessions::rotate(tx, key, &hash, &next_hash, now)?;
            Ok(())
        } else if is_retry(&row, &hash, &next_hash, now, grace_ms) {
            Ok(())
        } else {
            Err(Error::refresh_token_reused())
        }
    });
    // Signing comes first: where it is shed, nothing was rotated yet.
    let (mut result, ()) = tokio::try_join!(issue::again(cx, pool, client, &user, &session, &content), rotate)?;
    tracked::note(cx, pool, &row, visit).await?;
    result.refresh_token = Some(Token::trusted(next.token));
    Ok(result)
}

/// Where the pool tracks devices, a token of a device's sign-in is good with that device's key alone, and only once the
/// device was confirmed and as long as it is not forgotten.
async fn check_device(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    session: &Session,
    device_key: Option<&str>,
) -> Result<()> {
    let Some(key) = session.device_key.clone().filter(|_| devices::are_tracked(pool)) else { return Ok(()) };
    if device_key != Some(key.as_str()) {
        return Err(Error::invalid_refresh_token());
    }
    let (pool, user_id) = (Arc::clone(pool), user.id.clone());
    let device = cx.store.read(move |tx| devices::find(tx, &pool, &user_id, &key)).await?;
    if device.is_some() { Ok(()) } else { Err(Error::invalid_refresh_token()) }
}

/// Whether the token was retired by the very last rotation, and that no longer ago than the grace period.
fn is_retry(row: &sessions::Session, hash: &[u8], next_hash: &[u8], now_ms: i64, grace_ms: i64) -> bool {
    row.previous_hash.as_deref().is_some_and(|previous| ct_eq(previous, hash))
        && ct_eq(&row.token_hash, next_hash)
        && row.rotated_ms.is_some_and(|rotated| now_ms - rotated < grace_ms)
}

/// The user and the session of a token, if both are good for new tokens.
fn live(tx: &mut Tx<'_>, pool: &Pool, note: &Note, now_ms: i64) -> Result<(User, sessions::Session)> {
    let user = user::by_id(tx, pool, &note.user_id)?.ok_or_else(Error::invalid_refresh_token)?;
    if !user.enabled {
        return Err(Error::user_disabled());
    }
    let row = sessions::get(tx, &pool.id, &note.user_id, &note.session_id)?;
    let row = row.filter(|row| row.client_id == note.client_id).ok_or_else(Error::invalid_refresh_token)?;
    if is_revoked(&row, &user) {
        return Err(Error::refresh_token_revoked());
    }
    if now_ms >= row.expires_ms {
        return Err(Error::refresh_token_expired());
    }
    Ok((user, row))
}

/// The one token that may follow this one.
fn successor(cx: &Context, presented: &Presented) -> Result<Made> {
    let note = Note { generation: presented.note.generation + 1, ..presented.note.clone() };
    Ok(made(cx, &cx.seals.seal_from(Kind::RefreshToken, &written(&note)?, CONTEXT, &presented.sealed)))
}

fn written(note: &Note) -> Result<Vec<u8>> {
    serde_json::to_vec(note).map_err(|error| Error::internal("a refresh token does not serialize").caused_by(error))
}

fn made(cx: &Context, sealed: &[u8]) -> Made {
    Made { token: ids::refresh_token(sealed), hash: hash(cx, sealed) }
}

fn hash(cx: &Context, sealed: &[u8]) -> Vec<u8> {
    cx.seals.keyed_hash(Kind::RefreshToken, sealed).to_vec()
}
