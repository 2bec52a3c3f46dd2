//! What the server is told: defaults, a file, the environment and flags, read into one checked value.

mod layers;
mod messages;
mod reference;
mod secret;
mod targets;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub(crate) use layers::without_password;
pub use layers::{ConfigError, Origin};
pub use messages::{Mail, MailTransport, Sms, SmsTransport, SmtpTls, smtp_password};
pub use reference::reference_markdown;
pub use secret::Secret;
pub use targets::{AwsCredentials, Outbound, Triggers, Webhook};
pub(crate) use targets::{WEBHOOK_URL, is_webhook};

use layers::Layers;

/// Everything the server is told. `dev` and `serve` differ in defaults only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub store: Store,
    pub keys: Keys,
    pub aws: Aws,
    pub aws_credentials: AwsCredentials,
    pub outbound: Outbound,
    pub triggers: Triggers,
    pub mail: Mail,
    pub sms: Sms,
    pub limits: Limits,
    pub threat: Threat,
    pub workers: Workers,
    pub log: Log,
    #[serde(skip)]
    layers: Layers,
}

/// Where the server listens and how patient it is.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: SocketAddr,
    /// Without a trailing slash; empty until the listener is bound when nobody named one.
    pub public_url: String,
    #[serde(deserialize_with = "unset::address")]
    pub metrics_listen: Option<SocketAddr>,
    #[serde(deserialize_with = "unset::path")]
    pub tls_cert: Option<PathBuf>,
    #[serde(deserialize_with = "unset::path")]
    pub tls_key: Option<PathBuf>,
    pub max_body_bytes: usize,
    #[serde(rename = "header_timeout_s", deserialize_with = "seconds")]
    pub header_timeout: Duration,
    #[serde(rename = "body_timeout_s", deserialize_with = "seconds")]
    pub body_timeout: Duration,
    #[serde(rename = "request_timeout_s", deserialize_with = "seconds")]
    pub request_timeout: Duration,
    #[serde(rename = "idle_timeout_s", deserialize_with = "seconds")]
    pub idle_timeout: Duration,
    pub max_connections: usize,
    #[serde(rename = "shutdown_grace_s", deserialize_with = "seconds")]
    pub shutdown_grace: Duration,
}

impl Server {
    /// Whether the main listener speaks TLS.
    pub fn tls(&self) -> bool {
        self.tls_cert.is_some()
    }
}

/// Where everything is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// A URL with a password in it is a secret as a whole.
    pub url: Secret,
}

impl Store {
    /// Whether everything is gone when the server stops.
    pub fn is_memory(&self) -> bool {
        self.url.expose() == MEMORY
    }

    /// The database's file, where there should be one and is none.
    pub fn missing_file(&self) -> Option<&Path> {
        let path = self.url.expose().strip_prefix("sqlite:").map(Path::new)?;
        (!self.is_memory() && !path.exists()).then_some(path)
    }
}

/// The key that seals what is secret in the store.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    #[serde(deserialize_with = "unset::path")]
    pub master_key_file: Option<PathBuf>,
    /// The key itself in base64; comes before the file.
    #[serde(deserialize_with = "unset::secret")]
    pub master_key: Option<Secret>,
}

/// What the server says about itself where AWS would say it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    pub region: String,
    /// 12 digits.
    pub account: String,
    pub issuer: String,
    pub verify_signatures: bool,
}

/// The service's quotas; counts, or counts in an hour where the name says so.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub pools_per_account: u64,
    pub users_per_pool: u64,
    pub clients_per_pool: u64,
    pub secrets_per_client: u64,
    pub groups_per_pool: u64,
    pub groups_per_user: u64,
    pub custom_attributes_per_pool: u64,
    pub tags_per_pool: u64,
    pub confirm_sign_up_per_hour: u64,
    pub resend_confirmation_code_per_hour: u64,
    pub verify_attribute_per_hour: u64,
    pub attribute_code_per_hour: u64,
    pub forgot_password_per_hour: u64,
    pub change_password_per_hour: u64,
    pub sign_in_codes_per_hour: u64,
    pub codes_per_user_per_hour: u64,
    pub text_messages_per_prefix_per_hour: u64,
    /// 0 is no limit.
    pub default_emails_per_day: u64,
}

/// What threat protection looks into, and how long it remembers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threat {
    #[serde(deserialize_with = "unset::path")]
    pub breach_list: Option<PathBuf>,
    #[serde(deserialize_with = "unset::path")]
    pub geoip_file: Option<PathBuf>,
    /// Days.
    pub event_days: u32,
    /// Empty: mails have no links.
    pub feedback_url: String,
}

