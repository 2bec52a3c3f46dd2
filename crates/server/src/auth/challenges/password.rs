//! PASSWORD: the password itself, as an answer or in place of choosing it first.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;

use super::Challenge;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step, first_factor};

pub struct Password;

impl Challenge for Password {
    const NAME: ChallengeName = ChallengeName::Password;
    type Asked = Pending;
    const ASKED_BY: &'static [ChallengeName] =
        &[Self::NAME, ChallengeName::PasswordSrp, ChallengeName::SelectChallenge];

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        attempt.required("PASSWORD")?;
        let (user, available) = first_factor::chosen(attempt, &asked, Some(Self::NAME)).await?;
        first_factor::go_on(attempt, user, asked.progress.clone(), Self::NAME, Some(&asked), available).await
    }
}
