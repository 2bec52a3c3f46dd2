//! Refreshing: what a refresh token buys, and when no more.

use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::people::{self, claims, confirmed, error, text};

fn by_flow(client: &str, token: &str) -> Value {
    json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } })
}

fn by_operation(client: &str, token: &str) -> Value {
    json!({ "ClientId": client, "RefreshToken": token })
}

fn invalid() -> (String, String) {
    error("NotAuthorized", "Invalid Refresh Token")
}

fn reused() -> (String, String) {
    error("RefreshTokenReuse", "Refresh token has been invalidated by rotation")
}

#[tokio::test]
async fn new_tokens_of_the_same_sign_in() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let user = confirmed(&server, &pool, "alice").await;
    let first = people::tokens(&server, &client, "alice").await;
    let token = text(&first, "RefreshToken");
    server.advance_s(600);
    people::change(&server, &pool, &user.id, |user| {
        user.profile.attributes.insert("name".to_owned(), "Alice".to_owned());
    })
    .await;
    let sdk = server.sdk();
    let again = sdk.get_tokens_from_refresh_token().client_id(&client).refresh_token(token).send().await.unwrap();
    let again = again.authentication_result().unwrap();
    assert_eq!((again.refresh_token(), again.expires_in()), (None, 3600));
    let (before, after) = (claims(text(&first, "IdToken")), claims(again.id_token().unwrap()));
    for same in ["sub", "auth_time", "origin_jti", "event_id", "aud"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["jti"], after["jti"]);
    assert_eq!(after["iat"].as_i64(), Some(EPOCH_MS / 1000 + 600));
    assert_eq!(after["name"], "Alice", "attributes are read anew");
    for flow in ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"] {
        let mut request = by_flow(&client, token);
        request["AuthFlow"] = flow.into();
        let answer = server.ok("InitiateAuth", request.clone()).await;
        assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
        assert_eq!(answer["AuthenticationResult"]["RefreshToken"], Value::Null);
        request["UserPoolId"] = pool.as_str().into();
        server.ok("AdminInitiateAuth", request).await;
    }
    assert_eq!(
        server.refused("InitiateAuth", by_flow(&client, "")).await,
        error("InvalidParameter", "Missing required parameter REFRESH_TOKEN")
    );
}

/// SECURITY 3, 14: another client, another pool, another kind of token, altered, made up.
#[tokio::test]
async fn only_a_refresh_token_of_this_client_will_do() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let other_client = server.client(&pool, json!({})).await;
    let other_pool = server.pool(json!({})).await;
    let foreign_client = server.client(&other_pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let token = text(&tokens, "RefreshToken");
    for client in [&other_client, &foreign_client] {
        assert_eq!(server.refused("InitiateAuth", by_flow(client, token)).await, invalid());
        assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(client, token)).await, invalid());
    }
    let mut altered = token.to_owned();
    let last = if altered.pop() == Some('A') { 'B' } else { 'A' };
    altered.push(last);
    let made_up = format!("{}.AAAA.AAAA.AAAA.AAAA", token.split('.').next().unwrap());
    for bad in [text(&tokens, "AccessToken"), text(&tokens, "IdToken"), &altered, &made_up, "garbage", &token[..80]] {
        assert_eq!(server.refused("InitiateAuth", by_flow(&client, bad)).await, invalid());
        assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(&client, bad)).await, invalid());
    }
}

#[tokio::test]
async fn a_refresh_token_has_its_time() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let settings = json!({ "RefreshTokenValidity": 60, "TokenValidityUnits": { "RefreshToken": "minutes" } });
    let client = server.client(&pool, settings).await;
    confirmed(&server, &pool, "alice").await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let token = text(&tokens, "RefreshToken");
    server.advance_s(3599);
    server.ok("InitiateAuth", by_flow(&client, token)).await;
    server.advance_s(1);
    let expired = error("NotAuthorized", "Refresh Token has expired");
    assert_eq!(server.refused("InitiateAuth", by_flow(&client, token)).await, expired);
    assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(&client, token)).await, expired);
}

/// SECURITY 5: disabled and deleted users.
#[tokio::test]
async fn no_tokens_for_who_is_gone() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let user = confirmed(&server, &pool, "alice").await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let refresh = by_operation(&client, text(&tokens, "RefreshToken"));
    people::change(&server, &pool, &user.id, |user| user.enabled = false).await;
    let disabled = error("NotAuthorized", "User is disabled.");
    assert_eq!(server.refused("GetTokensFromRefreshToken", refresh.clone()).await, disabled);
    people::remove(&server, &pool, &user.id).await;
    assert_eq!(server.refused("GetTokensFromRefreshToken", refresh).await, invalid());
}

