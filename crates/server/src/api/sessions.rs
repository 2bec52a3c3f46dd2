//! Tracked sessions: whether a pool tracks them, and what users and administrators see and end of them.

use std::sync::Arc;

use cognate_shapes::enums::{RevokeAssociatedSessions, UserPoolTier, UserSessionTracking};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{
    ClientId, MaxSessionsPerUser, PaginationKey, SessionId, Sessions, SsoSessionMaxValidityMinutes, Token, UserPoolId,
    Username,
};
use cognate_shapes::session::{ClientSsoSessionConfig, UserPoolTokenSessionConfig};
use cognate_shapes::{Input, Output};
use cognate_store::sessions;

use super::operation::{Done, Iam, Operation, TokenHolder, token_holders};
use super::pagination;
use crate::accounts::user;
use crate::context::Context;
use crate::directory::{self, client_changes, pool_changes};
use crate::tokens::tracked;
use crate::tokens::verify::Bearer;

/// The most sessions that one answer lists (the model's SessionsListType).
const PAGE: usize = 125;

/// How long a browser's session signs in to a client where nobody said, in minutes.
const SSO_MINUTES: i64 = 60;

token_holders! { ListUserSessions, RevokeUserSession }

/// Lists the live sessions of the token's holder, in order of sign-in.
#[derive(Debug, Input)]
pub struct ListUserSessions {
    pub access_token: Token,
    pub next_token: Option<PaginationKey>,
}

