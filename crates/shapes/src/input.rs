//! Parses a request, collecting every violation before it answers, as the service does.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::error::{Code, Error};
use crate::shape::Described;

/// The body cannot be read as the shape at all: a wrong JSON type or no JSON. Answered as `SerializationException`.
#[derive(Debug, PartialEq)]
pub struct Malformed(String);

impl Malformed {
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// Coral's words for a value of the wrong JSON type.
    pub fn conversion(found: &Value, wanted: &str) -> Self {
        let found = match found {
            Value::Null => "NULL_VALUE",
            Value::Bool(true) => "TRUE_VALUE",
            Value::Bool(false) => "FALSE_VALUE",
            Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
            Value::Number(_) => "NUMBER_VALUE",
            Value::String(_) => "STRING_VALUE",
            Value::Array(_) | Value::Object(_) => {
                return Self::new("Start of structure or map found where not expected.");
            }
        };
        Self(format!("{found} can not be converted to {wanted}"))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(Code::Serialization, malformed.0)
    }
}

/// Where in the request a value stands: `schema.1.member.name`.
#[derive(Debug)]
pub enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Element(&'a Path<'a>, usize),
    Key(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separate = |f: &mut fmt::Formatter<'_>, parent: &Path<'_>| match parent {
            Path::Root => Ok(()),
            _ => write!(f, "{parent}."),
        };
        match self {
            Path::Root => Ok(()),
            Path::Member(parent, name) => {
                separate(f, parent)?;
                let mut letters = name.chars();
                if let Some(first) = letters.next() {
                    write!(f, "{}{}", first.to_lowercase(), letters.as_str())?;
                }
                Ok(())
            }
            Path::Element(parent, index) => write!(f, "{parent}.{}.member", index + 1),
            Path::Key(parent, key) => write!(f, "{parent}.{key}.member"),
        }
    }
}

/// Longest part of an offending value that a message repeats, in characters.
const ECHO: usize = 1024;

/// Most violations that are told. A list may hold hundreds of thousands of broken elements, and an answer must not be
/// many times as long as its request.
const TOLD: usize = 100;

/// Every constraint the request breaks, in the words of the service, up to [`TOLD`].
#[derive(Debug, Default)]
pub struct Violations {
    clauses: Vec<String>,
    /// Whether what is being read lies in something sensitive, so that no value of it is repeated.
    in_sensitive: bool,
}

impl Violations {
    /// Records that the value at `at` breaks a constraint; a sensitive value (`None`) is not repeated.
    pub fn add(&mut self, value: Option<&str>, at: &Path<'_>, constraint: &str) {
        if self.is_full() {
            return;
        }
        let shown = match value.filter(|_| !self.in_sensitive) {
            Some(value) => format!("Value '{}' at", value.chars().take(ECHO).collect::<String>()),
            None => "Value at".to_owned(),
        };
        self.clauses.push(format!("{shown} '{at}' failed to satisfy constraint: {constraint}"));
    }

    /// Records that a required member is absent.
    pub fn missing(&mut self, at: &Path<'_>) {
        if self.is_full() {
            return;
        }
        self.clauses.push(format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"));
    }

    /// Reads something sensitive: no value in it is repeated.
    pub fn hiding<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let outside = std::mem::replace(&mut self.in_sensitive, true);
        let parsed = read(self);
        self.in_sensitive = outside;
        parsed
    }

    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }

    fn is_full(&self) -> bool {
        self.clauses.len() >= TOLD
    }

    /// The one error that names all of them, if there are any.
    pub fn into_result(self) -> Result<(), Error> {
        match self.clauses.len() {
            0 => Ok(()),
            1 => Err(Error::invalid(format!("1 validation error detected: {}", self.clauses[0]))),
            n => Err(Error::invalid(format!("{n} validation errors detected: {}", self.clauses.join("; ")))),
        }
    }
}

