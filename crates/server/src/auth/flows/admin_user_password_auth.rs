//! ADMIN_USER_PASSWORD_AUTH, and ADMIN_NO_SRP_AUTH as it was called first: the password in an administrator's request.

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::Result;

use super::Flow;
use super::user_password_auth::by_password;
use crate::auth::{Attempt, Door, Step};

pub struct AdminUserPasswordAuth;

impl Flow for AdminUserPasswordAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::AdminUserPasswordAuth, AuthFlow::AdminNoSrpAuth];
    const DOORS: &'static [Door] = &[Door::Admin];

    async fn begin(attempt: &Attempt<'_>) -> Result<Step> {
        by_password(attempt).await
    }
}
