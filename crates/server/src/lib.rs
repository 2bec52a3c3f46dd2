//! A self-hosted identity server, wire-compatible with Amazon Cognito user pools.

pub mod access;
pub mod accounts;
pub mod api;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod context;
pub mod directory;
pub mod http;
pub mod inbox;
pub mod log;
pub mod login;
pub mod master_key;
pub mod messages;
pub mod oauth;
pub mod outbound;
pub mod rng;
pub mod seals;
pub mod serve;
pub mod threat;
pub mod tokens;
pub mod triggers;
pub mod visit;
pub mod workers;
