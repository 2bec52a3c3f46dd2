//! USER_SRP_AUTH: the caller proves the password without sending it. Answers PASSWORD_VERIFIER.

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::Result;

use super::Flow;
use crate::auth::{Attempt, Door, Step, proofs};

pub struct UserSrpAuth;

impl Flow for UserSrpAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::UserSrpAuth];
    const DOORS: &'static [Door] = &[Door::Public, Door::Admin];

    fn not_enabled(door: Door) -> &'static str {
        match door {
            Door::Public => "USER_SRP_AUTH is not enabled for the client.",
            Door::Admin => "Auth flow not enabled for this client",
        }
    }

    async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
        proofs::srp::begin(attempt, name).await
    }
}
