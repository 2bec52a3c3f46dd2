//! Webhooks of the operator's: where events and messages are posted, signed so that it is known who posts them.

use std::fmt;
use std::path::Path;

use aws_lc_rs::hmac;
use bytes::Bytes;
use cognate_crypto::hex;
use http::Request;

use crate::config::{Secret, read_secret};

/// The time of the request in seconds since the Unix epoch.
const TIMESTAMP: &str = "x-cognate-timestamp";

/// `v1=` and, in hexadecimal, HMAC-SHA256 of the timestamp, a full stop and the body.
const SIGNATURE: &str = "x-cognate-signature";

/// The shortest secret, in bytes.
const SECRET_MIN: usize = 16;

/// A URL, and the secret that its requests are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    url: String,
    secret: Vec<u8>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(***)")
    }
}

impl Webhook {
    /// The webhook at `url`, its secret given or in a file.
    ///
    /// # Errors
    /// There is no secret, it cannot be read, or it is shorter than 16 bytes; in words for the operator.
    pub fn new(url: &str, secret: Option<&Secret>, file: Option<&Path>) -> Result<Self, String> {
        let secret = match (secret, file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => {
                read_secret(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?
            }
            (None, None) => return Err("the webhook has no secret".to_owned()),
        };
        let secret = secret.expose().as_bytes().to_vec();
        if secret.len() < SECRET_MIN {
            return Err(format!("the secret has fewer than {SECRET_MIN} bytes"));
        }
        Ok(Self { url: url.to_owned(), secret })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A request that posts this JSON.
    ///
    /// # Errors
    /// The URL is none.
    pub fn request(&self, now_ms: i64, body: Bytes) -> http::Result<Request<Bytes>> {
        let timestamp = (now_ms / 1000).to_string();
        let mut signed = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.secret));
        signed.update(timestamp.as_bytes());
        signed.update(b".");
        signed.update(&body);
        Request::post(&self.url)
            .header("content-type", "application/json")
            .header(SIGNATURE, format!("v1={}", hex::encode(signed.sign().as_ref())))
            .header(TIMESTAMP, timestamp)
            .body(body)
    }
}
