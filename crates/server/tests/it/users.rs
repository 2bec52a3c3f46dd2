//! Users as administrators make, see, switch and remove them.

use std::sync::Arc;

use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{AttributeType, DeliveryMediumType, MessageActionType, UserStatusType};
use cognate_server::clock::Clock;
use cognate_testkit::{EPOCH_MS, TestServer, new_account};
use serde_json::{Value, json};

/// The code and words of an error, as [`TestServer::refused`] gives them.
pub fn error(code: &str, words: &str) -> (String, String) {
    (format!("{code}Exception"), words.to_owned())
}

pub async fn pool(server: &TestServer) -> String {
    server.pool(json!({})).await
}

/// Makes a user without a message; the `sub`.
pub async fn made(server: &TestServer, pool: &str, name: &str, attributes: Value) -> String {
    let made = server.ok("AdminCreateUser", silent(pool, name, &attributes)).await;
    attribute(&made["User"]["Attributes"], "sub").expect("a user has a sub")
}

/// A request for a user without a message.
pub fn silent(pool: &str, name: &str, attributes: &Value) -> Value {
    json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes, "MessageAction": "SUPPRESS" })
}

/// The value of an attribute in a list of them.
pub fn attribute(list: &Value, name: &str) -> Option<String> {
    let found = list.as_array().into_iter().flatten().find(|one| one["Name"] == name)?;
    found["Value"].as_str().map(str::to_owned)
}

/// The value of a user's attribute.
pub async fn attribute_of(server: &TestServer, pool: &str, user: &str, name: &str) -> Option<String> {
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": user })).await;
    attribute(&shown["UserAttributes"], name)
}

pub fn email(address: &str) -> Value {
    json!({ "Name": "email", "Value": address })
}

pub fn verified(attribute: &str) -> Value {
    json!({ "Name": format!("{attribute}_verified"), "Value": "true" })
}

fn sms() -> Value {
    json!({ "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" })
}

#[tokio::test]
async fn an_administrator_makes_and_shows_a_user() {
    let server = TestServer::start().await;
    let (sdk, pool) = (server.sdk(), pool(&server).await);
    let email = AttributeType::builder().name("email").value("diego@example.com").build().unwrap();
    let made = sdk.admin_create_user().user_pool_id(&pool).username("diego").user_attributes(email);
    let made = made.message_action(MessageActionType::Suppress).send().await.unwrap().user.unwrap();
    assert_eq!(made.username(), Some("diego"));
    assert!(made.enabled());
    assert_eq!(made.user_status(), Some(&UserStatusType::ForceChangePassword));
    assert_eq!(made.user_create_date().unwrap().as_secs_f64() as i64, EPOCH_MS / 1000);
    let names: Vec<_> = made.attributes().iter().map(AttributeType::name).collect();
    assert_eq!(names, ["sub", "email"]);
    assert_eq!(server.messages_to("diego@example.com"), 0);

    let sub = made.attributes()[0].value().unwrap();
    for name in ["diego", sub] {
        let shown = sdk.admin_get_user().user_pool_id(&pool).username(name).send().await.unwrap();
        assert_eq!(shown.username(), "diego");
        assert_eq!(shown.user_attributes(), made.attributes());
        assert_eq!(shown.user_status(), made.user_status());
        assert_eq!(shown.user_create_date(), made.user_create_date());
        assert_eq!((shown.preferred_mfa_setting(), shown.user_mfa_setting_list().len()), (None, 0));
    }
    let again = sdk.admin_create_user().user_pool_id(&pool).username("diego").send().await.unwrap_err();
    assert_eq!(again.code(), Some("UsernameExistsException"));
    assert_eq!(again.message(), Some("User account already exists"));
    let by_sub = sdk.admin_create_user().user_pool_id(&pool).username(sub).send().await.unwrap_err();
    assert_eq!(by_sub.message(), Some("User account already exists"));
    let nobody = sdk.admin_get_user().user_pool_id(&pool).username("nobody").send().await.unwrap_err();
    assert_eq!((nobody.code(), nobody.message()), (Some("UserNotFoundException"), Some("User does not exist.")));
}

