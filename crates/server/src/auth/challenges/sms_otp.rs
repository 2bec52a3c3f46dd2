//! SMS_OTP: a code sent by text message, instead of a password.

use cognate_shapes::enums::ChallengeName;
use cognate_shapes::error::Result;

use super::Challenge;
use crate::auth::proofs::one_time_code;
use crate::auth::session::Pending;
use crate::auth::{Attempt, Step};

pub struct SmsOtp;

impl Challenge for SmsOtp {
    const NAME: ChallengeName = ChallengeName::SmsOtp;
    type Asked = Pending;

    async fn answer(attempt: &Attempt<'_>, asked: Pending) -> Result<Step> {
        one_time_code::answer(attempt, asked, "SMS_OTP_CODE").await
    }
}
