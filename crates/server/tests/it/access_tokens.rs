//! Presenting an access token: what is genuine, what is live, and what only looks like one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate_crypto::jose::SigningKey;
use cognate_server::tokens::keys::{self, TokenUse};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{self, claims, confirmed, error, refusal, text};

fn invalid() -> (String, String) {
    error("NotAuthorized", "Invalid Access Token")
}

fn unsigned() -> (String, String) {
    error("NotAuthorized", "Could not verify signature for Access Token")
}

/// Why the server does not take the token.
async fn refused(server: &TestServer, token: &str) -> (String, String) {
    refusal(server, token).await.expect("the token is refused")
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn encoded(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

/// A server, its pool and client, and the tokens of one sign-in.
async fn signed_in() -> (TestServer, String, String, Value) {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let tokens = people::tokens(&server, &client, "alice").await;
    (server, pool, client, tokens)
}

/// Claims signed by the pool's own key: what only a mistake of the server could make.
async fn signed(server: &TestServer, pool: &str, token_use: TokenUse, claims: &Value) -> String {
    let keys = keys::of(&server.cx, pool).await.unwrap();
    keys.signing(token_use, server.clock.now_ms()).unwrap().sign(claims.to_string().as_bytes())
}

#[tokio::test]
async fn a_live_token_is_taken_again_and_again() {
    let (server, _, _, tokens) = signed_in().await;
    for _ in 0..3 {
        assert_eq!(refusal(&server, text(&tokens, "AccessToken")).await, None);
    }
    server.advance_s(3599);
    assert_eq!(refusal(&server, text(&tokens, "AccessToken")).await, None);
    server.advance_s(1);
    let expired = error("NotAuthorized", "Access Token has expired");
    assert_eq!(refused(&server, text(&tokens, "AccessToken")).await, expired.clone());
    let sign_out = json!({ "AccessToken": text(&tokens, "AccessToken") });
    assert_eq!(server.refused("GlobalSignOut", sign_out).await, expired);
}

/// SECURITY 1: the algorithm is the key's, whatever the token says.
#[tokio::test]
async fn the_algorithm_is_not_the_tokens_to_choose() {
    let (server, pool, _, tokens) = signed_in().await;
    let [header, payload, signature] = parts(text(&tokens, "AccessToken"));
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    let key = keys::of(&server.cx, &pool).await.unwrap();
    let public = serde_json::to_vec(&key.jwks()[1]).unwrap();
    for algorithm in ["none", "None", "HS256", "RS384", "PS256", "ES256", "", "rs256"] {
        let header = encoded(&json!({ "kid": header["kid"], "alg": algorithm }));
        let hmac_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public);
        let mac = aws_lc_rs::hmac::sign(&hmac_key, format!("{header}.{payload}").as_bytes());
        for signature in [signature.clone(), String::new(), URL_SAFE_NO_PAD.encode(mac)] {
            let token = format!("{header}.{payload}.{signature}");
            assert_eq!(refused(&server, &token).await, invalid(), "{algorithm}");
        }
    }
}

/// SECURITY 2: a key is one of the pool's, found by name and by nothing else.
#[tokio::test]
async fn the_key_is_one_of_the_pools() {
    let (server, _, _, tokens) = signed_in().await;
    let [_, payload, signature] = parts(text(&tokens, "AccessToken"));
    for kid in ["", "../../etc/passwd", "' OR 1=1 --", "unknown", &STANDARD.encode([7; 32])] {
        let token = format!("{}.{payload}.{signature}", encoded(&json!({ "kid": kid, "alg": "RS256" })));
        assert_eq!(refused(&server, &token).await, unsigned(), "{kid}");
    }
    let own = SigningKey::generate().unwrap();
    let stranger = own.sign(&URL_SAFE_NO_PAD.decode(&payload).unwrap());
    assert_eq!(refused(&server, &stranger).await, unsigned());
    for member in ["jku", "jwk", "x5u", "x5c", "crit"] {
        let header = encoded(&json!({ "kid": own.kid(), "alg": "RS256", member: "https://evil.example/keys" }));
        assert_eq!(refused(&server, &format!("{header}.{payload}.{signature}")).await, invalid(), "{member}");
    }
    let without = encoded(&json!({ "alg": "RS256" }));
    assert_eq!(refused(&server, &format!("{without}.{payload}.{signature}")).await, invalid());
}

/// SECURITY 3: an access token is one by its key and by its claims, of this pool.
#[tokio::test]
async fn other_tokens_are_no_access_tokens() {
    let (server, pool, _, tokens) = signed_in().await;
    let genuine = claims(text(&tokens, "AccessToken"));
    assert_eq!(refused(&server, text(&tokens, "IdToken")).await, invalid());
    assert_eq!(refused(&server, text(&tokens, "RefreshToken")).await, invalid());
    assert_eq!(refused(&server, &signed(&server, &pool, TokenUse::Id, &genuine).await).await, invalid());
    let with = |name: &str, value: Value| {
        let mut claims = genuine.clone();
        claims[name] = value;
        claims
    };
    let other = server.pool(json!({})).await;
    keys::of(&server.cx, &other).await.unwrap();
    let issuer = |pool: &str| json!(format!("{}/{pool}", server.url()));
    let revoked = error("NotAuthorized", "Access Token has been revoked");
    let scope = error("NotAuthorized", "Access Token does not have required scopes");
    let nobody = error("UserNotFound", "User does not exist.");
    for (what, claims, expected) in [
        ("a use of another kind", with("token_use", json!("id")), invalid()),
        ("another pool's", with("iss", issuer(&other)), unsigned()),
        ("an unknown pool's", with("iss", issuer("us-east-1_nobodyhas")), invalid()),
        ("another server's", with("iss", json!(format!("https://evil.example/{pool}"))), invalid()),
        ("of no issuer", with("iss", Value::Null), invalid()),
        ("another client's", with("client_id", json!("nosuchclient")), revoked.clone()),
        ("of no client", with("client_id", Value::Null), invalid()),
        ("without a scope", with("scope", json!("openid email")), scope.clone()),
        ("with a longer scope", with("scope", json!("aws.cognito.signin.user.admin2")), scope),
        ("of another sign-in", with("origin_jti", json!("00000000-0000-0000-0000-000000000000")), revoked),
        ("of nobody", with("sub", json!("nobody")), nobody),
        ("that is not a time", with("exp", json!("never")), invalid()),
    ] {
        assert_eq!(
            refused(&server, &signed(&server, &pool, TokenUse::Access, &claims).await).await,
            expected,
            "{what}"
        );
    }
}

/// SECURITY 4: truncated, flipped, padded, nested, with duplicate claims.
#[tokio::test]
async fn damaged_tokens_are_refused() {
    let (server, pool, _, tokens) = signed_in().await;
    let token = text(&tokens, "AccessToken");
    let [header, payload, signature] = parts(token);
    for bad in
        [".", "..", "...", "a.b.c", &header, &format!("{header}.{payload}"), &format!("{token}."), &format!("{token}=")]
    {
        assert_eq!(refused(&server, bad).await, invalid(), "{bad}");
    }
    let flipped = |text: &str| {
        let mut bytes = URL_SAFE_NO_PAD.decode(text).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        URL_SAFE_NO_PAD.encode(bytes)
    };
    assert_eq!(refused(&server, &format!("{header}.{payload}.{}", flipped(&signature))).await, unsigned());
    let whole = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    let genuine = claims(token);
    let mut raised = genuine.clone();
    raised["exp"] = json!(9_999_999_999_i64);
    assert_eq!(refused(&server, &format!("{header}.{}.{signature}", encoded(&raised))).await, unsigned());
    assert_eq!(
        refused(&server, &format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(&whole[..255]))).await,
        unsigned()
    );
    let key = keys::of(&server.cx, &pool).await.unwrap().signing(TokenUse::Access, server.clock.now_ms()).unwrap();
    let text_of = genuine.to_string();
    let twice = format!("{}, \"sub\": \"someone\"}}", &text_of[..text_of.len() - 1]);
    assert_eq!(refused(&server, &key.sign(twice.as_bytes())).await, invalid());
    assert_eq!(refused(&server, &key.sign(token.as_bytes())).await, invalid(), "a token in a token");
    assert_eq!(refused(&server, &"a".repeat(20_000)).await, invalid());
}

