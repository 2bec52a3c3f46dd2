//! Step-up: levels demanded of a sign-in, reached from scratch or from an access token, and told by `acr` and `amr`.

use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::chooser::{Answer, App, Chooser, Refusal};
use crate::passkeys::{RELYING_PARTY, register};
use crate::people::{self, PASSWORD, error, text};

const LEVELS: [&str; 4] = ["urn:cognito:loa:1", "urn:cognito:loa:2", "urn:cognito:loa:3", "urn:cognito:loa:4"];
const ALICE: (&str, &str) = ("USERNAME", "alice");
const BY_PASSWORD: [(&str, &str); 2] = [("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", PASSWORD)];
const CONTACT: [(&str, &str); 2] = [("email", "alice@example.com"), ("email_verified", "true")];

/// A program, and alice with a password, a verified e-mail address and an app that nobody has to use.
async fn alice(server: &TestServer, settings: Value) -> (Chooser, App) {
    let chooser = Chooser::new(server, &["PASSWORD", "EMAIL_OTP"], settings, json!({})).await;
    people::add(server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACT).await;
    let mfa = json!({
        "UserPoolId": chooser.pool,
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": { "Enabled": true },
    });
    server.ok("SetUserPoolMfaConfig", mfa).await;
    let app = App::register(server, by_password(&chooser, &[]).await.unwrap().access_token()).await;
    (chooser, app)
}

async fn by_password(chooser: &Chooser, more: &[(&str, &str)]) -> Result<Answer, Refusal> {
    chooser.begin(&[&[ALICE], &BY_PASSWORD[..], more].concat()).await
}

/// A sign-in by a code alone.
async fn by_email(server: &TestServer, chooser: &Chooser, more: &[(&str, &str)]) -> Answer {
    let given = [&[ALICE, ("PREFERRED_CHALLENGE", "EMAIL_OTP")], more].concat();
    let asked = chooser.begin(&given).await.unwrap();
    let code = server.last_code("alice@example.com");
    chooser.answer("EMAIL_OTP", &asked.session, &[ALICE, ("EMAIL_OTP_CODE", &code)]).await.unwrap()
}

async fn show(server: &TestServer, chooser: &Chooser, app: &App, asked: &Answer) -> Answer {
    assert_eq!(asked.asks(), "SOFTWARE_TOKEN_MFA");
    let code = app.code(server);
    server.advance_s(30);
    chooser.answer(asked.asks(), &asked.session, &[ALICE, ("SOFTWARE_TOKEN_MFA_CODE", &code)]).await.unwrap()
}

/// The `acr` and `amr` of both tokens, which agree.
fn graded(answer: &Answer) -> (Value, Value) {
    let mut access = answer.claims();
    let mut id = people::claims(answer.tokens.as_ref().unwrap().id_token().unwrap());
    let graded = (access["acr"].take(), access["amr"].take());
    assert_eq!(graded, (id["acr"].take(), id["amr"].take()));
    graded
}

fn grade(level: usize, methods: &[&str]) -> (Value, Value) {
    (json!(LEVELS[level - 1]), json!(methods))
}

fn invalid(words: &str) -> Refusal {
    error("InvalidParameter", words)
}

#[tokio::test]
async fn a_level_is_reached_from_scratch() {
    let server = TestServer::start().await;
    let (chooser, app) = alice(&server, json!({})).await;
    let one = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[0])]).await.unwrap();
    assert_eq!(graded(&one), grade(1, &["pwd"]));
    let two = by_email(&server, &chooser, &[("TARGET_ACR_VALUES", LEVELS[1])]).await;
    assert_eq!(graded(&two), grade(2, &["email_otp"]));
    for level in [2, 3, 4] {
        let asked = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[level - 1])]).await.unwrap();
        let done = show(&server, &chooser, &app, &asked).await;
        assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]), "{level}");
    }
    // A code alone does not lead to what takes two factors.
    for (level, offered) in [(2, 3), (3, 2), (4, 2)] {
        let given = [ALICE, ("TARGET_ACR_VALUES", LEVELS[level - 1]), ("PREFERRED_CHALLENGE", "EMAIL_OTP")];
        let asked = chooser.begin(&given).await.unwrap();
        assert_eq!(asked.available.len(), offered, "{level}: {:?}", asked.available);
        assert_eq!(asked.asks(), if offered == 3 { "EMAIL_OTP" } else { "SELECT_CHALLENGE" });
    }
    // Without a demand, nothing more is asked for.
    assert_eq!(graded(&by_password(&chooser, &[("MAX_AGE", "0")]).await.unwrap()), grade(1, &["pwd"]));
}

