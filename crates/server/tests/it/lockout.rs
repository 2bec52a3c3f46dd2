//! The lock after wrong passwords.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::lambda::Reply;
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::json;

use crate::people::{self, Exchange, PASSWORD, by_password, confirmed, error, incorrect};
use crate::trigger_sources::Scene;

fn exceeded() -> (String, String) {
    error("NotAuthorized", "Password attempts exceeded")
}

#[tokio::test]
async fn the_fifth_failure_locks_for_a_second_and_each_one_more_for_twice_as_long() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let wrong = by_password(&client, "alice", "wrong");
    let right = by_password(&client, "alice", PASSWORD);
    for _ in 0..4 {
        assert_eq!(server.refused("InitiateAuth", wrong.clone()).await, incorrect());
    }
    for lock_s in [1, 2, 4] {
        assert_eq!(server.refused("InitiateAuth", wrong.clone()).await, incorrect());
        assert_eq!(server.refused("InitiateAuth", wrong.clone()).await, exceeded());
        server.clock.advance_ms(lock_s * 1000 - 1);
        assert_eq!(server.refused("InitiateAuth", right.clone()).await, exceeded());
        server.clock.advance_ms(1);
    }
    server.ok("InitiateAuth", right.clone()).await;
    // The success forgot them all.
    for _ in 0..4 {
        assert_eq!(server.refused("InitiateAuth", wrong.clone()).await, incorrect());
    }
    server.ok("InitiateAuth", right).await;
}

/// SECURITY 22: one count for the username, its spelling, aliases, the sub and every flow.
#[tokio::test]
async fn all_names_and_flows_share_one_count() {
    let server = TestServer::start().await;
    let settings = json!({ "AliasAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false } });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    let user = people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    for name in ["alice", "ALICE", "alice@example.com"] {
        assert_eq!(server.refused("InitiateAuth", by_password(&client, name, "wrong")).await, incorrect());
    }
    let admin = json!({
        "UserPoolId": pool,
        "ClientId": client,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": user.id, "PASSWORD": "wrong" },
    });
    assert_eq!(server.refused("AdminInitiateAuth", admin.clone()).await, incorrect());
    let exchange = Exchange::begin(&server, &client, "Alice").await;
    let srp = |password: &str| exchange.respond(&client, exchange.proof(&pool, password, EPOCH_MS / 1000));
    assert_eq!(server.refused("RespondToAuthChallenge", srp("wrong")).await, incorrect());
    assert_eq!(server.refused("RespondToAuthChallenge", srp(PASSWORD)).await, exceeded());
    assert_eq!(server.refused("AdminInitiateAuth", admin).await, exceeded());
    for name in ["alice", "alice@example.com", &user.id] {
        assert_eq!(server.refused("InitiateAuth", by_password(&client, name, PASSWORD)).await, exceeded());
    }
    server.advance_s(1);
    server.ok("RespondToAuthChallenge", srp(PASSWORD)).await;
}

/// SECURITY 22: guesses sent all at once are checked no more often than guesses sent one by one.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_in_parallel_win_nothing() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let guesses = (0..40).map(|_| server.refused("InitiateAuth", by_password(&client, "alice", "wrong")));
    let mut checked = 0;
    for answer in join_all(guesses).await {
        if answer == incorrect() {
            checked += 1;
        } else {
            assert_eq!(answer, exceeded());
        }
    }
    assert_eq!(checked, 5);
}

/// SECURITY 22: a function that knows another directory's passwords is asked no more often than ours are checked,
/// whatever a client may learn of who exists.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_another_directory_win_nothing() {
    let scene = Scene::new(&["UserMigration"], json!({})).await;
    let settings = json!({
        "PreventUserExistenceErrors": "ENABLED",
        "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH"],
    });
    let hiding = scene.server.client(&scene.pool, settings).await;
    scene.lambda.on("f", |event| match event["request"]["password"].as_str() {
        Some(PASSWORD) => Reply::Response(json!({ "userAttributes": {}, "finalUserStatus": "CONFIRMED" })),
        _ => Reply::Throws("wrong".to_owned()),
    });
    let by_choice = json!({
        "ClientId": hiding, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": "ada", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD },
    });
    let unknown = error("UserNotFound", "User does not exist.");
    for (client, wrong) in [(&scene.client, unknown), (&hiding, incorrect())] {
        let before = scene.lambda.calls().len();
        let guesses = (0..20).map(|_| scene.server.refused("InitiateAuth", by_password(client, "ada", "wrong")));
        let answers = join_all(guesses).await;
        assert_eq!(answers.iter().filter(|answer| **answer == wrong).count(), 5);
        assert_eq!(answers.iter().filter(|answer| **answer == exceeded()).count(), 15);
        assert_eq!(scene.server.refused("InitiateAuth", by_password(client, "ada", PASSWORD)).await, exceeded());
        assert_eq!(scene.server.refused("InitiateAuth", by_choice.clone()).await, exceeded());
        assert_eq!(scene.lambda.calls().len(), before + 5);
        scene.server.advance_s(900);
    }
    scene.server.ok("InitiateAuth", by_choice).await;
}

/// SECURITY 22: a lock ends by itself, however long the attack.
#[tokio::test]
async fn a_victim_is_locked_for_fifteen_minutes_at_most() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    for _ in 0..60 {
        let refused = server.refused("InitiateAuth", by_password(&client, "alice", "wrong")).await;
        assert!(refused == incorrect() || refused == exceeded());
        server.advance_s(60);
    }
    server.advance_s(900);
    server.ok("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
}

async fn join_all<T>(futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<T>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in running.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *slot = Some(value);
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
