//! Every kind of message through the operation that sends it, and how many of them there may be.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, Pool, application, error, named, pool_with, sign_up, too_often};

const SMS: &str = "arn:aws:iam::000000000000:role/sms";

/// A pool that verifies by what its users have.
async fn pool(server: &TestServer, mut settings: Value) -> Pool {
    settings["AutoVerifiedAttributes"] = json!(["email", "phone_number"]);
    settings["SmsConfiguration"] = json!({ "SnsCallerArn": SMS });
    pool_with(server, settings, json!({})).await
}

fn by_phone(pool: &Pool, name: &str, number: &str) -> Value {
    json!({
        "ClientId": pool.client, "Username": name, "Password": PASSWORD,
        "UserAttributes": [{ "Name": "phone_number", "Value": number }],
    })
}

/// Subject and text of the newest message to somebody, its code replaced by `#`.
fn newest(server: &TestServer, to: &str) -> (String, String) {
    let messages = server.cx.inbox.messages();
    let message = messages.iter().find(|message| message.to == to).expect("a message went there");
    let code = message.code.clone().unwrap_or_default();
    let text = if code.is_empty() { message.text.clone() } else { message.text.replace(&code, "#") };
    (message.subject.clone(), text)
}

fn mail(subject: &str, text: &str) -> (String, String) {
    (subject.to_owned(), text.to_owned())
}

fn text(text: &str) -> (String, String) {
    (String::new(), text.to_owned())
}

async fn access_token(server: &TestServer, pool: &Pool, name: &str) -> String {
    let asked = json!({
        "ClientId": pool.client, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD },
    });
    let signed_in = server.ok("InitiateAuth", asked).await;
    signed_in["AuthenticationResult"]["AccessToken"].as_str().expect("a token").to_owned()
}

#[tokio::test]
async fn defaults_are_the_services_words() {
    let server = TestServer::start().await;
    let pool = pool(&server, json!({})).await;
    let (ada, number) = ("ada@example.com", "+15555550100");
    let verification = mail("Your verification code", "Your verification code is #.");
    let verification_text = text("Your verification code is #. ");

    sign_up(&server, &pool, "ada").await;
    assert_eq!(newest(&server, ada), verification);
    server.ok("SignUp", by_phone(&pool, "grace", number)).await;
    assert_eq!(newest(&server, number), verification_text);
    server.cx.inbox.clear();
    server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    assert_eq!(newest(&server, ada), verification);

    let user = json!({ "UserPoolId": pool.id, "Username": "ada" });
    server.ok("AdminConfirmSignUp", user.clone()).await;
    server.cx.inbox.clear();
    let token = access_token(&server, &pool, "ada").await;
    let ask = json!({ "AccessToken": token, "AttributeName": "email" });
    server.ok("GetUserAttributeVerificationCode", ask).await;
    assert_eq!(newest(&server, ada), verification);
    let changed =
        json!({ "AccessToken": token, "UserAttributes": [{ "Name": "phone_number", "Value": "+15555550111" }] });
    server.ok("UpdateUserAttributes", changed).await;
    assert_eq!(newest(&server, "+15555550111"), verification_text);

    let mut verified = user.clone();
    verified["UserAttributes"] = json!([{ "Name": "email_verified", "Value": "true" }]);
    server.ok("AdminUpdateUserAttributes", verified).await;
    for operation in ["ForgotPassword", "AdminResetUserPassword"] {
        server.cx.inbox.clear();
        let asked = if operation == "ForgotPassword" { named(&pool, "ada") } else { user.clone() };
        server.ok(operation, asked).await;
        assert_eq!(newest(&server, ada), verification, "{operation}");
    }

    let guest = json!({
        "UserPoolId": pool.id, "Username": "guest", "DesiredDeliveryMediums": ["EMAIL", "SMS"],
        "UserAttributes": [
            { "Name": "email", "Value": "guest@example.com" }, { "Name": "phone_number", "Value": "+15555550122" },
        ],
    });
    server.ok("AdminCreateUser", guest).await;
    let words = "Your username is guest and temporary password is #.";
    assert_eq!(newest(&server, "guest@example.com"), mail("Your temporary password", words));
    assert_eq!(newest(&server, "+15555550122"), text(&format!("{words} ")));
}

