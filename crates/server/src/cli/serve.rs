//! `cognate serve`: a production server.

use std::io::Write as _;

use clap::Args;

use super::{Failed, Settings, dev};
use crate::config::Config;
use crate::serve;

const EXAMPLES: &str = "\
Examples:
  cognate serve --config /etc/cognate.toml
  cognate serve --listen 0.0.0.0:443 --public-url https://login.example.com \\
    --set server.tls_cert=cert.pem --set server.tls_key=key.pem
  COGNATE_STORE__URL=postgres://cognate:secret@db/cognate cognate serve

Administrative calls must be signed by an access key: `cognate keys create --name …` prints the first one.
SIGTERM and SIGINT finish the requests taken (server.shutdown_grace_s); a second one stops at once.";

/// Run a production server: signatures verified, durable, TLS or behind a proxy
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Serve {
    /// Address and port of the API
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,

    /// URL that clients reach the server by
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,

    /// Database: sqlite:<file> or postgres://…
    #[arg(long, value_name = "URL")]
    store: Option<String>,

    /// Print the addresses as one line of JSON when ready
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: Settings,
}

impl Serve {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let mut overlay = self.settings.overlay();
        let flags = [
            ("--listen", "server.listen", self.listen),
            ("--public-url", "server.public_url", self.public_url),
            ("--store", "store.url", self.store),
        ];
        for (flag, key, value) in flags {
            if let Some(value) = value {
                overlay.flag(flag, key, value);
            }
        }
        let config = Config::serve(&overlay)?;
        crate::log::start(&config.log)?;
        serve::run(config, |addresses| {
            let metrics = addresses.metrics.as_deref().unwrap_or("off");
            tracing::info!(endpoint = addresses.endpoint, listen = %addresses.listen, metrics, "ready");
            if self.json {
                let line = dev::json(addresses);
                // Who started the server may have closed the pipe: it serves all the same.
                let _ = std::io::stdout().write_all(line.as_bytes()).and_then(|()| std::io::stdout().flush());
            }
        })
        .await
        .map_err(Failed::new)
    }
}
