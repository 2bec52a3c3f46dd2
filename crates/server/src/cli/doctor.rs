//! `cognate doctor`: what is right and wrong with a server's surroundings, and what to do next.

use std::fmt::Write as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use clap::Args;
use cognate_store::{Options, Store};
use serde::Serialize;

use super::{Failed, Of};
use crate::clock::Clock;
use crate::config::{Config, MailTransport, Origin};
use crate::http::tls;
use crate::inbox::Inbox;
use crate::master_key;
use crate::messages::email::Mailer;
use crate::rng::Rng;

const EXAMPLES: &str = "\
Examples:
  cognate doctor --config prod.toml
  cognate doctor --dev
  cognate doctor --config prod.toml --json | jq '.checks[] | select(.verdict != \"ok\")'

Exit code 0: nothing fails (warnings may stand). 1: something fails. 2: the configuration itself is wrong.";

/// When this program was made, at the latest: a clock before it is wrong. 2026-11-01T00:00:00Z in milliseconds.
const NOT_BEFORE: i64 = 1_793_491_200_000;

/// Explain what is right and wrong with a server's surroundings, without starting or changing anything
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Doctor {
    /// Print as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One line of the report.
#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: found.into(), next: None }
    }

    fn warn(name: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warn, found: found.into(), next: Some(next.into()) }
    }

    fn fail(name: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Fail, found: found.into(), next: Some(next.into()) }
    }
}

impl Doctor {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let config = self.of.config()?;
        let mut checks = vec![configuration(&config), listen(&config)];
        checks.extend(tls_files(&config));
        checks.push(public_url(&config));
        checks.push(signatures(&config));
        checks.extend(store_and_key(&config).await);
        checks.push(mail(&config).await);
        checks.push(clock());
        if self.json {
            println!("{}", serde_json::json!({ "checks": checks }));
        } else {
            print!("{}", report(&checks));
        }
        if checks.iter().any(|check| check.verdict == Verdict::Fail) { Err(Failed::silent()) } else { Ok(()) }
    }
}

fn report(checks: &[Check]) -> String {
    let mut out = String::new();
    for Check { name, verdict, found, next } in checks {
        let word = match verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        let _ = writeln!(out, "{word}  {name:<13} {found}");
        if let Some(next) = next {
            let _ = writeln!(out, "      {:<13} → {next}", "");
        }
    }
    out
}

fn configuration(config: &Config) -> Check {
    let mut sources: Vec<String> =
        config.origins().filter(|origin| **origin != Origin::Default).map(ToString::to_string).collect();
    sources.sort();
    sources.dedup();
    let found =
        if sources.is_empty() { "defaults only".to_owned() } else { format!("defaults, then {}", sources.join(", ")) };
    Check::ok("configuration", found)
}

fn listen(config: &Config) -> Check {
    const NAME: &str = "listen";
    let mut free = Vec::new();
    let named =
        [("server.listen", Some(config.server.listen)), ("server.metrics_listen", config.server.metrics_listen)];
    for (key, address) in named.into_iter().filter_map(|(key, address)| Some((key, address?))) {
        match std::net::TcpListener::bind(address) {
            Ok(_) => free.push(address.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
                let next = format!("if it is not this very server that runs already, stop it or change {key}");
                return Check::warn(NAME, format!("{address} is taken"), next);
            }
            Err(error) => {
                let next = format!("set {key} to an address of this machine, with a port that this user may take");
                return Check::fail(NAME, format!("{address}: {error}"), next);
            }
        }
    }
    Check::ok(NAME, format!("{} free", join(&free)))
}

fn tls_files(config: &Config) -> Option<Check> {
    const NAME: &str = "tls";
    match (&config.server.tls_cert, &config.server.tls_key) {
        (Some(cert), Some(key)) => Some(match tls::server_config(cert, key) {
            Ok(_) => Check::ok(NAME, format!("{} and its key can be read and go together", cert.display())),
            Err(error) => Check::fail(
                NAME,
                error.to_string(),
                "name a PEM file with the chain, the server's certificate first, and one with its key, readable by this user",
            ),
        }),
        _ if config.server.listen.ip().is_loopback() => None,
        _ => Some(Check::warn(
            NAME,
            format!("{} answers without TLS, and passwords travel over it", config.server.listen),
            "set server.tls_cert and server.tls_key, or let only a proxy with TLS reach this address",
        )),
    }
}

fn public_url(config: &Config) -> Check {
    const NAME: &str = "public url";
    let url = &config.server.public_url;
    let loopback = config.server.listen.ip().is_loopback();
    if url.is_empty() {
        let own = format!("not set: issuers will begin with the listen address, {}", config.server.listen);
        return if loopback && !config.aws.verify_signatures {
            Check::ok(NAME, own)
        } else {
            Check::warn(
                NAME,
                own,
                "set server.public_url to what clients call: tokens hold it, so it must not change later",
            )
        };
    }
    if url.starts_with("http://") && !loopback {
        return Check::warn(NAME, format!("{url} is not https"), "clients and token verifiers expect an https issuer");
    }
    let authority = url.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let with_port = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        authority.to_owned()
    } else {
        format!("{authority}:443")
    };
    match with_port.to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>) {
        Ok(addresses) if !addresses.is_empty() => Check::ok(NAME, format!("{url} (resolves here)")),
        _ => Check::warn(
            NAME,
            format!("{url} does not resolve here"),
            "check the name; clients must be able to resolve it",
        ),
    }
}

