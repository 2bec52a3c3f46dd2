//! The operations held against the service's own model: names, callers, errors, and every shape to its constraints.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cognate_server::api::open::OPEN;
use cognate_server::api::operation::{CallerKind, Entry};
use cognate_server::api::{OPERATIONS, find};
use cognate_shapes::Shape;
use serde_json::Value;

/// Differences that are meant: how the line about them ends, and why. One that no longer shows fails the test.
const DELIBERATE: &[(&str, &str)] = &[];

#[test]
fn every_operation_of_the_model_is_built_or_on_the_open_list() {
    let model = Model::load();
    let named: BTreeSet<&str> = model.operations().keys().map(String::as_str).collect();
    let built: BTreeSet<&str> = OPERATIONS.iter().map(|entry| entry.name).collect();
    let open: BTreeSet<&str> = OPEN.iter().copied().collect();
    assert_eq!(built.len(), OPERATIONS.len(), "no operation stands twice in the index");
    assert_eq!(open.len(), OPEN.len(), "no operation stands twice on the open list");
    assert!(OPEN.is_sorted(), "the open list is in alphabetical order");
    let both: Vec<_> = built.intersection(&open).collect();
    assert!(both.is_empty(), "built, so no longer open: {both:?}");
    let ours: BTreeSet<&str> = built.union(&open).copied().collect();
    let missing: Vec<_> = named.difference(&ours).collect();
    let invented: Vec<_> = ours.difference(&named).collect();
    assert!(missing.is_empty() && invented.is_empty(), "neither built nor open: {missing:?}; not AWS's: {invented:?}");
}

#[test]
fn every_operation_is_as_the_model_has_it() {
    let model = Model::load();
    let mut differences = Vec::new();
    for entry in OPERATIONS {
        model.compare(entry, &mut differences);
    }
    let stale: Vec<_> =
        DELIBERATE.iter().filter(|(end, _)| !differences.iter().any(|one| one.ends_with(end))).collect();
    differences.retain(|one| !DELIBERATE.iter().any(|(end, _)| one.ends_with(end)));
    assert!(stale.is_empty(), "meant, but no longer there: {stale:#?}");
    assert!(differences.is_empty(), "{} differences from the model:\n{}", differences.len(), differences.join("\n"));
}

/// The comparison itself has to see what it is there for.
#[test]
fn a_difference_of_any_kind_is_seen() {
    let mut model = Model::load();
    let entry = find("CreateUserPoolClient").expect("the operation is built");
    let mut before = Vec::new();
    model.compare(entry, &mut before);
    let shapes = &mut model.0["shapes"];
    shapes["ClientNameType"]["max"] = 7.into();
    shapes["ClientNameType"]["pattern"] = "[a-z]+".into();
    shapes["AuthSessionValidityType"]["min"] = 1.into();
    shapes["ClientSecretType"]["sensitive"] = false.into();
    shapes["TimeUnitsType"]["enum"][0] = "weeks".into();
    shapes["CallbackURLsListType"]["max"] = 1.into();
    let request = &mut shapes["CreateUserPoolClientRequest"];
    request["required"] = serde_json::json!(["UserPoolId"]);
    request["members"]["Colour"] = serde_json::json!({ "shape": "ClientNameType" });
    request["members"]["EnableTokenRevocation"] = serde_json::json!({ "shape": "ClientNameType" });
    model.0["operations"]["CreateUserPoolClient"]["authtype"] = "none".into();
    model.0["operations"]["CreateUserPoolClient"]["errors"] = serde_json::json!([{ "shape": "Oops" }]);
    let mut seen = Vec::new();
    model.compare(entry, &mut seen);
    let seen: Vec<_> = seen.into_iter().filter(|one| !before.contains(one)).collect();
    for (place, what) in [
        ("CreateUserPoolClient", "caller"),
        ("CreateUserPoolClient", "errors"),
        ("CreateUserPoolClient.input.ClientName", "max"),
        ("CreateUserPoolClient.input.ClientName", "pattern"),
        ("CreateUserPoolClient.input.ClientName", "required"),
        ("CreateUserPoolClient.input.AuthSessionValidity", "min"),
        ("CreateUserPoolClient.input.ClientSecret", "sensitive"),
        ("CreateUserPoolClient.input.TokenValidityUnits.IdToken", "enum"),
        ("CreateUserPoolClient.input.CallbackURLs", "max"),
        ("CreateUserPoolClient.input.Colour", "missing"),
        ("CreateUserPoolClient.input.EnableTokenRevocation", "type"),
        ("CreateUserPoolClient.output.UserPoolClient.ClientName", "max"),
    ] {
        let start = format!("{place}: {what}");
        assert!(seen.iter().any(|one| one.starts_with(&start)), "{start} is seen in\n{}", seen.join("\n"));
    }
}

/// botocore's model of the service.
struct Model(Value);

impl Model {
    fn load() -> Self {
        #[expect(clippy::disallowed_methods, reason = "where the model is, only the environment knows")]
        let path = std::env::var_os("COGNATE_MODEL").map(PathBuf::from).filter(|path| path.exists());
        let path =
            path.expect("COGNATE_MODEL names botocore's model of cognito-idp; run cargo xtask test, which fetches it");
        let text = std::fs::read_to_string(path).expect("the model can be read");
        Self(serde_json::from_str(&text).expect("the model is JSON"))
    }

    fn operations(&self) -> &serde_json::Map<String, Value> {
        self.0["operations"].as_object().expect("the model has operations")
    }

    fn shape(&self, name: &str) -> &Value {
        &self.0["shapes"][name]
    }

