//! Mail and text messages: composed from a pool's templates, sent by what the configuration names.

pub mod compose;
pub mod email;
pub mod frame;
mod gateway;
pub mod mask;
mod plain_text;
mod segments;
mod ses;
pub mod sms;
mod sns;
mod webhook;

use std::fmt;

pub use compose::{MessageKind, Templates, Values};
pub use email::{Email, EmailSender, Mailer};
pub use sms::{Sms, SmsSender, Texter};
pub use sns::Eums;

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
    /// All that may be sent today was sent.
    Exhausted,
}

impl DeliveryError {
    pub fn new(words: impl fmt::Display) -> Self {
        Self::because(Failure::Untaken, words)
    }

    /// All that may be sent today was sent.
    pub fn exhausted() -> Self {
        Self::because(Failure::Exhausted, "the pool's mails of the day are used up")
    }

    fn because(failure: Failure, words: impl fmt::Display) -> Self {
        Self { failure, words: words.to_string() }
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
