//! Calls a function through Lambda's Invoke API: AWS itself or anything that speaks it.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use url::form_urlencoded;

use super::Failure;
use super::invoke::Asked;
use crate::outbound::Reach;
use crate::outbound::aws::error_name;

pub(super) async fn call(
    asked: &Asked<'_>,
    endpoint: &str,
    reach: Reach,
    region: &str,
    arn: &str,
) -> Result<Bytes, Failure> {
    let url = function_url(endpoint, arn);
    let kind = if asked.is_told { "Event" } else { "RequestResponse" };
    let mut response = send(asked, &url, kind, reach, region).await?;
    if asked.is_told && response.status() == StatusCode::NOT_IMPLEMENTED {
        // SAM local has no queue: there the function is waited for.
        response = send(asked, &url, "RequestResponse", reach, region).await?;
    }
    if !response.status().is_success() {
        return Err(refusal(&response));
    }
    match response.headers().get("x-amz-function-error") {
        Some(kind) => Err(function_error(response.body(), kind.to_str().unwrap_or("Unhandled"))),
        None => Ok(response.into_body()),
    }
}

fn function_url(endpoint: &str, arn: &str) -> String {
    let name: String = form_urlencoded::byte_serialize(arn.as_bytes()).collect();
    format!("{endpoint}/2015-03-31/functions/{name}/invocations")
}

async fn send(
    asked: &Asked<'_>,
    url: &str,
    kind: &str,
    reach: Reach,
    region: &str,
) -> Result<Response<Bytes>, Failure> {
    let mut request = Request::post(url)
        .header("content-type", "application/json")
        .header("x-amz-invocation-type", kind)
        .body(asked.body.clone())
        .map_err(|error| Failure::invocation("Connection failed", error.to_string()))?;
    asked.outbound.sign(&mut request, "lambda", region, asked.now_ms)?;
    Ok(asked.outbound.send(reach, request, asked.within, asked.at_most).await?)
}

/// What the function threw: `{"errorMessage": …, "errorType": …}`.
fn function_error(body: &[u8], kind: &str) -> Failure {
    let thrown: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = thrown["errorMessage"].as_str().or_else(|| thrown["errorType"].as_str()).unwrap_or(kind);
    Failure::function(message)
}

/// Why Lambda did not run the function.
fn refusal(response: &Response<Bytes>) -> Failure {
    let status = response.status();
    Failure::Invocation {
        detail: format!("the Invoke API answered {}", status.as_u16()),
        error: error_name(response).unwrap_or_else(|| format!("HTTP {}", status.as_u16())),
        // A function that was started and failed is answered 500 to 599 as well, and is not started again.
        passing: status == StatusCode::TOO_MANY_REQUESTS,
    }
}