#[tokio::test]
async fn a_token_counts_for_what_it_was_issued_for() {
    let server = TestServer::start().await;
    let (chooser, app) = alice(&server, json!({})).await;
    let first = by_password(&chooser, &[]).await.unwrap();
    server.advance_s(60);
    let target = ("TARGET_ACR_VALUES", LEVELS[3]);
    let credit = ("ACCESS_TOKEN", first.access_token());
    let asked = chooser.begin(&[ALICE, target, credit, ("MAX_AGE", "60")]).await.unwrap();
    let now_s = server.clock.now_ms() / 1000;
    let done = show(&server, &chooser, &app, &asked).await;
    assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]));
    assert_eq!(done.claims()["auth_time"], now_s + 30);
    assert!(done.tokens.as_ref().unwrap().refresh_token().is_some());
    assert_eq!(people::refusal(&server, first.access_token()).await, None, "the first token lives on");

    // Both claims survive a refresh, and auth_time stays.
    server.advance_s(600);
    let refresh_token = done.tokens.as_ref().unwrap().refresh_token().unwrap();
    let request = json!({ "ClientId": chooser.client, "RefreshToken": refresh_token });
    let fresh = server.ok("GetTokensFromRefreshToken", request).await["AuthenticationResult"].take();
    for token in ["AccessToken", "IdToken"] {
        let claims = people::claims(text(&fresh, token));
        assert_eq!((claims["acr"].clone(), claims["amr"].clone()), graded(&done));
        assert_eq!(claims["auth_time"], now_s + 30);
    }
    let again = chooser.begin(&[ALICE, target, ("ACCESS_TOKEN", text(&fresh, "AccessToken"))]).await.unwrap_err();
    assert_eq!(again, invalid("The access token satisfies the requested TARGET_ACR_VALUES already."));

    // A code was proved before; the password is what is missing, in either shape.
    for srp in [false, true] {
        let second = by_email(&server, &chooser, &[]).await;
        let given = [ALICE, ("TARGET_ACR_VALUES", LEVELS[2]), ("ACCESS_TOKEN", second.access_token())];
        let asked = chooser.begin(&given).await.unwrap();
        assert_eq!(asked.asks(), "PASSWORD");
        let done = if srp {
            let srp = client::Client::new(server.cx.rng.bytes());
            let a = srp.a_public();
            let given = [ALICE, ("SRP_A", &*a)];
            let verifier = chooser.answer("PASSWORD_SRP", &asked.session, &given).await.unwrap();
            chooser.prove(&server, srp, &verifier, PASSWORD).await.unwrap()
        } else {
            let wrong = [ALICE, ("PASSWORD", "Wrong-Horse-9")];
            assert!(chooser.answer("PASSWORD", &asked.session, &wrong).await.is_err());
            chooser.answer("PASSWORD", &asked.session, &[ALICE, ("PASSWORD", PASSWORD)]).await.unwrap()
        };
        assert_eq!(graded(&done), grade(3, &["email_otp", "pwd", "mfa"]));
    }
}

