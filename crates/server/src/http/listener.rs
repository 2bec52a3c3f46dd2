//! Accepts connections, gives each its limits, and lets go of them gracefully.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::request::Peer;
use crate::config;

/// Most header lines of a request; more are answered 431.
const MAX_HEADERS: usize = 100;

/// Most bytes of a request's line and headers; more are answered 431. Signed requests need some 2 KiB.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// Most requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// Streams a client may open and reset before its connection is closed (rapid reset, CVE-2023-44487).
const MAX_RESETS: usize = 20;

/// What a connection that is asked to close gets before it is dropped.
const CLOSING: Duration = Duration::from_secs(5);

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How patient a listener is.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the TLS handshake, and then until the first request's headers are there.
    pub header_timeout: Duration,
    /// For a connection on which nothing goes on.
    pub idle_timeout: Duration,
    pub max_connections: usize,
}

impl From<&config::Server> for Patience {
    fn from(server: &config::Server) -> Self {
        Self {
            header_timeout: server.header_timeout,
            idle_timeout: server.idle_timeout,
            max_connections: server.max_connections,
        }
    }
}

/// A bound address whose connections a router answers.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
    patience: Patience,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Listener {
    /// Takes the address; connections wait until [`Listener::serve`].
    ///
    /// # Errors
    /// The address is taken, not this machine's, or not allowed.
    pub async fn bind(address: SocketAddr, tls: Option<Arc<ServerConfig>>, patience: Patience) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, tls: tls.map(TlsAcceptor::from), patience })
    }

    /// The address that was given, with the port that was free if 0 was asked for.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Answers connections until `stop` turns true, then finishes the requests taken within `grace`.
    pub async fn serve(self, router: Router, mut stop: watch::Receiver<bool>, grace: Duration) {
        let connections = Arc::new(Semaphore::new(self.patience.max_connections));
        let mut open = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &connections) => accepted,
                () = stopped(&mut stop) => break,
            };
            let (stream, peer, permit) = accepted;
            let (tls, router, stop, patience) = (self.tls.clone(), router.clone(), stop.clone(), self.patience);
            open.spawn(async move {
                converse(stream, peer, tls, router, stop, patience).await;
                drop(permit);
            });
            while open.try_join_next().is_some() {}
        }
        drop(self.socket);
        let finished = tokio::time::timeout(grace, async { while open.join_next().await.is_some() {} }).await;
        if finished.is_err() {
            tracing::warn!(connections = open.len(), "closing connections whose requests did not finish in time");
        }
    }
}

async fn accept(socket: &TcpListener, connections: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let permit = Arc::clone(connections).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match socket.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                // Out of files or memory: others may close theirs in a moment.
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    stop: watch::Receiver<bool>,
    patience: Patience,
) {
    // Answers are small and must not wait for an acknowledgement; without the option they are merely slower.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return exchange(stream, peer, router, stop, patience).await;
    };
    match tokio::time::timeout(patience.header_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) => exchange(stream, peer, router, stop, patience).await,
        Ok(Err(error)) => tracing::debug!(%peer, %error, "no TLS handshake"),
        Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
    }
}

async fn exchange<S>(stream: S, peer: SocketAddr, router: Router, mut stop: watch::Receiver<bool>, patience: Patience)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Arc::new(Activity::default());
    let seen = Arc::clone(&activity);
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        let going_on = seen.request();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer.ip()));
            let response = router.oneshot(request).await;
            drop(going_on);
            response
        }
    });

    let builder = builder(patience);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let mut look = tokio::time::interval(LOOK.min(patience.header_timeout / 2));
    loop {
        tokio::select! {
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(%peer, error = %error, "the connection ended early");
                }
                return;
            }
            _ = look.tick() => if activity.is_idle(patience) { break },
            () = stopped(&mut stop) => {
                // What was taken is finished, however long; `serve` puts an end to it.
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
                return;
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(CLOSING, connection).await;
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error is a sender that is gone, which stops the server too.
    let _ = stop.wait_for(|stop| *stop).await;
}

fn builder(patience: Patience) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // hyper counts the wait for the next request as part of reading its headers; the first one is watched here.
        .header_read_timeout(patience.idle_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_BYTES as u32)
        .max_pending_accept_reset_streams(MAX_RESETS)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(15));
    builder
}

/// What goes on on a connection.
struct Activity {
    began: Instant,
    going_on: AtomicUsize,
    /// Milliseconds after `began` when the last answer was ready; 0 before the first request.
    last: AtomicU64,
}

impl Default for Activity {
    fn default() -> Self {
        Self { began: Instant::now(), going_on: AtomicUsize::new(0), last: AtomicU64::new(0) }
    }
}

impl Activity {
    fn request(self: &Arc<Self>) -> GoingOn {
        self.going_on.fetch_add(1, Ordering::Relaxed);
        self.last.store(self.age().max(1), Ordering::Relaxed);
        GoingOn(Arc::clone(self))
    }

    fn is_idle(&self, patience: Patience) -> bool {
        if self.going_on.load(Ordering::Relaxed) > 0 {
            return false;
        }
        let (last, limit) = match self.last.load(Ordering::Relaxed) {
            0 => (0, patience.header_timeout),
            last => (last, patience.idle_timeout),
        };
        Duration::from_millis(self.age() - last.min(self.age())) >= limit
    }

    fn age(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A request that is being answered.
struct GoingOn(Arc<Activity>);

impl Drop for GoingOn {
    fn drop(&mut self) {
        self.0.last.store(self.0.age().max(1), Ordering::Relaxed);
        self.0.going_on.fetch_sub(1, Ordering::Relaxed);
    }
}