/// How much of the machine the server takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// 0 is one a core.
    pub crypto_threads: usize,
}

/// What the server tells its operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Json,
    Text,
}

/// Where `cognate dev` keeps its data.
#[derive(Debug, Clone)]
pub enum DevData {
    /// A directory for the database and the master key.
    Directory(PathBuf),
    /// Nowhere: all is gone when the server stops.
    Memory,
}

/// What comes on top of the defaults: a file, the environment, flags.
#[derive(Debug, Clone, Default)]
pub struct Overlay {
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `COGNATE_` are left alone.
    pub environment: Vec<(String, String)>,
    /// `(flag as the user typed it, key as "section.name", value)`.
    pub flags: Vec<(String, String, String)>,
}

impl Overlay {
    /// An overlay of a file, if any, and this process's environment.
    pub fn from_process(file: Option<PathBuf>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { file, environment, flags: Vec::new() }
    }

    /// Adds a flag's value for a key.
    pub fn flag(&mut self, flag: &str, key: &str, value: impl AsRef<str>) {
        self.flags.push((flag.to_owned(), key.to_owned(), value.as_ref().to_owned()));
    }
}

const MEMORY: &str = "sqlite::memory:";
const DEFAULTS: &str = include_str!("../config.default.toml");
const DEV_DEFAULTS: &str = include_str!("../config.dev.toml");

impl Config {
    /// The configuration of `cognate dev`: no signatures asked for, mail and SMS captured, data in a directory or nowhere.
    pub fn dev(data: &DevData, overlay: &Overlay) -> Result<Self, ConfigError> {
        let mut layers = Layers::defaults(DEFAULTS)?;
        layers.overlay_toml(DEV_DEFAULTS, &Origin::DevDefault)?;
        let (url, key) = match data {
            DevData::Directory(directory) => (
                format!("sqlite:{}", directory.join("cognate.db").display()),
                directory.join("master.key").display().to_string(),
            ),
            DevData::Memory => (MEMORY.to_owned(), String::new()),
        };
        layers.set("store.url", &url, &Origin::DevDefault)?;
        layers.set("keys.master_key_file", &key, &Origin::DevDefault)?;
        Self::from_layers(layers, overlay)
    }

    /// The configuration of `cognate serve`.
    pub fn serve(overlay: &Overlay) -> Result<Self, ConfigError> {
        let config = Self::from_layers(Layers::defaults(DEFAULTS)?, overlay)?;
        config.triggers.refuse_commands(config.origin("triggers.commands"))?;
        Ok(config)
    }

    fn from_layers(mut layers: Layers, overlay: &Overlay) -> Result<Self, ConfigError> {
        if let Some(path) = &overlay.file {
            layers.overlay_file(path)?;
        }
        layers.overlay_environment(&overlay.environment)?;
        for (flag, key, value) in &overlay.flags {
            layers.set(key, value, &Origin::Flag(flag.clone()))?;
        }
        let mut config: Self = layers.deserialize()?;
        config.layers = layers;
        config.check()?;
        Ok(config)
    }

    /// The issuer of a pool's tokens. `region` is the part of the pool id before its last underscore.
    pub fn issuer(&self, pool_id: &str) -> String {
        let region = pool_id.rsplit_once('_').map_or(self.aws.region.as_str(), |(region, _)| region);
        let template = match self.aws.issuer.as_str() {
            "aws" => "https://cognito-idp.{region}.amazonaws.com/{poolId}",
            template => template,
        };
        template
            .replace("{public_url}", &self.server.public_url)
            .replace("{region}", region)
            .replace("{poolId}", pool_id)
    }

