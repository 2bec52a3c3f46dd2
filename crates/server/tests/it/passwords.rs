//! Passwords forgotten, changed, and set by an administrator.

use cognate_testkit::TestServer;
use serde_json::json;

use crate::accounts::{
    PASSWORD, Pool, confirmed, email, error, expired, has_password, mismatch, named, pool, pool_with, recovery,
    sign_up, stored, too_often, unknown_combination, wrong,
};

const ANOTHER: &str = "Battery-Staple-8";
const THIRD: &str = "Purple-Monkey-9";

fn unrecoverable() -> (String, String) {
    let words = "Cannot reset password for the user as there is no registered/verified email or phone_number";
    error("InvalidParameter", words)
}

fn wrong_state() -> (String, String) {
    error("NotAuthorized", "User password cannot be reset in the current state.")
}

async fn set_by_administrator(server: &TestServer, pool: &Pool, name: &str, password: &str, permanent: bool) {
    let request = json!({ "UserPoolId": pool.id, "Username": name, "Password": password, "Permanent": permanent });
    assert_eq!(server.ok("AdminSetUserPassword", request).await, json!({}));
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_mail() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let sdk = server.sdk();

    let sent = sdk.forgot_password().client_id(&pool.client).username("ada").send().await.unwrap();
    let sent = sent.code_delivery_details().unwrap();
    assert_eq!((sent.destination(), sent.attribute_name()), (Some("a***@e***"), Some("email")));
    let code = server.last_code(&email("ada"));
    let confirm = sdk.confirm_forgot_password().client_id(&pool.client).username("ada");
    confirm.confirmation_code(&code).password(ANOTHER).send().await.unwrap();
    assert!(has_password(&server, &pool, "ada", ANOTHER).await);
    assert!(!has_password(&server, &pool, "ada", PASSWORD).await);
    assert_eq!(server.refused("ConfirmForgotPassword", recovery(&pool, "ada", &code, THIRD)).await, expired());
}

#[tokio::test]
async fn recovery_is_refused_in_the_services_words() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    assert_eq!(server.refused("ForgotPassword", named(&pool, "bob")).await, unknown_combination());
    let nobody = recovery(&pool, "bob", "123456", ANOTHER);
    assert_eq!(server.refused("ConfirmForgotPassword", nobody).await, unknown_combination());
    let unasked = recovery(&pool, "ada", "123456", ANOTHER);
    assert_eq!(server.refused("ConfirmForgotPassword", unasked).await, expired());

    sign_up(&server, &pool, "bob").await;
    assert_eq!(server.refused("ForgotPassword", named(&pool, "bob")).await, unrecoverable());
    set_by_administrator(&server, &pool, "ada", ANOTHER, false).await;
    assert_eq!(server.refused("ForgotPassword", named(&pool, "ada")).await, wrong_state());

    let setting = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
    let closed = pool_with(&server, json!({ "AccountRecoverySetting": setting }), json!({})).await;
    let refused = server.refused("ForgotPassword", named(&closed, "ada")).await;
    assert_eq!(refused, error("NotAuthorized", "Contact administrator to reset password."));
}

/// SECURITY 23: the reset code is good for one hour to the millisecond, and the next one replaces it.
#[tokio::test]
async fn a_reset_code_lives_an_hour() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        server.ok("ForgotPassword", named(&pool, "ada")).await;
        codes.push(server.last_code(&email("ada")));
    }
    let confirm = |code: &str, password: &str| recovery(&pool, "ada", code, password);
    if codes[0] != codes[1] {
        assert_eq!(server.refused("ConfirmForgotPassword", confirm(&codes[0], ANOTHER)).await, mismatch());
    }
    server.clock.advance_ms(3_600_000 - 1);
    server.ok("ConfirmForgotPassword", confirm(&codes[1], ANOTHER)).await;

    server.ok("ForgotPassword", named(&pool, "ada")).await;
    let code = server.last_code(&email("ada"));
    server.clock.advance_ms(3_600_000);
    assert_eq!(server.refused("ConfirmForgotPassword", confirm(&code, THIRD)).await, expired());
}