/// SECURITY 5: users who are disabled or deleted, clients and pools that are deleted.
#[tokio::test]
async fn a_token_dies_with_what_it_is_about() {
    let (server, pool, client, tokens) = signed_in().await;
    let token = text(&tokens, "AccessToken");
    assert_eq!(refusal(&server, token).await, None);
    let sub = claims(token)["sub"].as_str().unwrap().to_owned();
    people::change(&server, &pool, &sub, |user| user.enabled = false).await;
    assert_eq!(refused(&server, token).await, error("NotAuthorized", "User is disabled."));
    people::change(&server, &pool, &sub, |user| user.enabled = true).await;
    server.ok("DeleteUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    let revoked = error("NotAuthorized", "Access Token has been revoked");
    assert_eq!(refused(&server, token).await, revoked.clone());

    let client = server.client(&pool, json!({})).await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let token = text(&tokens, "AccessToken");
    assert_eq!(refusal(&server, token).await, None);
    people::remove(&server, &pool, &sub).await;
    assert_eq!(refused(&server, token).await, error("UserNotFound", "User does not exist."));
    // GlobalSignOut has no words for that.
    assert_eq!(server.refused("GlobalSignOut", json!({ "AccessToken": token })).await, revoked);
    server.ok("DeleteUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!(refused(&server, token).await, invalid());
}
