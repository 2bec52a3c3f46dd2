//! PreAuthentication: before anything is proved. It may refuse the sign-in, and then no password is judged.

use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Candidate, Occasion};
use super::{Trigger, invoke};

const SOURCE: &str = "PreAuthentication_Authentication";

/// The function has nothing to say, in the form of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer;

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        event::response(output).map(|_| Self)
    }
}

/// Runs it for whoever is about to sign in.
pub async fn run(at: Occasion<'_>, candidate: Candidate<'_>) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::PreAuthentication) else { return Ok(None) };
    let validation_data = match at.validation_data() {
        Value::Null => json!({}),
        given => given,
    };
    let request = candidate.request(at.pool, json!({ "validationData": validation_data }));
    let event = at.event("1", SOURCE, candidate.username, request, Some(json!({})));
    let output = invoke(at.cx, at.pool, Trigger::PreAuthentication, arn, &event).await?;
    Answer::read(&output).map(Some)
}
