//! A JSON object as it is: the model's `Document`, whose members are another specification's.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::input::{Input, Malformed, Members, Path, Violations};
use crate::shape::{Described, Shape};

/// Most bytes of a document as compact JSON. How deep it may nest is bounded for every request.
const LONGEST: usize = 65_536;

/// The `Document` shape.
#[derive(Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Document(Map<String, Value>);

impl Document {
    /// Wraps what the server made itself.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// What is in it, the document does not know: it may be secret.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(***)")
    }
}

impl Described for Document {
    fn shape() -> Shape {
        Shape::Structure { members: Vec::new(), sensitive: false }
    }
}

impl Input for Document {
    fn parse(value: Value, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed> {
        let members = Members::of(value)?.into_map();
        let length = serde_json::to_vec(&members).map_or(usize::MAX, |text| text.len());
        if length > LONGEST {
            found.add(None, at, &format!("Member must have length less than or equal to {LONGEST}"));
            return Ok(None);
        }
        Ok(Some(Self(members)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: Value) -> Result<(), String> {
        let mut found = Violations::default();
        let parsed = Document::parse(value, &Path::Root, &mut found).map_err(|malformed| malformed.to_string())?;
        found.into_result().map_err(|error| error.message.into_owned())?;
        parsed.map(drop).ok_or_else(|| "nothing".to_owned())
    }

    #[test]
    fn a_document_is_an_object_of_bounded_size() {
        assert_eq!(parse(serde_json::json!({ "any": [{ "thing": null }] })), Ok(()));
        assert_eq!(parse("{}".into()), Err("Expected start of structure or map.".to_owned()));
        let too_long = parse(serde_json::json!({ "a": "b".repeat(LONGEST) })).unwrap_err();
        assert!(too_long.ends_with("Member must have length less than or equal to 65536"), "{too_long}");
    }
}