#[tokio::test]
async fn an_old_sign_in_earns_no_credit() {
    let server = TestServer::start().await;
    let (chooser, app) = alice(&server, json!({})).await;
    let first = by_password(&chooser, &[]).await.unwrap();
    server.advance_s(61);
    let target = ("TARGET_ACR_VALUES", LEVELS[3]);
    let credit = ("ACCESS_TOKEN", first.access_token());
    for max_age in ["60", "0"] {
        let asked = chooser.begin(&[ALICE, target, credit, ("MAX_AGE", max_age)]).await.unwrap();
        assert_eq!((asked.asks(), asked.available.len()), ("SELECT_CHALLENGE", 2), "{max_age}");
        let next = chooser.answer("PASSWORD", &asked.session, &[ALICE, ("PASSWORD", PASSWORD)]).await.unwrap();
        show(&server, &chooser, &app, &next).await;
    }
    for max_age in ["-1", "1.5", "soon"] {
        let refused = chooser.begin(&[ALICE, target, credit, ("MAX_AGE", max_age)]).await.unwrap_err();
        assert_eq!(refused, invalid("MAX_AGE is not a number of seconds."), "{max_age}");
    }
}

#[tokio::test]
async fn the_first_level_that_can_be_reached_is() {
    let server = TestServer::start().await;
    let (chooser, _) = alice(&server, json!({})).await;
    people::add(&server, &chooser.pool, "bob", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let begin = async |wanted: &str| {
        let given = [&[("USERNAME", "bob"), ("TARGET_ACR_VALUES", wanted)], &BY_PASSWORD[..]].concat();
        chooser.begin(&given).await
    };
    let fallen_back = begin(&format!("urn:other {} {}", LEVELS[3], LEVELS[0])).await.unwrap();
    assert_eq!(graded(&fallen_back), grade(1, &["pwd"]));
    // Nothing is set up on the way.
    let out_of_reach = error("NotAuthorized", "The user has no factors that reach the requested TARGET_ACR_VALUES.");
    assert_eq!(begin(LEVELS[3]).await.unwrap_err(), out_of_reach);
    assert_eq!(begin(LEVELS[1]).await.unwrap_err(), out_of_reach);
    let credit = ("ACCESS_TOKEN", fallen_back.access_token());
    let given = [("USERNAME", "bob"), ("TARGET_ACR_VALUES", LEVELS[3]), credit];
    assert_eq!(chooser.begin(&given).await.unwrap_err(), out_of_reach);
    let unknown = invalid("None of the TARGET_ACR_VALUES is configured for the user pool.");
    for wanted in ["urn:other", "urn:cognito:loa:5", "URN:COGNITO:LOA:1"] {
        assert_eq!(begin(wanted).await.unwrap_err(), unknown, "{wanted}");
    }
}

/// SECURITY 25: a token of another user or client, an altered, revoked or expired one, or one without a demand.
#[tokio::test]
async fn a_token_of_somebody_else_earns_no_credit() {
    let server = TestServer::start().await;
    let (chooser, _) = alice(&server, json!({})).await;
    people::add(&server, &chooser.pool, "bob", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let token = by_password(&chooser, &[]).await.unwrap().access_token().to_owned();
    let target = ("TARGET_ACR_VALUES", LEVELS[3]);
    let settings = json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
    let other = Chooser { client: server.client(&chooser.pool, settings).await, ..chooser.clone() };
    let foreign = invalid("The access token was not issued to this user and client.");
    let as_bob = chooser.begin(&[("USERNAME", "bob"), target, ("ACCESS_TOKEN", &token)]).await.unwrap_err();
    assert_eq!(as_bob, foreign);
    assert_eq!(other.begin(&[ALICE, target, ("ACCESS_TOKEN", &token)]).await.unwrap_err(), foreign);
    let alone = chooser.begin(&[ALICE, ("ACCESS_TOKEN", &token)]).await.unwrap_err();
    assert_eq!(alone, invalid("ACCESS_TOKEN requires TARGET_ACR_VALUES."));
    for bad in ["abc", &format!("{token}A"), &token.replacen('.', ".e30", 1)] {
        let refused = chooser.begin(&[ALICE, target, ("ACCESS_TOKEN", bad)]).await.unwrap_err();
        assert_eq!(refused.0, "NotAuthorizedException", "{bad}");
    }
    server.ok("AdminUserGlobalSignOut", json!({ "UserPoolId": chooser.pool, "Username": "alice" })).await;
    let revoked = chooser.begin(&[ALICE, target, ("ACCESS_TOKEN", &token)]).await.unwrap_err();
    assert_eq!(revoked, error("NotAuthorized", "Access Token has been revoked"));
}

/// SECURITY 25: a level below what the pool wants of everybody does not lower that.
#[tokio::test]
async fn a_level_is_no_way_around_mfa() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &["PASSWORD"], json!({}), json!({})).await;
    people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACT).await;
    let token = by_password(&chooser, &[]).await.unwrap().access_token().to_owned();
    let mfa = |on: &str| {
        json!({
            "UserPoolId": chooser.pool, "MfaConfiguration": on,
            "SoftwareTokenMfaConfiguration": { "Enabled": true },
        })
    };
    server.ok("SetUserPoolMfaConfig", mfa("OPTIONAL")).await;
    let app = App::register(&server, &token).await;
    server.ok("SetUserPoolMfaConfig", mfa("ON")).await;
    let asked = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[0])]).await.unwrap();
    let done = show(&server, &chooser, &app, &asked).await;
    assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]));
}