#[tokio::test]
async fn asking_and_trying_share_one_hourly_limit() {
    let server = TestServer::with(&[("limits.forgot_password_per_hour", "4")]).await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    server.ok("ForgotPassword", named(&pool, "ada")).await;
    let code = server.last_code(&email("ada"));
    for _ in 0..3 {
        let guess = recovery(&pool, "ada", &wrong(&code), ANOTHER);
        assert_eq!(server.refused("ConfirmForgotPassword", guess).await, mismatch());
    }
    let right = recovery(&pool, "ada", &code, ANOTHER);
    assert_eq!(server.refused("ConfirmForgotPassword", right).await, too_often());
    assert_eq!(server.refused("ForgotPassword", named(&pool, "ada")).await, too_often());
    server.advance_s(3600);
    server.ok("ForgotPassword", named(&pool, "ada")).await;
}

/// SECURITY 28: a password is bounded before it is hashed, its characters are taken as they are, and one that the pool
/// refuses spends no code.
#[tokio::test]
async fn odd_passwords_are_passwords_or_refused() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    server.ok("ForgotPassword", named(&pool, "ada")).await;
    let code = server.last_code(&email("ada"));
    let jobs = server.cx.workers.taken();
    for refused in ["aA1!aaa", &format!("aA1!{}", "x".repeat(253)), "aA1! aaaa", ""] {
        let (code, words) = server.refused("ConfirmForgotPassword", recovery(&pool, "ada", &code, refused)).await;
        assert!(["InvalidPasswordException", "InvalidParameterException"].contains(&code.as_str()), "{code}");
        assert!(refused.is_empty() || !words.contains(refused), "{words}");
    }
    assert_eq!(server.cx.workers.taken(), jobs, "nothing was hashed");
    server.ok("ConfirmForgotPassword", recovery(&pool, "ada", &code, ANOTHER)).await;

    for odd in [
        "aA1!\u{0}aaaaa",
        "aA1!пароль-пароль",
        "aA1!\u{1F511}\u{1F511}\u{1F511}\u{1F511}",
        &format!("aA1!{}", "é".repeat(252)),
    ] {
        set_by_administrator(&server, &pool, "ada", odd, true).await;
        assert!(has_password(&server, &pool, "ada", odd).await);
        assert!(!has_password(&server, &pool, "ada", "aA1!").await);
    }
    // Two spellings of one letter are two passwords.
    set_by_administrator(&server, &pool, "ada", "aA1!caf\u{e9}", true).await;
    assert!(!has_password(&server, &pool, "ada", "aA1!cafe\u{301}").await);
}

/// SECURITY 28: the longest history costs a bounded number of checks, all of them in one job.
#[tokio::test]
async fn passwords_in_the_history_do_not_come_back() {
    let server = TestServer::start().await;
    let policy = json!({ "MinimumLength": 6, "PasswordHistorySize": 3 });
    let settings = json!({ "AutoVerifiedAttributes": ["email"], "Policies": { "PasswordPolicy": policy } });
    let pool = pool_with(&server, settings, json!({})).await;
    confirmed(&server, &pool, "ada").await;
    let used = error("PasswordHistoryPolicyViolation", "Password has previously been used");
    let set =
        |password: &str| json!({ "UserPoolId": pool.id, "Username": "ada", "Password": password, "Permanent": true });

    assert_eq!(server.refused("AdminSetUserPassword", set(PASSWORD)).await, used);
    server.ok("AdminSetUserPassword", set("second")).await;
    server.ok("AdminSetUserPassword", set("third3")).await;
    let jobs = server.cx.workers.taken();
    assert_eq!(server.refused("AdminSetUserPassword", set(PASSWORD)).await, used);
    assert_eq!(server.cx.workers.taken() - jobs, 1);
    server.ok("AdminSetUserPassword", set("fourth")).await;
    server.ok("AdminSetUserPassword", set(PASSWORD)).await;

    // Whether a password was used before is nobody's to know without the code.
    server.ok("ForgotPassword", named(&pool, "ada")).await;
    let code = server.last_code(&email("ada"));
    let guess = |code: &str| recovery(&pool, "ada", code, PASSWORD);
    assert_eq!(server.refused("ConfirmForgotPassword", guess(&wrong(&code))).await, mismatch());
    assert_eq!(server.refused("ConfirmForgotPassword", guess(&code)).await, used);
    server.ok("ConfirmForgotPassword", recovery(&pool, "ada", &code, "another")).await;
}

