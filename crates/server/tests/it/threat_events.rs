//! What events show and lead to: challenges, places, feedback, explanations, and second factors asked for by risk.

use std::process::Command;
use std::time::Duration;

use cognate_server::directory;
use cognate_server::threat::feedback;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::{FreshDatabase, TestServer};
use serde_json::{Value, json};

use crate::people::{self, PASSWORD, by_password, confirmed, error, incorrect, text};
use crate::threat::{abroad, events, from, home, on_risk, protected};

/// Where a few addresses are.
pub const PLACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/threat/places.mmdb");

#[tokio::test]
async fn places_are_shown_and_nobody_travels_faster_than_airliners() {
    let server = TestServer::with(&[("threat.geoip_file", PLACES)]).await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    server.advance_s(24 * 3600);
    // A day later she may be anywhere; she is in Sydney.
    server.ok("AdminInitiateAuth", from(&pool, &client, "alice", PASSWORD, "198.51.100.9", "home/2")).await;
    on_risk(&server, &pool, "BLOCK").await;
    // Two hours later she is at home: known address, known program, but nobody is that fast.
    server.advance_s(2 * 3600);
    let refused = server.refused("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    assert_eq!(refused, error("NotAuthorized", "Unable to login because of security reasons."));
    let listed = events(&server, &pool, 3).await;
    let context = json!({
        "IpAddress": "203.0.113.7", "DeviceName": "home/1", "City": "London", "Country": "United Kingdom",
        "Timezone": "Europe/London",
    });
    assert_eq!(listed[0]["EventContextData"], context);
    assert_eq!(listed[0]["EventRisk"]["RiskLevel"], "Medium");
    assert_eq!(listed[1]["EventContextData"]["City"], "Sydney");
    // Where the map knows nothing there is no speed, but a new network all the same.
    let unmapped = from(&pool, &client, "alice", PASSWORD, "192.0.2.1", "home/1");
    assert_eq!(server.refused("AdminInitiateAuth", unmapped).await, refused);
}

#[tokio::test]
async fn risk_asks_for_a_second_factor() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    // Who has none is let in, or not.
    on_risk(&server, &pool, "MFA_IF_CONFIGURED").await;
    server.advance_s(1);
    server.ok("AdminInitiateAuth", from(&pool, &client, "alice", PASSWORD, "192.0.2.9", "third/1")).await;
    on_risk(&server, &pool, "MFA_REQUIRED").await;
    server.advance_s(1);
    let refused = server.refused("AdminInitiateAuth", abroad(&pool, &client)).await;
    assert_eq!(refused, error("NotAuthorized", "Unable to login because of security reasons."));
    let listed = events(&server, &pool, 3).await;
    assert_eq!(
        (&listed[0]["EventResponse"], &listed[0]["EventRisk"]["RiskDecision"]),
        (&json!("Fail"), &json!("Block"))
    );
    assert_eq!(listed[1]["EventRisk"]["RiskDecision"], "AccountTakeover");
    // Without risk nothing is asked.
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
}

/// One sign-in is one event from the first proof to the tokens, failures on the way included.
#[tokio::test]
async fn a_sign_in_of_two_steps_is_one_event() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "AUDIT").await;
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(PASSWORD), &[]).await;
    let asked = server.ok("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
    let begun = events(&server, &pool, 1).await;
    assert_eq!(begun[0]["EventResponse"], "InProgress");
    let answer = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": "alice", "NEW_PASSWORD": "Unheard-of-71" },
    });
    server.ok("RespondToAuthChallenge", answer.clone()).await;
    // The answer again is refused, and the event stays what it was.
    server.refused("RespondToAuthChallenge", answer).await;
    let ended = events(&server, &pool, 1).await;
    assert_eq!(ended[0]["EventResponse"], "Pass");
    assert_eq!(ended[0]["EventId"], begun[0]["EventId"]);
    assert_eq!(
        ended[0]["ChallengeResponses"],
        json!([{ "ChallengeName": "Password", "ChallengeResponse": "Success" }])
    );
}

