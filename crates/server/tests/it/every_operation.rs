//! What holds for every operation, from the table of operations alone: broken requests, in the service's words.
//!
//! For each constraint of each member, at any depth, one request that breaks it and nothing else; the whole answer is
//! compared with what the constraint says.

use cognate_server::api::OPERATIONS;
use cognate_server::api::open::OPEN;
use cognate_server::api::operation::{CallerKind, Entry};
use cognate_shapes::Shape;
use cognate_shapes::pattern::compile;
use cognate_testkit::{Key, TestServer};
use serde_json::{Map, Value, json};

use crate::valid::{text, valid};

/// How much of a value a message repeats, in characters.
const ECHO: usize = 1024;

/// A request that breaks something, and what the answer must be.
struct Broken {
    body: Value,
    code: &'static str,
    message: String,
}

/// A place in a request: how to make the whole request from the value there, and what the service calls it.
struct Place<'a> {
    whole: &'a dyn Fn(Value) -> Value,
    path: String,
    /// Whether it lies in something that no message may repeat.
    sensitive: bool,
}

impl Place<'_> {
    fn violates(&self, value: Value, clauses: &[String]) -> Broken {
        Broken { body: (self.whole)(value), code: "InvalidParameterException", message: message(clauses) }
    }

    fn unreadable(&self, value: Value, words: impl Into<String>) -> Broken {
        Broken { body: (self.whole)(value), code: "SerializationException", message: words.into() }
    }

    fn clause(&self, shown: &str, constraint: &str) -> String {
        let shown = if self.sensitive { String::new() } else { format!(" '{}'", first(shown, ECHO)) };
        format!("Value{shown} at '{}' failed to satisfy constraint: {constraint}", self.path)
    }
}

fn message(clauses: &[String]) -> String {
    let s = if clauses.len() == 1 { "" } else { "s" };
    format!("{} validation error{s} detected: {}", clauses.len(), clauses.join("; "))
}