#[tokio::test]
async fn an_invitation_goes_by_the_mediums_asked_for() {
    let server = TestServer::start().await;
    let sdk = server.sdk();
    let pool = server.pool(json!({ "SmsConfiguration": sms() })).await;
    let both = |name: &str| {
        let attributes =
            json!([email(&format!("{name}@example.com")), { "Name": "phone_number", "Value": "+15555559934" }]);
        json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes })
    };
    server.ok("AdminCreateUser", both("by_default")).await;
    assert_eq!((server.messages_to("by_default@example.com"), server.messages_to("+15555559934")), (0, 1));

    let mut request = both("by_both");
    request["DesiredDeliveryMediums"] = json!(["EMAIL", "SMS"]);
    server.ok("AdminCreateUser", request).await;
    assert_eq!((server.messages_to("by_both@example.com"), server.messages_to("+15555559934")), (1, 2));
    let message = server.cx.inbox.messages().into_iter().find(|message| message.to == "by_both@example.com").unwrap();
    assert_eq!(message.subject, "Your temporary password");
    let password = message.code.clone().unwrap();
    assert_eq!(message.text.trim(), format!("Your username is by_both and temporary password is {password}."));

    // The default medium of one without a number: nothing, and no error.
    server.ok("AdminCreateUser", json!({ "UserPoolId": pool, "Username": "none" })).await;
    let mut request = json!({ "UserPoolId": pool, "Username": "email", "DesiredDeliveryMediums": ["EMAIL"] });
    let refused = server.refused("AdminCreateUser", request.clone()).await;
    let words = "User has no attribute for the desired delivery mediums.";
    assert_eq!(refused, error("InvalidParameter", words));
    let nobody = server.refused("AdminGetUser", json!({ "UserPoolId": pool, "Username": "email" })).await;
    assert_eq!(nobody, error("UserNotFound", "User does not exist."));
    request["MessageAction"] = json!("SUPPRESS");
    server.ok("AdminCreateUser", request).await;

    let resent = sdk.admin_create_user().user_pool_id(&pool).username("by_both");
    let resent = resent.message_action(MessageActionType::Resend).desired_delivery_mediums(DeliveryMediumType::Email);
    server.advance_s(60);
    resent.send().await.unwrap();
    assert_eq!(server.messages_to("by_both@example.com"), 2);
    assert_ne!(server.last_code("by_both@example.com"), password, "another password");
}

#[tokio::test]
async fn an_invitation_is_sent_again_only_to_who_waits_for_it() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    made(&server, &pool, "ada", json!([])).await;
    let resend = |name: &str| json!({ "UserPoolId": pool, "Username": name, "MessageAction": "RESEND" });
    let nobody = server.refused("AdminCreateUser", resend("nobody")).await;
    assert_eq!(nobody, error("UserNotFound", "User does not exist."));
    let mut ignored = resend("ada");
    ignored["UserAttributes"] = json!([{ "Name": "nickname", "Value": "countess" }]);
    server.ok("AdminCreateUser", ignored).await;
    assert_eq!(attribute_of(&server, &pool, "ada", "nickname").await, None);

    let password = json!({ "UserPoolId": pool, "Username": "ada", "Password": "Abcdef1!x", "Permanent": true });
    server.ok("AdminSetUserPassword", password).await;
    let refused = server.refused("AdminCreateUser", resend("ada")).await;
    let words = "Resend not possible. ada status is not FORCE_CHANGE_PASSWORD";
    assert_eq!(refused, error("UnsupportedUserState", words));
}

