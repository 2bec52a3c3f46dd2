//! Signing in with a password, and what refuses it.

use aws_sdk_cognitoidentityprovider::types::AuthFlowType;
use cognate_crypto::secret_hash;
use cognate_server::directory;
use cognate_shapes::enums::{UserPoolMfa, UserStatus};
use cognate_testkit::TestServer;
use serde_json::json;

use crate::people::{self, Exchange, PASSWORD, by_password, confirmed, error, incorrect};

#[tokio::test]
async fn a_password_gets_three_tokens() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let sdk = server.sdk();
    let answer = sdk
        .initiate_auth()
        .client_id(&client)
        .auth_flow(AuthFlowType::UserPasswordAuth)
        .auth_parameters("USERNAME", "alice")
        .auth_parameters("PASSWORD", PASSWORD)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.challenge_name(), None);
    assert!(answer.challenge_parameters().is_some_and(std::collections::HashMap::is_empty));
    let result = answer.authentication_result().unwrap();
    assert_eq!((result.expires_in(), result.token_type()), (3600, Some("Bearer")));
    assert!(
        result.refresh_token().unwrap().starts_with("eyJjdHkiOiJKV1QiLCJlbmMiOiJBMjU2R0NNIiwiYWxnIjoiUlNBLU9BRVAifQ.")
    );
    assert!(result.id_token().is_some() && result.access_token().is_some());
    for flow in [AuthFlowType::AdminUserPasswordAuth, AuthFlowType::AdminNoSrpAuth] {
        let answer = sdk
            .admin_initiate_auth()
            .user_pool_id(&pool)
            .client_id(&client)
            .auth_flow(flow)
            .auth_parameters("USERNAME", "alice")
            .auth_parameters("PASSWORD", PASSWORD)
            .send()
            .await
            .unwrap();
        assert!(answer.authentication_result().is_some());
    }
}

#[tokio::test]
async fn every_name_of_a_user_signs_in() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "AliasAttributes": ["email", "preferred_username"] })).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = [("email", "alice@example.com"), ("email_verified", "true"), ("preferred_username", "wonder")];
    let user = people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    for name in ["alice", "alice@example.com", "wonder", &user.id] {
        let tokens = people::tokens(&server, &client, name).await;
        let claims = people::claims(people::text(&tokens, "IdToken"));
        assert_eq!(claims["sub"], user.id.as_str(), "{name}");
        assert_eq!(claims["cognito:username"], "alice");
    }
    let by_email = server.pool(json!({ "UsernameAttributes": ["email"] })).await;
    let client = server.client(&by_email, json!({})).await;
    let user = confirmed(&server, &by_email, "bob@example.com").await;
    let tokens = people::tokens(&server, &client, "bob@example.com").await;
    assert_eq!(people::claims(people::text(&tokens, "AccessToken"))["username"], user.id.as_str());
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_services_words() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let missing = |name: &str| error("InvalidParameter", format!("Missing required parameter {name}"));
    let begin = |parameters: serde_json::Value| json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    for (parameters, expected) in [
        (json!({}), missing("USERNAME")),
        (json!({ "USERNAME": "", "PASSWORD": PASSWORD }), missing("USERNAME")),
        (json!({ "USERNAME": "alice" }), missing("PASSWORD")),
        (json!({ "USERNAME": "alice", "PASSWORD": "wrong" }), incorrect()),
        (json!({ "USERNAME": "bob", "PASSWORD": "wrong" }), error("UserNotFound", "User does not exist.")),
        (
            json!({ "USERNAME": "alice", "PASSWORD": PASSWORD, "DEVICE_KEY": "us-east-1_0" }),
            error("ResourceNotFound", "Device does not exist."),
        ),
    ] {
        assert_eq!(server.refused("InitiateAuth", begin(parameters)).await, expected);
    }
    let nobody = server.refused("InitiateAuth", by_password("nosuchclient", "alice", PASSWORD)).await;
    assert_eq!(nobody, error("ResourceNotFound", "User pool client nosuchclient does not exist."));
    let other = server.pool(json!({})).await;
    let request = json!({
        "UserPoolId": other,
        "ClientId": client,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "alice", "PASSWORD": PASSWORD },
    });
    let foreign = error("ResourceNotFound", format!("User pool client {client} does not exist."));
    assert_eq!(server.refused("AdminInitiateAuth", request).await, foreign);
}

