//! Tokens after the sign-in: refreshed, revoked, and all of a user's ended at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::auth::AuthenticationResult;
use cognate_shapes::enums::RevokeAssociatedSessions;
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{ClientId, ClientSecret, DeviceKey, Text, Token, UserPoolId, Username};
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, Public, TokenHolder, token_holders};
use crate::accounts::{secret_hash, user};
use crate::context::Context;
use crate::directory;
use crate::threat;
use crate::tokens::{refresh, revoke};
use crate::visit::Visit;

token_holders! { GlobalSignOut }

/// Answers new ID and access tokens for a refresh token, and its successor where the client rotates.
#[derive(Debug, Input)]
pub struct GetTokensFromRefreshToken {
    pub refresh_token: Token,
    pub client_id: ClientId,
    pub client_secret: Option<ClientSecret>,
    pub device_key: Option<DeviceKey>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// The new tokens.
#[derive(Debug, Output)]
pub struct GetTokensFromRefreshTokenOutput {
    pub authentication_result: Option<AuthenticationResult>,
}

impl Operation for GetTokensFromRefreshToken {
    type Caller = Public;
    type Output = GetTokensFromRefreshTokenOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::UserNotFound,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::Forbidden,
        Code::RefreshTokenReuse,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<GetTokensFromRefreshTokenOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_secret(&client, self.client_secret.as_deref())?;
        let presented = refresh::read(cx, &self.refresh_token).ok_or_else(Error::invalid_refresh_token)?;
        let visit = Visit::public(&caller.origin, &client, None, self.client_metadata);
        threat::admit(cx, &pool, &client, &visit).await?;
        let device_key = self.device_key.as_deref();
        let result = refresh::redeem(cx, &pool, &client, &presented, device_key, &visit).await?;
        Ok(GetTokensFromRefreshTokenOutput { authentication_result: Some(result) })
    }
}

/// Revokes a refresh token and every token that came from the same sign-in.
#[derive(Debug, Input)]
pub struct RevokeToken {
    pub token: Token,
    pub client_id: ClientId,
    pub client_secret: Option<ClientSecret>,
    pub revoke_associated_sessions: Option<RevokeAssociatedSessions>,
}

impl Operation for RevokeToken {
    type Caller = Public;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::TooManyRequests,
        Code::InternalError,
        Code::Unauthorized,
        Code::InvalidParameter,
        Code::UnsupportedOperation,
        Code::UnsupportedTokenType,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, _: Public) -> Result<Done> {
        let unauthorized = |error: Error| match error.code {
            Code::ResourceNotFound | Code::NotAuthorized => Error::new(Code::Unauthorized, error.message),
            _ => error,
        };
        let (client, _) = directory::client(cx, &self.client_id).await.map_err(unauthorized)?;
        secret_hash::of_secret(&client, self.client_secret.as_deref()).map_err(unauthorized)?;
        if !client.revokes_tokens() {
            return Err(Error::revocation_not_enabled());
        }
        if !refresh::is_shaped(&self.token) {
            return Err(Error::unsupported_token_type());
        }
        // A token that is nobody's has nothing to revoke (RFC 7009 section 2.2).
        let Some(presented) = refresh::read(cx, &self.token) else { return Ok(Done {}) };
        if presented.note.client_id != client.id {
            return Err(Error::token_of_another_client());
        }
        revoke::session(cx, &presented.note).await?;
        Ok(Done {})
    }
}

/// Ends every sign-in of the token's holder.
#[derive(Debug, Input)]
pub struct GlobalSignOut {
    pub access_token: Token,
}

impl Operation for GlobalSignOut {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let (now, bearer) = (cx.clock.now_ms(), caller.bearer);
        cx.store.write(move |tx| revoke::everything(tx, &bearer.pool, &bearer.user.id, now)).await?;
        Ok(Done {})
    }
}

/// Ends every sign-in of a user.
#[derive(Debug, Input)]
pub struct AdminUserGlobalSignOut {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminUserGlobalSignOut {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let (now, pool) = (cx.clock.now_ms(), Arc::clone(&pool));
        let signed_out = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            revoke::everything(tx, &pool, &user.id, now)
        });
        signed_out.await?;
        Ok(Done {})
    }
}
