//! Threat protection over the wire: what is off, what watches and what acts, and what is remembered.

use std::time::Duration;

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{PASSWORD, by_password, claims, confirmed, error, incorrect, text};

/// A pool in that mode with a client that may say where its users are; their ids.
pub async fn protected(server: &TestServer, mode: &str) -> (String, String) {
    let settings = json!({ "UserPoolAddOns": { "AdvancedSecurityMode": mode }, "UserPoolTier": "PLUS" });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    (pool, client)
}

/// A sign-in on a user's behalf, from that address by that program.
pub fn from(pool: &str, client: &str, user: &str, password: &str, address: &str, program: &str) -> Value {
    json!({
        "UserPoolId": pool, "ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": user, "PASSWORD": password },
        "ContextData": {
            "IpAddress": address, "ServerName": "app", "ServerPath": "/",
            "HttpHeaders": [{ "headerName": "User-Agent", "headerValue": program }],
        },
    })
}

/// What the user's sign-ins at home look like.
pub fn home(pool: &str, client: &str, password: &str) -> Value {
    from(pool, client, "alice", password, "203.0.113.7", "home/1")
}

/// The same sign-in from the other side of the world.
pub fn abroad(pool: &str, client: &str) -> Value {
    from(pool, client, "alice", PASSWORD, "198.51.100.9", "elsewhere/1")
}

/// Sets one action for every level of risk.
pub async fn on_risk(server: &TestServer, pool: &str, action: &str) {
    let action = json!({ "Notify": false, "EventAction": action });
    let actions = json!({ "LowAction": action, "MediumAction": action, "HighAction": action });
    let takeover = json!({ "Actions": actions });
    server
        .ok("SetRiskConfiguration", json!({ "UserPoolId": pool, "AccountTakeoverRiskConfiguration": takeover }))
        .await;
}

/// The user's events, newest first, as soon as there are that many: failures are written beside their answers.
pub async fn events(server: &TestServer, pool: &str, count: usize) -> Vec<Value> {
    for _ in 0..200 {
        let listed = server.ok("AdminListUserAuthEvents", json!({ "UserPoolId": pool, "Username": "alice" })).await;
        let listed = listed["AuthEvents"].as_array().unwrap().clone();
        if listed.len() >= count {
            assert_eq!(listed.len(), count, "{listed:#?}");
            return listed;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{count} events were expected");
}

fn unable() -> (String, String) {
    error("NotAuthorized", "Unable to login because of security reasons.")
}

/// SECURITY 60: OFF keeps no event, and the operations say that there are none.
#[tokio::test]
async fn off_is_off() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "OFF").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    server.ok("AdminInitiateAuth", abroad(&pool, &client)).await;
    assert_eq!(server.refused("AdminInitiateAuth", home(&pool, &client, "wrong")).await, incorrect());
    let feedback = json!({
        "UserPoolId": pool, "Username": "alice", "EventId": "e", "FeedbackValue": "Valid", "FeedbackToken": "t",
    });
    for (operation, request) in [
        ("SetRiskConfiguration", json!({ "UserPoolId": pool })),
        ("DescribeRiskConfiguration", json!({ "UserPoolId": pool })),
        ("AdminListUserAuthEvents", json!({ "UserPoolId": pool, "Username": "alice" })),
        ("AdminUpdateAuthEventFeedback", feedback.clone()),
        ("UpdateAuthEventFeedback", feedback),
    ] {
        let refused = server.refused(operation, request).await;
        assert_eq!(refused.0, "UserPoolAddOnNotEnabledException", "{operation}");
    }
    let on = json!({ "UserPoolId": pool, "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } });
    server.ok("UpdateUserPool", on).await;
    events(&server, &pool, 0).await;
}

#[tokio::test]
async fn audit_keeps_why_and_lets_in() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "AUDIT").await;
    confirmed(&server, &pool, "alice").await;
    on_risk(&server, &pool, "BLOCK").await;
    let first = server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    server.advance_s(60);
    server.ok("AdminInitiateAuth", abroad(&pool, &client)).await;
    let events = events(&server, &pool, 2).await;
    let access = claims(text(&first["AuthenticationResult"], "AccessToken"));
    assert_eq!(events[1]["EventId"], access["event_id"]);
    let told = json!({
        "EventType": "SignIn", "EventResponse": "Pass", "CreationDate": server.clock.now_ms() / 1000 - 60,
        "EventId": access["event_id"],
        "EventRisk": { "RiskDecision": "NoRisk", "CompromisedCredentialsDetected": false },
        "ChallengeResponses": [{ "ChallengeName": "Password", "ChallengeResponse": "Success" }],
        "EventContextData": { "IpAddress": "203.0.113.7", "DeviceName": "home/1" },
    });
    assert_eq!(events[1], told);
    assert_eq!(events[0]["EventResponse"], "Pass");
    assert_eq!(events[0]["EventRisk"]["RiskDecision"], "AccountTakeover");
    assert_eq!(events[0]["EventRisk"]["RiskLevel"], "Medium");
}

