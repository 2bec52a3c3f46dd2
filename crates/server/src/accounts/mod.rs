//! Accounts: users, their names, attributes, passwords and codes.

pub mod names;
pub mod user;
