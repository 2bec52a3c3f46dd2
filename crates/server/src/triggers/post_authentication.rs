//! PostAuthentication: after all is proved and before there are tokens. It may still refuse the sign-in.

use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Occasion};
use super::{Trigger, invoke};
use crate::accounts::user::User;

const SOURCE: &str = "PostAuthentication_Authentication";

/// The function has nothing to say, in the form of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer;

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        event::response(output).map(|_| Self)
    }
}

/// Runs it for the user who signed in. `renewed` is whether the user has just replaced a temporary password, `new_device`
/// whether the sign-in is by a device that was never seen.
pub async fn run(at: Occasion<'_>, user: &User, renewed: bool, new_device: bool) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::PostAuthentication) else { return Ok(None) };
    let attributes = event::attributes_at_sign_in(at.pool, user, renewed);
    let request = at.with_metadata(json!({ "userAttributes": attributes, "newDeviceUsed": new_device }));
    let event = at.event("1", SOURCE, &user.username, request, Some(json!({})));
    let output = invoke(at.cx, at.pool, Trigger::PostAuthentication, arn, &event).await?;
    Answer::read(&output).map(Some)
}
