//! Where risk is looked at: custom sign-ins in a mode of their own, and addresses as far as a client may tell them.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::people::{self, Exchange, PASSWORD, confirmed, error, incorrect, text};
use crate::second_factors::{PHONE, sending};
use crate::threat::{events, from, home, on_risk};

/// Asks one thing of who comes by CUSTOM_AUTH, and takes any answer.
fn content(event: &Value) -> Reply {
    let rounds = event["request"]["session"].as_array().map_or(0, Vec::len);
    Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
        "DefineAuthChallenge_Authentication" if rounds > 0 => json!({ "issueTokens": true }),
        "DefineAuthChallenge_Authentication" => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
        "VerifyAuthChallengeResponse_Authentication" => json!({ "answerCorrect": true }),
        _ => return Reply::Echo,
    })
}

/// CustomAuthMode beside AdvancedSecurityMode: what a risky custom sign-in comes to, and whether it is kept.
#[tokio::test]
async fn custom_sign_ins_have_a_mode_of_their_own() {
    let lambda = Lambda::start().await;
    lambda.on("f", content);
    let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
    for (mode, custom, kept, blocked) in [
        ("ENFORCED", None, false, false),
        ("ENFORCED", Some("AUDIT"), true, false),
        ("ENFORCED", Some("ENFORCED"), true, true),
        ("AUDIT", Some("ENFORCED"), true, true),
        ("AUDIT", None, false, false),
    ] {
        let flows = custom.map_or(json!({}), |custom| json!({ "CustomAuthMode": custom }));
        let (define, create, verify) = (arn("f"), arn("f"), arn("f"));
        let settings = json!({
            "UserPoolTier": "PLUS",
            "UserPoolAddOns": { "AdvancedSecurityMode": mode, "AdvancedSecurityAdditionalFlows": flows },
            "LambdaConfig": {
                "DefineAuthChallenge": define, "CreateAuthChallenge": create, "VerifyAuthChallengeResponse": verify,
            },
        });
        let pool = server.pool(settings).await;
        let flows = json!(["ALLOW_CUSTOM_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]);
        let client = server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
        confirmed(&server, &pool, "alice").await;
        server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
        on_risk(&server, &pool, "BLOCK").await;
        server.advance_s(10);
        let abroad = json!({
            "IpAddress": "198.51.100.9", "ServerName": "app", "ServerPath": "/",
            "HttpHeaders": [{ "headerName": "User-Agent", "headerValue": "elsewhere/1" }],
        });
        let begin = json!({
            "UserPoolId": pool, "ClientId": client, "AuthFlow": "CUSTOM_AUTH",
            "AuthParameters": { "USERNAME": "alice" }, "ContextData": abroad,
        });
        let asked = server.ok("AdminInitiateAuth", begin).await;
        assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
        let answer = json!({
            "UserPoolId": pool, "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"],
            "ChallengeResponses": { "USERNAME": "alice", "ANSWER": "42" }, "ContextData": abroad,
        });
        let answer = server.call("AdminRespondToAuthChallenge", answer).await;
        let unable = error("NotAuthorized", "Unable to login because of security reasons.");
        let what = format!("{mode}, {custom:?}");
        assert_eq!(answer.error(), blocked.then_some(unable), "{what}");
        let listed = events(&server, &pool, if kept { 2 } else { 1 }).await;
        if kept {
            let newest = (&listed[0]["EventResponse"], &listed[0]["EventRisk"]["RiskDecision"]);
            let expected = if blocked { ("Fail", "Block") } else { ("Pass", "AccountTakeover") };
            assert_eq!(newest, (&json!(expected.0), &json!(expected.1)), "{what}");
        }
    }
}

/// SECURITY 29: a stranger's program does not choose the address it is judged by.
#[tokio::test]
async fn only_a_client_with_a_secret_tells_where_its_users_are() {
    let server = TestServer::start().await;
    let (pool, public) = crate::threat::protected(&server, "AUDIT").await;
    confirmed(&server, &pool, "alice").await;
    let secret_of = async |propagates: bool| {
        let made = json!({
            "UserPoolId": pool, "ClientName": "confidential", "GenerateSecret": true,
            "EnablePropagateAdditionalUserContextData": propagates,
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
        });
        let made = server.ok("CreateUserPoolClient", made).await["UserPoolClient"].take();
        (text(&made, "ClientId").to_owned(), Some(text(&made, "ClientSecret").to_owned()))
    };
    let clients = [((public, None), false), (secret_of(false).await, false), (secret_of(true).await, true)];
    for (n, ((client, secret), believed)) in clients.into_iter().enumerate() {
        server.advance_s(10);
        let mut request = json!({
            "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": "alice", "PASSWORD": PASSWORD },
            "UserContextData": { "IpAddress": "198.51.100.9", "EncodedData": "b3BhcXVl" },
        });
        if let Some(secret) = secret {
            let hash = cognate_crypto::secret_hash::compute(&secret, "alice", &client);
            request["AuthParameters"]["SECRET_HASH"] = hash.into();
        }
        server.ok("InitiateAuth", request).await;
        let newest = &events(&server, &pool, n + 1).await[0];
        let expected = if believed { "198.51.100.9" } else { "127.0.0.1" };
        assert_eq!(newest["EventContextData"]["IpAddress"], expected, "client {n}");
    }
}

