//! Second factors: a pool's, a user's, and the registration of authenticator apps.

use std::sync::Arc;

use cognate_shapes::enums::{UserPoolMfa, VerifySoftwareTokenResponse};
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::mfa::{
    EmailMfaConfig, EmailMfaSettings, SmsMfaConfig, SmsMfaSettings, SoftwareTokenMfaConfig, SoftwareTokenMfaSettings,
    WebAuthnConfiguration, WebAuthnMfaSettings,
};
use cognate_shapes::scalars::{
    ConfiguredUserAuthFactors, SecretCode, Session, SoftwareTokenMfaUserCode, Text, Token, UserPoolId, Username,
};
use cognate_shapes::user::MfaOption;
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, Public, TokenHolder, token_holders};
use crate::accounts::first_factors;
use crate::accounts::mfa::{self, Method, Setting};
use crate::accounts::user::{self, User};
use crate::auth;
use crate::context::Context;
use crate::directory::{self, Pool, mfa_rules, pool_changes};
use crate::tokens::verify::{self, Bearer};

token_holders! { SetUserMFAPreference, SetUserSettings, GetUserAuthFactors }

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

/// What is in force now.
#[derive(Debug, Output)]
pub struct SetUserPoolMfaConfigOutput {
    pub sms_mfa_configuration: Option<SmsMfaConfig>,
    pub software_token_mfa_configuration: Option<SoftwareTokenMfaConfig>,
    pub email_mfa_configuration: Option<EmailMfaConfig>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub web_authn_configuration: Option<WebAuthnConfiguration>,
}

impl Operation for SetUserPoolMfaConfig {
    type Caller = Iam;
    type Output = SetUserPoolMfaConfigOutput;
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

    async fn call(self, cx: &Context, caller: Iam) -> Result<SetUserPoolMfaConfigOutput> {
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
        Ok(SetUserPoolMfaConfigOutput {
            sms_mfa_configuration: sms(&pool),
            software_token_mfa_configuration: pool.further.software_token_mfa_configuration,
            email_mfa_configuration: pool.further.email_mfa_configuration,
            mfa_configuration: pool.settings.mfa_configuration.or(Some(UserPoolMfa::Off)),
            web_authn_configuration: pool.further.web_authn_configuration,
        })
    }
}

/// Shows the second factors of a pool.
#[derive(Debug, Input)]
pub struct GetUserPoolMfaConfig {
    pub user_pool_id: UserPoolId,
}

/// What is in force.
#[derive(Debug, Output)]
pub struct GetUserPoolMfaConfigOutput {
    pub sms_mfa_configuration: Option<SmsMfaConfig>,
    pub software_token_mfa_configuration: Option<SoftwareTokenMfaConfig>,
    pub email_mfa_configuration: Option<EmailMfaConfig>,
    pub mfa_configuration: Option<UserPoolMfa>,
    pub web_authn_configuration: Option<WebAuthnConfiguration>,
}

impl Operation for GetUserPoolMfaConfig {
    type Caller = Iam;
    type Output = GetUserPoolMfaConfigOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<GetUserPoolMfaConfigOutput> {
        let id = self.user_pool_id.to_string();
        let pool = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        Ok(GetUserPoolMfaConfigOutput {
            sms_mfa_configuration: sms(&pool),
            software_token_mfa_configuration: pool.further.software_token_mfa_configuration,
            email_mfa_configuration: pool.further.email_mfa_configuration,
            mfa_configuration: pool.settings.mfa_configuration.or(Some(UserPoolMfa::Off)),
            web_authn_configuration: pool.further.web_authn_configuration,
        })
    }
}

/// Begins to register an authenticator app: for who is signed in, or for who must set up MFA to sign in.
#[derive(Debug, Input)]
pub struct AssociateSoftwareToken {
    pub access_token: Option<Token>,
    pub session: Option<Session>,
}

/// The secret to enter into the app; in a sign-in also the next `Session`.
#[derive(Debug, Output)]
pub struct AssociateSoftwareTokenOutput {
    pub secret_code: Option<SecretCode>,
    pub session: Option<Session>,
}

