//! The event that every trigger gets, and how what it answers is read.
//!
//! Nothing of an answer but its `response` counts, and of that what has a meaning must have its type.

use std::collections::BTreeMap;
use std::fmt;

use cognate_shapes::enums::{PreTokenGenerationLambdaVersion, UserStatus};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::Text;
use serde_json::{Map, Value, json};

use super::Trigger;
use crate::accounts::attributes;
use crate::accounts::names::{EMAIL, PHONE_NUMBER, active_aliases};
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::Pool;
use crate::visit::Visit;

/// The `clientId` of requests that name no client.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// The `awsSdkVersion` of programs that are no AWS SDK.
const NO_SDK: &str = "aws-sdk-unknown-unknown";

/// Characters of the longest SDK version that is handed on.
const LONGEST_SDK: usize = 64;

/// What stands for a required attribute that an administrator left out.
const LEFT_OUT: &str = "cognito:default_val";

/// The request in which triggers run.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    pub cx: &'a Context,
    pub pool: &'a Pool,
    /// `None` for administrators' requests that name no client.
    pub client_id: Option<&'a str>,
    pub visit: &'a Visit,
}

/// Visits hold secrets of applications.
impl fmt::Debug for Occasion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Occasion").field("pool", &self.pool.id).finish_non_exhaustive()
    }
}

impl<'a> Occasion<'a> {
    /// The pool's function for the trigger.
    pub fn arn(&self, trigger: Trigger) -> Option<&'a str> {
        self.pool.settings.lambda_config.as_ref().and_then(|config| trigger.arn(config))
    }

    /// How the pool's PreTokenGeneration is told and answers.
    pub fn pre_token_generation_version(&self) -> PreTokenGenerationLambdaVersion {
        let config = self.pool.settings.lambda_config.as_ref();
        let versioned = config.and_then(|config| config.pre_token_generation_config.as_ref());
        versioned.map_or(PreTokenGenerationLambdaVersion::V10, |versioned| versioned.lambda_version)
    }

    /// The event of a trigger; one whose answer nobody waits for has no `response`.
    #[expect(clippy::needless_pass_by_value, reason = "callers make the request for this event alone")]
    pub fn event(&self, version: &str, source: &str, name: &str, request: Value, response: Option<Value>) -> Value {
        let mut event = json!({
            "version": version,
            "triggerSource": source,
            "region": self.pool.region,
            "userPoolId": self.pool.id,
            "userName": name,
            "callerContext": {
                "awsSdkVersion": sdk(self.visit.sdk.as_deref()),
                "clientId": self.client_id.unwrap_or(NO_CLIENT),
            },
            "request": request,
        });
        if let Some(response) = response {
            event["response"] = response;
        }
        event
    }

    /// Adds `clientMetadata` to a request, which is left out where the caller sent none.
    pub fn with_metadata(&self, mut request: Value) -> Value {
        if let Some(metadata) = &self.visit.metadata {
            request["clientMetadata"] = texts(metadata);
        }
        request
    }

    /// `ClientMetadata`, or null.
    pub fn metadata(&self) -> Value {
        self.visit.metadata.as_ref().map_or(Value::Null, texts)
    }

    /// `ValidationData` of a sign-up, `ClientMetadata` of the request that begins a sign-in, or null.
    pub fn validation_data(&self) -> Value {
        self.visit.validation.as_ref().map_or(Value::Null, texts)
    }
}

fn texts(map: &BTreeMap<Text, Text>) -> Value {
    map.iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.as_str())))
        .collect::<Map<_, _>>()
        .into()
}

/// The SDK as its `User-Agent` names it: `aws-sdk-js/1.2.3` is `aws-sdk-js-1.2.3`.
fn sdk(user_agent: Option<&str>) -> String {
    let words = user_agent.unwrap_or_default().split_ascii_whitespace();
    let named = words.filter(|word| word.len() <= LONGEST_SDK).find_map(|word| {
        let (name, version) = word.split_once('/')?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_+".contains(&byte));
        (name.starts_with("aws-sdk-") && !version.is_empty() && plain(name) && plain(version))
            .then(|| format!("{name}-{version}"))
    });
    named.unwrap_or_else(|| NO_SDK.to_owned())
}

/// Who is about to sign in: a user, or a name that nobody has.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    pub username: &'a str,
    pub user: Option<&'a User>,
    /// Whether the client may not learn who exists: then functions are told.
    pub hides: bool,
}

impl Candidate<'_> {
    /// Adds to a request who it is about.
    pub fn request(&self, pool: &Pool, mut request: Value) -> Value {
        request["userAttributes"] = self.user.map_or_else(|| json!({}), |user| user_attributes(pool, user));
        if self.hides {
            request["userNotFound"] = self.user.is_none().into();
        }
        request
    }
}

