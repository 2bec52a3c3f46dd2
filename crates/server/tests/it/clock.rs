//! A clock that jumps: backwards by an hour, forwards by a year, and back.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-horse-1";
const HOUR: i64 = 3600;

struct Signed {
    server: TestServer,
    client: String,
}

impl Signed {
    async fn up() -> (Self, String) {
        let server = TestServer::start().await;
        let pool = server.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
        let client = server.client(&pool, json!({})).await;
        let attributes = json!([{ "Name": "email", "Value": "ada@example.com" }]);
        let body = json!({ "ClientId": client, "Username": "ada", "Password": PASSWORD, "UserAttributes": attributes });
        server.ok("SignUp", body).await;
        let code = server.last_code("ada@example.com");
        (Self { server, client }, code)
    }

    async fn confirm(&self, code: &str) -> Option<String> {
        let body = json!({ "ClientId": self.client, "Username": "ada", "ConfirmationCode": code });
        self.server.call("ConfirmSignUp", body).await.error().map(|(code, _)| code)
    }

    async fn sign_in(&self) -> Value {
        let parameters = json!({ "USERNAME": "ada", "PASSWORD": PASSWORD });
        let body = json!({ "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        self.server.ok("InitiateAuth", body).await["AuthenticationResult"].clone()
    }

    async fn refresh(&self, token: &Value) -> Option<String> {
        let parameters = json!({ "REFRESH_TOKEN": token });
        let body = json!({ "ClientId": self.client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters });
        self.server.call("InitiateAuth", body).await.error().map(|(_, message)| message)
    }
}

/// SECURITY 55: what is spent or revoked stays so, whatever the clock says afterwards.
#[tokio::test]
async fn a_jump_brings_nothing_back() {
    let (ada, code) = Signed::up().await;
    assert_eq!(ada.confirm(&code).await, None);
    let tokens = ada.sign_in().await;
    let refresh = &tokens["RefreshToken"];
    ada.server.ok("RevokeToken", json!({ "Token": refresh, "ClientId": ada.client })).await;
    for jump in [-HOUR, 2 * HOUR, -24 * HOUR, 23 * HOUR] {
        ada.server.advance_s(jump);
        assert_eq!(ada.confirm(&code).await.as_deref(), Some("NotAuthorizedException"), "a code is spent for good");
        assert_eq!(ada.refresh(refresh).await.as_deref(), Some("Refresh Token has been revoked"));
    }
}

/// SECURITY 55: nobody is locked out by it either: sign-ins work, and sessions from the future refresh.
#[tokio::test]
async fn a_jump_locks_nobody_out() {
    let (ada, code) = Signed::up().await;
    assert_eq!(ada.confirm(&code).await, None);
    let tokens = ada.sign_in().await;
    ada.server.advance_s(-HOUR);
    assert_eq!(ada.refresh(&tokens["RefreshToken"]).await, None, "a session begun in what is now the future");
    let earlier = ada.sign_in().await;
    ada.server.advance_s(2 * HOUR);
    assert_eq!(ada.refresh(&earlier["RefreshToken"]).await, None);
    ada.server.advance_s(365 * 24 * HOUR);
    let old = ada.refresh(&tokens["RefreshToken"]).await;
    assert_eq!(old.as_deref(), Some("Refresh Token has expired"));
    let fresh = ada.sign_in().await;
    assert_eq!(ada.refresh(&fresh["RefreshToken"]).await, None);
}

/// SECURITY 23, 55: a code that waits for its user is not taken after its day, to the second, and not before its time.
#[tokio::test]
async fn a_code_lives_a_day_by_the_servers_clock() {
    let (ada, code) = Signed::up().await;
    ada.server.advance_s(24 * HOUR);
    assert_eq!(ada.confirm(&code).await.as_deref(), Some("ExpiredCodeException"));
    ada.server.advance_s(-1);
    assert_eq!(ada.confirm(&code).await, None);
}
