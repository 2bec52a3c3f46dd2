//! A password that may be left out by leaving it empty, as users without one are made.

use serde_json::Value;

use crate::input::{Input, Malformed, Path, Violations};
use crate::scalars::Password;
use crate::shape::{Described, Shape};

/// The `PasswordType` shape where an empty text stands for no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordOrNone(Option<Password>);

impl PasswordOrNone {
    pub fn into_password(self) -> Option<Password> {
        self.0
    }
}

impl Described for PasswordOrNone {
    fn shape() -> Shape {
        Password::shape()
    }
}

impl Input for PasswordOrNone {
    fn parse(value: Value, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed> {
        if value.as_str() == Some("") {
            return Ok(Some(Self(None)));
        }
        Ok(Password::parse(value, at, found)?.map(|password| Self(Some(password))))
    }

    fn is_scalar() -> bool {
        Password::is_scalar()
    }
}
