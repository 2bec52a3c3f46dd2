//! What every request gets before anything looks at it: an id, a line in the log.

use std::net::IpAddr;
use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use cognate_shapes::error::Code;
use http::HeaderValue;
use tracing::Instrument as _;

/// The address at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// The id that `x-amzn-RequestId` answers.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of the request that the current task answers; empty outside of one.
pub(super) fn current_id() -> String {
    CURRENT.try_with(|id| id.0.clone()).unwrap_or_default()
}

/// Runs `work` as part of the request with this id, also in a task of its own.
pub(super) async fn within<F: Future>(id: RequestId, work: F) -> F::Output {
    CURRENT.scope(id, work).await
}

/// Gives the request an id, and writes one line when it is answered.
///
/// The line holds nothing that can be a secret: no query, no header, no body. The formats of the log escape the path.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    #[expect(clippy::disallowed_methods, reason = "a request's id decides nothing, and two must never be equal")]
    let id = RequestId(uuid::Uuid::new_v4().to_string());
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_string()).unwrap_or_default();
    let span = tracing::info_span!("request", id = id.0);
    request.extensions_mut().insert(id.clone());

    async move {
        let mut response = within(id.clone(), next.run(request)).await;
        if let Ok(value) = HeaderValue::from_str(&id.0) {
            response.headers_mut().insert("x-amzn-requestid", value);
        }
        let kind = response.headers().get("x-amzn-errortype").and_then(|kind| kind.to_str().ok());
        tracing::info!(
            method = method.as_str(),
            path,
            status = response.status().as_u16(),
            error = kind.map(|kind| kind.trim_end_matches(':')),
            peer,
            micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

/// Counts a request that was answered before an operation was found, or in the place of one that failed.
pub(super) fn count(code: Code) {
    metrics::counter!("cognate_requests_total", "operation" => "Unknown", "code" => code.as_str()).increment(1);
}
