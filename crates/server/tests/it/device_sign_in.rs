//! Signing in with a device: recognized, proved instead of MFA, and bound to the tokens it got.

use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::device::{Device, SECRET, pool_and_client};
use crate::people::{self, Exchange, PASSWORD, by_password, claims, confirmed, error, incorrect, text, tokens};

const TRACKED: &str = r#"{ "ChallengeRequiredOnNewDevice": true }"#;

fn gone() -> (String, String) {
    error("ResourceNotFound", "Device does not exist.")
}

fn spent() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user, session can only be used once.")
}

fn tracked() -> Value {
    serde_json::from_str(TRACKED).unwrap()
}

fn from_device(client: &str, username: &str, key: &str) -> Value {
    let mut request = by_password(client, username, PASSWORD);
    request["AuthParameters"]["DEVICE_KEY"] = key.into();
    request
}

/// A pool that asks for MFA by text message, with devices that may stand in for it, and its user alice.
async fn with_mfa(server: &TestServer) -> (String, String) {
    let role = "arn:aws:iam::123456789012:role/sms";
    let pool = server
        .pool(json!({
            "MfaConfiguration": "ON",
            "SmsConfiguration": { "SnsCallerArn": role },
            "DeviceConfiguration": tracked(),
        }))
        .await;
    let client = server.client(&pool, json!({})).await;
    let phone = [("phone_number", "+12065550100"), ("phone_number_verified", "true")];
    people::add(server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &phone).await;
    (pool, client)
}

fn by_message(client: &str, asked: &Value, code: &str) -> Value {
    assert_eq!(asked["ChallengeName"], "SMS_MFA", "{asked}");
    json!({
        "ClientId": client,
        "ChallengeName": "SMS_MFA",
        "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": "alice", "SMS_MFA_CODE": code },
    })
}

/// The same with a device that alice's first sign-in, by text message, made known; beside them that sign-in's tokens.
async fn with_device(server: &TestServer) -> (String, String, Value, Device) {
    let (pool, client) = with_mfa(server).await;
    let asked = server.ok("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
    let request = by_message(&client, &asked, &server.last_code("+12065550100"));
    let first = server.ok("RespondToAuthChallenge", request).await["AuthenticationResult"].take();
    let device = Device::confirm(server, &first).await;
    (pool, client, first, device)
}

/// SECURITY 25: a remembered device stands in for MFA by proof, not by name.
#[tokio::test]
async fn a_remembered_device_takes_the_place_of_mfa() {
    let server = TestServer::start().await;
    let (pool, client, _, device) = with_device(&server).await;

    server.advance_s(60);
    let asked = server.ok("InitiateAuth", from_device(&client, "alice", &device.key)).await;
    assert_eq!(asked["ChallengeParameters"], json!({ "USERNAME": "alice", "DEVICE_KEY": device.key }));
    let answer = device.prove(&server, &client, &asked, SECRET).await;
    let result = &answer["AuthenticationResult"];
    assert!(result.get("NewDeviceMetadata").is_none(), "a known device needs no new key");
    assert_eq!(claims(text(result, "AccessToken"))["device_key"], device.key.as_str());
    let shown = json!({ "UserPoolId": pool, "Username": "alice", "DeviceKey": device.key });
    let shown = server.ok("AdminGetDevice", shown).await["Device"].take();
    let seconds = |name: &str| shown[name].as_f64().unwrap();
    assert!((seconds("DeviceLastAuthenticatedDate") - seconds("DeviceCreateDate") - 60.0).abs() < 0.5);

    // One that the user does not remember leaves MFA in place, and takes its code with it.
    let status = json!({ "AccessToken": result["AccessToken"], "DeviceKey": device.key, "DeviceRememberedStatus": "not_remembered" });
    server.ok("UpdateDeviceStatus", status).await;
    let asked = server.ok("InitiateAuth", from_device(&client, "alice", &device.key)).await;
    let mut request = by_message(&client, &asked, &server.last_code("+12065550100"));
    request["ChallengeResponses"]["DEVICE_KEY"] = "us-east-1_0".into();
    assert_eq!(server.refused("RespondToAuthChallenge", request.clone()).await, gone());
    request["ChallengeResponses"]["DEVICE_KEY"] = device.key.as_str().into();
    let answer = server.ok("RespondToAuthChallenge", request).await;
    assert!(answer["AuthenticationResult"].get("NewDeviceMetadata").is_none());
}

/// SECURITY 25, 60: a device that was asked stands in for MFA only while its user remembers it and the pool lets it.
#[tokio::test]
async fn a_device_stands_in_no_longer_than_it_may() {
    for ended in ["not remembered", "not in place of MFA", "not tracked"] {
        let server = TestServer::start().await;
        let (pool, client, first, device) = with_device(&server).await;

        let asked = server.ok("InitiateAuth", from_device(&client, "alice", &device.key)).await;
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
        let mut settings = json!({
            "UserPoolId": pool, "MfaConfiguration": "ON",
            "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
        });
        if ended == "not remembered" {
            let status = json!({
                "AccessToken": first["AccessToken"], "DeviceKey": device.key,
                "DeviceRememberedStatus": "not_remembered",
            });
            server.ok("UpdateDeviceStatus", status).await;
        } else {
            if ended == "not in place of MFA" {
                settings["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": false });
            }
            server.ok("UpdateUserPool", settings).await;
        }
        let asked = device.prove(&server, &client, &asked, SECRET).await;
        assert_eq!(asked["ChallengeName"], "SMS_MFA", "{ended}: {asked}");
        let request = by_message(&client, &asked, &server.last_code("+12065550100"));
        assert!(server.ok("RespondToAuthChallenge", request).await["AuthenticationResult"].is_object(), "{ended}");
    }
}

