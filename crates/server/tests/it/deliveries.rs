//! Every message of a pool as whoever delivers it receives it: by SMTP, SES, SNS and webhook, in the service's words and
//! in the pool's own.

use std::cell::Cell;
use std::time::Duration;

use cognate_testkit::TestServer;
use cognate_testkit::gateways::{Asked, Gateways};
use cognate_testkit::smtp::{SmtpMessage, SmtpTrap};
use serde_json::{Value, json};

use crate::people::{PASSWORD, by_password, text};
use crate::second_factors::sending;

const TEMPORARY: &str = "Temporary-Horse-7";

/// A message as it was handed over: to whom, its subject, and its text with `<6>` in place of a code of six digits.
type Sent = (String, String, String);

/// A server, and what delivers for it.
struct Post {
    server: TestServer,
    trap: SmtpTrap,
    gateways: Gateways,
    /// How many messages were looked at already.
    seen: Cell<usize>,
}

impl Post {
    /// E-mail goes by `smtp`, by SES for `aws`, or by `webhook`; text messages by SNS for `aws`, else by webhook.
    async fn by(way: &str) -> Self {
        let (trap, gateways) = (SmtpTrap::start().await, Gateways::start().await);
        let port = trap.port().to_string();
        let mut settings = gateways.settings(if way == "aws" { "aws" } else { "webhook" });
        if way == "smtp" {
            settings.retain(|(key, _)| !key.starts_with("mail.webhook") && *key != "mail.transport");
            for (key, value) in [
                ("mail.transport", "smtp"),
                ("mail.smtp_host", "127.0.0.1"),
                ("mail.smtp_port", &port),
                ("mail.smtp_tls", "none"),
            ] {
                settings.push((key, value.to_owned()));
            }
        }
        let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        Self { server: TestServer::with(&settings).await, trap, gateways, seen: Cell::new(0) }
    }

    fn count(&self) -> usize {
        self.trap.messages().len() + self.gateways.asked().len()
    }

    /// The message that the last operation sent, which must be one alone.
    fn sent(&self, medium: &str) -> Sent {
        let count = self.count();
        assert_eq!(count - self.seen.replace(count), 1);
        let mails = self.trap.messages();
        match mails.last() {
            Some(mail) if medium == "email" => by_smtp(mail),
            _ => by_gateway(self.gateways.asked().last().unwrap()),
        }
    }

    /// Whether nothing was sent since.
    fn is_quiet(&self) -> bool {
        self.count() == self.seen.get()
    }

    async fn ok(&self, operation: &str, request: Value) -> Value {
        self.server.ok(operation, request).await
    }
}

fn by_smtp(mail: &SmtpMessage) -> Sent {
    let (head, body) = mail.data.split_once("\r\n\r\n").unwrap();
    let subject = head.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap();
    let boundary = head.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let part = body.split(&format!("--{boundary}")).nth(1).unwrap();
    let (kind, content) = part.split_once("\r\n\r\n").unwrap();
    assert!(kind.contains("text/plain"), "{kind}");
    let content = content.strip_suffix("\r\n").unwrap();
    let is_quoted = kind.contains("quoted-printable");
    let content = if is_quoted { content.replace("=\r\n", "").replace("=3D", "=") } else { content.to_owned() };
    (mail.to.join(","), subject.to_owned(), veiled(&content))
}

fn by_gateway(asked: &Asked) -> Sent {
    let (to, subject, words) = match asked.path.as_str() {
        "/v2/email/outbound-emails" => {
            let mail = asked.json();
            let content = &mail["Content"]["Simple"];
            (
                mail["Destination"]["ToAddresses"][0].clone(),
                content["Subject"]["Data"].clone(),
                content["Body"]["Text"]["Data"].clone(),
            )
        }
        "/" => (asked.form("PhoneNumber").into(), Value::Null, asked.form("Message").into()),
        _ => {
            let message = asked.json();
            (message["to"].clone(), message["subject"].clone(), message["text"].clone())
        }
    };
    let string = |value: Value| value.as_str().unwrap_or_default().to_owned();
    (string(to), string(subject), veiled(&string(words)))
}

/// The text with every code in it shown by its length.
fn veiled(words: &str) -> String {
    let mut out = String::new();
    let mut rest = words;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[at..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - at);
        out.push_str(&rest[..at]);
        let veil = format!("<{digits}>");
        out.push_str(if digits < 6 { &rest[at..at + digits] } else { &veil });
        rest = &rest[at + digits..];
    }
    out + rest
}