fn first(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn below(path: &str, name: &str) -> String {
    let mut letters = name.chars();
    let name: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// The constraints that a text breaks, in the order they are told.
fn broken_by(text: &str, min: Option<u64>, max: Option<u64>, pattern: Option<&str>) -> Vec<String> {
    let length = text.chars().count() as u64;
    let mut constraints = Vec::new();
    if let Some(max) = max.filter(|max| length > *max) {
        constraints.push(format!("Member must have length less than or equal to {max}"));
    }
    if let Some(min) = min.filter(|min| length < *min) {
        constraints.push(format!("Member must have length greater than or equal to {min}"));
    }
    if let Some(pattern) = pattern.filter(|pattern| !compile(pattern).is_match(text)) {
        constraints.push(format!("Member must satisfy regular expression pattern: {pattern}"));
    }
    constraints
}

/// Texts that break a constraint of a text: too long, too short, of another pattern.
fn bad_texts(min: Option<u64>, max: Option<u64>, pattern: Option<&str>) -> Vec<String> {
    let mut bad = Vec::new();
    if let Some(max) = max {
        bad.push("a".repeat(max as usize + 1));
    }
    if let Some(min) = min.filter(|min| *min > 0) {
        bad.push("a".repeat(min as usize - 1));
    }
    if let Some(pattern) = pattern {
        let candidates = [" ", "\u{0}", "é é", "a", "%", "======", "       ", "\n\n\n\n\n\n"].map(str::to_owned);
        bad.extend(candidates.into_iter().filter(|text| broken_by(text, min, max, Some(pattern)).len() == 1));
    }
    bad.retain(|text| !broken_by(text, min, max, pattern).is_empty());
    bad
}

/// Every way to break a value of that shape at that place, one at a time.
fn broken(shape: &Shape, at: &Place<'_>, out: &mut Vec<Broken>) {
    match shape {
        Shape::Text { values, .. } if !values.is_empty() => {
            let wrong = "no such value";
            let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
            out.push(at.violates(wrong.into(), &[at.clause(wrong, &constraint)]));
            for odd in [values[0].to_lowercase(), format!("{} ", values[0])] {
                if !values.contains(&odd.as_str()) {
                    out.push(at.violates(odd.clone().into(), &[at.clause(&odd, &constraint)]));
                }
            }
            out.push(at.unreadable(7.into(), "NUMBER_VALUE can not be converted to String"));
        }
        Shape::Text { min, max, pattern, sensitive, .. } => {
            let at = Place { whole: at.whole, path: at.path.clone(), sensitive: at.sensitive || *sensitive };
            for bad in bad_texts(*min, *max, *pattern) {
                let constraints = broken_by(&bad, *min, *max, *pattern);
                let clauses: Vec<_> = constraints.iter().map(|constraint| at.clause(&bad, constraint)).collect();
                out.push(at.violates(bad.into(), &clauses));
            }
            out.push(at.unreadable(7.into(), "NUMBER_VALUE can not be converted to String"));
            out.push(at.unreadable(1.5.into(), "DECIMAL_VALUE can not be converted to String"));
            out.push(at.unreadable(true.into(), "TRUE_VALUE can not be converted to String"));
            out.push(at.unreadable(json!({}), "Start of structure or map found where not expected."));
            out.push(at.unreadable(json!([]), "Start of structure or map found where not expected."));
        }
        Shape::Integer { min, max } => {
            if let Some(above) = max.filter(|max| *max < i64::from(i32::MAX)).map(|max| max + 1) {
                let constraint = format!("Member must have value less than or equal to {}", above - 1);
                out.push(at.violates(above.into(), &[at.clause(&above.to_string(), &constraint)]));
            }
            if let Some(under) = min.map(|min| min - 1) {
                let constraint = format!("Member must have value greater than or equal to {}", under + 1);
                out.push(at.violates(under.into(), &[at.clause(&under.to_string(), &constraint)]));
            }
            out.push(at.unreadable("1".into(), "STRING_VALUE can not be converted to Integer"));
            out.push(at.unreadable(1.5.into(), "DECIMAL_VALUE can not be converted to Integer"));
            out.push(at.unreadable((1i64 << 40).into(), "NUMBER_VALUE can not be converted to Integer"));
            out.push(at.unreadable(false.into(), "FALSE_VALUE can not be converted to Integer"));
        }
        Shape::Boolean => {
            out.push(at.unreadable("true".into(), "STRING_VALUE can not be converted to Boolean"));
            out.push(at.unreadable(1.into(), "NUMBER_VALUE can not be converted to Boolean"));
        }
        Shape::Timestamp => out.push(at.unreadable(true.into(), "TRUE_VALUE can not be converted to Timestamp")),
        Shape::List { min, max, of } => broken_list(*min, *max, of, at, out),
        Shape::Map { max, key, value, sensitive, .. } => {
            let at = Place { whole: at.whole, path: at.path.clone(), sensitive: at.sensitive || *sensitive };
            broken_map(*max, key, value, &at, out);
        }
        Shape::Structure { members, sensitive } => {
            let at = Place { whole: at.whole, path: at.path.clone(), sensitive: at.sensitive || *sensitive };
            let base = valid(shape);
            for member in members {
                let with = |value: Value| {
                    let mut whole = base.clone();
                    whole[member.name] = value;
                    (at.whole)(whole)
                };
                let place = Place { whole: &with, path: below(&at.path, member.name), sensitive: at.sensitive };
                if member.required {
                    let words =
                        format!("Value null at '{}' failed to satisfy constraint: Member must not be null", place.path);
                    out.push(place.violates(Value::Null, std::slice::from_ref(&words)));
                    let mut without = base.clone();
                    without.as_object_mut().unwrap().remove(member.name);
                    out.push(Broken {
                        body: (at.whole)(without),
                        code: "InvalidParameterException",
                        message: message(&[words]),
                    });
                }
                broken(&member.shape, &place, out);
            }
            if !at.path.is_empty() {
                out.push(at.unreadable("{}".into(), "Expected start of structure or map."));
                out.push(at.unreadable(json!([]), "Unexpected list element found in a structure"));
            }
        }
    }
}

fn broken_list(min: Option<u64>, max: Option<u64>, of: &Shape, at: &Place<'_>, out: &mut Vec<Broken>) {
    out.push(at.unreadable("a,b".into(), "Expected list or null"));
    out.push(at.unreadable(json!({}), "Expected list or null"));
    let shown = |element: &Value| match element {
        Value::String(text) => first(text, 64),
        Value::Object(_) => "{...}".to_owned(),
        other => other.to_string(),
    };
    let printed =
        |elements: &[Value]| format!("[{}]", elements.iter().take(16).map(shown).collect::<Vec<_>>().join(", "));
    if let Some(max) = max {
        let many: Vec<Value> = (0..=max).map(|_| valid(of)).collect();
        let clause = at.clause(&printed(&many), &format!("Member must have length less than or equal to {max}"));
        out.push(at.violates(many.into(), &[clause]));
    }
    if let Some(min) = min.filter(|min| *min > 0) {
        let clause = at.clause("[]", &format!("Member must have length greater than or equal to {min}"));
        out.push(at.violates(json!([]), &[clause]));
    }
    let element = |value: Value| (at.whole)(json!([value]));
    match of {
        Shape::Text { min, max, pattern, values, sensitive } => {
            let at = Place { whole: at.whole, path: at.path.clone(), sensitive: at.sensitive || *sensitive };
            let cases: Vec<(String, Vec<String>)> = if values.is_empty() {
                let bad = bad_texts(*min, *max, *pattern);
                bad.into_iter().map(|bad| (bad.clone(), broken_by(&bad, *min, *max, *pattern))).collect()
            } else {
                let constraint = format!("Member must satisfy enum value set: [{}]", values.join(", "));
                vec![("no such value".to_owned(), vec![constraint])]
            };
            for (bad, constraints) in cases {
                let constraint = format!("Member must satisfy constraint: [{}]", constraints.join(", "));
                let clause = at.clause(&printed(&[bad.clone().into()]), &constraint);
                out.push(at.violates(json!([bad]), &[clause]));
            }
            out.push(at.unreadable(json!([7]), "NUMBER_VALUE can not be converted to String"));
        }
        of => {
            // The second element, so that the place counts.
            let second = |value: Value| (at.whole)(json!([valid(of), value]));
            let whole: &dyn Fn(Value) -> Value = if max.is_none_or(|max| max > 1) { &second } else { &element };
            let number = if max.is_none_or(|max| max > 1) { 2 } else { 1 };
            let place = Place { whole, path: format!("{}.{number}.member", at.path), sensitive: at.sensitive };
            broken(of, &place, out);
        }
    }
}

fn broken_map(max: Option<u64>, key: &Shape, value: &Shape, at: &Place<'_>, out: &mut Vec<Broken>) {
    out.push(at.unreadable("a=b".into(), "Expected start of structure or map."));
    out.push(at.unreadable(json!([]), "Expected start of structure or map."));
    if let Some(max) = max {
        let Shape::Text { min: shortest, max: longest, pattern, .. } = key else { panic!("keys are texts") };
        let fits = |key: &String| broken_by(key, *shortest, *longest, *pattern).is_empty();
        let keys: Vec<String> = (0..=max).map(|number| format!("Level{number}")).collect();
        // Only where that many keys fit: a map of four levels cannot have a fifth without breaking its pattern, too.
        if keys.iter().all(fits) {
            let mut sorted = keys.clone();
            sorted.sort();
            let names = sorted.iter().take(16).cloned().collect::<Vec<_>>().join(", ");
            let clause =
                at.clause(&format!("{{{names}}}"), &format!("Member must have length less than or equal to {max}"));
            let many: Map<String, Value> = keys.into_iter().map(|key| (key, valid(value))).collect();
            out.push(at.violates(many.into(), &[clause]));
        }
    }
    if let Shape::Text { min, max, pattern, .. } = key {
        for bad in bad_texts(*min, *max, *pattern) {
            let constraints = broken_by(&bad, *min, *max, *pattern).join(", ");
            let constraint = format!("Map keys must satisfy constraint: [{constraints}]");
            let clause = at.clause(&format!("{{{bad}}}"), &constraint);
            let entry = Map::from_iter([(bad, valid(value))]);
            out.push(at.violates(entry.into(), &[clause]));
        }
    }
    let name = match key {
        Shape::Text { min, max, pattern, .. } => text(*min, *max, *pattern),
        _ => panic!("keys are texts"),
    };
    let whole = |value: Value| (at.whole)(Map::from_iter([(name.clone(), value)]).into());
    let place = Place { whole: &whole, path: format!("{}.{name}.member", at.path), sensitive: at.sensitive };
    broken(value, &place, out);
}

fn every_broken_request(entry: &Entry) -> Vec<Broken> {
    let mut out = Vec::new();
    let shape = (entry.input)();
    broken(&shape, &Place { whole: &|value| value, path: String::new(), sensitive: false }, &mut out);
    out
}

/// Each required member missing, each text too long, too short or of another pattern, each enumeration, number, list
/// and map out of its bounds, each value of the wrong JSON type: one message, the service's, and nothing is touched.
#[tokio::test]
async fn a_broken_constraint_is_named() {
    let server = TestServer::start().await;
    let mut count = 0;
    for entry in OPERATIONS {
        let all = every_broken_request(entry);
        let required = (entry.input)().members().iter().filter(|member| member.required).count();
        assert!(all.len() >= 2 * required, "{} is tested", entry.name);
        for Broken { body, code, message } in all {
            count += 1;
            let shown = first(&body.to_string(), 300);
            let answer = server.call(entry.name, body).await;
            assert_eq!(answer.status, 400, "{} {shown}", entry.name);
            let (found_code, found_message) = answer.error().unwrap();
            assert_eq!((found_code.as_str(), found_message), (code, message), "{} {shown}", entry.name);
        }
    }
    assert!(count > 20 * OPERATIONS.len(), "{count} requests are not all of them");
}

/// `{}` and an empty body name every required member, in one message.
#[tokio::test]
async fn an_empty_request_names_what_it_lacks() {
    let server = TestServer::start().await;
    for entry in OPERATIONS {
        let shape = (entry.input)();
        let missing: Vec<String> = shape
            .members()
            .iter()
            .filter(|member| member.required)
            .map(|member| {
                let path = below("", member.name);
                format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
            })
            .collect();
        if missing.is_empty() {
            continue;
        }
        for body in [&b"{}"[..], b"", b"  ", br#"{"Nonsense":[1,2,{"a":null}]}"#] {
            let found = server.raw(entry.name, body.to_vec()).await.error().unwrap();
            assert_eq!(found, ("InvalidParameterException".to_owned(), message(&missing)), "{}", entry.name);
        }
    }
}

/// Members that the model does not have change nothing.
#[tokio::test]
async fn unknown_members_are_ignored() {
    let server = TestServer::with(&[("aws.verify_signatures", "true")]).await;
    let key = server.key_with(&json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })).await;
    for entry in OPERATIONS {
        let plain = valid(&(entry.input)());
        let mut more = plain.clone();
        more["Nonsense"] = json!({ "a": [1] });
        more["userpoolid"] = 7.into();
        let plain = server.call_as(&key, entry.name, &plain).await;
        let more = server.call_as(&key, entry.name, &more).await;
        assert_eq!(plain.error(), more.error(), "{}", entry.name);
    }
}

