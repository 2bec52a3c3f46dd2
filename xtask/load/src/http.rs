//! HTTP/1.1 on one kept-alive connection, with as little work a request as possible: the load must not cost more
//! than what it measures.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(30);

/// The address of `http://<address>`.
pub fn address(endpoint: &str) -> Result<SocketAddr> {
    let rest = endpoint.strip_prefix("http://").context("the load speaks plain http only")?;
    rest.trim_end_matches('/').parse().with_context(|| format!("{rest} is not an address and port"))
}

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    host: String,
    sent: Vec<u8>,
    received: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no server at {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: address.to_string(),
            sent: Vec::with_capacity(8192),
            received: Vec::with_capacity(65536),
        })
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer<'_>> {
        self.sent.clear();
        let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.host);
        self.sent.extend_from_slice(head.as_bytes());
        self.exchange().await
    }

    /// A call of the AWS JSON 1.1 API.
    pub async fn call(&mut self, operation: &str, body: &str) -> Result<Answer<'_>> {
        self.sent.clear();
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-amz-json-1.1\r\n\
             x-amz-target: AWSCognitoIdentityProviderService.{operation}\r\ncontent-length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        self.sent.extend_from_slice(head.as_bytes());
        self.sent.extend_from_slice(body.as_bytes());
        self.exchange().await
    }

    async fn exchange(&mut self) -> Result<Answer<'_>> {
        timeout(PATIENCE, self.send_and_receive()).await.context("no answer within 30 s")?
    }

    async fn send_and_receive(&mut self) -> Result<Answer<'_>> {
        self.stream.write_all(&self.sent).await?;
        self.received.clear();
        let (status, body_at, length) = loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(head_end) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                let (status, length) = parse_head(&self.received[..head_end])?;
                break (status, head_end + 4, length);
            }
        };
        while self.received.len() < body_at + length {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                bail!("the server closed the connection in the middle of an answer");
            }
        }
        Ok(Answer { status, body: &self.received[body_at..body_at + length] })
    }
}

/// Status and content length.
fn parse_head(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head).context("an answer's head is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without a status")?.parse()?;
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer without a content-length")?;
    Ok((status, length.1.trim().parse()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_status_and_length() {
        let head = b"HTTP/1.1 400 Bad Request\r\nX-Amzn-RequestId: 1\r\nContent-Length: 17";
        assert_eq!(parse_head(head).unwrap(), (400, 17));
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }

    #[test]
    fn an_endpoint_is_an_address() {
        assert_eq!(address("http://127.0.0.1:9229/").unwrap(), "127.0.0.1:9229".parse().unwrap());
        assert!(address("https://127.0.0.1:9229").is_err());
    }
}
