//! What is said of app clients: their settings and secrets.

use super::{Code, Error};

/// Settings that exclude or need one another.
impl Error {
    pub fn too_many_clients(limit: u64) -> Self {
        Self::new(Code::LimitExceeded, format!("User pool cannot have more than {limit} clients."))
    }

    pub fn token_validity_range() -> Self {
        Self::invalid("Invalid range for token validity.")
    }

    pub fn tokens_outlive_refresh_token() -> Self {
        Self::invalid(
            "Access and Id Token expiration times must be less than or equal to refresh token expiration times.",
        )
    }

    pub fn invalid_read_attributes() -> Self {
        Self::invalid("Invalid read attributes specified while creating a client")
    }

    pub fn invalid_write_attributes() -> Self {
        Self::invalid("Invalid write attributes specified while creating a client")
    }

    pub fn mixed_auth_flows() -> Self {
        Self::invalid("Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.")
    }

    pub fn rotation_with_refresh_flow() -> Self {
        Self::invalid("ALLOW_REFRESH_TOKEN_AUTH cannot be enabled when refresh token rotation is enabled.")
    }

    pub fn provider_not_found(name: &str, pool_id: &str) -> Self {
        Self::invalid(format!("The provider {name} does not exist for User Pool {pool_id}."))
    }

    pub fn invalid_analytics() -> Self {
        Self::invalid(
            "Invalid analytics configuration given, either <application arn> or \
             <application id, role arn, external id> are valid",
        )
    }

    pub fn context_data_without_secret() -> Self {
        Self::invalid("Client Secret is required to set EnablePropagateAdditionalUserContextData as true")
    }
}

/// OAuth.
impl Error {
    pub fn oauth_flows_and_scopes_required() -> Self {
        Self::invalid(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
        )
    }

    pub fn client_credentials_with_other_flows() -> Self {
        Self::new(
            Code::InvalidOAuthFlow,
            "client_credentials flow can not be selected along with code flow or implicit flow.",
        )
    }

    pub fn client_credentials_without_secret() -> Self {
        Self::new(
            Code::InvalidOAuthFlow,
            "client_credentials flow can not be selected if client does not have a client secret.",
        )
    }

    pub fn client_credentials_with_scope(scope: &str) -> Self {
        Self::new(Code::InvalidOAuthFlow, format!("client_credentials flow can not be used with scope {scope}."))
    }

    pub fn callback_urls_required() -> Self {
        Self::invalid("CallbackUrls can not be empty when code flow or implicit flow is selected")
    }

    pub fn scope_not_found(scope: &str) -> Self {
        Self::new(Code::ScopeDoesNotExist, format!("Invalid scope requested: {scope}"))
    }

    pub fn url_not_absolute(url: &str) -> Self {
        Self::invalid(format!("{url} is not an absolute URI."))
    }

    pub fn url_over_http(url: &str) -> Self {
        Self::invalid(format!("{url} cannot use the HTTP protocol."))
    }

    pub fn url_with_fragment(url: &str) -> Self {
        Self::invalid(format!("{url} cannot use fragment"))
    }

    pub fn default_redirect_not_listed(url: &str) -> Self {
        Self::invalid(format!("The default redirect URI {url} is not in the callback URIs list."))
    }
}

/// Secrets.
impl Error {
    pub fn two_sources_of_secret() -> Self {
        Self::invalid("ClientSecret cannot be specified when GenerateSecret is true.")
    }

    pub fn too_many_secrets(limit: u64) -> Self {
        Self::new(Code::LimitExceeded, format!("User pool client cannot have more than {limit} client secrets."))
    }

    pub fn client_is_public(id: &str) -> Self {
        Self::invalid(format!("User pool client {id} does not have a client secret."))
    }

    pub fn secret_not_found(id: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("Client secret {id} does not exist."))
    }

    pub fn last_secret() -> Self {
        Self::invalid("The last client secret of a user pool client cannot be deleted.")
    }
}
