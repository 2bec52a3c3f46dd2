//! Attributes: changed by administrators and by users through their clients, and deleted.

use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{PASSWORD, text, tokens};
use crate::users::{attribute_of, email, error, made, verified};

pub fn named(name: &str, value: &str) -> Value {
    json!({ "Name": name, "Value": value })
}

/// A user who is signed in.
pub struct SignedIn {
    pub pool: String,
    pub name: String,
    pub token: String,
}

impl SignedIn {
    /// Adds a confirmed user with these attributes and signs in through the client.
    pub async fn new(server: &TestServer, pool: &str, client: &str, name: &str, attributes: Value) -> Self {
        made(server, pool, name, attributes).await;
        let request = json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        server.ok("AdminSetUserPassword", request).await;
        let token = text(&tokens(server, client, name).await, "AccessToken").to_owned();
        Self { pool: pool.to_owned(), name: name.to_owned(), token }
    }

    pub fn update(&self, attributes: &Value) -> Value {
        json!({ "AccessToken": self.token, "UserAttributes": attributes })
    }

    pub fn delete(&self, names: &Value) -> Value {
        json!({ "AccessToken": self.token, "UserAttributeNames": names })
    }

    pub fn verify(&self, name: &str, code: &str) -> Value {
        json!({ "AccessToken": self.token, "AttributeName": name, "Code": code })
    }

    pub fn request_code(&self, name: &str) -> Value {
        json!({ "AccessToken": self.token, "AttributeName": name })
    }

    pub async fn value(&self, server: &TestServer, name: &str) -> Option<String> {
        attribute_of(server, &self.pool, &self.name, name).await
    }

    /// The value of `email` and of its flag.
    pub async fn email(&self, server: &TestServer) -> (Option<String>, Option<String>) {
        (self.value(server, "email").await, self.value(server, "email_verified").await)
    }
}

pub fn is(value: &str, verified: bool) -> (Option<String>, Option<String>) {
    (Some(value.to_owned()), Some(verified.to_string()))
}

pub fn by_admin(pool: &str, user: &str, attributes: &Value) -> Value {
    json!({ "UserPoolId": pool, "Username": user, "UserAttributes": attributes })
}

/// A code that is not this one.
pub fn other_than(code: &str) -> &'static str {
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
