//! User pools.

use std::collections::BTreeMap;

use cognate_crypto::ids;
use cognate_shapes::enums::{DeletionProtection, UserPoolMfa, UserPoolTier, VerifiedAttribute};
use cognate_shapes::error::Code::{
    self, ConcurrentModification, FeatureUnavailableInTier, InternalError, InvalidEmailRoleAccessPolicy,
    InvalidParameter, InvalidSmsRoleAccessPolicy, InvalidSmsRoleTrustRelationship, LimitExceeded, NotAuthorized,
    OperationNotEnabled, ResourceNotFound, TierChangeNotAllowed, TooManyRequests, UserImportInProgress,
    UserPoolTagging,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::pool::{
    AccountRecoverySetting, AdminCreateUserConfig, DcrConfiguration, DeviceConfiguration, EmailConfiguration,
    IssuerConfiguration, KeyConfiguration, LambdaConfig, Settings, SmsConfiguration, UserAttributeUpdateSettings,
    UserPool, UserPoolAddOns, UserPoolDescription, UserPoolPolicy, VerificationMessageTemplate,
};
use cognate_shapes::scalars::{
    AcrConfiguration, CustomAttributes, EmailVerificationMessage, EmailVerificationSubject, PaginationKeyToken,
    PoolQueryLimit, SchemaAttributes, SmsVerificationMessage, TagKey, TagValue, UserPoolId, UserPoolName,
};
use cognate_shapes::{Input, Output, Timestamp};
use cognate_store::pools;

use super::operation::{Done, Iam, NoBody, Operation};
use super::pagination;
use crate::context::Context;
use crate::directory::{self, FurtherSettings, Pool, described, pool_changes, pool_rules, schema_rules};

/// Makes a user pool in the Region of the request.
#[derive(Debug, Input)]
pub struct CreateUserPool {
    pub pool_name: UserPoolName,
    #[wire(flatten)]
    pub settings: Settings,
    pub schema: Option<SchemaAttributes>,
}

/// The new pool.
#[derive(Debug, Output)]
pub struct UserPoolOutput {
    pub user_pool: Option<UserPool>,
}

impl Operation for CreateUserPool {
    type Caller = Iam;
    type Output = UserPoolOutput;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        TooManyRequests,
        LimitExceeded,
        InvalidSmsRoleAccessPolicy,
        InvalidSmsRoleTrustRelationship,
        InvalidEmailRoleAccessPolicy,
        NotAuthorized,
        UserPoolTagging,
        InternalError,
        TierChangeNotAllowed,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolOutput> {
        let region = directory::region_of(cx, &caller.principal)?;
        let limits = &cx.config.limits;
        let name = self.pool_name.to_string();
        let schema =
            schema_rules::created(self.schema.as_deref().unwrap_or_default(), limits.custom_attributes_per_pool)?;
        let settings = pool_rules::created(self.settings, region, limits.tags_per_pool)?;
        let now = cx.clock.now_ms();
        let pool = Pool {
            id: format!("{region}_{}", ids::pool_suffix(cx.rng.bytes())),
            account: caller.principal.account.clone(),
            region: region.to_owned(),
            name,
            created_ms: now,
            modified_ms: now,
            version: 1,
            settings,
            further: FurtherSettings::default(),
            schema,
        };
        pool_changes::insert(cx, &pool).await?;
        Ok(UserPoolOutput { user_pool: Some(described::pool(&pool, 0)) })
    }
}

/// Describes a user pool.
#[derive(Debug, Input)]
pub struct DescribeUserPool {
    pub user_pool_id: UserPoolId,
}

impl Operation for DescribeUserPool {
    type Caller = Iam;
    type Output = UserPoolOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        UserPoolTagging,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UserPoolOutput> {
        let (pool, users) = cx
            .store
            .read(move |tx| {
                let pool = pool_changes::stored(tx, &caller.principal, &self.user_pool_id)?;
                let users = pools::users(tx, &pool.id)?;
                Ok::<_, Error>((pool, users))
            })
            .await?;
        Ok(UserPoolOutput { user_pool: Some(described::pool(&pool, users)) })
    }
}

/// Replaces the settings of a user pool: what is absent goes back to its default.
#[derive(Debug, Input)]
pub struct UpdateUserPool {
    pub user_pool_id: UserPoolId,
    pub policies: Option<UserPoolPolicy>,
    pub deletion_protection: Option<DeletionProtection>,
    pub lambda_config: Option<LambdaConfig>,
    pub auto_verified_attributes: Option<Vec<VerifiedAttribute>>,
    pub sms_verification_message: Option<SmsVerificationMessage>,
    pub email_verification_message: Option<EmailVerificationMessage>,
    pub email_verification_subject: Option<EmailVerificationSubject>,
    pub verification_message_template: Option<VerificationMessageTemplate>,
    pub sms_authentication_message: Option<SmsVerificationMessage>,
    pub user_attribute_update_settings: Option<UserAttributeUpdateSettings>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub device_configuration: Option<DeviceConfiguration>,
    pub email_configuration: Option<EmailConfiguration>,
    pub sms_configuration: Option<SmsConfiguration>,
    pub user_pool_tags: Option<BTreeMap<TagKey, TagValue>>,
    pub admin_create_user_config: Option<AdminCreateUserConfig>,
    pub user_pool_add_ons: Option<UserPoolAddOns>,
    pub dcr_configuration: Option<DcrConfiguration>,
    pub account_recovery_setting: Option<AccountRecoverySetting>,
    pub pool_name: Option<UserPoolName>,
    pub user_pool_tier: Option<UserPoolTier>,
    pub key_configuration: Option<KeyConfiguration>,
    pub issuer_configuration: Option<IssuerConfiguration>,
    pub acr_configuration: Option<AcrConfiguration>,
}

impl Operation for UpdateUserPool {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        ConcurrentModification,
        TooManyRequests,
        NotAuthorized,
        UserImportInProgress,
        InternalError,
        InvalidSmsRoleAccessPolicy,
        InvalidSmsRoleTrustRelationship,
        UserPoolTagging,
        InvalidEmailRoleAccessPolicy,
        OperationNotEnabled,
        TierChangeNotAllowed,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let id = self.user_pool_id.to_string();
        let before = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        let name = self.pool_name.as_deref().unwrap_or(&before.name).to_owned();
        let most_tags = cx.config.limits.tags_per_pool;
        let settings = pool_rules::updated(self.settings(), &before, most_tags)?;
        pool_changes::replace(cx, &Pool { name, settings, modified_ms: cx.clock.now_ms(), ..before }).await?;
        Ok(Done {})
    }
}

