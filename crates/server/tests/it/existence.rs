//! Whether somebody has an account is nobody's business where the client says so.

use cognate_server::accounts::unknown;
use cognate_server::directory;
use cognate_store::{attempts, codes};
use cognate_testkit::{Answer, TestServer};
use serde_json::{Value, json};

use crate::accounts::{
    Pool, confirmation, confirmed, error, expired, hiding_pool, mismatch, named, pool_with, recovery, sign_up, stored,
    too_often,
};

/// Makes the request of one step for a name.
type Ask = fn(&Pool, &str) -> Value;

const ANOTHER: &str = "Battery-Staple-8";

/// What an attacker sees of an answer: everything but the id and the date of the request.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-amzn-requestid", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), format!("{value:?}")))
        .collect();
    headers.sort();
    (answer.status, headers, String::from_utf8_lossy(&answer.body).into_owned())
}

/// How many rows of counters and codes the store keeps for a subject.
async fn kept(server: &TestServer, pool: &Pool, subject: String) -> (i64, i64, bool, bool) {
    let (pool, now) = (pool.id.clone(), server.clock.now_ms());
    let window = now - now % 3_600_000;
    let read = server.cx.store.read(move |tx| {
        Ok::<_, cognate_store::Error>((
            attempts::get(tx, &pool, &subject, "password_reset", window)?,
            attempts::get(tx, &pool, &subject, "confirm_sign_up", window)?,
            codes::get(tx, &pool, &subject, "password_reset")?.is_some(),
            codes::get(tx, &pool, &subject, "sign_up")?.is_some(),
        ))
    });
    read.await.unwrap()
}

/// SECURITY 21: the same answers, after the same work, for a user and for a name that nobody has: body, status, headers,
/// jobs for the workers, counters and codes in the store.
#[tokio::test]
async fn a_stranger_cannot_tell_a_user_from_nobody() {
    let server = TestServer::start().await;
    // Names are addresses, as where enumeration hurts most, and where masked destinations can be compared.
    let settings = json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] });
    let pool = pool_with(&server, settings, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    confirmed_by_address(&server, &pool, "anna@example.com").await;
    let somebody = stored(&server, &pool, "anna@example.com").await.id;
    let of = directory::pool(&server.cx, &pool.id).await.unwrap();
    let nobody = unknown::subject(&server.cx, &of, "abby@example.com");
    let before = kept(&server, &pool, somebody.clone()).await;

    let script: Vec<(&str, Ask)> = vec![
        ("ConfirmSignUp", |pool, name| confirmation(pool, name, "12345")),
        ("ConfirmForgotPassword", |pool, name| recovery(pool, name, "12345", ANOTHER)),
        ("ForgotPassword", named),
        ("ForgotPassword", named),
        ("ConfirmForgotPassword", |pool, name| recovery(pool, name, "12345", ANOTHER)),
        ("ConfirmForgotPassword", |pool, name| recovery(pool, name, "12345", "weak")),
        ("ResendConfirmationCode", named),
        ("ConfirmSignUp", |pool, name| confirmation(pool, name, "12345")),
    ];
    for (operation, request) in script {
        let mut both = Vec::new();
        for name in ["anna@example.com", "abby@example.com"] {
            let jobs = server.cx.workers.taken();
            let answer = server.call(operation, request(&pool, name)).await;
            both.push((seen(&answer), server.cx.workers.taken() - jobs));
        }
        assert_eq!(both[0], both[1], "{operation}");
    }
    let somebody = kept(&server, &pool, somebody).await;
    let nobody = kept(&server, &pool, nobody).await;
    assert_eq!((somebody.0, somebody.1 - before.1, somebody.2, somebody.3), nobody);
    assert_eq!(server.messages_to("abby@example.com"), 0);
}

async fn confirmed_by_address(server: &TestServer, pool: &Pool, address: &str) {
    let request = json!({ "ClientId": pool.client, "Username": address, "Password": crate::accounts::PASSWORD });
    server.ok("SignUp", request).await;
    server.ok("ConfirmSignUp", confirmation(pool, address, &server.last_code(address))).await;
}

/// SECURITY 21: every state a user can be in looks alike to who has no code.
#[tokio::test]
async fn no_state_of_a_user_shows() {
    let server = TestServer::start().await;
    let pool = hiding_pool(&server).await;
    sign_up(&server, &pool, "unconfirmed").await;
    confirmed(&server, &pool, "confirmed").await;
    confirmed(&server, &pool, "temporary").await;
    let temporary = json!({ "UserPoolId": pool.id, "Username": "temporary", "Password": ANOTHER });
    server.ok("AdminSetUserPassword", temporary).await;
    confirmed(&server, &pool, "reset").await;
    server.ok("AdminResetUserPassword", json!({ "UserPoolId": pool.id, "Username": "reset" })).await;
    confirmed(&server, &pool, "disabled").await;
    server.ok("AdminDisableUser", json!({ "UserPoolId": pool.id, "Username": "disabled" })).await;
    for name in ["unconfirmed", "confirmed", "temporary", "reset", "disabled", "nobody"] {
        let answer = server.ok("ForgotPassword", named(&pool, name)).await;
        let details = &answer["CodeDeliveryDetails"];
        assert_eq!(
            (&details["DeliveryMedium"], &details["AttributeName"]),
            (&json!("EMAIL"), &json!("email")),
            "{name}"
        );
        let masked = details["Destination"].as_str().unwrap();
        assert!(masked.len() == 9 && masked[1..].starts_with("***@") && masked.ends_with("***"), "{masked}");
        assert_eq!(answer, server.ok("ForgotPassword", named(&pool, name)).await, "{name}");
        let wrong = recovery(&pool, name, "12345", ANOTHER);
        assert_eq!(server.refused("ConfirmForgotPassword", wrong.clone()).await, mismatch(), "{name}");
        assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, name, "12345")).await, mismatch(), "{name}");
        let answer = server.ok("ResendConfirmationCode", named(&pool, name)).await;
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL", "{name}");
        server.advance_s(3600);
        assert_eq!(server.refused("ConfirmForgotPassword", wrong).await, expired(), "{name}");
    }
}

/// SECURITY 21: the limits hold for names that nobody has, and count what was typed as one name in every spelling.
#[tokio::test]
async fn nobody_runs_into_the_same_limits() {
    let server = TestServer::start().await;
    let settings = json!({
        "AutoVerifiedAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false },
    });
    let pool = pool_with(&server, settings, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    for n in 0..5 {
        let name = if n % 2 == 0 { "nobody" } else { "NoBody" };
        server.ok("ResendConfirmationCode", named(&pool, name)).await;
    }
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "nobody")).await, too_often());
    for _ in 0..15 {
        assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "nobody", "12345")).await, mismatch());
    }
    assert_eq!(server.refused("ConfirmSignUp", confirmation(&pool, "nobody", "12345")).await, too_often());
    for _ in 0..20 {
        server.ok("ForgotPassword", named(&pool, "nobody")).await;
    }
    assert_eq!(server.refused("ForgotPassword", named(&pool, "nobody")).await, too_often());
    assert_eq!(server.cx.inbox.messages().len(), 0);
}

/// SignUp cannot hide that a username is taken; it says so in the same words to every client.
#[tokio::test]
async fn a_taken_username_is_told() {
    let server = TestServer::start().await;
    let pool = hiding_pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    let refused = server.refused("SignUp", crate::accounts::application(&pool, "ada")).await;
    assert_eq!(refused, error("UsernameExists", "User already exists"));
}
