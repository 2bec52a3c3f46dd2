//! The second factors of a pool.

use cognate_shapes::enums::UserPoolMfa;
use cognate_shapes::error::{Code, Result};
use cognate_shapes::mfa::{EmailMfaConfig, SmsMfaConfig, SoftwareTokenMfaConfig, WebAuthnConfiguration};
use cognate_shapes::scalars::UserPoolId;
use cognate_shapes::{Input, Output};

use super::operation::{Iam, Operation};
use crate::context::Context;
use crate::directory::{Pool, mfa_rules, pool_changes};

/// Sets by which second factors users of a pool sign in, and whether they must.
#[derive(Debug, Input)]
pub struct SetUserPoolMfaConfig {
    pub user_pool_id: UserPoolId,
    pub sms_mfa_configuration: Option<SmsMfaConfig>,
    pub software_token_mfa_configuration: Option<SoftwareTokenMfaConfig>,
    pub email_mfa_configuration: Option<EmailMfaConfig>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub web_authn_configuration: Option<WebAuthnConfiguration>,
}

/// What is in force.
#[derive(Debug, Output)]
pub struct MfaConfigOutput {
    pub sms_mfa_configuration: Option<SmsMfaConfig>,
    pub software_token_mfa_configuration: Option<SoftwareTokenMfaConfig>,
    pub email_mfa_configuration: Option<EmailMfaConfig>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub web_authn_configuration: Option<WebAuthnConfiguration>,
}

impl MfaConfigOutput {
    fn of(pool: Pool) -> Self {
        let sms = SmsMfaConfig {
            sms_authentication_message: pool.settings.sms_authentication_message,
            sms_configuration: pool.settings.sms_configuration,
        };
        Self {
            sms_mfa_configuration: (sms != SmsMfaConfig::default()).then_some(sms),
            software_token_mfa_configuration: pool.further.software_token_mfa_configuration,
            email_mfa_configuration: pool.further.email_mfa_configuration,
            mfa_configuration: pool.settings.mfa_configuration.or(Some(UserPoolMfa::Off)),
            web_authn_configuration: pool.further.web_authn_configuration,
        }
    }
}

impl Operation for SetUserPoolMfaConfig {
    type Caller = Iam;
    type Output = MfaConfigOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ConcurrentModification,
        Code::ResourceNotFound,
        Code::InvalidSmsRoleAccessPolicy,
        Code::InvalidSmsRoleTrustRelationship,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<MfaConfigOutput> {
        let id = self.user_pool_id.to_string();
        let mut pool = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        let given = mfa_rules::Given {
            mfa: self.mfa_configuration,
            sms: self.sms_mfa_configuration,
            software_token: self.software_token_mfa_configuration,
            email: self.email_mfa_configuration,
            web_authn: self.web_authn_configuration,
        };
        mfa_rules::configure(&mut pool, given)?;
        pool.modified_ms = cx.clock.now_ms();
        pool_changes::replace(cx, &pool).await?;
        Ok(MfaConfigOutput::of(pool))
    }
}

/// Shows the second factors of a pool.
#[derive(Debug, Input)]
pub struct GetUserPoolMfaConfig {
    pub user_pool_id: UserPoolId,
}

impl Operation for GetUserPoolMfaConfig {
    type Caller = Iam;
    type Output = MfaConfigOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<MfaConfigOutput> {
        let id = self.user_pool_id.to_string();
        let pool = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        Ok(MfaConfigOutput::of(pool))
    }
}
