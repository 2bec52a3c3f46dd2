//! Groups and their members.

use std::sync::Arc;

use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::group::Group;
use cognate_shapes::scalars::{
    Arn, Description, GroupName, PaginationKey, Precedence, QueryLimit, UserPoolId, Username,
};
use cognate_shapes::user::User;
use cognate_shapes::{Input, Output};

use super::operation::{Iam, NoBody, Operation};
use super::pagination;
use crate::accounts::{groups, list, user};
use crate::context::Context;
use crate::directory;

/// Adds a group to a pool.
#[derive(Debug, Input)]
pub struct CreateGroup {
    pub group_name: GroupName,
    pub user_pool_id: UserPoolId,
    pub description: Option<Description>,
    pub role_arn: Option<Arn>,
    pub precedence: Option<Precedence>,
}

/// The new group.
#[derive(Debug, Output)]
pub struct GroupOutput {
    pub group: Option<Group>,
}

impl Operation for CreateGroup {
    type Caller = Iam;
    type Output = GroupOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::GroupExists,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::LimitExceeded,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<GroupOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let now = cx.clock.now_ms();
        let most = cx.config.limits.groups_per_pool;
        let group = groups::Group {
            name: self.group_name.into_string(),
            description: self.description.map(Description::into_string),
            role_arn: self.role_arn.map(Arn::into_string),
            precedence: self.precedence.map(|precedence| precedence.0),
            created_ms: now,
            modified_ms: now,
        };
        let wire = group.wire(&pool);
        cx.store.write(move |tx| groups::insert(tx, &pool, &group, most)).await?;
        Ok(GroupOutput { group: Some(wire) })
    }
}

/// Shows a group.
#[derive(Debug, Input)]
pub struct GetGroup {
    pub group_name: GroupName,
    pub user_pool_id: UserPoolId,
}

impl Operation for GetGroup {
    type Caller = Iam;
    type Output = GroupOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<GroupOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let read = Arc::clone(&pool);
        let group = cx.store.read(move |tx| groups::named(tx, &read, &self.group_name)).await?;
        Ok(GroupOutput { group: Some(group.wire(&pool)) })
    }
}

/// Changes what is given of a group; the rest stays.
#[derive(Debug, Input)]
pub struct UpdateGroup {
    pub group_name: GroupName,
    pub user_pool_id: UserPoolId,
    pub description: Option<Description>,
    pub role_arn: Option<Arn>,
    pub precedence: Option<Precedence>,
}

impl Operation for UpdateGroup {
    type Caller = Iam;
    type Output = GroupOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<GroupOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let now = cx.clock.now_ms();
        let write = Arc::clone(&pool);
        let changed = cx.store.write(move |tx| {
            let mut group = groups::named(tx, &write, &self.group_name)?;
            if let Some(description) = &self.description {
                group.description = Some(description.as_str().to_owned());
            }
            if let Some(role_arn) = &self.role_arn {
                group.role_arn = Some(role_arn.as_str().to_owned());
            }
            if let Some(precedence) = self.precedence {
                group.precedence = Some(precedence.0);
            }
            group.modified_ms = now;
            groups::update(tx, &write, &group)?;
            Ok::<_, Error>(group)
        });
        Ok(GroupOutput { group: Some(changed.await?.wire(&pool)) })
    }
}

/// Removes a group; its members stay users.
#[derive(Debug, Input)]
pub struct DeleteGroup {
    pub group_name: GroupName,
    pub user_pool_id: UserPoolId,
}

impl Operation for DeleteGroup {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        cx.store.write(move |tx| groups::delete(tx, &pool, &self.group_name)).await?;
        Ok(NoBody)
    }
}

/// Lists the groups of a pool in order of name.
#[derive(Debug, Input)]
pub struct ListGroups {
    pub user_pool_id: UserPoolId,
    pub limit: Option<QueryLimit>,
    pub next_token: Option<PaginationKey>,
}

