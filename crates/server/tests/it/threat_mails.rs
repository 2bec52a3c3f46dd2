//! Mails about risky sign-ins as a mail server receives them, and what their links say of the event.

use std::time::Duration;

use aws_sdk_cognitoidentityprovider::types::FeedbackValueType;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::smtp::SmtpTrap;
use serde_json::{Value, json};
use url::Url;

use crate::people::{self, PASSWORD};
use crate::second_factors::PHONE;
use crate::threat::{events, from, home};

const SENDER: &str = "arn:aws:ses:us-east-1:000000000000:identity/security@example.com";
const PAGE: &str = "https://app.example/feedback";

/// A server that mails by the trap; alice and bob, who were at home before. bob has a number for codes.
struct Scene {
    trap: SmtpTrap,
    server: TestServer,
    pool: String,
    client: String,
}

/// A mail, read as its receiver's program reads it.
struct Mail {
    from: String,
    to: Vec<String>,
    head: String,
    text: String,
    html: String,
}

impl Scene {
    async fn new(feedback_url: &str) -> Self {
        let trap = SmtpTrap::start().await;
        let port = trap.port().to_string();
        let server = TestServer::with(&[
            ("mail.transport", "smtp"),
            ("mail.smtp_host", "127.0.0.1"),
            ("mail.smtp_port", &port),
            ("mail.smtp_tls", "none"),
            ("threat.feedback_url", feedback_url),
        ])
        .await;
        let settings = json!({
            "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" }, "UserPoolTier": "PLUS",
            "MfaConfiguration": "OPTIONAL",
            "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
        });
        let pool = server.pool(settings).await;
        let client = server.client(&pool, json!({})).await;
        let scene = Self { trap, server, pool, client };
        for (name, more) in [("alice", None), ("bob", Some(("phone_number", PHONE)))] {
            let email = format!("{name}@example.com");
            let verified = [("email", &*email), ("email_verified", "true")];
            let attributes: Vec<_> = verified.into_iter().chain(more).collect();
            people::add(&scene.server, &scene.pool, name, UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
            let mut at_home = home(&scene.pool, &scene.client, PASSWORD);
            at_home["AuthParameters"]["USERNAME"] = name.into();
            scene.server.ok("AdminInitiateAuth", at_home).await;
        }
        scene
    }

    /// Sets one action for every level of risk, and how users are told.
    async fn on_risk(&self, action: &str, mut notify: Value) {
        notify["SourceArn"] = SENDER.into();
        let action = json!({ "Notify": true, "EventAction": action });
        let actions = json!({ "LowAction": action, "MediumAction": action, "HighAction": action });
        let takeover = json!({ "Actions": actions, "NotifyConfiguration": notify });
        let request = json!({ "UserPoolId": self.pool, "AccountTakeoverRiskConfiguration": takeover });
        self.server.ok("SetRiskConfiguration", request).await;
        self.server.advance_s(10);
    }

