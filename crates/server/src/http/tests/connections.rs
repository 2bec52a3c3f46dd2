//! How long a connection may live, how many may, and how they end.

use std::time::Instant;

use super::*;

const HALF: &str = "POST / HTTP/1.1\r\nHost: a\r\n";

/// SECURITY row 38: whoever connects and does not send a whole request is let go, whatever was begun: nothing, a
/// header that never ends, or bytes that could become HTTP/2.
#[tokio::test]
async fn connections_that_ask_nothing_are_closed() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    for beginning in ["", HALF, "P", "PRI * HTTP/2.0\r\n\r\nSM"] {
        let mut stream = running.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let began = Instant::now();
        read_to_end(&mut stream).await;
        assert!(began.elapsed() < Duration::from_secs(8), "{beginning:?} was kept for {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_header_that_trickles_does_not_keep_the_connection() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let mut stream = running.connect().await;
    stream.write_all(HALF.as_bytes()).await.unwrap();
    let began = Instant::now();
    for n in 0..80 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if stream.write_all(format!("x-{n}: y\r\n").as_bytes()).await.is_err() {
            break;
        }
    }
    assert!(began.elapsed() < Duration::from_secs(7), "kept for {:?}", began.elapsed());
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_are_not() {
    let mut server = settings();
    server.request_timeout = LONG;
    let handle = async |request: Request| {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        measure(request).await
    };
    let running = Running::start(api(&server, handle), &server).await;
    let mut stream = running.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn connections_are_kept_for_the_next_request() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let mut stream = running.connect().await;
    for _ in 0..3 {
        stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
        let mut buffer = [0; 2048];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(String::from_utf8_lossy(&buffer[..read]).ends_with("2 bytes"));
    }
}

/// SECURITY row 52: connections are bounded; the next one waits until one closes.
#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let mut server = settings();
    server.max_connections = 1;
    let running = Running::start(api(&server, measure), &server).await;
    let mut first = running.connect().await;
    first.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    let mut buffer = [0; 2048];
    assert!(first.read(&mut buffer).await.unwrap() > 0);

    let mut second = running.connect().await;
    second.write_all(post("{}").as_bytes()).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), second.read(&mut buffer)).await;
    assert!(early.is_err(), "answered while the first connection was open");
    drop(first);
    assert!(read_to_end(&mut second).await.ends_with("2 bytes"));
}

#[tokio::test]
async fn stopping_finishes_what_was_taken() {
    let server = settings();
    let handle = async |request: Request| {
        tokio::time::sleep(Duration::from_millis(300)).await;
        measure(request).await
    };
    let running = Running::start(api(&server, handle), &server).await;
    let mut taken = running.connect().await;
    taken.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}").await.unwrap();
    let mut idle = running.connect().await;
    tokio::time::sleep(Duration::from_millis(100)).await;

    running.stop.send(true).unwrap();
    let answer = read_to_end(&mut taken).await;
    assert!(answer.ends_with("2 bytes"), "{answer}");
    assert_eq!(read_to_end(&mut idle).await, "");
    tokio::time::timeout(Duration::from_secs(2), running.serving).await.expect("the listener ends").unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let mut server = settings();
    server.shutdown_grace = Duration::from_millis(300);
    server.request_timeout = LONG;
    let running = Running::start(api(&server, async |_| std::future::pending().await), &server).await;
    let mut stuck = running.connect().await;
    stuck.write_all(post("{}").as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    running.stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(2), running.serving).await.expect("the listener ends").unwrap();
}
