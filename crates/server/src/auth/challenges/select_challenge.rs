//! SELECT_CHALLENGE: the user chooses what to prove first. A choice may bring its proof along.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use super::web_authn::WebAuthn;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, first_factor};

pub struct SelectChallenge;

impl Challenge for SelectChallenge {
    const NAME: ChallengeName = ChallengeName::SelectChallenge;
    type Asked = Pending;
    /// Who is asked for a passkey may choose something else.
    const ASKED_BY: &'static [ChallengeName] = &[Self::NAME, ChallengeName::WebAuthn];

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        let choice = first_factor::named(attempt.required("ANSWER")?);
        let (user, available) = first_factor::chosen(attempt, &asked, choice).await?;
        let choice = choice.ok_or_else(Error::challenge_unavailable)?;
        // The passkey was asked for already.
        let signed = attempt.optional("CREDENTIAL").is_some();
        if choice == ChallengeName::WebAuthn && asked.challenge() == choice && signed {
            return WebAuthn::answer(attempt, asked).await;
        }
        first_factor::go_on(attempt, user, asked.progress.clone(), choice, Some(&asked), available).await
    }
}
