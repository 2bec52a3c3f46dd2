//! EMAIL_OTP: a code sent by e-mail, instead of a password or after it.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;

use super::Challenge;
use crate::auth::proofs::one_time_code;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};

pub struct EmailOtp;

impl Challenge for EmailOtp {
    const NAME: ChallengeName = ChallengeName::EmailOtp;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        one_time_code::answer(attempt, asked, "EMAIL_OTP_CODE").await
    }
}
