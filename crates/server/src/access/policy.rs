//! IAM policy documents: which actions on which resources a key is allowed, and what is denied whatever else is allowed.
//!
//! The grammar is the one of AWS's identity-based policies without `Condition` and policy variables. What is not
//! understood is refused where the document is given, never passed over: a condition that nobody checks is a hole.

use std::fmt;

use cognate_shapes::json;
use serde_json::{Map, Value};

use super::wildcard;

/// Most characters of a document, as for AWS's managed policies.
const MAX_LENGTH: usize = 6144;

/// A policy document that has been understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    document: String,
    statements: Vec<Statement>,
}

/// What a policy says about an action on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

#[derive(Clone, Debug, PartialEq)]
struct Statement {
    allows: bool,
    actions: Patterns,
    resources: Patterns,
}

/// The patterns of `Action`, or of `NotAction`, which stands for all others.
#[derive(Clone, Debug, PartialEq)]
struct Patterns {
    all_but: bool,
    of: Vec<String>,
}

impl Patterns {
    fn cover(&self, text: &str) -> bool {
        self.of.iter().any(|pattern| wildcard::matches(pattern, text)) != self.all_but
    }
}

/// Why a document is not a policy, in words for whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(String);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PolicyError {}

type Result<T> = std::result::Result<T, PolicyError>;

impl Policy {
    /// Reads a document.
    pub fn parse(document: &str) -> Result<Self> {
        if document.len() > MAX_LENGTH {
            return wrong(format!("the document is longer than {MAX_LENGTH} bytes"));
        }
        let value = json::value(document.as_bytes()).map_err(|error| PolicyError(error.to_string()))?;
        let Value::Object(mut members) = value else { return wrong("the document is not a JSON object") };
        match members.remove("Version") {
            None => {}
            Some(Value::String(version)) if version == "2012-10-17" || version == "2008-10-17" => {}
            Some(_) => return wrong("Version is not \"2012-10-17\""),
        }
        members.remove("Id");
        let statements = match members.remove("Statement") {
            Some(Value::Array(statements)) => statements,
            Some(statement @ Value::Object(_)) => vec![statement],
            Some(_) => return wrong("Statement is neither an object nor a list of objects"),
            None => return wrong("Statement is missing"),
        };
        nothing_more(&members, "the document")?;
        if statements.is_empty() {
            return wrong("Statement is empty");
        }
        let read = |(index, statement)| {
            Statement::read(statement).map_err(|error| PolicyError(format!("statement {}: {error}", index + 1)))
        };
        let statements = statements.into_iter().enumerate().map(read).collect::<Result<_>>()?;
        Ok(Self { document: document.to_owned(), statements })
    }

    /// The document as it was given.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Decides about an action such as `cognito-idp:ListUsers` on an ARN, or on `*` where the action has no resource.
    pub fn decide(&self, action: &str, resource: &str) -> Decision {
        let action = action.to_ascii_lowercase();
        let mut decision = Decision::NotAllowed;
        for statement in &self.statements {
            if statement.actions.cover(&action) && statement.resources.cover(resource) {
                if !statement.allows {
                    return Decision::Denied;
                }
                decision = Decision::Allowed;
            }
        }
        decision
    }

    /// The patterns of this service's actions, in lower case, that match none of `actions`: misspelt, most likely.
    pub fn idle_actions<'a>(&'a self, actions: &[&str]) -> Vec<&'a str> {
        let known: Vec<String> =
            actions.iter().map(|name| format!("cognito-idp:{name}").to_ascii_lowercase()).collect();
        let patterns = self.statements.iter().flat_map(|statement| &statement.actions.of);
        patterns
            .filter(|pattern| pattern.starts_with("cognito-idp:"))
            .filter(|pattern| !known.iter().any(|action| wildcard::matches(pattern, action)))
            .map(String::as_str)
            .collect()
    }
}

