//! Second factors that risk asks for: each configured action beside each pool and user, and what a remembered device is
//! worth then.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::device::{Device, SECRET};
use crate::people::{self, PASSWORD, error};
use crate::second_factors::{EMAIL, PHONE, World, sending};
use crate::threat::{events, from, home, on_risk};

/// What a risky sign-in comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    In,
    To(&'static str),
    Nowhere,
}

use Comes::{In, Nowhere, To};

/// One row: the pool and the user, and what comes of a risk under `NO_ACTION`, `MFA_IF_CONFIGURED` and `MFA_REQUIRED`.
struct Row {
    says: &'static str,
    /// `MfaConfiguration`, and the factors of the pool beside text messages: `T`OTP, `E`-mail.
    pool: (&'static str, &'static str),
    /// Attributes of the user: `p`hone, `e`-mail; `t` for a registered app, `d` for a remembered device.
    has: &'static str,
    preference: Value,
    comes: [Comes; 3],
}

fn rows() -> Vec<Row> {
    let on = || json!({ "Enabled": true });
    let preferred = || json!({ "Enabled": true, "PreferredMfa": true });
    let none = || json!({});
    let row = |says, pool, has, preference, comes| Row { says, pool, has, preference, comes };
    let (optional, off, required) = (("OPTIONAL", "TE"), ("OFF", "TE"), ("ON", "TE"));
    let (sms, app, mail) = (To("SMS_MFA"), To("SOFTWARE_TOKEN_MFA"), To("EMAIL_OTP"));
    let (select, device) = (To("SELECT_MFA_TYPE"), To("DEVICE_SRP_AUTH"));
    vec![
        row("nothing to prove", optional, "", none(), [In, In, Nowhere]),
        row("a number nobody turned on", optional, "p", none(), [In, sms, sms]),
        row("an address nobody turned on", optional, "e", none(), [In, mail, mail]),
        row("an address the pool has no use for", ("OPTIONAL", "T"), "e", none(), [In, In, Nowhere]),
        row("an app nobody turned on", optional, "t", none(), [In, app, app]),
        row("two that nobody turned on", optional, "pe", none(), [In, select, select]),
        row("one turned on", optional, "p", json!({ "SMS": on() }), [sms, sms, sms]),
        row(
            "risk offers no more than the user did",
            optional,
            "pet",
            json!({ "SoftwareToken": on() }),
            [app, app, app],
        ),
        row("the preferred one", optional, "pet", json!({ "SMS": on(), "Email": preferred() }), [mail, mail, mail]),
        row("no MFA in the pool", off, "pet", json!({ "SMS": preferred() }), [In, In, Nowhere]),
        row("MFA of everybody", required, "p", none(), [sms, sms, sms]),
        row("nothing yet", ("ON", "T"), "", none(), [To("MFA_SETUP"), To("MFA_SETUP"), Nowhere]),
        row("a remembered device", optional, "pd", json!({ "SMS": on() }), [device, sms, sms]),
        row("a remembered device of a number", optional, "pd", none(), [device, sms, sms]),
        row("a remembered device alone", optional, "d", none(), [device, device, Nowhere]),
        row("a remembered device, MFA of everybody", required, "pd", none(), [device, sms, sms]),
        row("a remembered device, no MFA", off, "pd", none(), [device, device, Nowhere]),
    ]
}

fn unable() -> (String, String) {
    error("NotAuthorized", "Unable to login because of security reasons.")
}

