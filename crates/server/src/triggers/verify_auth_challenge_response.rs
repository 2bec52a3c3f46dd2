//! VerifyAuthChallengeResponse: whether the answer to a custom challenge is right.

use std::collections::BTreeMap;

use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::event::{self, Candidate, Occasion};
use super::{Trigger, invoke};

const SOURCE: &str = "VerifyAuthChallengeResponse_Authentication";

/// The function's judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    pub answer_correct: bool,
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        Ok(Self { answer_correct: event::response(output)?.flag("answerCorrect")? })
    }
}

/// Runs it for an answer to the challenge with those private parameters.
pub async fn run(
    at: Occasion<'_>,
    candidate: Candidate<'_>,
    private: &BTreeMap<String, String>,
    answer: &str,
) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::VerifyAuthChallengeResponse) else { return Ok(None) };
    let request = json!({ "privateChallengeParameters": private, "challengeAnswer": answer });
    let request = at.with_metadata(candidate.request(at.pool, request));
    let event = at.event("1", SOURCE, candidate.username, request, Some(json!({ "answerCorrect": null })));
    let output = invoke(at.cx, at.pool, Trigger::VerifyAuthChallengeResponse, arn, &event).await?;
    Answer::read(&output).map(Some)
}