/// A shape that can be read from a request.
pub trait Input: Described + Sized {
    /// Reads the value at `at`. Broken constraints are recorded in `found` and give `None`, so that the rest of the
    /// request is still read; a value of the wrong JSON type ends the reading.
    fn parse(value: Value, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed>;

    /// The constraints a scalar breaks, without its place: lists wrap them in clauses of their own.
    fn is_scalar() -> bool {
        false
    }
}

/// Reads a whole request.
pub fn request<T: Input>(body: Map<String, Value>) -> Result<T, Error> {
    let mut found = Violations::default();
    let parsed = T::parse(Value::Object(body), &Path::Root, &mut found)?;
    found.into_result()?;
    parsed.ok_or_else(|| Error::internal("a request without violations did not parse"))
}

/// Reads a document this server wrote itself, such as stored pool settings.
pub fn stored<T: Input>(document: &str) -> Result<T, Error> {
    let value = serde_json::from_str(document).map_err(|error| Error::internal("stored document").caused_by(error))?;
    let mut found = Violations::default();
    let parsed = T::parse(value, &Path::Root, &mut found).map_err(|malformed| Error::internal(malformed.0))?;
    parsed.ok_or_else(|| Error::internal(format!("stored document breaks its shape: {}", found.clauses.join("; "))))
}

/// The members of a structure while it is being read.
#[derive(Debug)]
pub struct Members(Map<String, Value>);

impl Members {
    pub fn of(value: Value) -> Result<Self, Malformed> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            Value::Array(_) => Err(Malformed::new("Unexpected list element found in a structure")),
            _ => Err(Malformed::new("Expected start of structure or map.")),
        }
    }

    /// All of them, as they are.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// A required member: absence is a violation.
    pub fn required<T: Input>(
        &mut self,
        name: &str,
        parent: &Path<'_>,
        found: &mut Violations,
    ) -> Result<Option<T>, Malformed> {
        let at = Path::Member(parent, name);
        if let Some(value) = self.take(name) {
            T::parse(value, &at, found)
        } else {
            found.missing(&at);
            Ok(None)
        }
    }

    #[expect(clippy::option_option, reason = "broken and absent are two things")]
    /// An optional member: `Some(None)` when it is absent, `None` when it breaks a constraint.
    pub fn optional<T: Input>(
        &mut self,
        name: &str,
        parent: &Path<'_>,
        found: &mut Violations,
    ) -> Result<Option<Option<T>>, Malformed> {
        match self.take(name) {
            Some(value) => Ok(T::parse(value, &Path::Member(parent, name), found)?.map(Some)),
            None => Ok(Some(None)),
        }
    }
}

/// A structure whose members can stand among another's.
pub trait ReadMembers: Sized {
    /// Takes its members out of `members`; what they are not allowed to be is `found`, and then there is `None`.
    fn read(members: &mut Members, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed>;
}

impl Input for bool {
    fn parse(value: Value, _at: &Path<'_>, _found: &mut Violations) -> Result<Option<Self>, Malformed> {
        value.as_bool().map(Some).ok_or_else(|| Malformed::conversion(&value, "Boolean"))
    }
}

impl Input for i64 {
    fn parse(value: Value, _at: &Path<'_>, _found: &mut Violations) -> Result<Option<Self>, Malformed> {
        integer(&value).map(Some)
    }
}

/// Reads a whole number; `60.0`, as some clients write `60`, counts.
pub fn integer(value: &Value) -> Result<i64, Malformed> {
    let whole = value.as_i64().or_else(|| {
        value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 9e15).map(|number| number as i64)
    });
    whole.filter(|number| i32::try_from(*number).is_ok()).ok_or_else(|| Malformed::conversion(value, "Integer"))
}

