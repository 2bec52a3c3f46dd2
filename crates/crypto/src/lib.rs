//! The cryptography of a user pool: SRP, tokens, request signatures, sealing and identifiers.
//!
//! Everything here is a pure function of its arguments: random bytes and the time are parameters. The two exceptions
//! are RSA key generation and the blinding of RSA signatures, which draw on the cryptographic library's own generator.

#[expect(unsafe_code, reason = "constant-time big numbers come from aws-lc, whose interface is C")]
mod bn;
mod calendar;
pub mod hex;
pub mod ids;
pub mod jose;
mod mac;
pub mod password;
pub mod seal;
pub mod secret_hash;
pub mod sigv4;
pub mod srp;

pub use seal::ct_eq;
