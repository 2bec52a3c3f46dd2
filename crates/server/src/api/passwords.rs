//! Passwords: forgotten, changed, set by an administrator.

use std::collections::BTreeMap;

use cognate_shapes::auth::{AnalyticsMetadata, UserContextData};
use cognate_shapes::enums::{EventResponse, EventType};
use cognate_shapes::error::Code::{
    self, CodeDeliveryFailure, CodeMismatch, ExpiredCode, Forbidden, InternalError, InvalidEmailRoleAccessPolicy,
    InvalidLambdaResponse, InvalidParameter, InvalidPassword, InvalidSmsRoleAccessPolicy,
    InvalidSmsRoleTrustRelationship, LimitExceeded, NotAuthorized, OperationNotEnabled, PasswordHistoryPolicyViolation,
    PasswordResetRequired, ResourceNotFound, TooManyFailedAttempts, TooManyRequests, UnexpectedLambda,
    UserLambdaValidation, UserNotConfirmed, UserNotFound,
};
use cognate_shapes::error::Result;
use cognate_shapes::scalars::{ClientId, ConfirmationCode, Password, SecretHash, Text, Token, UserPoolId, Username};
use cognate_shapes::user::CodeDeliveryDetails;
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, Public, TokenHolder, token_holders};
use crate::accounts::{new_password, recovery, secret_hash};
use crate::context::Context;
use crate::directory;
use crate::threat::{self, events};
use crate::tokens::verify::Bearer;
use crate::visit::Visit;

/// Sends a code with which a user who forgot the password sets another.
#[derive(Debug, Input)]
pub struct ForgotPassword {
    pub client_id: ClientId,
    pub secret_hash: Option<SecretHash>,
    pub user_context_data: Option<UserContextData>,
    pub username: Username,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// Where the code went.
#[derive(Debug, Output)]
pub struct ForgotPasswordOutput {
    pub code_delivery_details: Option<CodeDeliveryDetails>,
}

impl Operation for ForgotPassword {
    type Caller = Public;
    type Output = ForgotPasswordOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        UnexpectedLambda,
        UserLambdaValidation,
        NotAuthorized,
        InvalidLambdaResponse,
        TooManyRequests,
        LimitExceeded,
        InvalidSmsRoleAccessPolicy,
        InvalidSmsRoleTrustRelationship,
        InvalidEmailRoleAccessPolicy,
        CodeDeliveryFailure,
        UserNotFound,
        OperationNotEnabled,
        InternalError,
        Forbidden,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<ForgotPasswordOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_request(&client, self.secret_hash.as_deref(), &self.username)?;
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        threat::admit(cx, &pool, &client, &visit).await?;
        let sent = recovery::forgot(cx, &pool, &client, &self.username, &visit).await?;
        events::of_request(
            cx,
            &pool,
            &client,
            &visit,
            EventType::ForgotPassword,
            EventResponse::InProgress,
            &self.username,
        )
        .await;
        Ok(ForgotPasswordOutput { code_delivery_details: Some(sent) })
    }
}

/// Sets a new password with the code that ForgotPassword sent.
#[derive(Debug, Input)]
pub struct ConfirmForgotPassword {
    pub client_id: ClientId,
    pub secret_hash: Option<SecretHash>,
    pub username: Username,
    pub confirmation_code: ConfirmationCode,
    pub password: Password,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub user_context_data: Option<UserContextData>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for ConfirmForgotPassword {
    type Caller = Public;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        UnexpectedLambda,
        UserLambdaValidation,
        InvalidParameter,
        InvalidPassword,
        PasswordHistoryPolicyViolation,
        NotAuthorized,
        CodeMismatch,
        ExpiredCode,
        TooManyFailedAttempts,
        InvalidLambdaResponse,
        TooManyRequests,
        LimitExceeded,
        UserNotFound,
        UserNotConfirmed,
        OperationNotEnabled,
        InternalError,
        Forbidden,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<Done> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_request(&client, self.secret_hash.as_deref(), &self.username)?;
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        threat::admit(cx, &pool, &client, &visit).await?;
        let (code, password) = (&self.confirmation_code, &self.password);
        let confirmed = recovery::confirm(cx, &pool, &client, &self.username, code, password, &visit).await;
        let (kind, refusal) = (EventType::PasswordChange, confirmed.as_ref().err());
        events::of_new_password(cx, &pool, &client, &visit, kind, refusal, &self.username, Some(password)).await;
        confirmed.map(|()| Done {})
    }
}

/// Changes the password of the signed-in user.
#[derive(Debug, Input)]
pub struct ChangePassword {
    pub previous_password: Option<Password>,
    pub proposed_password: Password,
    pub access_token: Token,
}

impl Operation for ChangePassword {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        InvalidPassword,
        PasswordHistoryPolicyViolation,
        NotAuthorized,
        TooManyRequests,
        LimitExceeded,
        PasswordResetRequired,
        UserNotFound,
        UserNotConfirmed,
        OperationNotEnabled,
        InternalError,
        Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let Bearer { pool, client, user, .. } = caller.bearer;
        let (previous, name) = (self.previous_password.as_deref(), user.username.clone());
        let changed = new_password::change(cx, &pool, &client, user, previous, &self.proposed_password).await;
        let (visit, kind) = (Visit::public(&caller.origin, &client, None, None), EventType::PasswordChange);
        let (refusal, proposed) = (changed.as_ref().err(), Some(self.proposed_password.as_str()));
        events::of_new_password(cx, &pool, &client, &visit, kind, refusal, &name, proposed).await;
        changed.map(|()| Done {})
    }
}

/// Sets a user's password, for good or until the next sign-in.
#[derive(Debug, Input)]
pub struct AdminSetUserPassword {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub password: Password,
    pub permanent: Option<bool>,
}

impl Operation for AdminSetUserPassword {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        NotAuthorized,
        UserNotFound,
        InternalError,
        TooManyRequests,
        InvalidParameter,
        InvalidPassword,
        PasswordHistoryPolicyViolation,
        OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let permanent = self.permanent.unwrap_or(false);
        new_password::set_by_administrator(cx, &pool, &self.username, &self.password, permanent).await?;
        Ok(Done {})
    }
}

/// Makes a user's password useless and sends a code to set another.
#[derive(Debug, Input)]
pub struct AdminResetUserPassword {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for AdminResetUserPassword {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        UnexpectedLambda,
        UserLambdaValidation,
        NotAuthorized,
        InvalidLambdaResponse,
        TooManyRequests,
        LimitExceeded,
        UserNotFound,
        InvalidSmsRoleAccessPolicy,
        InvalidEmailRoleAccessPolicy,
        InvalidSmsRoleTrustRelationship,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let visit = Visit::administrative(&caller.origin, None, self.client_metadata);
        recovery::by_administrator(cx, &pool, &self.username, &visit).await?;
        Ok(Done {})
    }
}

token_holders! { ChangePassword }