#[tokio::test]
async fn an_invitation_that_cannot_be_sent_leaves_the_user() {
    let server = TestServer::start().await;
    let pool = pool(&server).await;
    let attributes = json!([{ "Name": "phone_number", "Value": "+15555559934" }]);
    let request = json!({ "UserPoolId": pool, "Username": "ada", "UserAttributes": attributes });
    let (code, _) = server.refused("AdminCreateUser", request).await;
    assert_eq!(code, "CodeDeliveryFailureException");
    assert_eq!(attribute_of(&server, &pool, "ada", "phone_number").await.as_deref(), Some("+15555559934"));
}

#[tokio::test]
async fn a_temporary_password_meets_the_policy() {
    let server = TestServer::start().await;
    let settings = json!({
        "Policies": { "PasswordPolicy": {
            "MinimumLength": 20, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
            "RequireSymbols": true, "TemporaryPasswordValidityDays": 1,
        } },
    });
    let pool = server.pool(settings).await;
    let mut request = silent(&pool, "ada", &json!([]));
    request["TemporaryPassword"] = json!("short");
    let refused = server.refused("AdminCreateUser", request).await;
    assert_eq!(refused, error("InvalidPassword", "Password did not conform with policy: Password not long enough"));

    let mut request = silent(&pool, "ada", &json!([email("ada@example.com")]));
    request["DesiredDeliveryMediums"] = json!(["EMAIL"]);
    request.as_object_mut().unwrap().remove("MessageAction");
    server.ok("AdminCreateUser", request).await;
    let password = server.last_code("ada@example.com");
    assert_eq!(password.chars().count(), 20);
    for class in
        [char::is_ascii_uppercase, char::is_ascii_lowercase, |c: &char| c.is_ascii_digit(), char::is_ascii_punctuation]
    {
        assert!(password.chars().any(|c| class(&c)));
    }
}

