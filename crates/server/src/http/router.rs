//! Which door a request goes through, and what stands in front of all of them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::middleware;
use axum::response::Response;
use axum::routing::{any, get};
use bytes::Bytes;
use cognate_shapes::error::{Code, Error};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::limits::Limits;
use super::request::{self, Peer, RequestId};
use super::{cors, panics};
use crate::api::dispatch;
use crate::config;
use crate::context::Context;
use crate::inbox::{self, Inbox};
use crate::login;
use crate::oauth::discovery;

/// Everything on the main listener. Doors that are open to pages of other origins, such as a pool's own, join `open`;
/// pages of this server's join `own`.
pub fn router(cx: &Arc<Context>, server: &config::Server, inbox: Option<Inbox>) -> Router {
    let api = Arc::clone(cx);
    let jwks = Arc::clone(cx);
    let configuration = Arc::clone(cx);
    let open = aws_api(server, move |request| dispatch::handle(Arc::clone(&api), request))
        .route(
            "/{pool_id}/.well-known/jwks.json",
            get(async move |Path(id): Path<String>| discovery::jwks(&jwks, &id).await.map(Body::from)),
        )
        .route(
            "/{pool_id}/.well-known/openid-configuration",
            get(async move |Path(id): Path<String>| {
                discovery::configuration(&configuration, &id).await.map(Body::from)
            }),
        );
    let own = inbox.map(|inbox| inbox::routes(inbox, &server.public_url)).unwrap_or_default();
    protected(open, own.merge(login::confirm::routes(cx)))
}

/// The AWS API at `/`: reads the body within its limits and lets `handle` answer.
pub(super) fn aws_api<F, A>(server: &config::Server, handle: F) -> Router
where
    F: Fn(dispatch::Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = http::Response<Bytes>> + Send + 'static,
{
    let limits = Limits { max_body_bytes: server.max_body_bytes, body_timeout: server.body_timeout };
    let request_timeout = server.request_timeout;
    Router::new().route("/", any(async move |request: Request| answer(request, limits, request_timeout, handle).await))
}

async fn answer<F, A>(request: Request, limits: Limits, request_timeout: Duration, handle: F) -> Response
where
    F: Fn(dispatch::Request) -> A,
    A: Future<Output = http::Response<Bytes>> + Send + 'static,
{
    let (mut parts, body) = request.into_parts();
    let id = parts.extensions.remove::<RequestId>().unwrap_or_else(|| RequestId(String::new()));
    let refuse = |error: &Error| {
        request::count(error.code);
        dispatch::refuse(error, &id.0).map(Body::from)
    };
    let Some(Peer(peer)) = parts.extensions.remove::<Peer>() else {
        return refuse(&Error::new(Code::InternalError, "Internal error."));
    };
    let body = match limits.read(body).await {
        Ok(body) => body,
        Err(error) => return refuse(&error),
    };
    let request = dispatch::Request {
        method: parts.method,
        uri: parts.uri,
        headers: parts.headers,
        body,
        peer,
        request_id: id.0.clone(),
    };
    // In a task of its own: a client that hangs up must not stop the work between the database and the mail.
    let work = tokio::spawn(request::within(id.clone(), handle(request)).in_current_span());
    let stop = work.abort_handle();
    match tokio::time::timeout(request_timeout, work).await {
        Ok(Ok(response)) => response.map(Body::from),
        Ok(Err(ended)) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Ok(Err(_)) => refuse(&Error::new(Code::InternalError, "Internal error.")),
        Err(_) => {
            stop.abort();
            tracing::error!(seconds = request_timeout.as_secs(), "the request took too long and was given up");
            refuse(&Error::new(Code::InternalError, "The request took too long."))
        }
    }
}

/// `open` to pages of any origin, `own` to this server's; both with ids, a log line, and panics caught.
pub(super) fn protected(open: Router, own: Router) -> Router {
    open.fallback(nothing_here)
        .layer(CatchPanicLayer::custom(panics::answer))
        .layer(cors::layer())
        .merge(own.layer(CatchPanicLayer::custom(panics::answer)))
        .layer(middleware::from_fn(request::identify))
}

async fn nothing_here(request: Request) -> Response {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let mut response = dispatch::refuse(&Error::new(Code::UnknownOperation, "There is nothing at this address."), &id);
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response.map(Body::from)
}
