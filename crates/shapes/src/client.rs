//! App clients: `UserPoolClientType` and its parts.

use crate::enums::{ClientType, ExplicitAuthFlows, Feature, PreventUserExistenceErrors, TimeUnits};
use crate::scalars::{
    AccessTokenValidity, Arn, AuthSessionValidity, CallbackUrls, ClientId, ClientName, ClientPermission, ClientSecret,
    ClientSecretId, HexString, IdTokenValidity, LogoutUrls, OAuthFlows, ProviderName, RedirectUrl,
    RefreshTokenValidity, RetryGracePeriodSeconds, Scopes, Text, UserPoolId,
};
use crate::{Input, Output, Timestamp};

/// The `UserPoolClient` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct UserPoolClient {
    pub user_pool_id: Option<UserPoolId>,
    pub client_name: Option<ClientName>,
    pub client_id: Option<ClientId>,
    pub client_secret: Option<ClientSecret>,
    pub last_modified_date: Option<Timestamp>,
    pub creation_date: Option<Timestamp>,
    #[wire(flatten)]
    pub settings: ClientSettings,
    pub client_type: Option<ClientType>,
}

/// The members that the requests and the description of a client share.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct ClientSettings {
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

/// The `UserPoolClientDescription` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct UserPoolClientDescription {
    pub client_id: Option<ClientId>,
    pub user_pool_id: Option<UserPoolId>,
    pub client_name: Option<ClientName>,
}

/// The `TokenValidityUnits` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct TokenValidityUnits {
    pub access_token: Option<TimeUnits>,
    pub id_token: Option<TimeUnits>,
    pub refresh_token: Option<TimeUnits>,
}

/// The `AnalyticsConfiguration` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct AnalyticsConfiguration {
    pub application_id: Option<HexString>,
    pub application_arn: Option<Arn>,
    pub role_arn: Option<Arn>,
    pub external_id: Option<Text>,
    pub user_data_shared: Option<bool>,
}

/// The `RefreshTokenRotation` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct RefreshTokenRotation {
    pub feature: Feature,
    pub retry_grace_period_seconds: Option<RetryGracePeriodSeconds>,
}

/// The `ClientSecretDescriptor` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct ClientSecretDescriptor {
    pub client_secret_id: Option<ClientSecretId>,
    pub client_secret_value: Option<ClientSecret>,
    pub client_secret_create_date: Option<Timestamp>,
}