/// SECURITY 37: no credentials and wrong credentials, for every IAM operation.
#[tokio::test]
async fn iam_operations_want_credentials() {
    let server = TestServer::with(&[("aws.verify_signatures", "true")]).await;
    let key = server.key().await;
    let unknown = Key { id: "AKIAAAAAAAAAAAAAAAAA".into(), secret: key.secret.clone() };
    let wrong = Key { id: key.id.clone(), secret: "wrong".into() };
    for entry in OPERATIONS.iter().filter(|entry| entry.caller == CallerKind::Iam) {
        let body = valid(&(entry.input)());
        let refused = async |answer: cognate_testkit::Answer| {
            let (code, message) = answer.error().unwrap();
            (answer.status, code, message)
        };
        let expect = |code: &str, message: &str| (400, code.to_owned(), message.to_owned());
        assert_eq!(
            refused(server.call(entry.name, body.clone()).await).await,
            expect("MissingAuthenticationTokenException", "Missing Authentication Token")
        );
        assert_eq!(
            refused(server.call_as(&unknown, entry.name, &body).await).await,
            expect("UnrecognizedClientException", "The security token included in the request is invalid.")
        );
        assert_eq!(
            refused(server.call_as(&wrong, entry.name, &body).await).await.1,
            "InvalidSignatureException",
            "{}",
            entry.name
        );
    }
}

