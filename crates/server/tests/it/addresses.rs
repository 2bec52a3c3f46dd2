//! Addresses and phone numbers of users: verified by codes, waiting for that, unique or moving.

use std::sync::Arc;

use cognate_testkit::TestServer;
use serde_json::json;

use crate::attributes::{SignedIn, by_admin, is, named, other_than};
use crate::people::{text, tokens};
use crate::users::{at_once, attribute, email, error, made, verified};

#[tokio::test]
async fn what_a_change_of_address_does_is_the_pools_choice() {
    let server = TestServer::start().await;
    let waits = json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] });
    for (settings, after, sent) in [
        (json!({}), is("new@example.com", false), 0),
        (json!({ "AutoVerifiedAttributes": ["email"] }), is("new@example.com", false), 1),
        (
            json!({ "AutoVerifiedAttributes": ["email"], "UserAttributeUpdateSettings": waits }),
            is("old@example.com", true),
            1,
        ),
    ] {
        let pool = server.pool(settings.clone()).await;
        let client = server.client(&pool, json!({})).await;
        let own = json!([email("old@example.com"), verified("email")]);
        let ada = SignedIn::new(&server, &pool, &client, "ada", own.clone()).await;
        let bob = SignedIn::new(&server, &pool, &client, "bob", own.clone()).await;
        let cid = SignedIn::new(&server, &pool, &client, "cid", own).await;

        let before = server.messages_to("new@example.com");
        let answer = server.ok("UpdateUserAttributes", ada.update(&json!([email("new@example.com")]))).await;
        assert_eq!(answer["CodeDeliveryDetailsList"].as_array().unwrap().len(), sent, "{settings}");
        assert_eq!(ada.email(&server).await, after, "{settings}");
        server.ok("AdminUpdateUserAttributes", by_admin(&pool, "bob", &json!([email("new@example.com")]))).await;
        assert_eq!(bob.email(&server).await, after, "{settings}");
        assert_eq!(server.messages_to("new@example.com") - before, 2 * sent, "{settings}");

        let sure = json!([email("new@example.com"), verified("email")]);
        server.ok("AdminUpdateUserAttributes", by_admin(&pool, "cid", &sure)).await;
        assert_eq!(cid.email(&server).await, is("new@example.com", true), "{settings}");
        assert_eq!(server.messages_to("new@example.com") - before, 2 * sent, "{settings}");
        let unsure = json!([named("email_verified", "false")]);
        server.ok("AdminUpdateUserAttributes", by_admin(&pool, "cid", &unsure)).await;
        assert_eq!(cid.email(&server).await, is("new@example.com", false), "{settings}");
    }
}

#[tokio::test]
async fn a_waiting_address_comes_with_its_code() {
    let server = TestServer::start().await;
    let settings = json!({
        "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
    });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([email("old@example.com"), verified("email")])).await;
    for address in ["one@example.com", "two@example.com"] {
        server.ok("UpdateUserAttributes", ada.update(&json!([email(address)]))).await;
    }
    let first = server.last_code("one@example.com");
    let second = server.last_code("two@example.com");
    if first != second {
        let refused = server.refused("VerifyUserAttribute", ada.verify("email", &first)).await;
        assert_eq!(refused.0, "CodeMismatchException", "a later change replaces the earlier one");
    }
    assert_eq!(ada.email(&server).await, is("old@example.com", true));
    server.ok("VerifyUserAttribute", ada.verify("email", &second)).await;
    assert_eq!(ada.email(&server).await, is("two@example.com", true));

    // Going back to the address in force gives the waiting one up.
    server.ok("UpdateUserAttributes", ada.update(&json!([email("three@example.com")]))).await;
    server.ok("UpdateUserAttributes", ada.update(&json!([email("two@example.com")]))).await;
    let given_up = server.last_code("three@example.com");
    let refused = server.refused("VerifyUserAttribute", ada.verify("email", &given_up)).await;
    assert_eq!(refused.0, "ExpiredCodeException");
    assert_eq!(ada.email(&server).await, is("two@example.com", true));

    // A code asked for goes to the waiting address.
    server.ok("UpdateUserAttributes", ada.update(&json!([email("four@example.com")]))).await;
    let sent = server.ok("GetUserAttributeVerificationCode", ada.request_code("email")).await;
    assert_eq!(sent["CodeDeliveryDetails"]["Destination"], "f***@e***");
    assert_eq!(server.messages_to("four@example.com"), 2);
}

