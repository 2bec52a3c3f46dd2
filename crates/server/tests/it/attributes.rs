//! Attributes: changed by administrators and by users through their clients, verified by codes, deleted.

use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{PASSWORD, text, tokens};
use crate::users::{at_once, attribute, attribute_of, email, error, made, verified};

fn named(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": value })
}

/// A user who is signed in.
struct SignedIn {
    pool: String,
    name: String,
    token: String,
}

impl SignedIn {
    /// Adds a confirmed user with these attributes and signs in through the client.
    async fn new(server: &TestServer, pool: &str, client: &str, name: &str, attributes: Value) -> Self {
        made(server, pool, name, attributes).await;
        let request = json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        server.ok("AdminSetUserPassword", request).await;
        let token = text(&tokens(server, client, name).await, "AccessToken").to_owned();
        Self { pool: pool.to_owned(), name: name.to_owned(), token }
    }

    fn update(&self, attributes: &Value) -> Value {
        json!({ "AccessToken": self.token, "UserAttributes": attributes })
    }

    fn delete(&self, names: &Value) -> Value {
        json!({ "AccessToken": self.token, "UserAttributeNames": names })
    }

    fn verify(&self, name: &str, code: &str) -> Value {
        json!({ "AccessToken": self.token, "AttributeName": name, "Code": code })
    }

    fn request_code(&self, name: &str) -> Value {
        json!({ "AccessToken": self.token, "AttributeName": name })
    }

    async fn value(&self, server: &TestServer, name: &str) -> Option<String> {
        attribute_of(server, &self.pool, &self.name, name).await
    }

    /// The value of `email` and of its flag.
    async fn email(&self, server: &TestServer) -> (Option<String>, Option<String>) {
        (self.value(server, "email").await, self.value(server, "email_verified").await)
    }
}

fn is(value: &str, verified: bool) -> (Option<String>, Option<String>) {
    (Some(value.to_owned()), Some(verified.to_string()))
}

fn by_admin(pool: &str, user: &str, attributes: &Value) -> Value {
    json!({ "UserPoolId": pool, "Username": user, "UserAttributes": attributes })
}

/// A code that is not this one.
fn other_than(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

#[tokio::test]
async fn a_user_changes_and_verifies_an_address() {
    let server = TestServer::start().await;
    let sdk = server.sdk();
    let pool = server.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([email("old@example.com"), verified("email")])).await;

    let address = AttributeType::builder().name("email").value("new@example.com").build().unwrap();
    let updated = sdk.update_user_attributes().access_token(&ada.token).user_attributes(address).send().await.unwrap();
    let sent = &updated.code_delivery_details_list()[0];
    assert_eq!((sent.destination(), sent.attribute_name()), (Some("n***@e***"), Some("email")));
    assert_eq!(sent.delivery_medium(), Some(&DeliveryMediumType::Email));
    assert_eq!(ada.email(&server).await, is("new@example.com", false));
    assert_eq!(server.messages_to("old@example.com"), 0);

    let code = server.last_code("new@example.com");
    let verify = |code: &str| sdk.verify_user_attribute().access_token(&ada.token).attribute_name("email").code(code);
    let wrong = verify(other_than(&code)).send().await.unwrap_err();
    assert_eq!(wrong.code(), Some("CodeMismatchException"));
    assert_eq!(wrong.message(), Some("Invalid verification code provided, please try again."));
    verify(&code).send().await.unwrap();
    assert_eq!(ada.email(&server).await, is("new@example.com", true));
    let spent = verify(&code).send().await.unwrap_err();
    assert_eq!(spent.code(), Some("ExpiredCodeException"));
    assert_eq!(spent.message(), Some("Invalid code provided, please request a code again."));

    // The same address again is no change.
    let answer = server.ok("UpdateUserAttributes", ada.update(&json!([email("new@example.com")]))).await;
    assert_eq!(answer["CodeDeliveryDetailsList"], json!([]));
    assert_eq!(ada.email(&server).await, is("new@example.com", true));
}