#[tokio::test]
async fn enforced_blocks_what_the_configuration_says() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    // Nothing configured, nothing done.
    server.ok("AdminInitiateAuth", from(&pool, &client, "alice", PASSWORD, "192.0.2.1", "third/1")).await;
    server.advance_s(10);
    on_risk(&server, &pool, "NO_ACTION").await;
    server.ok("AdminInitiateAuth", from(&pool, &client, "alice", PASSWORD, "192.0.2.200", "fourth/1")).await;
    server.advance_s(10);
    on_risk(&server, &pool, "BLOCK").await;
    assert_eq!(server.refused("AdminInitiateAuth", abroad(&pool, &client)).await, unable());
    server.advance_s(10);
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    let events = events(&server, &pool, 5).await;
    assert_eq!(
        (&events[1]["EventResponse"], &events[1]["EventRisk"]["RiskDecision"]),
        (&json!("Fail"), &json!("Block"))
    );
    assert_eq!(events[0]["EventRisk"]["RiskDecision"], "NoRisk");
}

/// SECURITY 22: failures of one user count together, whatever they come from; enough of them are a risk by themselves.
#[tokio::test]
async fn failures_make_the_next_sign_in_risky() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    on_risk(&server, &pool, "BLOCK").await;
    for last in 1..=3 {
        let wrong = from(&pool, &client, "alice", "wrong", &format!("192.0.2.{last}"), "robot/1");
        assert_eq!(server.refused("AdminInitiateAuth", wrong).await, incorrect());
    }
    let listed = events(&server, &pool, 4).await;
    assert_eq!(listed.iter().filter(|event| event["EventResponse"] == "Fail").count(), 3);
    let failed = listed.iter().find(|event| event["EventResponse"] == "Fail").unwrap();
    assert_eq!(failed["ChallengeResponses"], json!([{ "ChallengeName": "Password", "ChallengeResponse": "Failure" }]));
    assert_eq!(server.refused("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await, unable());
    // An hour later they are forgotten.
    server.advance_s(3_601);
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
}

/// SECURITY 29: an address that cannot be read is new, and may be a blocked one.
#[tokio::test]
async fn nothing_fails_open_on_an_unreadable_address() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    on_risk(&server, &pool, "BLOCK").await;
    let garbled = from(&pool, &client, "alice", PASSWORD, "203.0.113.7, 10.0.0.1", "home/1");
    assert_eq!(server.refused("AdminInitiateAuth", garbled.clone()).await, unable());
    // A User-Agent that says nothing is new as well, and alone a risk.
    let silent = from(&pool, &client, "alice", PASSWORD, "203.0.113.7", " ");
    assert_eq!(server.refused("AdminInitiateAuth", silent).await, unable());
    let lists = json!({ "BlockedIPRangeList": ["192.0.2.0/24"], "SkippedIPRangeList": ["0.0.0.0/0", "::/0"] });
    server.ok("SetRiskConfiguration", json!({ "UserPoolId": pool, "RiskExceptionConfiguration": lists })).await;
    let not_allowed = error("NotAuthorized", "Request not allowed due to security reasons.");
    assert_eq!(server.refused("AdminInitiateAuth", garbled).await, not_allowed);
}

/// SECURITY 29: nor does a header move anybody to another address, whatever is in it.
#[tokio::test]
async fn headers_say_nothing_of_where_somebody_is() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    let lists = json!({ "BlockedIPRangeList": ["127.0.0.0/8"] });
    server.ok("SetRiskConfiguration", json!({ "UserPoolId": pool, "RiskExceptionConfiguration": lists })).await;
    let not_allowed = error("NotAuthorized", "Request not allowed due to security reasons.");
    for header in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip"] {
        for value in ["203.0.113.7", "203.0.113.7, 127.0.0.1", "for=203.0.113.7", "999.1.2.3", "::::", ","] {
            let request = http::Request::post(server.url())
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", "AWSCognitoIdentityProviderService.InitiateAuth")
                .header(header, value)
                .header("accept-language", ";;q=,*-")
                .body(by_password(&client, "alice", PASSWORD).to_string().into())
                .unwrap();
            assert_eq!(server.send(request).await.error().as_ref(), Some(&not_allowed), "{header}: {value}");
        }
    }
}

