//! Requests made from shapes alone: values that fit their constraints, whatever they mean.

use cognate_shapes::Shape;
use cognate_shapes::pattern::compile;
use serde_json::{Map, Value};

/// Texts that fit one pattern or another of the model.
const EXAMPLES: &[&str] = &[
    "us-east-1_abcdefghi",
    "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abcdefghi",
    "ada@example.com",
    "Code: {####}",
    "Click {##here##}",
    "Level1",
    "https://app.example/callback",
    "abcdef0123",
    "123456",
    "tkn0123456789abcdefghijklmno",
    "us-east-1_00000000-0000-4000-8000-000000000000",
    "example",
];

/// A text within its bounds that fits its pattern.
///
/// # Panics
/// When no example does: add one.
pub fn text(min: Option<u64>, max: Option<u64>, pattern: Option<&str>) -> String {
    let regex = pattern.map(compile);
    let fits = |text: &String| {
        let length = text.chars().count() as u64;
        min.is_none_or(|min| length >= min)
            && max.is_none_or(|max| length <= max)
            && regex.as_ref().is_none_or(|regex| regex.is_match(text))
    };
    let long = "a".repeat(min.unwrap_or(0).max(1) as usize);
    let candidates = EXAMPLES.iter().map(ToString::to_string).chain([long]);
    candidates
        .into_iter()
        .find(fits)
        .unwrap_or_else(|| panic!("an example of {pattern:?} with {min:?} to {max:?} characters"))
}

/// The smallest value that breaks no constraint of a shape: required members only.
pub fn valid(shape: &Shape) -> Value {
    match shape {
        Shape::Text { values, .. } if !values.is_empty() => values[0].into(),
        Shape::Text { min, max, pattern, .. } => text(*min, *max, *pattern).into(),
        Shape::Integer { min, max } => min.or(max.map(|max| max.min(0))).unwrap_or(1).into(),
        Shape::Boolean => true.into(),
        Shape::Timestamp => 1_700_000_000.into(),
        Shape::List { min, of, .. } => (0..min.unwrap_or(0).max(1)).map(|_| valid(of)).collect(),
        Shape::Map { key, value, .. } => {
            let key = valid(key).as_str().expect("keys are texts").to_owned();
            Value::Object(Map::from_iter([(key, valid(value))]))
        }
        Shape::Structure { members, .. } => Value::Object(
            members
                .iter()
                .filter(|member| member.required)
                .map(|member| (member.name.to_owned(), valid(&member.shape)))
                .collect(),
        ),
    }
}
