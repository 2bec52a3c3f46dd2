//! What stands in front of the API: ids, CORS, limits, panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::context::Context;

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let mut ids = Vec::new();
    for request in [
        post("{}"),
        post(&"x".repeat(20_000)),
        "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
        "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\r\n".to_owned(),
        // What a client calls its request is not what the log calls it.
        "GET / HTTP/1.1\r\nHost: a\r\nx-amzn-RequestId: forged\r\nConnection: close\r\n\r\n".to_owned(),
    ] {
        let answer = running.say(request).await;
        let id = header(&answer, "x-amzn-requestid").expect(&answer);
        assert!(uuid::Uuid::parse_str(id).is_ok(), "{id}");
        assert_eq!(answer.matches("x-amzn-requestid:").count(), 1);
        ids.push(id.to_owned());
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
}

/// SECURITY row 20: any origin may read, none may send credentials; error answers can be read as well.
#[tokio::test]
async fn cors_is_for_everyone_and_without_credentials() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let preflight = running
        .say(
            "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: content-type,x-amz-target,x-amz-user-agent,amz-sdk-invocation-id,amz-sdk-request,authorization,cache-control\r\n\r\n",
        )
        .await;
    assert!(preflight.starts_with("HTTP/1.1 200"), "{preflight}");
    assert_eq!(header(&preflight, "access-control-allow-origin"), Some("*"));
    let allowed = header(&preflight, "access-control-allow-headers").unwrap();
    for name in [
        "content-type",
        "x-amz-target",
        "x-amz-user-agent",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "authorization",
        "cache-control",
        "x-amz-date",
        "x-amz-security-token",
        "x-amz-content-sha256",
    ] {
        assert!(allowed.split(',').any(|a| a.trim() == name), "{name} in {allowed}");
    }

    for request in [
        post("{}"),
        post(&"x".repeat(20_000)),
        "GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(),
    ] {
        let answer =
            running.say(request.replace("Host: a", "Host: a\r\nOrigin: https://app.example\r\nCookie: a=b")).await;
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"), "{answer}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
        let exposed = header(&answer, "access-control-expose-headers").unwrap();
        for name in ["x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage", "date"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
    }
}

#[tokio::test]
async fn large_bodies_are_refused_by_length_and_by_count() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    assert!(running.say(post(&"x".repeat(10_000))).await.ends_with("10000 bytes"));

    let by_length = running.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\n\r\n").await;
    assert!(by_length.starts_with("HTTP/1.1 413"), "{by_length}");
    assert_eq!(header(&by_length, "content-type"), Some("application/x-amz-json-1.1"));
    assert_eq!(header(&by_length, "x-amzn-errortype"), Some("RequestEntityTooLargeException:"));
    assert!(by_length.contains(r#""__type":"RequestEntityTooLargeException""#));

    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096));
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let by_count = running.say(format!("{head}{}0\r\n\r\n", chunk.repeat(3))).await;
    assert!(by_count.starts_with("HTTP/1.1 413"), "{by_count}");
    let fits = running.say(format!("{head}{}0\r\n\r\n", chunk.repeat(2))).await;
    assert!(fits.ends_with("8192 bytes"), "{fits}");
}

/// SECURITY row 38: a body that trickles is given up.
#[tokio::test]
async fn slow_bodies_are_given_up() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let answer = running.say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains(r#""__type":"RequestTimeoutException""#));
}