impl Statement {
    fn read(statement: Value) -> Result<Self> {
        let Value::Object(mut members) = statement else { return wrong("not a JSON object") };
        for unsupported in ["Condition", "Principal", "NotPrincipal"] {
            if members.contains_key(unsupported) {
                return wrong(format!(
                    "{unsupported} is not supported; a key with this policy would not be held to it"
                ));
            }
        }
        let allows = match members.remove("Effect").as_ref().and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return wrong("Effect is neither \"Allow\" nor \"Deny\""),
        };
        let mut actions = patterns(&mut members, "Action", "NotAction")?;
        for action in &mut actions.of {
            let well_formed = action == "*"
                || action
                    .split_once(':')
                    .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty() && !name.contains(':'));
            if !well_formed {
                return wrong(format!("the action {action:?} is not of the form cognito-idp:ListUsers"));
            }
            action.make_ascii_lowercase();
        }
        let resources = patterns(&mut members, "Resource", "NotResource")?;
        for resource in &resources.of {
            if resource.contains("${") {
                return wrong(format!("policy variables are not supported: {resource:?}"));
            }
            if resource != "*" && !(resource.starts_with("arn:") && resource.split(':').count() >= 6) {
                return wrong(format!("the resource {resource:?} is neither * nor an ARN"));
            }
        }
        members.remove("Sid");
        nothing_more(&members, "the statement")?;
        Ok(Self { allows, actions, resources })
    }
}

/// Reads one of two members, which is a text or a list of texts.
fn patterns(members: &mut Map<String, Value>, name: &str, negated: &str) -> Result<Patterns> {
    let (value, all_but) = match (members.remove(name), members.remove(negated)) {
        (Some(value), None) => (value, false),
        (None, Some(value)) => (value, true),
        (None, None) => return wrong(format!("{name} is missing")),
        (Some(_), Some(_)) => return wrong(format!("{name} and {negated} exclude each other")),
    };
    let name = if all_but { negated } else { name };
    let values = match value {
        Value::Array(values) => values,
        value => vec![value],
    };
    if values.is_empty() {
        return wrong(format!("{name} is empty"));
    }
    let text = |value| match value {
        Value::String(text) => Ok(text),
        _ => wrong(format!("{name} is neither a text nor a list of texts")),
    };
    Ok(Patterns { all_but, of: values.into_iter().map(text).collect::<Result<_>>()? })
}

fn nothing_more(members: &Map<String, Value>, of: &str) -> Result<()> {
    match members.keys().next() {
        Some(name) => wrong(format!("{of} has a member that is not supported: {name:?}")),
        None => Ok(()),
    }
}

