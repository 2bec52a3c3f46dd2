//! Messages through a gateway of the operator's own: one signed HTTPS request a message.

use std::path::PathBuf;

use bytes::Bytes;
use http::Request;
use serde_json::Value;

use super::DeliveryError;
use super::gateway::{json_error, post, taken};
use crate::config::{ConfigError, Secret, read_secret};
use crate::outbound::{Outbound, Reach};
use crate::triggers::{Key, SIGNATURE, TIMESTAMP, signature};

/// Where messages are posted, and the secret that says by whom.
#[derive(Clone, Debug)]
pub struct Webhook {
    url: String,
    secret: Key,
}

impl Webhook {
    /// The webhook of a section of the configuration, its secret read.
    ///
    /// # Errors
    /// The secret cannot be read or is too short.
    pub fn new(
        section: &str,
        url: &str,
        secret: Option<&Secret>,
        secret_file: Option<&PathBuf>,
    ) -> Result<Self, ConfigError> {
        let wrong = |error: String| ConfigError::value(&format!("{section}.webhook_secret"), None, error);
        let secret = match (secret, secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => {
                read_secret(path).map_err(|error| wrong(format!("cannot read {}: {error}", path.display())))?
            }
            (None, None) => return Err(wrong("the webhook has no secret".into())),
        };
        Ok(Self { url: url.to_owned(), secret: Key::new(&secret).map_err(wrong)? })
    }

    pub(super) async fn send(&self, outbound: &Outbound, at_ms: i64, message: &Value) -> Result<(), DeliveryError> {
        let timestamp = (at_ms / 1000).to_string();
        let body = Bytes::from(message.to_string());
        let signature = signature(&self.secret, &timestamp, &body);
        let response = post(outbound, Reach::Configured, || {
            Request::post(&self.url)
                .header("content-type", "application/json")
                .header(TIMESTAMP, &timestamp)
                .header(SIGNATURE, &signature)
                .body(body.clone())
                .map_err(DeliveryError::new)
        });
        taken("the webhook", &response.await?, json_error)
    }
}
