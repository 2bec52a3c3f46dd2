//! Where risk is looked at: custom sign-ins in a mode of their own, and addresses as far as a client may tell them.

use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::people::{PASSWORD, confirmed, error, text};
use crate::threat::{events, home, on_risk};

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