async fn rotating(server: &TestServer, grace_s: i64) -> (String, String) {
    let pool = server.pool(json!({})).await;
    let settings = json!({
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": grace_s },
        "RefreshTokenValidity": 60,
        "TokenValidityUnits": { "RefreshToken": "minutes" },
    });
    let client = server.client(&pool, settings).await;
    confirmed(server, &pool, "alice").await;
    let tokens = people::tokens(server, &client, "alice").await;
    (client, text(&tokens, "RefreshToken").to_owned())
}

async fn rotate(server: &TestServer, client: &str, token: &str) -> String {
    let answer = server.ok("GetTokensFromRefreshToken", by_operation(client, token)).await;
    text(&answer["AuthenticationResult"], "RefreshToken").to_owned()
}

/// SECURITY 14: the grace period answers a retry with the same successor, so it cannot fork a session.
#[tokio::test]
async fn a_rotated_token_has_one_successor() {
    let server = TestServer::start().await;
    let (client, first) = rotating(&server, 60).await;
    let second = rotate(&server, &client, &first).await;
    assert_ne!(first, second);
    server.advance_s(59);
    assert_eq!(rotate(&server, &client, &first).await, second, "a retry");
    server.advance_s(1);
    let late = server.refused("GetTokensFromRefreshToken", by_operation(&client, &first)).await;
    assert_eq!(late, reused());

    let third = rotate(&server, &client, &second).await;
    let fourth = rotate(&server, &client, &third).await;
    // Within its grace period, but no longer the last one retired.
    let early = server.refused("GetTokensFromRefreshToken", by_operation(&client, &second)).await;
    assert_eq!(early, reused());
    assert_eq!(rotate(&server, &client, &third).await, fourth);

    // Rotation does not prolong: the end is an hour after the sign-in.
    server.advance_s(3600 - 60 - 1);
    let last = rotate(&server, &client, &fourth).await;
    server.advance_s(1);
    let over = server.refused("GetTokensFromRefreshToken", by_operation(&client, &last)).await;
    assert_eq!(over, error("NotAuthorized", "Refresh Token has expired"));
}

/// SECURITY 14: without a grace period a token is good once.
#[tokio::test]
async fn without_grace_a_token_is_good_once() {
    let server = TestServer::start().await;
    let (client, first) = rotating(&server, 0).await;
    let flow = server.refused("InitiateAuth", by_flow(&client, &first)).await;
    assert_eq!(flow, error("InvalidParameter", "Auth flow not enabled for this client"));
    let second = rotate(&server, &client, &first).await;
    assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(&client, &first)).await, reused());
    let request = by_operation(&client, &second);
    let answers = tokio::join!(
        server.call("GetTokensFromRefreshToken", request.clone()),
        server.call("GetTokensFromRefreshToken", request.clone()),
        server.call("GetTokensFromRefreshToken", request),
    );
    let answers = [answers.0, answers.1, answers.2];
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert!(answers.iter().filter_map(cognate_testkit::Answer::error).all(|error| error == reused()));
}

/// SECURITY 14: requests at once with one token are one rotation.
#[tokio::test(flavor = "multi_thread")]
async fn at_once_is_one_rotation() {
    let server = TestServer::start().await;
    let (client, first) = rotating(&server, 30).await;
    let (a, b, c) = tokio::join!(
        rotate(&server, &client, &first),
        rotate(&server, &client, &first),
        rotate(&server, &client, &first)
    );
    assert!(a == b && b == c);
}

/// SECURITY 15: the plain secret of GetTokensFromRefreshToken.
#[tokio::test]
async fn a_client_with_a_secret_shows_it() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let made = server
        .ok(
            "CreateUserPoolClient",
            json!({
                "UserPoolId": pool, "ClientName": "confidential", "GenerateSecret": true,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            }),
        )
        .await;
    let client = text(&made["UserPoolClient"], "ClientId").to_owned();
    let secret = text(&made["UserPoolClient"], "ClientSecret").to_owned();
    let mut begin = people::by_password(&client, "alice", people::PASSWORD);
    begin["AuthParameters"]["SECRET_HASH"] = cognate_crypto::secret_hash::compute(&secret, "alice", &client).into();
    let tokens = server.ok("InitiateAuth", begin).await;
    let mut request = by_operation(&client, text(&tokens["AuthenticationResult"], "RefreshToken"));
    assert_eq!(
        server.refused("GetTokensFromRefreshToken", request.clone()).await,
        error("NotAuthorized", format!("Client {client} is configured for secret but secret was not received"))
    );
    request["ClientSecret"] = "anothersecretofsomebodyelse".into();
    assert_eq!(
        server.refused("GetTokensFromRefreshToken", request.clone()).await,
        error("NotAuthorized", format!("Unable to verify secret hash for client {client}"))
    );
    request["ClientSecret"] = secret.into();
    server.ok("GetTokensFromRefreshToken", request).await;
}