impl Operation for AssociateSoftwareToken {
    type Caller = Public;
    type Output = AssociateSoftwareTokenOutput;
    const ERRORS: &[Code] = &[
        Code::ConcurrentModification,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::ResourceNotFound,
        Code::InternalError,
        Code::SoftwareTokenMFANotFound,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<AssociateSoftwareTokenOutput> {
        let (secret, session) = match (&self.access_token, &self.session) {
            (Some(token), None) => {
                let bearer = bearer(cx, token).await?;
                (mfa::associate(cx, &bearer.pool, &bearer.user).await?, None)
            }
            (None, Some(session)) => {
                let (secret, next) = auth::associate_software_token(cx, &caller.origin, session).await?;
                (secret, Some(next))
            }
            (None, None) | (Some(_), Some(_)) => return Err(Error::access_token_or_session()),
        };
        Ok(AssociateSoftwareTokenOutput { secret_code: Some(SecretCode::trusted(secret.as_str())), session })
    }
}

/// Ends the registration of an authenticator app with a code it shows.
#[derive(Debug, Input)]
pub struct VerifySoftwareToken {
    pub access_token: Option<Token>,
    pub session: Option<Session>,
    pub user_code: SoftwareTokenMfaUserCode,
    pub friendly_device_name: Option<Text>,
}

/// That it worked; in a sign-in also the next `Session`.
#[derive(Debug, Output)]
pub struct VerifySoftwareTokenOutput {
    pub status: Option<VerifySoftwareTokenResponse>,
    pub session: Option<Session>,
}

impl Operation for VerifySoftwareToken {
    type Caller = Public;
    type Output = VerifySoftwareTokenOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::InvalidUserPoolConfiguration,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::InternalError,
        Code::EnableSoftwareTokenMFA,
        Code::SoftwareTokenMFANotFound,
        Code::CodeMismatch,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<VerifySoftwareTokenOutput> {
        let name = self.friendly_device_name.map(|name| name.as_str().to_owned()).filter(|name| !name.is_empty());
        let code = &self.user_code;
        let session = match (&self.access_token, &self.session) {
            (Some(token), None) => {
                let bearer = bearer(cx, token).await?;
                mfa::verify(cx, &bearer.pool, &bearer.user, code, name).await?;
                None
            }
            (None, Some(session)) => Some(auth::verify_software_token(cx, &caller.origin, session, code, name).await?),
            (None, None) | (Some(_), Some(_)) => return Err(Error::access_token_or_session()),
        };
        Ok(VerifySoftwareTokenOutput { status: Some(VerifySoftwareTokenResponse::Success), session })
    }
}

/// Turns second factors of the user on and off whose access token it is.
#[derive(Debug, Input)]
pub struct SetUserMFAPreference {
    #[wire("SMSMfaSettings")]
    pub sms_mfa_settings: Option<SmsMfaSettings>,
    pub software_token_mfa_settings: Option<SoftwareTokenMfaSettings>,
    pub email_mfa_settings: Option<EmailMfaSettings>,
    pub web_authn_mfa_settings: Option<WebAuthnMfaSettings>,
    pub access_token: Token,
}

impl Operation for SetUserMFAPreference {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let (settings, passkey) = settings(
            self.sms_mfa_settings,
            self.software_token_mfa_settings,
            self.email_mfa_settings,
            self.web_authn_mfa_settings,
        );
        let bearer = caller.bearer;
        mfa::change(cx, &bearer.pool, &bearer.user.id, move |pool, user| {
            mfa::set_preference(pool, user, &settings, passkey)
        })
        .await?;
        Ok(Done {})
    }
}

/// Turns second factors of a user on and off.
#[derive(Debug, Input)]
pub struct AdminSetUserMFAPreference {
    #[wire("SMSMfaSettings")]
    pub sms_mfa_settings: Option<SmsMfaSettings>,
    pub software_token_mfa_settings: Option<SoftwareTokenMfaSettings>,
    pub email_mfa_settings: Option<EmailMfaSettings>,
    pub web_authn_mfa_settings: Option<WebAuthnMfaSettings>,
    pub username: Username,
    pub user_pool_id: UserPoolId,
}

impl Operation for AdminSetUserMFAPreference {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let (settings, passkey) = settings(
            self.sms_mfa_settings,
            self.software_token_mfa_settings,
            self.email_mfa_settings,
            self.web_authn_mfa_settings,
        );
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        mfa::change(cx, &pool, &user.id, move |pool, user| mfa::set_preference(pool, user, &settings, passkey)).await?;
        Ok(Done {})
    }
}

/// Removes the authenticator app of a user.
#[derive(Debug, Input)]
pub struct AdminDeleteSoftwareToken {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminDeleteSoftwareToken {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        mfa::change(cx, &pool, &user.id, |_, user| {
            user.profile.mfa.remove_authenticator();
            Ok(())
        })
        .await?;
        Ok(Done {})
    }
}

/// The older way to turn text messages on and off.
#[derive(Debug, Input)]
pub struct SetUserSettings {
    pub access_token: Token,
    #[wire("MFAOptions")]
    pub mfa_options: Vec<MfaOption>,
}

