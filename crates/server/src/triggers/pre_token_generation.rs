//! PreTokenGeneration: what tokens say beside what the server says, and no longer say.
//!
//! Version 1 changes the ID token with texts, and groups; versions 2 and 3 change both tokens with any JSON, and scopes.
//! What the server alone may say stays as it is, whatever a function answers.

use cognate_shapes::enums::PreTokenGenerationLambdaVersion as Version;
use cognate_shapes::error::Result;
use serde_json::{Map, Value, json};

use super::event::{self, Members, Occasion, unfit};
use super::{Trigger, invoke};
use crate::accounts::user::User;
use crate::tokens::claims::Groups;

/// The most claims and scopes that one answer may change.
const CHANGES: usize = 5_000;

/// The claims that nobody changes, beside those that begin with `cognito:`.
const RESERVED: [&str; 20] = [
    "acr",
    "amr",
    "at_hash",
    "auth_time",
    "azp",
    "client_id",
    "device_key",
    "event_id",
    "exp",
    "iat",
    "identities",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "origin_jti",
    "sub",
    "token_use",
    "username",
    "version",
];

/// Claims with a form of their own, which take no objects or lists.
const PLAIN: [&str; 4] = ["address", "email_verified", "phone_number_verified", "updated_at"];

/// What version 1 answers; versions 2 and 3 do not read it.
pub(super) const V1_DETAILS: &str = "claimsOverrideDetails";

const GROUPS: &str = "cognito:groups";
/// What goes with the groups when an ID token does not say them.
const WITH_GROUPS: [&str; 2] = ["cognito:roles", "cognito:preferred_role"];

/// What the tokens are made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    HostedAuth,
    Authentication,
    NewPasswordChallenge,
    AuthenticateDevice,
    RefreshTokens,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::HostedAuth => "TokenGeneration_HostedAuth",
            Self::Authentication => "TokenGeneration_Authentication",
            Self::NewPasswordChallenge => "TokenGeneration_NewPasswordChallenge",
            Self::AuthenticateDevice => "TokenGeneration_AuthenticateDevice",
            Self::RefreshTokens => "TokenGeneration_RefreshTokens",
        }
    }
}

/// Which of the two tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Id,
    Access,
}

/// Changes of one token's claims.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClaimChanges {
    add: Map<String, Value>,
    suppress: Vec<String>,
}

impl ClaimChanges {
    /// Reads claims whose values are texts or, with `complex`, anything.
    fn read(members: Members<'_>, complex: bool) -> Result<Self> {
        let mut add = Map::new();
        for (name, value) in members.object("claimsToAddOrOverride")?.iter().flat_map(|claims| claims.all()) {
            let fits = match value {
                Value::Null => continue,
                Value::String(_) => true,
                Value::Bool(_) | Value::Number(_) => complex,
                Value::Array(_) | Value::Object(_) => complex && !PLAIN.contains(&name.as_str()),
            };
            if !fits {
                return Err(unfit(format!("claimsToAddOrOverride.{name} has a type that this claim may not have")));
            }
            add.insert(name.clone(), value.clone());
        }
        Ok(Self { add, suppress: members.list("claimsToSuppress")? })
    }

    fn count(&self) -> usize {
        self.add.len() + self.suppress.len()
    }

    /// Changes the claims of a token. What is reserved stays; what is added and suppressed is suppressed.
    pub fn apply(&self, token: Token, client_id: &str, claims: &mut Map<String, Value>) {
        for (name, value) in &self.add {
            let may = match name.as_str() {
                "aud" => token == Token::Access && value == client_id,
                "scope" => token == Token::Id,
                name => !is_reserved(name) && !name.starts_with("dev:"),
            };
            if may {
                claims.insert(name.clone(), value.clone());
            }
        }
        for name in &self.suppress {
            match name.as_str() {
                GROUPS => {
                    claims.remove(GROUPS);
                    for name in WITH_GROUPS {
                        claims.remove(name);
                    }
                }
                "aud" if token == Token::Id => {}
                "scope" if token == Token::Access => {}
                name if is_reserved(name) => {}
                name => drop(claims.remove(name)),
            }
        }
    }
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("cognito:")
}

/// What a function makes of the tokens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// In place of the user's groups, in both tokens.
    pub groups: Option<Groups>,
    pub id: ClaimChanges,
    pub access: ClaimChanges,
    scopes_to_add: Vec<String>,
    scopes_to_suppress: Vec<String>,
}