#[tokio::test]
async fn get_user_shows_what_the_client_may_read() {
    let server = TestServer::start().await;
    let sdk = server.sdk();
    let pool = server.pool(json!({})).await;
    let all = server.client(&pool, json!({})).await;
    let few = server.client(&pool, json!({ "ReadAttributes": ["name"] })).await;
    let ada = SignedIn::new(&server, &pool, &all, "ada", json!([named("name", "Ada"), email("a@b.example")])).await;
    let names = async |token: &str| -> Vec<String> {
        let shown = sdk.get_user().access_token(token).send().await.unwrap();
        assert_eq!(shown.username(), "ada");
        shown.user_attributes().iter().map(|one| one.name().to_owned()).collect()
    };
    assert_eq!(names(&ada.token).await, ["sub", "email", "name"]);
    let through_few = tokens(&server, &few, "ada").await;
    assert_eq!(names(text(&through_few, "AccessToken")).await, ["sub", "name"]);

    sdk.delete_user().access_token(&ada.token).send().await.unwrap();
    let gone = server.refused("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada" })).await;
    assert_eq!(gone, error("UserNotFound", "User does not exist."));
    assert!(sdk.get_user().access_token(&ada.token).send().await.is_err());
    assert!(sdk.delete_user().access_token(&ada.token).send().await.is_err());
}

/// SECURITY 5: what a disabled user held stays dead, also after they are enabled again.
#[tokio::test]
async fn disabling_ends_what_the_user_is_signed_in_to() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([])).await;
    let refresh = text(&tokens(&server, &client, "ada").await, "RefreshToken").to_owned();
    server.advance_s(1);
    let user = json!({ "UserPoolId": pool, "Username": "ada" });
    server.ok("AdminDisableUser", user.clone()).await;
    let of_token = json!({ "AccessToken": ada.token });
    let again = json!({
        "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": refresh },
    });
    for enabled in [false, true] {
        if enabled {
            server.ok("AdminEnableUser", user.clone()).await;
        }
        assert_eq!(server.refused("GetUser", of_token.clone()).await.0, "NotAuthorizedException");
        assert_eq!(server.refused("InitiateAuth", again.clone()).await.0, "NotAuthorizedException");
    }
    server.advance_s(1);
    let fresh = tokens(&server, &client, "ada").await;
    server.ok("GetUser", json!({ "AccessToken": text(&fresh, "AccessToken") })).await;
}