/// SECURITY 3, 5, 6: an operation of the access token's holder takes no other token, and none that is over.
#[tokio::test]
async fn token_holders_want_a_live_access_token() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    server.ok("AdminCreateUser", json!({ "UserPoolId": pool, "Username": "ada", "MessageAction": "SUPPRESS" })).await;
    server
        .ok(
            "AdminSetUserPassword",
            json!({ "UserPoolId": pool, "Username": "ada", "Password": "Correct-horse-1", "Permanent": true }),
        )
        .await;
    let sign_in = async || {
        let parameters = json!({ "USERNAME": "ada", "PASSWORD": "Correct-horse-1" });
        let request = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        server.ok("InitiateAuth", request).await["AuthenticationResult"].clone()
    };
    let tokens = sign_in().await;
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    let live = text("AccessToken");
    let (head, signature) = live.rsplit_once('.').unwrap();
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    let of_another_key = format!("{head}.{flipped}{}", &signature[1..]);
    let over = sign_in().await;
    server.ok("GlobalSignOut", json!({ "AccessToken": over["AccessToken"] })).await;

    let holders: Vec<_> = OPERATIONS.iter().filter(|entry| entry.caller == CallerKind::TokenHolder).collect();
    assert!(holders.iter().any(|entry| entry.name == "GetUser"));
    let check = async |token: &str, expected: &str| {
        for entry in &holders {
            let mut body = valid(&(entry.input)());
            body["AccessToken"] = token.into();
            let answer = server.call(entry.name, body).await;
            assert_eq!(answer.status, 400, "{}", entry.name);
            let expected = ("NotAuthorizedException".to_owned(), expected.to_owned());
            assert_eq!(answer.error().unwrap(), expected, "{} {}", entry.name, first(token, 40));
        }
    };
    for garbage in ["x", "a.b.c", "...", "eyJhbGciOiJub25lIn0.e30.", &text("IdToken"), &text("RefreshToken")] {
        check(garbage, "Invalid Access Token").await;
    }
    check(&of_another_key, "Could not verify signature for Access Token").await;
    check(over["AccessToken"].as_str().unwrap(), "Access Token has been revoked").await;
    let fresh = sign_in().await;
    server.advance_s(3601);
    check(fresh["AccessToken"].as_str().unwrap(), "Access Token has expired").await;
}

