//! Messages that leave through SES, SNS, AWS End User Messaging and webhooks, as those receive them.

use cognate_testkit::TestServer;
use cognate_testkit::gateways::Gateways;
use serde_json::{Value, json};

use crate::accounts::{PASSWORD, Pool, application, confirmation, error, named, pool_with};
use crate::log::Log;

async fn sending(gateways: &Gateways, by: &str) -> TestServer {
    let settings = gateways.settings(by);
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    TestServer::with(&settings).await
}

/// A pool that writes and texts as somebody.
async fn shop(server: &TestServer) -> Pool {
    let settings = json!({
        "AutoVerifiedAttributes": ["email", "phone_number"],
        "EmailConfiguration": {
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:eu-west-1:000000000000:identity/shop.example",
            "From": "Zoë Shop <hello@shop.example>",
            "ReplyToEmailAddress": "help@shop.example",
            "ConfigurationSet": "shop-set",
        },
        "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::000000000000:role/sms", "SnsRegion": "us-east-1" },
    });
    pool_with(server, settings, json!({})).await
}

fn by_phone(pool: &Pool, name: &str, number: &str) -> Value {
    json!({
        "ClientId": pool.client, "Username": name, "Password": PASSWORD,
        "UserAttributes": [{ "Name": "phone_number", "Value": number }],
    })
}

#[tokio::test]
async fn ses_is_asked_in_the_pools_name() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let pool = shop(&server).await;
    server.ok("SignUp", application(&pool, "ada")).await;

    let asked = &gateways.asked()[0];
    assert_eq!((asked.path.as_str(), asked.region.as_str()), ("/v2/email/outbound-emails", "eu-west-1"));
    let mail = asked.json();
    assert_eq!(mail["FromEmailAddress"], "=?UTF-8?B?Wm/DqyBTaG9w?= <hello@shop.example>");
    assert_eq!(mail["FromEmailAddressIdentityArn"], "arn:aws:ses:eu-west-1:000000000000:identity/shop.example");
    assert_eq!(mail["Destination"], json!({ "ToAddresses": ["ada@example.com"] }));
    assert_eq!(mail["ReplyToAddresses"], json!(["help@shop.example"]));
    assert_eq!(mail["ConfigurationSetName"], "shop-set");
    let content = &mail["Content"]["Simple"];
    assert_eq!(content["Subject"], json!({ "Data": "Your verification code", "Charset": "UTF-8" }));
    let text = content["Body"]["Text"]["Data"].as_str().unwrap();
    let code = text.strip_prefix("Your verification code is ").and_then(|rest| rest.strip_suffix('.')).unwrap();
    assert!(content["Body"]["Html"]["Data"].as_str().unwrap().contains(code));
    server.ok("ConfirmSignUp", confirmation(&pool, "ada", code)).await;
}

#[tokio::test]
async fn a_pool_without_an_identity_sends_as_the_server() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let settings = json!({
        "AutoVerifiedAttributes": ["email"],
        "EmailConfiguration": { "From": "Shop <hello@shop.example>", "ReplyToEmailAddress": "help@shop.example" },
    });
    let pool = pool_with(&server, settings, json!({})).await;
    server.ok("SignUp", application(&pool, "ada")).await;
    let mail = gateways.asked()[0].json();
    assert_eq!(mail["FromEmailAddress"], "Cognate <no-reply@cognate.example>");
    assert_eq!(mail["ReplyToAddresses"], json!(["help@shop.example"]));
    assert_eq!(mail["FromEmailAddressIdentityArn"], Value::Null);
    assert_eq!(mail["ConfigurationSetName"], Value::Null);
}

#[tokio::test]
async fn sns_publishes_to_a_number() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let pool = shop(&server).await;
    server.ok("SignUp", by_phone(&pool, "ada", "+15555550100")).await;
    let asked = &gateways.asked()[0];
    assert_eq!((asked.path.as_str(), asked.region.as_str()), ("/", "us-east-1"));
    let form = |name: &str| asked.form(name).unwrap_or_default();
    assert_eq!((form("Action"), form("Version")), ("Publish".into(), "2010-03-31".into()));
    assert_eq!(form("PhoneNumber"), "+15555550100");
    assert_eq!(form("MessageAttributes.entry.1.Value.StringValue"), "Transactional");
    let message = form("Message");
    let code = message.strip_prefix("Your verification code is ").and_then(|rest| rest.strip_suffix(". ")).unwrap();
    server.ok("ConfirmSignUp", confirmation(&pool, "ada", code)).await;
}

#[tokio::test]
async fn end_user_messaging_sends_where_the_pool_says_so() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let settings = json!({
        "AutoVerifiedAttributes": ["phone_number"],
        "SmsConfiguration": { "EumsSms": {
            "CallerArn": "arn:aws:iam::000000000000:role/sms", "OriginationIdentity": "SHOP",
            "ConfigurationSetName": "set", "InEntityId": "entity", "InTemplateId": "template",
        } },
    });
    let pool = pool_with(&server, settings, json!({})).await;
    server.ok("SignUp", by_phone(&pool, "ada", "+919876543210")).await;
    let asked = &gateways.asked()[0];
    assert_eq!(asked.headers["x-amz-target"], "PinpointSMSVoiceV2.SendTextMessage");
    let sent = asked.json();
    assert_eq!(sent["DestinationPhoneNumber"], "+919876543210");
    assert_eq!((&sent["OriginationIdentity"], &sent["ConfigurationSetName"]), (&json!("SHOP"), &json!("set")));
    let india = json!({ "IN_ENTITY_ID": "entity", "IN_TEMPLATE_ID": "template" });
    assert_eq!(sent["DestinationCountryParameters"], india);
    assert!(sent["MessageBody"].as_str().unwrap().starts_with("Your verification code is "));
}

