//! What each way to configure devices makes of a sign-in, and a DEVICE_KEY in every place that takes one.

use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::device::{Device, SECRET};
use crate::people::{self, Exchange, PASSWORD, by_password, claims, confirmed, error, text};
use crate::second_factors::{EMAIL, PHONE, World, sending};

fn gone() -> (String, String) {
    error("ResourceNotFound", "Device does not exist.")
}

/// A pool with these devices and this MFA by text message, and alice, who has a number.
async fn world(server: TestServer, devices: Value, mfa: &str) -> World {
    let mut settings = sending();
    settings["DeviceConfiguration"] = devices;
    settings["MfaConfiguration"] = mfa.into();
    let pool = server.pool(settings).await;
    let world = World { client: server.client(&pool, json!({})).await, server, pool };
    world.alice(&[("phone_number", PHONE)]).await;
    world
}

/// Signs alice in, from that device if any, by whatever is asked; what was asked after the password, and the tokens.
async fn sign_in(world: &World, device: Option<&Device>) -> (String, Value) {
    let mut request = by_password(&world.client, "alice", PASSWORD);
    if let Some(device) = device {
        request["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
    }
    let first = world.server.ok("InitiateAuth", request).await;
    let asked = first["ChallengeName"].as_str().unwrap_or_default().to_owned();
    let mut last = match (asked.as_str(), device) {
        ("", _) => first,
        ("SMS_MFA", _) => world.respond(&first, json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) })).await,
        ("DEVICE_SRP_AUTH", Some(device)) => device.prove(&world.server, &world.client, &first, SECRET).await,
        _ => panic!("{asked} was not expected"),
    };
    let tokens = last["AuthenticationResult"].take();
    assert!(tokens.is_object(), "{asked}: {last}");
    (asked, tokens)
}

