//! Calls a function that is an HTTPS webhook, signed so that it knows who calls.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::Failure;
use super::invoke::Asked;
use crate::outbound::{Reach, Webhook};

pub(super) async fn call(asked: &Asked<'_>, webhook: &Webhook) -> Result<Bytes, Failure> {
    let request = webhook
        .request(asked.now_ms, asked.body.clone())
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
