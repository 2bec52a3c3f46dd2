//! A server to test against: a fixed clock, captured mail, an account of its own, a real SMTP listener, functions behind
//! real endpoints; or the whole program in a process that can be killed.

mod database;
pub mod gateways;
pub mod lambda;
pub mod program;
mod server;
mod signing;
pub mod smtp;

pub use database::FreshDatabase;
pub use server::{Answer, EPOCH_MS, MASTER_KEY, TestServer, http_client, new_account};
pub use signing::{Key, Unsigned};
