//! Signing up and confirming it.

use std::collections::BTreeMap;

use cognate_shapes::auth::{AnalyticsMetadata, UserContextData};
use cognate_shapes::enums::{EventResponse, EventType, UserStatus};
use cognate_shapes::error::Code::{
    self, AliasExists, CodeDeliveryFailure, CodeMismatch, ExpiredCode, Forbidden, InternalError,
    InvalidEmailRoleAccessPolicy, InvalidLambdaResponse, InvalidParameter, InvalidPassword, InvalidSmsRoleAccessPolicy,
    InvalidSmsRoleTrustRelationship, LimitExceeded, NotAuthorized, OperationNotEnabled, ResourceNotFound,
    TooManyFailedAttempts, TooManyRequests, UnexpectedLambda, UserLambdaValidation, UserNotFound, UsernameExists,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::password::PasswordOrNone;
use cognate_shapes::scalars::{ClientId, ConfirmationCode, SecretHash, Session, Text, UserPoolId, Username};
use cognate_shapes::user::{Attribute, CodeDeliveryDetails};
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, Public};
use crate::accounts::sign_up::{self, SignedUp};
use crate::accounts::user::OnConflict;
use crate::accounts::{attributes, confirm, secret_hash};
use crate::auth::hand_over;
use crate::context::Context;
use crate::directory;
use crate::threat::{self, events};
use crate::triggers::event::Occasion;
use crate::visit::Visit;

/// Makes a user of whoever asks, and sends the code that confirms it.
#[derive(Debug, Input)]
pub struct SignUp {
    pub client_id: ClientId,
    pub secret_hash: Option<SecretHash>,
    pub username: Username,
    pub password: Option<PasswordOrNone>,
    pub user_attributes: Option<Vec<Attribute>>,
    pub validation_data: Option<Vec<Attribute>>,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub user_context_data: Option<UserContextData>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// The new user, and where the code went.
#[derive(Debug, Output)]
pub struct SignUpOutput {
    pub user_confirmed: bool,
    pub code_delivery_details: Option<CodeDeliveryDetails>,
    pub user_sub: Text,
    pub session: Option<Session>,
}

impl Operation for SignUp {
    type Caller = Public;
    type Output = SignUpOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        UnexpectedLambda,
        UserLambdaValidation,
        NotAuthorized,
        InvalidPassword,
        InvalidLambdaResponse,
        UsernameExists,
        TooManyRequests,
        InternalError,
        LimitExceeded,
        InvalidSmsRoleAccessPolicy,
        InvalidSmsRoleTrustRelationship,
        InvalidEmailRoleAccessPolicy,
        CodeDeliveryFailure,
        OperationNotEnabled,
        Forbidden,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<SignUpOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_request(&client, self.secret_hash.as_deref(), &self.username)?;
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        let visit = visit.with_validation(self.validation_data);
        threat::admit(cx, &pool, &client, &visit).await?;
        if pool.sign_up_is_closed() {
            return Err(Error::sign_up_is_closed());
        }
        let given = attributes::given(self.user_attributes);
        let password = self.password.and_then(PasswordOrNone::into_password);
        let SignedUp { user, sent } =
            sign_up::sign_up(cx, &pool, &client, &self.username, password.as_deref(), given, &visit).await?;
        let (name, password) = (&self.username, password.as_deref());
        events::of_new_password(cx, &pool, &client, &visit, EventType::SignUp, None, name, password).await;
        Ok(SignUpOutput {
            user_confirmed: user.status == UserStatus::Confirmed,
            code_delivery_details: sent,
            session: hand_over::of_sign_up(cx, &pool, &client, &user.id)?,
            user_sub: Text::trusted(user.id),
        })
    }
}

/// Confirms a new user with the code that SignUp sent.
#[derive(Debug, Input)]
pub struct ConfirmSignUp {
    pub client_id: ClientId,
    pub secret_hash: Option<SecretHash>,
    pub username: Username,
    pub confirmation_code: ConfirmationCode,
    pub force_alias_creation: Option<bool>,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub user_context_data: Option<UserContextData>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
    pub session: Option<Session>,
}

/// A session to sign in with, where the pool offers a choice of first factors.
#[derive(Debug, Output)]
pub struct ConfirmSignUpOutput {
    pub session: Option<Session>,
}

impl Operation for ConfirmSignUp {
    type Caller = Public;
    type Output = ConfirmSignUpOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        UnexpectedLambda,
        UserLambdaValidation,
        NotAuthorized,
        TooManyFailedAttempts,
        CodeMismatch,
        ExpiredCode,
        InvalidLambdaResponse,
        AliasExists,
        TooManyRequests,
        LimitExceeded,
        UserNotFound,
        OperationNotEnabled,
        InternalError,
        Forbidden,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<ConfirmSignUpOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_request(&client, self.secret_hash.as_deref(), &self.username)?;
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        threat::admit(cx, &pool, &client, &visit).await?;
        let conflict = if self.force_alias_creation == Some(true) { OnConflict::Take } else { OnConflict::Refuse };
        let presented = match &self.session {
            Some(session) => hand_over::presented(cx, &pool, &client, session)?,
            None => None,
        };
        let hides = client.hides_user_existence();
        let at = Occasion { cx, pool: &pool, client_id: Some(&client.id), visit: &visit };
        let confirmed = confirm::by_code(at, &pool, hides, &self.username, &self.confirmation_code, conflict).await?;
        let session = match &presented {
            Some(presented) => hand_over::of_confirmation(cx, &pool, &client, presented, &confirmed)?,
            None => None,
        };
        Ok(ConfirmSignUpOutput { session })
    }
}

/// Sends a new user another code; the one before works no more.
#[derive(Debug, Input)]
pub struct ResendConfirmationCode {
    pub client_id: ClientId,
    pub secret_hash: Option<SecretHash>,
    pub user_context_data: Option<UserContextData>,
    pub username: Username,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

/// Where the code went.
#[derive(Debug, Output)]
pub struct ResendConfirmationCodeOutput {
    pub code_delivery_details: Option<CodeDeliveryDetails>,
}

impl Operation for ResendConfirmationCode {
    type Caller = Public;
    type Output = ResendConfirmationCodeOutput;
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

    async fn call(self, cx: &Context, caller: Public) -> Result<ResendConfirmationCodeOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        secret_hash::of_request(&client, self.secret_hash.as_deref(), &self.username)?;
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        threat::admit(cx, &pool, &client, &visit).await?;
        let sent = confirm::resend(cx, &pool, &client, &self.username, &visit).await?;
        events::of_request(cx, &pool, &client, &visit, EventType::ResendCode, EventResponse::Pass, &self.username)
            .await;
        Ok(ResendConfirmationCodeOutput { code_delivery_details: Some(sent) })
    }
}

/// Confirms a new user without a code, and verifies nothing.
#[derive(Debug, Input)]
pub struct AdminConfirmSignUp {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for AdminConfirmSignUp {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        UnexpectedLambda,
        UserLambdaValidation,
        NotAuthorized,
        TooManyFailedAttempts,
        InvalidLambdaResponse,
        TooManyRequests,
        LimitExceeded,
        UserNotFound,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let visit = Visit::administrative(&caller.origin, None, self.client_metadata);
        confirm::by_administrator(cx, &pool, &self.username, &visit).await?;
        Ok(Done {})
    }
}
