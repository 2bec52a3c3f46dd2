//! PostConfirmation: after a user was confirmed, or has set a forgotten password anew. What is done stays done.

use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Occasion};
use super::{Trigger, invoke};
use crate::accounts::user::User;

/// What was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    ConfirmSignUp,
    ConfirmForgotPassword,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmSignUp => "PostConfirmation_ConfirmSignUp",
            Self::ConfirmForgotPassword => "PostConfirmation_ConfirmForgotPassword",
        }
    }
}

/// The function has nothing to say, in the form of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer;

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        event::response(output).map(|_| Self)
    }
}

/// Runs it for the user as confirmed.
pub async fn run(at: Occasion<'_>, source: Source, user: &User) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::PostConfirmation) else { return Ok(None) };
    let request = at.with_metadata(json!({ "userAttributes": event::user_attributes(at.pool, user) }));
    let event = at.event("1", source.as_str(), &user.username, request, Some(json!({})));
    let output = invoke(at.cx, at.pool, Trigger::PostConfirmation, arn, &event).await?;
    Answer::read(&output).map(Some)
}