#[tokio::test]
async fn a_pool_names_its_levels() {
    let server = TestServer::start().await;
    let named =
        json!({ "AcrConfiguration": { "Level1": { "AcrValue": "plain" }, "Level4": { "AcrValue": "strong" } } });
    let (chooser, app) = alice(&server, named).await;
    let first = by_password(&chooser, &[("TARGET_ACR_VALUES", "plain")]).await.unwrap();
    assert_eq!(graded(&first), (json!("plain"), json!(["pwd"])));
    let unknown = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[0])]).await.unwrap_err();
    assert_eq!(unknown.0, "InvalidParameterException");
    let credit = ("ACCESS_TOKEN", first.access_token());
    let asked = chooser.begin(&[ALICE, ("TARGET_ACR_VALUES", "strong"), credit]).await.unwrap();
    let strong = show(&server, &chooser, &app, &asked).await;
    assert_eq!(graded(&strong).0, "strong");
    // Once it is renamed, a token is of no level, but its methods count: where nothing is missing, all is proved again.
    let renamed = json!({
        "UserPoolId": chooser.pool,
        "MfaConfiguration": "OPTIONAL",
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
        "AcrConfiguration": { "Level1": { "AcrValue": "weak" } },
    });
    server.ok("UpdateUserPool", renamed).await;
    let credit = ("ACCESS_TOKEN", strong.access_token());
    let asked = chooser.begin(&[ALICE, ("TARGET_ACR_VALUES", LEVELS[3]), credit]).await.unwrap();
    assert_eq!(asked.asks(), "SELECT_CHALLENGE");
    let credit = ("ACCESS_TOKEN", first.access_token());
    let asked = chooser.begin(&[ALICE, ("TARGET_ACR_VALUES", LEVELS[3]), credit]).await.unwrap();
    assert_eq!(asked.asks(), "SOFTWARE_TOKEN_MFA");
}

#[tokio::test]
async fn a_lite_pool_has_no_levels() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &["PASSWORD"], json!({}), json!({})).await;
    people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    server.ok("UpdateUserPool", json!({ "UserPoolId": chooser.pool, "UserPoolTier": "LITE" })).await;
    let refused = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[0])]).await.unwrap_err();
    assert_eq!(refused.0, "FeatureUnavailableInTierException");
    let plain = by_password(&chooser, &[]).await.unwrap();
    assert_eq!(graded(&plain), (Value::Null, Value::Null));
}