#[tokio::test]
async fn a_code_can_be_asked_for() {
    let server = TestServer::start().await;
    let sdk = server.sdk();
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([email("a@example.com")])).await;
    let ask = |name: &str| sdk.get_user_attribute_verification_code().access_token(&ada.token).attribute_name(name);
    let sent = ask("email").send().await.unwrap().code_delivery_details.unwrap();
    assert_eq!((sent.destination(), sent.attribute_name()), (Some("a***@e***"), Some("email")));
    for (name, words) in [
        ("phone_number", "User has no attribute phone_number"),
        ("nickname", "Attribute nickname cannot be verified, only email and phone_number can."),
    ] {
        let refused = server.refused("GetUserAttributeVerificationCode", ada.request_code(name)).await;
        assert_eq!(refused, error("InvalidParameter", words));
    }
    let refused = server.refused("VerifyUserAttribute", ada.verify("nickname", "123456")).await;
    assert_eq!(refused.0, "InvalidParameterException");
    let refused = server.refused("VerifyUserAttribute", ada.verify("phone_number", "123456")).await;
    assert_eq!(refused, error("ExpiredCode", "Invalid code provided, please request a code again."));

    let code = server.last_code("a@example.com");
    server.advance_s(1800);
    server.ok("VerifyUserAttribute", ada.verify("email", &code)).await;
    assert_eq!(ada.email(&server).await, is("a@example.com", true));
}

/// SECURITY 23: codes of attributes are few, their guesses counted, and over after a day.
#[tokio::test]
async fn codes_and_guesses_are_counted() {
    let limits = [("limits.attribute_code_per_hour", "2"), ("limits.verify_attribute_per_hour", "3")];
    let server = TestServer::with(&limits).await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "AccessTokenValidity": 24 })).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([email("a@example.com")])).await;
    let limit = error("LimitExceeded", "Attempt limit exceeded, please try after some time.");
    for _ in 0..2 {
        server.ok("GetUserAttributeVerificationCode", ada.request_code("email")).await;
    }
    assert_eq!(server.refused("GetUserAttributeVerificationCode", ada.request_code("email")).await, limit);
    let code = server.last_code("a@example.com");
    for _ in 0..3 {
        let refused = server.refused("VerifyUserAttribute", ada.verify("email", other_than(&code))).await;
        assert_eq!(refused, error("CodeMismatch", "Invalid verification code provided, please try again."));
    }
    assert_eq!(server.refused("VerifyUserAttribute", ada.verify("email", &code)).await, limit);
    server.advance_s(23 * 3600);
    server.ok("VerifyUserAttribute", ada.verify("email", &code)).await;

    server.ok("GetUserAttributeVerificationCode", ada.request_code("email")).await;
    let code = server.last_code("a@example.com");
    server.advance_s(24 * 3600);
    let token = text(&tokens(&server, &client, "ada").await, "AccessToken").to_owned();
    let ada = SignedIn { token, ..ada };
    let refused = server.refused("VerifyUserAttribute", ada.verify("email", &code)).await;
    assert_eq!(refused, error("ExpiredCode", "Invalid code provided, please request a code again."));
}

/// SECURITY 23: a code is one user's, for one attribute.
#[tokio::test]
async fn a_code_fits_its_user_and_attribute_alone() {
    let server = TestServer::start().await;
    let sms = json!({ "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" });
    let pool = server.pool(json!({ "SmsConfiguration": sms })).await;
    let client = server.client(&pool, json!({})).await;
    let both = json!([email("a@example.com"), named("phone_number", "+15555559934")]);
    let ada = SignedIn::new(&server, &pool, &client, "ada", both).await;
    let bob = SignedIn::new(&server, &pool, &client, "bob", json!([email("a@example.com")])).await;
    server.ok("GetUserAttributeVerificationCode", ada.request_code("email")).await;
    let code = server.last_code("a@example.com");
    assert_eq!(server.refused("VerifyUserAttribute", bob.verify("email", &code)).await.0, "ExpiredCodeException");
    assert_eq!(
        server.refused("VerifyUserAttribute", ada.verify("phone_number", &code)).await.0,
        "ExpiredCodeException"
    );
    // A code for an address that the user no longer has verifies nothing.
    server.ok("AdminUpdateUserAttributes", by_admin(&pool, "ada", &json!([email("b@example.com")]))).await;
    assert_eq!(server.refused("VerifyUserAttribute", ada.verify("email", &code)).await.0, "ExpiredCodeException");
    assert_eq!(ada.email(&server).await, is("b@example.com", false));
}

