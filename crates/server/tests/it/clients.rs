//! App clients: their settings, and what those may be.

use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

pub const INVALID: &str = "InvalidParameterException";
const OAUTH: &str = "InvalidOAuthFlowException";

pub async fn described(server: &TestServer, pool: &str, client: &str) -> Value {
    let body = json!({ "UserPoolId": pool, "ClientId": client });
    server.ok("DescribeUserPoolClient", body).await["UserPoolClient"].take()
}

#[tokio::test]
async fn a_client_of_a_name_alone_has_every_default() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let made = server.ok("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "web" })).await;
    let id = made["UserPoolClient"]["ClientId"].as_str().unwrap();
    assert!(id.len() == 26 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v')), "{id}");
    let wanted = json!({
        "UserPoolId": pool,
        "ClientName": "web",
        "ClientId": id,
        "LastModifiedDate": EPOCH_MS / 1000,
        "CreationDate": EPOCH_MS / 1000,
        "RefreshTokenValidity": 30,
        "AllowedOAuthFlowsUserPoolClient": false,
        "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false,
        "AuthSessionValidity": 3,
        "ClientType": "REGULAR",
    });
    assert_eq!(made["UserPoolClient"], wanted);
    assert_eq!(described(&server, &pool, id).await, wanted);
}

#[tokio::test]
async fn every_parameter_is_described_back_and_an_update_of_nothing_resets_all_but_name_and_secret() {
    use aws_sdk_cognitoidentityprovider::types::{
        AnalyticsConfigurationType, ExplicitAuthFlowsType, FeatureType, OAuthFlowType, PreventUserExistenceErrorTypes,
        RefreshTokenRotationType, TimeUnitsType, TokenValidityUnitsType,
    };
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "Schema": [{ "Name": "plan", "AttributeDataType": "String" }] })).await;
    let project = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef";
    let made = server
        .sdk()
        .create_user_pool_client()
        .user_pool_id(&pool)
        .client_name("everything")
        .generate_secret(true)
        .refresh_token_validity(48)
        .access_token_validity(20)
        .id_token_validity(900)
        .token_validity_units(
            TokenValidityUnitsType::builder()
                .access_token(TimeUnitsType::Minutes)
                .id_token(TimeUnitsType::Seconds)
                .refresh_token(TimeUnitsType::Hours)
                .build(),
        )
        .read_attributes("email")
        .read_attributes("email_verified")
        .read_attributes("custom:plan")
        .read_attributes("email")
        .write_attributes("oidc:profile")
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserSrpAuth)
        .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserAuth)
        .supported_identity_providers("COGNITO")
        .callback_urls("https://example.com/callback")
        .callback_urls("http://localhost:3000/callback")
        .callback_urls("http://127.0.0.1/callback")
        .callback_urls("http://[::1]:8080/callback")
        .callback_urls("com.example.app://callback")
        .logout_urls("https://example.com/bye")
        .default_redirect_uri("https://example.com/callback")
        .allowed_o_auth_flows(OAuthFlowType::Code)
        .allowed_o_auth_flows(OAuthFlowType::Implicit)
        .allowed_o_auth_scopes("openid")
        .allowed_o_auth_scopes("aws.cognito.signin.user.admin")
        .allowed_o_auth_flows_user_pool_client(true)
        .analytics_configuration(
            AnalyticsConfigurationType::builder().application_arn(project).user_data_shared(true).build(),
        )
        .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
        .enable_token_revocation(false)
        .enable_propagate_additional_user_context_data(true)
        .auth_session_validity(15)
        .refresh_token_rotation(
            RefreshTokenRotationType::builder()
                .feature(FeatureType::Enabled)
                .retry_grace_period_seconds(60)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    let client = made.user_pool_client().unwrap();
    let (id, secret) = (client.client_id().unwrap(), client.client_secret().unwrap());
    assert!(secret.len() == 52 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let account = &server.cx.config.aws.account;
    let role = "role/aws-service-role/cognito-idp.amazonaws.com/AWSServiceRoleForAmazonCognitoIdp";
    let wanted = json!({
        "UserPoolId": pool,
        "ClientName": "everything",
        "ClientId": id,
        "ClientSecret": secret,
        "LastModifiedDate": EPOCH_MS / 1000,
        "CreationDate": EPOCH_MS / 1000,
        "RefreshTokenValidity": 48,
        "AccessTokenValidity": 20,
        "IdTokenValidity": 900,
        "TokenValidityUnits": { "AccessToken": "minutes", "IdToken": "seconds", "RefreshToken": "hours" },
        "ReadAttributes": ["email", "email_verified", "custom:plan"],
        "WriteAttributes": ["oidc:profile"],
        "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_AUTH"],
        "SupportedIdentityProviders": ["COGNITO"],
        "CallbackURLs": [
            "https://example.com/callback",
            "http://localhost:3000/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:8080/callback",
            "com.example.app://callback",
        ],
        "LogoutURLs": ["https://example.com/bye"],
        "DefaultRedirectURI": "https://example.com/callback",
        "AllowedOAuthFlows": ["code", "implicit"],
        "AllowedOAuthScopes": ["openid", "aws.cognito.signin.user.admin"],
        "AllowedOAuthFlowsUserPoolClient": true,
        "AnalyticsConfiguration": {
            "ApplicationArn": project, "RoleArn": format!("arn:aws:iam::{account}:{role}"), "UserDataShared": true,
        },
        "PreventUserExistenceErrors": "ENABLED",
        "EnableTokenRevocation": false,
        "EnablePropagateAdditionalUserContextData": true,
        "AuthSessionValidity": 15,
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 },
        "ClientType": "REGULAR",
    });
    assert_eq!(described(&server, &pool, id).await, wanted);

    // What is described can be sent back, the members that only describe left out.
    let mut again = wanted.clone();
    for dropped in ["ClientSecret", "LastModifiedDate", "CreationDate", "ClientType"] {
        again.as_object_mut().unwrap().remove(dropped);
    }
    assert_eq!(server.ok("UpdateUserPoolClient", again).await["UserPoolClient"], wanted);

    server.advance_s(60);
    let updated = server.ok("UpdateUserPoolClient", json!({ "UserPoolId": pool, "ClientId": id })).await;
    let bare = json!({
        "UserPoolId": pool,
        "ClientName": "everything",
        "ClientId": id,
        "ClientSecret": secret,
        "LastModifiedDate": EPOCH_MS / 1000 + 60,
        "CreationDate": EPOCH_MS / 1000,
        "RefreshTokenValidity": 30,
        "AllowedOAuthFlowsUserPoolClient": false,
        "EnableTokenRevocation": true,
        "EnablePropagateAdditionalUserContextData": false,
        "AuthSessionValidity": 3,
        "ClientType": "REGULAR",
    });
    assert_eq!(updated["UserPoolClient"], bare);
    assert_eq!(described(&server, &pool, id).await, bare);
}