/// What TARGET_ACR_VALUES, ACCESS_TOKEN and MAX_AGE come to together: all is proved anew, the missing part alone, or what
/// is usual.
#[tokio::test]
async fn each_outcome() {
    let server = TestServer::start().await;
    let (chooser, app) = alice(&server, json!({})).await;
    let first = by_password(&chooser, &[]).await.unwrap();
    server.advance_s(60);
    let (target, none) = (Some(LEVELS[3]), None);
    let token = Some(first.access_token());
    let (scratch, usual) = (Ok(("SELECT_CHALLENGE", 2)), Ok(("SELECT_CHALLENGE", 3)));
    let step_up = Ok(("SOFTWARE_TOKEN_MFA", 0));
    let alone = Err(invalid("ACCESS_TOKEN requires TARGET_ACR_VALUES."));
    for (target, token, max_age, expected) in [
        (target, token, None, step_up.clone()),
        (target, token, Some("60"), step_up.clone()),
        (target, token, Some("4294967295"), step_up),
        (target, token, Some("59"), scratch.clone()),
        (target, token, Some("0"), scratch.clone()),
        (target, none, None, scratch.clone()),
        (target, none, Some("60"), scratch.clone()),
        (target, none, Some("0"), scratch),
        (none, none, None, usual.clone()),
        (none, none, Some("0"), usual.clone()),
        (none, none, Some("60"), usual),
        (none, token, None, alone.clone()),
        (none, token, Some("60"), alone),
    ] {
        let names = ["TARGET_ACR_VALUES", "ACCESS_TOKEN", "MAX_AGE"];
        let given = names.into_iter().zip([target, token, max_age]);
        let given: Vec<_> = [ALICE].into_iter().chain(given.filter_map(|(name, value)| Some((name, value?)))).collect();
        let answer = chooser.begin(&given).await;
        let answer = answer.as_ref().map(|answer| (answer.asks(), answer.available.len())).map_err(Clone::clone);
        assert_eq!(answer, expected, "{target:?} {token:?} {max_age:?}");
    }
    // A token of that level or above has nothing to step up to.
    let credit = ("ACCESS_TOKEN", first.access_token());
    let asked = chooser.begin(&[ALICE, ("TARGET_ACR_VALUES", LEVELS[3]), credit]).await.unwrap();
    let strong = show(&server, &chooser, &app, &asked).await;
    for level in LEVELS {
        let given = [ALICE, ("TARGET_ACR_VALUES", level), ("ACCESS_TOKEN", strong.access_token())];
        let refused = chooser.begin(&given).await.unwrap_err();
        assert_eq!(refused, invalid("The access token satisfies the requested TARGET_ACR_VALUES already."), "{level}");
    }
    // The flows that offer no choice know nothing of levels.
    let mut plain = people::by_password(&chooser.client, "alice", PASSWORD);
    plain["AuthParameters"]["TARGET_ACR_VALUES"] = LEVELS[3].into();
    let tokens = server.ok("InitiateAuth", plain).await["AuthenticationResult"].take();
    assert_eq!(people::claims(text(&tokens, "AccessToken"))["acr"], LEVELS[0]);
}

