//! The server as its users see it: every test drives a real server through a real client.
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails cannot go on")]

mod access_tokens;
mod accounts;
mod cli;
mod clients;
mod clock;
mod codes;
mod every_operation;
mod existence;
mod groups;
mod journey;
mod keys;
mod list_users;
mod lockout;
mod log;
mod mail;
mod model;
mod new_password;
mod nodes;
mod passwords;
mod people;
mod pool_rules;
mod pools;
mod protocol;
mod refresh;
mod restart;
mod revoke;
mod sign_in;
mod sign_up;
mod signatures;
mod srp;
mod tags;
mod tokens;
mod users;
mod valid;
mod walk;