fn signatures(config: &Config) -> Check {
    const NAME: &str = "signatures";
    if config.aws.verify_signatures {
        Check::ok(NAME, "administrative calls must be signed by an access key (`cognate keys list`)")
    } else {
        Check::ok(NAME, "not verified: whoever reaches the loopback interface is an administrator")
    }
}

async fn store_and_key(config: &Config) -> Vec<Check> {
    const NAME: &str = "store";
    let url = config.store.url.expose();
    if config.store.is_memory() {
        return vec![Check::ok(NAME, "in memory: gone when the server stops")];
    }
    if let Some(path) = config.store.missing_file() {
        let next = "nothing to do; if there was one, check store.url";
        return vec![Check::warn(NAME, format!("{} is not there yet: the first start makes it", path.display()), next)];
    }
    let store = match Store::open(url, &Options { rehearse: false, ..Options::default() }) {
        Ok(store) => store,
        Err(error) => {
            return vec![Check::fail(NAME, error.to_string(), "check store.url, and that this user may open it")];
        }
    };
    let checks = match store.pending_migrations().await {
        Ok(pending) if pending.is_empty() => {
            vec![Check::ok(NAME, "answers, and its schema is this version's"), master_key_matches(config, &store).await]
        }
        Ok(pending) => vec![Check::warn(
            NAME,
            format!("answers; migrations to apply: {}", pending.join(", ")),
            "the next start applies them, or run `cognate migrate` now; back up first",
        )],
        Err(error) => {
            vec![Check::fail(NAME, error.to_string(), "check store.url, the network and the database's own log")]
        }
    };
    store.close().await;
    checks
}

async fn master_key_matches(config: &Config, store: &Store) -> Check {
    const NAME: &str = "master key";
    let file: Option<&PathBuf> = config.keys.master_key_file.as_ref().filter(|_| config.keys.master_key.is_none());
    if let Some(missing) = file.filter(|file| !file.exists()) {
        return Check::fail(
            NAME,
            format!("{} is not there, but the database is", missing.display()),
            "put back the key that was made with this database: another one will not do",
        );
    }
    let matched = match master_key::load(config, &Rng::System) {
        Ok(key) => master_key::compare(store, &key).await,
        Err(error) => Err(error),
    };
    match matched {
        Ok(()) => Check::ok(NAME, "is the one this database was sealed with; keep a copy apart from the database"),
        Err(error) => Check::fail(NAME, error.to_string(), "the server refuses to start with it"),
    }
}

async fn mail(config: &Config) -> Check {
    const NAME: &str = "mail";
    match config.mail.transport {
        MailTransport::Inbox => Check::ok(NAME, "captured, shown at /inbox"),
        MailTransport::None => Check::warn(
            NAME,
            "mail.transport is none: sign-up, reset and invitation by e-mail fail",
            "set mail.transport = \"smtp\" and mail.smtp_host, or leave it if no pool sends e-mail",
        ),
        MailTransport::Ses
            if config.aws_credentials.access_key_id.is_empty() && config.mail.ses_endpoint.is_empty() =>
        {
            Check::fail(NAME, "mail.transport is ses, and there are no credentials", "set [aws_credentials]")
        }
        MailTransport::Ses => Check::ok(NAME, "goes to Amazon SES; nothing was sent to try it"),
        MailTransport::Webhook => Check::ok(NAME, "goes to a webhook; nothing was sent to try it"),
        MailTransport::Smtp => {
            let server = &config.mail.smtp_host;
            let checked = match Mailer::new(&config.mail, &Inbox::default()) {
                Ok(mailer) => mailer.check().await.map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match checked {
                Ok(()) => Check::ok(NAME, format!("{server} answers and takes the credentials")),
                Err(error) => Check::fail(NAME, error, "check mail.smtp_host, smtp_port, smtp_tls and the credentials"),
            }
        }
    }
}

fn clock() -> Check {
    const NAME: &str = "clock";
    let now = Clock::System.now_ms();
    let shown = jiff::Timestamp::from_millisecond(now).unwrap_or_default();
    if now < NOT_BEFORE {
        Check::fail(
            NAME,
            format!("{shown:.0} is before this program was made"),
            "set the clock (NTP): signatures older than 5 minutes and expired tokens are judged by it",
        )
    } else {
        Check::ok(NAME, format!("{shown:.0}; keep it by NTP: signatures may be 5 minutes off at most"))
    }
}

fn join(addresses: &[String]) -> String {
    addresses.join(" and ")
}