/// Each level by each of its ways, and what the tokens call them.
#[tokio::test]
async fn each_level_by_each_of_its_ways() {
    let server = TestServer::start().await;
    let factors = ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"];
    let chooser = Chooser::new(&server, &factors, json!({}), json!({})).await;
    let mfa = json!({
        "UserPoolId": chooser.pool, "MfaConfiguration": "OPTIONAL",
        "SmsMfaConfiguration": {}, "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "WebAuthnConfiguration": { "RelyingPartyId": RELYING_PARTY },
    });
    server.ok("SetUserPoolMfaConfig", mfa).await;
    let phone = [("phone_number", "+12065550100"), ("phone_number_verified", "true")];
    for (name, attributes) in [("pam", &phone[..]), ("eve", &CONTACT[..]), ("tom", &[]), ("kim", &[])] {
        people::add(&server, &chooser.pool, name, UserStatus::Confirmed, Some(PASSWORD), attributes).await;
    }
    let begin = async |name: &str, level: usize, more: &[(&str, &str)]| {
        let given = [&[("USERNAME", name), ("TARGET_ACR_VALUES", LEVELS[level - 1])], more].concat();
        chooser.begin(&given).await.unwrap()
    };
    let answer = async |name: &str, asked: &Answer, with: &str, proof: &str| {
        chooser.answer(asked.asks(), &asked.session, &[("USERNAME", name), (with, proof)]).await.unwrap()
    };
    for name in ["pam", "eve", "tom", "kim"] {
        assert_eq!(graded(&begin(name, 1, &BY_PASSWORD).await), grade(1, &["pwd"]));
    }
    for (name, to, first, code_name, second, method) in [
        ("pam", "+12065550100", "SMS_OTP", "SMS_OTP_CODE", "SMS_MFA", "sms"),
        ("eve", "alice@example.com", "EMAIL_OTP", "EMAIL_OTP_CODE", "EMAIL_OTP", "email_otp"),
    ] {
        let asked = begin(name, 2, &[("PREFERRED_CHALLENGE", first)]).await;
        let done = answer(name, &asked, code_name, &server.last_code(to)).await;
        assert_eq!(graded(&done), grade(2, &[method]));
        let asked = begin(name, 3, &BY_PASSWORD).await;
        assert_eq!(asked.asks(), second);
        let done = answer(name, &asked, &format!("{second}_CODE"), &server.last_code(to)).await;
        assert_eq!(graded(&done), grade(3, &["pwd", method, "mfa"]));
    }
    let tom = begin("tom", 1, &BY_PASSWORD).await;
    let app = App::register(&server, tom.access_token()).await;
    let asked = begin("tom", 4, &BY_PASSWORD).await;
    assert_eq!(asked.asks(), "SOFTWARE_TOKEN_MFA");
    let done = answer("tom", &asked, "SOFTWARE_TOKEN_MFA_CODE", &app.code(&server)).await;
    assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]));

    let kim = begin("kim", 1, &BY_PASSWORD).await;
    for (attachment, method) in [("platform", "swk"), ("cross-platform", "hwk")] {
        let mut passkey = Authenticator::es256(RELYING_PARTY);
        passkey.attachment = Some(attachment);
        register(&server, kim.access_token(), &mut passkey).await;
        // Alone, and as what a password lacks.
        let credit = ("ACCESS_TOKEN", kim.access_token());
        for (more, methods) in [(None, vec![method]), (Some(credit), vec!["pwd", method, "mfa"])] {
            let alone = ("PREFERRED_CHALLENGE", "WEB_AUTHN");
            let asked = begin("kim", 3, &[more.unwrap_or(alone)]).await;
            assert_eq!(asked.asks(), "WEB_AUTHN", "{attachment}");
            let options = serde_json::from_str(&asked.parameters["CREDENTIAL_REQUEST_OPTIONS"]).unwrap();
            let done = answer("kim", &asked, "CREDENTIAL", &passkey.sign(&options).to_string()).await;
            assert_eq!(graded(&done), grade(3, &methods), "{attachment}");
        }
    }
}

/// SECURITY 25: what the user turned on and what the pool wants of everybody are asked for at any level; who lacks it sets
/// nothing up.
#[tokio::test]
async fn the_least_that_is_asked_stays() {
    let server = TestServer::start().await;
    let (chooser, app) = alice(&server, json!({})).await;
    let prefer = json!({
        "UserPoolId": chooser.pool, "Username": "alice",
        "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true },
    });
    server.ok("AdminSetUserMFAPreference", prefer).await;
    for level in [0, 1, 2] {
        let asked = by_password(&chooser, &[("TARGET_ACR_VALUES", LEVELS[level])]).await.unwrap();
        let done = show(&server, &chooser, &app, &asked).await;
        assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]), "{level}");
    }
    let required = Chooser::new(&server, &["PASSWORD"], json!({}), json!({})).await;
    people::add(&server, &required.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let on = json!({
        "UserPoolId": required.pool, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true },
    });
    server.ok("SetUserPoolMfaConfig", on).await;
    assert_eq!(by_password(&required, &[]).await.unwrap().asks(), "MFA_SETUP");
    let out_of_reach = error("NotAuthorized", "The user has no factors that reach the requested TARGET_ACR_VALUES.");
    for level in [0, 1, 2, 3] {
        let refused = by_password(&required, &[("TARGET_ACR_VALUES", LEVELS[level])]).await.unwrap_err();
        assert_eq!(refused, out_of_reach, "{level}");
    }
}