/// One page of the sessions.
#[derive(Debug, Output)]
pub struct UserSessionsOutput {
    pub sessions: Option<Sessions>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUserSessions {
    type Caller = TokenHolder;
    type Output = UserSessionsOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<UserSessionsOutput> {
        let Bearer { pool, user, origin_jti, event_id, .. } = caller.bearer;
        tracked::require(&pool)?;
        let own = origin_jti.or(event_id);
        let scope = ("ListUserSessions", &pool.id, &user.id);
        let after = self.next_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, owner, now) = (Arc::clone(&pool), user.clone(), cx.clock.now_ms());
        let found = cx.store.read(move |tx| tracked::live(tx, &read, &owner, &after, PAGE as i64 + 1, now));
        let (found, next) = pagination::page(cx, &scope, found.await?, PAGE, |row| &row.id)?;
        let shown = found.iter().map(|row| tracked::wire(cx, row, own.as_deref() == Some(row.id.as_str())));
        Ok(UserSessionsOutput {
            sessions: Some(Sessions(shown.collect::<Result<_>>()?)),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Lists the live sessions of a user, in order of sign-in.
#[derive(Debug, Input)]
pub struct AdminListUserSessions {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub next_token: Option<PaginationKey>,
}

impl Operation for AdminListUserSessions {
    type Caller = Iam;
    type Output = UserSessionsOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserSessionsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        tracked::require(&pool)?;
        let scope = ("AdminListUserSessions", &pool.account, &pool.id, &self.username);
        let after = self.next_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, name, now) = (Arc::clone(&pool), self.username.clone(), cx.clock.now_ms());
        let found = cx.store.read(move |tx| {
            let user = user::by_name(tx, &read, &name)?.ok_or_else(Error::user_not_found)?;
            tracked::live(tx, &read, &user, &after, PAGE as i64 + 1, now)
        });
        let (found, next) = pagination::page(cx, &scope, found.await?, PAGE, |row| &row.id)?;
        let shown = found.iter().map(|row| tracked::wire(cx, row, false));
        Ok(UserSessionsOutput {
            sessions: Some(Sessions(shown.collect::<Result<_>>()?)),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Ends a session of the token's holder, but not the token's own.
#[derive(Debug, Input)]
pub struct RevokeUserSession {
    pub access_token: Token,
    pub session_id: SessionId,
    pub revoke_associated_sessions: Option<RevokeAssociatedSessions>,
}

impl Operation for RevokeUserSession {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let Bearer { pool, user, origin_jti, event_id, .. } = caller.bearer;
        tracked::require(&pool)?;
        let (own, now) = (origin_jti.or(event_id), cx.clock.now_ms());
        let ids = cx.store.read({
            let (pool, user) = (Arc::clone(&pool), user.clone());
            move |tx| tracked::live(tx, &pool, &user, "", i64::MAX, now)
        });
        let row = named(cx, ids.await?, &self.session_id)?;
        if own.as_deref() == Some(row.id.as_str()) {
            return Err(Error::current_session());
        }
        cx.store.write(move |tx| tracked::end(tx, &row, now)).await?;
        Ok(Done {})
    }
}

/// Ends a session of a user.
#[derive(Debug, Input)]
pub struct AdminRevokeUserSession {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub session_id: SessionId,
    pub revoke_associated_sessions: Option<RevokeAssociatedSessions>,
}

impl Operation for AdminRevokeUserSession {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        tracked::require(&pool)?;
        let (name, now) = (self.username, cx.clock.now_ms());
        let found = cx.store.read(move |tx| {
            let user = user::by_name(tx, &pool, &name)?.ok_or_else(Error::user_not_found)?;
            tracked::live(tx, &pool, &user, "", i64::MAX, now)
        });
        let row = named(cx, found.await?, &self.session_id)?;
        cx.store.write(move |tx| tracked::end(tx, &row, now)).await?;
        Ok(Done {})
    }
}

/// Sets whether sessions are tracked, and how many a user may have.
#[derive(Debug, Input)]
pub struct SetUserPoolSessionConfiguration {
    pub user_pool_id: UserPoolId,
    pub user_session_tracking: UserSessionTracking,
    pub token_session: UserPoolTokenSessionConfig,
}

/// What was set.
#[derive(Debug, Output)]
pub struct UserPoolSessionConfigurationOutput {
    pub user_pool_id: Option<UserPoolId>,
    pub user_session_tracking: Option<UserSessionTracking>,
    pub token_session: Option<UserPoolTokenSessionConfig>,
}

impl Operation for SetUserPoolSessionConfiguration {
    type Caller = Iam;
    type Output = UserPoolSessionConfigurationOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ConcurrentModification,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
        Code::FeatureUnavailableInTier,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolSessionConfigurationOutput> {
        let id = self.user_pool_id.to_string();
        let mut pool = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        if pool.tier() == UserPoolTier::Lite {
            return Err(Error::features_unavailable(UserPoolTier::Lite, &["User Session Tracking"]));
        }
        pool.further.user_session_tracking = Some(self.user_session_tracking);
        pool.further.token_session = Some(self.token_session);
        pool.modified_ms = cx.clock.now_ms();
        pool_changes::replace(cx, &pool).await?;
        Ok(UserPoolSessionConfigurationOutput {
            user_pool_id: Some(self.user_pool_id),
            user_session_tracking: pool.further.user_session_tracking,
            token_session: pool.further.token_session,
        })
    }
}

/// Shows whether sessions are tracked.
#[derive(Debug, Input)]
pub struct GetUserPoolSessionConfiguration {
    pub user_pool_id: UserPoolId,
}

impl Operation for GetUserPoolSessionConfiguration {
    type Caller = Iam;
    type Output = UserPoolSessionConfigurationOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolSessionConfigurationOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let max_per_user = MaxSessionsPerUser(tracked::most(&pool));
        Ok(UserPoolSessionConfigurationOutput {
            user_pool_id: Some(self.user_pool_id),
            user_session_tracking: pool.further.user_session_tracking.or(Some(UserSessionTracking::Disabled)),
            token_session: Some(UserPoolTokenSessionConfig { max_per_user }),
        })
    }
}

/// Sets how long a browser's session signs in to a client.
#[derive(Debug, Input)]
pub struct SetUserPoolClientSessionConfiguration {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    #[wire("SSOSession")]
    pub sso_session: ClientSsoSessionConfig,
}

/// What was set.
#[derive(Debug, Output)]
pub struct UserPoolClientSessionConfigurationOutput {
    pub user_pool_id: Option<UserPoolId>,
    pub client_id: Option<ClientId>,
    #[wire("SSOSession")]
    pub sso_session: Option<ClientSsoSessionConfig>,
}

impl Operation for SetUserPoolClientSessionConfiguration {
    type Caller = Iam;
    type Output = UserPoolClientSessionConfigurationOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ConcurrentModification,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
        Code::FeatureUnavailableInTier,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolClientSessionConfigurationOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        if pool.tier() == UserPoolTier::Lite {
            return Err(Error::features_unavailable(UserPoolTier::Lite, &["User Session Tracking"]));
        }
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        tracked::require(&pool)?;
        client_changes::set_sso_minutes(cx, &client, self.sso_session.max_validity_minutes.0).await?;
        Ok(UserPoolClientSessionConfigurationOutput {
            user_pool_id: Some(self.user_pool_id),
            client_id: Some(self.client_id),
            sso_session: Some(self.sso_session),
        })
    }
}

/// Shows how long a browser's session signs in to a client.
#[derive(Debug, Input)]
pub struct GetUserPoolClientSessionConfiguration {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
}

impl Operation for GetUserPoolClientSessionConfiguration {
    type Caller = Iam;
    type Output = UserPoolClientSessionConfigurationOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolClientSessionConfigurationOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::client_of(cx, &pool, &self.client_id).await?;
        let max_validity_minutes = SsoSessionMaxValidityMinutes(client.sso_minutes.unwrap_or(SSO_MINUTES));
        Ok(UserPoolClientSessionConfigurationOutput {
            user_pool_id: Some(self.user_pool_id),
            client_id: Some(self.client_id),
            sso_session: Some(ClientSsoSessionConfig { max_validity_minutes }),
        })
    }
}

/// The session of that id among a user's. Those that come from a sign-in by the API have no associated ones, so
/// `LINKED` ends no more than `NONE`.
fn named(cx: &Context, found: Vec<sessions::Session>, id: &str) -> Result<sessions::Session> {
    let found = found.into_iter().find(|row| tracked::id(cx, row) == id);
    found.ok_or_else(Error::tracked_session_not_found)
}
