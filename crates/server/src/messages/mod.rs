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
pub struct DeliveryError(String);

impl DeliveryError {
    fn new(message: impl fmt::Display) -> Self {
        Self(message.to_string())
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DeliveryError {}