#[tokio::test]
async fn who_signs_in_by_codes_needs_no_password() {
    let server = TestServer::start().await;
    let settings = json!({
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
        "Schema": [{ "Name": "given_name", "Required": true }],
    });
    let pool = server.pool(settings).await;
    let refused = server.refused("AdminCreateUser", silent(&pool, "ada", &json!([]))).await;
    let words = "Attributes did not conform to the schema: given_name: The attribute is required\n";
    assert_eq!(refused, error("InvalidParameter", words));
    let named = json!({ "Name": "given_name", "Value": "Ada" });
    let refused = server.refused("AdminCreateUser", silent(&pool, "ada", &json!([named]))).await;
    let words = "Attributes did not conform to the schema: email: The attribute is required\n";
    assert_eq!(refused, error("InvalidParameter", words));

    let mut request = silent(&pool, "ada", &json!([named, email("ada@example.com")]));
    request.as_object_mut().unwrap().remove("MessageAction");
    request["DesiredDeliveryMediums"] = json!(["EMAIL"]);
    let made = server.ok("AdminCreateUser", request).await;
    assert_eq!(made["User"]["UserStatus"], "CONFIRMED");
    let message = server.cx.inbox.messages().into_iter().find(|message| message.to == "ada@example.com").unwrap();
    assert_eq!(message.text.trim(), "Your username is ada.");
    let resend = json!({ "UserPoolId": pool, "Username": "ada", "MessageAction": "RESEND" });
    let (code, _) = server.refused("AdminCreateUser", resend).await;
    assert_eq!(code, "UnsupportedUserStateException");
    // A blank password is none.
    let mut request = silent(&pool, "eve", &json!([named, email("eve@example.com")]));
    request["TemporaryPassword"] = json!("");
    assert_eq!(server.ok("AdminCreateUser", request).await["User"]["UserStatus"], "CONFIRMED");

    // With a password, required attributes may wait for the first sign-in.
    let mut request = silent(&pool, "bob", &json!([]));
    request["TemporaryPassword"] = json!("Abcdef1!x");
    let made = server.ok("AdminCreateUser", request).await;
    assert_eq!(made["User"]["UserStatus"], "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_pool_by_email_names_users_itself() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "UsernameAttributes": ["email"] })).await;
    let made = server.ok("AdminCreateUser", silent(&pool, "ada@example.com", &json!([]))).await;
    let user = &made["User"];
    let sub = attribute(&user["Attributes"], "sub").unwrap();
    assert_eq!(user["Username"], sub.as_str());
    assert_eq!(attribute(&user["Attributes"], "email").as_deref(), Some("ada@example.com"));
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada@example.com" })).await;
    assert_eq!(shown["Username"], sub.as_str());

    let refused = server.refused("AdminCreateUser", silent(&pool, "ada@example.com", &json!([]))).await;
    assert_eq!(refused, error("UsernameExists", "User account already exists"));
    let refused = server.refused("AdminCreateUser", silent(&pool, "ada", &json!([]))).await;
    assert_eq!(refused, error("InvalidParameter", "Username should be an email."));
    let both = server.pool(json!({ "UsernameAttributes": ["email", "phone_number"] })).await;
    let refused = server.refused("AdminCreateUser", silent(&both, "ada", &json!([]))).await;
    assert_eq!(refused, error("InvalidParameter", "Username should be either an email or a phone number."));
    server.ok("AdminCreateUser", silent(&both, "ada@example.com", &json!([]))).await;
    let taken = silent(&both, "+15555559934", &json!([email("ada@example.com")]));
    let refused = server.refused("AdminCreateUser", taken).await;
    assert_eq!(refused, error("UsernameExists", "An account with the given email already exists."));
    let phone = server.pool(json!({ "UsernameAttributes": ["phone_number"] })).await;
    let refused = server.refused("AdminCreateUser", silent(&phone, "ada", &json!([]))).await;
    assert_eq!(refused, error("InvalidParameter", "Username should be a phone number."));

    let aliases = server.pool(json!({ "AliasAttributes": ["email", "phone_number"] })).await;
    let refused = server.refused("AdminCreateUser", silent(&aliases, "ada@example.com", &json!([]))).await;
    let words = "Username cannot be of email format, since user pool is configured for email alias.";
    assert_eq!(refused, error("InvalidParameter", words));
    let refused = server.refused("AdminCreateUser", silent(&aliases, "+15555559934", &json!([]))).await;
    let words = "Username cannot be of phone number format, since user pool is configured for phone number alias.";
    assert_eq!(refused, error("InvalidParameter", words));
}

#[tokio::test]
async fn names_compare_as_the_pool_says() {
    let server = TestServer::start().await;
    let sensitive = server.pool(json!({ "UsernameConfiguration": { "CaseSensitive": true } })).await;
    made(&server, &sensitive, "ada", json!([])).await;
    made(&server, &sensitive, "Ada", json!([])).await;
    let folding = server.pool(json!({ "UsernameConfiguration": { "CaseSensitive": false } })).await;
    made(&server, &folding, "Ada", json!([])).await;
    let refused = server.refused("AdminCreateUser", silent(&folding, "aDA", &json!([]))).await;
    assert_eq!(refused, error("UsernameExists", "User account already exists"));
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": folding, "Username": "ADA" })).await;
    assert_eq!(shown["Username"], "Ada");
}

/// SECURITY 32: one verified address is one user's, whatever its case; only ForceAliasCreation moves it, and only with
/// the address verified.
#[tokio::test]
async fn an_alias_has_one_holder() {
    let server = TestServer::start().await;
    let settings = json!({
        "AliasAttributes": ["email", "preferred_username"], "UsernameConfiguration": { "CaseSensitive": false },
    });
    let pool = server.pool(settings).await;
    let nick = json!({ "Name": "preferred_username", "Value": "nick" });
    made(&server, &pool, "ada", json!([email("shared@example.com"), verified("email"), nick])).await;
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "SHARED@example.com" })).await;
    assert_eq!(shown["Username"], "ada");

    let words = "An account with the email already exists.";
    for address in ["shared@example.com", "Shared@Example.com"] {
        let rival = silent(&pool, "rival", &json!([email(address), verified("email")]));
        assert_eq!(server.refused("AdminCreateUser", rival).await, error("UsernameExists", words));
    }
    let mut rival = silent(&pool, "rival", &json!([nick]));
    rival["ForceAliasCreation"] = json!(true);
    let refused = server.refused("AdminCreateUser", rival).await;
    assert_eq!(refused, error("UsernameExists", "An account with the preferred_username already exists."));

    // An address that nobody verified is no alias.
    let mut unverified = silent(&pool, "unverified", &json!([email("shared@example.com")]));
    unverified["ForceAliasCreation"] = json!(true);
    server.ok("AdminCreateUser", unverified).await;
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "shared@example.com" })).await;
    assert_eq!(shown["Username"], "ada");

    let mut heir = silent(&pool, "heir", &json!([email("SHARED@example.com"), verified("email")]));
    heir["ForceAliasCreation"] = json!(true);
    server.ok("AdminCreateUser", heir).await;
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "shared@example.com" })).await;
    assert_eq!(shown["Username"], "heir");
    assert_eq!(attribute_of(&server, &pool, "ada", "email_verified").await.as_deref(), Some("false"));
    assert_eq!(attribute_of(&server, &pool, "ada", "email").await.as_deref(), Some("shared@example.com"));
}

