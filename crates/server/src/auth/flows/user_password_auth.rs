//! USER_PASSWORD_AUTH: the password itself, in the request.

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::Result;

use super::Flow;
use crate::auth::{Attempt, Door, Step, proofs};

pub struct UserPasswordAuth;

impl Flow for UserPasswordAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::UserPasswordAuth];
    const DOORS: &'static [Door] = &[Door::Public];

    fn not_enabled(_: Door) -> &'static str {
        "USER_PASSWORD_AUTH flow not enabled for this client"
    }

    async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
        proofs::password::begin(attempt, name).await
    }
}
