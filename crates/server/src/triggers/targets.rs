//! What an ARN stands for: a function behind Lambda's Invoke API, a webhook, or a program of `cognate dev`.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::{self, Config, ConfigError, Secret, is_region};
use crate::outbound::Reach;

/// The shortest secret that a webhook may have, in bytes.
const SECRET_MIN: usize = 16;

/// Where a function is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Behind Lambda's Invoke API.
    Lambda { endpoint: String, reach: Reach, region: String, arn: String },
    /// Behind a URL that takes events signed with a secret.
    Webhook { url: String, secret: Key },
    /// A program with its arguments.
    Command(Vec<String>),
}

/// The secret of a webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// # Errors
    /// The secret is shorter than 16 bytes.
    pub fn new(secret: &Secret) -> Result<Self, String> {
        let secret = secret.expose().as_bytes();
        if secret.len() < SECRET_MIN {
            return Err(format!("the secret has fewer than {SECRET_MIN} bytes"));
        }
        Ok(Self(secret.to_vec()))
    }

    pub(crate) fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The targets that a configuration names.
#[derive(Debug)]
pub struct Targets {
    /// Without a trailing slash; empty for AWS itself.
    endpoint: String,
    named: BTreeMap<String, Target>,
    /// In bytes.
    pub(super) answer_at_most: usize,
}

impl Targets {
    /// The targets of a configuration, their secrets read.
    ///
    /// # Errors
    /// A secret cannot be read or is too short.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        const KEY: &str = "triggers.webhooks";
        let mut named = BTreeMap::new();
        for (arn, webhook) in &config.triggers.webhooks {
            let wrong = |error: String| ConfigError::value(KEY, config.origin(KEY), format!("{arn}: {error}"));
            let secret = match (&webhook.secret, &webhook.secret_file) {
                (Some(secret), _) => secret.clone(),
                (None, Some(path)) => config::read_secret(path)
                    .map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?,
                (None, None) => return Err(wrong("has no secret".to_owned())),
            };
            let secret = Key::new(&secret).map_err(wrong)?;
            named.insert(arn.clone(), Target::Webhook { url: webhook.url.clone(), secret });
        }
        for (arn, command) in &config.triggers.commands {
            named.insert(arn.clone(), Target::Command(command.clone()));
        }
        Ok(Self {
            endpoint: config.triggers.endpoint.trim_end_matches('/').to_owned(),
            named,
            answer_at_most: config.triggers.max_response_bytes,
        })
    }

    /// What that ARN stands for; `None` for what is no function's ARN.
    pub fn resolve(&self, arn: &str) -> Option<Target> {
        if let Some(target) = self.named.get(arn) {
            return Some(target.clone());
        }
        let mut parts = arn.splitn(6, ':');
        let ("arn", partition, "lambda", region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?) else {
            return None;
        };
        // The Region becomes part of a host's name and the partition decides its end: neither is taken on trust.
        if !is_region(region) {
            return None;
        }
        let (endpoint, reach) = if self.endpoint.is_empty() {
            let domain = match partition {
                "aws" | "aws-us-gov" => "amazonaws.com",
                "aws-cn" => "amazonaws.com.cn",
                _ => return None,
            };
            (format!("https://lambda.{region}.{domain}"), Reach::Public)
        } else {
            (self.endpoint.clone(), Reach::Configured)
        };
        Some(Target::Lambda { endpoint, reach, region: region.to_owned(), arn: arn.to_owned() })
    }
}
