//! PreSignUp: before somebody becomes a user. It may refuse them, confirm them, or take their word for an address.

use std::collections::BTreeMap;

use cognate_shapes::error::{Code, Error, Result};
use serde_json::{Value, json};

use super::event::{self, Occasion};
use super::{Trigger, invoke};
use crate::accounts::names::{EMAIL, PHONE_NUMBER};

/// By which way somebody becomes a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    SignUp,
    AdminCreateUser,
    ExternalProvider,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "PreSignUp_SignUp",
            Self::AdminCreateUser => "PreSignUp_AdminCreateUser",
            Self::ExternalProvider => "PreSignUp_ExternalProvider",
        }
    }
}

/// What the function makes of the new user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub auto_confirm_user: bool,
    pub auto_verify_email: bool,
    pub auto_verify_phone: bool,
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        let response = event::response(output)?;
        Ok(Self {
            auto_confirm_user: response.flag("autoConfirmUser")?,
            auto_verify_email: response.flag("autoVerifyEmail")?,
            auto_verify_phone: response.flag("autoVerifyPhone")?,
        })
    }

    /// The attributes whose word is taken.
    pub fn verified(self) -> impl Iterator<Item = &'static str> {
        let both = [(EMAIL, self.auto_verify_email), (PHONE_NUMBER, self.auto_verify_phone)];
        both.into_iter().filter_map(|(attribute, verified)| verified.then_some(attribute))
    }

    /// Refuses to take somebody's word for an attribute that they did not give.
    pub(super) fn check(self, gave: impl Fn(&str) -> bool) -> Result<()> {
        match self.verified().find(|attribute| !gave(attribute)) {
            Some(attribute) => {
                Err(Error::new(Code::InvalidLambdaResponse, Error::nothing_to_verify(attribute).message))
            }
            None => Ok(()),
        }
    }
}

/// Runs it for a user of that name, as submitted, and those attributes.
pub async fn run(
    at: Occasion<'_>,
    source: Source,
    name: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::PreSignUp) else { return Ok(None) };
    let request = at.with_metadata(json!({
        "userAttributes": event::given_attributes(attributes),
        "validationData": at.validation_data(),
    }));
    let response = json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false });
    let event = at.event("1", source.as_str(), name, request, Some(response));
    let output = invoke(at.cx, at.pool, Trigger::PreSignUp, arn, &event).await?;
    let answer = Answer::read(&output)?;
    if source == Source::SignUp {
        answer.check(|attribute| attributes.get(attribute).is_some_and(|value| !value.is_empty()))?;
    }
    Ok(Some(answer))
}

/// Judges an answer to that event. Only of somebody who signs up is the answer obeyed.
pub(super) fn judge(event: &Value, output: &Value) -> Result<()> {
    let answer = Answer::read(output)?;
    if event["triggerSource"] != Source::SignUp.as_str() {
        return Ok(());
    }
    let attributes = &event["request"]["userAttributes"];
    answer.check(|attribute| attributes[attribute].as_str().is_some_and(|value| !value.is_empty()))
}
