//! Signing in: a flow begins it, the answers to its challenges carry it on.

use std::collections::BTreeMap;

use cognate_shapes::auth::{AnalyticsMetadata, AuthenticationResult, ContextData, UserContextData};
use cognate_shapes::enums::{AuthFlow, ChallengeName};
use cognate_shapes::error::{Code, Result};
use cognate_shapes::scalars::{AuthParameters, ChallengeResponses, ClientId, Session, Text, UserPoolId};
use cognate_shapes::{Input, Output};

use super::operation::{Iam, Operation, Public};
use crate::auth::{self, Attempt, Door, Step};
use crate::context::Context;
use crate::directory;
use crate::threat::Watch;
use crate::visit::Visit;

/// Begins a user's sign-in.
#[derive(Debug, Input)]
pub struct InitiateAuth {
    pub auth_flow: AuthFlow,
    pub auth_parameters: Option<AuthParameters>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
    pub client_id: ClientId,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub user_context_data: Option<UserContextData>,
    pub session: Option<Session>,
}

/// Tokens, or the next challenge.
#[derive(Debug, Output)]
pub struct StepOutput {
    pub challenge_name: Option<ChallengeName>,
    pub session: Option<Session>,
    pub challenge_parameters: Option<BTreeMap<Text, Text>>,
    pub authentication_result: Option<AuthenticationResult>,
    pub available_challenges: Option<Vec<ChallengeName>>,
}

impl Operation for InitiateAuth {
    type Caller = Public;
    type Output = StepOutput;
    const ERRORS: &[Code] = &[
        Code::UnsupportedOperation,
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::UnexpectedLambda,
        Code::InvalidUserPoolConfiguration,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::InternalError,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidEmailRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::OperationNotEnabled,
        Code::FeatureUnavailableInTier,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<StepOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        let given = self.auth_parameters.map(|given| given.0).unwrap_or_default();
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        let attempt = Attempt {
            cx,
            door: Door::Public,
            pool,
            client,
            given,
            session: self.session,
            visit: visit.beginning(),
            watch: Watch::default(),
        };
        auth::begin(&attempt, self.auth_flow).await.map(Into::into)
    }
}

/// Answers a challenge of a user's sign-in.
#[derive(Debug, Input)]
pub struct RespondToAuthChallenge {
    pub client_id: ClientId,
    pub challenge_name: ChallengeName,
    pub session: Option<Session>,
    pub challenge_responses: Option<ChallengeResponses>,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub user_context_data: Option<UserContextData>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for RespondToAuthChallenge {
    type Caller = Public;
    type Output = StepOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::CodeMismatch,
        Code::ExpiredCode,
        Code::UnexpectedLambda,
        Code::UserLambdaValidation,
        Code::InvalidPassword,
        Code::PasswordHistoryPolicyViolation,
        Code::InvalidLambdaResponse,
        Code::TooManyRequests,
        Code::InvalidUserPoolConfiguration,
        Code::MFAMethodNotFound,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::InvalidEmailRoleAccessPolicy,
        Code::AliasExists,
        Code::InternalError,
        Code::SoftwareTokenMFANotFound,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<StepOutput> {
        let (client, pool) = directory::client(cx, &self.client_id).await?;
        let given = self.challenge_responses.map(|given| given.0).unwrap_or_default();
        let visit = Visit::public(&caller.origin, &client, self.user_context_data.as_ref(), self.client_metadata);
        let attempt = Attempt {
            cx,
            door: Door::Public,
            pool,
            client,
            given,
            session: self.session,
            visit,
            watch: Watch::default(),
        };
        auth::answer(&attempt, self.challenge_name).await.map(Into::into)
    }
}

/// Begins a sign-in on a user's behalf.
#[derive(Debug, Input)]
pub struct AdminInitiateAuth {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub auth_flow: AuthFlow,
    pub auth_parameters: Option<AuthParameters>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub context_data: Option<ContextData>,
    pub session: Option<Session>,
}

impl Operation for AdminInitiateAuth {
    type Caller = Iam;
    type Output = StepOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::UnsupportedOperation,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::InternalError,
        Code::UnexpectedLambda,
        Code::InvalidUserPoolConfiguration,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::MFAMethodNotFound,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidEmailRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<StepOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::client_of(cx, &pool, &self.client_id).await?;
        let given = self.auth_parameters.map(|given| given.0).unwrap_or_default();
        let visit = Visit::administrative(&caller.origin, self.context_data.as_ref(), self.client_metadata);
        let attempt = Attempt {
            cx,
            door: Door::Admin,
            pool,
            client,
            given,
            session: self.session,
            visit: visit.beginning(),
            watch: Watch::default(),
        };
        auth::begin(&attempt, self.auth_flow).await.map(Into::into)
    }
}

/// Answers a challenge of a sign-in on a user's behalf.
#[derive(Debug, Input)]
pub struct AdminRespondToAuthChallenge {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub challenge_name: ChallengeName,
    pub challenge_responses: Option<ChallengeResponses>,
    pub session: Option<Session>,
    pub analytics_metadata: Option<AnalyticsMetadata>,
    pub context_data: Option<ContextData>,
    pub client_metadata: Option<BTreeMap<Text, Text>>,
}

impl Operation for AdminRespondToAuthChallenge {
    type Caller = Iam;
    type Output = StepOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::CodeMismatch,
        Code::ExpiredCode,
        Code::UnexpectedLambda,
        Code::InvalidPassword,
        Code::PasswordHistoryPolicyViolation,
        Code::UserLambdaValidation,
        Code::InvalidLambdaResponse,
        Code::TooManyRequests,
        Code::InvalidUserPoolConfiguration,
        Code::InternalError,
        Code::MFAMethodNotFound,
        Code::InvalidEmailRoleAccessPolicy,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::AliasExists,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::SoftwareTokenMFANotFound,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<StepOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::client_of(cx, &pool, &self.client_id).await?;
        let given = self.challenge_responses.map(|given| given.0).unwrap_or_default();
        let visit = Visit::administrative(&caller.origin, self.context_data.as_ref(), self.client_metadata);
        let attempt = Attempt {
            cx,
            door: Door::Admin,
            pool,
            client,
            given,
            session: self.session,
            visit,
            watch: Watch::default(),
        };
        auth::answer(&attempt, self.challenge_name).await.map(Into::into)
    }
}

impl From<Step> for StepOutput {
    fn from(step: Step) -> Self {
        match step {
            // The service sends empty parameters beside tokens.
            Step::Done(result) => Self {
                challenge_name: None,
                session: None,
                challenge_parameters: Some(BTreeMap::new()),
                authentication_result: Some(result),
                available_challenges: None,
            },
            Step::Challenge { name, parameters, session, available } => Self {
                challenge_name: Some(name),
                session: Some(session),
                challenge_parameters: Some(parameters),
                authentication_result: None,
                available_challenges: available,
            },
        }
    }
}
