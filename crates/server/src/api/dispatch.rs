//! The AWS JSON 1.1 protocol: from an HTTP request to an operation and back.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::json;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::json;

use super::operation::{Entry, identify};
use crate::access::Signed;
use crate::context::Context;
use crate::visit::Origin;

/// The namespace of `X-Amz-Target`.
const TARGET_PREFIX: &str = "AWSCognitoIdentityProviderService.";
const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");

/// An HTTP request whose body has been read within its limits.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub peer: IpAddr,
    /// What `x-amzn-RequestId` answers.
    pub request_id: String,
}

/// Answers one request of the AWS API. Never fails: an error is an answer.
pub async fn handle(cx: Arc<Context>, request: Request) -> http::Response<Bytes> {
    let began = Instant::now();
    let found = target(&request);
    let answer = match &found {
        Ok(entry) => call(&cx, entry, &request).await,
        Err(error) => Err(Error::new(error.code, error.message.clone())),
    };
    let name = found.as_ref().map_or("Unknown", |entry| entry.name);
    let code = answer.as_ref().err().map_or("OK", |error| error.code.as_str());
    metrics::counter!("cognate_requests_total", "operation" => name, "code" => code).increment(1);
    metrics::histogram!("cognate_request_seconds", "operation" => name).record(began.elapsed().as_secs_f64());
    match answer {
        Ok(body) => respond(StatusCode::OK, &request.request_id, Bytes::from(body)),
        Err(error) => {
            log(name, &request.request_id, &error);
            refuse(&error, &request.request_id)
        }
    }
}

async fn call(cx: &Context, entry: &Entry, request: &Request) -> Result<Vec<u8>> {
    let signed = Signed { method: &request.method, uri: &request.uri, headers: &request.headers, body: &request.body };
    let caller = identify(cx, entry, &signed).await?;
    let body = json::object(&request.body)?;
    let principal = caller.map(|caller| caller.allowed(entry.name, entry.names_pool(), &body)).transpose()?;
    let user_agent = request.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let origin = Origin { peer: request.peer, user_agent };
    let answer = (entry.run)(cx, body, origin, principal).await;
    if let Err(error) = &answer {
        // A code outside the operation's list is a mistake of ours that clients cannot expect.
        let declared = error.code.is_common() || entry.errors.contains(&error.code);
        debug_assert!(declared, "{} answered {}, which its model does not list", entry.name, error.code.as_str());
        if !declared {
            tracing::error!(operation = entry.name, code = error.code.as_str(), "undeclared error");
        }
    }
    answer
}

/// Which operation a request asks for.
fn target(request: &Request) -> Result<&'static Entry> {
    if request.method != Method::POST {
        let message =
            format!("{} is not allowed here: the API takes POST with an X-Amz-Target header.", request.method);
        return Err(Error::new(Code::MethodNotAllowed, message));
    }
    let mut targets = request.headers.get_all("x-amz-target").iter();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Err(Error::new(Code::UnknownOperation, "The request needs exactly one X-Amz-Target header."));
    };
    let name = target.to_str().ok().and_then(|target| target.strip_prefix(TARGET_PREFIX));
    let Some(name) = name else {
        let message = format!("X-Amz-Target must be {TARGET_PREFIX}<Operation>.");
        return Err(Error::new(Code::UnknownOperation, message));
    };
    content_type(&request.headers)?;
    if let Some(entry) = super::find(name) {
        Ok(entry)
    } else if super::open::OPEN.contains(&name) {
        let message =
            format!("{name} is not built into this version of Cognate yet; docs/operations.md lists what is.");
        Err(Error::new(Code::UnsupportedOperation, message))
    } else {
        Err(Error::new(Code::UnknownOperation, "The service has no operation of that name."))
    }
}

/// A browser may send `text/plain` across origins unasked; only the protocol's own content type is read.
fn content_type(headers: &HeaderMap) -> Result<()> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let essence = match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
        (Some(value), None) => value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase(),
        _ => String::new(),
    };
    if essence == "application/x-amz-json-1.1" || essence == "application/x-amz-json-1.0" {
        Ok(())
    } else {
        Err(Error::new(Code::UnknownOperation, "The request's Content-Type must be application/x-amz-json-1.1."))
    }
}

/// An error as the service writes it: in the body and in two headers.
pub fn refuse(error: &Error, request_id: &str) -> http::Response<Bytes> {
    let body = json!({ "__type": error.code.as_str(), "message": error.message });
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, request_id, Bytes::from(body.to_string()));
    let kind = HeaderValue::from_str(&format!("{}:", error.code.as_str()));
    let words: String = error.message.chars().filter(|c| matches!(c, ' '..='~')).take(2048).collect();
    let headers = response.headers_mut();
    if let (Ok(kind), Ok(words)) = (kind, HeaderValue::from_str(&words)) {
        headers.insert("x-amzn-errortype", kind);
        headers.insert("x-amzn-errormessage", words);
    }
    response
}

fn respond(status: StatusCode, request_id: &str, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// One line an error: a server fault with its chain of causes, a caller's fault without its words, which may repeat
/// what the caller sent.
fn log(operation: &str, request_id: &str, error: &Error) {
    if error.code.status() >= 500 {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(operation, request_id, code = error.code.as_str(), cause, "request failed");
    } else {
        tracing::debug!(operation, request_id, code = error.code.as_str(), "request refused");
    }
}