/// SECURITY 32: of those who take one address at once, one gets it.
#[tokio::test]
async fn of_many_at_once_one_gets_the_alias() {
    let server = Arc::new(TestServer::start().await);
    let pool = server.pool(json!({ "AliasAttributes": ["email"] })).await;
    let attributes = json!([email("shared@example.com"), verified("email")]);
    let rivals = (0..8).map(|n| silent(&pool, &format!("user{n}"), &attributes)).collect();
    assert_eq!(at_once(server.clone(), "AdminCreateUser", rivals).await, 1);
    let twins = vec![silent(&pool, "one", &json!([])); 8];
    assert_eq!(at_once(server, "AdminCreateUser", twins).await, 1);
}

/// How many of these requests, sent at once, succeed.
pub async fn at_once(server: Arc<TestServer>, operation: &'static str, requests: Vec<Value>) -> usize {
    let mut running = tokio::task::JoinSet::new();
    for request in requests {
        let server = Arc::clone(&server);
        running.spawn(async move { server.call(operation, request).await.status });
    }
    running.join_all().await.into_iter().filter(|status| *status == 200).count()
}

#[tokio::test]
async fn attributes_of_a_new_user_fit_the_schema() {
    let server = TestServer::start().await;
    let settings = json!({ "Schema": [
        { "Name": "plan", "AttributeDataType": "String", "Mutable": false,
          "StringAttributeConstraints": { "MinLength": "2", "MaxLength": "4" } },
        { "Name": "size", "AttributeDataType": "Number", "NumberAttributeConstraints": { "MinValue": "5", "MaxValue": "1000" } },
        { "Name": "huge", "AttributeDataType": "Number",
          "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": format!("9{}", "0".repeat(300)) } },
        { "Name": "open", "AttributeDataType": "Boolean" },
        { "Name": "since", "AttributeDataType": "DateTime" },
        { "Name": "note", "AttributeDataType": "String", "DeveloperOnlyAttribute": true },
    ] });
    let pool = server.pool(settings).await;
    let schema = "Attributes did not conform to the schema: ";
    for (name, value, words) in [
        ("custom:x", "1", format!("{schema}Type for attribute {{custom:x}} could not be determined")),
        ("plan", "abc", format!("{schema}Type for attribute {{plan}} could not be determined")),
        ("cognito:groups", "a", "user.cognito:groups: Attribute cannot be updated.\n ".to_owned()),
        ("sub", "1", "user.sub: Attribute cannot be updated.\n ".to_owned()),
        ("identities", "[]", "user.identities: Attribute cannot be updated.\n ".to_owned()),
        ("email", "nobody", "Invalid email address format.".to_owned()),
        ("phone_number", "5551234", "Invalid phone number format.".to_owned()),
        ("email_verified", "true", "email is required to set email_verified to true".to_owned()),
        ("email_verified", "1", format!("{schema}email_verified: Value must be true or false\n")),
        ("custom:plan", "a", format!("{schema}custom:plan: Member must have length greater than or equal to 2\n")),
        ("custom:plan", "abcde", format!("{schema}custom:plan: Member must have length less than or equal to 4\n")),
        ("custom:size", "4.9", format!("{schema}custom:size: Member must have value greater than or equal to 5\n")),
        ("custom:size", "1000.5", format!("{schema}custom:size: Member must have value less than or equal to 1000\n")),
        ("custom:size", "many", format!("{schema}custom:size: Value must be a Number\n")),
        ("custom:open", "maybe", format!("{schema}custom:open: Value must be a Boolean\n")),
        ("custom:since", "yesterday", format!("{schema}custom:since: Value must be a DateTime\n")),
        ("birthdate", "2001-02-29", format!("{schema}birthdate: Value must be a date in the form YYYY-MM-DD\n")),
        ("birthdate", "ééééééééé9", format!("{schema}birthdate: Value must be a date in the form YYYY-MM-DD\n")),
        ("birthdate", "1", format!("{schema}birthdate: Member must have length greater than or equal to 10\n")),
        ("updated_at", "-1", format!("{schema}updated_at: Member must have value greater than or equal to 0\n")),
    ] {
        let request = silent(&pool, "ada", &json!([{ "Name": name, "Value": value }]));
        assert_eq!(server.refused("AdminCreateUser", request).await, error("InvalidParameter", &words), "{name}");
    }
    let huge = format!("8{}.5", "9".repeat(300));
    let fitting = json!([
        { "Name": "custom:plan", "Value": "äöüß" }, { "Name": "custom:size", "Value": "5.00" },
        { "Name": "custom:huge", "Value": huge }, { "Name": "custom:open", "Value": "1" },
        { "Name": "custom:since", "Value": "2026-03-03T04:05:06Z" }, { "Name": "dev:custom:note", "Value": "n" },
        { "Name": "birthdate", "Value": "2000-02-29" }, { "Name": "nickname" }, { "Name": "name", "Value": "one" },
        { "Name": "name", "Value": "two" }, { "Name": "email", "Value": "a@b.example" },
        { "Name": "email_verified", "Value": "True" },
    ]);
    made(&server, &pool, "ada", fitting).await;
    let shown = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "ada" })).await;
    let value = |name: &str| attribute(&shown["UserAttributes"], name);
    assert_eq!(value("name").as_deref(), Some("two"), "the last of a name counts");
    assert_eq!(value("nickname"), None, "a blank one is none");
    assert_eq!(value("custom:huge"), Some(huge));
    assert_eq!(value("email_verified").as_deref(), Some("true"));
    assert_eq!(value("dev:custom:note").as_deref(), Some("n"));
}