impl Answer {
    pub fn read(output: &Value, version: Version) -> Result<Self> {
        let response = event::response(output)?;
        let mut answer = Self::default();
        let details = if version == Version::V10 {
            let details = response.object(V1_DETAILS)?;
            if let Some(details) = details {
                answer.id = ClaimChanges::read(details, false)?;
            }
            details
        } else {
            let details = response.object("claimsAndScopeOverrideDetails")?;
            if let Some(id) = details.map(|details| details.object("idTokenGeneration")).transpose()?.flatten() {
                answer.id = ClaimChanges::read(id, true)?;
            }
            if let Some(access) = details.map(|details| details.object("accessTokenGeneration")).transpose()?.flatten()
            {
                answer.access = ClaimChanges::read(access, true)?;
                answer.scopes_to_add = access.list("scopesToAdd")?;
                answer.scopes_to_suppress = access.list("scopesToSuppress")?;
            }
            details
        };
        if let Some(details) = details.filter(|details| details.has("groupOverrideDetails")) {
            answer.groups = Some(groups(details.object("groupOverrideDetails")?)?);
        }
        let scopes = answer.scopes_to_add.len() + answer.scopes_to_suppress.len();
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(|c: char| c.is_whitespace());
        if !answer.scopes_to_add.iter().all(is_scope) {
            return Err(unfit("scopesToAdd must be words without white space"));
        }
        if answer.id.count() + answer.access.count() + scopes > CHANGES {
            return Err(unfit(format!("more than {CHANGES} claims and scopes are changed")));
        }
        Ok(answer)
    }

    /// The scopes of an access token that would have had these.
    pub fn scopes(&self, scopes: &[String]) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for scope in scopes.iter().chain(&self.scopes_to_add) {
            if !self.scopes_to_suppress.contains(scope) && !all.contains(scope) {
                all.push(scope.clone());
            }
        }
        all
    }
}

/// Groups in place of the user's; null stands for none.
fn groups(details: Option<Members<'_>>) -> Result<Groups> {
    let Some(details) = details else { return Ok(Groups::default()) };
    let preferred_role = details.text("preferredRole")?.filter(|role| !role.is_empty());
    let groups = Groups {
        names: details.list("groupsToOverride")?,
        roles: details.list("iamRolesToOverride")?,
        preferred_role: preferred_role.map(str::to_owned),
    };
    Ok(if groups.names.is_empty() { Groups::default() } else { groups })
}

/// Runs it for the user's next tokens, with those groups and scopes.
pub async fn run(
    at: Occasion<'_>,
    source: Source,
    user: &User,
    groups: &Groups,
    scopes: &[String],
) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::PreTokenGeneration) else { return Ok(None) };
    let attributes = event::attributes_at_sign_in(at.pool, user, source == Source::NewPasswordChallenge);
    let mut request = json!({
        "userAttributes": attributes,
        "groupConfiguration": {
            "groupsToOverride": groups.names,
            "iamRolesToOverride": groups.roles,
            "preferredRole": groups.preferred_role,
        },
    });
    let version = at.pre_token_generation_version();
    let (number, response) = match version {
        Version::V10 => ("1", json!({ V1_DETAILS: null })),
        Version::V20 => ("2", json!({ "claimsAndScopeOverrideDetails": null })),
        Version::V30 => ("3", json!({ "claimsAndScopeOverrideDetails": null })),
    };
    if version != Version::V10 {
        request["scopes"] = json!(scopes);
    }
    let event = at.event(number, source.as_str(), &user.username, at.with_metadata(request), Some(response));
    let output = invoke(at.cx, at.pool, Trigger::PreTokenGeneration, arn, &event).await?;
    Answer::read(&output, version).map(Some)
}

#[cfg(test)]
mod tests {
    use cognate_shapes::enums::PreTokenGenerationLambdaVersion as Version;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::{Answer, RESERVED, Token};

