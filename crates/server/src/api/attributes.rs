//! Attributes of users: changed, deleted and verified by administrators and the users themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{AttributeName, ConfirmationCode, Text, Token, UserPoolId, Username};
use cognate_shapes::user::{Attribute, CodeDeliveryDetails};
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, TokenHolder, token_holders};
use crate::accounts::attributes::{self, Writer};
use crate::accounts::user::{self, User};
use crate::accounts::verification::{self, verifiable};
use crate::context::Context;
use crate::directory::{self, Pool};
use crate::visit::Visit;

token_holders! {
    UpdateUserAttributes, DeleteUserAttributes, GetUserAttributeVerificationCode, VerifyUserAttribute
}

/// Changes attributes of a user.
#[derive(Debug, Input)]
pub struct AdminUpdateUserAttributes {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub user_attributes: Vec<Attribute>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for AdminUpdateUserAttributes {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::AliasExists,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::InternalError,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidEmailRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let user = named(cx, &pool, self.username).await?;
        let changes = attributes::requested(self.user_attributes);
        let visit = Visit::administrative(&caller.origin, None, self.client_metadata);
        attributes::update(cx, &pool, &user, changes, Writer::Administrator, &visit).await?;
        Ok(Done {})
    }
}

/// Deletes attributes of a user.
#[derive(Debug, Input)]
pub struct AdminDeleteUserAttributes {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub user_attribute_names: Vec<AttributeName>,
}

impl Operation for AdminDeleteUserAttributes {
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
        let user = named(cx, &pool, self.username).await?;
        attributes::delete(cx, &pool, &user, &self.user_attribute_names, Writer::Administrator).await?;
        Ok(Done {})
    }
}

/// Changes attributes of the user whose access token it is.
#[derive(Debug, Input)]
pub struct UpdateUserAttributes {
    pub user_attributes: Vec<Attribute>,
    pub access_token: Token,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// Where codes for new addresses went.
#[derive(Debug, Output)]
pub struct UpdateUserAttributesOutput {
    pub code_delivery_details_list: Option<Vec<CodeDeliveryDetails>>,
}

impl Operation for UpdateUserAttributes {
    type Caller = TokenHolder;
    type Output = UpdateUserAttributesOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::CodeMismatch,
        Code::ExpiredCode,
        Code::NotAuthorized,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::TooManyRequests,
        Code::AliasExists,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::InvalidEmailRoleAccessPolicy,
        Code::CodeDeliveryFailure,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<UpdateUserAttributesOutput> {
        let bearer = caller.bearer;
        let changes = attributes::requested(self.user_attributes);
        let visit = Visit::public(&caller.origin, &bearer.client, None, self.client_metadata);
        let writer = Writer::Client(bearer.client.clone());
        let sent = attributes::update(cx, &bearer.pool, &bearer.user, changes, writer, &visit).await?;
        Ok(UpdateUserAttributesOutput { code_delivery_details_list: Some(sent) })
    }
}

/// Deletes attributes of the user whose access token it is.
#[derive(Debug, Input)]
pub struct DeleteUserAttributes {
    pub user_attribute_names: Vec<AttributeName>,
    pub access_token: Token,
}

impl Operation for DeleteUserAttributes {
    type Caller = TokenHolder;
    type Output = Done;
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

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let bearer = caller.bearer;
        let writer = Writer::Client(bearer.client.clone());
        attributes::delete(cx, &bearer.pool, &bearer.user, &self.user_attribute_names, writer).await?;
        Ok(Done {})
    }
}

/// Sends a code that verifies the e-mail address or phone number.
#[derive(Debug, Input)]
pub struct GetUserAttributeVerificationCode {
    pub access_token: Token,
    pub attribute_name: AttributeName,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// Where the code went.
#[derive(Debug, Output)]
pub struct GetUserAttributeVerificationCodeOutput {
    pub code_delivery_details: Option<CodeDeliveryDetails>,
}

impl Operation for GetUserAttributeVerificationCode {
    type Caller = TokenHolder;
    type Output = GetUserAttributeVerificationCodeOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::InvalidEmailRoleAccessPolicy,
        Code::CodeDeliveryFailure,
        Code::LimitExceeded,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<GetUserAttributeVerificationCodeOutput> {
        let attribute = verifiable(&self.attribute_name)?;
        let bearer = caller.bearer;
        let visit = Visit::public(&caller.origin, &bearer.client, None, self.client_metadata);
        let sent = verification::request(cx, &bearer.pool, &bearer.user, attribute, &bearer.client, &visit).await?;
        Ok(GetUserAttributeVerificationCodeOutput { code_delivery_details: Some(sent) })
    }
}

/// Verifies the e-mail address or phone number with the code that was sent to it.
#[derive(Debug, Input)]
pub struct VerifyUserAttribute {
    pub access_token: Token,
    pub attribute_name: AttributeName,
    pub code: ConfirmationCode,
}

impl Operation for VerifyUserAttribute {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::CodeMismatch,
        Code::ExpiredCode,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::LimitExceeded,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::AliasExists,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let attribute = verifiable(&self.attribute_name)?;
        verification::verify(cx, &caller.bearer.pool, &caller.bearer.user, attribute, &self.code).await?;
        Ok(Done {})
    }
}

async fn named(cx: &Context, pool: &Arc<Pool>, name: Username) -> Result<User> {
    let pool = Arc::clone(pool);
    cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await?.ok_or_else(Error::user_not_found)
}
