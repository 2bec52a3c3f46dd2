//! USER_AUTH: users who choose what to prove first, and programs that choose for them.

use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::json;

use crate::chooser::Chooser;
use crate::people::{self, PASSWORD, error, incorrect};

const ALL: [&str; 3] = ["PASSWORD", "EMAIL_OTP", "SMS_OTP"];
const PASSWORDS: [&str; 2] = ["PASSWORD_SRP", "PASSWORD"];
const CONTACTS: [(&str, &str); 2] = [("email", "alice@example.com"), ("phone_number", "+15555550123")];

fn unavailable() -> (String, String) {
    error("InvalidParameter", "The selected challenge is not available for the user.")
}

fn spent() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user, session can only be used once.")
}

async fn alice(server: &TestServer) -> Chooser {
    let chooser = Chooser::new(server, &ALL, json!({}), json!({})).await;
    people::add(server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACTS).await;
    chooser
}

#[tokio::test]
async fn who_prefers_nothing_is_asked_to_choose() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let answer = chooser.choices("alice").await;
    assert_eq!(answer.available, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
    assert!(answer.parameters.is_empty());
    assert!((20..=4096).contains(&answer.session.len()));
    assert_eq!(server.cx.inbox.messages().len(), 0);
    let by_default = server.pool(json!({})).await;
    let client = server.client(&by_default, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    people::add(&server, &by_default, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACTS).await;
    let plain = Chooser { pool: by_default, client, ..chooser };
    assert_eq!(plain.choices("alice").await.available, PASSWORDS);
}

#[tokio::test]
async fn what_is_there_to_choose_follows_the_user() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &ALL, json!({}), json!({})).await;
    let email = &CONTACTS[..1];
    let (confirmed, forced) = (UserStatus::Confirmed, UserStatus::ForceChangePassword);
    for (name, status, password, attributes, expected) in [
        ("plain", confirmed, Some(PASSWORD), &[][..], &PASSWORDS[..]),
        ("email", confirmed, Some(PASSWORD), email, &["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]),
        ("passwordless", confirmed, None, email, &["EMAIL_OTP"]),
        ("both", confirmed, None, &CONTACTS, &["EMAIL_OTP", "SMS_OTP"]),
        ("forced", forced, Some(PASSWORD), &CONTACTS, &PASSWORDS),
        ("reset", UserStatus::ResetRequired, None, email, &["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]),
        ("bare", confirmed, None, &[], &PASSWORDS),
    ] {
        people::add(&server, &chooser.pool, name, status, password, attributes).await;
        assert_eq!(chooser.choices(name).await.available, expected, "{name}");
    }
    // A preference cannot bring what is not there.
    for (name, preferred) in
        [("plain", "EMAIL_OTP"), ("forced", "EMAIL_OTP"), ("email", "SMS_OTP"), ("email", "WEB_AUTHN")]
    {
        let answer = chooser.begin(&[("USERNAME", name), ("PREFERRED_CHALLENGE", preferred)]).await.unwrap();
        assert_eq!(answer.asks(), "SELECT_CHALLENGE", "{name} {preferred}");
    }
    assert_eq!(server.cx.inbox.messages().len(), 0);
    let bare = [("USERNAME", "bare"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", PASSWORD)];
    assert_eq!(chooser.begin(&bare).await.unwrap_err(), incorrect());
    let reset = [("USERNAME", "reset"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", PASSWORD)];
    assert_eq!(chooser.begin(&reset).await.unwrap_err().0, "PasswordResetRequiredException");
}

#[tokio::test]
async fn a_preferred_factor_is_asked_for_at_once() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let offered = ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"];
    let prefer = |name: &'static str| [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", name)];
    for name in ["PASSWORD", "PASSWORD_SRP"] {
        let answer = chooser.begin(&prefer(name)).await.unwrap();
        assert_eq!((answer.asks(), &answer.available[..]), (name, &offered.map(str::to_owned)[..]));
        assert!(answer.parameters.is_empty());
        let given = [("USERNAME", "alice"), ("PASSWORD", PASSWORD)];
        let done = chooser.answer("PASSWORD", &answer.session, &given).await.unwrap();
        assert_eq!(done.claims()["username"], "alice");
    }
    let with_password = [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", PASSWORD)];
    assert!(chooser.begin(&with_password).await.unwrap().tokens.is_some());
    let wrong = [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", "Wrong-Horse-9")];
    assert_eq!(chooser.begin(&wrong).await.unwrap_err(), incorrect());

    let srp = client::Client::new(server.cx.rng.bytes());
    let a = srp.a_public();
    let with_a = [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", "PASSWORD_SRP"), ("SRP_A", &*a)];
    let verifier = chooser.begin(&with_a).await.unwrap();
    assert_eq!((verifier.asks(), &verifier.available[..]), ("PASSWORD_VERIFIER", &offered.map(str::to_owned)[..]));
    assert!(chooser.prove(&server, srp, &verifier, PASSWORD).await.unwrap().tokens.is_some());

    for (name, parameter, to, masked, medium) in [
        ("EMAIL_OTP", "EMAIL_OTP_CODE", "alice@example.com", "a***@e***", "EMAIL"),
        ("SMS_OTP", "SMS_OTP_CODE", "+15555550123", "+*******0123", "SMS"),
    ] {
        let answer = chooser.begin(&prefer(name)).await.unwrap();
        assert_eq!((answer.asks(), &answer.available[..]), (name, &offered.map(str::to_owned)[..]));
        assert_eq!(answer.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], medium);
        assert_eq!(answer.parameters["CODE_DELIVERY_DESTINATION"], masked);
        let code = server.last_code(to);
        let done = chooser.answer(name, &answer.session, &[("USERNAME", "alice"), (parameter, &code)]).await.unwrap();
        assert_eq!(done.claims()["username"], "alice");
    }
    let odd = chooser.begin(&prefer("SOFTWARE_TOKEN_MFA")).await.unwrap_err();
    assert_eq!(odd, unavailable());
    let nameless = chooser.begin(&[("PREFERRED_CHALLENGE", "PASSWORD")]).await.unwrap_err();
    assert_eq!(nameless, error("InvalidParameter", "Missing required parameter USERNAME"));
}

/// The three shapes that clients send after SELECT_CHALLENGE, with the same session.
#[tokio::test]
async fn a_choice_may_bring_its_proof() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let password = ("PASSWORD", PASSWORD);
    let asked = chooser.choices("alice").await;
    let given = [("USERNAME", "alice"), ("ANSWER", "PASSWORD"), password];
    assert!(chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap().tokens.is_some());
    let asked = chooser.choices("alice").await;
    let done = chooser.answer("PASSWORD", &asked.session, &[("USERNAME", "alice"), password]).await.unwrap();
    assert!(done.tokens.is_some());

    for (challenge, answer) in [("PASSWORD_SRP", None), ("SELECT_CHALLENGE", Some(("ANSWER", "PASSWORD_SRP")))] {
        let asked = chooser.choices("alice").await;
        let srp = client::Client::new(server.cx.rng.bytes());
        let a = srp.a_public();
        let mut given = vec![("USERNAME", "alice"), ("SRP_A", &*a)];
        given.extend(answer);
        let verifier = chooser.answer(challenge, &asked.session, &given).await.unwrap();
        assert_eq!(verifier.asks(), "PASSWORD_VERIFIER");
        assert!(chooser.prove(&server, srp, &verifier, PASSWORD).await.unwrap().tokens.is_some());
        // The choice was used up with the proof.
        let again = chooser.answer("PASSWORD", &asked.session, &[("USERNAME", "alice"), password]).await;
        assert_eq!(again.unwrap_err(), spent());
    }
    // Chosen alone, a password is asked for.
    let asked = chooser.choices("alice").await;
    for answer in PASSWORDS {
        let given = [("USERNAME", "alice"), ("ANSWER", answer)];
        let next = chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap();
        assert_eq!(next.asks(), answer);
        assert!(next.parameters.is_empty() && next.available.is_empty());
    }
    let given = [("USERNAME", "alice"), ("ANSWER", "EMAIL_OTP")];
    let next = chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap();
    let code = server.last_code("alice@example.com");
    let given = [("USERNAME", "alice"), ("EMAIL_OTP_CODE", &*code)];
    assert!(chooser.answer("EMAIL_OTP", &next.session, &given).await.unwrap().tokens.is_some());
}

#[tokio::test]
async fn administrators_offer_the_same_choice() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let asked = chooser.begin_as_administrator(&[("USERNAME", "alice")]).await.unwrap();
    assert_eq!((asked.asks(), asked.available.len()), ("SELECT_CHALLENGE", 4));
    let given = [("USERNAME", "alice"), ("ANSWER", "SMS_OTP")];
    let asked = chooser.answer_as_administrator("SELECT_CHALLENGE", &asked.session, &given).await.unwrap();
    let code = server.last_code("+15555550123");
    let given = [("USERNAME", "alice"), ("SMS_OTP_CODE", &*code)];
    assert!(chooser.answer_as_administrator("SMS_OTP", &asked.session, &given).await.unwrap().tokens.is_some());
}

/// SECURITY 24: an answer that is unavailable, empty, another user's, another challenge's, or repeated.
#[tokio::test]
async fn a_choice_is_one_of_those_offered() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    people::add(&server, &chooser.pool, "bob", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let asked = chooser.choices("bob").await;
    let choose = |answer: &'static str| [("USERNAME", "bob"), ("ANSWER", answer)];
    for answer in ["EMAIL_OTP", "SMS_OTP", "WEB_AUTHN", "SOFTWARE_TOKEN_MFA", "password", "NEW_PASSWORD_REQUIRED"] {
        let refused = chooser.answer("SELECT_CHALLENGE", &asked.session, &choose(answer)).await.unwrap_err();
        assert_eq!(refused, unavailable(), "{answer}");
    }
    let missing = |name: &str| error("InvalidParameter", format!("Missing required parameter {name}"));
    let session = error("NotAuthorized", "Invalid session for the user.");
    let (bob, alice) = (("USERNAME", "bob"), ("USERNAME", "alice"));
    for (challenge, given, expected) in [
        ("SELECT_CHALLENGE", vec![bob], missing("ANSWER")),
        ("SELECT_CHALLENGE", vec![bob, ("ANSWER", "")], missing("ANSWER")),
        ("SELECT_CHALLENGE", vec![("ANSWER", "PASSWORD")], missing("USERNAME")),
        ("PASSWORD", vec![bob], missing("PASSWORD")),
        ("PASSWORD", vec![bob, ("PASSWORD", "")], missing("PASSWORD")),
        ("PASSWORD_SRP", vec![bob], missing("SRP_A")),
        ("PASSWORD", vec![alice, ("PASSWORD", PASSWORD)], session.clone()),
        ("SELECT_CHALLENGE", vec![alice, ("ANSWER", "EMAIL_OTP")], session.clone()),
        ("EMAIL_OTP", vec![bob, ("EMAIL_OTP_CODE", "12345678")], session.clone()),
        ("NEW_PASSWORD_REQUIRED", vec![bob, ("NEW_PASSWORD", PASSWORD)], session.clone()),
        ("PASSWORD", vec![bob, ("PASSWORD", "Wrong-Horse-9")], incorrect()),
    ] {
        let refused = chooser.answer(challenge, &asked.session, &given).await.unwrap_err();
        assert_eq!(refused, expected, "{challenge} {given:?}");
    }
    assert_eq!(server.cx.inbox.messages().len(), 0);
    // What failed used nothing up.
    let right = [bob, ("PASSWORD", PASSWORD)];
    assert!(chooser.answer("PASSWORD", &asked.session, &right).await.unwrap().tokens.is_some());
    assert_eq!(chooser.answer("PASSWORD", &asked.session, &right).await.unwrap_err(), spent());

    // One choice sends one code.
    let asked = chooser.choices("alice").await;
    let choose = [alice, ("ANSWER", "EMAIL_OTP")];
    chooser.answer("SELECT_CHALLENGE", &asked.session, &choose).await.unwrap();
    assert_eq!(chooser.answer("SELECT_CHALLENGE", &asked.session, &choose).await.unwrap_err(), spent());
    assert_eq!(server.messages_to("alice@example.com"), 1);
}

#[tokio::test]
async fn a_choice_waits_as_long_as_the_client_says() {
    let server = TestServer::start().await;
    let chooser = Chooser::new(&server, &ALL, json!({}), json!({ "AuthSessionValidity": 5 })).await;
    people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACTS).await;
    let given = [("USERNAME", "alice"), ("PASSWORD", PASSWORD)];
    let (asked, late) = (chooser.choices("alice").await, chooser.choices("alice").await);
    server.advance_s(299);
    assert!(chooser.answer("PASSWORD", &asked.session, &given).await.unwrap().tokens.is_some());
    // The time of a new session begins anew.
    let choose = [("USERNAME", "alice"), ("ANSWER", "PASSWORD")];
    let next = chooser.answer("SELECT_CHALLENGE", &late.session, &choose).await.unwrap();
    server.advance_s(1);
    let refused = chooser.answer("PASSWORD", &late.session, &given).await.unwrap_err();
    assert_eq!(refused, error("NotAuthorized", "Invalid session for the user, session is expired."));
    assert!(chooser.answer("PASSWORD", &next.session, &given).await.unwrap().tokens.is_some());
}

/// SECURITY 24, 25: no second factor follows a code, so that who has one is offered none, even when it is preferred; and
/// a code that was sent before is worth nothing after.
#[tokio::test]
async fn a_code_is_no_way_around_mfa() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let mfa = json!({ "UserPoolId": chooser.pool, "MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {} });
    server.ok("SetUserPoolMfaConfig", mfa).await;
    let prefer = [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", "EMAIL_OTP")];
    let sent = chooser.begin(&prefer).await.unwrap();
    assert_eq!(sent.asks(), "EMAIL_OTP", "nothing is turned on yet");
    let code = server.last_code("alice@example.com");
    let chosen = chooser.choices("alice").await;
    let on = json!({ "UserPoolId": chooser.pool, "Username": "alice", "SMSMfaSettings": { "Enabled": true } });
    server.ok("AdminSetUserMFAPreference", on).await;

    let asked = chooser.begin(&prefer).await.unwrap();
    assert_eq!((asked.asks(), &asked.available[..]), ("SELECT_CHALLENGE", &PASSWORDS.map(str::to_owned)[..]));
    let choose = [("USERNAME", "alice"), ("ANSWER", "EMAIL_OTP")];
    assert_eq!(chooser.answer("SELECT_CHALLENGE", &chosen.session, &choose).await.unwrap_err(), unavailable());
    let given = [("USERNAME", "alice"), ("EMAIL_OTP_CODE", &*code)];
    let refused = chooser.answer("EMAIL_OTP", &sent.session, &given).await.unwrap_err();
    assert_eq!(refused, error("NotAuthorized", "Invalid session for the user."));
    // The password is followed by the second factor, whichever way it comes.
    let given = [("USERNAME", "alice"), ("PASSWORD", PASSWORD)];
    let asked = chooser.answer("PASSWORD", &chosen.session, &given).await.unwrap();
    assert_eq!((asked.asks(), asked.available.len()), ("SMS_MFA", 0));
    let code = server.last_code("+15555550123");
    let given = [("USERNAME", "alice"), ("SMS_MFA_CODE", &*code)];
    assert!(chooser.answer("SMS_MFA", &asked.session, &given).await.unwrap().tokens.is_some());
}

/// Every name that PREFERRED_CHALLENGE may have: what is there is asked, what is not leaves the choice, and what no
/// sign-in begins with is an error.
#[tokio::test]
async fn every_preference_has_its_answer() {
    let server = TestServer::start().await;
    let chooser = alice(&server).await;
    let table = [
        ("PASSWORD", Ok("PASSWORD")),
        ("PASSWORD_SRP", Ok("PASSWORD_SRP")),
        ("EMAIL_OTP", Ok("EMAIL_OTP")),
        ("SMS_OTP", Ok("SMS_OTP")),
        ("WEB_AUTHN", Ok("SELECT_CHALLENGE")),
        ("", Ok("SELECT_CHALLENGE")),
        ("SELECT_CHALLENGE", Err(unavailable())),
        ("SMS_MFA", Err(unavailable())),
        ("PASSWORD_VERIFIER", Err(unavailable())),
        ("CUSTOM_CHALLENGE", Err(unavailable())),
        ("NEW_PASSWORD_REQUIRED", Err(unavailable())),
        ("password", Err(unavailable())),
    ];
    for (preferred, expected) in table {
        let given = [("USERNAME", "alice"), ("PREFERRED_CHALLENGE", preferred)];
        let public = chooser.begin(&given).await.map(|answer| answer.asks().to_owned());
        let admin = chooser.begin_as_administrator(&given).await.map(|answer| answer.asks().to_owned());
        assert_eq!(public, expected.clone().map(str::to_owned), "{preferred}");
        assert_eq!(admin, expected.map(str::to_owned), "{preferred}");
    }
}

/// SECURITY 21: names that nobody has get the choices that users have, the same ones every time, and no message.
#[tokio::test]
async fn a_choice_tells_nobody_who_exists() {
    let server = TestServer::start().await;
    let hiding = json!({ "PreventUserExistenceErrors": "ENABLED" });
    let chooser = Chooser::new(&server, &ALL, json!({}), hiding).await;
    let names: Vec<String> = (0..60).map(|n| format!("nobody{n}")).collect();
    let mut seen = std::collections::BTreeSet::new();
    for name in &names {
        let asked = chooser.choices(name).await;
        assert_eq!(asked.available, chooser.choices(name).await.available, "{name}");
        let code = chooser.begin(&[("USERNAME", name), ("PREFERRED_CHALLENGE", "EMAIL_OTP")]).await.unwrap();
        let has_address = asked.available.iter().any(|choice| choice == "EMAIL_OTP");
        let expected = if has_address { "EMAIL_OTP" } else { "SELECT_CHALLENGE" };
        assert_eq!((code.asks(), &code.available), (expected, &asked.available));
        seen.insert(asked.available);
    }
    assert_eq!(seen.len(), 4, "with and without an address and a phone number: {seen:?}");
    people::add(&server, &chooser.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &CONTACTS[..1]).await;
    let as_alice = |choices: &[String]| choices == ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"];
    let mut twins = Vec::new();
    for name in &names {
        if as_alice(&chooser.choices(name).await.available) {
            twins.push(name.as_str());
        }
    }
    let twin = twins[0];
    let mut answers = Vec::new();
    for name in ["alice", twin] {
        let mut told = Vec::new();
        let asked = chooser.choices(name).await;
        told.push((asked.available.clone(), asked.session.len() - name.len()));
        let wrong = [("USERNAME", name), ("PASSWORD", "Wrong-Horse-9")];
        let mut refusals = vec![chooser.answer("PASSWORD", &asked.session, &wrong).await.unwrap_err()];
        let given = [("USERNAME", name), ("ANSWER", "SMS_OTP")];
        refusals.push(chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap_err());
        let given = [("USERNAME", name), ("ANSWER", "EMAIL_OTP")];
        let code = chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap();
        assert_eq!(code.parameters["CODE_DELIVERY_DELIVERY_MEDIUM"], "EMAIL");
        assert_eq!(code.parameters.len(), 2);
        refusals.push(chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap_err());
        let wrong = [("USERNAME", name), ("EMAIL_OTP_CODE", "00000000")];
        refusals.push(chooser.answer("EMAIL_OTP", &code.session, &wrong).await.unwrap_err());
        let asked = chooser.choices(name).await;
        let srp = client::Client::new(server.cx.rng.bytes());
        let a = srp.a_public();
        let given = [("USERNAME", name), ("SRP_A", &*a)];
        let verifier = chooser.answer("PASSWORD_SRP", &asked.session, &given).await.unwrap();
        refusals.push(chooser.prove(&server, srp, &verifier, "Wrong-Horse-9").await.unwrap_err());
        answers.push((told.iter().map(|(choices, _)| choices.clone()).collect::<Vec<_>>(), refusals));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(server.cx.inbox.messages().len(), 1, "alice alone got a code");
    // Who does not hide says so.
    let telling = Chooser {
        client: server.client(&chooser.pool, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await,
        ..chooser
    };
    let refused = telling.begin(&[("USERNAME", "nobody1")]).await.unwrap_err();
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
}