impl UpdateUserPool {
    /// The settings as given.
    fn settings(self) -> Settings {
        Settings {
            policies: self.policies,
            deletion_protection: self.deletion_protection,
            lambda_config: self.lambda_config,
            auto_verified_attributes: self.auto_verified_attributes,
            sms_verification_message: self.sms_verification_message,
            email_verification_message: self.email_verification_message,
            email_verification_subject: self.email_verification_subject,
            verification_message_template: self.verification_message_template,
            sms_authentication_message: self.sms_authentication_message,
            user_attribute_update_settings: self.user_attribute_update_settings,
            mfa_configuration: self.mfa_configuration,
            device_configuration: self.device_configuration,
            email_configuration: self.email_configuration,
            sms_configuration: self.sms_configuration,
            user_pool_tags: self.user_pool_tags,
            admin_create_user_config: self.admin_create_user_config,
            user_pool_add_ons: self.user_pool_add_ons,
            dcr_configuration: self.dcr_configuration,
            account_recovery_setting: self.account_recovery_setting,
            user_pool_tier: self.user_pool_tier,
            key_configuration: self.key_configuration,
            issuer_configuration: self.issuer_configuration,
            acr_configuration: self.acr_configuration,
            ..Settings::default()
        }
    }
}

/// Deletes a user pool with its clients, users and groups.
#[derive(Debug, Input)]
pub struct DeleteUserPool {
    pub user_pool_id: UserPoolId,
}

impl Operation for DeleteUserPool {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        UserImportInProgress,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        pool_changes::delete(cx, &caller.principal, &self.user_pool_id).await?;
        Ok(NoBody)
    }
}

/// Lists the user pools of the account in the Region of the request.
#[derive(Debug, Input)]
pub struct ListUserPools {
    pub next_token: Option<PaginationKeyToken>,
    pub max_results: PoolQueryLimit,
}

/// A page of pools.
#[derive(Debug, Output)]
pub struct ListUserPoolsOutput {
    pub user_pools: Option<Vec<UserPoolDescription>>,
    pub next_token: Option<PaginationKeyToken>,
}

impl Operation for ListUserPools {
    type Caller = Iam;
    type Output = ListUserPoolsOutput;
    const ERRORS: &[Code] = &[InvalidParameter, TooManyRequests, NotAuthorized, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUserPoolsOutput> {
        let account = caller.principal.account.clone();
        let region = directory::region_of(cx, &caller.principal)?.to_owned();
        let scope = ("ListUserPools", account.clone(), region.clone());
        let token = self.next_token.as_deref();
        let after = token.map(|token| pagination::open::<String>(cx, &scope, token)).transpose()?.unwrap_or_default();
        let size = self.max_results.0;
        let rows = cx.store.scan(move |tx| pools::list(tx, &account, &region, &after, size + 1)).await?;
        let (rows, next) = pagination::page(cx, &scope, rows, size as usize, |row| &row.id)?;
        let describe = |row| {
            let pool = Pool::from_row(row)?;
            Ok(UserPoolDescription {
                id: Some(UserPoolId::trusted(pool.id)),
                name: Some(UserPoolName::trusted(pool.name)),
                lambda_config: pool.settings.lambda_config,
                last_modified_date: Some(Timestamp(pool.modified_ms)),
                creation_date: Some(Timestamp(pool.created_ms)),
                ..UserPoolDescription::default()
            })
        };
        Ok(ListUserPoolsOutput {
            user_pools: Some(rows.into_iter().map(describe).collect::<Result<_>>()?),
            next_token: next.map(PaginationKeyToken::trusted),
        })
    }
}

/// Adds attributes to a pool's schema; once there they cannot be changed or removed.
#[derive(Debug, Input)]
pub struct AddCustomAttributes {
    pub user_pool_id: UserPoolId,
    pub custom_attributes: CustomAttributes,
}

impl Operation for AddCustomAttributes {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        OperationNotEnabled,
        UserImportInProgress,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let most = cx.config.limits.custom_attributes_per_pool;
        let now = cx.clock.now_ms();
        pool_changes::amend(cx, &caller.principal, &self.user_pool_id, move |pool| {
            pool.schema = schema_rules::extended(&pool.schema, &self.custom_attributes, most)?;
            pool.modified_ms = now;
            Ok(())
        })
        .await?;
        Ok(Done {})
    }
}
