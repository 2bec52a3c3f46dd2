//! Users without a password: signing up, being created, and a first sign-in on the strength of the confirmation.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::chooser::Chooser;
use crate::people::{PASSWORD, error, text};

const EMAIL: &str = "ada@example.com";
const PHONE: &str = "+15555550123";

fn invalid() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user.")
}

/// A pool that verifies `verified` and lets its users begin with `factors`.
async fn pool(server: &TestServer, factors: &[&str], verified: &str) -> Chooser {
    let mut settings = json!({ "AutoVerifiedAttributes": [verified] });
    if verified == "phone_number" {
        settings["SmsConfiguration"] = json!({ "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" });
    }
    Chooser::new(server, factors, settings, json!({})).await
}

fn application(chooser: &Chooser, name: &str) -> Value {
    let attributes = json!([{ "Name": "email", "Value": EMAIL }, { "Name": "phone_number", "Value": PHONE }]);
    json!({ "ClientId": chooser.client, "Username": name, "UserAttributes": attributes })
}

/// Signs up without a password and confirms; the `Session` of either.
async fn confirmed(server: &TestServer, chooser: &Chooser, name: &str, to: &str) -> (String, String) {
    let made = server.ok("SignUp", application(chooser, name)).await;
    assert_eq!(made["UserConfirmed"], false);
    let first = text(&made, "Session").to_owned();
    let mut confirmation = json!({ "ClientId": chooser.client, "Username": name, "Session": first });
    confirmation["ConfirmationCode"] = server.last_code(to).into();
    let answer = server.ok("ConfirmSignUp", confirmation).await;
    (first, text(&answer, "Session").to_owned())
}

#[tokio::test]
async fn a_confirmed_sign_up_signs_in_without_another_code() {
    let server = TestServer::start().await;
    for (factor, verified, to, method) in
        [("EMAIL_OTP", "email", EMAIL, "email_otp"), ("SMS_OTP", "phone_number", PHONE, "sms")]
    {
        let chooser = pool(&server, &["PASSWORD", factor], verified).await;
        let (first, session) = confirmed(&server, &chooser, "ada", to).await;
        assert!(first != session && (20..=4096).contains(&session.len()));
        let sent = server.cx.inbox.messages().len();
        // Everything but the name is ignored.
        let given = [("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", "Wrong-Horse-9")];
        let done = chooser.begin_from(Some(&session), &given).await.unwrap();
        let claims = done.claims();
        assert_eq!((&claims["username"], &claims["amr"]), (&json!("ada"), &json!([method])));
        assert_eq!(claims["acr"], "urn:cognito:loa:2");
        assert_eq!(server.cx.inbox.messages().len(), sent);
        let again = chooser.begin_from(Some(&session), &given).await.unwrap_err();
        assert_eq!(again, error("NotAuthorized", "Invalid session for the user, session can only be used once."));
        assert_eq!(chooser.choices("ada").await.available, [factor]);
    }
}

/// SECURITY 24: another user's, another client's, another operation's, an old or an altered session.
#[tokio::test]
async fn a_confirmation_signs_in_nobody_else() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    let (first, session) = confirmed(&server, &chooser, "ada", EMAIL).await;
    confirmed(&server, &chooser, "bob", EMAIL).await;
    let settings = json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
    let other = Chooser { client: server.client(&chooser.pool, settings).await, ..chooser.clone() };
    let challenge = chooser.choices("ada").await.session;
    let altered = format!("{}{}", &session[..session.len() - 1], if session.ends_with('A') { 'B' } else { 'A' });
    for (program, session, name) in [
        (&chooser, &session, "bob"),
        (&chooser, &session, "nobody"),
        (&other, &session, "ada"),
        (&chooser, &first, "ada"),
        (&chooser, &challenge, "ada"),
        (&chooser, &altered, "ada"),
    ] {
        assert_eq!(program.begin_from(Some(session), &[("USERNAME", name)]).await.unwrap_err(), invalid(), "{name}");
    }
    for challenge in ["SELECT_CHALLENGE", "EMAIL_OTP", "PASSWORD"] {
        let given =
            [("USERNAME", "ada"), ("ANSWER", "EMAIL_OTP"), ("EMAIL_OTP_CODE", "12345678"), ("PASSWORD", PASSWORD)];
        assert_eq!(chooser.answer(challenge, &session, &given).await.unwrap_err(), invalid(), "{challenge}");
    }
    server.advance_s(180);
    let late = chooser.begin_from(Some(&session), &[("USERNAME", "ada")]).await.unwrap_err();
    assert_eq!(late, error("NotAuthorized", "Invalid session for the user, session is expired."));
}