/// Settings that both CreateUserPoolClient and UpdateUserPoolClient refuse, and how.
fn refused_settings(pool: &str) -> Vec<(Value, &'static str, String)> {
    let invalid = |settings: Value, words: &str| (settings, INVALID, words.to_owned());
    let oauth = |flows: &[&str], scopes: &[&str], callbacks: &[&str]| {
        json!({
            "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": flows, "AllowedOAuthScopes": scopes,
            "CallbackURLs": callbacks,
        })
    };
    let url = |url: &str| json!({ "CallbackURLs": [url] });
    let range = "Invalid range for token validity.";
    let longer = "Access and Id Token expiration times must be less than or equal to refresh token expiration times.";
    let read = "Invalid read attributes specified while creating a client";
    let write = "Invalid write attributes specified while creating a client";
    let mixed = "Auth flow name with prefix 'ALLOW' cannot be used with legacy auth flow names.";
    let both =
        "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.";
    let along = "client_credentials flow can not be selected along with code flow or implicit flow.";
    let no_secret = "client_credentials flow can not be selected if client does not have a client secret.";
    let callback = "CallbackUrls can not be empty when code flow or implicit flow is selected";
    let analytics = "Invalid analytics configuration given, either <application arn> or \
                     <application id, role arn, external id> are valid";
    let role = "arn:aws:iam::123456789012:role/pinpoint";
    let project = "arn:aws:mobiletargeting:us-east-1:123456789012:apps/0123456789abcdef";
    vec![
        // Lifetimes, after their units.
        invalid(json!({ "AccessTokenValidity": 4, "TokenValidityUnits": { "AccessToken": "minutes" } }), range),
        invalid(json!({ "IdTokenValidity": 299, "TokenValidityUnits": { "IdToken": "seconds" } }), range),
        invalid(json!({ "AccessTokenValidity": 25 }), range),
        invalid(json!({ "IdTokenValidity": 2, "TokenValidityUnits": { "IdToken": "days" } }), range),
        invalid(json!({ "RefreshTokenValidity": 3651 }), range),
        invalid(json!({ "RefreshTokenValidity": 59, "TokenValidityUnits": { "RefreshToken": "minutes" } }), range),
        invalid(
            json!({
                "AccessTokenValidity": 2, "RefreshTokenValidity": 1, "TokenValidityUnits": { "RefreshToken": "hours" },
            }),
            longer,
        ),
        invalid(
            json!({ "IdTokenValidity": 24, "RefreshTokenValidity": 86_399, "TokenValidityUnits": { "RefreshToken": "seconds" } }),
            longer,
        ),
        invalid(
            json!({ "AuthSessionValidity": 2 }),
            "1 validation error detected: Value '2' at 'authSessionValidity' failed to satisfy constraint: Member must \
             have value greater than or equal to 3",
        ),
        // Attributes.
        invalid(json!({ "ReadAttributes": ["shoe_size"] }), read),
        invalid(json!({ "ReadAttributes": ["plan"] }), read),
        invalid(json!({ "ReadAttributes": ["dev:custom:note"] }), read),
        invalid(json!({ "WriteAttributes": ["email", "shoe_size"] }), write),
        invalid(json!({ "WriteAttributes": ["email", "sub"] }), write),
        invalid(json!({ "WriteAttributes": ["email", "email_verified"] }), write),
        invalid(json!({ "WriteAttributes": ["email", "phone_number_verified"] }), write),
        invalid(json!({ "WriteAttributes": ["email", "dev:custom:note"] }), write),
        invalid(json!({ "WriteAttributes": ["name"] }), write),
        // Flows.
        invalid(json!({ "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH", "USER_PASSWORD_AUTH"] }), mixed),
        invalid(
            json!({
                "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"], "RefreshTokenRotation": { "Feature": "ENABLED" },
            }),
            "ALLOW_REFRESH_TOKEN_AUTH cannot be enabled when refresh token rotation is enabled.",
        ),
        // OAuth.
        invalid(oauth(&[], &["openid"], &["https://a.example"]), both),
        invalid(oauth(&["code"], &[], &["https://a.example"]), both),
        (oauth(&["client_credentials", "code"], &["openid"], &["https://a.example"]), OAUTH, along.to_owned()),
        (oauth(&["client_credentials"], &["openid"], &[]), OAUTH, no_secret.to_owned()),
        invalid(oauth(&["code"], &["openid"], &[]), callback),
        invalid(oauth(&["implicit"], &["openid"], &[]), callback),
        (
            oauth(&["code"], &["openid", "api/read"], &["https://a.example"]),
            "ScopeDoesNotExistException",
            "Invalid scope requested: api/read".to_owned(),
        ),
        invalid(url("http://a.example/x"), "http://a.example/x cannot use the HTTP protocol."),
        invalid(url("HTTP://a.example"), "HTTP://a.example cannot use the HTTP protocol."),
        invalid(url("http://localhost.a.example"), "http://localhost.a.example cannot use the HTTP protocol."),
        invalid(url("http://localhost:80@a.example"), "http://localhost:80@a.example cannot use the HTTP protocol."),
        invalid(url("http://[::1].a.example"), "http://[::1].a.example cannot use the HTTP protocol."),
        invalid(url("https://a.example/#top"), "https://a.example/#top cannot use fragment"),
        invalid(url("/callback"), "/callback is not an absolute URI."),
        invalid(url("https:a.example"), "https:a.example is not an absolute URI."),
        invalid(url("https://"), "https:// is not an absolute URI."),
        invalid(json!({ "LogoutURLs": ["http://a.example"] }), "http://a.example cannot use the HTTP protocol."),
        invalid(
            json!({ "CallbackURLs": ["https://a.example"], "DefaultRedirectURI": "https://b.example" }),
            "The default redirect URI https://b.example is not in the callback URIs list.",
        ),
        (
            json!({ "SupportedIdentityProviders": ["COGNITO", "Google"] }),
            INVALID,
            format!("The provider Google does not exist for User Pool {pool}."),
        ),
        // The rest.
        invalid(json!({ "AnalyticsConfiguration": {} }), analytics),
        invalid(json!({ "AnalyticsConfiguration": { "ApplicationId": "0123", "RoleArn": role } }), analytics),
        invalid(json!({ "AnalyticsConfiguration": { "ApplicationArn": project, "ApplicationId": "0123" } }), analytics),
        invalid(
            json!({ "EnablePropagateAdditionalUserContextData": true }),
            "Client Secret is required to set EnablePropagateAdditionalUserContextData as true",
        ),
    ]
}

