//! The main listener as a client meets it, over real sockets: what it refuses, survives and finishes.

mod api;
mod connections;
mod smuggling;
mod tls;
mod watch;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch as channel;
use tokio::task::JoinHandle;

use super::listener::{Listener, Patience};
use super::router::{aws_api, protected};
use crate::api::dispatch::Request;
use crate::config::{Config, DevData, Overlay, Server};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

/// A running listener.
struct Running {
    address: SocketAddr,
    stop: channel::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start(router: Router, server: &Server) -> Self {
        Self::start_with(router, server, None).await
    }

    async fn start_with(router: Router, server: &Server, tls: Option<std::sync::Arc<rustls::ServerConfig>>) -> Self {
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), tls, Patience::from(server)).await.unwrap();
        let address = listener.address().unwrap();
        let (stop, stopped) = channel::channel(false);
        let serving = tokio::spawn(listener.serve(router, stopped, server.shutdown_grace));
        Self { address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of its own and reads until the server closes it.
    async fn say(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.connect().await;
        // The server may refuse, and close, before all of it is sent.
        let _ = stream.write_all(bytes.as_ref()).await;
        read_to_end(&mut stream).await
    }
}

async fn read_to_end(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is as good as an end.
    let _ =
        tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Settings of a server that is quick to lose patience.
fn settings() -> Server {
    let mut server = Config::dev(&DevData::Memory, &Overlay::default()).unwrap().server;
    server.header_timeout = Duration::from_millis(400);
    server.body_timeout = Duration::from_millis(400);
    server.request_timeout = Duration::from_millis(800);
    server.idle_timeout = Duration::from_millis(800);
    server.shutdown_grace = Duration::from_secs(5);
    server.max_body_bytes = 10_000;
    server
}

/// A router whose API is this function.
fn api<F, A>(server: &Server, handle: F) -> Router
where
    F: Fn(Request) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = http::Response<Bytes>> + Send + 'static,
{
    protected(aws_api(server, handle), Router::new())
}

/// Answers with the length of the body.
async fn measure(request: Request) -> http::Response<Bytes> {
    http::Response::new(Bytes::from(format!("{} bytes", request.body.len())))
}

/// A whole POST that closes its connection.
fn post(body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split_once("\r\n\r\n").map_or(answer, |(head, _)| head);
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
