//! Messages through a gateway of the operator's own: one signed HTTPS request a message.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

use super::DeliveryError;
use super::gateway::{self, taken};
use crate::config::{ConfigError, Secret};
use crate::outbound::aws::error_name;
use crate::outbound::{Outbound, Reach, Webhook};

/// The webhook of a section of the configuration.
///
/// # Errors
/// Its secret cannot be read or is too short.
pub(super) fn webhook(
    section: &str,
    url: &str,
    secret: Option<&Secret>,
    secret_file: Option<&PathBuf>,
) -> Result<Webhook, ConfigError> {
    Webhook::new(url, secret, secret_file.map(PathBuf::as_path))
        .map_err(|error| ConfigError::value(&format!("{section}.webhook_secret"), None, error))
}

/// Posts a message to it.
pub(super) async fn post(
    webhook: &Webhook,
    outbound: &Outbound,
    now_ms: i64,
    message: &Value,
) -> Result<(), DeliveryError> {
    let body = Bytes::from(message.to_string());
    let response = gateway::post(outbound, Reach::Configured, || {
        webhook.request(now_ms, body.clone()).map_err(DeliveryError::new)
    });
    taken("the webhook", &response.await?, error_name)
}