#[tokio::test]
async fn a_webhook_gets_signed_messages() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "webhook").await;
    let pool = shop(&server).await;
    server.ok("SignUp", application(&pool, "ada")).await;
    server.ok("SignUp", by_phone(&pool, "grace", "+15555550100")).await;
    let [mail, text] = &gateways.asked()[..] else { panic!("two messages") };
    let (mail, text) = (mail.json(), text.json());
    assert_eq!((&mail["medium"], &mail["to"]), (&json!("EMAIL"), &json!("ada@example.com")));
    assert_eq!(mail["from"], "Zoë Shop <hello@shop.example>");
    assert_eq!((&mail["replyTo"], &mail["subject"]), (&json!("help@shop.example"), &json!("Your verification code")));
    assert_eq!((&text["medium"], &text["to"], &text["segments"]), (&json!("SMS"), &json!("+15555550100"), &json!(1)));
    for (name, message) in [("ada", &mail), ("grace", &text)] {
        let code = message["code"].as_str().unwrap();
        assert!(message["text"].as_str().unwrap().contains(code));
        server.ok("ConfirmSignUp", confirmation(&pool, name, code)).await;
    }
}

#[tokio::test]
async fn a_passing_failure_is_tried_once_more() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let pool = shop(&server).await;
    gateways.answer(503, "");
    server.ok("SignUp", application(&pool, "ada")).await;
    assert_eq!(gateways.asked().len(), 2);

    gateways.answer(500, "");
    gateways.answer(500, "");
    let undelivered = error("CodeDeliveryFailure", "Unable to send the message. The delivery service did not take it.");
    assert_eq!(server.refused("SignUp", application(&pool, "grace")).await, undelivered);
    gateways.answer(400, r#"{"__type":"MessageRejected"}"#);
    assert_eq!(server.refused("SignUp", application(&pool, "alan")).await, undelivered);
    assert_eq!(gateways.asked().len(), 5, "what is refused for good is not tried again");
}

/// Each operation says a refusal with an error of its own model.
#[tokio::test]
async fn refusals_have_the_operations_own_errors() {
    let gateways = Gateways::start().await;
    let server = sending(&gateways, "aws").await;
    let pool = shop(&server).await;
    let denied = |status: u16| gateways.answer(status, "<Error><Code>AuthorizationError</Code></Error>");
    let code = |refused: (String, String)| refused.0;

    denied(403);
    assert_eq!(
        code(server.refused("SignUp", application(&pool, "ada")).await),
        "InvalidEmailRoleAccessPolicyException"
    );
    denied(403);
    let grace = by_phone(&pool, "grace", "+15555550100");
    assert_eq!(code(server.refused("SignUp", grace).await), "InvalidSmsRoleAccessPolicyException");

    let guest = json!({
        "UserPoolId": pool.id, "Username": "guest", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{ "Name": "email", "Value": "guest@example.com" }, { "Name": "email_verified", "Value": "true" }],
    });
    denied(403);
    assert_eq!(code(server.refused("AdminCreateUser", guest).await), "CodeDeliveryFailureException");
    let user = json!({ "UserPoolId": pool.id, "Username": "guest" });
    let mut password = user.clone();
    password["Password"] = PASSWORD.into();
    password["Permanent"] = true.into();
    server.ok("AdminSetUserPassword", password).await;
    denied(400);
    assert_eq!(code(server.refused("ForgotPassword", named(&pool, "guest")).await), "CodeDeliveryFailureException");
    let mut moved = user.clone();
    moved["UserAttributes"] = json!([{ "Name": "email", "Value": "other@example.com" }]);
    denied(400);
    let refused = server.refused("AdminUpdateUserAttributes", moved.clone()).await;
    assert_eq!(code(refused), "InvalidEmailRoleAccessPolicyException");
    moved["UserAttributes"] =
        json!([{ "Name": "email", "Value": "guest@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    server.ok("AdminUpdateUserAttributes", moved).await;
    denied(400);
    let refused = server.refused("AdminResetUserPassword", user).await;
    assert_eq!(code(refused), "InvalidEmailRoleAccessPolicyException");
}

/// SECURITY 45: neither codes nor recipients nor keys, sent or refused, with the log at trace.
#[tokio::test]
async fn gateways_leave_no_secret_in_the_log() {
    let log = Log::start();
    let gateways = Gateways::start().await;
    let mut secrets = vec!["the-secret-of-the-gateways".to_owned(), "a secret of the webhook".to_owned()];
    for by in ["aws", "webhook"] {
        let server = sending(&gateways, by).await;
        let pool = shop(&server).await;
        server.ok("SignUp", application(&pool, "ada")).await;
        server.ok("SignUp", by_phone(&pool, "grace", "+15555550100")).await;
        gateways.answer(400, r#"{"__type":"ada@example.com is not verified","message":"no mail to ada@example.com"}"#);
        server.refused("ResendConfirmationCode", named(&pool, "ada")).await;
    }
    secrets.extend(["ada@example.com", "+15555550100", "%2B15555550100"].map(str::to_owned));
    for asked in gateways.asked() {
        let text = String::from_utf8_lossy(&asked.body).into_owned();
        let digits: Vec<_> = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 6).collect();
        secrets.extend(digits.iter().map(|run| format!("{run} ")));
    }
    let text = log.text();
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret:?} is in the log");
    }
    assert!(text.contains("a message was not delivered"));
}
