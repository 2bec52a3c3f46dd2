//! Users as administrators and the users themselves see, switch and remove them.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::enums::{DeliveryMedium, MessageAction, UserStatus};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::password::PasswordOrNone;
use cognate_shapes::scalars::{
    AttributeName, QueryLimit, SearchPaginationToken, Text, Token, UserFilter, UserPoolId, Username,
};
use cognate_shapes::user::{Attribute, MfaOption, User};
use cognate_shapes::{Input, Output, Timestamp};
use cognate_store::sessions;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::operation::{Done, Iam, NoBody, Operation, TokenHolder, token_holders};
use super::pagination;
use crate::accounts::create::{self, NewUser};
use crate::accounts::list::Position;
use crate::accounts::user::{self, OnConflict};
use crate::accounts::{attributes, delivery, filter, list};
use crate::context::Context;
use crate::directory;
use crate::visit::Visit;

token_holders! { GetUser, DeleteUser }

/// Makes a user and invites them, or invites again one who has not signed in yet.
#[derive(Debug, Input)]
pub struct AdminCreateUser {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub user_attributes: Option<Vec<Attribute>>,
    pub validation_data: Option<Vec<Attribute>>,
    pub temporary_password: Option<PasswordOrNone>,
    pub force_alias_creation: Option<bool>,
    pub message_action: Option<MessageAction>,
    pub desired_delivery_mediums: Option<Vec<DeliveryMedium>>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// The new user.
#[derive(Debug, Output)]
pub struct AdminCreateUserOutput {
    pub user: Option<User>,
}

impl Operation for AdminCreateUser {
    type Caller = Iam;
    type Output = AdminCreateUserOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::UserNotFound,
        Code::UsernameExists,
        Code::InvalidPassword,
        Code::CodeDeliveryFailure,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::PreconditionNotMet,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UnsupportedUserState,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AdminCreateUserOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let password = self.temporary_password.and_then(PasswordOrNone::into_password);
        let password = password.map(|password| Zeroizing::new(password.into_string()));
        let mediums = self.desired_delivery_mediums;
        let visit = Visit::administrative(&caller.origin, None, self.client_metadata);
        let visit = visit.with_validation(self.validation_data);
        let invited = if self.message_action == Some(MessageAction::Resend) {
            create::renew(cx, &pool, &self.username, password, mediums).await?
        } else {
            let new = NewUser {
                name: self.username.into_string(),
                attributes: attributes::given(self.user_attributes),
                temporary_password: password,
                conflict: if self.force_alias_creation == Some(true) { OnConflict::Take } else { OnConflict::Refuse },
                invited: self.message_action != Some(MessageAction::Suppress),
                mediums,
            };
            create::create(cx, &pool, new, &visit).await?
        };
        let (user, password) = (invited.user, invited.password.as_ref().map(|password| password.as_str()));
        delivery::invite(cx, &pool, &user, password, &invited.mediums, &visit).await?;
        Ok(AdminCreateUserOutput { user: Some(user.wire(None)) })
    }
}

/// Shows a user.
#[derive(Debug, Input)]
pub struct AdminGetUser {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

/// The user, with all attributes.
#[derive(Debug, Output)]
pub struct AdminGetUserOutput {
    pub username: Username,
    pub user_attributes: Option<Vec<Attribute>>,
    pub user_create_date: Option<Timestamp>,
    pub user_last_modified_date: Option<Timestamp>,
    pub enabled: Option<bool>,
    pub user_status: Option<UserStatus>,
    #[wire("MFAOptions")]
    pub mfa_options: Option<Vec<MfaOption>>,
    pub preferred_mfa_setting: Option<Text>,
    #[wire("UserMFASettingList")]
    pub user_mfa_setting_list: Option<Vec<Text>>,
}

impl Operation for AdminGetUser {
    type Caller = Iam;
    type Output = AdminGetUserOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AdminGetUserOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let found = cx.store.read(move |tx| user::by_name(tx, &pool, &self.username)).await?;
        let user = found.ok_or_else(Error::user_not_found)?;
        Ok(AdminGetUserOutput {
            user_attributes: Some(user.wire_attributes(|_| true)),
            user_create_date: Some(Timestamp(user.created_ms)),
            user_last_modified_date: Some(Timestamp(user.modified_ms)),
            enabled: Some(user.enabled),
            user_status: Some(user.status),
            mfa_options: user.profile.mfa.wire_options(),
            preferred_mfa_setting: user.profile.mfa.wire_preferred(),
            user_mfa_setting_list: user.profile.mfa.wire_list(),
            username: Username::trusted(user.username),
        })
    }
}

/// Removes a user and everything that is theirs.
#[derive(Debug, Input)]
pub struct AdminDeleteUser {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminDeleteUser {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let deleted = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            user::delete(tx, &pool, &user).map(drop)
        });
        deleted.await.map(|()| NoBody)
    }
}

/// Lets a disabled user sign in again; tokens from before stay dead.
#[derive(Debug, Input)]
pub struct AdminEnableUser {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminEnableUser {
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
        switch(cx, caller, &self.user_pool_id, self.username, true).await
    }
}

