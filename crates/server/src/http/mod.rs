//! The server's sockets: from a connection to a request within its limits, and back.

mod cors;
mod limits;
pub mod listener;
pub mod metrics;
mod panics;
mod request;
pub mod router;
pub mod tls;

pub use panics::report_panics;
pub use request::Peer;

#[cfg(test)]
mod tests;