/// SECURITY 32: of two users who verify one address, at once or in another case, the last one holds it alone.
#[tokio::test]
async fn a_verified_address_moves_to_who_proved_it_last() {
    let server = Arc::new(TestServer::start().await);
    let settings = json!({
        "AliasAttributes": ["email"], "AutoVerifiedAttributes": ["email"], "UsernameConfiguration": { "CaseSensitive": false },
    });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([email("Shared@example.com")])).await;
    let bob = SignedIn::new(&server, &pool, &client, "bob", json!([email("shared@EXAMPLE.com")])).await;
    for (user, address) in [(&ada, "Shared@example.com"), (&bob, "shared@EXAMPLE.com")] {
        server.ok("GetUserAttributeVerificationCode", user.request_code("email")).await;
        let code = server.last_code(address);
        server.ok("VerifyUserAttribute", user.verify("email", &code)).await;
    }
    assert_eq!(ada.email(&server).await, is("Shared@example.com", false));
    assert_eq!(bob.email(&server).await, is("shared@EXAMPLE.com", true));
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "SHARED@example.com" })).await;
    assert_eq!(shown["Username"], "bob");
    let words = "An account with the given email already exists.";
    let taken = json!([email("SHARED@example.com"), verified("email")]);
    let refused = server.refused("AdminUpdateUserAttributes", by_admin(&pool, "ada", &taken)).await;
    assert_eq!(refused, error("AliasExists", words));

    let mut requests = Vec::new();
    for (user, address) in [(&ada, "Shared@example.com"), (&bob, "shared@EXAMPLE.com")] {
        server.ok("GetUserAttributeVerificationCode", user.request_code("email")).await;
        requests.push(user.verify("email", &server.last_code(address)));
    }
    assert_eq!(at_once(Arc::clone(&server), "VerifyUserAttribute", requests).await, 2);
    let flags = [ada.email(&server).await.1, bob.email(&server).await.1];
    assert_eq!(flags.iter().filter(|flag| flag.as_deref() == Some("true")).count(), 1);
}

#[tokio::test]
async fn where_the_address_is_the_name_it_is_unique() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] })).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada@example.com", json!([])).await;
    made(&server, &pool, "bob@example.com", json!([])).await;
    let words = "An account with the given email already exists.";
    let taken = json!([email("bob@example.com")]);
    let refused = server.refused("UpdateUserAttributes", ada.update(&taken)).await;
    assert_eq!(refused, error("AliasExists", words));
    let refused = server.refused("AdminUpdateUserAttributes", by_admin(&pool, "ada@example.com", &taken)).await;
    assert_eq!(refused, error("AliasExists", words));
    let refused = server.refused("DeleteUserAttributes", ada.delete(&json!(["email"]))).await;
    assert_eq!(refused, error("InvalidParameter", "user.email: Attribute cannot be deleted.\n "));

    server.ok("UpdateUserAttributes", ada.update(&json!([email("countess@example.com")]))).await;
    let old = server.refused("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada@example.com" })).await;
    assert_eq!(old, error("UserNotFound", "User does not exist."));
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "countess@example.com" })).await;
    assert_eq!(attribute(&shown["UserAttributes"], "email_verified").as_deref(), Some("false"));
    let free = server.ok("AdminCreateUser", crate::users::silent(&pool, "ada@example.com", &json!([]))).await;
    assert_ne!(free["User"]["Username"], shown["Username"], "the old address is free");
}

/// SECURITY 32: addresses that only wait are nobody's; who proves a taken one cannot have it as a name.
#[tokio::test]
async fn a_name_that_was_taken_while_it_waited_is_refused() {
    let server = TestServer::start().await;
    let settings = json!({
        "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
    });
    let pool = server.pool(settings).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada@example.com", json!([])).await;
    server.ok("UpdateUserAttributes", ada.update(&json!([email("new@example.com")]))).await;
    made(&server, &pool, "new@example.com", json!([])).await;
    let code = server.last_code("new@example.com");
    let refused = server.refused("VerifyUserAttribute", ada.verify("email", &code)).await;
    assert_eq!(refused, error("AliasExists", "An account with the given email already exists."));
    assert_eq!(ada.value(&server, "email").await.as_deref(), Some("ada@example.com"));
}