#[tokio::test]
async fn a_link_confirms_a_sign_up_and_nothing_else() {
    let server = TestServer::start().await;
    let pool = pool(
        &server,
        json!({
            "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_LINK" },
        }),
    )
    .await;
    sign_up(&server, &pool, "ada").await;
    let messages = server.cx.inbox.messages();
    assert_eq!(messages[0].subject, "Your verification link");
    let link = messages[0].link.clone().unwrap();
    assert!(messages[0].text.contains(&format!("Verify Email ({link})")), "{}", messages[0].text);
    assert_eq!(server.get(link.strip_prefix(&server.url()).unwrap()).await.status, 200);
    let token = access_token(&server, &pool, "ada").await;
    let changed = json!({ "AccessToken": token, "UserAttributes": [{ "Name": "email", "Value": "new@example.com" }] });
    server.ok("UpdateUserAttributes", changed).await;
    assert_eq!(newest(&server, "new@example.com").0, "Your verification code");
}

/// SECURITY 44: whoever earns with messages to numbers of one kind gets only so many, whoever signs up.
#[tokio::test]
async fn areas_get_so_many_text_messages() {
    let server = TestServer::with(&[("limits.text_messages_per_prefix_per_hour", "2")]).await;
    let pool = pool(&server, json!({})).await;
    for (name, number) in [("a", "+23480000001"), ("b", "+23480000002")] {
        server.ok("SignUp", by_phone(&pool, name, number)).await;
    }
    assert_eq!(server.refused("SignUp", by_phone(&pool, "c", "+23480000003")).await, too_often());
    let who = json!({ "UserPoolId": pool.id, "Username": "c" });
    assert_eq!(server.ok("AdminGetUser", who).await["UserStatus"], "UNCONFIRMED", "a code can be sent later");
    assert_eq!(server.messages_to("+23480000003"), 0);
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "a")).await, too_often());
    server.ok("SignUp", by_phone(&pool, "d", "+23470000001")).await;
    sign_up(&server, &pool, "e").await;

    let e = json!({ "UserPoolId": pool.id, "Username": "e" });
    server.ok("AdminConfirmSignUp", e.clone()).await;
    let token = access_token(&server, &pool, "e").await;
    let changed =
        json!({ "AccessToken": token, "UserAttributes": [{ "Name": "phone_number", "Value": "+23480000004" }] });
    let refused = error("CodeDeliveryFailure", &too_often().1);
    assert_eq!(server.refused("UpdateUserAttributes", changed.clone()).await, refused);
    let mut by_administrator = e;
    by_administrator["UserAttributes"] = changed["UserAttributes"].clone();
    server.ok("AdminUpdateUserAttributes", by_administrator).await;
    server.advance_s(3600);
    server.ok("ResendConfirmationCode", named(&pool, "c")).await;
    assert_eq!(server.messages_to("+23480000003"), 1);
}

/// SECURITY 44: the codes of a user are counted together.
#[tokio::test]
async fn users_get_so_many_codes() {
    let server = TestServer::with(&[("limits.codes_per_user_per_hour", "3")]).await;
    let pool = pool(&server, json!({})).await;
    sign_up(&server, &pool, "ada").await;
    server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    server.ok("ResendConfirmationCode", named(&pool, "ada")).await;
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "ada")).await, too_often());
    sign_up(&server, &pool, "grace").await;
}

#[tokio::test]
async fn a_default_senders_day_can_end() {
    let server = TestServer::with(&[("limits.default_emails_per_day", "1")]).await;
    let pool = pool(&server, json!({})).await;
    sign_up(&server, &pool, "ada").await;
    let (code, words) = server.refused("SignUp", application(&pool, "grace")).await;
    assert_eq!(code, "LimitExceededException");
    assert!(words.starts_with("Exceeded daily email limit for the operation or the account."), "{words}");
    // 04:05 and five hours: after nine.
    server.advance_s(5 * 3600);
    server.ok("ResendConfirmationCode", named(&pool, "grace")).await;
}
