//! What the log of a whole journey holds, at its most talkative: neither secrets nor lines of a caller's making.

use std::io::Write;
use std::sync::{Arc, Mutex};

use cognate_server::directory;
use cognate_server::triggers::encryption_sdk::encrypt;
use cognate_server::triggers::{Trigger, invoke};
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, Webhook, arn};
use serde_json::{Value, json};

/// What was logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Everything that is logged from now on, at every level, by this process.
    pub fn start() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only log of the process");
        log
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// SECURITY 45: passwords, codes, tokens, sessions, client secrets and hashes of a journey from sign-up to sign-out, in
/// good and in bad requests, and the log at trace.
#[tokio::test]
async fn a_journey_leaves_no_secret_in_the_log() {
    let log = Log::start();
    let server = TestServer::start().await;
    let mut secrets: Vec<(&str, String)> = vec![("master key", "dGVzdHMgYWxsIHVzZSB0aGlz".into())];
    let (password, second, third) = ("First-horse-1!", "Second-horse-2!", "Third-horse-3!");
    let wrong = "Wrong-horse-4!";
    for password in [password, second, third, wrong] {
        secrets.push(("a password", password.to_owned()));
    }

    let pool = server.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let client = server
        .ok(
            "CreateUserPoolClient",
            json!({
                "UserPoolId": pool, "ClientName": "c", "GenerateSecret": true,
                "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
            }),
        )
        .await;
    let id = client["UserPoolClient"]["ClientId"].as_str().unwrap().to_owned();
    let secret = client["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    let hash = |username: &str| cognate_crypto::secret_hash::compute(&secret, username, &id);
    let ada = hash("ada");
    secrets.push(("the client secret", secret.clone()));
    secrets.push(("a secret hash", ada.clone()));

    let who = json!({ "ClientId": id, "Username": "ada", "SecretHash": ada });
    let with = |more: Value| {
        let mut body = who.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let email = json!([{ "Name": "email", "Value": "ada@example.com" }]);
    server.ok("SignUp", with(json!({ "Password": password, "UserAttributes": email }))).await;
    let code = server.last_code("ada@example.com");
    server.refused("ConfirmSignUp", with(json!({ "ConfirmationCode": "987654" }))).await;
    server.ok("ConfirmSignUp", with(json!({ "ConfirmationCode": code }))).await;
    secrets.push(("a code", code));

    let sign_in = async |password: &str| {
        let parameters = json!({ "USERNAME": "ada", "PASSWORD": password, "SECRET_HASH": ada });
        let body = json!({ "ClientId": id, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        server.call("InitiateAuth", body).await.json()
    };
    assert_eq!(sign_in(wrong).await["message"], "Incorrect username or password.");
    let tokens = sign_in(password).await["AuthenticationResult"].clone();
    for name in ["AccessToken", "IdToken", "RefreshToken"] {
        let token = tokens[name].as_str().unwrap();
        let middle = token.split('.').nth(1).unwrap();
        secrets.push((name, middle.to_owned()));
        secrets.push((name, token.rsplit('.').next().unwrap().to_owned()));
    }
    let access = tokens["AccessToken"].as_str().unwrap();
    server.ok("GetUser", json!({ "AccessToken": access })).await;
    server.refused("GetUser", json!({ "AccessToken": &access[..access.len() - 4] })).await;
    let change =
        |from: &str, to: &str| json!({ "AccessToken": access, "PreviousPassword": from, "ProposedPassword": to });
    server.refused("ChangePassword", change(wrong, second)).await;
    server.ok("ChangePassword", change(password, second)).await;

    server.ok("ForgotPassword", who.clone()).await;
    let code = server.last_code("ada@example.com");
    let reset = |code: &str| with(json!({ "ConfirmationCode": code, "Password": third }));
    server.refused("ConfirmForgotPassword", reset("135790")).await;
    server.ok("ConfirmForgotPassword", reset(&code)).await;
    secrets.push(("a reset code", code));

    let parameters = json!({ "USERNAME": "ada", "SECRET_HASH": ada, "SRP_A": "ab".repeat(192) });
    let body = json!({ "ClientId": id, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters });
    let challenge = server.ok("InitiateAuth", body).await;
    for name in ["SECRET_BLOCK", "SALT"] {
        secrets.push((name, challenge["ChallengeParameters"][name].as_str().unwrap().to_owned()));
    }
    let tokens = sign_in(third).await["AuthenticationResult"].clone();
    let refresh = tokens["RefreshToken"].as_str().unwrap();
    secrets.push(("RefreshToken", refresh.rsplit('.').next().unwrap().to_owned()));
    server.ok("RevokeToken", json!({ "Token": refresh, "ClientId": id, "ClientSecret": secret })).await;
    // What cannot be understood is not written down to be studied.
    server.raw("SignUp", format!("{{\"Password\":\"{password}\",").into_bytes()).await;
    server.call("SignUp", with(json!({ "Password": { "is": password } }))).await;
    server.call(password, json!({})).await;
    server.get(&format!("/?password={password}")).await;

    let text = log.text();
    assert!(
        text.lines().filter(|line| line.contains("\"answered\"")).count() > 15,
        "the journey was logged: {text:.2000}"
    );
    for (what, secret) in secrets {
        assert!(secret.len() > 5, "{what} is long enough to be looked for");
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{what} is in the log");
    }
}

/// SECURITY 45: a name with line breaks and escapes in it stays one value of one line.
#[tokio::test]
async fn nobody_writes_lines_into_the_log() {
    let log = Log::start();
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let forged = "ada\"}\n{\"level\":\"ERROR\",\"message\":\"forged\"}\r\u{1b}[31m";
    server.call("AdminGetUser", json!({ "UserPoolId": pool, "Username": forged })).await;
    server.call("CreateUserPool", json!({ "PoolName": forged })).await;
    server.get("/%0A%7B%22message%22:%22forged%22%7D%1B[31m").await;
    let request = http::Request::post(server.url())
        .header("user-agent", "\u{e9}\t\"}{\"message\":\"forged\"}")
        .header("x-amz-target", "{\"message\":\"forged\"}")
        .body(http_body_util::Full::default())
        .unwrap();
    server.send(request).await;
    let text = log.text();
    let mut answered = 0;
    for line in text.lines() {
        let line: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not a line of the log's own: {line:?}"));
        assert_ne!(line["fields"]["message"], "forged");
        answered += usize::from(line["fields"]["message"] == "answered");
    }
    assert_eq!(answered, 5);
    assert!(!text.contains('\u{1b}'));
}

/// SECURITY 45: what functions are sent and answer, and what their calls are signed with, at trace.
#[tokio::test]
async fn calls_of_functions_leave_no_secret_in_the_log() {
    let log = Log::start();
    let secret = "the secret of the webhook";
    let (lambda, webhook) = (Lambda::start().await, Webhook::start(secret).await);
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap();
    let server = TestServer::with(&[
        ("triggers.endpoint", &lambda.url()),
        ("triggers.webhooks", &webhook.setting("check")),
        ("triggers.encryption_key_file", key.path().to_str().unwrap()),
        ("outbound.extra_ca_file", &webhook.ca_file()),
        ("aws_credentials.access_key_id", "AKIDEXAMPLE"),
        ("aws_credentials.secret_access_key", "wJalrXUtnFEMI"),
        ("aws_credentials.session_token", "IQoJb3JpZ2luX2Vj"),
    ])
    .await;
    let pool = server.pool(json!({})).await;
    let pool = directory::pool(&server.cx, &pool).await.unwrap();
    lambda.on("migrate", |_| Reply::Throws("Third-horse-3! is wrong".into()));
    webhook.on("check", |_| Reply::Response(json!({ "answer": "Fourth-horse-4!" })));
    let event = json!({ "request": { "password": "First-horse-1!" }, "response": {} });
    for (function, trigger) in [("migrate", Trigger::UserMigration), ("check", Trigger::VerifyAuthChallengeResponse)] {
        let called = invoke(&server.cx, &pool, trigger, &arn(function), &event).await;
        assert_eq!(called.is_ok(), function == "check");
    }
    webhook.on("check", |_| Reply::Raw(b"Second-horse-2!".to_vec()));
    assert!(invoke(&server.cx, &pool, Trigger::CustomMessage, &arn("check"), &event).await.is_err());
    encrypt(&server.cx, &pool, "a-code-of-123456").await.unwrap();

    let log = log.text();
    assert!(log.contains("a trigger failed"));
    for secret in [
        secret,
        "wJalrXUtnFEMI",
        "IQoJb3JpZ2luX2Vj",
        "BwcHBwcH",
        "First-horse-1!",
        "Second-horse-2!",
        "Third-horse-3!",
        "Fourth-horse-4!",
        "a-code-of-123456",
    ] {
        let at = log.lines().find(|line| line.contains(secret));
        assert!(at.is_none(), "{secret} is in the log: {}", at.unwrap_or_default());
    }
}