#[tokio::test]
async fn without_a_history_the_same_password_will_do() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    set_by_administrator(&server, &pool, "ada", PASSWORD, false).await;
    set_by_administrator(&server, &pool, "ada", PASSWORD, true).await;
}

#[tokio::test]
async fn an_administrator_sets_a_password_in_every_state() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    sign_up(&server, &pool, "ada").await;
    set_by_administrator(&server, &pool, "ada", ANOTHER, true).await;
    assert_eq!(stored(&server, &pool, "ada").await.status.as_str(), "CONFIRMED");

    set_by_administrator(&server, &pool, "ada", THIRD, false).await;
    let user = stored(&server, &pool, "ada").await;
    assert_eq!(user.status.as_str(), "FORCE_CHANGE_PASSWORD");
    let week = 7 * 24 * 3_600_000;
    assert_eq!(user.profile.temporary_password_expires_ms, Some(server.clock.now_ms() + week));

    set_by_administrator(&server, &pool, "ada", ANOTHER, true).await;
    let user = stored(&server, &pool, "ada").await;
    assert_eq!((user.status.as_str(), user.profile.temporary_password_expires_ms), ("CONFIRMED", None));

    let request = |name: &str, password: &str| json!({ "UserPoolId": pool.id, "Username": name, "Password": password });
    let refused = server.refused("AdminSetUserPassword", request("bob", ANOTHER)).await;
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
    let refused = server.refused("AdminSetUserPassword", request("ada", "short")).await;
    assert_eq!(refused, error("InvalidPassword", "Password did not conform with policy: Password not long enough"));
}

#[tokio::test]
async fn an_administrator_resets_a_password() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let request = |name: &str| json!({ "UserPoolId": pool.id, "Username": name });
    assert_eq!(server.ok("AdminResetUserPassword", request("ada")).await, json!({}));
    assert_eq!(stored(&server, &pool, "ada").await.status.as_str(), "RESET_REQUIRED");
    assert_eq!(server.refused("AdminResetUserPassword", request("ada")).await, wrong_state());
    let code = server.last_code(&email("ada"));
    server.ok("ConfirmForgotPassword", recovery(&pool, "ada", &code, ANOTHER)).await;
    assert_eq!(stored(&server, &pool, "ada").await.status.as_str(), "CONFIRMED");

    sign_up(&server, &pool, "bob").await;
    server.ok("AdminConfirmSignUp", request("bob")).await;
    assert_eq!(server.refused("AdminResetUserPassword", request("bob")).await, unrecoverable());
    let refused = server.refused("AdminResetUserPassword", request("eve")).await;
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
}

