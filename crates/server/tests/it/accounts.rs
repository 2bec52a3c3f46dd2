//! What tests of accounts share: pools with users in them, and what the store holds of a user.

use cognate_server::accounts::{password, user};
use cognate_server::directory;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

pub const PASSWORD: &str = "Correct-Horse-7";

/// A pool's id and a client's.
pub struct Pool {
    pub id: String,
    pub client: String,
}

/// A pool that verifies e-mail addresses, with a client that tells who exists.
pub async fn pool(server: &TestServer) -> Pool {
    pool_with(server, json!({ "AutoVerifiedAttributes": ["email"] }), json!({})).await
}

/// The same with a client that hides who exists.
pub async fn hiding_pool(server: &TestServer) -> Pool {
    let client = json!({ "PreventUserExistenceErrors": "ENABLED" });
    pool_with(server, json!({ "AutoVerifiedAttributes": ["email"] }), client).await
}

pub async fn pool_with(server: &TestServer, settings: Value, client: Value) -> Pool {
    let id = server.pool(settings).await;
    let client = server.client(&id, client).await;
    Pool { id, client }
}

/// Signs `{name}@example.com` up as `name`; answers what SignUp does.
pub async fn sign_up(server: &TestServer, pool: &Pool, name: &str) -> Value {
    server.ok("SignUp", application(pool, name)).await
}

/// The request that [`sign_up`] sends.
pub fn application(pool: &Pool, name: &str) -> Value {
    json!({
        "ClientId": pool.client, "Username": name, "Password": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": email(name) }],
    })
}

pub fn email(name: &str) -> String {
    format!("{name}@example.com")
}

/// Signs up and confirms with the code from the mail.
pub async fn confirmed(server: &TestServer, pool: &Pool, name: &str) {
    sign_up(server, pool, name).await;
    server.ok("ConfirmSignUp", confirmation(pool, name, &server.last_code(&email(name)))).await;
}

pub fn confirmation(pool: &Pool, name: &str, code: &str) -> Value {
    json!({ "ClientId": pool.client, "Username": name, "ConfirmationCode": code })
}

pub fn named(pool: &Pool, name: &str) -> Value {
    json!({ "ClientId": pool.client, "Username": name })
}

/// The request that sets a new password with a code.
pub fn recovery(pool: &Pool, name: &str, code: &str, password: &str) -> Value {
    json!({ "ClientId": pool.client, "Username": name, "ConfirmationCode": code, "Password": password })
}

/// The user as it is stored.
pub async fn stored(server: &TestServer, pool: &Pool, name: &str) -> user::User {
    let pool = directory::pool(&server.cx, &pool.id).await.unwrap();
    let name = name.to_owned();
    let found = server.cx.store.read(move |tx| user::by_name(tx, &pool, &name)).await.unwrap();
    found.expect("the user is there")
}

pub async fn has_password(server: &TestServer, pool: &Pool, name: &str, guess: &str) -> bool {
    let user = stored(server, pool, name).await;
    let pool = directory::pool(&server.cx, &pool.id).await.unwrap();
    password::matches(&server.cx, &pool, &user, guess).await.unwrap()
}

/// Another code than this one.
pub fn wrong(code: &str) -> String {
    let next = (code.parse::<u32>().unwrap() + 1) % 1_000_000;
    format!("{next:06}")
}

pub fn error(code: &str, message: &str) -> (String, String) {
    (format!("{code}Exception"), message.to_owned())
}

pub fn mismatch() -> (String, String) {
    error("CodeMismatch", "Invalid verification code provided, please try again.")
}

pub fn expired() -> (String, String) {
    error("ExpiredCode", "Invalid code provided, please request a code again.")
}

pub fn too_often() -> (String, String) {
    error("LimitExceeded", "Attempt limit exceeded, please try after some time.")
}

pub fn unknown_combination() -> (String, String) {
    error("UserNotFound", "Username/client id combination not found.")
}
