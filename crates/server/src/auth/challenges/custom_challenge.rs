//! CUSTOM_CHALLENGE: a question that the pool's functions make and judge.

use std::collections::BTreeMap;

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::Text;
use serde::{Deserialize, Serialize};

use super::Challenge;
use crate::accounts::factors::Factor;
use crate::accounts::user::User;
use crate::auth::progress::{Changes, Progress};
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, custom, devices};
use crate::triggers::define_auth_challenge::Round;
use crate::triggers::{create_auth_challenge, verify_auth_challenge_response};

/// The parameter that the server adds to those of the function.
const USERNAME: &str = "USERNAME";

/// What the challenge remembers of the function that made it.
#[derive(Serialize, Deserialize)]
struct Made {
    #[serde(rename = "p")]
    private: BTreeMap<String, String>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
}

pub struct CustomChallenge;

/// Has a challenge made, and asks it.
pub async fn ask(attempt: &Attempt<'_>, user: Option<&User>, progress: Progress) -> Result<Step> {
    let rounds = progress.custom.as_ref().map(|custom| custom.rounds.clone()).unwrap_or_default();
    let candidate = attempt.candidate(&progress.username, user);
    let made = create_auth_challenge::run(attempt.occasion(), candidate, &rounds).await?;
    let made = made.ok_or_else(custom::not_configured)?;
    let username = progress.username.clone();
    let pending = Pending::new(attempt, ChallengeName::CustomChallenge, progress)
        .resting_on(attempt.cx, user.and_then(|user| user.credential.as_deref()))
        .with_detail(&Made { private: made.private, metadata: made.metadata })?;
    let parameters = made.public.into_iter().chain([(USERNAME.to_owned(), username)]);
    Ok(Step::Challenge {
        name: ChallengeName::CustomChallenge,
        parameters: parameters.map(|(name, value)| (Text::trusted(name), Text::trusted(value))).collect(),
        session: pending.seal(attempt.cx)?,
        available: None,
    })
}

impl Challenge for CustomChallenge {
    const NAME: ChallengeName = ChallengeName::CustomChallenge;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, mut asked: Pending) -> Result<Step> {
        let username = attempt.required(USERNAME)?;
        let answer = attempt.required("ANSWER")?;
        let user = asked.answerer(attempt, username).await?;
        match &user {
            Some(user) if !user.enabled => return Err(Error::user_disabled()),
            None if !attempt.client.hides_user_existence() => return Err(Error::user_not_found()),
            _ => {}
        }
        let made: Made = asked.detail()?;
        if let Some(user) = &user {
            asked.progress = devices::recognize(attempt, user, asked.progress).await?;
        }
        // Right or wrong, before it is judged: of guesses sent all at once, one is judged.
        asked.met().commit(attempt.cx).await?;

        let candidate = attempt.candidate(&asked.progress.username, user.as_ref());
        let judged = verify_auth_challenge_response::run(attempt.occasion(), candidate, &made.private, answer).await?;
        let result = judged.ok_or_else(custom::not_configured)?.answer_correct;
        let mut progress = asked.progress;
        let so_far = progress.custom.get_or_insert_default();
        so_far.asked = None;
        so_far.rounds.push(Round { challenge: Self::NAME.as_str().to_owned(), result, metadata: made.metadata });
        let progress = if result && !progress.has(Factor::Custom) { progress.with(Factor::Custom) } else { progress };
        custom::go_on(attempt, user, progress, Changes::none()).await
    }
}
