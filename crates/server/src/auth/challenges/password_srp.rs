//! PASSWORD_SRP: the proof of a password that is not sent, as an answer or in place of choosing it first. Answers
//! PASSWORD_VERIFIER.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;

use super::Challenge;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, first_factor};

pub struct PasswordSrp;

impl Challenge for PasswordSrp {
    const NAME: ChallengeName = ChallengeName::PasswordSrp;
    type Asked = Pending;
    const ASKED_BY: &'static [ChallengeName] = &[Self::NAME, ChallengeName::Password, ChallengeName::SelectChallenge];

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        attempt.required("SRP_A")?;
        let (user, available) = first_factor::chosen(attempt, &asked, Some(Self::NAME)).await?;
        first_factor::go_on(attempt, user, asked.progress.clone(), Self::NAME, Some(&asked), available).await
    }
}
