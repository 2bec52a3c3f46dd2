//! How often a user may try something in an hour.

use cognate_shapes::error::{Error, Result};
use cognate_store::{Tx, attempts};

use crate::context::Context;

const HOUR_MS: i64 = 3_600_000;

/// What is counted, each by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    ConfirmSignUp,
    ResendConfirmationCode,
    VerifyAttribute,
    AttributeCode,
    /// `ForgotPassword` and `ConfirmForgotPassword` together.
    PasswordReset,
    ChangePassword,
    /// Codes of sign-ins that were sent at the asking of one address.
    SignInCode,
    /// The same at the asking of anybody.
    SignInCodeOfAnybody,
    /// A code of any kind.
    Code,
    /// A text message to an area's numbers.
    TextMessageToArea,
}

/// How much of something is allowed in the running hour.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    kind: &'static str,
    most: i64,
    window_ms: i64,
}

/// What the configuration allows now.
pub fn allowance(cx: &Context, tried: Tried) -> Allowance {
    let limits = &cx.config.limits;
    let (kind, most) = match tried {
        Tried::ConfirmSignUp => ("confirm_sign_up", limits.confirm_sign_up_per_hour),
        Tried::ResendConfirmationCode => ("resend_confirmation_code", limits.resend_confirmation_code_per_hour),
        Tried::VerifyAttribute => ("verify_attribute", limits.verify_attribute_per_hour),
        Tried::AttributeCode => ("attribute_code", limits.attribute_code_per_hour),
        Tried::PasswordReset => ("password_reset", limits.forgot_password_per_hour),
        Tried::ChangePassword => ("change_password", limits.change_password_per_hour),
        Tried::SignInCode => ("sign_in_code", limits.sign_in_codes_per_hour),
        Tried::Code => ("code", limits.codes_per_user_per_hour),
        Tried::TextMessageToArea => ("text_message_to_area", limits.text_messages_per_prefix_per_hour),
        Tried::SignInCodeOfAnybody => ("sign_in_code_of_anybody", limits.sign_in_codes_per_hour.saturating_mul(5)),
    };
    let now = cx.clock.now_ms();
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    Allowance { kind, most, window_ms: now - now.rem_euclid(HOUR_MS) }
}

impl Allowance {
    /// Counts one attempt of the subject (a user's id, or [`super::unknown::subject`]); refuses those over the limit.
    ///
    /// It counts only if the transaction commits: whoever refuses an attempt for another reason answers the refusal
    /// as an `Ok` of the closure.
    pub fn spend(self, tx: &mut Tx<'_>, pool_id: &str, subject: &str) -> Result<()> {
        let count = attempts::increment(tx, pool_id, subject, self.kind, self.window_ms)?;
        if count > self.most { Err(Error::attempt_limit_exceeded()) } else { Ok(()) }
    }

    /// The same in a transaction of its own.
    pub async fn spend_now(self, cx: &Context, pool_id: &str, subject: &str) -> Result<()> {
        let (pool_id, subject) = (pool_id.to_owned(), subject.to_owned());
        cx.store.write(move |tx| self.spend(tx, &pool_id, &subject)).await
    }
}
