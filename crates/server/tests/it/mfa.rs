//! Second factors: what is asked for, what is taken, and what is not.

use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType, VerifySoftwareTokenResponseType};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{PASSWORD, by_password, error, text};
use crate::second_factors::{EMAIL, PHONE, World, other_than, shown};

fn wrong_code() -> (String, String) {
    error("CodeMismatch", "Invalid code or auth state for the user.")
}

fn exceeded() -> (String, String) {
    error("NotAuthorized", "Password attempts exceeded")
}

fn totp(code: &str) -> Value {
    json!({ "SOFTWARE_TOKEN_MFA_CODE": code })
}

fn optional() -> Value {
    json!({ "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true } })
}

fn by_text() -> Value {
    json!({ "MfaConfiguration": "ON", "SmsMfaConfiguration": { "SmsAuthenticationMessage": "Sign in by {####}." } })
}

#[tokio::test]
async fn an_app_is_registered_turned_on_and_asked_for() {
    let world = World::new(optional()).await;
    world.alice(&[]).await;
    let token = world.token().await;
    let begun = world.server.ok("AssociateSoftwareToken", json!({ "AccessToken": token })).await;
    assert_eq!(begun.get("Session"), None);
    let secret = text(&begun, "SecretCode");
    assert!(secret.len() == 52 && secret.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()), "{secret}");
    let verify = |code: String| json!({ "AccessToken": token, "UserCode": code, "FriendlyDeviceName": "phone" });
    let code = world.code(secret);
    let refused = world.server.refused("VerifySoftwareToken", verify(other_than(&code))).await;
    assert_eq!(refused, error("EnableSoftwareTokenMFA", "Code mismatch"));
    assert_eq!(world.server.ok("VerifySoftwareToken", verify(code.clone())).await["Status"], "SUCCESS");

    // It is there, and is not asked for until it is turned on.
    world.token().await;
    let preference =
        json!({ "AccessToken": token, "SoftwareTokenMfaSettings": { "Enabled": true, "PreferredMfa": true } });
    world.server.ok("SetUserMFAPreference", preference).await;
    let user = world.server.ok("GetUser", json!({ "AccessToken": token })).await;
    assert_eq!(user["UserMFASettingList"], json!(["SOFTWARE_TOKEN_MFA"]));
    assert_eq!(user["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");

    let asked = world.sign_in().await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    assert_eq!(asked["ChallengeParameters"], json!({ "USER_ID_FOR_SRP": "alice", "FRIENDLY_DEVICE_NAME": "phone" }));
    // The registration has used this step's code up.
    let reused = error("ExpiredCode", "Your software token has already been used once.");
    assert_eq!(world.refused(&asked, totp(&code)).await, reused);
    world.server.advance_s(30);
    let code = world.code(secret);
    let wrong = error("CodeMismatch", "Invalid code received for user");
    assert_eq!(world.refused(&asked, totp(&other_than(&code))).await, wrong);
    assert!(world.respond(&asked, totp(&code)).await["AuthenticationResult"].is_object());
    let spent = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    assert_eq!(world.refused(&asked, totp(&code)).await, spent);
}

/// SECURITY 23: a code is good for one sign-in, though two ask for it at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_an_app_opens_one_door() {
    let world = World::new(optional()).await;
    world.alice(&[]).await;
    let secret = world.register(&world.token().await).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true } })).await;
    world.server.advance_s(60);
    let (one, other) = (world.sign_in().await, world.sign_in().await);
    let code = totp(&world.code(&secret));
    let call = |asked: &Value| world.server.call("RespondToAuthChallenge", world.answer(asked, code.clone()));
    let (one, other) = tokio::join!(call(&one), call(&other));
    let mut refused: Vec<_> = [one.error(), other.error()].into_iter().flatten().collect();
    assert_eq!(refused.pop(), Some(error("ExpiredCode", "Your software token has already been used once.")));
    assert_eq!(refused, []);
}

/// SECURITY 23: a code is used up with its secret. Another app's may be shown in the same half minute: after a sign-in, after
/// the app before, and after that was taken away.
#[tokio::test]
async fn a_new_app_starts_afresh() {
    let world = World::new(optional()).await;
    world.alice(&[]).await;
    let token = world.token().await;
    world.register(&token).await;
    world.register(&token).await;
    let delete = json!({ "UserPoolId": world.pool, "Username": "alice" });
    world.server.ok("AdminDeleteSoftwareToken", delete).await;
    let secret = world.register(&token).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true } })).await;
    let asked = world.sign_in().await;
    let reused = error("ExpiredCode", "Your software token has already been used once.");
    assert_eq!(world.refused(&asked, totp(&world.code(&secret))).await, reused);
    world.server.advance_s(30);
    world.respond(&asked, totp(&world.code(&secret))).await;
    world.register(&token).await;
}

