//! The server from start to stop: addresses taken, world built, requests answered, what was taken finished.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

use crate::config::Config;
use crate::context::Context;
use crate::http::listener::{Listener, Patience};
use crate::http::{metrics, router, tls};

/// Where a started server can be reached.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    /// What clients are given as endpoint URL.
    pub endpoint: String,
    /// The issuer of a pool's tokens, with `{poolId}` where the pool's id comes.
    pub issuer: String,
    /// The page with captured messages, if messages are captured.
    pub inbox: Option<String>,
    /// Metrics; health is beside it.
    pub metrics: Option<String>,
    /// The address of the main listener.
    pub listen: SocketAddr,
}

/// Why a server did not start, in words for its operator.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Listen {
        key: &'static str,
        address: SocketAddr,
        source: std::io::Error,
    },
    Tls(tls::TlsError),
    /// The store, the master key or what else the server stands on.
    World(Box<dyn std::error::Error + Send + Sync>),
    /// Another library in this process counts already.
    Metrics,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { key, address, source } => {
                write!(f, "cannot listen on {address} ({key}): {source}")?;
                match source.kind() {
                    std::io::ErrorKind::AddrInUse => {
                        write!(
                            f,
                            "; another program has that port: stop it, or choose another port (0 takes a free one)"
                        )
                    }
                    std::io::ErrorKind::PermissionDenied => {
                        write!(
                            f,
                            "; ports below 1024 need a privilege: choose a higher port, or grant CAP_NET_BIND_SERVICE"
                        )
                    }
                    _ => Ok(()),
                }
            }
            Self::Tls(error) => write!(f, "the certificate cannot be used: {error}"),
            Self::World(error) => write!(f, "{error}"),
            Self::Metrics => f.write_str("the metrics recorder cannot be installed"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::World(error) => error.source(),
            _ => None,
        }
    }
}

/// Starts the server, tells `ready` where it is, and serves until SIGINT or SIGTERM; a second one stops at once.
///
/// # Errors
/// The server cannot start. Once it has started it ends without an error.
pub async fn run(config: Config, ready: impl FnOnce(&Addresses)) -> Result<(), StartError> {
    let bound = bind(config).await?;
    let cx = Context::new(&bound.config).await.map_err(|error| StartError::World(error.into()))?;
    let stop = signals().map_err(|error| StartError::World(error.into()))?;
    ready(&bound.addresses);
    bound.serve(cx, stop).await;
    Ok(())
}

/// A server that has its addresses and answers nobody yet.
#[derive(Debug)]
pub struct Bound {
    /// With the addresses that were given, and a public URL.
    pub config: Config,
    pub addresses: Addresses,
    main: Listener,
    watch: Option<(Listener, metrics_exporter_prometheus::PrometheusHandle)>,
}

/// Takes the addresses that the configuration names.
///
/// # Errors
/// An address or the certificate cannot be used.
pub async fn bind(mut config: Config) -> Result<Bound, StartError> {
    let tls = match (&config.server.tls_cert, &config.server.tls_key) {
        (Some(cert), Some(key)) => Some(tls::server_config(cert, key).map_err(StartError::Tls)?),
        _ => None,
    };
    let patience = Patience::from(&config.server);
    let listen = async |key, address, tls| {
        Listener::bind(address, tls, patience)
            .await
            .and_then(|listener| listener.address().map(|address| (listener, address)))
            .map_err(|source| StartError::Listen { key, address, source })
    };
    let (main, address) = listen("server.listen", config.server.listen, tls).await?;
    let watch = match config.server.metrics_listen {
        Some(address) => Some(listen("server.metrics_listen", address, None).await?),
        None => None,
    };
    config.bound(address);
    config.server.metrics_listen = watch.as_ref().map(|(_, address)| *address);
    let endpoint = config.server.public_url.clone();
    let addresses = Addresses {
        issuer: config.issuer("{poolId}"),
        inbox: config.inbox().then(|| format!("{endpoint}/inbox")),
        metrics: config.server.metrics_listen.map(|address| format!("http://{address}/metrics")),
        listen: address,
        endpoint,
    };
    let watch = match watch {
        Some((listener, _)) => Some((listener, metrics::record().ok_or(StartError::Metrics)?)),
        None => None,
    };
    Ok(Bound { config, addresses, main, watch })
}

impl Bound {
    /// Answers requests until `stop` is done, then finishes those taken within `server.shutdown_grace_s` and closes the
    /// store. Metrics and health answer until the very end.
    pub async fn serve(self, cx: Arc<Context>, stop: impl Future<Output = ()> + Send + 'static) {
        let Self { config, main, watch, .. } = self;
        let (stopping, stopped) = watch::channel(false);
        let (ending, ended) = watch::channel(false);
        let grace = config.server.shutdown_grace;

        let watching = watch.map(|(listener, handle)| {
            let store = cx.store.clone();
            let probe: metrics::Probe = Arc::new(move || {
                let store = store.clone();
                Box::pin(async move { store.ping().await.map_err(|error| error.to_string()) })
            });
            let upkeep = tokio::spawn(metrics::upkeep(handle.clone()));
            let router = metrics::router(handle, probe, stopped.clone());
            let serving = tokio::spawn(listener.serve(router, ended, std::time::Duration::ZERO));
            (upkeep, serving)
        });
        let signal = tokio::spawn(async move {
            stop.await;
            tracing::info!(grace_s = grace.as_secs(), "stopping: finishing what was taken");
            let _ = stopping.send(true);
        });

        let inbox = config.inbox().then(|| cx.inbox.clone());
        main.serve(router::router(&cx, &config.server, inbox), stopped, grace).await;
        signal.abort();
        cx.store.close().await;
        let _ = ending.send(true);
        if let Some((upkeep, serving)) = watching {
            upkeep.abort();
            let _ = serving.await;
        }
        tracing::info!("stopped");
    }
}

/// Done at the first SIGINT or SIGTERM. At the second the process has its default answer again: it ends.
fn signals() -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            #[expect(
                clippy::disallowed_methods,
                reason = "the operator asked twice: now, unfinished or not; the store loses nothing acknowledged"
            )]
            std::process::exit(130);
        });
    })
}
