//! Accounts: users, their names, attributes, passwords and codes.

pub mod attempts;
pub mod codes;
pub mod delivery;
pub mod lockout;
pub mod names;
pub mod password;
pub mod secret_hash;
pub mod unknown;
pub mod user;
