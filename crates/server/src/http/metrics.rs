//! What the server tells those who watch it, on a listener of its own: metrics, and whether it is alive and ready.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::sync::watch;

/// Upper bounds in seconds: sign-ins take single milliseconds, lockouts and gateways far more.
const BUCKETS: [f64; 14] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What the database has to answer "are you there" within.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// How often the recorder tidies its histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// Asks what the server cannot do without whether it is there.
pub type Probe = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Starts to count, and gives what prints the counts. The process has one recorder, however often this is called;
/// `None` if a recorder that is not ours is installed.
pub fn record() -> Option<PrometheusHandle> {
    static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let recorder = PrometheusBuilder::new().set_buckets_for_metric(seconds, &BUCKETS).ok()?.build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    };
    RECORDER.get_or_init(install).clone()
}

fn describe() {
    metrics::describe_counter!("cognate_requests_total", "Requests answered, by operation and by error code or OK");
    metrics::describe_histogram!("cognate_request_seconds", metrics::Unit::Seconds, "Time to answer a request");
    metrics::describe_counter!("cognate_trigger_calls_total", "Calls of functions, by trigger and by error code or OK");
    metrics::describe_histogram!("cognate_trigger_call_seconds", metrics::Unit::Seconds, "Time a function took");
    metrics::describe_gauge!("cognate_build_info", "1; the label says which build this is");
    metrics::gauge!("cognate_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// `/metrics`, `/health/live` and `/health/ready`. Once `stop` is true the server is not ready: a balancer sends
/// nothing new while what was taken is finished.
pub fn router(handle: PrometheusHandle, ready: Probe, stop: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/metrics", get(async move || text(StatusCode::OK, "text/plain; version=0.0.4", handle.render())))
        .route("/health/live", get(async || health(StatusCode::OK, "live")))
        .route(
            "/health/ready",
            get(async move || {
                if *stop.borrow() {
                    return health(StatusCode::SERVICE_UNAVAILABLE, "stopping");
                }
                match tokio::time::timeout(READY_WITHIN, ready()).await {
                    Ok(Ok(())) => health(StatusCode::OK, "ready"),
                    Ok(Err(error)) => {
                        tracing::warn!(error, "not ready");
                        health(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
                    }
                    Err(_) => health(StatusCode::SERVICE_UNAVAILABLE, "the store takes too long to answer"),
                }
            }),
        )
}

/// Keeps the recorder tidy until the task is dropped.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut tick = tokio::time::interval(UPKEEP);
    loop {
        tick.tick().await;
        handle.run_upkeep();
    }
}

fn health(status: StatusCode, word: &str) -> Response {
    text(status, "application/json", serde_json::json!({ "status": word }).to_string())
}

fn text(status: StatusCode, kind: &'static str, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], body).into_response()
}
