//! Attributes of users: what the schema and a client allow, and what a change of them means.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::enums::VerifiedAttribute;
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{AttributeName, AttributeValue};
use cognate_shapes::user::{Attribute, CodeDeliveryDetails};
use cognate_store::Tx;

use super::codes::{self, Drawn, Purpose};
use super::decimal::Decimal;
use super::delivery::{self, Message};
use super::names::{is_email, is_phone_number};
use super::user::{self, OnConflict, User};
use crate::context::Context;
use crate::directory::schema::{Definition, Kind};
use crate::directory::{Client, Pool};
use crate::messages::MessageKind;
use crate::visit::Visit;

/// What an update says: a new value for each attribute, `None` where the attribute goes.
pub type Changes = BTreeMap<String, Option<String>>;

/// Who changes attributes.
#[derive(Clone, Debug)]
pub enum Writer {
    Administrator,
    /// The user, through this client.
    Client(Arc<Client>),
}

impl Writer {
    /// Refuses attributes that the client may not write, before anything else is said about them.
    fn may_write<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> Result<()> {
        match self {
            Self::Administrator => Ok(()),
            Self::Client(client) if names.all(|name| client.may_write(name)) => Ok(()),
            Self::Client(_) => Err(Error::unauthorized_attribute()),
        }
    }
}

/// The attributes of a new user: of two with one name the last counts, a blank one is none.
pub fn given(list: Option<Vec<Attribute>>) -> BTreeMap<String, String> {
    let changes = requested(list.unwrap_or_default());
    changes.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The changes of an update: of two with one name the last counts, a blank value takes the attribute away.
pub fn requested(list: Vec<Attribute>) -> Changes {
    let value = |value: AttributeValue| Some(value.into_string()).filter(|value| !value.is_empty());
    list.into_iter().map(|one| (one.name.into_string(), one.value.and_then(value))).collect()
}

/// Checks that a client may write all of a new user's attributes.
pub fn check_writable(client: &Client, attributes: &BTreeMap<String, String>) -> Result<()> {
    if attributes.keys().all(|name| client.may_write(name)) { Ok(()) } else { Err(Error::unauthorized_attribute()) }
}

/// Checks a new user's attributes against the schema and writes flags as the service does; `complete` asks for every
/// required attribute.
pub fn check_new(pool: &Pool, attributes: &mut BTreeMap<String, String>, complete: bool) -> Result<()> {
    for name in attributes.keys() {
        if is_the_servers(name) {
            return Err(Error::fixed_attributes([(name.as_str(), CANNOT_BE_UPDATED)]));
        }
        if pool.schema.get(name).is_none() {
            return Err(Error::schema(format_args!("Type for attribute {{{name}}} could not be determined")));
        }
    }
    let mut broken = Vec::new();
    for (name, value) in attributes.iter_mut() {
        if let Some(definition) = pool.schema.get(name)
            && let Some(reason) = check_value(definition, value)?
        {
            broken.push((name.clone(), reason));
        }
    }
    if complete {
        broken.extend(missing(pool, |name| attributes.contains_key(name)));
    }
    unbroken(&broken)?;
    for attribute in VerifiedAttribute::ALL {
        let name = attribute.as_str();
        if attributes.get(flag(*attribute)).is_some_and(|flag| flag == "true") && !attributes.contains_key(name) {
            return Err(Error::nothing_to_verify(name));
        }
    }
    Ok(())
}

/// The required attributes that are not there, in the schema's order, each with the words for it.
pub fn missing(pool: &Pool, has: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let required = pool.schema.required().filter(|required| !has(&required.name));
    required.map(|required| (required.name.clone(), REQUIRED.to_owned())).collect()
}

/// One error for all that does not conform to the schema, if anything does not.
pub fn unbroken(broken: &[(String, String)]) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = broken.iter().map(|(name, reason)| format!("{name}: {reason}\n")).collect();
    Err(Error::schema(lines.concat()))
}

/// Changes attributes of the user, and answers where codes for new addresses went.
pub async fn update(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    mut changes: Changes,
    writer: Writer,
    visit: &Visit,
) -> Result<Vec<CodeDeliveryDetails>> {
    writer.may_write(changes.keys().map(String::as_str))?;
    check_changes(pool, &mut changes)?;
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let mut drawn = Vec::new();
    for attribute in VerifiedAttribute::ALL {
        if let Some(Some(value)) = changes.get(attribute.as_str())
            && pool.auto_verifies(*attribute)
        {
            let code = codes::draw(cx, pool, &user.id, Purpose::Attribute(*attribute), *attribute, value)?;
            let code = if matches!(writer, Writer::Administrator) { code.unlimited() } else { code };
            drawn.push((*attribute, value.clone(), code));
        }
    }
    let now = cx.clock.now_ms();
    let codes = drawn.clone();
    let (write, id, by_client) = (Arc::clone(pool), user.id.clone(), matches!(writer, Writer::Client(_)));
    let written = cx.store.write(move |tx| {
        let before = user::by_id(tx, &write, &id)?.ok_or_else(Error::user_not_found)?;
        let mut user = before.clone();
        let unverified = apply(&write, &mut user, &changes)?;
        if by_client {
            let has = |name: &str| user.attribute(name).is_some() || user.profile.pending.contains_key(name);
            unbroken(&missing(&write, has))?;
        }
        user.modified_ms = now;
        store(tx, &write, &before, &user)?;
        for (_, _, code) in codes.iter().filter(|(attribute, ..)| unverified.contains(attribute)) {
            code.put(tx).map_err(undelivered)?;
        }
        Ok::<_, Error>((user, unverified))
    });
    let (user, unverified) = written.await?;
    drawn.retain(|(attribute, ..)| unverified.contains(attribute));
    send(cx, pool, &user, drawn, &writer, visit).await
}