impl<T: Input> Input for Vec<T> {
    fn parse(value: Value, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed> {
        list(value, at, found, None, None)
    }
}

/// Reads a list within its bounds.
pub fn list<T: Input>(
    value: Value,
    at: &Path<'_>,
    found: &mut Violations,
    min: Option<u64>,
    max: Option<u64>,
) -> Result<Option<Vec<T>>, Malformed> {
    let Value::Array(elements) = value else { return Err(Malformed::new("Expected list or null")) };
    let before = found.clauses.len();
    let shown = shown(&elements);
    bounds(elements.len() as u64, min, max, &mut |constraint| found.add(Some(&shown), at, &constraint));
    let mut parsed = Vec::with_capacity(elements.len().min(1024));
    for (index, element) in elements.into_iter().enumerate() {
        if found.is_full() {
            return Ok(None);
        }
        if T::is_scalar() {
            // Coral wraps what an element of a list of scalars breaks in one clause about the list.
            let mut inner = Violations::default();
            match T::parse(element, &Path::Root, &mut inner)? {
                Some(element) => parsed.push(element),
                None => found.add(
                    Some(&shown)
                        .filter(|_| inner.clauses.iter().all(|clause| clause.starts_with("Value '")))
                        .map(String::as_str),
                    at,
                    &format!("Member must satisfy constraint: [{}]", inner.constraints()),
                ),
            }
        } else if let Some(element) = T::parse(element, &Path::Element(at, index), found)? {
            parsed.push(element);
        }
    }
    Ok((found.clauses.len() == before).then_some(parsed))
}

impl Violations {
    fn constraints(&self) -> String {
        let constraint = |clause: &String| {
            clause.split_once("failed to satisfy constraint: ").map_or_else(String::new, |(_, what)| what.to_owned())
        };
        self.clauses.iter().map(constraint).collect::<Vec<_>>().join(", ")
    }
}

/// A list as Java prints it: `[a, b]`.
fn shown(elements: &[Value]) -> String {
    let element = |value: &Value| match value {
        Value::String(text) => text.chars().take(64).collect(),
        Value::Object(_) => "{...}".to_owned(),
        other => other.to_string().chars().take(64).collect(),
    };
    format!("[{}]", elements.iter().take(16).map(element).collect::<Vec<String>>().join(", "))
}

impl<K: Input + Ord, V: Input> Input for BTreeMap<K, V> {
    fn parse(value: Value, at: &Path<'_>, found: &mut Violations) -> Result<Option<Self>, Malformed> {
        map(value, at, found, None, None)
    }
}

/// Reads a map whose keys and values no message may repeat.
pub fn sensitive_map<K: Input + Ord, V: Input>(
    value: Value,
    at: &Path<'_>,
    found: &mut Violations,
    min: Option<u64>,
    max: Option<u64>,
) -> Result<Option<BTreeMap<K, V>>, Malformed> {
    found.hiding(|found| map(value, at, found, min, max))
}

/// Reads a map within its bounds.
pub fn map<K: Input + Ord, V: Input>(
    value: Value,
    at: &Path<'_>,
    found: &mut Violations,
    min: Option<u64>,
    max: Option<u64>,
) -> Result<Option<BTreeMap<K, V>>, Malformed> {
    let Value::Object(entries) = value else { return Err(Malformed::new("Expected start of structure or map.")) };
    let before = found.clauses.len();
    bounds(entries.len() as u64, min, max, &mut |constraint| {
        let names = entries.keys().take(16).cloned().collect::<Vec<_>>().join(", ");
        found.add(Some(&format!("{{{names}}}")), at, &constraint);
    });
    let mut parsed = BTreeMap::new();
    for (name, value) in entries {
        if found.is_full() {
            return Ok(None);
        }
        let mut inner = Violations::default();
        let key = K::parse(Value::String(name.clone()), &Path::Root, &mut inner)?;
        if key.is_none() {
            let constraint = format!("Map keys must satisfy constraint: [{}]", inner.constraints());
            found.add(Some(&format!("{{{name}}}")), at, &constraint);
        }
        if value.is_null() {
            continue;
        }
        let value = V::parse(value, &Path::Key(at, &name), found)?;
        if let (Some(key), Some(value)) = (key, value) {
            parsed.insert(key, value);
        }
    }
    Ok((found.clauses.len() == before).then_some(parsed))
}

/// Reports a length outside its bounds, the upper one first.
pub fn bounds(length: u64, min: Option<u64>, max: Option<u64>, report: &mut dyn FnMut(String)) {
    if let Some(max) = max.filter(|max| length > *max) {
        report(format!("Member must have length less than or equal to {max}"));
    }
    if let Some(min) = min.filter(|min| length < *min) {
        report(format!("Member must have length greater than or equal to {min}"));
    }
}