/// Where somebody is reached: by e-mail address, or by number.
fn reach(attribute: &str, whose: usize) -> String {
    if attribute == "email" { format!("ada{whose}@example.com") } else { format!("+1206555010{whose}") }
}

/// What a pool says in its own words: each as text message, subject and e-mail.
fn own() -> Value {
    json!({
        "VerificationMessageTemplate": {
            "SmsMessage": "Shop: {####} verifies", "EmailSubject": "Shop: verify", "EmailMessage": "<p>Shop: {####} verifies</p>",
        },
        "SmsAuthenticationMessage": "Shop: {####} signs in",
        "AdminCreateUserConfig": { "InviteMessageTemplate": {
            "SMSMessage": "Shop: {username}, {####}", "EmailSubject": "Shop: come in",
            "EmailMessage": "<p>Shop: {username}, {####}</p>",
        } },
    })
}

/// The words of a message of that sort, with a code of so many digits: the service's, or those of [`own`].
fn words(is_own: bool, sort: &str, attribute: &str, digits: usize) -> (String, String) {
    let (subject, text) = match (is_own, sort) {
        (false, "verification") => ("Your verification code", format!("Your verification code is <{digits}>. ")),
        (false, "authentication") if attribute == "email" => {
            ("Your authentication code", format!("Your authentication code is <{digits}>"))
        }
        (false, "authentication") => ("", format!("Your authentication code is <{digits}>. ")),
        (false, "invitation") => {
            ("Your temporary password", format!("Your username is guest and temporary password is {TEMPORARY}. "))
        }
        (false, _) | (true, "invitation without password") => ("Your username", "Your username is bare.".to_owned()),
        (true, "verification") => ("Shop: verify", format!("Shop: <{digits}> verifies")),
        (true, "authentication") => ("Shop: sign in", format!("Shop: <{digits}> signs in")),
        (true, _) => ("Shop: come in", format!("Shop: guest, {TEMPORARY}")),
    };
    // An e-mail's text is what its HTML reads like.
    if attribute == "email" { (subject.to_owned(), text.trim_end().to_owned()) } else { (String::new(), text) }
}