#[tokio::test]
async fn a_user_is_disabled_enabled_and_deleted() {
    let server = TestServer::start().await;
    let (sdk, pool) = (server.sdk(), pool(&server).await);
    let sub = made(&server, &pool, "ada", json!([])).await;
    server.advance_s(10);
    for _ in 0..2 {
        sdk.admin_disable_user().user_pool_id(&pool).username("ada").send().await.unwrap();
    }
    let shown = sdk.admin_get_user().user_pool_id(&pool).username("ada").send().await.unwrap();
    assert!(!shown.enabled());
    assert!(shown.user_last_modified_date() > shown.user_create_date());
    for _ in 0..2 {
        sdk.admin_enable_user().user_pool_id(&pool).username("ada").send().await.unwrap();
    }
    assert!(sdk.admin_get_user().user_pool_id(&pool).username("ada").send().await.unwrap().enabled());
    sdk.admin_delete_user().user_pool_id(&pool).username("ada").send().await.unwrap();
    for operation in ["AdminGetUser", "AdminDeleteUser", "AdminEnableUser", "AdminDisableUser"] {
        let refused = server.refused(operation, json!({ "UserPoolId": pool, "Username": "ada" })).await;
        assert_eq!(refused, error("UserNotFound", "User does not exist."), "{operation}");
    }
    assert_ne!(made(&server, &pool, "ada", json!([])).await, sub, "the name is free, the sub is new");
}

