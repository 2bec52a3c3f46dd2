//! What an ARN stands for: a function behind Lambda's Invoke API, a webhook, or a program of `cognate dev`.

use std::collections::BTreeMap;

use crate::config::{Config, ConfigError, is_region};
use crate::outbound::aws::Endpoint;
use crate::outbound::{Reach, Webhook};

/// Where a function is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Behind Lambda's Invoke API.
    Lambda { endpoint: String, reach: Reach, region: String, arn: String },
    /// Behind a URL that takes signed events.
    Webhook(Webhook),
    /// A program with its arguments.
    Command(Vec<String>),
}

/// The targets that a configuration names.
#[derive(Debug)]
pub struct Targets {
    lambda: Endpoint,
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
            let webhook = Webhook::new(&webhook.url, webhook.secret.as_ref(), webhook.secret_file.as_deref());
            named.insert(arn.clone(), Target::Webhook(webhook.map_err(wrong)?));
        }
        for (arn, command) in &config.triggers.commands {
            named.insert(arn.clone(), Target::Command(command.clone()));
        }
        Ok(Self {
            lambda: Endpoint::new(&config.triggers.endpoint),
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
        let (endpoint, reach) = self.lambda.of("lambda", region)?;
        // A stand-in for AWS may know other partitions, and no other Regions' names.
        let known = reach == Reach::Configured || matches!(partition, "aws" | "aws-us-gov" | "aws-cn");
        if !known || !is_region(region) {
            return None;
        }
        Some(Target::Lambda { endpoint, reach, region: region.to_owned(), arn: arn.to_owned() })
    }
}