/// Both members, given, left out and false, where the pool asks everybody for a second factor and where it asks nobody.
#[tokio::test]
async fn each_configuration_of_devices() {
    let mut server = TestServer::start().await;
    for (devices, tracked, challenges, prompts) in [
        (Value::Null, false, false, false),
        (json!({}), false, false, false),
        (json!({ "ChallengeRequiredOnNewDevice": false }), true, false, false),
        (json!({ "ChallengeRequiredOnNewDevice": true }), true, true, false),
        (json!({ "DeviceOnlyRememberedOnUserPrompt": false }), true, false, false),
        (json!({ "DeviceOnlyRememberedOnUserPrompt": true }), true, false, true),
        (
            json!({ "ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": false }),
            true,
            false,
            false,
        ),
        (json!({ "ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": true }), true, false, true),
        (json!({ "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false }), true, true, false),
        (json!({ "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": true }), true, true, true),
    ] {
        for (mfa, usual) in [("OFF", ""), ("ON", "SMS_MFA")] {
            let world = world(server, devices.clone(), mfa).await;
            let what = format!("{devices} {mfa}");
            let (asked, first) = sign_in(&world, None).await;
            assert_eq!(asked, usual, "{what}");
            assert_eq!(first.get("NewDeviceMetadata").is_some(), tracked, "{what}");
            assert_eq!(claims(text(&first, "AccessToken")).get("device_key").is_some(), tracked, "{what}");
            if tracked {
                let device = Device::offered(&first);
                // A device nobody confirmed is none.
                let mut early = by_password(&world.client, "alice", PASSWORD);
                early["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
                assert_eq!(world.server.refused("InitiateAuth", early).await, gone(), "{what}");
                let answer = world.server.ok("ConfirmDevice", device.confirmation(&first)).await;
                assert_eq!(answer, json!({ "UserConfirmationNecessary": prompts }), "{what}");

                let remembered = if challenges { "DEVICE_SRP_AUTH" } else { usual };
                let at_first = if prompts { usual } else { remembered };
                let (asked, tokens) = sign_in(&world, Some(&device)).await;
                assert_eq!(asked, at_first, "{what}, confirmed");
                assert_eq!(tokens.get("NewDeviceMetadata"), None, "{what}");
                assert_eq!(claims(text(&tokens, "AccessToken"))["device_key"], device.key.as_str(), "{what}");
                for (status, expected) in [("remembered", remembered), ("not_remembered", usual)] {
                    let update = json!({
                        "AccessToken": tokens["AccessToken"], "DeviceKey": device.key,
                        "DeviceRememberedStatus": status,
                    });
                    assert_eq!(world.server.ok("UpdateDeviceStatus", update).await, json!({}));
                    assert_eq!(sign_in(&world, Some(&device)).await.0, expected, "{what}, {status}");
                }
                // Without its key the sign-in is a new device's, remembered or not.
                let (asked, tokens) = sign_in(&world, None).await;
                assert_eq!(asked, usual, "{what}");
                assert_ne!(tokens["NewDeviceMetadata"]["DeviceKey"], device.key.as_str(), "{what}");
            }
            server = world.server;
        }
    }
}

/// SECURITY 24, 25: a key of nobody's device, or of another user's, is refused wherever it comes, and uses nothing up: the
/// same answer without it is taken.
#[tokio::test]
async fn a_key_that_is_not_the_users_is_refused_everywhere_and_costs_nothing() {
    let devices = json!({ "ChallengeRequiredOnNewDevice": true });
    let world = world(TestServer::start().await, devices, "OPTIONAL").await;
    let (server, pool) = (&world.server, &world.pool);
    let mfa = json!({
        "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "EmailMfaConfiguration": {}, "SmsMfaConfiguration": {},
    });
    world.configure(mfa).await;
    confirmed(server, pool, "mallory").await;
    let his = Device::confirm(server, &people::tokens(server, &world.client, "mallory").await).await;
    let keys = ["us-east-1_0", "us-east-1_00000000-0000-4000-8000-000000000000", "\u{0}", his.key.as_str()];
    let try_all = async |operation: &str, request: Value, parameters: &str| {
        for key in keys {
            let mut with = request.clone();
            with[parameters]["DEVICE_KEY"] = key.into();
            assert_eq!(server.refused(operation, with).await, gone(), "{request} {key:?}");
        }
        server.ok(operation, request).await
    };
    let signed_in = |answer: &Value| answer["AuthenticationResult"]["NewDeviceMetadata"].is_object();

    let plain = by_password(&world.client, "alice", PASSWORD);
    assert!(signed_in(&try_all("InitiateAuth", plain.clone(), "AuthParameters").await));
    let mut by_admin = plain.clone();
    by_admin["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
    by_admin["UserPoolId"] = pool.as_str().into();
    assert!(signed_in(&try_all("AdminInitiateAuth", by_admin, "AuthParameters").await));

    let exchange = Exchange::begin(server, &world.client, "alice").await;
    let proof = exchange.respond(&world.client, exchange.proof(pool, PASSWORD, server.clock.now_ms() / 1000));
    let answer = try_all("RespondToAuthChallenge", proof, "ChallengeResponses").await;
    assert!(signed_in(&answer));

    let token = text(&answer["AuthenticationResult"], "AccessToken").to_owned();
    let app = world.register(&token).await;
    server.advance_s(30);
    let email =
        json!({ "UserPoolId": pool, "Username": "alice", "UserAttributes": [{ "Name": "email", "Value": EMAIL }] });
    server.ok("AdminUpdateUserAttributes", email).await;
    for (method, asked_for, name) in [
        ("SMS", "SMS_MFA", "SMS_MFA_CODE"),
        ("Email", "EMAIL_OTP", "EMAIL_OTP_CODE"),
        ("SoftwareToken", "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE"),
    ] {
        world.prefer(json!({ method: { "Enabled": true, "PreferredMfa": true } })).await;
        let asked = world.sign_in().await;
        assert_eq!(asked["ChallengeName"], asked_for);
        let code = match method {
            "SMS" => server.last_code(PHONE),
            "Email" => server.last_code(EMAIL),
            _ => world.code(&app),
        };
        let answer = world.answer(&asked, json!({ name: code }));
        assert!(signed_in(&try_all("RespondToAuthChallenge", answer, "ChallengeResponses").await), "{asked_for}");
    }
}

/// USER_AUTH takes the key in the same places: with the choice, with the password, with a code, with the second half of
/// SRP.
#[tokio::test]
async fn a_choice_takes_a_device_as_well() {
    let server = TestServer::start().await;
    let settings = json!({
        "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true },
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
    });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &[("email", EMAIL)]).await;
    let begin = |more: Value| {
        let mut request = json!({ "ClientId": client, "AuthFlow": "USER_AUTH", "AuthParameters": more });
        request["AuthParameters"]["USERNAME"] = "alice".into();
        request
    };
    let respond = |asked: &Value, mut answers: Value| {
        answers["USERNAME"] = "alice".into();
        json!({
            "ClientId": client, "ChallengeName": asked["ChallengeName"], "Session": asked["Session"],
            "ChallengeResponses": answers,
        })
    };
    let first =
        server.ok("InitiateAuth", begin(json!({ "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD }))).await;
    let device = Device::confirm(&server, &first["AuthenticationResult"]).await;
    let key = device.key.as_str();

    let at_once = json!({ "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD, "DEVICE_KEY": key });
    let asked = server.ok("InitiateAuth", begin(at_once)).await;
    assert!(device.prove(&server, &client, &asked, SECRET).await["AuthenticationResult"].is_object());

    let asked = server.ok("InitiateAuth", begin(json!({ "DEVICE_KEY": key }))).await;
    assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
    let choice = respond(&asked, json!({ "ANSWER": "PASSWORD", "PASSWORD": PASSWORD }));
    let asked = server.ok("RespondToAuthChallenge", choice).await;
    assert!(device.prove(&server, &client, &asked, SECRET).await["AuthenticationResult"].is_object());

    let asked = server.ok("InitiateAuth", begin(json!({ "PREFERRED_CHALLENGE": "PASSWORD" }))).await;
    let answer = respond(&asked, json!({ "PASSWORD": PASSWORD, "DEVICE_KEY": key }));
    let asked = server.ok("RespondToAuthChallenge", answer).await;
    assert!(device.prove(&server, &client, &asked, SECRET).await["AuthenticationResult"].is_object());

    let srp = client::Client::new(server.cx.rng.bytes());
    let with_a = json!({ "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": srp.a_public() });
    let exchange = Exchange { challenge: server.ok("InitiateAuth", begin(with_a)).await, srp };
    let mut proof = exchange.proof(&pool, PASSWORD, server.clock.now_ms() / 1000);
    proof["DEVICE_KEY"] = key.into();
    let asked = server.ok("RespondToAuthChallenge", exchange.respond(&client, proof)).await;
    assert!(device.prove(&server, &client, &asked, SECRET).await["AuthenticationResult"].is_object());

    // A code is no password: the device is recognized, and not asked to prove itself.
    let asked = server.ok("InitiateAuth", begin(json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" }))).await;
    let code = json!({ "EMAIL_OTP_CODE": server.last_code(EMAIL), "DEVICE_KEY": key });
    let done = server.ok("RespondToAuthChallenge", respond(&asked, code)).await;
    let tokens = &done["AuthenticationResult"];
    assert_eq!(claims(text(tokens, "AccessToken"))["device_key"], key);
    assert_eq!(tokens.get("NewDeviceMetadata"), None);
}

/// Administrators' operations ask a device in the same way.
#[tokio::test]
async fn administrators_let_a_device_prove_itself() {
    let world = world(TestServer::start().await, json!({ "ChallengeRequiredOnNewDevice": true }), "ON").await;
    let (_, tokens) = sign_in(&world, None).await;
    let device = Device::confirm(&world.server, &tokens).await;
    let mut begin = by_password(&world.client, "alice", PASSWORD);
    begin["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
    begin["UserPoolId"] = world.pool.as_str().into();
    begin["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
    let asked = world.server.ok("AdminInitiateAuth", begin).await;
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let srp = client::Client::new(world.server.cx.rng.bytes());
    let mut answer = device.begin(&world.client, "alice", &srp, &asked["Session"]);
    answer["UserPoolId"] = world.pool.as_str().into();
    let asked = world.server.ok("AdminRespondToAuthChallenge", answer).await;
    let mut wrong = device.proof(&world.server, &world.client, &srp, &asked, "another");
    wrong["UserPoolId"] = world.pool.as_str().into();
    assert_eq!(world.server.refused("AdminRespondToAuthChallenge", wrong).await, people::incorrect());
    let mut proof = device.proof(&world.server, &world.client, &srp, &asked, SECRET);
    proof["UserPoolId"] = world.pool.as_str().into();
    let done = world.server.ok("AdminRespondToAuthChallenge", proof).await;
    let token = text(&done["AuthenticationResult"], "AccessToken");
    assert_eq!(claims(token)["device_key"], device.key.as_str());

    // What the administrator's sign-in got is refreshed with the key, and with it alone.
    let refresh = |key: Option<&str>| {
        json!({
            "UserPoolId": world.pool, "ClientId": world.client, "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": { "REFRESH_TOKEN": done["AuthenticationResult"]["RefreshToken"], "DEVICE_KEY": key },
        })
    };
    let invalid = error("NotAuthorized", "Invalid Refresh Token");
    assert_eq!(world.server.refused("AdminInitiateAuth", refresh(None)).await, invalid);
    let fresh = world.server.ok("AdminInitiateAuth", refresh(Some(&device.key))).await;
    assert!(fresh["AuthenticationResult"]["AccessToken"].is_string());
}

/// Where devices are not tracked any more, none takes the place of MFA; a key of nobody's is still told from one.
#[tokio::test]
async fn a_pool_that_stopped_tracking_asks_no_device() {
    let world = world(TestServer::start().await, json!({ "ChallengeRequiredOnNewDevice": true }), "ON").await;
    let (_, tokens) = sign_in(&world, None).await;
    let device = Device::confirm(&world.server, &tokens).await;
    assert_eq!(sign_in(&world, Some(&device)).await.0, "DEVICE_SRP_AUTH");
    let mut untracked = sending();
    untracked["UserPoolId"] = world.pool.as_str().into();
    untracked["MfaConfiguration"] = "ON".into();
    world.server.ok("UpdateUserPool", untracked).await;
    let (asked, tokens) = sign_in(&world, Some(&device)).await;
    assert_eq!(asked, "SMS_MFA");
    assert_eq!(claims(text(&tokens, "AccessToken")).get("device_key"), None);
    assert_eq!(tokens.get("NewDeviceMetadata"), None);
    let mut strange = by_password(&world.client, "alice", PASSWORD);
    strange["AuthParameters"]["DEVICE_KEY"] = "us-east-1_0".into();
    assert_eq!(world.server.refused("InitiateAuth", strange).await, gone());
}