#[tokio::test]
async fn there_is_an_end_to_users() {
    let server = TestServer::with(&[("limits.users_per_pool", "2")]).await;
    let pool = pool(&server).await;
    for name in ["a", "b"] {
        made(&server, &pool, name, json!([])).await;
    }
    let refused = server.refused("AdminCreateUser", silent(&pool, "c", &json!([]))).await;
    assert_eq!(refused, error("PreconditionNotMet", "User pool cannot have more than 2 users."));
    let client = server.client(&pool, json!({})).await;
    let request = json!({ "ClientId": client, "Username": "c", "Password": "Correct-Horse-7" });
    let refused = server.refused("SignUp", request).await;
    assert_eq!(refused, error("LimitExceeded", "User pool cannot have more than 2 users."));
}

/// SECURITY 34: what belongs to one account is not there for another, in any operation with a pool's id; a user of one
/// pool is not there in another.
#[tokio::test]
async fn nothing_crosses_pools_and_accounts() {
    let server = TestServer::start().await;
    let stranger = TestServer::start_as(&new_account(), Clock::fixed(EPOCH_MS), &[]).await;
    let (pool, other) = (pool(&server).await, pool(&server).await);
    let sub = made(&server, &pool, "ada", json!([])).await;
    server.ok("CreateGroup", json!({ "UserPoolId": pool, "GroupName": "g" })).await;
    let foreign = stranger.pool(json!({})).await;
    for operation in [
        "AdminCreateUser",
        "AdminGetUser",
        "AdminDeleteUser",
        "AdminEnableUser",
        "AdminDisableUser",
        "ListUsers",
        "AdminUpdateUserAttributes",
        "AdminDeleteUserAttributes",
        "CreateGroup",
        "GetGroup",
        "UpdateGroup",
        "DeleteGroup",
        "ListGroups",
        "AdminAddUserToGroup",
        "AdminRemoveUserFromGroup",
        "AdminListGroupsForUser",
        "ListUsersInGroup",
    ] {
        let request = |pool: &str, user: &str| {
            json!({
                "UserPoolId": pool, "Username": user, "GroupName": "g", "UserAttributes": [],
                "UserAttributeNames": ["nickname"],
            })
        };
        for pool in [foreign.as_str(), "us-east-1_nopool000", "eu-west-1_abcdefghi"] {
            let expected = error("ResourceNotFound", &format!("User pool {pool} does not exist."));
            assert_eq!(server.refused(operation, request(pool, "ada")).await, expected, "{operation} {pool}");
        }
        let of_user = !matches!(operation, "AdminCreateUser" | "ListUsers") && !operation.contains("Group");
        if of_user {
            for name in ["ada", sub.as_str()] {
                let refused = server.refused(operation, request(&other, name)).await;
                assert_eq!(refused, error("UserNotFound", "User does not exist."), "{operation}");
            }
        } else if operation.contains("Group") && !matches!(operation, "CreateGroup" | "ListGroups") {
            let (code, _) = server.refused(operation, request(&other, &sub)).await;
            assert!(matches!(code.as_str(), "ResourceNotFoundException" | "UserNotFoundException"), "{operation}");
        }
    }
}