/// The code went to a place that may not be a first factor, or no longer may.
#[tokio::test]
async fn a_confirmation_counts_as_far_as_its_factor_does() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP", "SMS_OTP"], "phone_number").await;
    let (_, session) = confirmed(&server, &chooser, "ada", PHONE).await;
    let narrowed = json!({
        "UserPoolId": chooser.pool,
        "AutoVerifiedAttributes": ["phone_number"],
        "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
    });
    server.ok("UpdateUserPool", narrowed).await;
    assert_eq!(chooser.begin_from(Some(&session), &[("USERNAME", "ada")]).await.unwrap_err(), invalid());

    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    let (_, session) = confirmed(&server, &chooser, "ada", EMAIL).await;
    server.ok("AdminDisableUser", json!({ "UserPoolId": chooser.pool, "Username": "ada" })).await;
    let disabled = chooser.begin_from(Some(&session), &[("USERNAME", "ada")]).await.unwrap_err();
    assert_eq!(disabled, error("NotAuthorized", "User is disabled."));
}

#[tokio::test]
async fn a_session_is_for_clients_that_offer_a_choice() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    let plain = server.client(&chooser.pool, json!({})).await;
    let mut request = application(&Chooser { client: plain.clone(), ..chooser.clone() }, "ada");
    let made = server.ok("SignUp", request.clone()).await;
    assert!(made.get("Session").is_none());
    let mut confirmation = json!({ "ClientId": plain, "Username": "ada", "Session": "a".repeat(40) });
    confirmation["ConfirmationCode"] = server.last_code(EMAIL).into();
    assert_eq!(server.refused("ConfirmSignUp", confirmation.clone()).await, invalid());
    confirmation.as_object_mut().unwrap().remove("Session");
    assert_eq!(server.ok("ConfirmSignUp", confirmation).await, json!({}));

    // A session that is over does not stand in the way of the confirmation.
    request["ClientId"] = chooser.client.as_str().into();
    request["Username"] = "bob".into();
    let made = server.ok("SignUp", request).await;
    let mut confirmation = json!({ "ClientId": chooser.client, "Username": "bob", "Session": made["Session"] });
    confirmation["ConfirmationCode"] = server.last_code(EMAIL).into();
    server.advance_s(180);
    assert_eq!(server.ok("ConfirmSignUp", confirmation).await, json!({}));
}

/// SECURITY 60: where codes are no first factor nobody goes without a password.
#[tokio::test]
async fn a_pool_without_codes_wants_a_password() {
    let server = TestServer::start().await;
    let missing = error("InvalidParameter", "Missing required parameter Password");
    let chooser = pool(&server, &["PASSWORD"], "email").await;
    assert_eq!(server.refused("SignUp", application(&chooser, "ada")).await, missing);
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    let request = json!({ "ClientId": chooser.client, "Username": "ada" });
    assert_eq!(server.refused("SignUp", request).await, missing);
}

