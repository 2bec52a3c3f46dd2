//! What a pool's schema may be: from a request's attributes to definitions, and back as `DescribeUserPool` shows them.

use std::cmp::Ordering;

use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::pool::{NumberAttributeConstraints, SchemaAttribute, StringAttributeConstraints};
use cognate_shapes::scalars::{CustomAttributeName, Text};

use super::schema::{Bounds, Definition, Kind, Schema};

/// The longest value of a text attribute, in characters.
const LONGEST_TEXT: &str = "2048";

/// Digits of the largest bound of a number, 2^1023.
const MOST_DIGITS: usize = 308;

/// Attributes that the service alone defines and fills.
const RESERVED: &[&str] = &["sub", "email_verified", "phone_number_verified", "identities"];

/// The schema of a new pool: the standard attributes as `given` edits them, then those of its own.
pub fn created(given: &[SchemaAttribute], most_custom: u64) -> Result<Schema> {
    let mut definitions = Schema::standard();
    let standard = definitions.len();
    let mut edited: Vec<String> = Vec::new();
    let mut custom = Vec::new();
    for attribute in given {
        let name = name(attribute)?;
        let Some(definition) = definitions.iter_mut().find(|one| one.name == name) else {
            custom.push(attribute);
            continue;
        };
        if edited.iter().any(|one| one == name) {
            return Err(Error::duplicate_attribute(name));
        }
        edited.push(name.to_owned());
        *definition = edited_standard(definition, attribute)?;
    }
    for attribute in custom {
        let definition = custom_attribute(attribute)?;
        if definitions[standard..].iter().any(|one| bare(&one.name) == bare(&definition.name)) {
            return Err(Error::duplicate_attribute(&format!("custom:{}", bare(&definition.name))));
        }
        definitions.push(definition);
    }
    bounded(&definitions, most_custom, Code::LimitExceeded)?;
    Ok(Schema::new(definitions))
}

/// The schema with attributes added at its end.
pub fn extended(schema: &Schema, added: &[SchemaAttribute], most_custom: u64) -> Result<Schema> {
    let mut definitions: Vec<Definition> = schema.iter().cloned().collect();
    let before = definitions.len();
    for attribute in added {
        let definition = custom_attribute(attribute)?;
        let custom = format!("custom:{}", bare(&definition.name));
        let same = definitions.iter().position(|one| is_custom(one) && bare(&one.name) == bare(&definition.name));
        match same {
            Some(index) if index < before => {
                return Err(Error::attribute_exists(&custom, &definitions[index].name));
            }
            Some(_) => return Err(Error::duplicate_attribute(&custom)),
            None => definitions.push(definition),
        }
    }
    bounded(&definitions, most_custom, Code::InvalidParameter)?;
    Ok(Schema::new(definitions))
}

/// The definition as `SchemaAttributes` lists it.
pub fn described(definition: &Definition) -> SchemaAttribute {
    let bounds = definition.bounds.clone();
    let (number, string) = match definition.kind {
        Kind::String => (None, bounds),
        Kind::Number => (bounds, None),
        Kind::DateTime | Kind::Boolean => (None, None),
    };
    SchemaAttribute {
        name: Some(CustomAttributeName::trusted(&definition.name)),
        attribute_data_type: Some(definition.kind.wire()),
        developer_only_attribute: Some(definition.developer_only),
        mutable: Some(definition.mutable),
        required: Some(definition.required),
        number_attribute_constraints: number.map(|bounds| NumberAttributeConstraints {
            min_value: bounds.min.map(Text::trusted),
            max_value: bounds.max.map(Text::trusted),
        }),
        string_attribute_constraints: string.map(|bounds| StringAttributeConstraints {
            min_length: bounds.min.map(Text::trusted),
            max_length: bounds.max.map(Text::trusted),
        }),
    }
}

fn name(attribute: &SchemaAttribute) -> Result<&str> {
    attribute.name.as_deref().ok_or_else(Error::attribute_without_name)
}

/// The name without `custom:` or `dev:custom:`.
fn bare(name: &str) -> &str {
    let name = name.strip_prefix("dev:").unwrap_or(name);
    name.strip_prefix("custom:").unwrap_or(name)
}

fn is_custom(definition: &Definition) -> bool {
    definition.name.starts_with("custom:") || definition.name.starts_with("dev:custom:")
}