/// SECURITY 60: a flow that the client does not allow signs nobody in.
#[tokio::test]
async fn a_flow_has_its_door_and_needs_the_clients_leave() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let all = server.client(&pool, json!({})).await;
    let none = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"] })).await;
    let custom = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_AUTH"] })).await;
    let parameters = json!({ "USERNAME": "a", "PASSWORD": "b", "SRP_A": "2", "REFRESH_TOKEN": "c" });
    let invalid = |words: &str| error("InvalidParameter", words);
    for (client, flow, words) in [
        (&all, "ADMIN_USER_PASSWORD_AUTH", "Initiate Auth method not supported."),
        (&all, "ADMIN_NO_SRP_AUTH", "Initiate Auth method not supported."),
        (&none, "USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH flow not enabled for this client"),
        (&none, "USER_SRP_AUTH", "USER_SRP_AUTH is not enabled for the client."),
        (&none, "CUSTOM_AUTH", "CUSTOM_AUTH is not enabled for the client."),
        (&none, "USER_AUTH", "Auth flow not enabled for this client"),
        (&custom, "REFRESH_TOKEN_AUTH", "Auth flow not enabled for this client"),
        (&custom, "REFRESH_TOKEN", "Auth flow not enabled for this client"),
        (&custom, "CUSTOM_AUTH", "Custom auth lambda trigger is not configured for the user pool."),
    ] {
        let request = json!({ "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
        assert_eq!(server.refused("InitiateAuth", request).await, invalid(words), "{flow}");
    }
    for (client, flow, words) in [
        (&all, "USER_PASSWORD_AUTH", "Initiate Auth method not supported."),
        (&none, "ADMIN_USER_PASSWORD_AUTH", "Auth flow not enabled for this client"),
        (&none, "USER_SRP_AUTH", "Auth flow not enabled for this client"),
    ] {
        let request = json!({ "UserPoolId": pool, "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
        assert_eq!(server.refused("AdminInitiateAuth", request).await, invalid(words), "{flow}");
    }
}

#[tokio::test]
async fn the_state_of_a_user_is_told_to_who_knows_the_password() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    for (name, status, told) in [
        ("new", UserStatus::Unconfirmed, error("UserNotConfirmed", "User is not confirmed.")),
        ("reset", UserStatus::ResetRequired, error("PasswordResetRequired", "Password reset required for the user")),
        ("foreign", UserStatus::ExternalProvider, incorrect()),
    ] {
        people::add(&server, &pool, name, status, Some(PASSWORD), &[]).await;
        assert_eq!(server.refused("InitiateAuth", by_password(&client, name, PASSWORD)).await, told);
        assert_eq!(server.refused("InitiateAuth", by_password(&client, name, "wrong")).await, incorrect());
    }
    people::add(&server, &pool, "imported", UserStatus::ResetRequired, None, &[]).await;
    let told = server.refused("InitiateAuth", by_password(&client, "imported", "any")).await;
    assert_eq!(told, error("PasswordResetRequired", "Password reset required for the user"));
    let user = confirmed(&server, &pool, "off").await;
    people::change(&server, &pool, &user.id, |user| user.enabled = false).await;
    let told = server.refused("InitiateAuth", by_password(&client, "off", PASSWORD)).await;
    assert_eq!(told, error("NotAuthorized", "User is disabled."));
    people::add(&server, &pool, "passwordless", UserStatus::Confirmed, None, &[]).await;
    assert_eq!(server.refused("InitiateAuth", by_password(&client, "passwordless", "any")).await, incorrect());
}

/// SECURITY 21: where the client may not learn who exists, a wrong password has one answer, whoever it was for.
#[tokio::test]
async fn nobody_learns_who_exists() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    confirmed(&server, &pool, "alice").await;
    let off = confirmed(&server, &pool, "off").await;
    people::change(&server, &pool, &off.id, |user| user.enabled = false).await;
    people::add(&server, &pool, "imported", UserStatus::ResetRequired, None, &[]).await;
    people::add(&server, &pool, "new", UserStatus::Unconfirmed, Some(PASSWORD), &[]).await;
    let mut seen = None;
    for name in ["alice", "off", "imported", "new", "nobody"] {
        for turn in 1..=6 {
            let answer = server.call("InitiateAuth", by_password(&client, name, "wrong")).await;
            let expected = if turn <= 5 { incorrect() } else { error("NotAuthorized", "Password attempts exceeded") };
            assert_eq!(answer.error(), Some(expected), "{name}");
            let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort_unstable();
            let shape = (answer.status, names);
            assert_eq!(shape, *seen.get_or_insert_with(|| shape.clone()));
        }
    }
    server.advance_s(1);
    let told = server.refused("InitiateAuth", by_password(&client, "off", PASSWORD)).await;
    assert_eq!(told, error("NotAuthorized", "User is disabled."), "who knows the password is told");
}

/// SECURITY 15: a client with secrets takes a hash made with either of them, over the username that was sent.
#[tokio::test]
async fn a_client_with_a_secret_needs_its_hash() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "AliasAttributes": ["email"] })).await;
    let made = server
        .ok(
            "CreateUserPoolClient",
            json!({
                "UserPoolId": pool,
                "ClientName": "confidential",
                "GenerateSecret": true,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            }),
        )
        .await;
    let client = people::text(&made["UserPoolClient"], "ClientId").to_owned();
    let secret = people::text(&made["UserPoolClient"], "ClientSecret").to_owned();
    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    let user = people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    let hash = |secret: &str, name: &str| secret_hash::compute(secret, name, &client);
    let begin = |name: &str, hash: &str| {
        let mut request = by_password(&client, name, PASSWORD);
        request["AuthParameters"]["SECRET_HASH"] = hash.into();
        request
    };
    let tokens = server.ok("InitiateAuth", begin("alice", &hash(&secret, "alice"))).await;
    server.ok("InitiateAuth", begin("alice@example.com", &hash(&secret, "alice@example.com"))).await;

    let absent =
        error("NotAuthorized", format!("Client {client} is configured with secret but SECRET_HASH was not received"));
    let wrong = error("NotAuthorized", format!("Unable to verify secret hash for client {client}"));
    assert_eq!(server.refused("InitiateAuth", by_password(&client, "alice", PASSWORD)).await, absent);
    assert_eq!(server.refused("InitiateAuth", begin("alice", "")).await, absent);
    for bad in [hash("another secret of someone", "alice"), hash(&secret, "bob"), secret.clone(), "x".to_owned()] {
        assert_eq!(server.refused("InitiateAuth", begin("alice", &bad)).await, wrong);
    }
    // Before the user is looked up.
    assert_eq!(server.refused("InitiateAuth", begin("nobody", "x")).await, wrong);

    let second = server.ok("AddUserPoolClientSecret", json!({ "UserPoolId": pool, "ClientId": client })).await;
    let second = people::text(&second["ClientSecretDescriptor"], "ClientSecretValue").to_owned();
    server.ok("InitiateAuth", begin("alice", &hash(&second, "alice"))).await;

    // A refresh names no user: the hash is over the username of the access token, or its sub.
    let refresh_token = people::text(&tokens["AuthenticationResult"], "RefreshToken");
    let refresh = |hash: Option<String>| {
        let mut parameters = json!({ "REFRESH_TOKEN": refresh_token });
        if let Some(hash) = hash {
            parameters["SECRET_HASH"] = hash.into();
        }
        json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters })
    };
    server.ok("InitiateAuth", refresh(Some(hash(&secret, "alice")))).await;
    server.ok("InitiateAuth", refresh(Some(hash(&secret, &user.id)))).await;
    assert_eq!(server.refused("InitiateAuth", refresh(None)).await, absent);
    let by_alias = refresh(Some(hash(&secret, "alice@example.com")));
    assert_eq!(server.refused("InitiateAuth", by_alias).await, wrong);

    let public = server.client(&pool, json!({})).await;
    let mut request = by_password(&public, "alice", PASSWORD);
    request["AuthParameters"]["SECRET_HASH"] = hash(&secret, "alice").into();
    let wrong = error("NotAuthorized", format!("Unable to verify secret hash for client {public}"));
    assert_eq!(server.refused("InitiateAuth", request).await, wrong);
}

