//! DefineAuthChallenge: what a custom sign-in asks next, or how it ends.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::event::{self, Candidate, Occasion, unfit};
use super::{Trigger, invoke};

const SOURCE: &str = "DefineAuthChallenge_Authentication";

/// What was asked and how it went: an entry of `request.session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// `SRP_A`, or a challenge's name.
    #[serde(rename = "c")]
    pub challenge: String,
    #[serde(rename = "r")]
    pub result: bool,
    /// What CreateAuthChallenge said of it.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<String>,
}

/// The rounds of a sign-in. Those that are alike and follow each other are kept once, with their number, so that who
/// fails the same challenge again and again does not make the `Session` grow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounds(Vec<(Round, u32)>);

impl Rounds {
    pub fn push(&mut self, round: Round) {
        match self.0.last_mut() {
            Some((last, times)) if *last == round => *times = times.saturating_add(1),
            _ => self.0.push((round, 1)),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As functions get them.
    pub fn wire(&self) -> Value {
        let entry = |round: &Round| {
            json!({
                "challengeName": round.challenge,
                "challengeResult": round.result,
                "challengeMetadata": round.metadata,
            })
        };
        self.0.iter().flat_map(|(round, times)| std::iter::repeat_n(entry(round), *times as usize)).collect()
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Ask(ChallengeName),
    IssueTokens,
    Fail,
}

impl Answer {
    pub fn read(output: &Value) -> Result<Self> {
        let response = event::response(output)?;
        let name = response.text("challengeName")?;
        let (issue, fail) = (response.flag("issueTokens")?, response.flag("failAuthentication")?);
        match name {
            _ if fail => Ok(Self::Fail),
            _ if issue => Ok(Self::IssueTokens),
            // Who decides nothing is no function for this.
            name => name
                .and_then(ChallengeName::from_wire)
                .map(Self::Ask)
                .ok_or_else(|| unfit("none of issueTokens and failAuthentication is true, and challengeName is none")),
        }
    }
}

/// Runs it for whoever signs in, after those rounds.
pub async fn run(at: Occasion<'_>, candidate: Candidate<'_>, rounds: &Rounds) -> Result<Option<Answer>> {
    let Some(arn) = at.arn(Trigger::DefineAuthChallenge) else { return Ok(None) };
    let request = at.with_metadata(candidate.request(at.pool, json!({ "session": rounds.wire() })));
    let response = json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
    let event = at.event("1", SOURCE, candidate.username, request, Some(response));
    let output = invoke(at.cx, at.pool, Trigger::DefineAuthChallenge, arn, &event).await?;
    Answer::read(&output).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{Round, Rounds};

    #[test]
    fn rounds_that_are_alike_do_not_grow() {
        let round = |result| Round { challenge: "CUSTOM_CHALLENGE".to_owned(), result, metadata: Some("A".to_owned()) };
        let mut rounds = Rounds::default();
        (0..500).for_each(|_| rounds.push(round(false)));
        rounds.push(round(true));
        let wire = rounds.wire();
        assert_eq!(wire.as_array().unwrap().len(), 501);
        assert_eq!((&wire[499]["challengeResult"], &wire[500]["challengeResult"]), (&false.into(), &true.into()));
        assert!(serde_json::to_string(&rounds).unwrap().len() < 150);
    }
}