impl Operation for SetUserSettings {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let bearer = caller.bearer;
        let options = self.mfa_options;
        mfa::change(cx, &bearer.pool, &bearer.user.id, move |pool, user| mfa::set_options(pool, user, &options))
            .await?;
        Ok(Done {})
    }
}

/// The same by an administrator.
#[derive(Debug, Input)]
pub struct AdminSetUserSettings {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    #[wire("MFAOptions")]
    pub mfa_options: Vec<MfaOption>,
}

impl Operation for AdminSetUserSettings {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::UserNotFound,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        let options = self.mfa_options;
        mfa::change(cx, &pool, &user.id, move |pool, user| mfa::set_options(pool, user, &options)).await?;
        Ok(Done {})
    }
}

/// Shows by what the user may sign in whose access token it is.
#[derive(Debug, Input)]
pub struct GetUserAuthFactors {
    pub access_token: Token,
}

/// First and second factors.
#[derive(Debug, Output)]
pub struct GetUserAuthFactorsOutput {
    pub username: Username,
    pub preferred_mfa_setting: Option<Text>,
    #[wire("UserMFASettingList")]
    pub user_mfa_setting_list: Option<Vec<Text>>,
    pub configured_user_auth_factors: Option<ConfiguredUserAuthFactors>,
}

impl Operation for GetUserAuthFactors {
    type Caller = TokenHolder;
    type Output = GetUserAuthFactorsOutput;
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

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<GetUserAuthFactorsOutput> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        Ok(GetUserAuthFactorsOutput {
            preferred_mfa_setting: user.profile.mfa.wire_preferred(),
            user_mfa_setting_list: user.profile.mfa.wire_list(),
            configured_user_auth_factors: Some(first_factors::configured(cx, &pool, &user).await?),
            username: Username::trusted(user.username),
        })
    }
}

/// Shows by what a user may sign in.
#[derive(Debug, Input)]
pub struct AdminGetUserAuthFactors {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

/// First and second factors.
#[derive(Debug, Output)]
pub struct AdminGetUserAuthFactorsOutput {
    pub username: Username,
    pub preferred_mfa_setting: Option<Text>,
    #[wire("UserMFASettingList")]
    pub user_mfa_setting_list: Option<Vec<Text>>,
    pub configured_user_auth_factors: Option<ConfiguredUserAuthFactors>,
}

impl Operation for AdminGetUserAuthFactors {
    type Caller = Iam;
    type Output = AdminGetUserAuthFactorsOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::TooManyRequests,
        Code::UserNotFound,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AdminGetUserAuthFactorsOutput> {
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        Ok(AdminGetUserAuthFactorsOutput {
            preferred_mfa_setting: user.profile.mfa.wire_preferred(),
            user_mfa_setting_list: user.profile.mfa.wire_list(),
            configured_user_auth_factors: Some(first_factors::configured(cx, &pool, &user).await?),
            username: Username::trusted(user.username),
        })
    }
}

/// What a pool says of text messages.
fn sms(pool: &Pool) -> Option<SmsMfaConfig> {
    let config = SmsMfaConfig {
        sms_authentication_message: pool.settings.sms_authentication_message.clone(),
        sms_configuration: pool.settings.sms_configuration.clone(),
    };
    (config != SmsMfaConfig::default()).then_some(config)
}

/// Whose access token it is, in operations that may go without one.
async fn bearer(cx: &Context, token: &Token) -> Result<Bearer> {
    verify::access_token(cx, token).await.map_err(|error| match error.code {
        Code::UserNotFound => Error::access_token_revoked(),
        _ => error,
    })
}

async fn named(cx: &Context, caller: &Iam, pool_id: &UserPoolId, name: Username) -> Result<(Arc<Pool>, User)> {
    let pool = directory::pool_of(cx, &caller.principal, pool_id).await?;
    let of = Arc::clone(&pool);
    let user = cx.store.read(move |tx| user::by_name(tx, &of, &name)).await?;
    Ok((pool, user.ok_or_else(Error::user_not_found)?))
}

fn settings(
    sms: Option<SmsMfaSettings>,
    software_token: Option<SoftwareTokenMfaSettings>,
    email: Option<EmailMfaSettings>,
    passkey: Option<WebAuthnMfaSettings>,
) -> (Vec<Setting>, Option<bool>) {
    let setting = |method, enabled, preferred| Setting { method, enabled, preferred };
    let settings = [
        sms.map(|sms| setting(Method::Sms, sms.enabled, sms.preferred_mfa)),
        software_token.map(|token| setting(Method::Totp, token.enabled, token.preferred_mfa)),
        email.map(|email| setting(Method::Email, email.enabled, email.preferred_mfa)),
    ];
    (settings.into_iter().flatten().collect(), passkey.and_then(|passkey| passkey.enabled))
}
