//! Requests that the server makes itself: where they may go, how long they may take, how much may come back.

mod address;
pub mod aws;
mod sign;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Certificate, Client, redirect};
use url::{Host, Url};

use crate::config::{self, ConfigError};

pub use address::Reach;
pub use webhook::Webhook;

/// What a connection has to be made within; the call's own time bounds it too.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// How long a connection is kept for the next call.
const KEPT: Duration = Duration::from_secs(20);

/// Why a request brought back no response. Names no URL: one may hold a secret.
#[derive(Debug)]
pub enum OutboundError {
    /// The server does not go there.
    Refused(String),
    /// There is no connection, so nothing was sent.
    Unconnected(String),
    TimedOut,
    /// The response is larger than the given bytes.
    TooLarge(usize),
    /// The connection or the protocol broke.
    Broken(String),
}

impl fmt::Display for OutboundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "not allowed: {why}"),
            Self::Unconnected(why) => write!(f, "no connection: {why}"),
            Self::TimedOut => f.write_str("no response in time"),
            Self::TooLarge(limit) => write!(f, "the response is larger than {limit} bytes"),
            Self::Broken(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for OutboundError {}

/// Makes requests. Follows no redirects and uses no proxies.
pub struct Outbound {
    credentials: Option<aws_credential_types::Credentials>,
    extra_ca: Vec<Certificate>,
    lookup: Lookup,
    // Made at the first use: reading the machine's authorities takes milliseconds that most starts need not spend.
    public: OnceLock<Result<Client, String>>,
    configured: OnceLock<Result<Client, String>>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("signs", &self.credentials.is_some()).finish_non_exhaustive()
    }
}

type Addresses = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// How names become addresses: the machine's way, or a test's.
type Lookup = Arc<dyn Fn(String) -> Addresses + Send + Sync>;

impl Outbound {
    /// The client of a configuration.
    ///
    /// # Errors
    /// `outbound.extra_ca_file` cannot be read or holds no certificate.
    pub fn new(config: &config::Config) -> Result<Self, ConfigError> {
        Self::with_lookup(config, Arc::new(|name| Box::pin(look_up(name))))
    }

    fn with_lookup(config: &config::Config, lookup: Lookup) -> Result<Self, ConfigError> {
        const KEY: &str = "outbound.extra_ca_file";
        let extra_ca = match &config.outbound.extra_ca_file {
            None => Vec::new(),
            Some(path) => {
                let wrong = |error: &dyn fmt::Display| {
                    ConfigError::value(KEY, config.origin(KEY), format!("{}: {error}", path.display()))
                };
                let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
                let certificates = Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?;
                if certificates.is_empty() {
                    return Err(wrong(&"holds no certificate in PEM form"));
                }
                certificates
            }
        };
        Ok(Self {
            credentials: sign::credentials(&config.aws_credentials),
            extra_ca,
            lookup,
            public: OnceLock::new(),
            configured: OnceLock::new(),
        })
    }

    /// Sends a request and gives back the response, whatever its status, with its body of at most `at_most` bytes; all of
    /// it has to be there `within` that time.
    pub async fn send(
        &self,
        reach: Reach,
        request: Request<Bytes>,
        within: Duration,
        at_most: usize,
    ) -> Result<Response<Bytes>, OutboundError> {
        let mut request = reqwest::Request::try_from(request).map_err(classify)?;
        permit(reach, request.url())?;
        *request.timeout_mut() = Some(within);
        let client = self.client(reach)?;
        let mut received = client.execute(request).await.map_err(classify)?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = received.status();
        *response.headers_mut() = std::mem::take(received.headers_mut());
        let mut body = BytesMut::new();
        while let Some(chunk) = received.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > at_most {
                return Err(OutboundError::TooLarge(at_most));
            }
            body.extend_from_slice(&chunk);
        }
        *response.body_mut() = body.freeze();
        Ok(response)
    }

    fn client(&self, reach: Reach) -> Result<&Client, OutboundError> {
        let kept = match reach {
            Reach::Public => &self.public,
            Reach::Configured => &self.configured,
        };
        let client = kept.get_or_init(|| self.build(reach).map_err(|error| told(&error)));
        client.as_ref().map_err(|error| OutboundError::Broken(error.clone()))
    }

    fn build(&self, reach: Reach) -> reqwest::Result<Client> {
        Client::builder()
            .user_agent(concat!("cognate/", env!("CARGO_PKG_VERSION")))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(reach == Reach::Public)
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(KEPT)
            .tls_certs_merge(self.extra_ca.iter().cloned())
            .dns_resolver(Guarded { reach, lookup: Arc::clone(&self.lookup) })
            .build()
    }
}

/// Refuses what the URL alone tells. A name's addresses are judged when they are known, by [`Guarded`].
fn permit(reach: Reach, url: &Url) -> Result<(), OutboundError> {
    let refused = |why: &str| Err(OutboundError::Refused(why.to_owned()));
    match (url.scheme(), reach) {
        ("https", _) | ("http", Reach::Configured) => {}
        _ => return refused("the scheme is not https"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("the URL holds credentials");
    }
    // The parser has read every spelling of an IPv4 address (`0x7f.1`, `2130706433`) into one.
    let literal: Option<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) => None,
        None => return refused("the URL names no host"),
    };
    match literal {
        Some(address) if !reach.includes(address) => refused("the address is not one that may be called"),
        _ => Ok(()),
    }
}

async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
}

/// Resolves names and gives only addresses that were judged: what is connected to is what was judged, however the name
/// resolves the next time.
struct Guarded {
    reach: Reach,
    lookup: Lookup,
}

/// A name leads to an address where the server does not go.
#[derive(Debug)]
struct Forbidden;

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name leads to an address that may not be called")
    }
}

impl std::error::Error for Forbidden {}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, addresses) = (self.reach, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let addresses = addresses.await?;
            // One bad address spoils all: a name of ours has none, and which one is connected to is not for us to say.
            if addresses.iter().any(|address| !reach.includes(*address)) {
                return Err(Forbidden.into());
            }
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as reqwest::dns::Addrs)
        })
    }
}

fn classify(error: reqwest::Error) -> OutboundError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<Forbidden>() {
            return OutboundError::Refused(Forbidden.to_string());
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        OutboundError::TimedOut
    } else if error.is_connect() {
        OutboundError::Unconnected(told(&error.without_url()))
    } else {
        OutboundError::Broken(told(&error.without_url()))
    }
}

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
