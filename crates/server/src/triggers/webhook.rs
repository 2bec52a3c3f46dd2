//! Calls a function that is an HTTPS webhook, signed so that it knows who calls.

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::Value;

use super::Failure;
use super::invoke::Asked;
use super::targets::Key;
use crate::outbound::Reach;

/// The time of the call in seconds since the Unix epoch.
pub const TIMESTAMP: &str = "x-cognate-timestamp";

/// `v1=` and, in hexadecimal, HMAC-SHA256 of the timestamp, a full stop and the body.
pub const SIGNATURE: &str = "x-cognate-signature";

pub(super) async fn call(asked: &Asked<'_>, url: &str, secret: &Key) -> Result<Bytes, Failure> {
    let timestamp = (asked.now_ms / 1000).to_string();
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header(SIGNATURE, signature(secret, &timestamp, asked.body))
        .header(TIMESTAMP, timestamp)
        .body(asked.body.clone())
        .map_err(|error| Failure::invocation("Connection failed", error.to_string()))?;
    let response = asked.outbound.send(Reach::Configured, request, asked.within, asked.at_most).await?;
    if response.status().is_success() {
        return Ok(response.into_body());
    }
    let told: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    Err(match told["errorMessage"].as_str() {
        Some(message) => Failure::function(message),
        None => Failure::Invocation {
            error: format!("HTTP {}", response.status().as_u16()),
            detail: "the webhook answered neither 200 nor an errorMessage".to_owned(),
            passing: matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE),
        },
    })
}

/// The value of [`SIGNATURE`].
pub fn signature(secret: &Key, timestamp: &str, body: &[u8]) -> String {
    let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.expose()));
    signed.update(timestamp.as_bytes());
    signed.update(b".");
    signed.update(body);
    let mut text = String::from("v1=");
    for byte in signed.sign().as_ref() {
        text.push(char::from_digit(u32::from(byte >> 4), 16).expect("four bits are one digit"));
        text.push(char::from_digit(u32::from(byte & 15), 16).expect("four bits are one digit"));
    }
    text
}