fn bounded(definitions: &[Definition], most_custom: u64, code: Code) -> Result<()> {
    let custom = definitions.iter().filter(|one| is_custom(one)).count() as u64;
    if custom > most_custom { Err(Error::too_many_custom_attributes(code, most_custom)) } else { Ok(()) }
}

fn edited_standard(standard: &Definition, attribute: &SchemaAttribute) -> Result<Definition> {
    let retyped = attribute.attribute_data_type.is_some_and(|kind| Kind::of(kind) != standard.kind);
    if retyped || attribute.developer_only_attribute == Some(true) {
        return Err(Error::standard_attribute_retyped(&standard.name));
    }
    let edited = Definition {
        required: attribute.required.unwrap_or(standard.required),
        mutable: attribute.mutable.unwrap_or(standard.mutable),
        bounds: match attribute.attribute_data_type {
            // Without AttributeDataType the service neither reads constraints nor shows any.
            None => None,
            Some(_) => bounds(&standard.name, standard.kind, attribute)?.or_else(|| standard.bounds.clone()),
        },
        ..standard.clone()
    };
    if RESERVED.contains(&standard.name.as_str())
        && (edited.required, edited.mutable) != (standard.required, standard.mutable)
    {
        return Err(Error::reserved_attribute(&standard.name));
    }
    Ok(edited)
}

fn custom_attribute(attribute: &SchemaAttribute) -> Result<Definition> {
    let name = name(attribute)?;
    let developer_only = attribute.developer_only_attribute.unwrap_or(false);
    let name = if developer_only { format!("dev:custom:{name}") } else { format!("custom:{name}") };
    if attribute.required == Some(true) {
        return Err(Error::required_custom_attribute());
    }
    let kind = attribute.attribute_data_type.map(Kind::of).ok_or_else(Error::attribute_without_type)?;
    let bounds = match kind {
        Kind::String | Kind::Number => Some(bounds(&name, kind, attribute)?.unwrap_or_default()),
        Kind::DateTime | Kind::Boolean => None,
    };
    Ok(Definition { mutable: attribute.mutable.unwrap_or(true), required: false, name, kind, developer_only, bounds })
}

/// The constraints of the member that belongs to the type, if it is there.
fn bounds(name: &str, kind: Kind, attribute: &SchemaAttribute) -> Result<Option<Bounds>> {
    match kind {
        Kind::String => {
            let Some(given) = &attribute.string_attribute_constraints else { return Ok(None) };
            let invalid = || Error::invalid_string_constraints(name);
            let bounds = Bounds {
                min: whole(given.min_length.as_deref(), invalid)?,
                max: whole(given.max_length.as_deref(), invalid)?,
            };
            let too_long = |bound: &Option<String>| bound.as_deref().is_some_and(|n| compare(n, LONGEST_TEXT).is_gt());
            if too_long(&bounds.min) || too_long(&bounds.max) {
                return Err(Error::string_attribute_too_long(name));
            }
            if crossed(&bounds) { Err(Error::lengths_crossed(name)) } else { Ok(Some(bounds)) }
        }
        Kind::Number => {
            let Some(given) = &attribute.number_attribute_constraints else { return Ok(None) };
            let invalid = || Error::invalid_number_constraints(name);
            let bounds = Bounds {
                min: whole(given.min_value.as_deref(), invalid)?,
                max: whole(given.max_value.as_deref(), invalid)?,
            };
            if crossed(&bounds) { Err(Error::values_crossed(name)) } else { Ok(Some(bounds)) }
        }
        Kind::DateTime | Kind::Boolean => Ok(None),
    }
}

/// A bound: decimal digits, at most [`MOST_DIGITS`]; the empty text sets none.
fn whole(given: Option<&str>, invalid: impl Fn() -> Error) -> Result<Option<String>> {
    match given {
        None | Some("") => Ok(None),
        Some(digits) if digits.len() <= MOST_DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Ok(Some(digits.to_owned()))
        }
        Some(_) => Err(invalid()),
    }
}

fn crossed(bounds: &Bounds) -> bool {
    matches!((&bounds.min, &bounds.max), (Some(min), Some(max)) if compare(min, max).is_gt())
}

/// Orders numbers written in decimal digits, of any size.
fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}
