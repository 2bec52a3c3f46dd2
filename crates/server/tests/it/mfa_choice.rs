//! Which second factor a user is asked for: each row of the service's decision tree.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{PASSWORD, by_password, error};
use crate::second_factors::{EMAIL, PHONE, World};

/// One row: the pool, the user, and what the password is followed by.
struct Row {
    says: &'static str,
    /// `MfaConfiguration`, and the factors of the pool beside text messages: `T`OTP, `E`-mail.
    pool: (&'static str, &'static str),
    /// Ways to recover, the first preferred; none for an administrator's.
    recovery: &'static [&'static str],
    /// Attributes of the user: `p`hone, `e`-mail; `t` for a registered app.
    has: &'static str,
    preference: Value,
    asked: Asked,
}

enum Asked {
    Nothing,
    For(&'static str),
    Among(&'static [&'static str]),
    SetUp(&'static [&'static str]),
    Error,
}

fn row(
    says: &'static str,
    pool: (&'static str, &'static str),
    recovery: &'static [&'static str],
    has: &'static str,
    preference: Value,
    asked: Asked,
) -> Row {
    Row { says, pool, recovery, has, preference, asked }
}

const BY_EMAIL: &[&str] = &["verified_email", "verified_phone_number"];
const BY_PHONE: &[&str] = &["verified_phone_number", "verified_email"];

fn rows() -> Vec<Row> {
    use Asked::{Among, Error, For, Nothing, SetUp};
    let on = || json!({ "Enabled": true });
    let preferred = || json!({ "Enabled": true, "PreferredMfa": true });
    let none = || json!({});
    vec![
        row("OFF asks nobody", ("OFF", "TE"), &[], "pet", json!({ "SMS": preferred() }), Nothing),
        row("OPTIONAL asks nobody who turned nothing on", ("OPTIONAL", "TE"), &[], "pet", none(), Nothing),
        row("OPTIONAL asks for the one", ("OPTIONAL", "TE"), &[], "pet", json!({ "SMS": on() }), For("SMS_MFA")),
        row("e-mail", ("OPTIONAL", "TE"), &[], "pet", json!({ "Email": on() }), For("EMAIL_OTP")),
        row("the app", ("OPTIONAL", "TE"), &[], "pet", json!({ "SoftwareToken": on() }), For("SOFTWARE_TOKEN_MFA")),
        row(
            "OPTIONAL lets choose among several",
            ("OPTIONAL", "TE"),
            &[],
            "pet",
            json!({ "SMS": on(), "SoftwareToken": on(), "Email": on() }),
            Among(&["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"]),
        ),
        row(
            "OPTIONAL asks for the preferred one",
            ("OPTIONAL", "TE"),
            &[],
            "pet",
            json!({ "SMS": on(), "SoftwareToken": on(), "Email": preferred() }),
            For("EMAIL_OTP"),
        ),
        row(
            "a recovery channel is a second factor where the user says so",
            ("OPTIONAL", "TE"),
            BY_EMAIL,
            "e",
            json!({ "Email": preferred() }),
            For("EMAIL_OTP"),
        ),
        row(
            "ON asks for the preferred one",
            ("ON", "TE"),
            &[],
            "pet",
            json!({ "SMS": preferred(), "SoftwareToken": on() }),
            For("SMS_MFA"),
        ),
        row(
            "an app preferred outlives the pool's offer",
            ("OPTIONAL", ""),
            &[],
            "pt",
            json!({ "SoftwareToken": preferred() }),
            For("SOFTWARE_TOKEN_MFA"),
        ),
        row("one that is merely on does not", ("OPTIONAL", ""), &[], "pt", json!({ "SoftwareToken": on() }), Nothing),
        row(
            "nor where MFA is asked of everybody",
            ("ON", ""),
            &[],
            "pt",
            json!({ "SoftwareToken": on() }),
            For("SMS_MFA"),
        ),
        row(
            "ON lets choose between app and number",
            ("ON", "T"),
            &[],
            "pt",
            none(),
            Among(&["SMS_MFA", "SOFTWARE_TOKEN_MFA"]),
        ),
        row(
            "ON takes the app beside the recovery channel",
            ("ON", "TE"),
            BY_EMAIL,
            "et",
            none(),
            For("SOFTWARE_TOKEN_MFA"),
        ),
        row("ON takes the app", ("ON", "TE"), &[], "t", none(), For("SOFTWARE_TOKEN_MFA")),
        row("ON takes the number nobody turned on", ("ON", ""), &[], "p", none(), For("SMS_MFA")),
        row("ON takes the address", ("ON", "E"), &[], "e", none(), For("EMAIL_OTP")),
        row("ON lets choose among both", ("ON", "E"), &[], "pe", none(), Among(&["SMS_MFA", "EMAIL_OTP"])),
        row("not the recovery channel: e-mail", ("ON", "E"), BY_EMAIL, "pe", none(), For("SMS_MFA")),
        row("not the recovery channel: phone", ("ON", "E"), BY_PHONE, "pe", none(), For("EMAIL_OTP")),
        row("only the recovery channel", ("ON", "E"), BY_EMAIL, "e", none(), Error),
        row("only the recovery channel, and apps", ("ON", "TE"), BY_EMAIL, "e", none(), SetUp(&["SOFTWARE_TOKEN_MFA"])),
        row("nothing, and apps", ("ON", "T"), &[], "e", none(), SetUp(&["SOFTWARE_TOKEN_MFA"])),
        row(
            "no contact at all: everything but recovery",
            ("ON", "TE"),
            BY_EMAIL,
            "",
            none(),
            SetUp(&["SMS_MFA", "SOFTWARE_TOKEN_MFA"]),
        ),
        row("no contact at all", ("ON", "E"), &[], "", none(), SetUp(&["SMS_MFA", "EMAIL_OTP"])),
    ]
}