/// Each level of risk has an action of its own.
#[tokio::test]
async fn each_level_has_its_own_action() {
    let server = TestServer::start().await;
    let mut actions = ["BLOCK", "NO_ACTION", "MFA_IF_CONFIGURED"];
    for _ in 0..3 {
        let mut settings = sending();
        settings["UserPoolAddOns"] = json!({ "AdvancedSecurityMode": "ENFORCED" });
        settings["MfaConfiguration"] = "OPTIONAL".into();
        let pool = server.pool(settings).await;
        let client = server.client(&pool, json!({})).await;
        let phone = [("phone_number", PHONE)];
        people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &phone).await;
        server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
        let act = |n: usize| json!({ "Notify": false, "EventAction": actions[n] });
        let takeover = json!({ "Actions": { "LowAction": act(0), "MediumAction": act(1), "HighAction": act(2) } });
        let set = json!({ "UserPoolId": pool, "AccountTakeoverRiskConfiguration": takeover });
        server.ok("SetRiskConfiguration", set).await;
        // Another program at home; another program elsewhere; the same after some wrong passwords.
        let low = from(&pool, &client, "alice", PASSWORD, "203.0.113.7", "other/1");
        let medium = from(&pool, &client, "alice", PASSWORD, "198.51.100.9", "elsewhere/1");
        let high = from(&pool, &client, "alice", PASSWORD, "192.0.2.9", "nowhere/1");
        for (n, (level, request)) in [("Low", low), ("Medium", medium), ("High", high)].into_iter().enumerate() {
            if level == "High" {
                for _ in 0..3 {
                    let wrong = server.refused("AdminInitiateAuth", home(&pool, &client, "wrong")).await;
                    assert_eq!(wrong, incorrect());
                }
                events(&server, &pool, 6).await;
            }
            server.advance_s(10);
            let answer = server.call("AdminInitiateAuth", request).await;
            let what = format!("{level} {}", actions[n]);
            match actions[n] {
                "BLOCK" => {
                    let unable = error("NotAuthorized", "Unable to login because of security reasons.");
                    assert_eq!(answer.error(), Some(unable), "{what}");
                }
                "NO_ACTION" => assert!(answer.json()["AuthenticationResult"].is_object(), "{what}"),
                _ => assert_eq!(answer.json()["ChallengeName"], "SMS_MFA", "{what}"),
            }
            let newest = &events(&server, &pool, if n == 2 { 7 } else { n + 2 }).await[0];
            assert_eq!(newest["EventRisk"]["RiskLevel"], level, "{what}");
        }
        actions.rotate_left(1);
    }
}

/// Risk is judged where no password is sent as well.
#[tokio::test]
async fn a_sign_in_by_srp_is_judged_like_any_other() {
    let server = TestServer::start().await;
    let (pool, client) = crate::threat::protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    for (action, blocked) in [("BLOCK", true), ("NO_ACTION", false)] {
        on_risk(&server, &pool, action).await;
        server.advance_s(10);
        let exchange = Exchange::begin(&server, &client, "alice").await;
        let proof = exchange.proof(&pool, PASSWORD, server.clock.now_ms() / 1000);
        let answer = server.call("RespondToAuthChallenge", exchange.respond(&client, proof)).await;
        let unable = error("NotAuthorized", "Unable to login because of security reasons.");
        assert_eq!(answer.error(), blocked.then_some(unable), "{action}");
    }
    let listed = events(&server, &pool, 3).await;
    let told: Vec<_> = listed.iter().map(|event| text(&event["EventRisk"], "RiskDecision")).collect();
    assert_eq!(told, ["AccountTakeover", "Block", "NoRisk"]);
}
