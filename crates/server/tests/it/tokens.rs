//! What tokens say, who signs them, and how long they are good.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_server::tokens::keys;
use cognate_shapes::enums::UserStatus;
use cognate_store::{groups, memberships};
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::people::{self, PASSWORD, claims, confirmed, text};

const NOW: i64 = EPOCH_MS / 1000;

fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

async fn key_set(server: &TestServer, pool: &str) -> Vec<Value> {
    let answer = server.get(&format!("/{pool}/.well-known/jwks.json")).await;
    assert_eq!(answer.status, 200);
    answer.json()["keys"].as_array().unwrap().clone()
}

/// Verifies a token as a stranger would: by the published keys alone.
fn verifies(token: &str, keys: &[Value]) -> bool {
    let kid = header(token)["kid"].clone();
    let Some(key) = keys.iter().find(|key| key["kid"] == kid) else { return false };
    let part = |name: &str| URL_SAFE_NO_PAD.decode(text(key, name)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    RsaPublicKeyComponents { n: part("n"), e: part("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .is_ok()
}

#[tokio::test]
async fn a_sign_in_tells_who_and_what_for() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = [
        ("email", "alice@example.com"),
        ("email_verified", "true"),
        ("phone_number", "+4912345"),
        ("phone_number_verified", "false"),
        ("address", "1 Main St"),
        ("updated_at", "1700000000"),
        ("birthdate", "1990-01-01"),
        ("custom:seats", "7"),
    ];
    let user = people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let (id_token, access_token) = (text(&tokens, "IdToken"), text(&tokens, "AccessToken"));
    let (mut id, mut access) = (claims(id_token), claims(access_token));

    let take = |claims: &mut Value, name: &str| claims.as_object_mut().unwrap().remove(name).unwrap_or(Value::Null);
    let issuer = format!("{}/{pool}", server.url());
    for name in ["event_id", "origin_jti"] {
        let (of_id, of_access) = (take(&mut id, name), take(&mut access, name));
        assert_eq!(of_id, of_access, "{name}");
        assert_eq!(of_id.as_str().map(str::len), Some(36), "{name}");
    }
    assert_ne!(take(&mut id, "jti"), take(&mut access, "jti"));
    assert_eq!(
        id,
        json!({
            "sub": user.id, "iss": issuer, "aud": client, "token_use": "id",
            "auth_time": NOW, "iat": NOW, "exp": NOW + 3600, "cognito:username": "alice",
            "acr": "urn:cognito:loa:1", "amr": ["pwd"], "email": "alice@example.com", "email_verified": true,
            "phone_number": "+4912345", "phone_number_verified": false,
            "address": { "formatted": "1 Main St" }, "updated_at": 1_700_000_000, "birthdate": "1990-01-01",
            "custom:seats": "7",
        })
    );
    assert_eq!(
        access,
        json!({
            "sub": user.id, "iss": issuer, "client_id": client, "token_use": "access",
            "auth_time": NOW, "iat": NOW, "exp": NOW + 3600, "username": "alice",
            "scope": "aws.cognito.signin.user.admin", "acr": "urn:cognito:loa:1", "amr": ["pwd"],
        })
    );

    let keys = key_set(&server, &pool).await;
    assert!(verifies(id_token, &keys) && verifies(access_token, &keys));
    assert_ne!(header(id_token)["kid"], header(access_token)["kid"]);
    assert_eq!(header(id_token).as_object().unwrap().len(), 2, "alg and kid");
    for key in &keys {
        assert_eq!(
            (key["alg"].as_str(), key["kty"].as_str(), key["use"].as_str()),
            (Some("RS256"), Some("RSA"), Some("sig"))
        );
    }
}

#[tokio::test]
async fn a_client_sees_what_it_may_read() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server
        .client(
            &pool,
            json!({
                "ReadAttributes": ["email"],
                "EnableTokenRevocation": false,
                "IdTokenValidity": 10, "AccessTokenValidity": 5, "RefreshTokenValidity": 2,
                "TokenValidityUnits": { "IdToken": "minutes", "AccessToken": "minutes", "RefreshToken": "hours" },
            }),
        )
        .await;
    let attributes = [("email", "a@example.com"), ("email_verified", "true"), ("name", "Alice"), ("custom:a", "b")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    let tokens = people::tokens(&server, &client, "alice").await;
    assert_eq!(tokens["ExpiresIn"], 300);
    let (id, access) = (claims(text(&tokens, "IdToken")), claims(text(&tokens, "AccessToken")));
    assert_eq!(id["email"], "a@example.com");
    for hidden in ["email_verified", "name", "custom:a", "jti", "origin_jti"] {
        assert_eq!(id[hidden], Value::Null, "{hidden}");
    }
    assert_eq!((&access["jti"], &access["origin_jti"]), (&Value::Null, &Value::Null));
    assert_eq!((id["exp"].as_i64(), access["exp"].as_i64()), (Some(NOW + 600), Some(NOW + 300)));
}

#[tokio::test]
async fn groups_come_in_order_with_their_roles() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let user = confirmed(&server, &pool, "alice").await;
    for (name, precedence, role) in [
        ("all", None, None),
        ("editors", Some(5), Some("arn:aws:iam::1:role/e")),
        ("admins", Some(1), Some("arn:aws:iam::1:role/a")),
    ] {
        let doc = match role {
            Some(role) => json!({ "v": 1, "role_arn": role }),
            None => json!({ "v": 1 }),
        };
        let group = groups::Group {
            pool_id: pool.clone(),
            name: name.to_owned(),
            created_ms: EPOCH_MS,
            modified_ms: EPOCH_MS,
            precedence,
            doc: doc.to_string(),
        };
        let user = user.id.clone();
        let added = server.cx.store.write(move |tx| {
            groups::insert_if_absent(tx, &group)?;
            memberships::add(tx, &group.pool_id, &user, &group.name, EPOCH_MS)
        });
        assert!(added.await.unwrap());
    }
    let tokens = people::tokens(&server, &client, "alice").await;
    let (id, access) = (claims(text(&tokens, "IdToken")), claims(text(&tokens, "AccessToken")));
    let ordered = json!(["admins", "editors", "all"]);
    assert_eq!((&id["cognito:groups"], &access["cognito:groups"]), (&ordered, &ordered));
    assert_eq!(id["cognito:roles"], json!(["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/e"]));
    assert_eq!(id["cognito:preferred_role"], "arn:aws:iam::1:role/a");
    assert_eq!(access["cognito:roles"], Value::Null);
}

/// SECURITY 7: a new key is published before it signs, and the old one verifies until its last token has expired.
#[tokio::test]
async fn keys_rotate_with_an_overlap() {
    let server = TestServer::alone(&[]).await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "AccessTokenValidity": 24 })).await;
    confirmed(&server, &pool, "alice").await;
    let sign_in = async || people::tokens(&server, &client, "alice").await;
    let kid = |tokens: &Value| header(text(tokens, "AccessToken"))["kid"].clone();

    let before = sign_in().await;
    let old = key_set(&server, &pool).await;
    let takes_over_ms = keys::rotate(&server.cx, &pool).await.unwrap();
    assert!(takes_over_ms - EPOCH_MS > 3_600_000, "longer than the key set may be cached");
    assert_eq!(keys::rotate(&server.cx, &pool).await.unwrap(), takes_over_ms, "one rotation at a time");
    let published = key_set(&server, &pool).await;
    assert_eq!((old.len(), published.len()), (2, 4));
    let between = sign_in().await;
    assert_eq!(kid(&between), kid(&before), "whoever still has the old key set can verify");
    assert!(verifies(text(&between, "AccessToken"), &old));

    server.clock.advance_ms(takes_over_ms - EPOCH_MS - 1);
    let last = sign_in().await;
    assert_eq!(kid(&last), kid(&before));
    server.clock.advance_ms(1);
    let after = sign_in().await;
    assert_ne!(kid(&after), kid(&before));
    assert!(verifies(text(&after, "AccessToken"), &published) && verifies(text(&after, "IdToken"), &published));

    // The old key goes when the last of its tokens has expired, not earlier.
    let prune = async || {
        let now = server.clock.now_ms();
        server.cx.store.write(move |tx| keys::prune(tx, now, 1000)).await.unwrap();
        server.cx.signing_keys.forget(&pool);
        key_set(&server, &pool).await
    };
    server.advance_s(86_398);
    let kept = prune().await;
    assert!(verifies(text(&last, "AccessToken"), &kept));
    assert_eq!(people::refusal(&server, text(&last, "AccessToken")).await, None);
    server.advance_s(3600);
    let left = prune().await;
    assert_eq!(left.len(), 2);
    assert!(!verifies(text(&last, "AccessToken"), &left) && verifies(text(&after, "AccessToken"), &left));
    server.end().await;
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    use cognate_server::tokens::prune::prune;
    let server = TestServer::alone(&[]).await;
    let pool = server.pool(json!({})).await;
    let settings = json!({ "RefreshTokenValidity": 1, "TokenValidityUnits": { "RefreshToken": "hours" } });
    let client = server.client(&pool, settings).await;
    confirmed(&server, &pool, "alice").await;
    for _ in 0..3 {
        people::tokens(&server, &client, "alice").await;
    }
    let sessions = async || {
        let of_pool = pool.clone();
        let sessions = server
            .cx
            .store
            .read(move |tx| tx.one("SELECT COUNT(*) FROM sessions WHERE pool_id = $1", &[of_pool.as_str().into()]));
        sessions.await.unwrap().unwrap().int(0).unwrap()
    };
    server.advance_s(3600 + 86_400);
    prune(&server.cx, "one").await.unwrap();
    assert_eq!(sessions().await, 3, "an access token may have needed them until now");
    server.advance_s(1);
    prune(&server.cx, "another").await.unwrap();
    assert_eq!(sessions().await, 3, "another node does it");
    prune(&server.cx, "one").await.unwrap();
    assert_eq!(sessions().await, 0);
    server.end().await;
}
