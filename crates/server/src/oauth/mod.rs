//! OpenID Connect: what a pool publishes about itself.

pub mod discovery;