/// SECURITY 31: no client writes what the server or administrators decide, nor what it may not write; the refusal comes
/// before anything about the schema.
#[tokio::test]
async fn clients_write_only_what_is_theirs() {
    let server = TestServer::start().await;
    let schema = json!([
        { "Name": "fixed", "AttributeDataType": "String", "Mutable": false },
        { "Name": "role", "AttributeDataType": "String" },
        { "Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true },
    ]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    let all = server.client(&pool, json!({})).await;
    let few = server.client(&pool, json!({ "WriteAttributes": ["name", "custom:fixed"] })).await;
    let ada =
        SignedIn::new(&server, &pool, &all, "ada", json!([email("a@b.example"), named("custom:role", "user")])).await;
    let unauthorized = error("NotAuthorized", "A client attempted to write unauthorized attribute");
    for name in [
        "email_verified",
        "phone_number_verified",
        "sub",
        "identities",
        "cognito:groups",
        "cognito:username",
        "dev:custom:note",
    ] {
        let request = ada.update(&json!([named("name", "x"), named(name, "true")]));
        assert_eq!(server.refused("UpdateUserAttributes", request).await, unauthorized, "{name}");
        let request = ada.delete(&json!(["name", name]));
        assert_eq!(server.refused("DeleteUserAttributes", request).await, unauthorized, "{name}");
    }
    assert_eq!(ada.value(&server, "name").await, None, "nothing of a refused request is written");

    let through_few = tokens(&server, &few, "ada").await;
    let through_few = SignedIn { token: text(&through_few, "AccessToken").to_owned(), ..ada };
    for name in ["custom:role", "nickname", "custom:none", "email"] {
        let refused = server.refused("UpdateUserAttributes", through_few.update(&json!([named(name, "x")]))).await;
        assert_eq!(refused, unauthorized, "{name}");
        let refused = server.refused("DeleteUserAttributes", through_few.delete(&json!([name]))).await;
        assert_eq!(refused, unauthorized, "{name}");
    }
    let fixed = server.refused("UpdateUserAttributes", through_few.update(&json!([named("custom:fixed", "x")]))).await;
    assert_eq!(fixed, error("InvalidParameter", "user.custom:fixed: Attribute cannot be updated.\n "));
    server.ok("UpdateUserAttributes", through_few.update(&json!([named("name", "Ada")]))).await;
    assert_eq!(through_few.value(&server, "name").await.as_deref(), Some("Ada"));
    assert_eq!(through_few.value(&server, "custom:role").await.as_deref(), Some("user"));
}

#[tokio::test]
async fn changes_fit_the_schema() {
    let server = TestServer::start().await;
    let schema = json!([
        { "Name": "fixed", "AttributeDataType": "String", "Mutable": false },
        { "Name": "size", "AttributeDataType": "Number", "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": "9" } },
        { "Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true },
        { "Name": "given_name", "Required": true },
    ]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    made(&server, &pool, "ada", json!([named("given_name", "Ada")])).await;
    let schema = "Attributes did not conform to the schema: ";
    for (attributes, words) in [
        (
            json!([named("custom:b", "1"), named("custom:a", "1")]),
            "user.custom:a: Attribute does not exist in the schema.\nuser.custom:b: Attribute does not exist in the schema.\n ".to_owned(),
        ),
        (json!([named("custom:fixed", "x")]), "user.custom:fixed: Attribute cannot be updated.\n ".to_owned()),
        (json!([named("sub", "x")]), "user.sub: Attribute cannot be updated.\n ".to_owned()),
        (json!([named("given_name", "")]), format!("{schema}given_name: The attribute is required\n")),
        (json!([named("custom:size", "10")]), format!("{schema}custom:size: Member must have value less than or equal to 9\n")),
        (json!([email("nobody")]), "Invalid email address format.".to_owned()),
        (json!([named("phone_number", "+0")]), "Invalid phone number format.".to_owned()),
        (json!([verified("email")]), "email is required to set email_verified to true".to_owned()),
    ] {
        let refused = server.refused("AdminUpdateUserAttributes", by_admin(&pool, "ada", &attributes)).await;
        assert_eq!(refused, error("InvalidParameter", &words));
    }
    let changes = json!([
        named("nickname", "one"),
        named("nickname", "two"),
        named("custom:size", "5"),
        named("dev:custom:note", "n"),
    ]);
    server.ok("AdminUpdateUserAttributes", by_admin(&pool, "ada", &changes)).await;
    assert_eq!(attribute_of(&server, &pool, "ada", "nickname").await.as_deref(), Some("two"));
    assert_eq!(attribute_of(&server, &pool, "ada", "dev:custom:note").await.as_deref(), Some("n"));
    server.ok("AdminUpdateUserAttributes", by_admin(&pool, "ada", &json!([named("nickname", "")]))).await;
    assert_eq!(attribute_of(&server, &pool, "ada", "nickname").await, None, "a blank value deletes");
    server.ok("AdminUpdateUserAttributes", by_admin(&pool, "ada", &json!([{ "Name": "custom:size" }]))).await;
    assert_eq!(attribute_of(&server, &pool, "ada", "custom:size").await, None, "and so does none");
    server.ok("AdminUpdateUserAttributes", by_admin(&pool, "ada", &json!([]))).await;
    let refused = server.refused("AdminUpdateUserAttributes", by_admin(&pool, "nobody", &json!([]))).await;
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
    let long = by_admin(&pool, "ada", &json!([named("nickname", &"x".repeat(2049))]));
    let words = "1 validation error detected: Value at 'userAttributes.1.member.value' failed to satisfy constraint: \
                 Member must have length less than or equal to 2048";
    assert_eq!(server.refused("AdminUpdateUserAttributes", long).await, error("InvalidParameter", words));
}

#[tokio::test]
async fn attributes_are_deleted_by_name() {
    let server = TestServer::start().await;
    let schema = json!([
        { "Name": "fixed", "AttributeDataType": "String", "Mutable": false }, { "Name": "given_name", "Required": true },
    ]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = json!([
        named("given_name", "Ada"),
        named("nickname", "a"),
        named("custom:fixed", "x"),
        email("a@b.example"),
        verified("email"),
    ]);
    let ada = SignedIn::new(&server, &pool, &client, "ada", attributes).await;
    let by_admin = |names: &Value| json!({ "UserPoolId": pool, "Username": "ada", "UserAttributeNames": names });
    for (names, words) in [
        (
            json!(["custom:foo", "nickname", "bar"]),
            "Invalid user attributes: user.custom:foo: Attribute does not exist in the schema.\nuser.bar: Attribute does not exist in the schema.\n",
        ),
        (json!(["given_name"]), "user.given_name: Attribute cannot be deleted.\n "),
        (json!(["custom:fixed"]), "user.custom:fixed: Attribute cannot be deleted.\n "),
    ] {
        let refused = server.refused("AdminDeleteUserAttributes", by_admin(&names)).await;
        assert_eq!(refused, error("InvalidParameter", words));
        assert_eq!(server.refused("DeleteUserAttributes", ada.delete(&names)).await, refused);
    }
    let refused = server.refused("AdminDeleteUserAttributes", by_admin(&json!(["sub"]))).await;
    assert_eq!(refused, error("InvalidParameter", "user.sub: Attribute cannot be deleted.\n "));
    server.ok("DeleteUserAttributes", ada.delete(&json!(["nickname", "name"]))).await;
    assert_eq!(ada.value(&server, "nickname").await, None);
    server.ok("AdminDeleteUserAttributes", by_admin(&json!(["email"]))).await;
    assert_eq!(ada.email(&server).await, (None, None), "the flag goes with the address");
}

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

#[tokio::test]
async fn a_user_gives_what_is_required_and_missing() {
    let server = TestServer::start().await;
    let schema = json!([{ "Name": "given_name", "Required": true }, { "Name": "name", "Required": true }]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([])).await;
    let refused = server.refused("UpdateUserAttributes", ada.update(&json!([named("nickname", "a")]))).await;
    let words = "Attributes did not conform to the schema: name: The attribute is required\ngiven_name: The attribute is required\n";
    assert_eq!(refused, error("InvalidParameter", words));
    let whole = json!([named("given_name", "Ada"), named("name", "Ada King"), named("nickname", "a")]);
    server.ok("UpdateUserAttributes", ada.update(&whole)).await;
    assert_eq!(ada.value(&server, "nickname").await.as_deref(), Some("a"));
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_an_error_and_the_change_stays() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([named("phone_number", "+15555550000")])).await;
    let refused = server.refused("GetUserAttributeVerificationCode", ada.request_code("phone_number")).await;
    assert_eq!(refused.0, "CodeDeliveryFailureException");
    // A change by an administrator has no such error: it speaks of the role that would send the message.
    let sms = json!({ "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" });
    let silent = TestServer::with(&[("sms.transport", "none")]).await;
    let pool = silent.pool(json!({ "AutoVerifiedAttributes": ["phone_number"], "SmsConfiguration": sms })).await;
    made(&silent, &pool, "ada", json!([])).await;
    let change = by_admin(&pool, "ada", &json!([named("phone_number", "+15555550000")]));
    assert_eq!(silent.refused("AdminUpdateUserAttributes", change).await.0, "InvalidSmsRoleAccessPolicyException");
    assert_eq!(attribute_of(&silent, &pool, "ada", "phone_number").await.as_deref(), Some("+15555550000"));
}

/// SECURITY 34: a token opens its own user alone, whatever else the request says.
#[tokio::test]
async fn a_token_is_one_users() {
    let server = TestServer::start().await;
    let (pool, other) = (server.pool(json!({})).await, server.pool(json!({})).await);
    let client = server.client(&pool, json!({})).await;
    let ada = SignedIn::new(&server, &pool, &client, "ada", json!([])).await;
    made(&server, &other, "ada", json!([])).await;
    let mut request = ada.update(&json!([named("nickname", "a")]));
    request["UserPoolId"] = other.as_str().into();
    request["Username"] = "ada".into();
    server.ok("UpdateUserAttributes", request).await;
    assert_eq!(attribute_of(&server, &other, "ada", "nickname").await, None);
    for (operation, mut forged) in [
        ("GetUser", json!({ "AccessToken": ada.token })),
        ("DeleteUser", json!({ "AccessToken": ada.token })),
        ("UpdateUserAttributes", ada.update(&json!([]))),
        ("DeleteUserAttributes", ada.delete(&json!(["name"]))),
        ("GetUserAttributeVerificationCode", ada.request_code("email")),
        ("VerifyUserAttribute", ada.verify("email", "123456")),
    ] {
        forged["AccessToken"] = "e30.e30.AAAA".into();
        assert_eq!(server.refused(operation, forged).await.0, "NotAuthorizedException", "{operation}");
    }
}
