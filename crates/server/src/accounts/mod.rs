//! Accounts: users, their names, attributes, passwords and codes.

pub mod attempts;
pub mod attributes;
pub mod codes;
pub mod confirm;
pub mod create;
pub mod decimal;
pub mod delivery;
pub mod factors;
pub mod filter;
pub mod groups;
pub mod list;
pub mod lockout;
pub mod names;
pub mod new_password;
pub mod passkeys;
pub mod password;
pub mod recovery;
pub mod relying_party;
pub mod secret_hash;
pub mod sign_up;
pub mod unknown;
pub mod user;
pub mod verification;