async fn every_message(way: &str, is_own: bool) {
    let post = Post::by(way).await;
    for (attribute, medium, method) in [("email", "EMAIL", "Email"), ("phone_number", "SMS", "Sms")] {
        let mut settings = sending();
        for (name, setting) in own().as_object().unwrap().iter().filter(|_| is_own) {
            settings[name] = setting.clone();
        }
        settings["AutoVerifiedAttributes"] = json!([attribute]);
        let factors = json!(["PASSWORD", format!("{medium}_OTP")]);
        settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": factors } });
        let pool = post.server.pool(settings).await;
        let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH"]);
        let client = post.server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
        let value = |whose| json!([{ "Name": attribute, "Value": reach(attribute, whose) }]);
        let assert_sent = |sort: &str, whose: usize, digits: usize| {
            let (subject, text) = words(is_own, sort, attribute, digits);
            assert_eq!(post.sent(attribute), (reach(attribute, whose), subject, text), "{way}, {sort}");
        };
        let ours = |request: Value| {
            let mut request = request;
            request["UserPoolId"] = pool.as_str().into();
            request
        };
        let ada = json!({ "ClientId": client, "Username": "ada" });

        let sign_up =
            json!({ "ClientId": client, "Username": "ada", "Password": PASSWORD, "UserAttributes": value(0) });
        post.ok("SignUp", sign_up).await;
        assert_sent("verification", 0, 6);
        post.ok("ResendConfirmationCode", ada.clone()).await;
        assert_sent("verification", 0, 6);
        post.ok("AdminConfirmSignUp", ours(json!({ "Username": "ada" }))).await;
        let verified = json!([{ "Name": format!("{attribute}_verified"), "Value": "true" }]);
        post.ok("AdminUpdateUserAttributes", ours(json!({ "Username": "ada", "UserAttributes": verified }))).await;
        assert!(post.is_quiet());
        post.ok("ForgotPassword", ada).await;
        assert_sent("verification", 0, 6);
        post.ok("AdminResetUserPassword", ours(json!({ "Username": "ada" }))).await;
        assert_sent("verification", 0, 6);
        let password = json!({ "Username": "ada", "Password": PASSWORD, "Permanent": true });
        post.ok("AdminSetUserPassword", ours(password)).await;

        let signed_in = post.ok("InitiateAuth", by_password(&client, "ada", PASSWORD)).await;
        let token = text(&signed_in["AuthenticationResult"], "AccessToken");
        let ask = json!({ "AccessToken": token, "AttributeName": attribute });
        post.ok("GetUserAttributeVerificationCode", ask).await;
        assert_sent("verification", 0, 6);

        let once = json!({
            "ClientId": client, "AuthFlow": "USER_AUTH",
            "AuthParameters": { "USERNAME": "ada", "PREFERRED_CHALLENGE": format!("{medium}_OTP") },
        });
        if !is_own || attribute == "phone_number" {
            post.ok("InitiateAuth", once.clone()).await;
            assert_sent("authentication", 0, 8);
        }
        // The same settings in full, so that a second factor is there.
        let mut mfa = json!({ "MfaConfiguration": "OPTIONAL" });
        mfa[format!("{method}MfaConfiguration")] = match (is_own, attribute) {
            (false, _) => json!({}),
            (true, "email") => json!({ "Subject": "Shop: sign in", "Message": "<p>Shop: {####} signs in</p>" }),
            (true, _) => json!({ "SmsAuthenticationMessage": "Shop: {####} signs in" }),
        };
        post.ok("SetUserPoolMfaConfig", ours(mfa)).await;
        post.ok("InitiateAuth", once).await;
        assert_sent("authentication", 0, 8);
        let method = if attribute == "email" { "Email" } else { "SMS" };
        let mut preference = json!({ "Username": "ada" });
        preference[format!("{method}MfaSettings")] = json!({ "Enabled": true });
        post.ok("AdminSetUserMFAPreference", ours(preference)).await;
        post.ok("InitiateAuth", by_password(&client, "ada", PASSWORD)).await;
        assert_sent("authentication", 0, 6);

        let change = json!({ "AccessToken": token, "UserAttributes": value(1) });
        post.ok("UpdateUserAttributes", change).await;
        assert_sent("verification", 1, 6);
        post.ok("AdminUpdateUserAttributes", ours(json!({ "Username": "ada", "UserAttributes": value(2) }))).await;
        assert_sent("verification", 2, 6);

        let mut guest = json!({ "Username": "guest", "DesiredDeliveryMediums": [medium], "UserAttributes": value(3) });
        guest["TemporaryPassword"] = TEMPORARY.into();
        post.ok("AdminCreateUser", ours(guest.clone())).await;
        assert_sent("invitation", 3, 6);
        guest["MessageAction"] = "RESEND".into();
        post.ok("AdminCreateUser", ours(guest)).await;
        assert_sent("invitation", 3, 6);
        // Own words that tell a password are not for who has none.
        let bare = json!({ "Username": "bare", "DesiredDeliveryMediums": [medium], "UserAttributes": value(4) });
        post.ok("AdminCreateUser", ours(bare)).await;
        assert_sent("invitation without password", 4, 6);
    }
}

#[tokio::test]
async fn the_services_words_arrive_by_smtp() {
    every_message("smtp", false).await;
}

#[tokio::test]
async fn the_services_words_arrive_by_ses_and_sns() {
    every_message("aws", false).await;
}

#[tokio::test]
async fn the_services_words_arrive_by_webhook() {
    every_message("webhook", false).await;
}

#[tokio::test]
async fn the_pools_words_arrive_by_smtp() {
    every_message("smtp", true).await;
}

#[tokio::test]
async fn the_pools_words_arrive_by_ses_and_sns() {
    every_message("aws", true).await;
}

#[tokio::test]
async fn the_pools_words_arrive_by_webhook() {
    every_message("webhook", true).await;
}