/// SECURITY 60: what is not built says so, to anyone, and never answers as if it were.
#[tokio::test]
async fn an_open_operation_says_that_it_is_not_built() {
    for settings in [&[][..], &[("aws.verify_signatures", "true")]] {
        let server = TestServer::with(settings).await;
        for name in OPEN {
            let expected = (
                "UnsupportedOperationException".to_owned(),
                format!("{name} is not built into this version of Cognate yet; docs/operations.md lists what is."),
            );
            let answer = server.call(name, json!({})).await;
            assert_eq!((answer.status, answer.error()), (400, Some(expected)), "{name}");
        }
    }
}

/// The documentation's list of operations is the table's, and says who may call.
#[test]
fn the_reference_names_every_operation_once() {
    let page = cognate_server::api::reference_markdown();
    let lines = |beginning: &str| page.lines().filter(|line| line.starts_with(beginning)).collect::<Vec<_>>();
    for entry in OPERATIONS {
        let caller = match entry.caller {
            CallerKind::Public => "anyone",
            CallerKind::TokenHolder => "access token",
            CallerKind::Iam => "signature",
        };
        let rows = lines(&format!("| [{}](", entry.name));
        assert!(matches!(rows[..], [row] if row.contains(&format!(") | {caller} | "))), "{} {rows:?}", entry.name);
    }
    for name in OPEN {
        assert_eq!(lines(&format!("- [{name}](")).len(), 1, "{name}");
    }
}
