//! What a shape is, as data: read by the model test, the generic negative tests and the documentation.

use serde::Serialize;
use serde::ser::SerializeMap;

/// A wire shape with its constraints, as botocore's model describes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Text {
        min: Option<u64>,
        max: Option<u64>,
        pattern: Option<&'static str>,
        /// The spellings of an enumeration, in the model's order; empty for free text.
        values: &'static [&'static str],
        sensitive: bool,
    },
    Integer {
        min: Option<i64>,
        max: Option<i64>,
    },
    Boolean,
    Timestamp,
    List {
        min: Option<u64>,
        max: Option<u64>,
        of: Box<Shape>,
    },
    Map {
        min: Option<u64>,
        max: Option<u64>,
        key: Box<Shape>,
        value: Box<Shape>,
        sensitive: bool,
    },
    Structure {
        members: Vec<Member>,
        sensitive: bool,
    },
}

/// One member of a structure.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The name on the wire, such as `UserPoolId`.
    pub name: &'static str,
    pub required: bool,
    pub shape: Shape,
}

impl Shape {
    /// The members of a structure, and none of anything else.
    pub fn members(&self) -> &[Member] {
        match self {
            Self::Structure { members, .. } => members,
            _ => &[],
        }
    }
}

/// A type that can say which shape it has on the wire.
pub trait Described {
    fn shape() -> Shape;
}

/// A type that can be written as an answer; absent members are left out.
pub trait Output: Described + Serialize {}

impl<T: Described + Serialize> Output for T {}

/// A structure whose members can be written among another's.
pub trait WriteMembers {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl Described for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }
}

impl Described for i64 {
    fn shape() -> Shape {
        Shape::Integer { min: None, max: None }
    }
}

impl<T: Described> Described for Vec<T> {
    fn shape() -> Shape {
        Shape::List { min: None, max: None, of: Box::new(T::shape()) }
    }
}

impl<K: Described, V: Described> Described for std::collections::BTreeMap<K, V> {
    fn shape() -> Shape {
        Shape::Map { min: None, max: None, key: Box::new(K::shape()), value: Box::new(V::shape()), sensitive: false }
    }
}