#[tokio::test]
async fn addresses_are_blocked_and_skipped_by_range() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    confirmed(&server, &pool, "alice").await;
    on_risk(&server, &pool, "BLOCK").await;
    let at_home = server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    let tokens = &at_home["AuthenticationResult"];
    let set = async |client: Option<&str>, lists: Value| {
        let mut request = json!({ "UserPoolId": pool, "RiskExceptionConfiguration": lists });
        if let Some(client) = client {
            request["ClientId"] = client.into();
        }
        server.call("SetRiskConfiguration", request).await.error()
    };
    for bad in ["203.0.113.7", "203.0.113.0/33", "everybody/8", "", "::ffff:203.0.113.7"] {
        let refused = set(None, json!({ "BlockedIPRangeList": [bad] })).await;
        assert_eq!(refused, Some(error("InvalidParameter", "Incorrect CIDR format")), "{bad}");
    }
    // A client's own part goes before its pool's; the other parts stay the pool's.
    let skip = json!({ "SkippedIPRangeList": ["198.51.100.0/24"], "BlockedIPRangeList": ["2001:db8::/32"] });
    assert_eq!(set(Some(&client), skip).await, None);
    server.ok("AdminInitiateAuth", abroad(&pool, &client)).await;
    let not_allowed = error("NotAuthorized", "Request not allowed due to security reasons.");
    for address in ["2001:db8::7", "2001:DB8:0:0::8"] {
        let blocked = from(&pool, &client, "alice", PASSWORD, address, "home/1");
        assert_eq!(server.refused("AdminInitiateAuth", blocked).await, not_allowed);
    }
    // The public operations' own address: this machine's.
    assert_eq!(set(Some(&client), json!({ "BlockedIPRangeList": ["127.0.0.0/8", "203.0.113.0/24"] })).await, None);
    let named = json!({ "ClientId": client, "Username": "alice", "Password": PASSWORD });
    for (operation, extra) in [
        ("InitiateAuth", json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {} })),
        ("RespondToAuthChallenge", json!({ "ChallengeName": "PASSWORD_VERIFIER" })),
        ("SignUp", named.clone()),
        ("ForgotPassword", named.clone()),
    ] {
        let mut request = extra;
        request["ClientId"] = client.as_str().into();
        assert_eq!(server.refused(operation, request).await, not_allowed, "{operation}");
    }
    // Nor is a token of any use from there.
    let of_email = json!([{ "Name": "email", "Value": "a@example.com" }]);
    for (operation, extra) in [
        ("GetTokensFromRefreshToken", json!({ "RefreshToken": tokens["RefreshToken"], "ClientId": client })),
        ("GetUserAttributeVerificationCode", json!({ "AttributeName": "email" })),
        ("UpdateUserAttributes", json!({ "UserAttributes": of_email })),
        ("VerifyUserAttribute", json!({ "AttributeName": "email", "Code": "123456" })),
        ("ChangePassword", json!({ "PreviousPassword": PASSWORD, "ProposedPassword": "Other-Horse-8" })),
        ("AssociateSoftwareToken", json!({})),
    ] {
        let mut request = extra;
        if request.get("RefreshToken").is_none() {
            request["AccessToken"] = tokens["AccessToken"].clone();
        }
        assert_eq!(server.refused(operation, request).await, not_allowed, "{operation}");
    }
    // IPv4 in the spelling of IPv6 is IPv4.
    let mapped = json!({ "BlockedIPRangeList": ["::ffff:203.0.113.0/120"] });
    assert_eq!(set(Some(&client), mapped).await, None);
    assert_eq!(server.refused("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await, not_allowed);
    // SECURITY 60: AUDIT looks on.
    let audit = json!({ "UserPoolId": pool, "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } });
    server.ok("UpdateUserPool", audit).await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
}

/// Whoever is refused at the door is seen all the same, and in AUDIT let in.
#[tokio::test]
async fn blocked_addresses_are_told_of() {
    for (mode, decision) in [("ENFORCED", "Block"), ("AUDIT", "NoRisk")] {
        let server = TestServer::start().await;
        let (pool, client) = protected(&server, mode).await;
        let alice = confirmed(&server, &pool, "alice").await;
        let lists = json!({ "BlockedIPRangeList": ["203.0.113.0/24"] });
        server.ok("SetRiskConfiguration", json!({ "UserPoolId": pool, "RiskExceptionConfiguration": lists })).await;
        let ended = server.call("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await.error();
        let not_allowed = error("NotAuthorized", "Request not allowed due to security reasons.");
        assert_eq!(ended, (mode == "ENFORCED").then_some(not_allowed));
        let listed = events(&server, &pool, 1).await;
        assert_eq!(listed[0]["EventRisk"]["RiskDecision"], decision);
        let stored = server.cx.store.read(move |tx| {
            cognate_store::auth_events::known_as(
                tx,
                &pool,
                &alice.id,
                if mode == "AUDIT" { "user" } else { "failure" },
                0,
                1,
            )
        });
        let event = cognate_server::threat::events::read(&stored.await.unwrap()[0]).unwrap();
        let factor = &event.factors[0];
        assert_eq!((&*factor.name, factor.weight), ("blocked_address", 0));
        assert_eq!(factor.because, "203.0.113.7 is among the blocked addresses");
    }
}

#[tokio::test]
async fn configurations_are_replaced_reset_and_inherited() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "AUDIT").await;
    let describe = async |client: Option<&str>| {
        let mut request = json!({ "UserPoolId": pool });
        if let Some(client) = client {
            request["ClientId"] = client.into();
        }
        server.ok("DescribeRiskConfiguration", request).await["RiskConfiguration"].clone()
    };
    assert_eq!(describe(None).await, json!({ "UserPoolId": pool }));
    let compromised = json!({ "EventFilter": ["SIGN_UP"], "Actions": { "EventAction": "BLOCK" } });
    let exceptions = json!({ "BlockedIPRangeList": ["192.0.2.0/24"] });
    let mut request = json!({ "UserPoolId": pool, "CompromisedCredentialsRiskConfiguration": compromised });
    let set = server.ok("SetRiskConfiguration", request.clone()).await["RiskConfiguration"].clone();
    let now = server.clock.now_ms() / 1000;
    request["LastModifiedDate"] = now.into();
    assert_eq!(set, request);
    assert_eq!(describe(None).await, request);
    // The client has its pool's until it has its own.
    assert_eq!(describe(Some(&client)).await["CompromisedCredentialsRiskConfiguration"], compromised);
    let own = json!({ "UserPoolId": pool, "ClientId": client, "RiskExceptionConfiguration": exceptions });
    server.ok("SetRiskConfiguration", own).await;
    let described = describe(Some(&client)).await;
    assert_eq!(described["RiskExceptionConfiguration"], exceptions);
    assert_eq!(described["CompromisedCredentialsRiskConfiguration"], compromised);
    assert_eq!(describe(None).await.get("RiskExceptionConfiguration"), None);
    // Each is reset by itself.
    server.ok("SetRiskConfiguration", json!({ "UserPoolId": pool, "ClientId": client })).await;
    assert_eq!(describe(Some(&client)).await.get("RiskExceptionConfiguration"), None);
    server.ok("SetRiskConfiguration", json!({ "UserPoolId": pool })).await;
    assert_eq!(describe(None).await, json!({ "UserPoolId": pool }));
    // SECURITY 44: a notice's sender is one address in one line.
    for from in ["a@example.com\r\nBcc: eve@example.com", "nobody", "other@example.org"] {
        let takeover = json!({
            "Actions": {},
            "NotifyConfiguration": { "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/example.com", "From": from },
        });
        let request = json!({ "UserPoolId": pool, "AccountTakeoverRiskConfiguration": takeover });
        let invalid = error("InvalidParameter", "Provided From email address is invalid");
        assert_eq!(server.refused("SetRiskConfiguration", request).await, invalid, "{from}");
    }
    let unknown = json!({ "UserPoolId": pool, "ClientId": "nobody" });
    assert_eq!(server.refused("SetRiskConfiguration", unknown).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn events_are_listed_page_by_page_and_forgotten_in_time() {
    let server = TestServer::alone(&[("threat.event_days", "2")]).await;
    let (pool, client) = protected(&server, "AUDIT").await;
    confirmed(&server, &pool, "alice").await;
    for _ in 0..5 {
        server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
        server.clock.advance_ms(1);
    }
    let all = events(&server, &pool, 5).await;
    let mut paged = Vec::new();
    let mut request = json!({ "UserPoolId": pool, "Username": "alice", "MaxResults": 2 });
    loop {
        let page = server.ok("AdminListUserAuthEvents", request.clone()).await;
        paged.extend(page["AuthEvents"].as_array().unwrap().clone());
        let Some(token) = page["NextToken"].as_str() else { break };
        let last = text(paged.last().unwrap(), "EventId");
        assert!(token.starts_with(&format!("{last}#2026-03-03T04:05:06.")), "{token}");
        request["NextToken"] = token.into();
    }
    assert_eq!(paged, all);
    for token in ["nonsense", "a#b", "#"] {
        request["NextToken"] = token.into();
        let refused = server.refused("AdminListUserAuthEvents", request.clone()).await;
        assert_eq!(refused, error("InvalidParameter", "Invalid pagination token given."));
    }
    server.advance_s(2 * 86_400 + 1);
    cognate_server::tokens::prune::prune(&server.cx, "test").await.unwrap();
    events(&server, &pool, 0).await;
    server.end().await;
}
