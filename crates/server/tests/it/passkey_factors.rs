//! Passkeys as one factor or as two: each configuration of a pool beside each user, with and without the user verified.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::passkeys::{RELYING_PARTY, register};
use crate::people::{self, PASSWORD, claims, incorrect, text};
use crate::second_factors::{PHONE, World, sending};

/// What a sign-in by passkey comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comes {
    In,
    To(&'static str),
    Nowhere,
    /// The passkey is not among the choices.
    Unoffered,
}

use Comes::{In, Nowhere, To, Unoffered};

const ONE: &str = "SINGLE_FACTOR";
const TWO: &str = "MULTI_FACTOR_WITH_USER_VERIFICATION";

struct Row {
    says: &'static str,
    /// `FactorConfiguration` and `MfaConfiguration`.
    pool: (&'static str, &'static str),
    /// The user's number, if any, and what is turned on.
    phone: bool,
    preference: Value,
    /// With the user verified, and without.
    comes: [Comes; 2],
}

fn rows() -> Vec<Row> {
    let row = |says, pool, phone, preference, comes| Row { says, pool, phone, preference, comes };
    let on = || json!({ "SMS": { "Enabled": true } });
    let both = || json!({ "SMS": { "Enabled": true }, "WebAuthn": { "Enabled": true } });
    vec![
        row("one factor, no MFA", (ONE, "OFF"), true, json!({}), [In, In]),
        row("one factor, none turned on", (ONE, "OPTIONAL"), true, json!({}), [In, In]),
        row("one factor, MFA turned on", (ONE, "OPTIONAL"), true, on(), [Unoffered, Unoffered]),
        row("two factors, no MFA", (TWO, "OFF"), true, json!({}), [In, In]),
        row("two factors, none turned on", (TWO, "OPTIONAL"), true, json!({}), [In, In]),
        row("two factors, MFA turned on", (TWO, "OPTIONAL"), true, on(), [In, To("SMS_MFA")]),
        row("two factors, by the user's own word", (TWO, "OPTIONAL"), true, both(), [In, Nowhere]),
        row("two factors, MFA of everybody", (TWO, "ON"), true, json!({}), [In, To("SMS_MFA")]),
        row("two factors, MFA of everybody, none there", (TWO, "ON"), false, json!({}), [In, To("MFA_SETUP")]),
        row("two factors, MFA of everybody, the user's word", (TWO, "ON"), true, both(), [In, Nowhere]),
    ]
}

/// A pool as the row has it, and alice with a passkey.
async fn scene(row: &Row) -> (World, Authenticator) {
    let server = TestServer::start().await;
    let mut settings = sending();
    settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    settings["AccountRecoverySetting"] = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
    let pool = server.pool(settings).await;
    let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    let world = World { client: server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await, server, pool };
    let (factors, mfa) = row.pool;
    let configuration = |mfa: &str| {
        json!({
            "MfaConfiguration": mfa, "SoftwareTokenMfaConfiguration": { "Enabled": true },
            "WebAuthnConfiguration": {
                "RelyingPartyId": RELYING_PARTY, "UserVerification": "preferred", "FactorConfiguration": factors,
            },
        })
    };
    world.configure(configuration("OFF")).await;
    let phone: &[_] = if row.phone { &[("phone_number", PHONE)] } else { &[] };
    people::add(&world.server, &world.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), phone).await;
    let mut passkey = Authenticator::es256(RELYING_PARTY);
    passkey.attachment = Some("cross-platform");
    register(&world.server, &world.token().await, &mut passkey).await;
    if row.preference != json!({}) {
        world.prefer(row.preference.clone()).await;
    }
    let set = world.configure(configuration(mfa)).await;
    assert_eq!(set["WebAuthnConfiguration"]["FactorConfiguration"], factors);
    (world, passkey)
}

/// SECURITY 25, 27: a passkey counts as two factors where the pool says so and the user was verified, and nowhere else.
#[tokio::test]
async fn every_configuration_beside_every_user() {
    for row in rows() {
        let (world, mut passkey) = scene(&row).await;
        for (verified, comes) in [true, false].into_iter().zip(row.comes) {
            let what = format!("{}, verified: {verified}", row.says);
            let begin = json!({
                "ClientId": world.client, "AuthFlow": "USER_AUTH",
                "AuthParameters": { "USERNAME": "alice", "PREFERRED_CHALLENGE": "WEB_AUTHN" },
            });
            let asked = world.server.ok("InitiateAuth", begin).await;
            let offered = asked["AvailableChallenges"].as_array().unwrap().contains(&json!("WEB_AUTHN"));
            assert_eq!(offered, comes != Unoffered, "{what}: {asked}");
            if comes == Unoffered {
                assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE", "{what}");
                continue;
            }
            let options = text(&asked["ChallengeParameters"], "CREDENTIAL_REQUEST_OPTIONS");
            passkey.verified = verified;
            let credential = passkey.sign(&serde_json::from_str(options).unwrap()).to_string();
            let answer = world.answer(&asked, json!({ "CREDENTIAL": credential }));
            let answer = world.server.call("RespondToAuthChallenge", answer).await;
            match comes {
                Nowhere => assert_eq!(answer.error(), Some(incorrect()), "{what}"),
                To(name) => assert_eq!(answer.json()["ChallengeName"], name, "{what}: {:?}", answer.json()),
                _ => {
                    let answer = answer.json();
                    let claims = claims(text(&answer["AuthenticationResult"], "AccessToken"));
                    let told = (&claims["acr"], &claims["amr"]);
                    assert_eq!(told, (&json!("urn:cognito:loa:3"), &json!(["hwk"])), "{what}");
                    continue;
                }
            }
            assert!(answer.json().get("AuthenticationResult").is_none(), "{what}");
            if comes == To("SMS_MFA") {
                let code = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
                let done = world.respond(&answer.json(), code).await;
                let claims = claims(text(&done["AuthenticationResult"], "AccessToken"));
                assert_eq!(claims["amr"], json!(["hwk", "sms", "mfa"]), "{what}");
            }
        }
    }
}

/// What a user says of passkeys goes with the last method beside them.
#[tokio::test]
async fn a_passkey_does_not_stay_the_only_second_factor() {
    let row = Row { pool: (TWO, "OPTIONAL"), ..rows().swap_remove(6) };
    let (world, _) = scene(&row).await;
    let factors = json!({ "UserPoolId": world.pool, "Username": "alice" });
    let told = world.server.ok("AdminGetUserAuthFactors", factors).await;
    assert_eq!(told["UserMFASettingList"], json!(["SMS_MFA"]));
    assert_eq!(told["ConfiguredUserAuthFactors"], json!(["PASSWORD", "WEB_AUTHN"]));
    world.prefer(json!({ "SMS": { "Enabled": false } })).await;
    let again = world.preference(json!({ "WebAuthn": { "Enabled": true } }));
    let alone = "At least one other MFA method must be enabled for the user to turn on WebAuthn MFA.";
    let refused = world.server.refused("AdminSetUserMFAPreference", again).await;
    assert_eq!(refused, people::error("InvalidParameter", alone));
    world.token().await;
}
