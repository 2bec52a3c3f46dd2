//! Cognito's vocabulary: every shape of the wire, its constraints stated once. No I/O.

pub mod auth;
pub mod client;
pub mod device;
pub mod document;
pub mod enums;
pub mod error;
pub mod group;
pub mod input;
pub mod json;
mod macros;
pub mod mfa;
pub mod passkey;
pub mod password;
pub mod pattern;
pub mod pool;
pub mod range;
pub mod risk;
pub mod scalars;
pub mod session;
pub mod shape;
pub mod timestamp;
pub mod user;

pub use cognate_shapes_derive::{Input, Output};
pub use error::{Code, Error, Result};
pub use input::{Input, Malformed, Path, Violations};
pub use shape::{Described, Member, Output, Shape};
pub use timestamp::Timestamp;

// The derives name this crate by its public path, also from inside it.
extern crate self as cognate_shapes;