/// Clocks differ: the steps before and after count, and no other.
#[tokio::test]
async fn an_app_may_be_a_step_early_or_late() {
    let world = World::new(optional()).await;
    world.alice(&[]).await;
    let secret = world.register(&world.token().await).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true } })).await;
    world.server.advance_s(300);
    let asked = world.sign_in().await;
    let now = world.server.clock.now_ms();
    for far in [-60_000, 60_000] {
        assert_eq!(world.refused(&asked, totp(&shown(&secret, now + far))).await.0, "CodeMismatchException");
    }
    world.respond(&asked, totp(&shown(&secret, now - 30_000))).await;
    let asked = world.sign_in().await;
    world.respond(&asked, totp(&shown(&secret, now + 30_000))).await;
}

/// SECURITY 22, 23: wrong second factors lock as wrong passwords do, whichever factor they were for, and lock no password.
#[tokio::test]
async fn wrong_codes_lock_second_factors_and_nothing_else() {
    let mut mfa = optional();
    mfa["SmsMfaConfiguration"] = json!({});
    let world = World::new(mfa).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let secret = world.register(&world.token().await).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true }, "SMS": { "Enabled": true } })).await;
    world.server.advance_s(60);
    let select = |choice: &'static str| {
        let world = &world;
        async move {
            let asked = world.sign_in().await;
            assert_eq!(asked["ChallengeName"], "SELECT_MFA_TYPE");
            world.respond(&asked, json!({ "ANSWER": choice })).await
        }
    };
    let app = select("SOFTWARE_TOKEN_MFA").await;
    let message = select("SMS_MFA").await;
    let code = world.code(&secret);
    for _ in 0..3 {
        assert_eq!(world.refused(&app, totp(&other_than(&code))).await.0, "CodeMismatchException");
    }
    let sent = world.server.last_code(PHONE);
    for _ in 0..2 {
        assert_eq!(world.refused(&message, json!({ "SMS_MFA_CODE": other_than(&sent) })).await, wrong_code());
    }
    assert_eq!(world.refused(&app, totp(&code)).await, exceeded());
    assert_eq!(world.refused(&message, json!({ "SMS_MFA_CODE": sent })).await, exceeded());
    // The password is not locked.
    assert_eq!(world.sign_in().await["ChallengeName"], "SELECT_MFA_TYPE");
    world.server.advance_s(1);
    world.respond(&app, totp(&code)).await;
}

#[tokio::test]
async fn a_code_by_text_message_signs_in_and_verifies_the_number() {
    let world = World::new(by_text()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let asked = world.sign_in().await;
    assert_eq!(asked["ChallengeName"], "SMS_MFA");
    assert_eq!(
        asked["ChallengeParameters"],
        json!({
            "USER_ID_FOR_SRP": "alice",
            "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS",
            "CODE_DELIVERY_DESTINATION": "+*******0100",
        })
    );
    let code = world.server.last_code(PHONE);
    assert_eq!(code.len(), 6);
    let messages = world.server.cx.inbox.messages();
    assert!(messages[0].text.contains(&format!("Sign in by {code}.")), "the pool's own words");
    let answer = json!({ "SMS_MFA_CODE": code });
    let tokens = world.respond(&asked, answer.clone()).await;
    let claims = crate::people::claims(text(&tokens["AuthenticationResult"], "IdToken"));
    assert_eq!(claims["phone_number_verified"], true);
    let attributes = world.user().await["UserAttributes"].clone();
    assert!(attributes.as_array().unwrap().contains(&json!({ "Name": "phone_number_verified", "Value": "true" })));
    let spent = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    assert_eq!(world.refused(&asked, answer).await, spent);
}

/// SECURITY 23, 24: a code is good in its own session, whatever begins beside it, until the session ends; empty answers,
/// other names and other challenges are refused, and use nothing up.
#[tokio::test]
async fn a_code_is_bound_to_its_session() {
    let world = World::new(by_text()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    crate::people::confirmed(&world.server, &world.pool, "mallory").await;
    let first = world.sign_in().await;
    let old = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
    let second = world.sign_in().await;
    let new = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
    assert_eq!(world.refused(&first, new.clone()).await, wrong_code());
    assert_eq!(world.refused(&second, old.clone()).await, wrong_code());
    assert!(world.respond(&first, old.clone()).await["AuthenticationResult"].is_object());
    assert_eq!(world.refused(&second, old).await, wrong_code(), "it is used up");

    let invalid = error("NotAuthorized", "Invalid session for the user.");
    let mut named = new.clone();
    named["USERNAME"] = "mallory".into();
    assert_eq!(world.refused(&second, named).await, invalid);
    let missing = error("InvalidParameter", "Missing required parameter SMS_MFA_CODE");
    assert_eq!(world.refused(&second, json!({ "SMS_MFA_CODE": "" })).await, missing);
    for other in ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_OTP", "MFA_SETUP", "SELECT_MFA_TYPE", "NEW_PASSWORD_REQUIRED"]
    {
        let mut request = world.answer(&second, new.clone());
        request["ChallengeName"] = other.into();
        assert_eq!(world.server.refused("RespondToAuthChallenge", request).await, invalid, "{other}");
    }
    let mut without = world.answer(&second, new.clone());
    without.as_object_mut().unwrap().remove("Session");
    let missing = error("InvalidParameter", "Missing required parameter Session");
    assert_eq!(world.server.refused("RespondToAuthChallenge", without).await, missing);

    world.server.clock.advance_ms(3 * 60_000);
    let over = error("NotAuthorized", "Invalid session for the user, session is expired.");
    assert_eq!(world.refused(&second, new).await, over);
    let third = world.sign_in().await;
    world.server.clock.advance_ms(3 * 60_000 - 1);
    world.respond(&third, json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) })).await;
}