#[tokio::test]
async fn an_administrator_makes_a_user_without_a_password() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    let request = json!({
        "UserPoolId": chooser.pool,
        "Username": "ada",
        "UserAttributes": [{ "Name": "email", "Value": EMAIL }],
        "MessageAction": "SUPPRESS",
    });
    assert_eq!(server.ok("AdminCreateUser", request).await["User"]["UserStatus"], "CONFIRMED");
    let asked = chooser.begin(&[("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "PASSWORD")]).await.unwrap();
    assert_eq!((asked.asks(), &asked.available[..]), ("SELECT_CHALLENGE", &["EMAIL_OTP".to_owned()][..]));
    let given = [("USERNAME", "ada"), ("ANSWER", "EMAIL_OTP")];
    let asked = chooser.answer("SELECT_CHALLENGE", &asked.session, &given).await.unwrap();
    let code = server.last_code(EMAIL);
    let given = [("USERNAME", "ada"), ("EMAIL_OTP_CODE", &*code)];
    let done = chooser.answer("EMAIL_OTP", &asked.session, &given).await.unwrap();
    let id = crate::people::claims(done.tokens.unwrap().id_token().unwrap());
    // The code proved the address too.
    assert_eq!((&id["email"], &id["email_verified"]), (&json!(EMAIL), &json!(true)));
}

/// Begins with the factor that is preferred, `challenge` too: the session, and the code that was sent.
async fn asked(server: &TestServer, chooser: &Chooser, name: &str, challenge: &str, to: &str) -> (String, String) {
    let asked = chooser.begin(&[("USERNAME", name), ("PREFERRED_CHALLENGE", challenge)]).await.unwrap();
    assert_eq!(asked.asks(), challenge);
    (asked.session, server.last_code(to))
}

fn wrong_code() -> (String, String) {
    error("CodeMismatch", "Invalid code or auth state for the user.")
}

/// A code proves what a confirmation does; a password proves less.
#[tokio::test]
async fn a_code_confirms_who_signs_in_by_it() {
    let server = TestServer::start().await;
    for (factor, verified, to) in [("EMAIL_OTP", "email", EMAIL), ("SMS_OTP", "phone_number", PHONE)] {
        let chooser = pool(&server, &["PASSWORD", factor], verified).await;
        let mut request = application(&chooser, "ada");
        request["Password"] = PASSWORD.into();
        server.ok("SignUp", request).await;
        let status = async || {
            let shown = server.ok("AdminGetUser", json!({ "UserPoolId": chooser.pool, "Username": "ada" })).await;
            let flag = format!("{verified}_verified");
            let attributes = shown["UserAttributes"].as_array().unwrap();
            let flag = attributes.iter().find(|attribute| attribute["Name"] == flag.as_str());
            (shown["UserStatus"].clone(), flag.map(|flag| flag["Value"].clone()))
        };
        let password = [("USERNAME", "ada"), ("PREFERRED_CHALLENGE", "PASSWORD"), ("PASSWORD", PASSWORD)];
        let unconfirmed = error("UserNotConfirmed", "User is not confirmed.");
        let (session, code) = asked(&server, &chooser, "ada", factor, to).await;
        let parameter = format!("{factor}_CODE");
        let wrong = if code.starts_with('1') { "22222222" } else { "11111111" };
        let given = [("USERNAME", "ada"), (&*parameter, wrong)];
        assert_eq!(chooser.answer(factor, &session, &given).await.unwrap_err(), wrong_code());
        assert_eq!(chooser.begin(&password).await.unwrap_err(), unconfirmed);
        assert_eq!(status().await.0, "UNCONFIRMED");

        let given = [("USERNAME", "ada"), (&*parameter, &*code)];
        chooser.answer(factor, &session, &given).await.unwrap().claims();
        assert_eq!(status().await, (json!("CONFIRMED"), Some(json!("true"))));
        chooser.begin(&password).await.unwrap().claims();
    }
}

/// SECURITY 32: who is yet to be confirmed takes no alias from anybody, by a code of a sign-in as little as by another.
#[tokio::test]
async fn a_code_takes_no_alias_for_a_new_user() {
    let server = TestServer::start().await;
    let settings = json!({ "AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"] });
    let chooser = Chooser::new(&server, &["PASSWORD", "EMAIL_OTP"], settings, json!({})).await;
    confirmed(&server, &chooser, "ada", EMAIL).await;
    server.ok("SignUp", application(&chooser, "eve")).await;
    let (session, code) = asked(&server, &chooser, "eve", "EMAIL_OTP", EMAIL).await;
    let refused = chooser.answer("EMAIL_OTP", &session, &[("USERNAME", "eve"), ("EMAIL_OTP_CODE", &*code)]).await;
    assert_eq!(refused.unwrap_err().0, "AliasExistsException");
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": chooser.pool, "Username": "eve" })).await;
    assert_eq!(shown["UserStatus"], "UNCONFIRMED");
}

/// SECURITY 23: nobody voids a user's code by beginning another sign-in, and none works in another's session.
#[tokio::test]
async fn a_code_is_its_own_sign_ins() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    confirmed(&server, &chooser, "ada", EMAIL).await;
    let (first, old) = asked(&server, &chooser, "ada", "EMAIL_OTP", EMAIL).await;
    let (second, new) = asked(&server, &chooser, "ada", "EMAIL_OTP", EMAIL).await;
    let answer = async |session: &str, code: &str| {
        chooser.answer("EMAIL_OTP", session, &[("USERNAME", "ada"), ("EMAIL_OTP_CODE", code)]).await
    };
    assert_eq!(answer(&first, &new).await.unwrap_err(), wrong_code());
    // Ten guesses end a code, and no other.
    for _ in 0..10 {
        assert_eq!(answer(&second, &old).await.unwrap_err(), wrong_code());
    }
    assert_eq!(answer(&second, &new).await.unwrap_err(), wrong_code());
    answer(&first, &old).await.unwrap().claims();
}

/// SECURITY 23: a code that went to an address which is the user's no longer is nobody's.
#[tokio::test]
async fn a_code_ends_with_the_address_it_went_to() {
    let server = TestServer::start().await;
    let chooser = pool(&server, &["PASSWORD", "EMAIL_OTP"], "email").await;
    confirmed(&server, &chooser, "ada", EMAIL).await;
    let (session, code) = asked(&server, &chooser, "ada", "EMAIL_OTP", EMAIL).await;
    let attributes = json!([{ "Name": "email", "Value": "new@example.com" }]);
    let replace = json!({ "UserPoolId": chooser.pool, "Username": "ada", "UserAttributes": attributes });
    server.ok("AdminUpdateUserAttributes", replace).await;
    let given = [("USERNAME", "ada"), ("EMAIL_OTP_CODE", &*code)];
    assert_eq!(chooser.answer("EMAIL_OTP", &session, &given).await.unwrap_err(), wrong_code());
}
