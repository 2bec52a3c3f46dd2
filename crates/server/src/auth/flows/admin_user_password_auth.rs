//! ADMIN_USER_PASSWORD_AUTH, and ADMIN_NO_SRP_AUTH as it was called first: the password in an administrator's request.

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::Result;

use super::Flow;
use crate::auth::{Attempt, Door, Step, proofs};

pub struct AdminUserPasswordAuth;

impl Flow for AdminUserPasswordAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::AdminUserPasswordAuth, AuthFlow::AdminNoSrpAuth];
    const DOORS: &'static [Door] = &[Door::Admin];

    async fn begin(attempt: &Attempt<'_>, name: AuthFlow) -> Result<Step> {
        proofs::password::begin(attempt, name).await
    }
}
