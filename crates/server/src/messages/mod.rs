//! Mail and text messages: composed from a pool's templates, sent by what the configuration names.

pub mod compose;
pub mod email;
pub mod mask;
mod plain_text;
pub mod sms;

use std::fmt;

pub use compose::{MessageKind, Templates, Values};
pub use email::{Email, Mailer};
pub use sms::{Sms, Texter};

/// A message that could not be handed over, in words for the log. Never holds the message itself, a code or a password.
#[derive(Debug)]
pub struct DeliveryError {
    failure: Failure,
    words: String,
}

/// Whose fault it is that a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody took it.
    Untaken,
    /// Whoever sends is not allowed to.
    AccessDenied,
    /// Whoever sends may not be impersonated.
    TrustRefused,
}

impl DeliveryError {
    fn new(words: impl fmt::Display) -> Self {
        Self { failure: Failure::Untaken, words: words.to_string() }
    }

    pub fn failure(&self) -> Failure {
        self.failure
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for DeliveryError {}