/// SECURITY 25: a device that another user remembers takes nobody else's MFA away.
#[tokio::test]
async fn a_device_stands_in_for_its_own_user_alone() {
    let server = TestServer::start().await;
    let (pool, client, _, device) = with_device(&server).await;

    let phone = [("phone_number", "+12065550101"), ("phone_number_verified", "true")];
    people::add(&server, &pool, "bob", UserStatus::Confirmed, Some(PASSWORD), &phone).await;
    assert_eq!(server.refused("InitiateAuth", from_device(&client, "bob", &device.key)).await, gone());
    let asked = server.ok("InitiateAuth", by_password(&client, "bob", PASSWORD)).await;
    assert_eq!((&asked["ChallengeName"], &asked["AuthenticationResult"]), (&json!("SMS_MFA"), &Value::Null));
    let srp = client::Client::new(server.cx.rng.bytes());
    let begun = device.begin(&client, "bob", &srp, &asked["Session"]);
    let refused = server.refused("RespondToAuthChallenge", begun).await;
    assert_eq!(refused, error("NotAuthorized", "Invalid session for the user."));
}

/// SECURITY 24, 26: the device's proof can be neither skipped, replayed, nor made with another secret or in another
/// session, and its failures count.
#[tokio::test]
async fn a_devices_proof_is_its_own_and_good_once() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, tracked()).await;
    confirmed(&server, &pool, "alice").await;
    confirmed(&server, &pool, "mallory").await;
    let device = Device::confirm(&server, &tokens(&server, &client, "alice").await).await;
    let his = Device::confirm(&server, &tokens(&server, &client, "mallory").await).await;
    let asked = server.ok("InitiateAuth", from_device(&client, "alice", &device.key)).await;

    let srp = client::Client::new(server.cx.rng.bytes());
    let begin = device.begin(&client, "alice", &srp, &asked["Session"]);
    // Another's device, or another's name.
    let mut with_his = begin.clone();
    with_his["ChallengeResponses"]["DEVICE_KEY"] = his.key.as_str().into();
    assert_eq!(server.refused("RespondToAuthChallenge", with_his).await, gone());
    let mut as_him = begin.clone();
    as_him["ChallengeResponses"]["USERNAME"] = "mallory".into();
    let no_session = error("NotAuthorized", "Invalid session for the user.");
    assert_eq!(server.refused("RespondToAuthChallenge", as_him).await, no_session);
    // Without the session, a public value that proved no password leads nowhere.
    let mut bare = begin.clone();
    bare["Session"] = Value::Null;
    let missing = error("InvalidParameter", "Missing required parameter Session");
    assert_eq!(server.refused("RespondToAuthChallenge", bare).await, missing);

    let verify = server.ok("RespondToAuthChallenge", begin.clone()).await;
    let twin = server.ok("RespondToAuthChallenge", begin.clone()).await;
    assert_eq!(
        server.refused("RespondToAuthChallenge", device.proof(&server, &client, &srp, &verify, "another")).await,
        incorrect()
    );
    let proof = device.proof(&server, &client, &srp, &verify, SECRET);
    let mut as_password = proof.clone();
    as_password["ChallengeName"] = "PASSWORD_VERIFIER".into();
    assert_eq!(server.refused("RespondToAuthChallenge", as_password.clone()).await, no_session);
    as_password["Session"] = Value::Null;
    assert_eq!(server.refused("RespondToAuthChallenge", as_password).await, incorrect());
    let mut elsewhere = proof.clone();
    elsewhere["Session"] = asked["Session"].clone();
    assert_eq!(server.refused("RespondToAuthChallenge", elsewhere).await, no_session);
    server.ok("RespondToAuthChallenge", proof.clone()).await;
    assert_eq!(server.refused("RespondToAuthChallenge", proof).await, spent());
    let second = device.proof(&server, &client, &srp, &twin, SECRET);
    assert_eq!(server.refused("RespondToAuthChallenge", second).await, spent(), "one password, one sign-in");
    assert_eq!(server.refused("RespondToAuthChallenge", begin).await, spent());

    let asked = server.ok("InitiateAuth", from_device(&client, "alice", &device.key)).await;
    for _ in 0..5 {
        let answer = device.prove(&server, &client, &asked, "another").await;
        assert_eq!(answer["message"], "Incorrect username or password.");
    }
    let answer = device.prove(&server, &client, &asked, SECRET).await;
    assert_eq!(answer["message"], "Password attempts exceeded");
    server.advance_s(1);
    assert!(device.prove(&server, &client, &asked, SECRET).await.get("AuthenticationResult").is_some());
}

