//! `cognate dev`: a server to develop against.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::{Failed, Settings};
use crate::config::{Config, DevData};
use crate::serve::{self, Addresses};

const EXAMPLES: &str = "\
Examples:
  cognate dev                           http://127.0.0.1:9229, data under .cognate
  cognate dev --memory                  Nothing on disk, all gone at the end
  cognate dev --memory --port 0 --json  A free port, printed as JSON for scripts

Then, in another terminal:
  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
  aws cognito-idp create-user-pool --pool-name demo --endpoint-url http://127.0.0.1:9229
  curl -s 'http://127.0.0.1:9229/inbox/messages?to=ada@example.com'";

/// Run a server to develop against: loopback only, any AWS credentials or none, mail and texts in an inbox page
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Dev {
    /// Port on 127.0.0.1; 0 takes a free one and prints it. Metrics take the port after it
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,

    /// Directory for the database and the master key
    #[arg(long, value_name = "DIRECTORY", default_value = ".cognate")]
    data: PathBuf,

    /// Keep everything in memory
    #[arg(long, conflicts_with = "data")]
    memory: bool,

    /// Print the addresses as one line of JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    settings: Settings,
}

impl Dev {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let began = Instant::now();
        let data = if self.memory { DevData::Memory } else { DevData::Directory(self.data) };
        let mut overlay = self.settings.overlay();
        if let Some(port) = self.port {
            overlay.flag("--port", "server.listen", SocketAddr::from((Ipv4Addr::LOCALHOST, port)).to_string());
            // Two servers beside each other must not meet at the metrics.
            let metrics = if port == 0 { 0 } else { port.wrapping_add(1) };
            overlay.flag(
                "--port",
                "server.metrics_listen",
                SocketAddr::from((Ipv4Addr::LOCALHOST, metrics)).to_string(),
            );
        }
        let config = Config::dev(&data, &overlay)?;
        crate::log::start(&config.log)?;
        let region = config.aws.region.clone();
        let ready = |addresses: &Addresses| {
            let text = if self.json { json(addresses) } else { welcome(addresses, &data, &region, began) };
            // Who started the server may have closed the pipe: it serves all the same.
            let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
        };
        serve::run(config, ready).await.map_err(Failed::new)
    }
}

/// The addresses as one line.
pub(super) fn json(addresses: &Addresses) -> String {
    serde_json::to_string(addresses).map(|line| line + "\n").unwrap_or_default()
}

fn welcome(addresses: &Addresses, data: &DevData, region: &str, began: Instant) -> String {
    let Addresses { endpoint, issuer, inbox, metrics, .. } = addresses;
    let off = || "off".to_owned();
    let data = match data {
        DevData::Directory(directory) => directory.display().to_string(),
        DevData::Memory => "in memory, gone when the server stops".to_owned(),
    };
    format!(
        "\nCognate {version} is ready after {ready} ms. Stop it with Ctrl-C.\n
  Endpoint  {endpoint}
  Issuer    {issuer}
  Inbox     {inbox}
  Metrics   {metrics}
  Data      {data}

Any AWS credentials will do, or none. In another terminal:

  AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any aws cognito-idp create-user-pool \\
    --pool-name demo --region {region} --endpoint-url {endpoint}\n\n",
        version = env!("CARGO_PKG_VERSION"),
        ready = began.elapsed().as_millis(),
        inbox = inbox.clone().unwrap_or_else(off),
        metrics = metrics.clone().unwrap_or_else(off),
    )
}
