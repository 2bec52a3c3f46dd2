//! SECURITY row 38: requests that two parsers might read differently, and floods of headers and streams.

use super::*;

async fn status(request: &str) -> String {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let answer = running.say(request).await;
    answer.get(9..12).unwrap_or_default().to_owned()
}

/// With both lengths the chunks count and the connection ends (RFC 9112 section 6.1): what a front that counts by
/// Content-Length took for the rest of the body is never read as a request.
#[tokio::test]
async fn what_hides_behind_a_second_length_is_never_read() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let hidden = "0\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let length = format!("Content-Length: {}", hidden.len());
    let chunked = "Transfer-Encoding: chunked";
    for (first, second) in [(length.as_str(), chunked), (chunked, length.as_str())] {
        let answer = running.say(format!("POST / HTTP/1.1\r\nHost: a\r\n{first}\r\n{second}\r\n\r\n{hidden}")).await;
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        assert_eq!(header(&answer, "connection"), Some("close"));
        assert!(answer.ends_with("0 bytes"), "{answer}");
    }
}

#[tokio::test]
async fn a_request_has_one_length() {
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n").await, "400");
    assert_eq!(status("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").await, "400");
}

#[tokio::test]
async fn header_syntax_is_strict() {
    assert_eq!(status("POST / HTTP/1.1\r\nHost : a\r\nContent-Length: 0\r\n\r\n").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\n folded\r\nContent-Length: 0\r\n\r\n").await, "400");
    assert_eq!(status("POST / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n").await, "400");
    assert_eq!(status("POST  / HTTP/1.1\r\nHost: a\r\n\r\n").await, "400");
    assert_eq!(status("POST / HTTP/9.9\r\nHost: a\r\n\r\n").await, "400");
    assert_eq!(status("nonsense\r\n\r\n").await, "400");
}

#[tokio::test]
async fn odd_chunks_are_refused() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    for chunks in ["xyz\r\n", "-1\r\n{}\r\n0\r\n\r\n", "2\r\n{}0\r\n\r\n", "fffffffffffffffff\r\n"] {
        let status = status(&format!("{head}{chunks}")).await;
        assert_eq!(status, "400", "{chunks:?}");
    }
}

#[tokio::test]
async fn headers_are_counted_and_measured() {
    let many = "x: y\r\n".repeat(200);
    assert_eq!(status(&format!("POST / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await, "431");
    let huge = "y".repeat(64 * 1024);
    assert_eq!(status(&format!("POST / HTTP/1.1\r\nHost: a\r\nx: {huge}\r\n\r\n")).await, "431");
    let long_path = "y".repeat(64 * 1024);
    assert!(["414", "431"].contains(&status(&format!("POST /{long_path} HTTP/1.1\r\nHost: a\r\n\r\n")).await.as_str()));
}

/// Streams opened and reset in a burst (CVE-2023-44487) end the connection, and the server goes on.
#[tokio::test]
async fn rapid_reset_ends_the_connection() {
    let server = settings();
    let running = Running::start(api(&server, measure), &server).await;
    let mut burst = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    burst.extend(frame(4, 0, 0, &[]));
    for stream in (1..4000).step_by(2) {
        // :method POST, :path /, :scheme http by their numbers in the static table; :authority "a" spelt out.
        burst.extend(frame(1, 0x4, stream, &[0x83, 0x84, 0x86, 0x01, 0x01, b'a']));
        burst.extend(frame(3, 0, stream, &[0, 0, 0, 8]));
    }
    let mut stream = running.connect().await;
    let _ = stream.write_all(&burst).await;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "the connection stayed open");
    let mut kinds = Vec::new();
    let mut rest = answer.as_slice();
    while let [a, b, c, kind, ..] = *rest {
        kinds.push(kind);
        let length = (usize::from(a) << 16) | (usize::from(b) << 8) | usize::from(c);
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    assert!(kinds.contains(&7), "no GOAWAY among {kinds:?}");
    assert!(running.say(post("{}")).await.ends_with("2 bytes"));
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}