/// A link confirms a sign-up; whatever else is verified is so by a code.
#[tokio::test]
async fn links_arrive_whole() {
    for way in ["smtp", "aws", "webhook"] {
        for (template, subject, before, after) in [
            (
                json!({}),
                "Your verification link",
                "Please click the link below to verify your email address. Verify Email (",
                ")",
            ),
            (
                json!({ "EmailSubjectByLink": "Shop: one click", "EmailMessageByLink": "<p>Shop: {##here##}!</p>" }),
                "Shop: one click",
                "Shop: here (",
                ")!",
            ),
        ] {
            let post = Post::by(way).await;
            let mut settings = sending();
            settings["AutoVerifiedAttributes"] = json!(["email"]);
            settings["VerificationMessageTemplate"] = template;
            settings["VerificationMessageTemplate"]["DefaultEmailOption"] = "CONFIRM_WITH_LINK".into();
            let pool = post.server.pool(settings).await;
            let client = post.server.client(&pool, json!({})).await;
            let email = json!([{ "Name": "email", "Value": reach("email", 0) }]);
            let sign_up =
                json!({ "ClientId": client, "Username": "ada", "Password": PASSWORD, "UserAttributes": email });
            post.ok("SignUp", sign_up).await;
            let (_, told, words) = post.sent("email");
            assert_eq!(told, subject, "{way}");
            let link = words.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
            let link = link.unwrap_or_else(|| panic!("{way}: {words}"));
            let start = format!("{}/{pool}/confirmUser?client_id=", post.server.url());
            let start = veiled(&start);
            assert!(
                link.starts_with(&start) && link.ends_with("&user_name=ada&confirmation_code=<6>"),
                "{way}: {link}"
            );

            post.ok("AdminConfirmSignUp", json!({ "UserPoolId": pool, "Username": "ada" })).await;
            let signed_in = post.ok("InitiateAuth", by_password(&client, "ada", PASSWORD)).await;
            let email = json!([{ "Name": "email", "Value": reach("email", 1) }]);
            let token = &signed_in["AuthenticationResult"]["AccessToken"];
            post.ok("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": email })).await;
            let (to, subject, words) = post.sent("email");
            assert_eq!((&*subject, &*words), ("Your verification code", "Your verification code is <6>."), "{way}");
            assert_eq!(to, reach("email", 1));
        }
    }
}

/// A notice of a risk comes from whom its own configuration names, whatever the pool's says.
#[tokio::test]
async fn notices_arrive() {
    for way in ["smtp", "aws", "webhook"] {
        let post = Post::by(way).await;
        let (pool, client) = crate::threat::protected(&post.server, "ENFORCED").await;
        let email = [("email", "alice@example.com"), ("email_verified", "true")];
        let confirmed = cognate_shapes::enums::UserStatus::Confirmed;
        crate::people::add(&post.server, &pool, "alice", confirmed, Some(PASSWORD), &email).await;
        post.ok("AdminInitiateAuth", crate::threat::home(&pool, &client, PASSWORD)).await;
        for (action, template, subject, address) in [
            ("BLOCK", "BlockEmail", "Blocked alice", "198.51.100.9"),
            ("NO_ACTION", "NoActionEmail", "Let alice in", "100.64.0.9"),
        ] {
            let actions = json!({ "Notify": true, "EventAction": action });
            let mut notify = json!({
                "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/shop.example",
                "From": "Security <security@shop.example>", "ReplyTo": "help@shop.example",
            });
            let words = subject.replace("alice", "{username}");
            notify[template] =
                json!({ "Subject": words, "TextBody": "From {ip-address}.", "HtmlBody": "<p>From {ip-address}.</p>" });
            let takeover = json!({
                "Actions": { "LowAction": actions, "MediumAction": actions, "HighAction": actions },
                "NotifyConfiguration": notify,
            });
            let request = json!({ "UserPoolId": pool, "AccountTakeoverRiskConfiguration": takeover });
            post.ok("SetRiskConfiguration", request).await;
            let program = format!("{action}/1");
            let abroad = crate::threat::from(&pool, &client, "alice", PASSWORD, address, &program);
            post.server.call("AdminInitiateAuth", abroad).await;
            for _ in 0..500 {
                if !post.is_quiet() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let sent = post.sent("email");
            let expected = ("alice@example.com".to_owned(), subject.to_owned(), format!("From {address}."));
            assert_eq!(sent, expected, "{way}");
            let (from, reply_to) = if way == "smtp" {
                let data = post.trap.messages().pop().unwrap().data;
                let header = |name: &str| data.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                (header("From: "), header("Reply-To: "))
            } else {
                let mail = post.gateways.asked().pop().unwrap().json();
                let (from, reply_to) =
                    if way == "aws" { ("FromEmailAddress", "/ReplyToAddresses/0") } else { ("from", "/replyTo") };
                (text(&mail, from).to_owned(), mail.pointer(reply_to).unwrap().as_str().unwrap().to_owned())
            };
            let expected = ("Security <security@shop.example>", "help@shop.example");
            assert_eq!((&*from, &*reply_to), expected, "{way}");
            post.server.advance_s(1);
        }
    }
}