fn wrong<T>(message: impl Into<String>) -> Result<T> {
    Err(PolicyError(message.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Decision, Policy};

    const POOL: &str = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abcdefghi";

    fn policy(document: &serde_json::Value) -> Policy {
        Policy::parse(&document.to_string()).unwrap()
    }

    fn one(statement: &serde_json::Value) -> Policy {
        policy(&json!({ "Version": "2012-10-17", "Statement": statement }))
    }

    #[test]
    fn what_nothing_allows_is_not_allowed() {
        let reader = one(
            &json!({ "Effect": "Allow", "Action": ["cognito-idp:List*", "cognito-idp:Get?roup"], "Resource": "*" }),
        );
        assert_eq!(reader.decide("cognito-idp:ListUsers", POOL), Decision::Allowed);
        assert_eq!(reader.decide("cognito-idp:GetGroup", POOL), Decision::Allowed);
        assert_eq!(reader.decide("cognito-idp:DeleteGroup", POOL), Decision::NotAllowed);
        assert_eq!(reader.decide("cognito-identity:ListIdentities", "*"), Decision::NotAllowed);
    }

    #[test]
    fn actions_have_no_case_and_resources_have() {
        let policy = one(&json!({ "Effect": "Allow", "Action": "COGNITO-IDP:listusers", "Resource": POOL }));
        assert_eq!(policy.decide("cognito-idp:ListUsers", POOL), Decision::Allowed);
        assert_eq!(policy.decide("cognito-idp:ListUsers", &POOL.to_uppercase()), Decision::NotAllowed);
    }

    #[test]
    fn a_denial_outweighs_every_permission() {
        let policy = policy(&json!({ "Statement": [
            { "Effect": "Deny", "Action": "cognito-idp:Delete*", "Resource": "*" },
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
        ]}));
        assert_eq!(policy.decide("cognito-idp:DeleteUserPool", POOL), Decision::Denied);
        assert_eq!(policy.decide("cognito-idp:DescribeUserPool", POOL), Decision::Allowed);
    }

    #[test]
    fn resources_confine_and_an_operation_without_one_needs_the_star() {
        let other = POOL.replace("abcdefghi", "ihgfedcba");
        let policy = one(
            &json!({ "Effect": "Allow", "Action": "cognito-idp:*", "Resource": format!("{}*", &POOL[..POOL.len() - 3]) }),
        );
        assert_eq!(policy.decide("cognito-idp:ListUsers", POOL), Decision::Allowed);
        assert_eq!(policy.decide("cognito-idp:ListUsers", &other), Decision::NotAllowed);
        assert_eq!(policy.decide("cognito-idp:ListUserPools", "*"), Decision::NotAllowed);
    }

    #[test]
    fn not_action_and_not_resource_stand_for_all_others() {
        let policy = policy(&json!({ "Statement": [
            { "Effect": "Allow", "NotAction": "cognito-idp:Admin*", "Resource": "*" },
            { "Effect": "Deny", "Action": "*", "NotResource": [POOL, "arn:aws:cognito-idp:*:*:userpool/eu-*"] },
        ]}));
        assert_eq!(policy.decide("cognito-idp:ListUsers", POOL), Decision::Allowed);
        assert_eq!(policy.decide("cognito-idp:AdminGetUser", POOL), Decision::NotAllowed);
        assert_eq!(policy.decide("cognito-idp:ListUsers", &POOL.replace("us-east-1_", "us-east-2_")), Decision::Denied);
        assert_eq!(policy.decide("cognito-idp:ListUserPools", "*"), Decision::Denied);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let statement = |member: &str, value: serde_json::Value| {
            let mut statement = json!({ "Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*" });
            statement[member] = value;
            json!({ "Statement": [statement] }).to_string()
        };
        for (document, why) in [
            (String::new(), "the JSON text ends too early (line 1, column 0)"),
            ("[]".into(), "the document is not a JSON object"),
            ("{}".into(), "Statement is missing"),
            (r#"{"Statement":[]}"#.into(), "Statement is empty"),
            (r#"{"Statement":7}"#.into(), "Statement is neither an object nor a list of objects"),
            (r#"{"Statement":[7]}"#.into(), "statement 1: not a JSON object"),
            (r#"{"Version":"2026-01-01","Statement":[]}"#.into(), "Version is not \"2012-10-17\""),
            (
                r#"{"Statement":[],"Statement":[]}"#.into(),
                "a member is given twice, nested too deep or out of range (line 1, column 31)",
            ),
            (
                statement("Condition", json!({})),
                "statement 1: Condition is not supported; a key with this policy would not be held to it",
            ),
            (
                statement("Principal", json!("*")),
                "statement 1: Principal is not supported; a key with this policy would not be held to it",
            ),
            (statement("Effect", json!("allow")), "statement 1: Effect is neither \"Allow\" nor \"Deny\""),
            (statement("NotAction", json!("*")), "statement 1: Action and NotAction exclude each other"),
            (statement("Action", json!([])), "statement 1: Action is empty"),
            (statement("Action", json!([7])), "statement 1: Action is neither a text nor a list of texts"),
            (
                statement("Action", json!("ListUsers")),
                "statement 1: the action \"ListUsers\" is not of the form cognito-idp:ListUsers",
            ),
            (
                statement("Resource", json!("userpool/us-east-1_abcdefghi")),
                "statement 1: the resource \"userpool/us-east-1_abcdefghi\" is neither * nor an ARN",
            ),
            (
                statement("Resource", json!("arn:aws:cognito-idp:*:*:userpool/${aws:username}")),
                "statement 1: policy variables are not supported: \"arn:aws:cognito-idp:*:*:userpool/${aws:username}\"",
            ),
            (
                statement("Actions", json!("*")),
                "statement 1: the statement has a member that is not supported: \"Actions\"",
            ),
            (" ".repeat(7000), "the document is longer than 6144 bytes"),
        ] {
            assert_eq!(Policy::parse(&document).unwrap_err().to_string(), why, "{document:.80}");
        }
    }

    #[test]
    fn misspelt_actions_are_found() {
        let policy = one(&json!({
            "Effect": "Allow", "Action": ["cognito-idp:ListUsrs", "cognito-idp:List*", "s3:GetObject"], "Resource": "*",
        }));
        assert_eq!(policy.idle_actions(&["ListUsers", "ListGroups"]), ["cognito-idp:listusrs"]);
    }
}
