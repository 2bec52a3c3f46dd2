//! Pools and clients as the API describes them.

use cognate_shapes::Timestamp;
use cognate_shapes::client::UserPoolClient;
use cognate_shapes::enums::ClientType;
use cognate_shapes::pool::UserPool;
use cognate_shapes::scalars::{Arn, ClientId, ClientName, ClientSecret, SchemaAttributes, UserPoolId, UserPoolName};

use super::client::Client;
use super::pool::Pool;
use super::schema_rules;

/// The pool as Create and Describe answer it; `users` is how many it has.
pub fn pool(pool: &Pool, users: i64) -> UserPool {
    let settings = pool.settings.clone();
    UserPool {
        id: Some(UserPoolId::trusted(&pool.id)),
        name: Some(UserPoolName::trusted(&pool.name)),
        policies: settings.policies,
        deletion_protection: settings.deletion_protection,
        lambda_config: settings.lambda_config,
        last_modified_date: Some(Timestamp(pool.modified_ms)),
        creation_date: Some(Timestamp(pool.created_ms)),
        schema_attributes: Some(SchemaAttributes(pool.schema.iter().map(schema_rules::described).collect())),
        auto_verified_attributes: settings.auto_verified_attributes,
        alias_attributes: settings.alias_attributes,
        username_attributes: settings.username_attributes,
        sms_verification_message: settings.sms_verification_message,
        email_verification_message: settings.email_verification_message,
        email_verification_subject: settings.email_verification_subject,
        verification_message_template: settings.verification_message_template,
        sms_authentication_message: settings.sms_authentication_message,
        user_attribute_update_settings: settings.user_attribute_update_settings,
        mfa_configuration: settings.mfa_configuration,
        device_configuration: settings.device_configuration,
        estimated_number_of_users: Some(users),
        email_configuration: settings.email_configuration,
        sms_configuration: settings.sms_configuration,
        user_pool_tags: settings.user_pool_tags,
        admin_create_user_config: settings.admin_create_user_config,
        user_pool_add_ons: settings.user_pool_add_ons,
        dcr_configuration: settings.dcr_configuration,
        username_configuration: settings.username_configuration,
        arn: Some(Arn::trusted(pool.arn())),
        account_recovery_setting: settings.account_recovery_setting,
        user_pool_tier: settings.user_pool_tier,
        key_configuration: settings.key_configuration,
        issuer_configuration: settings.issuer_configuration,
        acr_configuration: settings.acr_configuration,
        ..UserPool::default()
    }
}

/// The client as Create, Update and Describe answer it: with its secret, the older one where it has two.
pub fn client(client: &Client) -> UserPoolClient {
    let settings = client.settings.clone();
    UserPoolClient {
        user_pool_id: Some(UserPoolId::trusted(&client.pool_id)),
        client_name: Some(ClientName::trusted(&client.name)),
        client_id: Some(ClientId::trusted(&client.id)),
        client_secret: client.secrets.first().map(|secret| ClientSecret::trusted(secret.expose())),
        last_modified_date: Some(Timestamp(client.modified_ms)),
        creation_date: Some(Timestamp(client.created_ms)),
        refresh_token_validity: settings.refresh_token_validity,
        access_token_validity: settings.access_token_validity,
        id_token_validity: settings.id_token_validity,
        token_validity_units: settings.token_validity_units,
        read_attributes: settings.read_attributes,
        write_attributes: settings.write_attributes,
        explicit_auth_flows: settings.explicit_auth_flows,
        supported_identity_providers: settings.supported_identity_providers,
        callback_urls: settings.callback_urls,
        logout_urls: settings.logout_urls,
        default_redirect_uri: settings.default_redirect_uri,
        allowed_oauth_flows: settings.allowed_oauth_flows,
        allowed_oauth_scopes: settings.allowed_oauth_scopes,
        allowed_oauth_flows_user_pool_client: settings.allowed_oauth_flows_user_pool_client,
        analytics_configuration: settings.analytics_configuration,
        prevent_user_existence_errors: settings.prevent_user_existence_errors,
        enable_token_revocation: settings.enable_token_revocation,
        enable_propagate_additional_user_context_data: settings.enable_propagate_additional_user_context_data,
        auth_session_validity: settings.auth_session_validity,
        refresh_token_rotation: settings.refresh_token_rotation,
        client_type: Some(ClientType::Regular),
    }
}