/// A client without sessions, as pycognito is one, is known again by the public value it proved the password with.
#[tokio::test]
async fn a_client_without_sessions_proves_its_device() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, tracked()).await;
    confirmed(&server, &pool, "alice").await;
    let device = Device::confirm(&server, &tokens(&server, &client, "alice").await).await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let mut request = exchange.respond(&client, exchange.proof(&pool, PASSWORD, server.clock.now_ms() / 1000));
    request["Session"] = Value::Null;
    request["ChallengeResponses"]["DEVICE_KEY"] = device.key.as_str().into();
    let asked = server.ok("RespondToAuthChallenge", request).await;
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let begin = device.begin(&client, "alice", &exchange.srp, &Value::Null);
    let mut verify = server.ok("RespondToAuthChallenge", begin.clone()).await;
    verify["Session"] = Value::Null;
    let proof = device.proof(&server, &client, &exchange.srp, &verify, SECRET);
    let answer = server.ok("RespondToAuthChallenge", proof).await;
    assert!(answer.get("AuthenticationResult").is_some());
    assert_eq!(server.refused("RespondToAuthChallenge", begin).await, spent());
}

/// The first request may name the device; the next may forget it, as clients do when it is gone.
#[tokio::test]
async fn a_device_named_at_first_is_remembered_or_let_go() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, tracked()).await;
    confirmed(&server, &pool, "alice").await;
    let first = tokens(&server, &client, "alice").await;
    let device = Device::confirm(&server, &first).await;
    for (gone, asked) in [(false, "DEVICE_SRP_AUTH"), (true, "")] {
        if gone {
            server.ok("ForgetDevice", json!({ "AccessToken": first["AccessToken"], "DeviceKey": device.key })).await;
        }
        let srp = client::Client::new(server.cx.rng.bytes());
        let request = json!({
            "ClientId": client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": { "USERNAME": "alice", "SRP_A": srp.a_public(), "DEVICE_KEY": device.key },
        });
        let exchange = Exchange { challenge: server.ok("InitiateAuth", request).await, srp };
        let request = exchange.respond(&client, exchange.proof(&pool, PASSWORD, server.clock.now_ms() / 1000));
        let answer = server.ok("RespondToAuthChallenge", request).await;
        assert_eq!(answer["ChallengeName"].as_str().unwrap_or_default(), asked);
    }
}

/// SECURITY 14, 25: tokens of a device are refreshed with its key alone, and not once it is forgotten.
#[tokio::test]
async fn tokens_of_a_device_are_refreshed_with_it() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, json!({ "ChallengeRequiredOnNewDevice": false })).await;
    confirmed(&server, &pool, "alice").await;
    let first = tokens(&server, &client, "alice").await;
    let device = Device::offered(&first);
    let other = Device::confirm(&server, &tokens(&server, &client, "alice").await).await;
    let token = text(&first, "RefreshToken");
    let by_flow = |key: Option<&str>| {
        let parameters = json!({ "REFRESH_TOKEN": token, "DEVICE_KEY": key });
        json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": parameters })
    };
    let by_operation = |key: Option<&str>| json!({ "ClientId": client, "RefreshToken": token, "DeviceKey": key });
    let invalid = error("NotAuthorized", "Invalid Refresh Token");
    // Not confirmed yet.
    assert_eq!(server.refused("InitiateAuth", by_flow(Some(&device.key))).await, invalid);
    server.ok("ConfirmDevice", device.confirmation(&first)).await;
    for key in [None, Some("us-east-1_0"), Some(other.key.as_str())] {
        assert_eq!(server.refused("InitiateAuth", by_flow(key)).await, invalid, "{key:?}");
        assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(key)).await, invalid, "{key:?}");
    }
    let again = server.ok("InitiateAuth", by_flow(Some(&device.key))).await;
    let again = text(&again["AuthenticationResult"], "AccessToken");
    assert_eq!(claims(again)["device_key"], device.key.as_str());
    server.ok("GetTokensFromRefreshToken", by_operation(Some(&device.key))).await;
    server.ok("ForgetDevice", json!({ "AccessToken": again, "DeviceKey": device.key })).await;
    assert_eq!(server.refused("InitiateAuth", by_flow(Some(&device.key))).await, invalid);
    assert_eq!(server.refused("GetTokensFromRefreshToken", by_operation(Some(&device.key))).await, invalid);
    // Where devices are not tracked any more, no token needs one.
    server.ok("UpdateUserPool", json!({ "UserPoolId": pool })).await;
    server.ok("InitiateAuth", by_flow(None)).await;
}
