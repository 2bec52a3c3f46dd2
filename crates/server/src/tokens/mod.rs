//! Tokens: what they claim, how they are issued, refreshed, verified and revoked.

pub mod claims;
pub mod issue;
pub mod keys;
pub mod prune;
pub mod refresh;
pub mod revoke;
pub mod session;
pub mod tracked;
pub mod verify;