/// SECURITY 24, 25: what a pool asks for is asked for by every way in.
#[tokio::test]
async fn every_row_of_the_tree() {
    for row in rows() {
        let world = world(&row).await;
        let request = by_password(&world.client, "alice", PASSWORD);
        let mut by_admin = request.clone();
        by_admin["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
        by_admin["UserPoolId"] = world.pool.as_str().into();
        for (operation, request) in [("InitiateAuth", request), ("AdminInitiateAuth", by_admin)] {
            let answer = world.server.call(operation, request).await;
            let (name, parameter, wanted) = match row.asked {
                Asked::Nothing => {
                    assert!(answer.json()["AuthenticationResult"].is_object(), "{}", row.says);
                    continue;
                }
                Asked::Error => {
                    assert_eq!(answer.error().unwrap().0, "InvalidParameterException", "{}", row.says);
                    continue;
                }
                Asked::For(name) => (name, "USER_ID_FOR_SRP", json!("alice")),
                Asked::Among(names) => ("SELECT_MFA_TYPE", "MFAS_CAN_CHOOSE", json!(json!(names).to_string())),
                Asked::SetUp(names) => ("MFA_SETUP", "MFAS_CAN_SETUP", json!(json!(names).to_string())),
            };
            let answer = answer.json();
            assert_eq!(answer["ChallengeName"], name, "{}: {answer}", row.says);
            assert_eq!(answer["ChallengeParameters"][parameter], wanted, "{}", row.says);
            assert_eq!(answer.get("AuthenticationResult"), None, "{}", row.says);
        }
    }
}

async fn world(row: &Row) -> World {
    let ways: Vec<Value> =
        (1..).zip(row.recovery).map(|(priority, name)| json!({ "Priority": priority, "Name": name })).collect();
    let server = TestServer::start().await;
    let every = json!({
        "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "EmailMfaConfiguration": {},
        "MfaConfiguration": "OFF",
    });
    let ways = if ways.is_empty() { json!([{ "Priority": 1, "Name": "admin_only" }]) } else { ways.into() };
    let world = World::on(server, every, ways).await;
    let mut attributes = Vec::new();
    if row.has.contains('p') {
        attributes.push(("phone_number", PHONE));
    }
    if row.has.contains('e') {
        attributes.push(("email", EMAIL));
    }
    world.alice(&attributes).await;
    if row.has.contains('t') {
        world.register(&world.token().await).await;
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
    world
}

/// SECURITY 24: a choice that was not offered is refused, and the choice stays open.
#[tokio::test]
async fn only_what_is_offered_can_be_chosen() {
    let mfa = json!({ "MfaConfiguration": "ON", "EmailMfaConfiguration": {} });
    let world = World::new(mfa).await;
    world.alice(&[("phone_number", PHONE), ("email", EMAIL)]).await;
    let asked = world.sign_in().await;
    for other in ["SOFTWARE_TOKEN_MFA", "SMS_OTP", "PASSWORD", "sms_mfa"] {
        assert_eq!(world.refused(&asked, json!({ "ANSWER": other })).await.0, "InvalidParameterException", "{other}");
    }
    let sent = world.respond(&asked, json!({ "ANSWER": "EMAIL_OTP" })).await;
    let spent = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    assert_eq!(world.refused(&asked, json!({ "ANSWER": "SMS_MFA" })).await, spent);
    let code = world.server.last_code(EMAIL);
    assert!(world.respond(&sent, json!({ "EMAIL_OTP_CODE": code })).await["AuthenticationResult"].is_object());
}

/// The forgotten password of a user never comes back by the channel that is the second factor.
///
/// SECURITY 25: or one lost phone would be both factors.
#[tokio::test]
async fn recovery_goes_by_another_channel_than_mfa() {
    let ways = json!([{ "Priority": 1, "Name": "verified_phone_number" }, { "Priority": 2, "Name": "verified_email" }]);
    let mfa = json!({ "MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {} });
    let world = World::recovering(mfa, ways).await;
    let attributes =
        [("phone_number", PHONE), ("phone_number_verified", "true"), ("email", EMAIL), ("email_verified", "true")];
    world.alice(&attributes).await;
    let forgot = json!({ "ClientId": world.client, "Username": "alice" });
    let goes = async || {
        world.server.ok("ForgotPassword", forgot.clone()).await["CodeDeliveryDetails"]["AttributeName"].clone()
    };
    assert_eq!(goes().await, "phone_number");
    world.prefer(json!({ "SMS": { "Enabled": true } })).await;
    assert_eq!(goes().await, "email");
    world.prefer(json!({ "SMS": { "Enabled": false }, "Email": { "Enabled": true } })).await;
    assert_eq!(goes().await, "phone_number");
    world.prefer(json!({ "SMS": { "Enabled": true } })).await;
    let none = "Cannot reset password for the user as there is no registered/verified email or phone_number";
    assert_eq!(world.server.refused("ForgotPassword", forgot).await, error("InvalidParameter", none));
}

/// SECURITY 25: whoever reads a user's mail sets a new password, and has one factor then.
#[tokio::test]
async fn a_new_password_is_one_factor() {
    let mfa = json!({ "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    let world = World::recovering(mfa, json!([{ "Priority": 1, "Name": "verified_email" }])).await;
    world.alice(&[("email", EMAIL), ("email_verified", "true")]).await;
    let token = world.token().await;
    let secret = world.register(&token).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true, "PreferredMfa": true } })).await;
    world.server.ok("ForgotPassword", json!({ "ClientId": world.client, "Username": "alice" })).await;
    let code = world.server.last_code(EMAIL);
    let renew = json!({
        "ClientId": world.client, "Username": "alice", "ConfirmationCode": code, "Password": "Other-Horse-8",
    });
    world.server.ok("ConfirmForgotPassword", renew).await;
    world.server.advance_s(30);
    for operation in ["InitiateAuth", "AdminInitiateAuth"] {
        let mut begin = by_password(&world.client, "alice", "Other-Horse-8");
        if operation == "AdminInitiateAuth" {
            begin["UserPoolId"] = world.pool.as_str().into();
            begin["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
        }
        let asked = world.server.ok(operation, begin).await;
        assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA", "{operation}");
        assert_eq!(asked["AuthenticationResult"], serde_json::Value::Null, "{operation}");
    }
    let asked = world.server.ok("InitiateAuth", by_password(&world.client, "alice", "Other-Horse-8")).await;
    let done = world.respond(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": world.code(&secret) })).await;
    assert!(done["AuthenticationResult"].is_object());
}