    fn compare(&self, entry: &Entry, differences: &mut Vec<String>) {
        let Some(operation) = self.operations().get(entry.name) else {
            differences.push(format!("{}: not in the model", entry.name));
            return;
        };
        let input = operation["input"]["shape"].as_str().expect("every operation has an input shape");
        let caller = self.caller(operation, input);
        if entry.caller != caller {
            differences.push(format!("{}: caller {:?} in the model, {:?} here", entry.name, caller, entry.caller));
        }
        let errors: BTreeSet<&str> =
            operation["errors"].as_array().into_iter().flatten().filter_map(|error| error["shape"].as_str()).collect();
        let ours: BTreeSet<&str> = entry.errors.iter().map(|code| code.as_str()).collect();
        if errors != ours || ours.len() != entry.errors.len() {
            differences.push(format!(
                "{}: errors only in the model {:?}, only here {:?}, here twice {}",
                entry.name,
                errors.difference(&ours).collect::<Vec<_>>(),
                ours.difference(&errors).collect::<Vec<_>>(),
                entry.errors.len() - ours.len(),
            ));
        }
        let mut walk = Walk { model: self, input: true, differences };
        walk.shape(&format!("{}.input", entry.name), input, &(entry.input)());
        walk.input = false;
        match (operation["output"]["shape"].as_str(), (entry.output)()) {
            (Some(output), Some(ours)) => walk.shape(&format!("{}.output", entry.name), output, &ours),
            (None, None) => {}
            (theirs, ours) => walk.report(entry.name, &format!("output {theirs:?} in the model, {ours:?} here")),
        }
    }

    fn caller(&self, operation: &Value, input: &str) -> CallerKind {
        // Two requests leave their token optional, and are of no use without; where a Session can do instead, anyone calls.
        let has = |name: &str| self.shape(input)["members"].get(name).is_some();
        match operation["authtype"].as_str() {
            Some("none") if has("AccessToken") && !has("Session") => CallerKind::TokenHolder,
            Some("none") => CallerKind::Public,
            _ => CallerKind::Iam,
        }
    }
}

/// A walk down two trees at once.
struct Walk<'a> {
    model: &'a Model,
    /// Requests are as strict as the model to the member; answers may promise more.
    input: bool,
    differences: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn report(&mut self, at: &str, what: &str) {
        self.differences.push(format!("{at}: {what}"));
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, at: &str, what: &str, theirs: &T, ours: &T) {
        if theirs != ours {
            self.report(at, &format!("{what} {theirs:?} in the model, {ours:?} here"));
        }
    }

    fn shape(&mut self, at: &str, name: &str, ours: &Shape) {
        let theirs = self.model.shape(name);
        let sensitive = theirs["sensitive"].as_bool().unwrap_or(false);
        let text = |key: &str| theirs[key].as_str();
        match (text("type").unwrap_or_default(), ours) {
            ("string", Shape::Text { min, max, pattern, values, sensitive: hidden }) => {
                self.same(at, "min", &theirs["min"].as_u64(), min);
                self.same(at, "max", &theirs["max"].as_u64(), max);
                self.same(at, "pattern", &text("pattern"), pattern);
                self.same(at, "sensitive", &sensitive, hidden);
                let theirs: Vec<_> =
                    theirs["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                self.same(at, "enum", &theirs, &values.to_vec());
            }
            ("integer" | "long", Shape::Integer { min, max }) => {
                self.same(at, "min", &theirs["min"].as_i64(), min);
                self.same(at, "max", &theirs["max"].as_i64(), max);
                self.same(at, "sensitive", &sensitive, &false);
            }
            ("boolean", Shape::Boolean) | ("timestamp", Shape::Timestamp) => {}
            ("list", Shape::List { min, max, of }) => {
                self.same(at, "min", &theirs["min"].as_u64(), min);
                self.same(at, "max", &theirs["max"].as_u64(), max);
                self.same(at, "sensitive", &sensitive, &false);
                let element = theirs["member"]["shape"].as_str().expect("a list has elements");
                self.shape(&format!("{at}[]"), element, of);
            }
            ("map", Shape::Map { min, max, key, value, sensitive: hidden }) => {
                self.same(at, "min", &theirs["min"].as_u64(), min);
                self.same(at, "max", &theirs["max"].as_u64(), max);
                self.same(at, "sensitive", &sensitive, hidden);
                let side = |side: &str| theirs[side]["shape"].as_str().expect("a map has keys and values");
                self.shape(&format!("{at}{{key}}"), side("key"), key);
                self.shape(&format!("{at}{{value}}"), side("value"), value);
            }
            ("structure", Shape::Structure { sensitive: hidden, .. }) => {
                self.same(at, "sensitive", &sensitive, hidden);
                self.members(at, theirs, ours);
            }
            (kind, ours) => self.report(at, &format!("type {kind} in the model, {ours:?} here")),
        }
    }

    fn members(&mut self, at: &str, theirs: &Value, ours: &Shape) {
        let mut mine: BTreeMap<&str, _> = ours.members().iter().map(|member| (member.name, member)).collect();
        if mine.len() != ours.members().len() {
            self.report(at, "a member stands twice");
        }
        let required: Vec<&str> =
            theirs["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, member) in theirs["members"].as_object().into_iter().flatten() {
            let at = format!("{at}.{name}");
            let Some(ours) = mine.remove(name.as_str()) else {
                self.report(&at, "missing here");
                continue;
            };
            let asked = required.contains(&name.as_str());
            if asked != ours.required && (self.input || asked) {
                self.report(&at, &format!("required {asked} in the model, {} here", ours.required));
            }
            self.shape(&at, member["shape"].as_str().expect("a member has a shape"), &ours.shape);
        }
        for name in mine.keys() {
            self.report(&format!("{at}.{name}"), "not in the model");
        }
    }
}