#[tokio::test]
async fn requests_about_passwords_and_codes_leave_events() {
    let server = TestServer::start().await;
    let settings = json!({
        "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" }, "AutoVerifiedAttributes": ["email"],
    });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    let email = json!([{ "Name": "email", "Value": "alice@example.com" }]);
    let named = json!({ "ClientId": client, "Username": "alice" });
    let mut request = named.clone();
    request["Password"] = PASSWORD.into();
    request["UserAttributes"] = email;
    server.ok("SignUp", request).await;
    events(&server, &pool, 1).await;
    server.ok("ResendConfirmationCode", named.clone()).await;
    let mut confirm = named.clone();
    confirm["ConfirmationCode"] = server.last_code("alice@example.com").into();
    server.ok("ConfirmSignUp", confirm).await;
    events(&server, &pool, 2).await;
    server.ok("ForgotPassword", named.clone()).await;
    let mut reset = named.clone();
    reset["ConfirmationCode"] = "000000".into();
    reset["Password"] = "Unheard-of-71".into();
    server.refused("ConfirmForgotPassword", reset.clone()).await;
    reset["ConfirmationCode"] = server.last_code("alice@example.com").into();
    server.ok("ConfirmForgotPassword", reset).await;
    let listed = events(&server, &pool, 5).await;
    let mut kinds: Vec<_> =
        listed.iter().map(|event| (text(event, "EventType"), text(event, "EventResponse"))).collect();
    kinds.sort_unstable();
    let expected = [
        ("ForgotPassword", "InProgress"),
        ("PasswordChange", "Fail"),
        ("PasswordChange", "Pass"),
        ("ResendCode", "Pass"),
        ("SignUp", "Pass"),
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn feedback_is_kept_and_learnt_from() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    server.advance_s(1);
    server.ok("AdminInitiateAuth", abroad(&pool, &client)).await;
    let listed = events(&server, &pool, 2).await;
    let mut feedback = json!({
        "UserPoolId": pool, "Username": "alice", "EventId": listed[0]["EventId"], "FeedbackValue": "Invalid",
    });
    server.ok("AdminUpdateAuthEventFeedback", feedback.clone()).await;
    let told = &events(&server, &pool, 2).await[0]["EventFeedback"];
    let now = server.clock.now_ms() / 1000;
    assert_eq!(told, &json!({ "FeedbackValue": "Invalid", "Provider": "Admin", "FeedbackDate": now }));
    // What was not the user counts against the next one from there.
    on_risk(&server, &pool, "BLOCK").await;
    server.advance_s(1);
    let refused = server.refused("AdminInitiateAuth", abroad(&pool, &client)).await;
    assert_eq!(refused, error("NotAuthorized", "Unable to login because of security reasons."));
    let again = &events(&server, &pool, 3).await[0];
    assert_eq!(again["EventRisk"]["RiskLevel"], "High");
    feedback["EventId"] = "no-such-event".into();
    assert_eq!(server.refused("AdminUpdateAuthEventFeedback", feedback).await.0, "ResourceNotFoundException");
}