/// `UpdateUserAttributes` lists no `LimitExceededException`.
fn undelivered(mut error: Error) -> Error {
    if error.code == Code::LimitExceeded {
        error.code = Code::CodeDeliveryFailure;
    }
    error
}

/// Takes attributes away.
pub async fn delete(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    names: &[AttributeName],
    writer: Writer,
) -> Result<()> {
    writer.may_write(names.iter().map(AttributeName::as_str))?;
    let unknown: Vec<_> =
        names.iter().map(AttributeName::as_str).filter(|name| pool.schema.get(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(Error::unknown_attributes(unknown));
    }
    let fixed =
        |definition: &Definition| definition.required || !definition.mutable || is_the_servers(&definition.name);
    let kept = names.iter().filter(|name| pool.schema.get(name).is_some_and(fixed));
    let kept: Vec<_> = kept.map(|name| (name.as_str(), CANNOT_BE_DELETED)).collect();
    if !kept.is_empty() {
        return Err(Error::fixed_attributes(kept));
    }
    let changes: Changes = names.iter().map(|name| (name.as_str().to_owned(), None)).collect();
    let now = cx.clock.now_ms();
    let (write, id) = (Arc::clone(pool), user.id.clone());
    let written = cx.store.write(move |tx| {
        let before = user::by_id(tx, &write, &id)?.ok_or_else(Error::user_not_found)?;
        let mut user = before.clone();
        apply(&write, &mut user, &changes)?;
        user.modified_ms = now;
        store(tx, &write, &before, &user)
    });
    written.await
}

/// Sends each code, and answers where they went or what failed first after trying all of them.
async fn send(
    cx: &Context,
    pool: &Arc<Pool>,
    user: &User,
    drawn: Vec<(VerifiedAttribute, String, Drawn)>,
    writer: &Writer,
    visit: &Visit,
) -> Result<Vec<CodeDeliveryDetails>> {
    let (mut sent, mut failed) = (Vec::new(), None);
    for (attribute, to, drawn) in drawn {
        let message = Message::new(MessageKind::UpdateUserAttribute, user, attribute, &to, &drawn.code);
        let message = message.in_visit(visit);
        let message = match writer {
            Writer::Client(client) => message.by(client),
            Writer::Administrator => message.by_administrator(),
        };
        match delivery::send(cx, pool, message).await {
            Ok(details) => sent.push(details),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    failed.map_or(Ok(sent), Err)
}

fn store(tx: &mut Tx<'_>, pool: &Pool, before: &User, user: &User) -> Result<()> {
    user::update(tx, pool, before, user, OnConflict::Refuse)
        .map_err(|refused| refused.in_words(Error::given_alias_exists))
}

/// Makes the changes, and answers whose new values want a code.
///
/// An e-mail address or phone number that changes is unverified, unless the same request says otherwise; where the pool
/// asks for verification before the update, the new value waits and the old one stays in force.
fn apply(pool: &Pool, user: &mut User, changes: &Changes) -> Result<Vec<VerifiedAttribute>> {
    for (name, value) in changes {
        if value.is_none() && user.profile.signs_in_by.as_ref() == Some(name) {
            return Err(Error::fixed_attributes([(name.as_str(), CANNOT_BE_DELETED)]));
        }
        let verifiable = |attribute: &VerifiedAttribute| name == attribute.as_str() || name == flag(*attribute);
        if !VerifiedAttribute::ALL.iter().any(verifiable) {
            put(user, name, value.as_deref());
        }
    }
    let mut unverified = Vec::new();
    for attribute in VerifiedAttribute::ALL {
        let name = attribute.as_str();
        let said = changes.get(flag(*attribute)).map(|flag| flag.as_deref() == Some("true"));
        match changes.get(name) {
            Some(Some(new)) if user.attribute(name) != Some(new) => {
                if said != Some(true) && pool.verifies_before_update(*attribute) {
                    user.profile.pending.insert(name.to_owned(), new.clone());
                    unverified.push(*attribute);
                    continue;
                }
                put(user, name, Some(new));
                user.set_verified(name, said == Some(true));
                if said != Some(true) && pool.auto_verifies(*attribute) {
                    unverified.push(*attribute);
                }
            }
            Some(None) => put(user, name, None),
            Some(Some(_)) | None => {}
        }
        if changes.contains_key(name) {
            user.profile.pending.remove(name);
        }
        if said == Some(true) && user.attribute(name).is_none() {
            return Err(Error::nothing_to_verify(name));
        }
        if said.is_some() || user.attribute(name).is_none() {
            user.set_verified(name, said == Some(true));
        }
    }
    Ok(unverified)
}

fn put(user: &mut User, name: &str, value: Option<&str>) {
    match value {
        Some(value) => user.profile.attributes.insert(name.to_owned(), value.to_owned()),
        None => user.profile.attributes.remove(name),
    };
}

/// Checks an update against the schema and writes flags as the service does.
fn check_changes(pool: &Pool, changes: &mut Changes) -> Result<()> {
    let fixed = |name: &str| match pool.schema.get(name) {
        None => Some(UNKNOWN),
        Some(definition) => (!definition.mutable || is_the_servers(name)).then_some(CANNOT_BE_UPDATED),
    };
    let refused: Vec<_> = changes.keys().filter_map(|name| Some((name.as_str(), fixed(name)?))).collect();
    if !refused.is_empty() {
        return Err(Error::fixed_attributes(refused));
    }
    let mut broken = Vec::new();
    for (name, value) in changes.iter_mut() {
        let Some(definition) = pool.schema.get(name) else { continue };
        let reason = match value {
            Some(value) => check_value(definition, value)?,
            None => definition.required.then(|| REQUIRED.to_owned()),
        };
        broken.extend(reason.map(|reason| (name.clone(), reason)));
    }
    unbroken(&broken)
}

/// The words for an attribute that must be there.
pub const REQUIRED: &str = "The attribute is required";
const UNKNOWN: &str = "Attribute does not exist in the schema.";
const CANNOT_BE_UPDATED: &str = "Attribute cannot be updated.";
const CANNOT_BE_DELETED: &str = "Attribute cannot be deleted.";

/// Whether only the server writes the attribute.
fn is_the_servers(name: &str) -> bool {
    matches!(name, "sub" | "identities") || name.starts_with("cognito:")
}

/// The attribute that says whether this one is verified.
pub const fn flag(attribute: VerifiedAttribute) -> &'static str {
    match attribute {
        VerifiedAttribute::Email => "email_verified",
        VerifiedAttribute::PhoneNumber => "phone_number_verified",
    }
}

/// What is wrong with the value, `None` for nothing; flags come out in lower case.
fn check_value(definition: &Definition, value: &mut str) -> Result<Option<String>> {
    let not = |what: &str| Ok(Some(format!("Value must be {what}")));
    match definition.name.as_str() {
        "email" if !is_email(value) => return Err(Error::invalid_email()),
        "phone_number" if !is_phone_number(value) => return Err(Error::invalid_phone_number()),
        "birthdate" if value.chars().count() == 10 && value.parse::<jiff::civil::Date>().is_err() => {
            return not("a date in the form YYYY-MM-DD");
        }
        "email_verified" | "phone_number_verified" => {
            value.make_ascii_lowercase();
            return if matches!(&*value, "true" | "false") { Ok(None) } else { not("true or false") };
        }
        _ => {}
    }
    let (measured, what) = match definition.kind {
        Kind::String => (value.chars().count().to_string(), "length"),
        Kind::Number => (value.to_owned(), "value"),
        Kind::Boolean => {
            let fits = ["true", "false", "1", "0"].iter().any(|word| value.eq_ignore_ascii_case(word));
            return if fits { Ok(None) } else { not("a Boolean") };
        }
        Kind::DateTime => return if is_moment(value) { Ok(None) } else { not("a DateTime") },
    };
    let Some(measured) = Decimal::parse(&measured) else { return not("a Number") };
    let bounds = definition.bounds.as_ref();
    let min = bounds.and_then(|bounds| bounds.min.as_deref());
    if let Some(min) = min.filter(|min| Decimal::parse(min).is_some_and(|min| measured < min)) {
        return Ok(Some(format!("Member must have {what} greater than or equal to {min}")));
    }
    let max = bounds.and_then(|bounds| bounds.max.as_deref());
    if let Some(max) = max.filter(|max| Decimal::parse(max).is_some_and(|max| measured > max)) {
        return Ok(Some(format!("Member must have {what} less than or equal to {max}")));
    }
    Ok(None)
}

/// Whether the text is a moment: ISO 8601, with or without time and zone, or seconds since 1970.
fn is_moment(text: &str) -> bool {
    text.parse::<i64>().is_ok()
        || text.parse::<jiff::Timestamp>().is_ok()
        || text.parse::<jiff::civil::DateTime>().is_ok()
        || text.parse::<jiff::civil::Date>().is_ok()
}