/// One page of groups.
#[derive(Debug, Output)]
pub struct ListGroupsOutput {
    pub groups: Option<Vec<Group>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListGroups {
    type Caller = Iam;
    type Output = ListGroupsOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListGroupsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let scope = ("ListGroups", &pool.account, &pool.id);
        let size = pagination::size(self.limit);
        let after = self.next_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let read = Arc::clone(&pool);
        let found = cx.store.scan(move |tx| groups::list(tx, &read, &after, size as i64 + 1)).await?;
        let (found, next) = pagination::page(cx, &scope, found, size, |group| &group.name)?;
        Ok(ListGroupsOutput {
            groups: Some(found.iter().map(|group| group.wire(&pool)).collect()),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Puts a user into a group.
#[derive(Debug, Input)]
pub struct AdminAddUserToGroup {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub group_name: GroupName,
}

impl Operation for AdminAddUserToGroup {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let now = cx.clock.now_ms();
        let most = cx.config.limits.groups_per_user;
        let joined = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            let group = groups::named(tx, &pool, &self.group_name)?;
            groups::join(tx, &pool, &user.id, &group, now, most)
        });
        joined.await.map(|()| NoBody)
    }
}

/// Takes a user out of a group.
#[derive(Debug, Input)]
pub struct AdminRemoveUserFromGroup {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub group_name: GroupName,
}

impl Operation for AdminRemoveUserFromGroup {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let left = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            let group = groups::named(tx, &pool, &self.group_name)?;
            groups::leave(tx, &pool, &user.id, &group)
        });
        left.await.map(|()| NoBody)
    }
}

/// Lists the groups that a user is in, in order of name.
#[derive(Debug, Input)]
pub struct AdminListGroupsForUser {
    pub username: Username,
    pub user_pool_id: UserPoolId,
    pub limit: Option<QueryLimit>,
    pub next_token: Option<PaginationKey>,
}

/// One page of the user's groups.
#[derive(Debug, Output)]
pub struct AdminListGroupsForUserOutput {
    pub groups: Option<Vec<Group>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for AdminListGroupsForUser {
    type Caller = Iam;
    type Output = AdminListGroupsForUserOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AdminListGroupsForUserOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let scope = ("AdminListGroupsForUser", &pool.account, &pool.id, &self.username);
        let size = pagination::size(self.limit);
        let after = self.next_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, name) = (Arc::clone(&pool), self.username.clone());
        let found = cx.store.scan(move |tx| {
            let user = user::by_name(tx, &read, &name)?.ok_or_else(Error::user_not_found)?;
            groups::of_user(tx, &read, &user.id, &after, size as i64 + 1)
        });
        let (found, next) = pagination::page(cx, &scope, found.await?, size, |group| &group.name)?;
        Ok(AdminListGroupsForUserOutput {
            groups: Some(found.iter().map(|group| group.wire(&pool)).collect()),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Lists the users in a group.
#[derive(Debug, Input)]
pub struct ListUsersInGroup {
    pub user_pool_id: UserPoolId,
    pub group_name: GroupName,
    pub limit: Option<QueryLimit>,
    pub next_token: Option<PaginationKey>,
}

/// One page of the group's users.
#[derive(Debug, Output)]
pub struct ListUsersInGroupOutput {
    pub users: Option<Vec<User>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUsersInGroup {
    type Caller = Iam;
    type Output = ListUsersInGroupOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUsersInGroupOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let scope = ("ListUsersInGroup", &pool.account, &pool.id, &self.group_name);
        let size = pagination::size(self.limit);
        let after = self.next_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, name) = (Arc::clone(&pool), self.group_name.clone());
        let found = cx.store.scan(move |tx| {
            let group = groups::named(tx, &read, &name)?;
            list::in_group(tx, &read, &group, &after, size as i64 + 1)
        });
        let (found, next) = pagination::page(cx, &scope, found.await?, size, |user| &user.id)?;
        Ok(ListUsersInGroupOutput {
            users: Some(found.iter().map(|user| user.wire(None)).collect()),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}