    /// A risky sign-in, and the mail that follows it.
    async fn mail_about(&self, name: &str, address: &str) -> Mail {
        let before = self.trap.messages().len();
        let program = format!("program-at-{}/1", address.replace('.', "-"));
        self.server.call("AdminInitiateAuth", from(&self.pool, &self.client, name, PASSWORD, address, &program)).await;
        for _ in 0..300 {
            if let Some(message) = self.trap.messages().into_iter().nth(before) {
                return Mail::read(&message);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no mail about a sign-in from {address}");
    }

    async fn feedback_of(&self, event: &str) -> Value {
        let listed = self.server.ok("AdminListUserAuthEvents", json!({ "UserPoolId": self.pool, "Username": "alice" }));
        let listed = listed.await["AuthEvents"].take();
        let event = listed.as_array().unwrap().iter().find(|one| one["EventId"] == event);
        event.expect("the event is listed")["EventFeedback"].clone()
    }
}

impl Mail {
    fn read(message: &cognate_testkit::smtp::SmtpMessage) -> Self {
        let (head, body) = message.data.split_once("\r\n\r\n").unwrap();
        let boundary = format!("\r\n{}", body.lines().find(|line| line.starts_with("--")).expect("it has parts"));
        let part = |kind: &str| {
            let (_, part) = body.split_once(&format!("Content-Type: {kind}")).expect("the part is there");
            let (headers, content) = part.split_once("\r\n\r\n").unwrap();
            let content = content.split(&boundary).next().unwrap();
            decoded(headers, content)
        };
        Self {
            from: message.from.clone(),
            to: message.to.clone(),
            head: head.to_owned(),
            text: part("text/plain"),
            html: part("text/html"),
        }
    }

    /// Where the link leads, as the mail's plain text and HTML agree.
    fn link(&self, value: &str) -> Url {
        let links = |body: &str| {
            let ends = |c: char| c.is_whitespace() || c == '"' || c == '<';
            let starts = body.match_indices(PAGE).map(|(at, _)| body[at..].split(ends).next().unwrap());
            let links = starts.map(|link| Url::parse(&link.replace("&amp;", "&")).unwrap());
            links.filter(|link| link.query_pairs().any(|(name, is)| name == "feedbackValue" && is == value)).collect()
        };
        let (text, html): (Vec<Url>, Vec<Url>) = (links(&self.text), links(&self.html));
        assert_eq!((text.len(), &text), (1, &html), "{value}: {} {}", self.text, self.html);
        text[0].clone()
    }
}

/// What a part says, by its Content-Transfer-Encoding (RFC 2045 §6).
fn decoded(headers: &str, content: &str) -> String {
    let headers = headers.to_ascii_lowercase();
    if headers.contains("base64") {
        let letters: String = content.split_whitespace().collect();
        return String::from_utf8(STANDARD.decode(letters).unwrap()).unwrap();
    }
    if !headers.contains("quoted-printable") {
        return content.to_owned();
    }
    let content = content.replace("=\r\n", "");
    let mut parts = content.split('=');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

fn part(link: &Url, name: &str) -> String {
    link.query_pairs().find(|(is, _)| is == name).expect("the link has it").1.into_owned()
}

/// Which of the three mails goes out follows what came of the risk, not what was configured.
#[tokio::test]
async fn the_mail_is_the_one_for_what_was_done() {
    let scene = Scene::new(PAGE).await;
    let words = |what: &str| {
        json!({
            "Subject": format!("{what} {{city}}"),
            "HtmlBody": "<p>{username}: {ip-address}, {device-name}</p>",
            "TextBody": "{username}: {ip-address}, {device-name}",
        })
    };
    let own = json!({
        "From": "Security <security@example.com>", "ReplyTo": "help@example.com",
        "BlockEmail": words("Blocked"), "NoActionEmail": words("Seen"), "MfaEmail": words("Asked"),
    });
    // alice has no second factor, bob has one.
    for (n, (action, name, own_subject, default_subject)) in [
        ("BLOCK", "alice", "Blocked", "Blocked sign-in attempt"),
        ("BLOCK", "bob", "Blocked", "Blocked sign-in attempt"),
        ("NO_ACTION", "alice", "Seen", "New sign-in attempt"),
        ("NO_ACTION", "bob", "Seen", "New sign-in attempt"),
        ("MFA_IF_CONFIGURED", "bob", "Asked", "New sign-in attempt"),
        ("MFA_IF_CONFIGURED", "alice", "Seen", "New sign-in attempt"),
        ("MFA_REQUIRED", "bob", "Asked", "New sign-in attempt"),
        ("MFA_REQUIRED", "alice", "Blocked", "Blocked sign-in attempt"),
    ]
    .into_iter()
    .enumerate()
    {
        scene.on_risk(action, own.clone()).await;
        let address = format!("198.51.{n}.9");
        let mail = scene.mail_about(name, &address).await;
        let what = format!("{action} of {name}");
        assert_eq!((&*mail.from, &*mail.to), ("security@example.com", &[format!("{name}@example.com")][..]), "{what}");
        for header in [
            "From: Security <security@example.com>",
            "Reply-To: help@example.com",
            &format!("Subject: {own_subject} unknown"),
        ] {
            assert!(mail.head.contains(header), "{what}: {header} in {}", mail.head);
        }
        let told = format!("{name}: {address}, program-at-198-51-{n}-9/1");
        assert_eq!(mail.text.trim_end(), told, "{what}");
        assert!(mail.html.contains(&format!("<p>{told}</p>")), "{what}: {}", mail.html);

        scene.on_risk(action, json!({ "From": "security@example.com" })).await;
        let address = format!("192.0.{}.7", n + 10);
        let mail = scene.mail_about(name, &address).await;
        assert!(mail.head.contains(&format!("Subject: {default_subject}")), "{what}: {}", mail.head);
        assert!(!mail.head.contains("Reply-To"), "{what}");
        let what_happened = if default_subject.starts_with("Blocked") { "We blocked" } else { "We observed" };
        for body in [&mail.text, &mail.html] {
            assert!(body.contains(&format!("{what_happened} an unrecognized sign-in to your account")), "{body}");
            assert!(body.contains(&format!("Address: {address}")), "{body}");
            assert!(body.contains("Time: 2026-03-03 04:") && body.contains("Location: unknown, unknown"), "{body}");
        }
        mail.link("Valid");
        mail.link("Invalid");
    }
}

/// The links of a mail that arrived say what the user says, once the user's page passes it on.
#[tokio::test]
async fn a_mails_links_tell_whether_it_was_the_user() {
    let scene = Scene::new(PAGE).await;
    let sdk = scene.server.sdk();
    let give = async |link: &Url, user: &str| {
        let request = sdk
            .update_auth_event_feedback()
            .user_pool_id(part(link, "userPoolId"))
            .username(user)
            .event_id(part(link, "eventId"))
            .feedback_token(part(link, "feedbackToken"))
            .feedback_value(FeedbackValueType::from(&*part(link, "feedbackValue")));
        request.send().await
    };
    scene.on_risk("NO_ACTION", json!({})).await;
    let first = scene.mail_about("alice", "198.51.100.9").await;
    let second = scene.mail_about("alice", "192.0.2.7").await;
    let (was, was_not) = (first.link("Valid"), second.link("Invalid"));
    for (link, value) in [(&was, "Valid"), (&was_not, "Invalid")] {
        assert_eq!((part(link, "userPoolId"), part(link, "username")), (scene.pool.clone(), "alice".to_owned()));
        // A token is its own user's and its own event's.
        let refused = give(link, "bob").await.unwrap_err().into_service_error();
        assert!(refused.is_not_authorized_exception(), "{refused}");
        give(link, "alice").await.unwrap();
        let told = scene.feedback_of(&part(link, "eventId")).await;
        let now = scene.server.clock.now_ms() / 1000;
        assert_eq!(told, json!({ "FeedbackValue": value, "Provider": "User", "FeedbackDate": now }));
    }
    assert_ne!(part(&was, "eventId"), part(&was_not, "eventId"));
    // Whoever thinks better of it says so by the same mail.
    give(&second.link("Valid"), "alice").await.unwrap();
    assert_eq!(scene.feedback_of(&part(&was_not, "eventId")).await["FeedbackValue"], "Valid");
    give(&was_not, "alice").await.unwrap();
    // What was not the user counts against the next from there; what was does not.
    scene.on_risk("BLOCK", json!({})).await;
    let again = |address: &str| {
        let program = format!("program-at-{}/1", address.replace('.', "-"));
        from(&scene.pool, &scene.client, "alice", PASSWORD, address, &program)
    };
    scene.server.ok("AdminInitiateAuth", again("198.51.100.9")).await;
    scene.server.advance_s(1);
    let unable = people::error("NotAuthorized", "Unable to login because of security reasons.");
    assert_eq!(scene.server.refused("AdminInitiateAuth", again("192.0.2.7")).await, unable);
    let listed = events_of(&scene).await;
    assert_eq!(listed[0]["EventRisk"]["RiskLevel"], "High");
}

async fn events_of(scene: &Scene) -> Vec<Value> {
    events(&scene.server, &scene.pool, 5).await
}

/// An address that nobody has verified may be anybody's: a notice and its token do not go there.
#[tokio::test]
async fn an_unverified_address_is_told_nothing() {
    let scene = Scene::new("").await;
    let cid = [("email", "cid@example.com"), ("email_verified", "false")];
    people::add(&scene.server, &scene.pool, "cid", UserStatus::Confirmed, Some(PASSWORD), &cid).await;
    scene
        .server
        .ok("AdminInitiateAuth", from(&scene.pool, &scene.client, "cid", PASSWORD, "203.0.113.7", "home/1"))
        .await;
    scene.on_risk("NO_ACTION", json!({})).await;
    let abroad = from(&scene.pool, &scene.client, "cid", PASSWORD, "198.51.100.9", "other/1");
    scene.server.ok("AdminInitiateAuth", abroad).await;
    scene.mail_about("alice", "198.51.100.9").await;
    assert!(scene.trap.messages().iter().all(|message| !format!("{:?}", message.to).contains("cid@")));
}

/// An administrator's words may build the link themselves; ours offer none where no page takes it.
#[tokio::test]
async fn a_mail_without_a_page_has_no_links() {
    let scene = Scene::new("").await;
    scene.on_risk("NO_ACTION", json!({})).await;
    let mail = scene.mail_about("alice", "198.51.100.9").await;
    for body in [&mail.text, &mail.html] {
        assert!(body.contains("If this sign-in was not by you, change your password at once."), "{body}");
        assert!(!body.contains("feedback") && !body.contains('{'), "{body}");
    }
    let own = json!({ "Subject": "Was it you?", "TextBody": "{event-id} {feedback-token} {one-click-link-valid}." });
    scene.on_risk("NO_ACTION", json!({ "NoActionEmail": own })).await;
    let mail = scene.mail_about("alice", "192.0.2.7").await;
    let mut words = mail.text.split_whitespace();
    let (event, token) = (words.next().unwrap(), words.next().unwrap());
    assert_eq!((words.next(), words.next()), (Some("."), None), "{}", mail.text);
    let request = json!({
        "UserPoolId": scene.pool, "Username": "alice", "EventId": event, "FeedbackToken": token,
        "FeedbackValue": "Valid",
    });
    assert_eq!(scene.server.ok("UpdateAuthEventFeedback", request).await, json!({}));
    assert_eq!(scene.feedback_of(event).await["FeedbackValue"], "Valid");
}
