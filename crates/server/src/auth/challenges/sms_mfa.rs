//! SMS_MFA: a code sent by text message, after another factor.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;

use super::Challenge;
use crate::auth::proofs::one_time_code;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};

pub struct SmsMfa;

impl Challenge for SmsMfa {
    const NAME: ChallengeName = ChallengeName::SmsMfa;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        one_time_code::answer(attempt, asked, "SMS_MFA_CODE").await
    }
}