    /// The id of the pool that has this issuer; whether there is such a pool is another question.
    pub fn pool_of_issuer<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let of_an_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        issuer.split(|c| !of_an_id(c)).find(|part| part.contains('_') && self.issuer(part) == issuer)
    }

    /// Whether captured messages are shown at /inbox.
    pub fn inbox(&self) -> bool {
        self.mail.transport == MailTransport::Inbox || self.sms.transport == SmsTransport::Inbox
    }

    /// The configuration in force as TOML with secrets hidden, each key followed by where its value comes from.
    pub fn effective(&self) -> String {
        self.layers.effective()
    }

    /// Where a key's value comes from; `None` for a key there is not.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.layers.origin(key)
    }

    /// Where the values come from, once for every key.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.layers.origins()
    }

    /// Fills in the address that the listener was given, and the public URL if nobody named one.
    pub fn bound(&mut self, listen: SocketAddr) {
        self.server.listen = listen;
        if self.server.public_url.is_empty() {
            let scheme = if self.server.tls() { "https" } else { "http" };
            self.server.public_url = format!("{scheme}://{listen}");
        }
    }

    fn check(&mut self) -> Result<(), ConfigError> {
        let wrong = |key: &str, message: String| Err(ConfigError::value(key, self.layers.origin(key), message));
        let Self { server, keys, aws, threat, .. } = self;

        if !aws.verify_signatures && !server.listen.ip().is_loopback() {
            return wrong(
                "server.listen",
                format!(
                    "{} can be reached from other machines, and aws.verify_signatures is false: anyone could administer \
                     the server. Listen on 127.0.0.1, or set aws.verify_signatures = true",
                    server.listen
                ),
            );
        }
        if server.tls_cert.is_some() != server.tls_key.is_some() {
            return wrong(
                "server.tls_cert",
                "server.tls_cert and server.tls_key go together: set both or neither".into(),
            );
        }
        if !server.public_url.is_empty() && !is_public_url(&server.public_url) {
            return wrong(
                "server.public_url",
                format!(
                    "{:?} is not a URL such as https://login.example.com, with no query and no trailing slash",
                    without_password(&server.public_url)
                ),
            );
        }
        if !(1024..=64 * 1024 * 1024).contains(&server.max_body_bytes) {
            return wrong("server.max_body_bytes", "takes 1024 to 67108864 bytes".into());
        }
        if server.max_connections == 0 || server.max_connections > 1_000_000 {
            return wrong("server.max_connections", "takes 1 to 1000000 connections".into());
        }
        for (key, time) in [
            ("server.header_timeout_s", server.header_timeout),
            ("server.body_timeout_s", server.body_timeout),
            ("server.request_timeout_s", server.request_timeout),
            ("server.idle_timeout_s", server.idle_timeout),
        ] {
            if time.is_zero() {
                return wrong(key, "takes at least one second".into());
            }
        }
        if aws.account.len() != 12 || !aws.account.bytes().all(|b| b.is_ascii_digit()) {
            return wrong("aws.account", format!("{:?} is not 12 digits", aws.account));
        }
        if !is_region(&aws.region) {
            return wrong("aws.region", format!("{:?} is not a region such as us-east-1", aws.region));
        }
        if aws.issuer != "aws" && !aws.issuer.contains("{poolId}") {
            return wrong("aws.issuer", "takes a URL with {poolId} in it, or the word aws".into());
        }
        if !(1..=3650).contains(&threat.event_days) {
            return wrong("threat.event_days", "takes 1 to 3650 days".into());
        }
        if !threat.feedback_url.is_empty() && !is_public_url(&threat.feedback_url) {
            let url = without_password(&threat.feedback_url);
            let message = format!("{url:?} is not a URL such as https://example.com/feedback");
            return wrong("threat.feedback_url", message);
        }
        if keys.master_key.is_none() && keys.master_key_file.is_none() && !self.store.is_memory() {
            return wrong(
                "keys.master_key_file",
                "a store that lasts needs a master key: name a file, or set COGNATE_MASTER_KEY".into(),
            );
        }
        targets::check(self)?;
        messages::check(self)?;
        if let Err(error) = self.log.level.parse::<tracing_subscriber::EnvFilter>() {
            return wrong("log.level", error.to_string());
        }
        Ok(())
    }
}

pub(crate) fn read_secret(path: &Path) -> std::io::Result<Secret> {
    Ok(Secret::new(std::fs::read_to_string(path)?.trim_end_matches(['\r', '\n'])))
}

fn is_public_url(url: &str) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else { return false };
    matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.authority().is_some_and(|a| !a.as_str().contains('@'))
        && uri.query().is_none()
        && !url.ends_with('/')
        && !url.contains('#')
}

/// Whether the text can be a Region's name, such as `us-east-1`.
pub(crate) fn is_region(region: &str) -> bool {
    let mut parts = region.split('-').peekable();
    region.len() <= 32
        && region.contains('-')
        && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

fn seconds<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u32::deserialize(deserializer).map(|seconds| Duration::from_secs(seconds.into()))
}

/// In TOML, where nothing is null, the empty text is how a key says "not set".
mod unset {
    use super::{Deserialize, PathBuf, Secret, SocketAddr};

    pub(super) fn path<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
        Ok(text(deserializer)?.map(PathBuf::from))
    }

    pub(super) fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        Ok(text(deserializer)?.map(Secret::new))
    }

    pub(super) fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
        text(deserializer)?.map(|t| t.parse().map_err(serde::de::Error::custom)).transpose()
    }

    fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(deserializer)?).filter(|t| !t.is_empty()))
    }
}

#[cfg(test)]
mod tests;