/// A link's token speaks of one event of one user in one pool, for a week.
#[tokio::test]
async fn feedback_by_link_takes_only_its_own_token() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "AUDIT").await;
    let alice = confirmed(&server, &pool, "alice").await;
    let bob = confirmed(&server, &pool, "bob").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    let event = events(&server, &pool, 1).await[0].clone();
    let event_id = text(&event, "EventId").to_owned();
    let own = directory::pool(&server.cx, &pool).await.unwrap();
    let token = |user: &str, event: &str| feedback::token(&server.cx, &own, user, event).unwrap();
    let give = async |name: &str, token: String| {
        let request = json!({
            "UserPoolId": pool, "Username": name, "EventId": event_id, "FeedbackToken": token,
            "FeedbackValue": "Valid",
        });
        server.call("UpdateAuthEventFeedback", request).await.error()
    };
    let invalid = Some(error("NotAuthorized", "Invalid feedback token."));
    assert_eq!(give("alice", "bm90aGluZw".to_owned()).await, invalid);
    assert_eq!(give("nobody", "bm90aGluZw".to_owned()).await, invalid);
    assert_eq!(give("alice", token(&bob.id, &event_id)).await, invalid);
    assert_eq!(give("bob", token(&alice.id, &event_id)).await, invalid);
    assert_eq!(give("alice", token(&alice.id, "other")).await, invalid);
    let (other_pool, _) = protected(&server, "AUDIT").await;
    let other_pool = directory::pool(&server.cx, &other_pool).await.unwrap();
    let foreign = feedback::token(&server.cx, &other_pool, &alice.id, &event_id).unwrap();
    assert_eq!(give("alice", foreign).await, invalid);
    let good = token(&alice.id, &event_id);
    assert_eq!(give("alice", good.clone()).await, None);
    assert_eq!(events(&server, &pool, 1).await[0]["EventFeedback"]["Provider"], "User");
    server.advance_s(7 * 86_400);
    assert_eq!(give("alice", good).await, invalid);
}

