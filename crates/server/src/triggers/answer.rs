//! Reads what a function answered: the event it was given, with `response` filled in.

use serde_json::Value;

use super::Failure;

/// How deep objects and arrays may lie in one another.
const DEPTH: usize = 64;

/// The answer as JSON: the event's members, all of them and no others, each of its kind.
pub fn read(answer: &[u8], event: &Value) -> Result<Value, Failure> {
    // The parser gives up at twice the depth that is allowed, so what it builds stays small.
    let answer: Value = serde_json::from_slice(answer).map_err(|error| Failure::not_json(error.to_string()))?;
    let (Some(answered), Some(sent)) = (answer.as_object(), event.as_object()) else {
        return Err(Failure::unrecognizable("the answer is not an object: return the event"));
    };
    if let Some(extra) = answered.keys().find(|name| !sent.contains_key(*name)) {
        return Err(Failure::unrecognizable(format!("the event has no member {}", short(extra))));
    }
    for (name, was) in sent {
        match answered.get(name) {
            None => return Err(Failure::unrecognizable(format!("the event's member {name} is missing"))),
            Some(is) if kind(is) != kind(was) => {
                return Err(Failure::unrecognizable(format!("{name} is {} and must be {}", kind(is), kind(was))));
            }
            Some(_) => {}
        }
    }
    if depth(&answer) > DEPTH {
        return Err(Failure::unrecognizable(format!("the answer is nested deeper than {DEPTH}")));
    }
    Ok(answer)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// At most 128, the parser's own limit.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => return 0,
    };
    1 + inner.unwrap_or_default()
}

/// A name for the log that cannot flood it.
fn short(name: &str) -> String {
    name.chars().take(64).collect()
}
