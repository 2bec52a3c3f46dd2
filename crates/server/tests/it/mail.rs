//! Messages that leave the server: what an SMTP server is handed, and what happens when it takes nothing.

use cognate_testkit::TestServer;
use cognate_testkit::smtp::SmtpTrap;
use serde_json::json;

use crate::accounts::{PASSWORD, Pool, application, confirmation, error, named, pool, pool_with};

/// A server that hands its mail to the trap.
async fn mailing(trap: &SmtpTrap) -> TestServer {
    let port = trap.port().to_string();
    TestServer::with(&[
        ("mail.transport", "smtp"),
        ("mail.smtp_host", "127.0.0.1"),
        ("mail.smtp_port", &port),
        ("mail.smtp_tls", "none"),
        ("mail.from", "Cognate <no-reply@cognate.example>"),
    ])
    .await
}

/// The code in a message's plain text.
fn code(data: &str) -> &str {
    let (_, after) = data.split_once("Your code: ").expect("the message says its code");
    &after[..6]
}

#[tokio::test]
async fn a_sign_ups_mail_is_the_pools_own() {
    let trap = SmtpTrap::start().await;
    let server = mailing(&trap).await;
    let settings = json!({
        "AutoVerifiedAttributes": ["email"],
        "EmailConfiguration": {
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/shop.example",
            "From": "Ada Shop <hello@shop.example>",
            "ReplyToEmailAddress": "help@shop.example",
        },
        "VerificationMessageTemplate": {
            "EmailSubject": "Welcome to the shop",
            "EmailMessage": "<h1>Welcome</h1><p>Your code: {####}</p>",
        },
    });
    let pool = pool_with(&server, settings, json!({})).await;
    server.ok("SignUp", application(&pool, "ada")).await;

    let messages = trap.messages();
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!((message.from.as_str(), message.to.as_slice()), ("hello@shop.example", &["ada@example.com".into()][..]));
    let (head, body) = message.data.split_once("\r\n\r\n").unwrap();
    for header in [
        "From: \"Ada Shop\" <hello@shop.example>",
        "Reply-To: help@shop.example",
        "To: ada@example.com",
        "Subject: Welcome to the shop",
        "Date: Tue, 03 Mar 2026 04:05:06 +0000",
        "@shop.example>\r\nReply-To",
        "Content-Type: multipart/alternative;",
    ] {
        assert!(head.contains(header), "{header} in {head}");
    }
    let (plain, html) = body.split_once("Content-Type: text/html").expect("the text comes first, then the HTML");
    assert!(plain.contains("Content-Type: text/plain") && !plain.contains("<p>"), "{plain}");
    let code = code(plain).to_owned();
    assert!(html.contains(&format!("<p>Your code: {code}</p>")), "{html}");
    assert!(!message.data.contains(PASSWORD));
    assert_eq!(server.messages_to("ada@example.com"), 0, "the inbox is another transport");

    server.ok("ConfirmSignUp", confirmation(&pool, "ada", &code)).await;
}

#[tokio::test]
async fn a_pool_without_a_sender_takes_the_servers() {
    let trap = SmtpTrap::start().await;
    let server = mailing(&trap).await;
    let pool = pool(&server).await;
    server.ok("SignUp", application(&pool, "ada")).await;
    let message = &trap.messages()[0];
    assert_eq!(message.from, "no-reply@cognate.example");
    let (head, _) = message.data.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("From: Cognate <no-reply@cognate.example>"), "{head}");
    assert!(!head.contains("Reply-To"), "{head}");
}

#[tokio::test]
async fn an_invitation_carries_the_temporary_password() {
    let trap = SmtpTrap::start().await;
    let server = mailing(&trap).await;
    let Pool { id, .. } = pool(&server).await;
    let guest = json!({
        "UserPoolId": id, "Username": "guest", "TemporaryPassword": "Temporary-3!", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{ "Name": "email", "Value": "guest@example.com" }],
    });
    server.ok("AdminCreateUser", guest).await;
    let message = &trap.messages()[0];
    assert_eq!(message.to, ["guest@example.com"]);
    assert!(
        message.data.contains("Your username is guest and temporary password is Temporary-3!."),
        "{}",
        message.data
    );
}

/// The account is made before its mail goes out, as the service does it: it can ask for the code again.
#[tokio::test]
async fn a_user_whose_mail_is_refused_exists() {
    let trap = SmtpTrap::start().await;
    let server = mailing(&trap).await;
    let pool = pool(&server).await;
    let undelivered = error("CodeDeliveryFailure", "Unable to send the message. The delivery service did not take it.");
    assert_eq!(server.refused("SignUp", application(&pool, "refused")).await, undelivered);

    let who = json!({ "UserPoolId": pool.id, "Username": "refused" });
    assert_eq!(server.ok("AdminGetUser", who.clone()).await["UserStatus"], "UNCONFIRMED");
    assert_eq!(server.refused("ResendConfirmationCode", named(&pool, "refused")).await, undelivered);

    let mut moved = who;
    moved["UserAttributes"] = json!([{ "Name": "email", "Value": "taken@example.com" }]);
    server.ok("AdminUpdateUserAttributes", moved).await;
    server.ok("ResendConfirmationCode", named(&pool, "refused")).await;
    assert_eq!(trap.messages().last().unwrap().to, ["taken@example.com"]);
}

/// A stranger learns nothing from the way mail goes: ForgotPassword answers alike whether or not anybody is there.
#[tokio::test]
async fn recovery_waits_for_no_mail_where_existence_is_hidden() {
    let trap = SmtpTrap::start().await;
    let server = mailing(&trap).await;
    let settings = json!({ "AutoVerifiedAttributes": ["email"] });
    let pool = pool_with(&server, settings, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    let made = json!({
        "UserPoolId": pool.id, "Username": "ada", "MessageAction": "SUPPRESS",
        "UserAttributes": [
            { "Name": "email", "Value": "refused@example.com" }, { "Name": "email_verified", "Value": "true" },
        ],
    });
    server.ok("AdminCreateUser", made).await;
    let password = json!({ "UserPoolId": pool.id, "Username": "ada", "Password": PASSWORD, "Permanent": true });
    server.ok("AdminSetUserPassword", password).await;
    for username in ["ada", "nobody"] {
        let answer = server.ok("ForgotPassword", named(&pool, username)).await;
        assert_eq!(answer["CodeDeliveryDetails"]["DeliveryMedium"], "EMAIL", "{username}");
    }
    assert!(trap.messages().is_empty());
}
