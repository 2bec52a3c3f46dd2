//! Encrypts what a custom sender sends, so that only the function that holds the key reads it: a message as the AWS
//! Encryption SDK makes it, its data key wrapped by a key of the configuration or by AWS KMS.

mod kms;
mod message;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_shapes::error::{Code, Error, Result};
use zeroize::Zeroizing;

use crate::config::{self, Config, ConfigError};
use crate::context::Context;
use crate::directory::Pool;
use crate::outbound::aws::Endpoint;
use crate::rng::Rng;

use message::{DATA_KEY_LEN, WrappedKey};

/// What a message is bound to, by name. The keys of the service's own messages are the same.
type EncryptionContext = BTreeMap<&'static str, String>;

/// What wraps the data key of each message.
#[derive(Debug)]
pub enum WrappingKey {
    /// A key of the configuration.
    Raw(RawKey),
    /// The pool's `KMSKeyID`.
    Kms { endpoint: Endpoint },
}

/// A 256-bit key that the functions hold as well; the SDK calls it a raw AES key.
pub struct RawKey {
    namespace: String,
    name: String,
    key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for RawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.name, self.namespace)
    }
}

impl WrappingKey {
    /// The key that a configuration names, read from its file.
    ///
    /// # Errors
    /// The file cannot be read, or is not the base64 of 32 bytes.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        const KEY: &str = "triggers.encryption_key_file";
        let triggers = &config.triggers;
        let Some(path) = &triggers.encryption_key_file else {
            return Ok(Self::Kms { endpoint: Endpoint::new(&triggers.kms_endpoint) });
        };
        let wrong = |error: &dyn fmt::Display| {
            ConfigError::value(KEY, config.origin(KEY), format!("{}: {error}", path.display()))
        };
        let text = config::read_secret(path).map_err(|error| wrong(&error))?;
        let bytes = STANDARD.decode(text.expose().trim()).map(Zeroizing::new);
        let key: Option<[u8; 32]> = bytes.ok().and_then(|bytes| bytes.as_slice().try_into().ok());
        let key = key.ok_or_else(|| wrong(&"is not the base64 of 32 bytes. Make one with: openssl rand -base64 32"))?;
        Ok(Self::Raw(RawKey {
            namespace: triggers.encryption_key_namespace.clone(),
            name: triggers.encryption_key_name.clone(),
            key: Zeroizing::new(key),
        }))
    }
}

/// Encrypts a code or a temporary password for the pool's custom senders: an AWS Encryption SDK message in base64, bound
/// to the pool by `userpool-id` in its encryption context.
///
/// # Errors
/// `CodeDeliveryFailure` where KMS gives no data key.
pub async fn encrypt(cx: &Context, pool: &Pool, plaintext: &str) -> Result<String> {
    let endpoint = match &cx.wrapping_key {
        WrappingKey::Raw(key) => return Ok(key.encrypt(&cx.rng, &pool.id, plaintext)),
        WrappingKey::Kms { endpoint } => endpoint,
    };
    let context = context_of(&pool.id);
    let key_id = pool.settings.lambda_config.as_ref().and_then(|lambda| lambda.kms_key_id.as_ref());
    let asked = kms::data_key(cx, endpoint, key_id.map_or("", |id| id.as_str()), &context).await;
    let (data_key, wrapped) = asked.map_err(|why| {
        tracing::error!(pool = pool.id, why, "KMS gave no key to encrypt a code with");
        Error::new(Code::CodeDeliveryFailure, "The code could not be encrypted for the custom sender.")
    })?;
    Ok(seal(&cx.rng, &data_key, &wrapped, &context, plaintext))
}

impl RawKey {
    /// The same with this key, for a pool that is known by its id.
    pub fn encrypt(&self, rng: &Rng, pool_id: &str, plaintext: &str) -> String {
        let context = context_of(pool_id);
        let data_key = Zeroizing::new(rng.bytes::<DATA_KEY_LEN>());
        let wrapped = message::wrap(&data_key, self, &context, rng.bytes());
        seal(rng, &data_key, &wrapped, &context, plaintext)
    }
}

fn context_of(pool_id: &str) -> EncryptionContext {
    EncryptionContext::from([("userpool-id", pool_id.to_owned())])
}

fn seal(
    rng: &Rng,
    data_key: &[u8; DATA_KEY_LEN],
    wrapped: &WrappedKey,
    context: &EncryptionContext,
    plaintext: &str,
) -> String {
    STANDARD.encode(message::seal(data_key, wrapped, context, &rng.bytes(), plaintext.as_bytes()))
}
