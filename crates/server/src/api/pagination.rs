//! Pagination tokens: where a list goes on, sealed, so that a token can be neither made up nor used with another request.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_crypto::seal::Kind;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::QueryLimit;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;

/// How many items a page has: 60 where the request names no size or none.
pub fn size(limit: Option<QueryLimit>) -> usize {
    let asked = limit.and_then(|limit| usize::try_from(limit.0).ok()).unwrap_or(0);
    if asked == 0 { 60 } else { asked }
}

/// The token that leads on from `cursor`. It opens only in the same `scope`: the operation's name, the account and every
/// parameter that chooses what is listed, but not the size of a page.
pub fn seal(cx: &Context, scope: &impl Serialize, cursor: &impl Serialize) -> Result<String> {
    let unserializable = |error: serde_json::Error| Error::internal("a cursor does not serialize").caused_by(error);
    let scope = serde_json::to_vec(scope).map_err(unserializable)?;
    let cursor = serde_json::to_vec(cursor).map_err(unserializable)?;
    Ok(URL_SAFE_NO_PAD.encode(cx.seals.seal(&cx.rng, Kind::Pagination, &cursor, &scope)))
}

/// The cursor in a token that [`seal`] made in this scope; anything else is an invalid pagination token.
pub fn open<T: DeserializeOwned>(cx: &Context, scope: &impl Serialize, token: &str) -> Result<T> {
    let scope =
        serde_json::to_vec(scope).map_err(|error| Error::internal("a scope does not serialize").caused_by(error))?;
    let cursor = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|sealed| cx.seals.open_foreign(Kind::Pagination, &sealed, &scope))
        .and_then(|cursor| serde_json::from_slice(&cursor).ok());
    cursor.ok_or_else(Error::invalid_pagination_token)
}

/// Cuts a page of `size` out of what was found with one more than that asked for, and seals where the next one begins.
pub fn page<T>(
    cx: &Context,
    scope: &impl Serialize,
    mut found: Vec<T>,
    size: usize,
    cursor: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>)> {
    if found.len() <= size {
        return Ok((found, None));
    }
    found.truncate(size);
    let next = found.last().map(|last| seal(cx, scope, &cursor(last))).transpose()?;
    Ok((found, next))
}