/// SECURITY 22, 23: more sign-ins are no more guesses: a user's wrong codes are counted together.
#[tokio::test]
async fn many_sessions_are_as_many_guesses_as_one() {
    let world = World::new(by_text()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let mut asked = Vec::new();
    for _ in 0..6 {
        asked.push((world.sign_in().await, world.server.last_code(PHONE)));
    }
    for (session, code) in &asked[..5] {
        assert_eq!(world.refused(session, json!({ "SMS_MFA_CODE": other_than(code) })).await, wrong_code());
    }
    let (session, code) = &asked[5];
    assert_eq!(world.refused(session, json!({ "SMS_MFA_CODE": code })).await, exceeded());
    world.server.advance_s(1);
    world.respond(session, json!({ "SMS_MFA_CODE": code })).await;
}

/// SECURITY 23: a code that went to a number which is the user's no longer is nobody's.
#[tokio::test]
async fn a_code_ends_with_the_number_it_went_to() {
    let world = World::new(by_text()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let asked = world.sign_in().await;
    let code = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
    let replace = |number: &str| {
        let attribute = json!({ "Name": "phone_number", "Value": number });
        json!({ "UserPoolId": world.pool, "Username": "alice", "UserAttributes": [attribute] })
    };
    world.server.ok("AdminUpdateUserAttributes", replace("+15555550199")).await;
    assert_eq!(world.refused(&asked, code.clone()).await, wrong_code());
    world.server.ok("AdminUpdateUserAttributes", replace(PHONE)).await;
    assert!(world.respond(&asked, code).await["AuthenticationResult"].is_object());
}

/// SECURITY 24: a sign-in whose password was changed on the way begins anew.
#[tokio::test]
async fn a_session_ends_with_the_password_it_rests_on() {
    let world = World::new(by_text()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let asked = world.sign_in().await;
    let code = json!({ "SMS_MFA_CODE": world.server.last_code(PHONE) });
    let change = json!({
        "UserPoolId": world.pool, "Username": "alice", "Password": "Battery-Staple-8", "Permanent": true,
    });
    world.server.ok("AdminSetUserPassword", change).await;
    assert_eq!(world.refused(&asked, code).await, error("NotAuthorized", "Invalid session for the user."));
}

/// Nobody is made to send without end.
#[tokio::test]
async fn codes_are_sent_so_many_times_an_hour() {
    let server = TestServer::with(&[("limits.sign_in_codes_per_hour", "2")]).await;
    let world = World::on(server, by_text(), Value::Null).await;
    world.alice(&[("phone_number", PHONE)]).await;
    world.sign_in().await;
    world.sign_in().await;
    let request = by_password(&world.client, "alice", PASSWORD);
    let refused = world.server.refused("InitiateAuth", request).await;
    assert_eq!(refused, error("TooManyRequests", "Attempt limit exceeded, please try after some time."));
    assert_eq!(world.server.messages_to(PHONE), 2);
    world.server.advance_s(3600);
    world.sign_in().await;
}

/// A first factor is anybody's to ask for: wrong codes lock nobody out, and a code stands ten of them.
#[tokio::test]
async fn wrong_first_factors_use_the_code_up_and_lock_nobody() {
    let world = World::new(json!({ "MfaConfiguration": "OFF" })).await;
    let mut settings = crate::second_factors::sending();
    settings["UserPoolId"] = world.pool.as_str().into();
    settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    world.server.ok("UpdateUserPool", settings).await;
    let client = world.server.client(&world.pool, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    let world = World { client, ..world };
    world.alice(&[("email", EMAIL)]).await;
    let begin = json!({
        "ClientId": world.client,
        "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": "alice", "PREFERRED_CHALLENGE": "EMAIL_OTP" },
    });
    let asked = world.server.ok("InitiateAuth", begin.clone()).await;
    let code = world.server.last_code(EMAIL);
    assert_eq!(code.len(), 8);
    for _ in 0..10 {
        assert_eq!(world.refused(&asked, json!({ "EMAIL_OTP_CODE": other_than(&code) })).await, wrong_code());
    }
    assert_eq!(world.refused(&asked, json!({ "EMAIL_OTP_CODE": code })).await, wrong_code());
    let asked = world.server.ok("InitiateAuth", begin).await;
    let code = json!({ "EMAIL_OTP_CODE": world.server.last_code(EMAIL) });
    assert!(world.respond(&asked, code).await["AuthenticationResult"].is_object());
}

/// MFA_SETUP with an app, through the official SDK.
#[tokio::test]
async fn an_app_is_set_up_in_the_middle_of_a_sign_in() {
    let mfa = json!({ "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    let world = World::new(mfa).await;
    world.alice(&[]).await;
    let sdk = world.server.sdk();
    let begin = sdk.initiate_auth().auth_flow(AuthFlowType::UserPasswordAuth).client_id(&world.client);
    let asked = begin.auth_parameters("USERNAME", "alice").auth_parameters("PASSWORD", PASSWORD).send().await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::MfaSetup));
    assert_eq!(asked.challenge_parameters().unwrap()["MFAS_CAN_SETUP"], "[\"SMS_MFA\",\"SOFTWARE_TOKEN_MFA\"]");
    let session = asked.session().unwrap();
    let begun = sdk.associate_software_token().session(session).send().await.unwrap();
    let secret = begun.secret_code().unwrap();
    let invalid = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    let again = json!({ "Session": session });
    assert_eq!(world.server.refused("AssociateSoftwareToken", again).await, invalid);
    // Nothing is set up before a code is shown.
    let early = json!({
        "ClientId": world.client, "ChallengeName": "MFA_SETUP", "Session": begun.session(),
        "ChallengeResponses": { "USERNAME": "alice" },
    });
    assert_eq!(world.server.refused("RespondToAuthChallenge", early).await.0, "SoftwareTokenMFANotFoundException");
    let verify = sdk.verify_software_token().session(begun.session().unwrap());
    let verified = verify.user_code(world.code(secret)).send().await.unwrap();
    assert_eq!(verified.status(), Some(&VerifySoftwareTokenResponseType::Success));
    let done = sdk
        .respond_to_auth_challenge()
        .client_id(&world.client)
        .challenge_name(ChallengeNameType::MfaSetup)
        .session(verified.session().unwrap())
        .challenge_responses("USERNAME", "alice")
        .send()
        .await
        .unwrap();
    assert!(done.authentication_result().is_some());
    assert_eq!(world.user().await["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA");
    world.server.advance_s(30);
    let asked = world.sign_in().await;
    assert_eq!(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA");
    world.respond(&asked, totp(&world.code(secret))).await;
}

/// SECURITY 24, 25: who stole a password and waits in MFA_SETUP sets nothing up once the user has.
#[tokio::test]
async fn an_app_is_not_replaced_by_an_older_setup() {
    let mfa = json!({ "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    let world = World::new(mfa).await;
    world.alice(&[]).await;
    let associate =
        async |asked: &Value| world.server.ok("AssociateSoftwareToken", json!({ "Session": asked["Session"] })).await;
    let (thief, alice) = (world.sign_in().await, world.sign_in().await);
    let waiting = world.sign_in().await;
    let (thiefs, alices) = (associate(&thief).await, associate(&alice).await);
    let verify =
        |begun: &Value| json!({ "Session": begun["Session"], "UserCode": world.code(text(begun, "SecretCode")) });
    let verified = world.server.ok("VerifySoftwareToken", verify(&alices)).await;
    let invalid = error("NotAuthorized", "Invalid session for the user.");
    assert_eq!(world.server.refused("VerifySoftwareToken", verify(&thiefs)).await, invalid);
    let request = json!({ "Session": waiting["Session"] });
    assert_eq!(world.server.refused("AssociateSoftwareToken", request).await, invalid);
    let early = json!({ "ChallengeName": "MFA_SETUP", "Session": waiting["Session"] });
    assert_eq!(world.refused(&early, json!({})).await.0, "SoftwareTokenMFANotFoundException");
    let challenge = json!({ "ChallengeName": "MFA_SETUP", "Session": verified["Session"] });
    world.respond(&challenge, json!({})).await;
}

/// MFA_SETUP with an address.
#[tokio::test]
async fn an_address_is_set_up_in_the_middle_of_a_sign_in() {
    let mfa =
        json!({ "MfaConfiguration": "ON", "EmailMfaConfiguration": { "Message": "Use {####}", "Subject": "Code" } });
    let world = World::new(mfa).await;
    world.alice(&[]).await;
    let asked = world.sign_in().await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    let can = text(&asked["ChallengeParameters"], "MFAS_CAN_SETUP");
    assert_eq!(can, "[\"SMS_MFA\",\"EMAIL_OTP\"]");
    assert_eq!(world.refused(&asked, json!({ "EMAIL": "nobody" })).await.0, "InvalidParameterException");
    let sent = world.respond(&asked, json!({ "email": EMAIL })).await;
    assert_eq!(sent["ChallengeName"], "EMAIL_OTP");
    assert_eq!(sent["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "a***@e***");
    let code = world.server.last_code(EMAIL);
    assert_eq!(code.len(), 6);
    world.respond(&sent, json!({ "EMAIL_OTP_CODE": code })).await;
    let attributes = world.user().await["UserAttributes"].clone();
    for wanted in [json!({ "Name": "email", "Value": EMAIL }), json!({ "Name": "email_verified", "Value": "true" })] {
        assert!(attributes.as_array().unwrap().contains(&wanted), "{attributes}");
    }
    assert_eq!(world.sign_in().await["ChallengeName"], "EMAIL_OTP");
}

/// Clients may send the code once more with the answer; no further challenge follows either way.
#[tokio::test]
async fn a_set_up_app_is_asked_for_no_second_code() {
    let mfa = json!({ "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    let world = World::new(mfa).await;
    world.alice(&[]).await;
    let asked = world.sign_in().await;
    let begun = world.server.ok("AssociateSoftwareToken", json!({ "Session": asked["Session"] })).await;
    let code = world.code(text(&begun, "SecretCode"));
    let verify = |code: &str| json!({ "Session": begun["Session"], "UserCode": code });
    let wrong = world.server.refused("VerifySoftwareToken", verify(&other_than(&code))).await;
    assert_eq!(wrong, error("EnableSoftwareTokenMFA", "Code mismatch"));
    for code in ["12345", "1234567", "12345a"] {
        let (class, words) = world.server.refused("VerifySoftwareToken", verify(code)).await;
        assert_eq!(class, "InvalidParameterException");
        assert!(words.starts_with("1 validation error detected: Value at 'userCode' failed"), "{words}");
    }
    let verified = world.server.ok("VerifySoftwareToken", verify(&code)).await;
    let challenge = json!({ "ChallengeName": "MFA_SETUP", "Session": verified["Session"] });
    let done = world.respond(&challenge, totp(&code)).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string(), "{done}");
    assert_eq!(done["ChallengeParameters"], json!({}));
    assert!(done.get("ChallengeName").is_none() && done.get("Session").is_none());
}

/// MFA_SETUP offers text messages, but a number comes from elsewhere: with one, the sign-in begins anew.
#[tokio::test]
async fn a_number_is_not_set_up_in_the_middle_of_a_sign_in() {
    let world = World::new(by_text()).await;
    world.alice(&[]).await;
    let asked = world.sign_in().await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    assert_eq!(asked["ChallengeParameters"]["MFAS_CAN_SETUP"], "[\"SMS_MFA\"]");
    for answers in [json!({}), json!({ "PHONE_NUMBER": PHONE }), json!({ "EMAIL": EMAIL })] {
        let answer = world.server.call("RespondToAuthChallenge", world.answer(&asked, answers)).await;
        assert!(answer.error().is_some() && answer.json().get("AuthenticationResult").is_none());
    }
    let app = json!({ "Session": asked["Session"] });
    let none = error("SoftwareTokenMFANotFound", "Software Token MFA has not been enabled by the userPool");
    assert_eq!(world.server.refused("AssociateSoftwareToken", app).await, none);
    let number = json!({
        "UserPoolId": world.pool, "Username": "alice", "UserAttributes": [{ "Name": "phone_number", "Value": PHONE }],
    });
    world.server.ok("AdminUpdateUserAttributes", number).await;
    assert_eq!(world.sign_in().await["ChallengeName"], "SMS_MFA");
}
