//! Ending sign-ins: one by its refresh token, or all of a user.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{self, confirmed, error, refusal, text};

fn revoke(client: &str, token: &str) -> Value {
    json!({ "ClientId": client, "Token": token })
}

fn refresh(client: &str, token: &str) -> Value {
    json!({ "ClientId": client, "RefreshToken": token })
}

fn revoked() -> (String, String) {
    error("NotAuthorized", "Access Token has been revoked")
}

fn refresh_revoked() -> (String, String) {
    error("NotAuthorized", "Refresh Token has been revoked")
}

/// SECURITY 6: what came of the sign-in is dead, first and later tokens alike; other sign-ins live.
#[tokio::test]
async fn a_refresh_token_takes_its_sign_in_with_it() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let ended = people::tokens(&server, &client, "alice").await;
    let other = people::tokens(&server, &client, "alice").await;
    let token = text(&ended, "RefreshToken");
    let later = server.ok("GetTokensFromRefreshToken", refresh(&client, token)).await;
    let later = text(&later["AuthenticationResult"], "AccessToken");
    assert_eq!(refusal(&server, later).await, None);
    let sdk = server.sdk();
    sdk.revoke_token().client_id(&client).token(token).send().await.unwrap();
    for access_token in [text(&ended, "AccessToken"), later] {
        assert_eq!(refusal(&server, access_token).await, Some(revoked()));
        let sign_out = json!({ "AccessToken": access_token });
        assert_eq!(server.refused("GlobalSignOut", sign_out).await, revoked());
    }
    assert_eq!(server.refused("GetTokensFromRefreshToken", refresh(&client, token)).await, refresh_revoked());
    server.ok("RevokeToken", revoke(&client, token)).await;
    assert_eq!(refusal(&server, text(&other, "AccessToken")).await, None);
    server.ok("GetTokensFromRefreshToken", refresh(&client, text(&other, "RefreshToken"))).await;
}

/// SECURITY 60: a client without revocation revokes nothing.
#[tokio::test]
async fn what_cannot_be_revoked_is_told() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let other = server.client(&pool, json!({})).await;
    let off = server.client(&pool, json!({ "EnableTokenRevocation": false })).await;
    let made = server
        .ok("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c", "GenerateSecret": true }))
        .await;
    let confidential = text(&made["UserPoolClient"], "ClientId").to_owned();
    confirmed(&server, &pool, "alice").await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let token = text(&tokens, "RefreshToken");
    let unknown = format!("{}.{}", token.split('.').next().unwrap(), {
        let rest: Vec<&str> = token.split('.').skip(1).collect();
        let flipped = if rest[3].starts_with('A') { "B" } else { "A" };
        format!("{}.{}.{}.{flipped}{}", rest[0], rest[1], rest[2], &rest[3][1..])
    });
    let unsupported = error("UnsupportedTokenType", "Unsupported token type");
    for (client, token, expected) in [
        (client.as_str(), text(&tokens, "AccessToken"), unsupported.clone()),
        (&client, text(&tokens, "IdToken"), unsupported.clone()),
        (&client, "garbage", unsupported),
        (&other, token, error("Unauthorized", "The token was not issued to this client.")),
        ("nosuchclient", token, error("Unauthorized", "User pool client nosuchclient does not exist.")),
        (
            &confidential,
            token,
            error(
                "Unauthorized",
                format!("Client {confidential} is configured for secret but secret was not received"),
            ),
        ),
        (&off, token, error("UnsupportedOperation", "Token revocation is not enabled for the client.")),
    ] {
        assert_eq!(server.refused("RevokeToken", revoke(client, token)).await, expected);
    }
    server.ok("RevokeToken", revoke(&client, &unknown)).await;
    server.ok("GetTokensFromRefreshToken", refresh(&client, token)).await;
}

/// SECURITY 5: all sign-ins until now, whatever their client; those that come after live.
#[tokio::test]
async fn global_sign_out_ends_all_that_was() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let unrevocable = server.client(&pool, json!({ "EnableTokenRevocation": false })).await;
    confirmed(&server, &pool, "alice").await;
    confirmed(&server, &pool, "bob").await;
    let bobs = people::tokens(&server, &client, "bob").await;
    for by_administrator in [false, true] {
        let ended = [
            (&client, people::tokens(&server, &client, "alice").await),
            (&client, people::tokens(&server, &client, "alice").await),
            (&unrevocable, people::tokens(&server, &unrevocable, "alice").await),
        ];
        let sdk = server.sdk();
        if by_administrator {
            sdk.admin_user_global_sign_out().user_pool_id(&pool).username("alice").send().await.unwrap();
        } else {
            sdk.global_sign_out().access_token(text(&ended[0].1, "AccessToken")).send().await.unwrap();
        }
        // In the very same millisecond.
        let after = people::tokens(&server, &client, "alice").await;
        for (client, tokens) in &ended {
            assert_eq!(refusal(&server, text(tokens, "AccessToken")).await, Some(revoked()));
            let request = refresh(client, text(tokens, "RefreshToken"));
            assert_eq!(server.refused("GetTokensFromRefreshToken", request).await, refresh_revoked());
        }
        assert_eq!(refusal(&server, text(&after, "AccessToken")).await, None);
        server.ok("GetTokensFromRefreshToken", refresh(&client, text(&after, "RefreshToken"))).await;
    }
    assert_eq!(refusal(&server, text(&bobs, "AccessToken")).await, None);
    let nobody = json!({ "UserPoolId": pool, "Username": "nobody" });
    assert_eq!(server.refused("AdminUserGlobalSignOut", nobody).await, error("UserNotFound", "User does not exist."));
}
