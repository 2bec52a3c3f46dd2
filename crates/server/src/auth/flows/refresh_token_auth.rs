//! REFRESH_TOKEN_AUTH, also called REFRESH_TOKEN: new ID and access tokens for a refresh token.

use cognate_shapes::enums::AuthFlow;
use cognate_shapes::error::{Error, Result};

use super::Flow;
use crate::auth::{Attempt, Door, Step};
use crate::tokens::refresh;

pub struct RefreshTokenAuth;

impl Flow for RefreshTokenAuth {
    const NAMES: &'static [AuthFlow] = &[AuthFlow::RefreshTokenAuth, AuthFlow::RefreshToken];
    const DOORS: &'static [Door] = &[Door::Public, Door::Admin];

    async fn begin(attempt: &Attempt<'_>, _: AuthFlow) -> Result<Step> {
        let token = attempt.required("REFRESH_TOKEN")?;
        attempt.check_secret_hash_present()?;
        let presented = refresh::read(attempt.cx, token).ok_or_else(Error::invalid_refresh_token)?;
        // The request names no user; clients hash the name that their access token has.
        if attempt.optional("SECRET_HASH").is_some() {
            let user = attempt.user_by_id(&presented.note.user_id).await?;
            let user = user.ok_or_else(Error::invalid_refresh_token)?;
            attempt.check_secret_hash(&[&user.username, &user.id])?;
        }
        let (device_key, visit) = (attempt.optional("DEVICE_KEY"), &attempt.visit);
        refresh::redeem(attempt.cx, &attempt.pool, &attempt.client, &presented, device_key, visit).await.map(Step::Done)
    }
}