#[tokio::test]
async fn create_and_update_refuse_the_same_settings_in_the_same_words() {
    let server = TestServer::start().await;
    let pool = server
        .pool(json!({ "Schema": [
            { "Name": "email", "Required": true },
            { "Name": "plan", "AttributeDataType": "String" },
            { "Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true },
        ] }))
        .await;
    let client = server.client(&pool, json!({})).await;
    let before = described(&server, &pool, &client).await;
    for (settings, code, words) in refused_settings(&pool) {
        for (operation, member, value) in
            [("CreateUserPoolClient", "ClientName", "c"), ("UpdateUserPoolClient", "ClientId", &client)]
        {
            let mut body = settings.clone();
            body["UserPoolId"] = json!(pool);
            body[member] = json!(value);
            let refused = server.refused(operation, body).await;
            assert_eq!(refused, (code.to_owned(), words.clone()), "{operation} of {settings}");
        }
    }
    assert_eq!(described(&server, &pool, &client).await, before, "what is refused changes nothing");
    let clients = server.ok("ListUserPoolClients", json!({ "UserPoolId": pool })).await;
    assert_eq!(clients["UserPoolClients"], json!([{ "ClientId": client, "UserPoolId": pool, "ClientName": "client" }]));
}

#[tokio::test]
async fn a_machine_client_may_hold_custom_scopes_alone() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let body = json!({
        "UserPoolId": pool, "ClientName": "m2m", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["openid"],
    });
    let refused = server.refused("CreateUserPoolClient", body).await;
    assert_eq!(refused, (OAUTH.to_owned(), "client_credentials flow can not be used with scope openid.".to_owned()));
}

