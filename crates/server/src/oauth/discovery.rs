//! A pool's discovery document and key set, for anyone who verifies its tokens.

use bytes::Bytes;
use cognate_shapes::error::{Code, Error};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::directory;
use crate::tokens::keys;

/// The discovery document (OpenID Connect Discovery 1.0 §3), its members in the service's order.
#[derive(Serialize)]
struct Configuration {
    authorization_endpoint: String,
    end_session_endpoint: String,
    id_token_signing_alg_values_supported: [&'static str; 1],
    issuer: String,
    jwks_uri: String,
    response_types_supported: [&'static str; 2],
    revocation_endpoint: String,
    scopes_supported: [&'static str; 4],
    subject_types_supported: [&'static str; 1],
    token_endpoint: String,
    token_endpoint_auth_methods_supported: [&'static str; 2],
    userinfo_endpoint: String,
}

/// `GET /{poolId}/.well-known/openid-configuration`
pub async fn configuration(cx: &Context, pool_id: &str) -> http::Response<Bytes> {
    let pool = match directory::pool(cx, pool_id).await {
        Ok(pool) => pool,
        Err(error) => return refuse(&error),
    };
    // Without a domain the service advertises endpoints under the pool's own address.
    let base = format!("{}/{}", cx.config.server.public_url, pool.id);
    publish(&Configuration {
        authorization_endpoint: format!("{base}/authorize"),
        end_session_endpoint: format!("{base}/logout"),
        id_token_signing_alg_values_supported: ["RS256"],
        issuer: pool.issuer(&cx.config),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        response_types_supported: ["code", "token"],
        revocation_endpoint: format!("{base}/revoke"),
        scopes_supported: ["openid", "email", "phone", "profile"],
        subject_types_supported: ["public"],
        token_endpoint: format!("{base}/token"),
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        userinfo_endpoint: format!("{base}/userInfo"),
    })
}

/// `GET /{poolId}/.well-known/jwks.json` (RFC 7517 §5)
pub async fn jwks(cx: &Context, pool_id: &str) -> http::Response<Bytes> {
    let keys = match directory::pool(cx, pool_id).await {
        Ok(pool) => keys::of(cx, &pool.id).await,
        Err(error) => Err(error),
    };
    match keys {
        Ok(keys) => publish(&json!({ "keys": keys.jwks() })),
        Err(error) => refuse(&error),
    }
}

fn publish(document: &impl Serialize) -> http::Response<Bytes> {
    match serde_json::to_vec(document) {
        Ok(body) => {
            let mut response = http::Response::new(Bytes::from(body));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(header::CACHE_CONTROL, key_set_age());
            response
        }
        Err(error) => refuse(&Error::internal("a document does not serialize").caused_by(error)),
    }
}

fn key_set_age() -> HeaderValue {
    HeaderValue::try_from(format!("public, max-age={}", keys::KEY_SET_AGE_S)).expect("digits make a header")
}

fn refuse(error: &Error) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(json!({ "message": error.message }).to_string()));
    *response.status_mut() = match error.code {
        Code::ResourceNotFound => StatusCode::NOT_FOUND,
        code => StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