/// SECURITY 57: failures are counted in the store, so that all nodes see the same.
#[tokio::test]
async fn nodes_share_what_they_count() {
    let Some(database) = FreshDatabase::make().await else { return };
    let (account, url) = (cognate_testkit::new_account(), database.url());
    let clock = cognate_server::clock::Clock::fixed(cognate_testkit::EPOCH_MS);
    let settings = [("store.url", url.as_str()), ("server.public_url", "https://login.example.com")];
    let a = TestServer::start_as(&account, clock.clone(), &settings).await;
    let b = TestServer::start_as(&account, clock, &settings).await;
    let (pool, client) = protected(&a, "ENFORCED").await;
    confirmed(&a, &pool, "alice").await;
    a.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    on_risk(&b, &pool, "BLOCK").await;
    for (node, address) in [(&a, "192.0.2.1"), (&b, "192.0.2.2"), (&a, "192.0.2.3")] {
        let wrong = from(&pool, &client, "alice", "wrong", address, "robot/1");
        assert_eq!(node.refused("AdminInitiateAuth", wrong).await, incorrect());
    }
    events(&a, &pool, 4).await;
    a.advance_s(6);
    let refused = b.refused("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    assert_eq!(refused, error("NotAuthorized", "Unable to login because of security reasons."));
    a.cx.store.close().await;
    b.cx.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn an_administrator_sees_why() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("cognate.db").display());
    let server = TestServer::with(&[("store.url", &url)]).await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    on_risk(&server, &pool, "BLOCK").await;
    server.advance_s(1);
    server.refused("AdminInitiateAuth", abroad(&pool, &client)).await;
    let explain = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cognate"))
            .args(["threat", "explain", &pool, "alice", "--set", &format!("store.url={url}")])
            .args(more)
            .current_dir(directory.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = explain(&[]);
    for line in [
        "2026-03-03T04:05:07Z  SignIn Fail  risk Medium, score 65",
        "from 198.51.100.9 with elsewhere/1",
        "30  new_device: the user never signed in with elsewhere/1",
        "25  new_network: the user never signed in from 198.51.100.0/24",
        "10  new_address: the user never signed in from 198.51.100.9",
        "configured: BLOCK; the pool is ENFORCED; decision: Block",
        "SignIn Pass  risk none, score 0",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let all: Value = serde_json::from_str(&explain(&["--json"])).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    let id = text(&all[0], "EventId");
    let one: Value = serde_json::from_str(&explain(&["--json", "--event", id])).unwrap();
    assert_eq!(one, json!([all[0]]));
    assert_eq!(one[0]["Event"]["factors"][0]["weight"], 30);
}

/// Where no server has run, nothing is explained, and nothing made.
#[test]
fn nothing_is_explained_of_a_server_that_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let explain = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cognate"))
            .args(["threat", "explain", "us-east-1_abcdefghi", "alice"])
            .args(more)
            .current_dir(directory.path())
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        explain(&[]),
        "error: there is no database cognate-data/cognate.db: name the server's configuration by --config; or that of \
         `cognate dev` by --dev, and --data\n"
    );
    assert!(explain(&["--dev"]).contains("there is no database .cognate/cognate.db"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    std::fs::write(directory.path().join("empty.db"), "").unwrap();
    let empty = explain(&["--set", "store.url=sqlite:empty.db"]);
    assert!(empty.contains("the database needs migrations (0001"), "{empty}");
}

/// SECURITY 44: what a stranger's program calls itself is text in a mail.
#[tokio::test]
async fn users_are_told_in_the_administrators_words_or_in_ours() {
    let server = TestServer::with(&[("threat.feedback_url", "https://app.example/feedback")]).await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    let email = [("email", "alice@example.com"), ("email_verified", "true")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &email).await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    let set = async |event_action: &str, notify: Value| {
        let action = json!({ "Notify": true, "EventAction": event_action });
        let actions = json!({ "LowAction": action, "MediumAction": action, "HighAction": action });
        let takeover = json!({ "Actions": actions, "NotifyConfiguration": notify });
        let request = json!({ "UserPoolId": pool, "AccountTakeoverRiskConfiguration": takeover });
        server.ok("SetRiskConfiguration", request).await;
    };
    let sender = "arn:aws:ses:us-east-1:000000000000:identity/security@example.com";
    let own = json!({
        "Subject": "Blocked: {device-name}",
        "HtmlBody": "<p>{username}, {ip-address} with {device-name} at {login-time} {unknown} {event-id}</p>",
    });
    let from_us = "Security <security@example.com>";
    set("BLOCK", json!({ "SourceArn": sender, "From": from_us, "BlockEmail": own })).await;
    let evil = from(&pool, &client, "alice", PASSWORD, "198.51.100.9", "<b>{username}</b>/1");
    server.refused("AdminInitiateAuth", evil).await;
    let mails = || server.cx.inbox.messages().iter().filter(|mail| mail.to == "alice@example.com").count();
    let html_of = async |subject: &str| {
        for _ in 0..200 {
            let found = server.cx.inbox.messages().into_iter().find(|mail| mail.subject.starts_with(subject));
            if let Some(found) = found {
                return found.html.clone().expect("a notice has HTML");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no mail with the subject {subject}");
    };
    let html = html_of("Blocked: <b>{username}</b>/1").await;
    let told = "alice, 198.51.100.9 with &lt;b&gt;{username}&lt;/b&gt;/1 at 2026-03-03 04:05:06 UTC {unknown} ";
    assert!(html.contains(told), "{html}");
    let listed = events(&server, &pool, 2).await;
    assert!(listed.iter().any(|event| html.contains(text(event, "EventId"))), "{html}");
    // Our own words, with links that work.
    set("NO_ACTION", json!({ "SourceArn": sender })).await;
    server.ok("AdminInitiateAuth", abroad(&pool, &client)).await;
    let html = html_of("New sign-in attempt").await.replace("&amp;", "&");
    let link = html.split("https://app.example/feedback?").nth(1).and_then(|rest| rest.split('"').next());
    let link = link.expect("a link");
    let part = |name: &str| {
        let found = link.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.expect("the link has it").to_owned()
    };
    assert_eq!((part("username"), part("feedbackValue")), ("alice".to_owned(), "Invalid".to_owned()));
    let feedback = json!({
        "UserPoolId": part("userPoolId"), "Username": part("username"), "EventId": part("eventId"),
        "FeedbackToken": part("feedbackToken"), "FeedbackValue": part("feedbackValue"),
    });
    server.ok("UpdateAuthEventFeedback", feedback).await;
    // What is not risky, and what nobody configured a mail for, is not told.
    let count = mails();
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    on_risk(&server, &pool, "NO_ACTION").await;
    server.ok("AdminInitiateAuth", from(&pool, &client, "alice", PASSWORD, "192.0.2.77", "fifth/1")).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(mails(), count);
}
