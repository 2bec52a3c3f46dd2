//! PASSWORD: the password itself, as an answer or in place of choosing it first.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::{Error, Result};

use super::Challenge;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, first_factor};

pub struct Password;

impl Challenge for Password {
    const NAME: ChallengeName = ChallengeName::Password;
    const ASKED_BY: &'static [ChallengeName] =
        &[Self::NAME, ChallengeName::PasswordSrp, ChallengeName::SelectChallenge];

    async fn answer(attempt: &Attempt<'_>, asked: Option<Pending>) -> Result<Step> {
        let asked = asked.ok_or_else(|| Error::missing_parameter("Session"))?;
        attempt.required("PASSWORD")?;
        let (user, available) = first_factor::chosen(attempt, &asked, Some(Self::NAME)).await?;
        first_factor::go_on(attempt, user, asked.progress.clone(), Self::NAME, Some(&asked), available).await
    }
}
