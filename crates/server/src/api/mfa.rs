//! The second factors of a user, and by what a user may sign in.

use std::sync::Arc;

use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::mfa::{EmailMfaSettings, SmsMfaSettings, SoftwareTokenMfaSettings, WebAuthnMfaSettings};
use cognate_shapes::scalars::{ConfiguredUserAuthFactors, Text, Token, UserPoolId, Username};
use cognate_shapes::user::MfaOption;
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation, TokenHolder, token_holders};
use crate::accounts::first_factors;
use crate::accounts::mfa::{self, Method, Setting};
use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::{self, Pool};

token_holders! { SetUserMFAPreference, SetUserSettings, GetUserAuthFactors }

/// What either operation says of each method.
#[derive(Debug, Input)]
pub struct Preference {
    #[wire("SMSMfaSettings")]
    pub sms_mfa_settings: Option<SmsMfaSettings>,
    pub software_token_mfa_settings: Option<SoftwareTokenMfaSettings>,
    pub email_mfa_settings: Option<EmailMfaSettings>,
    pub web_authn_mfa_settings: Option<WebAuthnMfaSettings>,
}

impl Preference {
    /// The methods that it names, and whether passkeys verify the user.
    fn settings(self) -> (Vec<Setting>, Option<bool>) {
        let setting = |method, enabled, preferred| Setting { method, enabled, preferred };
        let settings = [
            self.sms_mfa_settings.map(|sms| setting(Method::Sms, sms.enabled, sms.preferred_mfa)),
            self.software_token_mfa_settings.map(|app| setting(Method::Totp, app.enabled, app.preferred_mfa)),
            self.email_mfa_settings.map(|email| setting(Method::Email, email.enabled, email.preferred_mfa)),
        ];
        let passkey = self.web_authn_mfa_settings.and_then(|passkey| passkey.enabled);
        (settings.into_iter().flatten().collect(), passkey)
    }
}

/// Turns second factors of the user on and off whose access token it is.
#[derive(Debug, Input)]
pub struct SetUserMFAPreference {
    #[wire(flatten)]
    pub preference: Preference,
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
        let (settings, passkey) = self.preference.settings();
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
    #[wire(flatten)]
    pub preference: Preference,
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
        let (settings, passkey) = self.preference.settings();
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        mfa::change(cx, &pool, &user.id, move |pool, user| mfa::set_preference(pool, user, &settings, passkey)).await?;
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

impl GetUserAuthFactorsOutput {
    async fn of(cx: &Context, pool: &Arc<Pool>, user: User) -> Result<Self> {
        Ok(Self {
            preferred_mfa_setting: user.profile.mfa.wire_preferred(),
            user_mfa_setting_list: user.profile.mfa.wire_list(),
            configured_user_auth_factors: Some(first_factors::configured(cx, pool, &user).await?),
            username: Username::trusted(user.username),
        })
    }
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
        GetUserAuthFactorsOutput::of(cx, &pool, user).await
    }
}

/// Shows by what a user may sign in.
#[derive(Debug, Input)]
pub struct AdminGetUserAuthFactors {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminGetUserAuthFactors {
    type Caller = Iam;
    type Output = GetUserAuthFactorsOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::TooManyRequests,
        Code::UserNotFound,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<GetUserAuthFactorsOutput> {
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        GetUserAuthFactorsOutput::of(cx, &pool, user).await
    }
}

/// The user whom an administrator names.
pub(super) async fn named(
    cx: &Context,
    caller: &Iam,
    pool_id: &UserPoolId,
    name: Username,
) -> Result<(Arc<Pool>, User)> {
    let pool = directory::pool_of(cx, &caller.principal, pool_id).await?;
    let of = Arc::clone(&pool);
    let user = cx.store.read(move |tx| user::by_name(tx, &of, &name)).await?;
    Ok((pool, user.ok_or_else(Error::user_not_found)?))
}
