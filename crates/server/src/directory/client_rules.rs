//! What an app client's settings may be: lifetimes, attributes, flows, OAuth, and what stands for an absent one.

use cognate_shapes::client::{AnalyticsConfiguration, ClientSettings, TokenValidityUnits};
use cognate_shapes::enums::{ExplicitAuthFlows, Feature, OAuthFlow, TimeUnits, UserPoolTier};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{
    Arn, AuthSessionValidity, CallbackUrls, ClientPermission, LogoutUrls, OAuthFlows, RefreshTokenValidity, Scopes,
};

use super::client::{OIDC_PROFILE, life_s, seconds};
use super::pool::Pool;

/// The lifetimes an access or ID token may have, in seconds.
const SHORT_LIFE_S: std::ops::RangeInclusive<i64> = 300..=86_400;

/// The lifetimes a refresh token may have, in seconds.
const LONG_LIFE_S: std::ops::RangeInclusive<i64> = 3600..=3650 * 86_400;

/// The lifetime of an access or ID token unless a client says otherwise, in seconds.
const DEFAULT_SHORT_LIFE_S: i64 = 3600;

/// The lifetime of a refresh token unless a client says otherwise, in seconds.
const DEFAULT_LONG_LIFE_S: i64 = 30 * 86_400;

/// Scopes that need no resource server.
const STANDARD_SCOPES: &[&str] = &["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// The provider that stands for the pool's own users.
const COGNITO: &str = "COGNITO";

/// Hosts a redirect may go to without TLS.
const LOOPBACK: &[&str] = &["localhost", "127.0.0.1", "[::1]"];

/// The settings of a client of the pool: what is given, checked, and the defaults of the rest. `has_secret` is whether
/// the client is confidential.
pub fn settled(given: ClientSettings, pool: &Pool, has_secret: bool) -> Result<ClientSettings> {
    let explicit_auth_flows = given.explicit_auth_flows.and_then(set);
    let rotation = given.refresh_token_rotation;
    let rotates = rotation.as_ref().is_some_and(|rotation| rotation.feature == Feature::Enabled);
    auth_flows(explicit_auth_flows.as_deref().unwrap_or_default(), rotates, pool.tier())?;

    let units = given.token_validity_units.filter(|units| *units != TokenValidityUnits::default()).map(|units| {
        TokenValidityUnits {
            access_token: units.access_token.or(Some(TimeUnits::Hours)),
            id_token: units.id_token.or(Some(TimeUnits::Hours)),
            refresh_token: units.refresh_token.or(Some(TimeUnits::Days)),
        }
    });
    let refresh_unit = units.as_ref().and_then(|units| units.refresh_token).unwrap_or(TimeUnits::Days);
    // Thirty days in the client's own unit: what is described is what is meant.
    let refresh = given.refresh_token_validity.filter(|validity| validity.0 > 0);
    let refresh = refresh.unwrap_or(RefreshTokenValidity(DEFAULT_LONG_LIFE_S / seconds(refresh_unit)));
    lifetimes(
        given
            .access_token_validity
            .map(|validity| life_s(validity.0, units.as_ref().and_then(|units| units.access_token))),
        given.id_token_validity.map(|validity| life_s(validity.0, units.as_ref().and_then(|units| units.id_token))),
        refresh.0 * seconds(refresh_unit),
    )?;

    let read_attributes = given.read_attributes.and_then(set);
    let write_attributes = given.write_attributes.and_then(set);
    readable(read_attributes.as_deref().unwrap_or_default(), pool)?;
    if let Some(listed) = &write_attributes {
        writable(listed, pool)?;
    }
    let supported_identity_providers = given.supported_identity_providers.and_then(set);
    for provider in supported_identity_providers.iter().flatten() {
        if provider.as_str() != COGNITO {
            return Err(Error::provider_not_found(provider, &pool.id));
        }
    }
    if given.enable_propagate_additional_user_context_data == Some(true) && !has_secret {
        return Err(Error::context_data_without_secret());
    }
    let settings = ClientSettings {
        refresh_token_validity: Some(refresh),
        access_token_validity: given.access_token_validity,
        id_token_validity: given.id_token_validity,
        token_validity_units: units,
        read_attributes,
        write_attributes,
        explicit_auth_flows,
        supported_identity_providers,
        callback_urls: given.callback_urls.and_then(|urls| set(urls.0)).map(CallbackUrls),
        logout_urls: given.logout_urls.and_then(|urls| set(urls.0)).map(LogoutUrls),
        default_redirect_uri: given.default_redirect_uri,
        allowed_oauth_flows: given.allowed_oauth_flows.and_then(|flows| set(flows.0)).map(OAuthFlows),
        allowed_oauth_scopes: given.allowed_oauth_scopes.and_then(|scopes| set(scopes.0)).map(Scopes),
        allowed_oauth_flows_user_pool_client: given.allowed_oauth_flows_user_pool_client.or(Some(false)),
        analytics_configuration: given.analytics_configuration.map(|given| analytics(given, pool)).transpose()?,
        prevent_user_existence_errors: given.prevent_user_existence_errors,
        enable_token_revocation: given.enable_token_revocation.or(Some(true)),
        enable_propagate_additional_user_context_data: given
            .enable_propagate_additional_user_context_data
            .or(Some(false)),
        auth_session_validity: given.auth_session_validity.or(Some(AuthSessionValidity(3))),
        refresh_token_rotation: rotation,
    };
    oauth(&settings, has_secret)?;
    Ok(settings)
}

/// The elements, each once; an empty list is none.
fn set<T: PartialEq>(list: Vec<T>) -> Option<Vec<T>> {
    let mut once = Vec::with_capacity(list.len());
    for element in list {
        if !once.contains(&element) {
            once.push(element);
        }
    }
    Some(once).filter(|once| !once.is_empty())
}

fn auth_flows(flows: &[ExplicitAuthFlows], rotates: bool, tier: UserPoolTier) -> Result<()> {
    let modern = flows.iter().filter(|flow| flow.as_str().starts_with("ALLOW_")).count();
    if modern != 0 && modern != flows.len() {
        return Err(Error::mixed_auth_flows());
    }
    if flows.contains(&ExplicitAuthFlows::AllowUserAuth) && tier == UserPoolTier::Lite {
        return Err(Error::feature_unavailable(tier, "Choice-Based Sign-In"));
    }
    if rotates && flows.contains(&ExplicitAuthFlows::AllowRefreshTokenAuth) {
        return Err(Error::rotation_with_refresh_flow());
    }
    Ok(())
}

/// Checks lifetimes in seconds; `None` is the default.
fn lifetimes(access_s: Option<i64>, id_s: Option<i64>, refresh_s: i64) -> Result<()> {
    let (access_s, id_s) = (access_s.unwrap_or(DEFAULT_SHORT_LIFE_S), id_s.unwrap_or(DEFAULT_SHORT_LIFE_S));
    if !SHORT_LIFE_S.contains(&access_s) || !SHORT_LIFE_S.contains(&id_s) || !LONG_LIFE_S.contains(&refresh_s) {
        return Err(Error::token_validity_range());
    }
    if access_s.max(id_s) > refresh_s { Err(Error::tokens_outlive_refresh_token()) } else { Ok(()) }
}

fn readable(listed: &[ClientPermission], pool: &Pool) -> Result<()> {
    let known = |name: &str| name == "oidc:profile" || pool.schema.get(name).is_some_and(|one| !one.developer_only);
    if listed.iter().all(|name| known(name)) { Ok(()) } else { Err(Error::invalid_read_attributes()) }
}

/// Every attribute a user must have has to be on the list.
fn writable(listed: &[ClientPermission], pool: &Pool) -> Result<()> {
    let reserved = |name: &str| matches!(name, "sub" | "email_verified" | "phone_number_verified" | "identities");
    let known = |name: &str| {
        name == "oidc:profile" || pool.schema.get(name).is_some_and(|one| !one.developer_only && !reserved(name))
    };
    let covered = |wanted: &str| {
        listed
            .iter()
            .any(|name| name.as_str() == wanted || (name.as_str() == "oidc:profile" && OIDC_PROFILE.contains(&wanted)))
    };
    let complete = pool.schema.required().all(|one| covered(&one.name));
    if complete && listed.iter().all(|name| known(name)) { Ok(()) } else { Err(Error::invalid_write_attributes()) }
}

fn oauth(settings: &ClientSettings, has_secret: bool) -> Result<()> {
    let flows = settings.allowed_oauth_flows.as_deref().unwrap_or_default();
    let scopes = settings.allowed_oauth_scopes.as_deref().unwrap_or_default();
    let callbacks = settings.callback_urls.as_deref().unwrap_or_default();
    let enabled = settings.allowed_oauth_flows_user_pool_client == Some(true);
    let machine = flows.contains(&OAuthFlow::ClientCredentials);

    if enabled && (flows.is_empty() || scopes.is_empty()) {
        return Err(Error::oauth_flows_and_scopes_required());
    }
    if machine && flows.len() > 1 {
        return Err(Error::client_credentials_with_other_flows());
    }
    if machine && !has_secret {
        return Err(Error::client_credentials_without_secret());
    }
    for scope in scopes {
        if !STANDARD_SCOPES.contains(&scope.as_str()) {
            return Err(Error::scope_not_found(scope));
        }
        if machine {
            return Err(Error::client_credentials_with_scope(scope));
        }
    }
    if enabled && !machine && callbacks.is_empty() {
        return Err(Error::callback_urls_required());
    }
    for url in callbacks.iter().chain(settings.logout_urls.as_deref().unwrap_or_default()) {
        redirect(url)?;
    }
    match &settings.default_redirect_uri {
        Some(default) if !callbacks.contains(default) => Err(Error::default_redirect_not_listed(default)),
        _ => Ok(()),
    }
}

/// A redirect target is absolute, without fragment, and not over plain HTTP except to this machine.
fn redirect(url: &str) -> Result<()> {
    let scheme_of = |url: &str| {
        let (scheme, rest) = url.split_once(':')?;
        let first = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let rest_fits = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        (first && rest_fits && !rest.is_empty()).then(|| (scheme.to_ascii_lowercase(), rest.to_owned()))
    };
    let (scheme, rest) = scheme_of(url).ok_or_else(|| Error::url_not_absolute(url))?;
    if url.contains('#') {
        return Err(Error::url_with_fragment(url));
    }
    if scheme != "http" && scheme != "https" {
        return Ok(());
    }
    let authority = rest.strip_prefix("//").ok_or_else(|| Error::url_not_absolute(url))?;
    let authority = authority.split(['/', '?', '\\']).next().unwrap_or_default();
    let host = host(authority);
    if host.is_empty() {
        return Err(Error::url_not_absolute(url));
    }
    if scheme == "http" && !LOOPBACK.contains(&host) {
        return Err(Error::url_over_http(url));
    }
    Ok(())
}

/// The host of an authority without its port. What precedes an `@` stays, so that no loopback name hides a stranger's.
fn host(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && unbracketed(host) => host,
        _ => authority,
    }
}

/// Whether no IPv6 address is cut in two at the end of the text.
fn unbracketed(host: &str) -> bool {
    !host.starts_with('[') || host.ends_with(']')
}

fn analytics(given: AnalyticsConfiguration, pool: &Pool) -> Result<AnalyticsConfiguration> {
    let by_id = (given.application_id.is_some(), given.role_arn.is_some(), given.external_id.is_some());
    match (&given.application_arn, by_id) {
        (Some(_), (false, _, false)) => {
            let role = format!(
                "arn:aws:iam::{}:role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp",
                pool.account
            );
            Ok(AnalyticsConfiguration { role_arn: Some(Arn::trusted(role)), ..given })
        }
        (None, (true, true, true)) => Ok(given),
        _ => Err(Error::invalid_analytics()),
    }
}
