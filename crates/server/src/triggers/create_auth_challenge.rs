//! CreateAuthChallenge: makes a custom challenge, the question for the caller and what judges the answer.

use std::collections::BTreeMap;

use cognate_shapes::error::Result;
use serde_json::{Value, json};

use super::define_auth_challenge::Rounds;
use super::event::{self, Candidate, Occasion};
use super::{Trigger, invoke};

const SOURCE: &str = "CreateAuthChallenge_Authentication";

/// A custom challenge.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// For the caller.
    pub public: BTreeMap<String, String>,
    /// For VerifyAuthChallengeResponse alone: what answers are compared with.
    pub private: BTreeMap<String, String>,
    /// For the functions of the rounds to come.
    pub metadata: Option<String>,
}

/// Private parameters are secrets.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer(***)")
    }
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        let response = event::response(output)?;
        Ok(Self {
            public: response.map("publicChallengeParameters")?.unwrap_or_default(),
            private: response.map("privateChallengeParameters")?.unwrap_or_default(),
            metadata: response.text("challengeMetadata")?.map(str::to_owned),
        })
    }
}

/// Runs it for whoever signs in, after those rounds.
pub async fn run(at: Occasion<'_>, candidate: Candidate<'_>, rounds: &Rounds) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::CreateAuthChallenge) else { return Ok(None) };
    let request = json!({ "challengeName": "CUSTOM_CHALLENGE", "session": rounds.wire() });
    let request = at.with_metadata(candidate.request(at.pool, request));
    let response = json!({
        "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null,
    });
    let event = at.event("1", SOURCE, candidate.username, request, Some(response));
    let output = invoke(at.cx, at.pool, Trigger::CreateAuthChallenge, arn, &event).await?;
    Answer::read(&output).map(Some)
}