/// A pool that acts, and alice, who was at home before, as the row has them; her device.
async fn scene(row: &Row) -> (World, Option<Device>) {
    let server = TestServer::start().await;
    let mut settings = sending();
    settings["UserPoolAddOns"] = json!({ "AdvancedSecurityMode": "ENFORCED" });
    settings["UserPoolTier"] = "PLUS".into();
    settings["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": true });
    settings["AccountRecoverySetting"] = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
    let pool = server.pool(settings).await;
    let world = World { client: server.client(&pool, json!({})).await, server, pool };
    world.configure(json!({ "MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": { "Enabled": true } })).await;
    let contacts = [('p', ("phone_number", PHONE)), ('e', ("email", EMAIL))];
    let contacts: Vec<_> =
        contacts.into_iter().filter(|(letter, _)| row.has.contains(*letter)).map(|(_, contact)| contact).collect();
    people::add(&world.server, &world.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &contacts).await;
    let tokens = world.server.ok("AdminInitiateAuth", home(&world.pool, &world.client, PASSWORD)).await;
    let tokens = &tokens["AuthenticationResult"];
    let device = if row.has.contains('d') { Some(Device::confirm(&world.server, tokens).await) } else { None };
    if row.has.contains('t') {
        world.register(people::text(tokens, "AccessToken")).await;
    }
    if row.preference != json!({}) {
        world.prefer(row.preference.clone()).await;
    }
    let (wanted, factors) = row.pool;
    let mut mfa = json!({ "MfaConfiguration": wanted });
    if factors.contains('T') {
        mfa["SoftwareTokenMfaConfiguration"] = json!({ "Enabled": true });
    }
    if factors.contains('E') {
        mfa["EmailMfaConfiguration"] = json!({});
    }
    world.configure(mfa).await;
    (world, device)
}

