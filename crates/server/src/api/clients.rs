//! App clients and their secrets.

use cognate_crypto::ids;
use cognate_shapes::client::{
    AnalyticsConfiguration, ClientSecretDescriptor, RefreshTokenRotation, TokenValidityUnits, UserPoolClient,
    UserPoolClientDescription,
};
use cognate_shapes::enums::{ClientType, ExplicitAuthFlows, PreventUserExistenceErrors};
use cognate_shapes::error::Code::{
    self, AccessDenied, ConcurrentModification, FeatureUnavailableInTier, InternalError, InternalServer,
    InvalidOAuthFlow, InvalidParameter, LimitExceeded, NotAuthorized, OperationNotEnabled, ResourceNotFound,
    ScopeDoesNotExist, TooManyRequests,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{
    AccessTokenValidity, AuthSessionValidity, CallbackUrls, ClientId, ClientName, ClientPermission, ClientSecret,
    ClientSecretId, IdTokenValidity, LogoutUrls, OAuthFlows, PaginationKey, ProviderName, QueryLimitMin1, RedirectUrl,
    RefreshTokenValidity, Scopes, UserPoolId,
};
use cognate_shapes::{Input, Output, Timestamp};
use cognate_store::clients;

use super::operation::{Done, Iam, NoBody, Operation};
use super::pagination;
use crate::context::Context;
use crate::directory::{self, Client, ClientSettings, Secret, client_changes, described};

/// How many clients a page of a list has unless the request says.
const PAGE: i64 = 60;

/// Makes an app client of a user pool.
#[derive(Debug, Input)]
pub struct CreateUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_name: ClientName,
    pub generate_secret: Option<bool>,
    pub client_secret: Option<ClientSecret>,
    pub refresh_token_validity: Option<RefreshTokenValidity>,
    pub access_token_validity: Option<AccessTokenValidity>,
    pub id_token_validity: Option<IdTokenValidity>,
    pub token_validity_units: Option<TokenValidityUnits>,
    pub read_attributes: Option<Vec<ClientPermission>>,
    pub write_attributes: Option<Vec<ClientPermission>>,
    pub explicit_auth_flows: Option<Vec<ExplicitAuthFlows>>,
    pub supported_identity_providers: Option<Vec<ProviderName>>,
    #[wire("CallbackURLs")]
    pub callback_urls: Option<CallbackUrls>,
    #[wire("LogoutURLs")]
    pub logout_urls: Option<LogoutUrls>,
    #[wire("DefaultRedirectURI")]
    pub default_redirect_uri: Option<RedirectUrl>,
    #[wire("AllowedOAuthFlows")]
    pub allowed_oauth_flows: Option<OAuthFlows>,
    #[wire("AllowedOAuthScopes")]
    pub allowed_oauth_scopes: Option<Scopes>,
    #[wire("AllowedOAuthFlowsUserPoolClient")]
    pub allowed_oauth_flows_user_pool_client: Option<bool>,
    pub analytics_configuration: Option<AnalyticsConfiguration>,
    pub prevent_user_existence_errors: Option<PreventUserExistenceErrors>,
    pub enable_token_revocation: Option<bool>,
    pub enable_propagate_additional_user_context_data: Option<bool>,
    pub auth_session_validity: Option<AuthSessionValidity>,
    pub refresh_token_rotation: Option<RefreshTokenRotation>,
}

/// The new client, with its secret if it has one.
#[derive(Debug, Output)]
pub struct CreateUserPoolClientOutput {
    pub user_pool_client: Option<UserPoolClient>,
}

