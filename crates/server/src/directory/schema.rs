//! The attributes a pool's users may have: standard, custom and developer-only.

use std::collections::BTreeMap;

use cognate_shapes::enums::AttributeDataType;
use serde::{Deserialize, Serialize};

/// One attribute of the schema, under its full name (`email`, `custom:plan`, `dev:custom:note`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    pub name: String,
    pub kind: Kind,
    pub mutable: bool,
    pub required: bool,
    pub developer_only: bool,
    /// Bounds as given, decimal strings; present where `DescribeUserPool` shows the constraints member.
    pub bounds: Option<Bounds>,
}

/// The data type of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    String,
    Number,
    DateTime,
    Boolean,
}

impl Kind {
    pub const fn wire(self) -> AttributeDataType {
        match self {
            Self::String => AttributeDataType::String,
            Self::Number => AttributeDataType::Number,
            Self::DateTime => AttributeDataType::DateTime,
            Self::Boolean => AttributeDataType::Boolean,
        }
    }

    pub const fn of(wire: AttributeDataType) -> Self {
        match wire {
            AttributeDataType::String => Self::String,
            AttributeDataType::Number => Self::Number,
            AttributeDataType::DateTime => Self::DateTime,
            AttributeDataType::Boolean => Self::Boolean,
        }
    }
}

/// Lengths of a text or values of a number, as decimal strings of any size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// The whole schema: standard attributes in the service's order, then the pool's own in the order of their making.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    definitions: Vec<Definition>,
    by_name: BTreeMap<String, usize>,
}

impl Schema {
    pub fn new(definitions: Vec<Definition>) -> Self {
        let by_name = definitions.iter().enumerate().map(|(index, one)| (one.name.clone(), index)).collect();
        Self { definitions, by_name }
    }

    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.by_name.get(name).map(|index| &self.definitions[*index])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.iter()
    }

    /// The attributes every user must have, without `sub`, which the server gives.
    pub fn required(&self) -> impl Iterator<Item = &Definition> {
        self.iter().filter(|one| one.required && one.name != "sub")
    }

    /// The schema of a pool that names no attributes of its own (`DescribeUserPool`'s order and constraints).
    pub fn standard() -> Vec<Definition> {
        let text = |name: &str, min: &str, max: &str| Definition {
            name: name.to_owned(),
            kind: Kind::String,
            mutable: true,
            required: false,
            developer_only: false,
            bounds: Some(Bounds { min: Some(min.to_owned()), max: Some(max.to_owned()) }),
        };
        let free = |name: &str| text(name, "0", "2048");
        let flag = |name: &str| Definition { kind: Kind::Boolean, bounds: None, ..free(name) };
        vec![
            Definition { mutable: false, required: true, ..text("sub", "1", "2048") },
            free("name"),
            free("given_name"),
            free("family_name"),
            free("middle_name"),
            free("nickname"),
            free("preferred_username"),
            free("profile"),
            free("picture"),
            free("website"),
            free("email"),
            flag("email_verified"),
            free("gender"),
            text("birthdate", "10", "10"),
            free("zoneinfo"),
            free("locale"),
            free("phone_number"),
            flag("phone_number_verified"),
            free("address"),
            Definition {
                kind: Kind::Number,
                bounds: Some(Bounds { min: Some("0".to_owned()), max: None }),
                ..free("updated_at")
            },
            Definition { bounds: Some(Bounds::default()), ..free("identities") },
        ]
    }
}
