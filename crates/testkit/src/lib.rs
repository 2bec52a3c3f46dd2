//! A server to test against: a fixed clock, captured mail, an account of its own, a real SMTP listener.

mod server;
mod signing;
pub mod smtp;

pub use server::{Answer, EPOCH_MS, TestServer, new_account};
pub use signing::{Key, Unsigned};