    #[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
    fn v1(details: Value) -> cognate_shapes::error::Result<Answer> {
        Answer::read(&json!({ "response": { "claimsOverrideDetails": details } }), Version::V10)
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
    fn v2(details: Value) -> cognate_shapes::error::Result<Answer> {
        Answer::read(&json!({ "response": { "claimsAndScopeOverrideDetails": details } }), Version::V20)
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
    fn claims(of: Value) -> Map<String, Value> {
        of.as_object().unwrap().clone()
    }

    /// SECURITY 43: what the server alone may say, no function adds, overrides or takes away.
    #[test]
    fn reserved_claims_stay() {
        let names: Vec<&str> = RESERVED.into_iter().chain(["aud", "cognito:username", "cognito:groups"]).collect();
        let forged: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!("forged"))).collect();
        let before: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), json!("real"))).collect();
        let kept: Vec<&&str> = names.iter().filter(|name| **name != "cognito:groups").collect();
        let answer = v1(json!({ "claimsToAddOrOverride": forged, "claimsToSuppress": kept })).unwrap();
        let mut after = before.clone();
        answer.id.apply(Token::Id, "client", &mut after);
        assert_eq!(after, before);
        let mut access = claims(json!({ "sub": "real", "scope": "real" }));
        let forged = json!({ "sub": "forged", "scope": "forged", "aud": "other", "dev:x": "forged" });
        let answer = v2(json!({ "accessTokenGeneration": {
            "claimsToAddOrOverride": forged, "claimsToSuppress": ["scope", "sub"] } }));
        answer.unwrap().access.apply(Token::Access, "client", &mut access);
        assert_eq!(access, claims(json!({ "sub": "real", "scope": "real" })));
        let own = v2(json!({ "accessTokenGeneration": { "claimsToAddOrOverride": { "aud": "client" } } })).unwrap();
        own.access.apply(Token::Access, "client", &mut access);
        assert_eq!(access["aud"], "client");
    }

    #[test]
    fn what_is_added_and_suppressed_is_suppressed() {
        let answer = v1(json!({ "claimsToAddOrOverride": { "a": "1", "b": "2" }, "claimsToSuppress": ["a", "email"] }));
        let mut token = claims(json!({ "email": "x", "cognito:groups": ["g"], "cognito:roles": ["r"] }));
        answer.unwrap().id.apply(Token::Id, "client", &mut token);
        assert_eq!(token, claims(json!({ "b": "2", "cognito:groups": ["g"], "cognito:roles": ["r"] })));
        v1(json!({ "claimsToSuppress": ["cognito:groups"] })).unwrap().id.apply(Token::Id, "client", &mut token);
        assert_eq!(token, claims(json!({ "b": "2" })));
    }

    #[test]
    fn groups_are_replaced_taken_or_left() {
        let over = |details: Value| v2(details).unwrap().groups.map(|groups| (groups.names, groups.preferred_role));
        assert_eq!(over(json!({})), None);
        assert_eq!(over(json!({ "groupOverrideDetails": null })), Some((vec![], None)));
        assert_eq!(over(json!({ "groupOverrideDetails": {} })), Some((vec![], None)));
        let some = json!({ "groupOverrideDetails": { "groupsToOverride": ["a"], "preferredRole": "" } });
        assert_eq!(over(some), Some((vec!["a".to_owned()], None)));
        assert!(v1(Value::Null).unwrap().groups.is_none());
    }

    #[test]
    fn what_has_another_form_is_refused() {
        for wrong in
            [json!({ "claimsToAddOrOverride": { "a": ["list"] } }), json!({ "claimsToSuppress": "a" }), json!([])]
        {
            assert!(v1(wrong.clone()).is_err(), "{wrong}");
        }
        let id = |claims: Value| v2(json!({ "idTokenGeneration": { "claimsToAddOrOverride": claims } }));
        assert!(id(json!({ "a": ["list", 1, { "b": null }] })).is_ok());
        assert!(id(json!({ "address": { "formatted": "x" } })).is_err());
        let many = |n: usize| -> Value { (0..n).map(|n| format!("c{n}")).collect() };
        let suppress = |n| v2(json!({ "idTokenGeneration": { "claimsToSuppress": many(n) } }));
        assert!(suppress(5_000).is_ok() && suppress(5_001).is_err());
        assert!(v2(json!({ "accessTokenGeneration": { "scopesToAdd": ["a b"] } })).is_err());
    }

    #[test]
    fn scopes_are_added_and_suppressed() {
        let answer = v2(json!({ "accessTokenGeneration": {
            "scopesToAdd": ["openid", "b", "openid"], "scopesToSuppress": ["aws.cognito.signin.user.admin", "b"] } }));
        assert_eq!(
            answer.unwrap().scopes(&["aws.cognito.signin.user.admin".to_owned(), "c".to_owned()]),
            ["c", "openid"]
        );
    }

    proptest! {
        /// SECURITY 43: no answer whatsoever makes a token say a reserved thing that the server did not say.
        #[test]
        fn no_answer_forges(names in proptest::collection::vec("(sub|iss|aud|exp|cognito:[a-z]{1,9}|[a-z]{1,5})", 0..20)) {
            let add: Map<String, Value> = names.iter().map(|name| (name.clone(), json!("forged"))).collect();
            let answer = v1(json!({ "claimsToAddOrOverride": add, "claimsToSuppress": names.iter().step_by(3).collect::<Vec<_>>() }));
            let before = claims(json!({ "sub": "s", "iss": "i", "aud": "a", "exp": 1, "cognito:username": "u" }));
            let mut after = before.clone();
            answer.unwrap().id.apply(Token::Id, "client", &mut after);
            for (name, value) in &before {
                prop_assert_eq!(after.get(name), Some(value));
            }
            prop_assert!(after.keys().all(|name| before.contains_key(name) || !super::is_reserved(name)));
        }
    }
}
