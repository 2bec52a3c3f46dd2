//! Where the server keeps what it knows: one SQL text over SQLite and PostgreSQL, in synchronous re-runnable transactions.

mod answer;
mod error;
mod job;
mod migrate;
mod postgres;
mod sqlite;
mod store;
mod tx;

pub mod access_keys;
pub mod aliases;
pub mod attempts;
pub mod auth_events;
pub mod client_secrets;
pub mod clients;
pub mod codes;
pub mod devices;
pub mod failures;
pub mod groups;
pub mod leases;
pub mod memberships;
pub mod meta;
pub mod passkeys;
pub mod pools;
pub mod risk_configurations;
pub mod sessions;
pub mod signing_keys;
pub mod spent;
pub mod user_search;
pub mod users;

pub use error::Error;
pub use store::{Kind, MISSED, Options, Store};
pub use tx::{Param, Row, Tx};