#[tokio::test]
async fn choice_based_sign_in_needs_a_tier_above_lite() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "UserPoolTier": "LITE" })).await;
    let body = json!({ "UserPoolId": pool, "ClientName": "c", "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
    let refused = server.refused("CreateUserPoolClient", body).await;
    let words = "The following feature is not available for the LITE pricing tier configured: Choice-Based Sign-In";
    assert_eq!(refused, ("FeatureUnavailableInTierException".to_owned(), words.to_owned()));
}

#[tokio::test]
async fn lifetimes_left_out_are_filled_in_as_they_are_meant() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    for (given, units, refresh) in [
        (json!({ "RefreshTokenValidity": 0 }), Value::Null, 30),
        (json!({ "TokenValidityUnits": {} }), Value::Null, 30),
        (
            json!({ "TokenValidityUnits": { "IdToken": "minutes" }, "IdTokenValidity": 5 }),
            json!({ "AccessToken": "hours", "IdToken": "minutes", "RefreshToken": "days" }),
            30,
        ),
        (
            json!({ "TokenValidityUnits": { "RefreshToken": "hours" } }),
            json!({ "AccessToken": "hours", "IdToken": "hours", "RefreshToken": "hours" }),
            720,
        ),
        (json!({ "RefreshTokenValidity": 3650 }), Value::Null, 3650),
    ] {
        let client = server.client(&pool, given.clone()).await;
        let client = described(&server, &pool, &client).await;
        assert_eq!(
            (&client["TokenValidityUnits"], &client["RefreshTokenValidity"]),
            (&units, &json!(refresh)),
            "{given}"
        );
    }
}

#[tokio::test]
async fn a_client_is_known_in_its_own_pool_until_it_is_deleted() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let other = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "GenerateSecret": true })).await;
    let unknown = |pool: &str, client: &str| {
        [
            ("DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })),
            ("UpdateUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })),
            ("AddUserPoolClientSecret", json!({ "UserPoolId": pool, "ClientId": client })),
            ("ListUserPoolClientSecrets", json!({ "UserPoolId": pool, "ClientId": client })),
            ("DeleteUserPoolClientSecret", json!({ "UserPoolId": pool, "ClientId": client, "ClientSecretId": "x" })),
            ("DeleteUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })),
        ]
    };
    let wanted = ("ResourceNotFoundException".to_owned(), format!("User pool client {client} does not exist."));
    for (operation, body) in unknown(&other, &client) {
        assert_eq!(server.refused(operation, body).await, wanted, "{operation} in another pool");
    }
    described(&server, &pool, &client).await;
    let deleted = server.call("DeleteUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
    for (operation, body) in unknown(&pool, &client) {
        assert_eq!(server.refused(operation, body).await, wanted, "{operation} of a deleted client");
    }
}

#[tokio::test]
async fn clients_are_listed_page_by_page_and_by_kind() {
    let server = TestServer::with(&[("limits.clients_per_pool", "5")]).await;
    let pool = server.pool(json!({})).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(server.client(&pool, json!({})).await);
    }
    let sixth = server.refused("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c" })).await;
    let words = "User pool cannot have more than 5 clients.";
    assert_eq!(sixth, ("LimitExceededException".to_owned(), words.to_owned()));

    let sdk = server.sdk();
    let mut pages = sdk.list_user_pool_clients().user_pool_id(&pool).max_results(2).into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend(page.unwrap().user_pool_clients().iter().map(|client| client.client_id().unwrap().to_owned()));
    }
    made.sort();
    assert_eq!(found, made);
    let regular = server.ok("ListUserPoolClients", json!({ "UserPoolId": pool, "ClientType": "REGULAR" })).await;
    assert_eq!(regular["UserPoolClients"].as_array().unwrap().len(), 5);
    let registered = server.ok("ListUserPoolClients", json!({ "UserPoolId": pool, "ClientType": "DCR" })).await;
    assert_eq!(registered, json!({ "UserPoolClients": [] }));
}
