//! Tokens: what they claim, how they are issued, refreshed, verified and revoked.

pub mod keys;
pub mod verify;
