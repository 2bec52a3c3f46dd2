//! A moment, kept in milliseconds and written as epoch seconds.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::input::{Input, Malformed, Path, Violations};
use crate::shape::{Described, Shape};

/// Milliseconds since the Unix epoch; on the wire a JSON number of seconds with up to three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since the epoch, as the claims of a token count them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            serializer.serialize_i64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.0 as f64 / 1000.0)
        }
    }
}

impl Described for Timestamp {
    fn shape() -> Shape {
        Shape::Timestamp
    }
}

impl Input for Timestamp {
    fn parse(value: Value, _at: &Path<'_>, _found: &mut Violations) -> Result<Option<Self>, Malformed> {
        match value.as_f64() {
            Some(seconds) if seconds.abs() < 1e12 => Ok(Some(Self((seconds * 1000.0).round() as i64))),
            Some(_) => Err(Malformed::new("Timestamp out of range.")),
            None => Err(Malformed::conversion(&value, "Timestamp")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn seconds_are_whole_where_they_can_be() {
        assert_eq!(serde_json::to_string(&Timestamp(1_689_876_543_123)).unwrap(), "1689876543.123");
        assert_eq!(serde_json::to_string(&Timestamp(1_689_876_543_000)).unwrap(), "1689876543");
    }
}
