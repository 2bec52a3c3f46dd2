//! Reads a stranger's JSON: bounded depth, no duplicate members, no numbers beyond what they can hold.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::input::Malformed;

/// How deep arrays and objects may nest; the deepest shape of the model needs six levels.
const MAX_DEPTH: usize = 32;

/// Reads one JSON object; an empty body counts as `{}`.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Malformed> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match value(body)? {
        Value::Object(members) => Ok(members),
        _ => Err(Malformed::new("Start of structure or map found where not expected.")),
    }
}

/// Reads one JSON value that fills the whole text.
pub fn value(text: &[u8]) -> Result<Value, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(|error| Malformed::new(plain(&error)))?;
    deserializer.end().map_err(|error| Malformed::new(plain(&error)))?;
    Ok(value)
}

/// Says what is wrong and where, and repeats nothing of the body: it may hold a password.
fn plain(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "the JSON text ends too early",
        serde_json::error::Category::Data => "a member is given twice, nested too deep or out of range",
        _ => "the JSON text is not well-formed",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn inner<E: serde::de::Error>(&self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH { Err(E::custom("nested too deep")) } else { Ok(Self { depth: self.depth + 1 }) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(self.inner()?)? {
            list.push(element);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self.inner()?)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("member given twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::{object, value};

    /// SECURITY 48: depth, duplicate keys, huge numbers, lone surrogates.
    #[test]
    fn hostile_json_is_refused_in_words_that_repeat_nothing() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for hostile in [
            deep.as_str(),
            r#"{"Username":"a","Username":"b"}"#,
            r#"{"n":1e999}"#,
            r#"{"s":"\ud800"}"#,
            r#"{"secret":"hunter2""#,
            "{} {}",
            "[1,]",
        ] {
            let error = value(hostile.as_bytes()).expect_err("hostile JSON is refused");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert!(object(b"[]").is_err());
        assert!(object(b"\xff\xfe").is_err());
    }

    #[test]
    fn an_empty_body_is_an_empty_object() {
        assert!(object(b"").unwrap().is_empty());
        assert_eq!(object(br#"{"a":[1,null]}"#).unwrap()["a"][1], serde_json::Value::Null);
    }
}