/// The `userAttributes` of somebody who is a user already.
pub fn user_attributes(pool: &Pool, user: &User) -> Value {
    let mut all = given_attributes(&user.profile.attributes);
    let mut add = |name: &str, value: &str| all.insert(name.to_owned(), Value::from(value));
    for (kind, value) in active_aliases(pool, user) {
        match kind {
            EMAIL => add("cognito:email_alias", value),
            PHONE_NUMBER => add("cognito:phone_number_alias", value),
            _ => None,
        };
    }
    add("sub", &user.id);
    add("cognito:user_status", user.status.as_str());
    if user.signed_out_ms > 0 {
        add("cognito:token_nbf", &user.signed_out_ms.to_string());
    }
    for (name, _) in attributes::missing(pool, |name| user.attribute(name).is_some()) {
        add(&name, LEFT_OUT);
    }
    Value::Object(all)
}

/// The same of somebody who has signed in. Where a temporary password was just `renewed`, the status is still that of
/// before.
pub fn attributes_at_sign_in(pool: &Pool, user: &User, renewed: bool) -> Value {
    let mut attributes = user_attributes(pool, user);
    if renewed {
        attributes["cognito:user_status"] = UserStatus::ForceChangePassword.as_str().into();
    }
    attributes
}

/// The `userAttributes` of somebody who is none yet: what was given.
pub fn given_attributes(attributes: &BTreeMap<String, String>) -> Map<String, Value> {
    attributes.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
}

/// An answer that has not the form it must have.
pub fn unrecognizable() -> Error {
    Error::new(Code::InvalidLambdaResponse, "Unrecognizable lambda output")
}

/// The same, with what is wrong for whoever wrote the function.
pub fn unfit(why: impl Into<String>) -> Error {
    unrecognizable().caused_by(why.into())
}

/// The `response` in what a function answered.
pub fn response(output: &Value) -> Result<Members<'_>> {
    output.get("response").and_then(Value::as_object).map(Members).ok_or_else(|| unfit("response is not an object"))
}

/// The members of an object in an answer. One that is null counts as absent; one of another type is refused.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    /// Whether the member is there at all, if only as null.
    pub fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(self, name: &str, is: &str, read: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.get(name).map(|value| read(value).ok_or_else(|| unfit(format!("{name} must be {is}")))).transpose()
    }

    /// A boolean; absent is false.
    pub fn flag(self, name: &str) -> Result<bool> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or_default())
    }

    pub fn text(self, name: &str) -> Result<Option<&'a str>> {
        self.typed(name, "a string", Value::as_str)
    }

    /// A list of strings; absent is empty.
    pub fn list(self, name: &str) -> Result<Vec<String>> {
        let list = self.typed(name, "a list of strings", |value| {
            value.as_array()?.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        Ok(list?.unwrap_or_default())
    }

    /// Strings by name. One that is null is left out.
    pub fn map(self, name: &str) -> Result<Option<BTreeMap<String, String>>> {
        self.typed(name, "an object whose members are strings", |value| {
            let members = value.as_object()?.iter().filter(|(_, value)| !value.is_null());
            members.map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
        })
    }

    pub fn object(self, name: &str) -> Result<Option<Self>> {
        Ok(self.typed(name, "an object", Value::as_object)?.map(Self))
    }

    /// Everything by name.
    pub fn all(self) -> &'a Map<String, Value> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use cognate_shapes::error::Code;
    use serde_json::json;

    use super::{response, sdk};

    #[test]
    fn an_sdk_is_recognized_by_its_name() {
        for (user_agent, expected) in [
            ("aws-sdk-rust/1.3.4 os/linux lang/rust/1.95", "aws-sdk-rust-1.3.4"),
            ("Boto3/1.35 md/x aws-sdk-java/2.1", "aws-sdk-java-2.1"),
            ("Mozilla/5.0 (X11)", "aws-sdk-unknown-unknown"),
            ("aws-sdk-js/<script>", "aws-sdk-unknown-unknown"),
            ("aws-sdk-js/", "aws-sdk-unknown-unknown"),
        ] {
            assert_eq!(sdk(Some(user_agent)), expected, "{user_agent}");
        }
        assert_eq!(sdk(None), "aws-sdk-unknown-unknown");
    }

    /// SECURITY 43: a member of another type than it must have is not read.
    #[test]
    fn members_have_their_types() {
        let output = json!({ "response": { "yes": true, "no": null, "texts": ["a"], "map": { "a": "b", "c": null } } });
        let members = response(&output).unwrap();
        assert!(members.flag("yes").unwrap() && !members.flag("no").unwrap() && !members.flag("absent").unwrap());
        assert_eq!(members.list("texts").unwrap(), ["a"]);
        assert_eq!(members.map("map").unwrap().unwrap().len(), 1);
        assert!(members.has("no") && !members.has("absent"));
        for error in [
            members.text("yes").unwrap_err(),
            members.flag("texts").unwrap_err(),
            members.list("map").unwrap_err(),
            members.map("texts").unwrap_err(),
            members.object("yes").unwrap_err(),
            response(&json!({ "response": [] })).unwrap_err(),
            response(&json!(null)).unwrap_err(),
        ] {
            assert_eq!((error.code, &*error.message), (Code::InvalidLambdaResponse, "Unrecognizable lambda output"));
        }
    }
}