#[tokio::test]
async fn work_that_takes_too_long_is_given_up() {
    let server = settings();
    let running = Running::start(api(&server, async |_| std::future::pending().await), &server).await;
    let answer = running.say(post("{}")).await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains(r#""__type":"InternalErrorException""#));
}

/// SECURITY row 52: a panic is one 500, tells nothing, and the server lives.
#[tokio::test]
async fn a_panic_is_one_500() {
    let server = settings();
    let handle = async |request: Request| {
        assert!(request.body.as_ref() != b"boom", "the password is {}", "hunter2");
        measure(request).await
    };
    let running = Running::start(api(&server, handle), &server).await;
    let answer = running.say(post("boom")).await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    assert!(answer.contains(r#""__type":"InternalErrorException""#));
    assert!(!answer.contains("hunter2"));
    assert!(header(&answer, "x-amzn-requestid").is_some());
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    assert!(running.say(post("{}")).await.ends_with("2 bytes"));
}

#[tokio::test]
async fn a_client_that_hangs_up_does_not_stop_the_work() {
    let server = settings();
    let done = Arc::new(AtomicBool::new(false));
    let (began, mut begun) = tokio::sync::mpsc::channel::<()>(1);
    let finished = Arc::clone(&done);
    let handle = move |_: Request| {
        let (finished, began) = (Arc::clone(&finished), began.clone());
        async move {
            began.send(()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            finished.store(true, Ordering::SeqCst);
            http::Response::new(Bytes::new())
        }
    };
    let running = Running::start(api(&server, handle), &server).await;
    let mut stream = running.connect().await;
    stream.write_all(post("{}").as_bytes()).await.unwrap();
    begun.recv().await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(done.load(Ordering::SeqCst));
}

/// SECURITY row 59: what watches the server is not on the main listener. The inbox is there only when it is on, and
/// without CORS: pages of other origins cannot read it.
#[tokio::test]
async fn the_whole_router_has_its_doors() {
    let config = Config::dev(&DevData::Memory, &Overlay::default()).unwrap();
    let cx = Context::new(&config).await.unwrap();
    let with =
        Running::start(super::super::router::router(&cx, &config.server, Some(cx.inbox.clone())), &config.server).await;
    let without = Running::start(super::super::router::router(&cx, &config.server, None), &config.server).await;
    let get = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\nConnection: close\r\n\r\n")
    };

    let inbox = with.say(get("/inbox/messages")).await;
    assert!(inbox.starts_with("HTTP/1.1 200"), "{inbox}");
    assert_eq!(header(&inbox, "access-control-allow-origin"), None);
    assert!(header(&inbox, "x-amzn-requestid").is_some());
    assert!(without.say(get("/inbox/messages")).await.starts_with("HTTP/1.1 404"));
    assert!(without.say(get("/inbox")).await.starts_with("HTTP/1.1 404"));
    for path in ["/metrics", "/health/live", "/health/ready", "/debug"] {
        assert!(with.say(get(path)).await.starts_with("HTTP/1.1 404"), "{path}");
    }

    let wrong_method = with.say(get("/")).await;
    assert!(wrong_method.starts_with("HTTP/1.1 405"), "{wrong_method}");
    assert_eq!(header(&wrong_method, "content-type"), Some("application/x-amz-json-1.1"));
    let unknown_pool = with.say(get("/us-east-1_nothing00/.well-known/jwks.json")).await;
    assert!(unknown_pool.starts_with("HTTP/1.1 4"), "{unknown_pool}");
    assert_eq!(header(&unknown_pool, "access-control-allow-origin"), Some("*"));
}

/// SECURITY row 45: the log names the request and holds nothing that can be a secret, nor a line of the caller's making.
#[tokio::test]
async fn the_log_holds_no_secrets() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    // The runtime of a test has one thread, so that its tasks log here.
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let answer = running
        .say(
            "POST /some%0Awhere?token=hunter2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer hunter2\r\n\
             X-Amz-Target: hunter2\r\nContent-Length: 7\r\n\r\nhunter2",
        )
        .await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains("hunter2"), "{log}");
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().find(|line| line["fields"]["message"] == "answered").unwrap();
    assert_eq!(answered["fields"]["path"], "/some%0Awhere");
    assert_eq!(answered["fields"]["status"], 404);
    assert_eq!(answered["span"]["id"].as_str(), header(&answer, "x-amzn-requestid"));
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