/// SECURITY 25: where a second factor is asked of the user anyway, no level demands less: neither from scratch nor of a token
/// from before.
#[tokio::test]
async fn a_level_below_what_is_asked_anyway_is_raised() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &["PASSWORD"], json!({}), json!({})).await;
    for name in ["alice", "bob"] {
        people::add(&server, &chooser.pool, name, UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    }
    let mut mfa = json!({
        "UserPoolId": chooser.pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true },
    });
    server.ok("SetUserPoolMfaConfig", mfa.clone()).await;
    let weak = by_password(&chooser, &[]).await.unwrap();
    let bob = ("USERNAME", "bob");
    let bobs = chooser.begin(&[&[bob], &BY_PASSWORD[..]].concat()).await.unwrap();
    let app = App::register(&server, weak.access_token()).await;
    mfa["MfaConfiguration"] = "ON".into();
    server.ok("SetUserPoolMfaConfig", mfa).await;
    let asked = chooser.begin(&[ALICE, ("TARGET_ACR_VALUES", LEVELS[0]), ("ACCESS_TOKEN", weak.access_token())]).await;
    let done = show(&server, &chooser, &app, &asked.unwrap()).await;
    assert_eq!(graded(&done), grade(4, &["pwd", "otp", "mfa"]));
    let refused = chooser.begin(&[bob, ("TARGET_ACR_VALUES", LEVELS[0]), ("ACCESS_TOKEN", bobs.access_token())]).await;
    let out_of_reach = error("NotAuthorized", "The user has no factors that reach the requested TARGET_ACR_VALUES.");
    assert_eq!(refused.unwrap_err(), out_of_reach);
}

/// An address that is not verified yet steps a sign-in up where its code may begin one, and is verified by it. Where it may
/// not, it is no factor.
#[tokio::test]
async fn an_unverified_address_leads_to_level_two() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &["PASSWORD", "EMAIL_OTP"], json!({}), json!({})).await;
    let answer = async |asked: &Answer| {
        assert_eq!(asked.asks(), "EMAIL_OTP");
        let code = server.last_code("alice@example.com");
        chooser.answer("EMAIL_OTP", &asked.session, &[ALICE, ("EMAIL_OTP_CODE", &code)]).await.unwrap()
    };
    let target = ("TARGET_ACR_VALUES", LEVELS[1]);
    let alice =
        people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACT[..1]).await;
    let first = by_password(&chooser, &[]).await.unwrap();
    let none = Chooser::new(&server, &["PASSWORD"], json!({}), json!({})).await;
    people::add(&server, &none.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACT[..1]).await;
    let refused = by_password(&none, &[target]).await.unwrap_err();
    assert_eq!(refused.1, "The user has no factors that reach the requested TARGET_ACR_VALUES.");

    for credit in [Some(("ACCESS_TOKEN", first.access_token())), None] {
        people::change(&server, &chooser.pool, &alice.id, |user| user.set_verified("email", false)).await;
        let asked = match credit {
            Some(credit) => chooser.begin(&[ALICE, target, credit]).await.unwrap(),
            None => by_password(&chooser, &[target]).await.unwrap(),
        };
        let done = answer(&asked).await;
        assert_eq!(graded(&done), grade(3, &["pwd", "email_otp", "mfa"]));
        let id = people::claims(done.tokens.as_ref().unwrap().id_token().unwrap());
        assert_eq!(id["email_verified"], true);
    }
}

/// SECURITY 43: functions say nothing of how strong a sign-in was.
#[tokio::test]
async fn functions_do_not_grade() {
    let lambda = Lambda::start().await;
    let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
    lambda.on("f", |_| {
        let forged = json!({ "claimsToAddOrOverride": { "acr": "forged", "amr": ["forged"], "told": "yes" } });
        let suppressed = json!({ "claimsToSuppress": ["acr", "amr"], "claimsToAddOrOverride": { "told": "yes" } });
        let details = json!({ "idTokenGeneration": forged, "accessTokenGeneration": suppressed });
        Reply::Response(json!({ "claimsAndScopeOverrideDetails": details }))
    });
    let triggers = json!({ "LambdaConfig": {
        "PreTokenGenerationConfig": { "LambdaVersion": "V2_0", "LambdaArn": arn("f") },
    }});
    let chooser = Chooser::new(&server, &["PASSWORD"], triggers, json!({})).await;
    people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let done = by_password(&chooser, &[]).await.unwrap();
    assert_eq!(done.claims()["told"], "yes");
    assert_eq!(graded(&done), grade(1, &["pwd"]));
}