/// Keeps a user from signing in and ends what they are signed in to.
#[derive(Debug, Input)]
pub struct AdminDisableUser {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminDisableUser {
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
        switch(cx, caller, &self.user_pool_id, self.username, false).await
    }
}

/// Enables or disables a user who is not so already.
async fn switch(cx: &Context, caller: Iam, pool_id: &str, name: Username, enabled: bool) -> Result<Done> {
    let pool = directory::pool_of(cx, &caller.principal, pool_id).await?;
    let now = cx.clock.now_ms();
    let switched = cx.store.write(move |tx| {
        let before = user::by_name(tx, &pool, &name)?.ok_or_else(Error::user_not_found)?;
        if before.enabled == enabled {
            return Ok(());
        }
        let mut user = before.clone();
        user.enabled = enabled;
        user.modified_ms = now;
        if !enabled {
            user.signed_out_ms = now;
            sessions::revoke_all(tx, &pool.id, &user.id, now)?;
        }
        user::update(tx, &pool, &before, &user, OnConflict::Refuse).map_err(user::no_conflict)
    });
    switched.await.map(|()| Done {})
}

/// Finds users, by one of their attributes or all.
#[derive(Debug, Input)]
pub struct ListUsers {
    pub user_pool_id: UserPoolId,
    pub attributes_to_get: Option<Vec<AttributeName>>,
    pub limit: Option<QueryLimit>,
    pub pagination_token: Option<SearchPaginationToken>,
    pub filter: Option<UserFilter>,
}

/// One page of users.
#[derive(Debug, Output)]
pub struct ListUsersOutput {
    pub users: Option<Vec<User>>,
    pub pagination_token: Option<SearchPaginationToken>,
}

/// How long a pagination token of [`ListUsers`] is good for, in milliseconds.
const TOKEN_LIFE_MS: i64 = 3_600_000;

/// What a pagination token of [`ListUsers`] holds.
#[derive(Serialize, Deserialize)]
struct Cursor {
    after: Position,
    expires_ms: i64,
}

impl Operation for ListUsers {
    type Caller = Iam;
    type Output = ListUsersOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUsersOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let select = self.attributes_to_get.filter(|names| !names.is_empty());
        if select.iter().flatten().any(|name| pool.schema.get(name).is_none()) {
            return Err(Error::unknown_attributes_to_get());
        }
        let filter = self.filter.as_deref().unwrap_or_default();
        let scope = ("ListUsers", &pool.account, &pool.id, filter, &select);
        let filter = filter::parse(filter)?;
        let size = pagination::size(self.limit);
        let now = cx.clock.now_ms();
        let after = match self.pagination_token {
            Some(token) => {
                let cursor: Cursor = pagination::open(cx, &scope, &token)?;
                if cursor.expires_ms <= now {
                    return Err(Error::invalid_pagination_token());
                }
                Some(cursor.after)
            }
            None => None,
        };
        let read = Arc::clone(&pool);
        let found =
            cx.store.scan(move |tx| list::page(tx, &read, filter.as_ref(), after.as_ref(), size as i64 + 1)).await?;
        let next = match found.get(size - 1) {
            Some((_, last)) if found.len() > size => {
                let cursor = Cursor { after: last.clone(), expires_ms: now + TOKEN_LIFE_MS };
                Some(SearchPaginationToken::trusted(pagination::seal(cx, &scope, &cursor)?))
            }
            _ => None,
        };
        let users = found.iter().take(size).map(|(user, _)| user.wire(select.as_deref())).collect();
        Ok(ListUsersOutput { users: Some(users), pagination_token: next })
    }
}

/// Shows the user whose access token it is.
#[derive(Debug, Input)]
pub struct GetUser {
    pub access_token: Token,
}

/// The user, with the attributes that the client may read.
#[derive(Debug, Output)]
pub struct GetUserOutput {
    pub username: Username,
    pub user_attributes: Vec<Attribute>,
    #[wire("MFAOptions")]
    pub mfa_options: Option<Vec<MfaOption>>,
    pub preferred_mfa_setting: Option<Text>,
    #[wire("UserMFASettingList")]
    pub user_mfa_setting_list: Option<Vec<Text>>,
}

impl Operation for GetUser {
    type Caller = TokenHolder;
    type Output = GetUserOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, _: &Context, caller: TokenHolder) -> Result<GetUserOutput> {
        let (user, client) = (caller.bearer.user, caller.bearer.client);
        Ok(GetUserOutput {
            user_attributes: user.wire_attributes(|name| client.may_read(name)),
            mfa_options: user.profile.mfa.wire_options(),
            preferred_mfa_setting: user.profile.mfa.wire_preferred(),
            user_mfa_setting_list: user.profile.mfa.wire_list(),
            username: Username::trusted(user.username),
        })
    }
}

/// Removes the user whose access token it is, and everything that is theirs.
#[derive(Debug, Input)]
pub struct DeleteUser {
    pub access_token: Token,
}

impl Operation for DeleteUser {
    type Caller = TokenHolder;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<NoBody> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        let deleted = cx.store.write(move |tx| user::delete(tx, &pool, &user)).await?;
        if deleted { Ok(NoBody) } else { Err(Error::user_not_found()) }
    }
}
