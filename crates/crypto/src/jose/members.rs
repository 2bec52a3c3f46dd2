//! Whether a JSON object says everything once. Parsers differ in which of two equal members they believe.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::JoseError;

/// Refuses anything but a JSON object, and objects that have a member twice, at any depth.
pub(super) fn check_unique(json: &[u8]) -> Result<(), JoseError> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(JoseError::Malformed);
    }
    match serde_json::from_slice::<Unique>(json) {
        Ok(Unique) => Ok(()),
        Err(error) if error.to_string().starts_with(DUPLICATE) => Err(JoseError::DuplicateMember),
        Err(_) => Err(JoseError::Malformed),
    }
}

/// What the visitor's error says; serde's errors carry nothing but text.
const DUPLICATE: &str = "duplicate member";

/// A JSON value in which no object has a member twice; the value itself is dropped.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Unique)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Unique)) = map.next_entry::<String, _>()? {
            if !names.insert(name) {
                return Err(Error::custom(DUPLICATE));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Unique>()?.is_some() {}
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }
}
