//! A self-hosted identity server, wire-compatible with Amazon Cognito user pools.

pub mod access;
pub mod accounts;
pub mod api;
pub mod clock;
pub mod config;
pub mod context;
pub mod directory;
pub mod inbox;
pub mod master_key;
pub mod messages;
pub mod oauth;
pub mod rng;
pub mod seals;
pub mod tokens;
pub mod workers;