#[tokio::test]
async fn a_code_goes_the_way_the_pool_prefers() {
    let server = TestServer::start().await;
    let mechanisms = |names: [&str; 2]| json!({ "RecoveryMechanisms": [{ "Priority": 2, "Name": names[1] }, { "Priority": 1, "Name": names[0] }] });
    for (names, medium) in
        [(["verified_email", "verified_phone_number"], "EMAIL"), (["verified_phone_number", "verified_email"], "SMS")]
    {
        let settings = json!({
            "AutoVerifiedAttributes": ["email", "phone_number"], "AccountRecoverySetting": mechanisms(names),
            "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" },
        });
        let pool = pool_with(&server, settings, json!({})).await;
        // One attribute is verified by signing up, the other one at the next recovery: by phone, then by mail.
        let mut request = crate::accounts::application(&pool, "ada");
        request["UserAttributes"] =
            json!([{ "Name": "email", "Value": "ada@x.example" }, { "Name": "phone_number", "Value": "+15555550100" }]);
        server.ok("SignUp", request).await;
        let code = server.last_code("+15555550100");
        server.ok("ConfirmSignUp", crate::accounts::confirmation(&pool, "ada", &code)).await;
        let sent = server.ok("ForgotPassword", named(&pool, "ada")).await;
        assert_eq!(sent["CodeDeliveryDetails"]["DeliveryMedium"], "SMS", "the only verified one");
        verify_email(&server, &pool, "ada").await;
        let sent = server.ok("ForgotPassword", named(&pool, "ada")).await;
        assert_eq!(sent["CodeDeliveryDetails"]["DeliveryMedium"], medium);
    }
}

/// The access token of a sign-in by password.
async fn access_token(server: &TestServer, pool: &Pool, name: &str, password: &str) -> String {
    let parameters = json!({ "USERNAME": name, "PASSWORD": password });
    let request = json!({ "ClientId": pool.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    let answer = server.ok("InitiateAuth", request).await;
    answer["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_user_changes_the_password() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    confirmed(&server, &pool, "ada").await;
    let token = access_token(&server, &pool, "ada", PASSWORD).await;
    let change = |previous: &str, proposed: &str| json!({ "AccessToken": token, "PreviousPassword": previous, "ProposedPassword": proposed });
    let refused = server.refused("ChangePassword", change(ANOTHER, THIRD)).await;
    assert_eq!(refused, error("NotAuthorized", "Incorrect username or password."));
    let refused = server.refused("ChangePassword", change(PASSWORD, "short")).await;
    assert_eq!(refused, error("InvalidPassword", "Password did not conform with policy: Password not long enough"));
    let refused = server.refused("ChangePassword", json!({ "AccessToken": token, "ProposedPassword": ANOTHER })).await;
    assert_eq!(refused, error("InvalidParameter", "Missing required parameter PreviousPassword"));
    assert_eq!(server.ok("ChangePassword", change(PASSWORD, ANOTHER)).await, json!({}));
    access_token(&server, &pool, "ada", ANOTHER).await;

    server.ok("ChangePassword", change(ANOTHER, THIRD)).await;
    assert_eq!(server.refused("ChangePassword", change(THIRD, ANOTHER)).await, too_often());
    assert!(has_password(&server, &pool, "ada", THIRD).await);

    server.advance_s(3600 - 60);
    let token = access_token(&server, &pool, "ada", THIRD).await;
    server.ok("AdminResetUserPassword", json!({ "UserPoolId": pool.id, "Username": "ada" })).await;
    server.advance_s(60);
    let request = json!({ "AccessToken": token, "PreviousPassword": THIRD, "ProposedPassword": ANOTHER });
    let refused = server.refused("ChangePassword", request).await;
    assert_eq!(refused, error("PasswordResetRequired", "Password reset required for the user"));
}

/// Marks the address as verified, as an administrator may.
async fn verify_email(server: &TestServer, pool: &Pool, name: &str) {
    use cognate_server::accounts::user::{self, OnConflict, Refused};
    let before = stored(server, pool, name).await;
    let pool = cognate_server::directory::pool(&server.cx, &pool.id).await.unwrap();
    let written = server.cx.store.write(move |tx| {
        let mut after = before.clone();
        after.set_verified("email", true);
        user::update(tx, &pool, &before, &after, OnConflict::Refuse).map_err(|refused| match refused {
            Refused::Fault(error) => error,
            other => panic!("{other:?}"),
        })
    });
    written.await.unwrap();
}
