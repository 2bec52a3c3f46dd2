//! SECURITY row 59: metrics and health, on a listener of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::metrics;
use super::*;

#[tokio::test]
async fn health_says_whether_to_send_requests() {
    let there = Arc::new(AtomicBool::new(true));
    let probed = Arc::clone(&there);
    let probe: metrics::Probe = Arc::new(move || {
        let there = probed.load(Ordering::SeqCst);
        Box::pin(async move { if there { Ok(()) } else { Err("the password is hunter2".to_owned()) } })
    });
    let (stop, stopped) = channel::channel(false);
    let router = metrics::router(metrics::record().unwrap(), probe, stopped);
    let running = Running::start(router, &settings()).await;
    let get = async |path: &str| {
        let answer = running.say(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
        (answer[9..12].to_owned(), answer)
    };

    assert_eq!(get("/health/live").await.0, "200");
    assert_eq!(get("/health/ready").await.0, "200");
    there.store(false, Ordering::SeqCst);
    let (status, answer) = get("/health/ready").await;
    assert_eq!(status, "503");
    assert!(!answer.contains("hunter2"));
    assert_eq!(get("/health/live").await.0, "200");
    there.store(true, Ordering::SeqCst);
    stop.send(true).unwrap();
    let (status, answer) = get("/health/ready").await;
    assert_eq!((status.as_str(), answer.contains("stopping")), ("503", true));
}

#[tokio::test]
async fn metrics_count_what_was_refused() {
    let handle = metrics::record().unwrap();
    let (_stop, stopped) = channel::channel(false);
    let watch =
        Running::start(metrics::router(handle, Arc::new(|| Box::pin(async { Ok(()) })), stopped), &settings()).await;
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    running.say(post(&"x".repeat(20_000))).await;

    let answer = watch.say("GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(answer.contains("cognate_build_info{version="), "{answer}");
    let counted = r#"cognate_requests_total{operation="Unknown",code="RequestEntityTooLargeException"}"#;
    assert!(answer.contains(counted), "{answer}");
    assert_eq!(header(&answer, "access-control-allow-origin"), None);
}