/// SECURITY 25, 29: a demand for a second factor is met by one the user has, neither set up by whoever this is nor
/// replaced by a device.
#[tokio::test]
async fn every_action_beside_every_pool_and_user() {
    for row in rows() {
        let (world, device) = scene(&row).await;
        let actions = ["NO_ACTION", "MFA_IF_CONFIGURED", "MFA_REQUIRED", "BLOCK"];
        let comes = row.comes.into_iter().chain([Nowhere]);
        for (n, (action, comes)) in actions.into_iter().zip(comes).enumerate() {
            on_risk(&world.server, &world.pool, action).await;
            world.server.advance_s(10);
            // A place and program of its own each time: where she got in she is known.
            let (address, program) = (format!("198.51.{n}.9"), format!("elsewhere{n}/1"));
            let mut request = from(&world.pool, &world.client, "alice", PASSWORD, &address, &program);
            if let Some(device) = &device {
                request["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
            }
            let answer = world.server.call("AdminInitiateAuth", request).await;
            let what = format!("{}, {action}", row.says);
            match comes {
                Nowhere => assert_eq!(answer.error(), Some(unable()), "{what}"),
                In => assert!(answer.json()["AuthenticationResult"].is_object(), "{what}: {:?}", answer.json()),
                To(name) => {
                    assert_eq!(answer.json()["ChallengeName"], name, "{what}: {:?}", answer.json());
                    assert_eq!(answer.json().get("AuthenticationResult"), None, "{what}");
                }
            }
            let newest = &newest(&world).await;
            let risk = &newest["EventRisk"];
            let expected = match comes {
                Nowhere => ("Fail", "Block"),
                In => ("Pass", "AccountTakeover"),
                To(_) => ("InProgress", "AccountTakeover"),
            };
            let told = (newest["EventResponse"].as_str().unwrap(), risk["RiskDecision"].as_str().unwrap());
            assert_eq!(told, expected, "{what}");
        }
    }
}

async fn newest(world: &World) -> Value {
    let request = json!({ "UserPoolId": world.pool, "Username": "alice", "MaxResults": 1 });
    world.server.ok("AdminListUserAuthEvents", request).await["AuthEvents"][0].take()
}

fn with_sms(has: &'static str) -> Row {
    let preference = json!({ "SMS": { "Enabled": true, "PreferredMfa": true } });
    Row { says: "", pool: ("OPTIONAL", ""), has, preference, comes: [In; 3] }
}

/// The second factor that a risk asked for is the last thing that is owed, and is no device's to give.
#[tokio::test]
async fn who_proves_the_factor_is_let_in() {
    let (world, device) = scene(&with_sms("pd")).await;
    let device = device.unwrap();
    on_risk(&world.server, &world.pool, "MFA_REQUIRED").await;
    world.server.advance_s(10);
    let mut request = from(&world.pool, &world.client, "alice", PASSWORD, "198.51.100.9", "elsewhere/1");
    request["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
    let asked = world.server.ok("AdminInitiateAuth", request).await;
    assert_eq!(asked["ChallengeParameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"], "SMS");
    let srp = cognate_crypto::srp::client::Client::new(world.server.cx.rng.bytes());
    let around = device.begin(&world.client, "alice", &srp, &asked["Session"]);
    let invalid = error("NotAuthorized", "Invalid session for the user.");
    assert_eq!(world.server.refused("RespondToAuthChallenge", around).await, invalid);
    let code = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
    let done = world.respond(&asked, code).await;
    assert!(done["AuthenticationResult"].is_object());
    let listed = events(&world.server, &world.pool, 2).await;
    assert_eq!(listed[0]["EventResponse"], "Pass");
    let proved = json!([
        { "ChallengeName": "Password", "ChallengeResponse": "Success" },
        { "ChallengeName": "Mfa", "ChallengeResponse": "Success" },
    ]);
    assert_eq!(listed[0]["ChallengeResponses"], proved);
}

/// A sign-in without risk from a remembered device goes by the device, whatever is done about risks.
#[tokio::test]
async fn at_home_the_device_is_enough() {
    let (world, device) = scene(&with_sms("pd")).await;
    let device = device.unwrap();
    on_risk(&world.server, &world.pool, "MFA_REQUIRED").await;
    world.server.advance_s(10);
    let mut request = home(&world.pool, &world.client, PASSWORD);
    request["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
    let asked = world.server.ok("AdminInitiateAuth", request).await;
    let done = device.prove(&world.server, &world.client, &asked, SECRET).await;
    assert!(done["AuthenticationResult"].is_object(), "{done}");
}

/// SECURITY 25: who loses the factor between the password and the code is not let in for that.
#[tokio::test]
async fn a_factor_that_is_gone_opens_nothing() {
    let row = Row {
        preference: json!({ "SMS": { "Enabled": true }, "SoftwareToken": { "Enabled": true } }),
        ..with_sms("pt")
    };
    let (world, _) = scene(&Row { pool: ("OPTIONAL", "T"), ..row }).await;
    on_risk(&world.server, &world.pool, "MFA_IF_CONFIGURED").await;
    world.server.advance_s(10);
    let risky = from(&world.pool, &world.client, "alice", PASSWORD, "198.51.100.9", "elsewhere/1");
    let asked = world.server.ok("AdminInitiateAuth", risky).await;
    assert_eq!(asked["ChallengeName"], "SELECT_MFA_TYPE");
    world.prefer(json!({ "SMS": { "Enabled": false }, "SoftwareToken": { "Enabled": false } })).await;
    for choice in ["SMS_MFA", "SOFTWARE_TOKEN_MFA"] {
        let answer =
            world.server.call("RespondToAuthChallenge", world.answer(&asked, json!({ "ANSWER": choice }))).await;
        assert_eq!(answer.json().get("AuthenticationResult"), None, "{choice}");
    }
}

/// A code that stands for a password is not followed by another: where risk demands a second factor it leads nowhere.
#[tokio::test]
async fn a_code_alone_is_one_factor() {
    let server = TestServer::start().await;
    let mut settings = sending();
    settings["UserPoolAddOns"] = json!({ "AdvancedSecurityMode": "ENFORCED" });
    settings["UserPoolTier"] = "PLUS".into();
    settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let pool = server.pool(settings).await;
    let flows = json!(["ALLOW_USER_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]);
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &[("email", EMAIL)]).await;
    server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    for (action, comes) in [("MFA_REQUIRED", Nowhere), ("MFA_IF_CONFIGURED", In)] {
        on_risk(&server, &pool, action).await;
        server.advance_s(10);
        let begin = json!({
            "ClientId": client, "AuthFlow": "USER_AUTH",
            "AuthParameters": { "USERNAME": "alice", "PREFERRED_CHALLENGE": "EMAIL_OTP" },
        });
        let asked = server.ok("InitiateAuth", begin).await;
        let answer = json!({
            "ClientId": client, "ChallengeName": "EMAIL_OTP", "Session": asked["Session"],
            "ChallengeResponses": { "USERNAME": "alice", "EMAIL_OTP_CODE": server.last_code(EMAIL) },
        });
        let answer = server.call("RespondToAuthChallenge", answer).await;
        assert_eq!(answer.error(), (comes == Nowhere).then(unable), "{action}");
    }
}