impl Operation for CreateUserPoolClient {
    type Caller = Iam;
    type Output = CreateUserPoolClientOutput;
    const ERRORS: &[Code] = &[
        InvalidParameter,
        ResourceNotFound,
        TooManyRequests,
        LimitExceeded,
        NotAuthorized,
        ScopeDoesNotExist,
        InvalidOAuthFlow,
        OperationNotEnabled,
        InternalError,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<CreateUserPoolClientOutput> {
        if self.generate_secret == Some(true) && self.client_secret.is_some() {
            return Err(Error::two_sources_of_secret());
        }
        let now = cx.clock.now_ms();
        let id = ids::client_id(cx.rng.bytes());
        let confidential = self.generate_secret == Some(true) || self.client_secret.is_some();
        let secret = confidential.then(|| client_changes::secret(cx, self.client_secret.as_deref(), &id, now));
        let client = Client {
            id,
            pool_id: self.user_pool_id.as_str().to_owned(),
            name: self.client_name.as_str().to_owned(),
            created_ms: now,
            modified_ms: now,
            secrets: secret.into_iter().collect(),
            settings: self.settings(),
            sso_minutes: None,
        };
        let client = client_changes::insert(cx, &caller.principal, client).await?;
        Ok(CreateUserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

impl CreateUserPoolClient {
    /// The settings as given.
    fn settings(self) -> ClientSettings {
        ClientSettings {
            refresh_token_validity: self.refresh_token_validity,
            access_token_validity: self.access_token_validity,
            id_token_validity: self.id_token_validity,
            token_validity_units: self.token_validity_units,
            read_attributes: self.read_attributes,
            write_attributes: self.write_attributes,
            explicit_auth_flows: self.explicit_auth_flows,
            supported_identity_providers: self.supported_identity_providers,
            callback_urls: self.callback_urls,
            logout_urls: self.logout_urls,
            default_redirect_uri: self.default_redirect_uri,
            allowed_oauth_flows: self.allowed_oauth_flows,
            allowed_oauth_scopes: self.allowed_oauth_scopes,
            allowed_oauth_flows_user_pool_client: self.allowed_oauth_flows_user_pool_client,
            analytics_configuration: self.analytics_configuration,
            prevent_user_existence_errors: self.prevent_user_existence_errors,
            enable_token_revocation: self.enable_token_revocation,
            enable_propagate_additional_user_context_data: self.enable_propagate_additional_user_context_data,
            auth_session_validity: self.auth_session_validity,
            refresh_token_rotation: self.refresh_token_rotation,
        }
    }
}

/// Describes an app client.
#[derive(Debug, Input)]
pub struct DescribeUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
}

/// The client with its settings and its secret if it has one.
#[derive(Debug, Output)]
pub struct DescribeUserPoolClientOutput {
    pub user_pool_client: Option<UserPoolClient>,
}

impl Operation for DescribeUserPoolClient {
    type Caller = Iam;
    type Output = DescribeUserPoolClientOutput;
    const ERRORS: &[Code] =
        &[ResourceNotFound, InvalidParameter, TooManyRequests, OperationNotEnabled, NotAuthorized, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<DescribeUserPoolClientOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        Ok(DescribeUserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

/// Replaces the settings of an app client: what is absent goes back to its default.
#[derive(Debug, Input)]
pub struct UpdateUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_name: Option<ClientName>,
    pub refresh_token_validity: Option<RefreshTokenValidity>,
    pub access_token_validity: Option<AccessTokenValidity>,
    pub id_token_validity: Option<IdTokenValidity>,
    pub token_validity_units: Option<TokenValidityUnits>,
    pub read_attributes: Option<Vec<ClientPermission>>,
    pub write_attributes: Option<Vec<ClientPermission>>,
    pub explicit_auth_flows: Option<Vec<ExplicitAuthFlows>>,
    pub supported_identity_providers: Option<Vec<ProviderName>>,
    #[wire("CallbackURLs")]
    pub callback_urls: Option<CallbackUrls>,
    #[wire("LogoutURLs")]
    pub logout_urls: Option<LogoutUrls>,
    #[wire("DefaultRedirectURI")]
    pub default_redirect_uri: Option<RedirectUrl>,
    #[wire("AllowedOAuthFlows")]
    pub allowed_oauth_flows: Option<OAuthFlows>,
    #[wire("AllowedOAuthScopes")]
    pub allowed_oauth_scopes: Option<Scopes>,
    #[wire("AllowedOAuthFlowsUserPoolClient")]
    pub allowed_oauth_flows_user_pool_client: Option<bool>,
    pub analytics_configuration: Option<AnalyticsConfiguration>,
    pub prevent_user_existence_errors: Option<PreventUserExistenceErrors>,
    pub enable_token_revocation: Option<bool>,
    pub enable_propagate_additional_user_context_data: Option<bool>,
    pub auth_session_validity: Option<AuthSessionValidity>,
    pub refresh_token_rotation: Option<RefreshTokenRotation>,
}

/// The client as it is now.
#[derive(Debug, Output)]
pub struct UpdateUserPoolClientOutput {
    pub user_pool_client: Option<UserPoolClient>,
}

impl Operation for UpdateUserPoolClient {
    type Caller = Iam;
    type Output = UpdateUserPoolClientOutput;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        ConcurrentModification,
        TooManyRequests,
        NotAuthorized,
        ScopeDoesNotExist,
        InvalidOAuthFlow,
        OperationNotEnabled,
        InternalError,
        FeatureUnavailableInTier,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<UpdateUserPoolClientOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let before = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        let name = self.client_name.clone();
        let client = client_changes::replace(cx, &caller.principal, &before, name.as_deref(), self.settings()).await?;
        Ok(UpdateUserPoolClientOutput { user_pool_client: Some(described::client(&client)) })
    }
}

impl UpdateUserPoolClient {
    /// The settings as given.
    fn settings(self) -> ClientSettings {
        ClientSettings {
            refresh_token_validity: self.refresh_token_validity,
            access_token_validity: self.access_token_validity,
            id_token_validity: self.id_token_validity,
            token_validity_units: self.token_validity_units,
            read_attributes: self.read_attributes,
            write_attributes: self.write_attributes,
            explicit_auth_flows: self.explicit_auth_flows,
            supported_identity_providers: self.supported_identity_providers,
            callback_urls: self.callback_urls,
            logout_urls: self.logout_urls,
            default_redirect_uri: self.default_redirect_uri,
            allowed_oauth_flows: self.allowed_oauth_flows,
            allowed_oauth_scopes: self.allowed_oauth_scopes,
            allowed_oauth_flows_user_pool_client: self.allowed_oauth_flows_user_pool_client,
            analytics_configuration: self.analytics_configuration,
            prevent_user_existence_errors: self.prevent_user_existence_errors,
            enable_token_revocation: self.enable_token_revocation,
            enable_propagate_additional_user_context_data: self.enable_propagate_additional_user_context_data,
            auth_session_validity: self.auth_session_validity,
            refresh_token_rotation: self.refresh_token_rotation,
        }
    }
}

/// Deletes an app client.
#[derive(Debug, Input)]
pub struct DeleteUserPoolClient {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
}

impl Operation for DeleteUserPoolClient {
    type Caller = Iam;
    type Output = NoBody;
    const ERRORS: &[Code] = &[
        ResourceNotFound,
        InvalidParameter,
        TooManyRequests,
        NotAuthorized,
        ConcurrentModification,
        OperationNotEnabled,
        InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<NoBody> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        client_changes::delete(cx, &pool, &self.client_id).await?;
        Ok(NoBody)
    }
}

/// Lists the app clients of a user pool.
#[derive(Debug, Input)]
pub struct ListUserPoolClients {
    pub user_pool_id: UserPoolId,
    pub max_results: Option<QueryLimitMin1>,
    pub next_token: Option<PaginationKey>,
    pub client_type: Option<ClientType>,
}

/// A page of clients.
#[derive(Debug, Output)]
pub struct ListUserPoolClientsOutput {
    pub user_pool_clients: Option<Vec<UserPoolClientDescription>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUserPoolClients {
    type Caller = Iam;
    type Output = ListUserPoolClientsOutput;
    const ERRORS: &[Code] =
        &[InvalidParameter, ResourceNotFound, TooManyRequests, NotAuthorized, OperationNotEnabled, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUserPoolClientsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let kind = self.client_type.map(ClientType::as_str);
        let scope = ("ListUserPoolClients", &pool.account, &pool.id, kind);
        let token = self.next_token.as_deref();
        let after = token.map(|token| pagination::open::<String>(cx, &scope, token)).transpose()?.unwrap_or_default();
        let size = self.max_results.map_or(PAGE, |size| size.0);
        // Nobody can register a client dynamically yet, so all are regular.
        let found = if self.client_type == Some(ClientType::Dcr) {
            Vec::new()
        } else {
            let id = pool.id.clone();
            cx.store.scan(move |tx| clients::list(tx, &id, &after, size + 1)).await?
        };
        let (found, next) = pagination::page(cx, &scope, found, size as usize, |client| &client.id)?;
        let describe = |client: clients::Client| UserPoolClientDescription {
            client_id: Some(ClientId::trusted(client.id)),
            user_pool_id: Some(UserPoolId::trusted(client.pool_id)),
            client_name: Some(ClientName::trusted(client.name)),
        };
        Ok(ListUserPoolClientsOutput {
            user_pool_clients: Some(found.into_iter().map(describe).collect()),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Gives a confidential client a second secret, so that the first can be replaced.
#[derive(Debug, Input)]
pub struct AddUserPoolClientSecret {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_secret: Option<ClientSecret>,
}

/// The new secret; its value only if the server made it.
#[derive(Debug, Output)]
pub struct AddUserPoolClientSecretOutput {
    pub client_secret_descriptor: Option<ClientSecretDescriptor>,
}

impl Operation for AddUserPoolClientSecret {
    type Caller = Iam;
    type Output = AddUserPoolClientSecretOutput;
    const ERRORS: &[Code] =
        &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, AccessDenied, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<AddUserPoolClientSecretOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        let given = self.client_secret.as_deref();
        let secret = client_changes::secret(cx, given, &client.id, cx.clock.now_ms());
        let secret = client_changes::add_secret(cx, &client, secret).await?;
        let value = given.is_none().then(|| ClientSecret::trusted(secret.expose()));
        let descriptor = ClientSecretDescriptor { client_secret_value: value, ..descriptor(&secret) };
        Ok(AddUserPoolClientSecretOutput { client_secret_descriptor: Some(descriptor) })
    }
}

/// Lists a client's secrets without their values.
#[derive(Debug, Input)]
pub struct ListUserPoolClientSecrets {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub next_token: Option<PaginationKey>,
}

/// All of them: there is never a second page.
#[derive(Debug, Output)]
pub struct ListUserPoolClientSecretsOutput {
    pub client_secrets: Option<Vec<ClientSecretDescriptor>>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListUserPoolClientSecrets {
    type Caller = Iam;
    type Output = ListUserPoolClientSecretsOutput;
    const ERRORS: &[Code] = &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListUserPoolClientSecretsOutput> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        if self.next_token.is_some() {
            return Err(Error::invalid_pagination_token());
        }
        let secrets = client.secrets.iter().map(descriptor).collect();
        Ok(ListUserPoolClientSecretsOutput { client_secrets: Some(secrets), next_token: None })
    }
}

/// A secret without its value.
fn descriptor(secret: &Secret) -> ClientSecretDescriptor {
    ClientSecretDescriptor {
        client_secret_id: Some(ClientSecretId::trusted(&secret.id)),
        client_secret_value: None,
        client_secret_create_date: Some(Timestamp(secret.created_ms)),
    }
}

/// Takes one of two secrets away from a client.
#[derive(Debug, Input)]
pub struct DeleteUserPoolClientSecret {
    pub user_pool_id: UserPoolId,
    pub client_id: ClientId,
    pub client_secret_id: ClientSecretId,
}

impl Operation for DeleteUserPoolClientSecret {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[InvalidParameter, InternalServer, TooManyRequests, LimitExceeded, ResourceNotFound];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let pool = directory::pool_of(cx, &caller.principal, &self.user_pool_id).await?;
        let client = directory::stored_client_of(cx, &pool, &self.client_id).await?;
        client_changes::delete_secret(cx, &client, &self.client_secret_id).await?;
        Ok(Done {})
    }
}
