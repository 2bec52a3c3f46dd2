//! Devices: confirmed, shown, remembered and forgotten, by their users and by administrators.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::Verifier;
use cognate_shapes::device::{Device, DeviceSecretVerifierConfig};
use cognate_shapes::enums::DeviceRememberedStatus;
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{
    DeviceKey, DeviceName, QueryLimit, SearchPaginationToken, Text, Token, UserPoolId, Username,
};
use cognate_shapes::{Input, Output};
use cognate_store::Tx;

use super::operation::{Done, HoldsToken, Iam, NoBody, Operation, TokenHolder, token_holders};
use super::pagination;
use crate::accounts::devices;
use crate::accounts::user::{self, User};
use crate::context::Context;
use crate::directory::{self, Pool};

token_holders! { ConfirmDevice, ListDevices, UpdateDeviceStatus }

/// The token is optional in the model alone.
macro_rules! optional_tokens {
    ($($name:ident),+) => {$(
        impl HoldsToken for $name {
            fn access_token(&self) -> &str {
                self.access_token.as_deref().unwrap_or_default()
            }
        }
    )+};
}

optional_tokens! { GetDevice, ForgetDevice }

/// Keeps the device of the token's sign-in, with the verifier of the password that it made up.
#[derive(Debug, Input)]
pub struct ConfirmDevice {
    pub access_token: Token,
    pub device_key: DeviceKey,
    pub device_secret_verifier_config: Option<DeviceSecretVerifierConfig>,
    pub device_name: Option<DeviceName>,
}

/// Whether the user is to be asked about remembering the device.
#[derive(Debug, Output)]
pub struct ConfirmDeviceOutput {
    pub user_confirmation_necessary: Option<bool>,
}

impl Operation for ConfirmDevice {
    type Caller = TokenHolder;
    type Output = ConfirmDeviceOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::InvalidPassword,
        Code::InvalidLambdaResponse,
        Code::UsernameExists,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::InternalError,
        Code::OperationNotEnabled,
        Code::DeviceKeyExists,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<ConfirmDeviceOutput> {
        let bearer = caller.bearer;
        let (pool, user) = (bearer.pool, bearer.user);
        if !devices::are_tracked(&pool) {
            return Err(Error::devices_not_tracked());
        }
        // The key is one that this very sign-in was given: nobody chooses a key, and a token names one device.
        if bearer.device_key.as_deref() != Some(self.device_key.as_str()) {
            return Err(Error::invalid_device_key());
        }
        let verifier = verifier(self.device_secret_verifier_config.as_ref())?;
        let name = self.device_name.map(DeviceName::into_string);
        let device = devices::confirmed(cx, &pool, &user, &self.device_key, name, &verifier, caller.origin.peer);
        let necessary = devices::await_consent(&pool);
        cx.store.write(move |tx| devices::insert(tx, &pool, &user.id, &device)).await?;
        Ok(ConfirmDeviceOutput { user_confirmation_necessary: Some(necessary) })
    }
}

/// Shows a device of the token's holder.
#[derive(Debug, Input)]
pub struct GetDevice {
    pub device_key: DeviceKey,
    pub access_token: Option<Token>,
}

/// The device.
#[derive(Debug, Output)]
pub struct DeviceOutput {
    pub device: Device,
}

impl Operation for GetDevice {
    type Caller = TokenHolder;
    type Output = DeviceOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::InvalidUserPoolConfiguration,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<DeviceOutput> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        let device = cx.store.read(move |tx| devices::named(tx, &pool, &user.id, &self.device_key)).await?;
        Ok(DeviceOutput { device: device.wire() })
    }
}

/// Lists the devices of the token's holder, in order of key.
#[derive(Debug, Input)]
pub struct ListDevices {
    pub access_token: Token,
    pub limit: Option<QueryLimit>,
    pub pagination_token: Option<SearchPaginationToken>,
}

/// One page of the devices.
#[derive(Debug, Output)]
pub struct DevicesOutput {
    pub devices: Option<Vec<Device>>,
    pub pagination_token: Option<SearchPaginationToken>,
}

impl Operation for ListDevices {
    type Caller = TokenHolder;
    type Output = DevicesOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<DevicesOutput> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        let scope = ("ListDevices", &pool.id, &user.id);
        let size = pagination::size(self.limit);
        let after = self.pagination_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, user_id) = (Arc::clone(&pool), user.id.clone());
        let found = cx.store.read(move |tx| devices::of_user(tx, &read, &user_id, &after, size as i64 + 1));
        let (found, next) = pagination::page(cx, &scope, found.await?, size, |device| &device.key)?;
        Ok(DevicesOutput {
            devices: Some(found.iter().map(devices::Device::wire).collect()),
            pagination_token: next.map(SearchPaginationToken::trusted),
        })
    }
}

/// Forgets a device of the token's holder.
#[derive(Debug, Input)]
pub struct ForgetDevice {
    pub access_token: Option<Token>,
    pub device_key: DeviceKey,
}