/// SECURITY 24, 25: a pool that asks for a second factor gives nobody tokens for one, whichever way they came.
#[tokio::test]
async fn required_mfa_is_never_skipped() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    people::add(&server, &pool, "bob", UserStatus::ForceChangePassword, Some(PASSWORD), &[]).await;
    let bobs = server.ok("InitiateAuth", by_password(&client, "bob", PASSWORD)).await;
    require_mfa(&server, &pool).await;
    let refused = async |operation: &str, request: serde_json::Value| {
        let (code, _) = server.refused(operation, request).await;
        assert_eq!(code, "InvalidParameterException", "{operation}");
    };
    refused("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
    let admin = json!({
        "UserPoolId": pool,
        "ClientId": client,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": "alice", "PASSWORD": PASSWORD },
    });
    refused("AdminInitiateAuth", admin).await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let proof = exchange.proof(&pool, PASSWORD, server.clock.now_ms() / 1000);
    refused("RespondToAuthChallenge", exchange.respond(&client, proof)).await;
    let chosen = json!({
        "ClientId": client,
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": bobs["Session"],
        "ChallengeResponses": { "USERNAME": "bob", "NEW_PASSWORD": "Chosen-Horse-8" },
    });
    refused("RespondToAuthChallenge", chosen).await;
}

/// Stores the setting, whether or not an operation lets anybody set it yet.
async fn require_mfa(server: &TestServer, pool: &str) {
    let mut changed = cognate_server::directory::Pool::clone(&*directory::pool(&server.cx, pool).await.unwrap());
    changed.settings.mfa_configuration = Some(UserPoolMfa::On);
    let row = changed.to_row().unwrap();
    let stored = server.cx.store.write(move |tx| {
        cognate_store::pools::update(tx, &row)?;
        tx.publish(directory::changed(&row.id))
    });
    stored.await.unwrap();
    server.advance_s(10);
}
