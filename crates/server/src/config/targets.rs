//! What the configuration says about calls to others: trust, credentials, and where functions are.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

use super::{Config, ConfigError, Origin, Secret, is_region, unset, without_password};

/// What is asked of the URL of a webhook.
pub(crate) const WEBHOOK_URL: &str = "must begin with https://, or with http:// on this very machine";

/// The credentials of an AWS account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsCredentials {
    /// Empty: there are none.
    pub access_key_id: String,
    #[serde(deserialize_with = "unset::secret")]
    pub secret_access_key: Option<Secret>,
    #[serde(deserialize_with = "unset::secret")]
    pub session_token: Option<Secret>,
}

/// Requests that the server makes itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbound {
    #[serde(deserialize_with = "unset::path")]
    pub extra_ca_file: Option<PathBuf>,
}

/// Where functions are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    /// Empty: AWS Lambda.
    pub endpoint: String,
    /// By ARN.
    #[serde(deserialize_with = "webhooks")]
    pub webhooks: BTreeMap<String, Webhook>,
    /// A program and its arguments, by ARN.
    #[serde(deserialize_with = "commands")]
    pub commands: BTreeMap<String, Vec<String>>,
    pub max_response_bytes: usize,
    #[serde(deserialize_with = "unset::path")]
    pub encryption_key_file: Option<PathBuf>,
    pub encryption_key_namespace: String,
    pub encryption_key_name: String,
    /// Empty: AWS KMS.
    pub kms_endpoint: String,
}

/// A function that is an HTTPS webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub url: String,
    /// The secret itself; or a file that holds it.
    pub secret: Option<Secret>,
    pub secret_file: Option<PathBuf>,
}

impl Triggers {
    /// Refuses programs: a server in production runs none.
    pub(super) fn refuse_commands(&self, origin: Option<&Origin>) -> Result<(), ConfigError> {
        if self.commands.is_empty() {
            return Ok(());
        }
        let why = "only `cognate dev` runs programs as functions; name a webhook in triggers.webhooks, or an endpoint that \
                   speaks Lambda's Invoke API in triggers.endpoint";
        Err(ConfigError::value("triggers.commands", origin, why))
    }
}

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let wrong = |key: &str, message: String| Err(ConfigError::value(key, config.origin(key), message));
    let Config { aws_credentials, triggers, .. } = config;
    if aws_credentials.access_key_id.is_empty() != aws_credentials.secret_access_key.is_none() {
        return wrong(
            "aws_credentials.access_key_id",
            "an access key's id and aws_credentials.secret_access_key go together: set both or neither".into(),
        );
    }
    for (key, url) in [("triggers.endpoint", &triggers.endpoint), ("triggers.kms_endpoint", &triggers.kms_endpoint)] {
        if !url.is_empty() && !is_endpoint(url) {
            let url = without_password(url);
            let message = format!("{url:?} is not a URL such as http://127.0.0.1:3001, without query and password");
            return wrong(key, message);
        }
    }
    for (key, name) in [
        ("triggers.encryption_key_namespace", &triggers.encryption_key_namespace),
        ("triggers.encryption_key_name", &triggers.encryption_key_name),
    ] {
        // The SDK keeps `aws-kms` for itself.
        if name.is_empty() || name.len() > 128 || name.starts_with("aws-kms") {
            return wrong(key, "takes 1 to 128 characters, and not aws-kms".into());
        }
    }
    if !(1024..=6 * 1024 * 1024).contains(&triggers.max_response_bytes) {
        return wrong("triggers.max_response_bytes", "takes 1024 to 6291456 bytes".into());
    }
    for (key, arn) in (triggers.webhooks.keys().map(|arn| ("triggers.webhooks", arn)))
        .chain(triggers.commands.keys().map(|arn| ("triggers.commands", arn)))
    {
        if !is_function(arn) {
            let example = "arn:aws:lambda:us-east-1:000000000000:function:check";
            return wrong(key, format!("{arn:?} is not the ARN of a Lambda function, such as {example}"));
        }
    }
    for (arn, webhook) in &triggers.webhooks {
        if !is_webhook(&webhook.url) {
            return wrong("triggers.webhooks", format!("the URL of {arn} {WEBHOOK_URL}"));
        }
        if webhook.secret.is_some() == webhook.secret_file.is_some() {
            return wrong("triggers.webhooks", format!("{arn} needs one of secret and secret_file"));
        }
    }
    if let Some((arn, _)) = triggers.commands.iter().find(|(_, command)| command.is_empty()) {
        return wrong("triggers.commands", format!("{arn} names no program"));
    }
    if let Some(arn) = triggers.commands.keys().find(|arn| triggers.webhooks.contains_key(*arn)) {
        return wrong("triggers.commands", format!("{arn} is a webhook as well: which one is meant?"));
    }
    Ok(())
}

fn webhooks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Webhook>, D::Error> {
    each(
        deserializer,
        r#"takes a table such as { url = "https://hooks.example.com/check", secret_file = "check.secret" }"#,
    )
}

fn commands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<String>>, D::Error> {
    each(deserializer, r#"takes a program and its arguments, such as ["node", "check.mjs"]"#)
}

/// What belongs to each ARN. An error names the ARN, and repeats no value: one may hold a secret.
fn each<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
    takes: &str,
) -> Result<BTreeMap<String, T>, D::Error> {
    let values = BTreeMap::<String, toml::Value>::deserialize(deserializer)?;
    let read = |(arn, value)| match T::deserialize(value) {
        Ok(read) => Ok((arn, read)),
        Err(_) => Err(D::Error::custom(format!("{arn:?} {takes}"))),
    };
    values.into_iter().map(read).collect()
}

/// Whether the text can be the ARN of a Lambda function, of whatever partition.
fn is_function(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", partition, "lambda", region, account, "function", name] = parts[..] else { return false };
    let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    !partition.is_empty() && is_region(region) && digits && !name.is_empty()
}

/// Whether the text is a URL that a path may follow.
pub(super) fn is_endpoint(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && has_no_credentials(&url)
            && url.query().is_none()
            && !text.contains('#')
    })
}

/// Whether the text is the URL of a webhook: over https, or on this very machine.
pub(crate) fn is_webhook(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    has_no_credentials(&url) && (url.scheme() == "https" || url.scheme() == "http" && here)
}

fn has_no_credentials(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}