impl Operation for ForgetDevice {
    type Caller = TokenHolder;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::InvalidUserPoolConfiguration,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<NoBody> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        cx.store.write(move |tx| devices::forget(tx, &pool, &user.id, &self.device_key)).await?;
        Ok(NoBody)
    }
}

/// Changes whether a device stands for the token's holder.
#[derive(Debug, Input)]
pub struct UpdateDeviceStatus {
    pub access_token: Token,
    pub device_key: DeviceKey,
    pub device_remembered_status: Option<DeviceRememberedStatus>,
}

impl Operation for UpdateDeviceStatus {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::NotAuthorized,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::Forbidden,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let (pool, user) = (caller.bearer.pool, caller.bearer.user);
        let (status, now) = (self.device_remembered_status, cx.clock.now_ms());
        cx.store.write(move |tx| devices::remember(tx, &pool, &user.id, &self.device_key, status, now)).await?;
        Ok(Done {})
    }
}

/// Shows a device of a user.
#[derive(Debug, Input)]
pub struct AdminGetDevice {
    pub device_key: DeviceKey,
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminGetDevice {
    type Caller = Iam;
    type Output = DeviceOutput;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::NotAuthorized,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<DeviceOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let device = cx.store.read(move |tx| {
            let user = owner(tx, &pool, &self.username)?;
            devices::named(tx, &pool, &user.id, &self.device_key)
        });
        Ok(DeviceOutput { device: device.await?.wire() })
    }
}

/// Lists the devices of a user, in order of key.
#[derive(Debug, Input)]
pub struct AdminListDevices {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub limit: Option<QueryLimit>,
    pub pagination_token: Option<SearchPaginationToken>,
}

impl Operation for AdminListDevices {
    type Caller = Iam;
    type Output = DevicesOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::OperationNotEnabled,
        Code::InternalError,
        Code::NotAuthorized,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<DevicesOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let scope = ("AdminListDevices", &pool.account, &pool.id, &self.username);
        let size = pagination::size(self.limit);
        let after = self.pagination_token.map(|token| pagination::open(cx, &scope, &token)).transpose()?;
        let after: String = after.unwrap_or_default();
        let (read, name) = (Arc::clone(&pool), self.username.clone());
        let found = cx.store.read(move |tx| {
            let user = owner(tx, &read, &name)?;
            devices::of_user(tx, &read, &user.id, &after, size as i64 + 1)
        });
        let (found, next) = pagination::page(cx, &scope, found.await?, size, |device| &device.key)?;
        Ok(DevicesOutput {
            devices: Some(found.iter().map(devices::Device::wire).collect()),
            pagination_token: next.map(SearchPaginationToken::trusted),
        })
    }
}

/// Forgets a device of a user.
#[derive(Debug, Input)]
pub struct AdminForgetDevice {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub device_key: DeviceKey,
}

impl Operation for AdminForgetDevice {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::UserNotFound,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let forgotten = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            devices::forget(tx, &pool, &user.id, &self.device_key)
        });
        forgotten.await.map(|()| NoBody)
    }
}

/// Changes whether a device stands for a user.
#[derive(Debug, Input)]
pub struct AdminUpdateDeviceStatus {
    pub user_pool_id: UserPoolId,
    pub username: Username,
    pub device_key: DeviceKey,
    pub device_remembered_status: Option<DeviceRememberedStatus>,
}

impl Operation for AdminUpdateDeviceStatus {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::InvalidUserPoolConfiguration,
        Code::TooManyRequests,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
        Code::UserNotFound,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let (status, now) = (self.device_remembered_status, cx.clock.now_ms());
        let changed = cx.store.write(move |tx| {
            let user = user::by_name(tx, &pool, &self.username)?.ok_or_else(Error::user_not_found)?;
            devices::remember(tx, &pool, &user.id, &self.device_key, status, now)
        });
        changed.await.map(|()| Done {})
    }
}

/// The verifier of a device's password, as the device computed it.
fn verifier(given: Option<&DeviceSecretVerifierConfig>) -> Result<Verifier> {
    let part = |part: Option<&Text>| part.and_then(|part| STANDARD.decode(part.as_str()).ok());
    let salt = given.and_then(|given| part(given.salt.as_ref())).ok_or_else(Error::device_verifier_invalid)?;
    let v = given.and_then(|given| part(given.password_verifier.as_ref()));
    let v = v.ok_or_else(Error::device_verifier_invalid)?;
    Verifier::from_parts(&salt, &v).map_err(|_| Error::device_verifier_invalid())
}

/// The user of that name, for operations whose model cannot say that there is none.
fn owner(tx: &mut Tx<'_>, pool: &Pool, name: &str) -> Result<User> {
    user::by_name(tx, pool, name)?.ok_or_else(|| Error::new(Code::ResourceNotFound, Error::user_not_found().message))
}
