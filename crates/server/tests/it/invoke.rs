//! Functions called over real connections: what they are sent, and how each way to fail reaches the caller of the API.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cognate_server::directory::{self, Pool};
use cognate_server::triggers::{Trigger, invoke};
use cognate_shapes::error::Code;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, Webhook, arn};
use serde_json::{Value, json};

const SECRET: &str = "a secret of the two of them";

struct Scene {
    server: TestServer,
    pool: Arc<Pool>,
}

impl Scene {
    async fn with(settings: &[(&str, &str)]) -> Self {
        let server = TestServer::with(settings).await;
        let id = server.pool(json!({})).await;
        let pool = directory::pool(&server.cx, &id).await.unwrap();
        Self { server, pool }
    }

    async fn lambda(lambda: &Lambda) -> Self {
        Self::with(&[("triggers.endpoint", &lambda.url())]).await
    }

    async fn webhook(webhook: &Webhook) -> Self {
        let settings =
            [("triggers.webhooks", &*webhook.setting("check")), ("outbound.extra_ca_file", &webhook.ca_file())];
        Self::with(&settings).await
    }

    async fn call(&self, trigger: Trigger, name: &str) -> Result<Value, (Code, String)> {
        let answer = invoke(&self.server.cx, &self.pool, trigger, &arn(name), &event()).await;
        answer.map_err(|error| (error.code, error.message.into_owned()))
    }

    async fn refused(&self, trigger: Trigger, name: &str) -> (Code, String) {
        self.call(trigger, name).await.unwrap_err()
    }
}

fn event() -> Value {
    json!({
        "version": "1", "triggerSource": "PreSignUp_SignUp", "region": "us-east-1", "userPoolId": "us-east-1_AbCdEfGhI",
        "userName": "alice",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789" },
        "request": { "userAttributes": { "email": "alice@example.com" }, "validationData": null },
        "response": { "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false },
    })
}

fn unrecognizable() -> (Code, String) {
    (Code::InvalidLambdaResponse, "Unrecognizable lambda output".to_owned())
}

fn failed(text: &str) -> (Code, String) {
    (Code::UnexpectedLambda, format!("PreSignUp invocation failed due to error {text}."))
}

#[tokio::test]
async fn a_function_gets_the_event_and_its_answer_comes_back() {
    let lambda = Lambda::start().await;
    let credentials = [
        ("aws_credentials.access_key_id", "AKIDEXAMPLE"),
        ("aws_credentials.secret_access_key", "wJalrXUtnFEMI"),
        ("aws_credentials.session_token", "a token"),
    ];
    let endpoint = lambda.url();
    let scene = Scene::with(&[&credentials[..], &[("triggers.endpoint", &endpoint)]].concat()).await;
    lambda.on("check", |_| Reply::Response(json!({ "autoConfirmUser": true })));
    let answer = scene.call(Trigger::PreSignUp, "check").await.unwrap();
    let mut expected = event();
    expected["response"]["autoConfirmUser"] = true.into();
    assert_eq!(answer, expected);

    let [call] = &lambda.calls()[..] else { panic!("one call") };
    assert_eq!((&call.event, &call.function), (&event(), &arn("check")));
    let header = |name: &str| call.headers[name].to_str().unwrap();
    assert_eq!(header("x-amz-invocation-type"), "RequestResponse");
    assert_eq!(header("content-type"), "application/json");
    assert_eq!((header("x-amz-date"), header("x-amz-security-token")), ("20260303T040506Z", "a token"));
    let signature = header("authorization");
    assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260303/us-east-1/lambda/aws4_request"));
    assert!(
        signature.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-invocation-type;x-amz-security-token")
    );
}

#[tokio::test]
async fn without_credentials_requests_are_unsigned() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    lambda.on("check", |_| Reply::Echo);
    assert_eq!(scene.call(Trigger::PreSignUp, "check").await.unwrap(), event());
    assert!(!lambda.calls()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_functions_error_reaches_the_caller_with_a_full_stop() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    lambda.on("check", |_| Reply::Throws("Domain not allowed".into()));
    for trigger in Trigger::ALL.into_iter().filter(|trigger| !trigger.is_told()) {
        let expected = format!("{} failed with error Domain not allowed.", trigger.name());
        assert_eq!(scene.refused(trigger, "check").await, (Code::UserLambdaValidation, expected));
    }
    assert_eq!(lambda.calls().len(), 11, "a function that answered is not called again");
}

#[tokio::test]
async fn what_cannot_be_invoked_names_lambdas_error() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    assert_eq!(scene.refused(Trigger::PreSignUp, "absent").await, failed("ResourceNotFoundException"));
    for (status, name) in [
        (403, "AccessDeniedException"),
        (409, "ResourceConflictException"),
        (500, "ServiceException"),
        (502, "EC2UnexpectedException"),
    ] {
        lambda.on("check", move |_| Reply::Refused(status, name));
        assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed(name));
    }
    // A header that is no name does not become a part of a sentence.
    lambda.on("check", |_| Reply::Refused(400, "no name at all."));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("HTTP 400"));
    assert_eq!(lambda.calls().len(), 6, "none of these passes by itself");

    let no_function = "arn:aws:sns:us-east-1:000000000000:topic";
    let refused = invoke(&scene.server.cx, &scene.pool, Trigger::PreSignUp, no_function, &event()).await.unwrap_err();
    assert_eq!((refused.code, refused.message.into_owned()), failed("InvalidParameterValueException"));
}

#[tokio::test]
async fn a_throttled_function_is_tried_three_times() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    lambda.on("check", |_| Reply::Refused(429, "TooManyRequestsException"));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("TooManyRequestsException"));
    assert_eq!(lambda.calls().len(), 3);

    let tries = AtomicU32::new(0);
    lambda.on("check", move |_| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Refused(429, "TooManyRequestsException"),
        _ => Reply::Echo,
    });
    assert_eq!(scene.call(Trigger::PreSignUp, "check").await.unwrap(), event());
    assert_eq!(lambda.calls().len(), 5);
}

/// SECURITY 43: time.
#[tokio::test]
async fn a_call_has_five_seconds() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    lambda.on("check", |_| Reply::After(Duration::from_secs(30), Box::new(Reply::Echo)));
    let began = Instant::now();
    let refused = scene.refused(Trigger::PreSignUp, "check").await;
    assert_eq!(refused, failed("Socket timeout while invoking Lambda function"));
    assert!((4900..6500).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(lambda.calls().len(), 1);
}

/// SECURITY 43: unknown and missing members, wrong kinds.
#[tokio::test]
async fn an_answer_is_the_event_with_its_response() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    for change in [
        |event: &mut Value| event["extra"] = 1.into(),
        |event: &mut Value| drop(event.as_object_mut().unwrap().remove("response")),
        |event: &mut Value| drop(event.as_object_mut().unwrap().remove("callerContext")),
        |event: &mut Value| event["response"] = json!([]),
        |event: &mut Value| event["response"] = Value::Null,
        |event: &mut Value| event["version"] = 1.into(),
        |event: &mut Value| event["request"] = "request".into(),
        |event: &mut Value| *event = Value::Null,
        |event: &mut Value| *event = json!({}),
        |event: &mut Value| *event = json!([event]),
        |event: &mut Value| *event = "OK".into(),
    ] {
        let mut answer = event();
        change(&mut answer);
        lambda.on("check", move |_| Reply::Value(answer.clone()));
        assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, unrecognizable());
    }
    for garbage in ["", "<html>", "{\"response\":", "{} {}", "\u{feff}{}"] {
        lambda.on("check", move |_| Reply::Raw(garbage.into()));
        let expected = "Invalid lambda function output : Invalid JSON".to_owned();
        assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, (Code::InvalidLambdaResponse, expected));
    }
}

/// SECURITY 43: size and depth.
#[tokio::test]
async fn answers_are_bounded() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    let with_response = |response: Value| {
        let mut answer = event();
        answer["response"] = response;
        answer
    };
    let large = with_response(json!({ "text": "x".repeat(1024 * 1024) }));
    lambda.on("check", move |_| Reply::Value(large.clone()));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, unrecognizable());

    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let bearable = with_response(json!({ "claims": nested(60) }));
    lambda.on("check", move |_| Reply::Value(bearable.clone()));
    assert!(scene.call(Trigger::PreSignUp, "check").await.is_ok());
    let deep = with_response(json!({ "claims": nested(63) }));
    lambda.on("check", move |_| Reply::Value(deep.clone()));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, unrecognizable());
    lambda.on("check", |_| Reply::Raw(vec![b'['; 900_000]));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await.0, Code::InvalidLambdaResponse);
}

/// SECURITY 42: redirects are not followed.
#[tokio::test]
async fn redirects_lead_nowhere() {
    let (lambda, elsewhere) = (Lambda::start().await, Lambda::start().await);
    let scene = Scene::lambda(&lambda).await;
    elsewhere.on("check", |_| Reply::Echo);
    let path = format!("{}/2015-03-31/functions/{}/invocations", elsewhere.url(), arn("check"));
    lambda.on("check", move |_| Reply::Redirect(path.clone()));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("HTTP 307"));
    assert!(elsewhere.calls().is_empty());
}

/// SECURITY 42: an ARN decides the host that is called in AWS's own domain alone.
#[tokio::test]
async fn an_arn_names_no_host_of_its_own() {
    let scene = Scene::with(&[]).await;
    for arn in [
        "arn:aws:lambda:evil.example/:000000000000:function:check",
        "arn:aws:lambda:eu-west-1@evil.example:000000000000:function:check",
        "arn:aws:lambda:eu-west-1.evil.example#:000000000000:function:check",
        "arn:evil:lambda:eu-west-1:000000000000:function:check",
        "arn:aws:lambda::000000000000:function:check",
    ] {
        let refused = invoke(&scene.server.cx, &scene.pool, Trigger::PreSignUp, arn, &event()).await.unwrap_err();
        assert_eq!((refused.code, refused.message.into_owned()), failed("InvalidParameterValueException"), "{arn}");
    }
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_an_error_of_the_invocation() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let scene = Scene::with(&[("triggers.endpoint", &url)]).await;
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("Connection failed"));
}

#[tokio::test]
async fn custom_senders_are_told_and_not_asked() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    // What it does later concerns nobody.
    lambda.on("send", |_| Reply::Throws("too late".into()));
    for trigger in [Trigger::CustomEmailSender, Trigger::CustomSmsSender] {
        assert_eq!(scene.call(trigger, "send").await.unwrap(), Value::Null);
    }
    assert_eq!(lambda.calls()[0].headers["x-amz-invocation-type"], "Event");
    lambda.on("send", |_| Reply::Refused(403, "AccessDeniedException"));
    let refused = scene.refused(Trigger::CustomSmsSender, "send").await.1;
    assert_eq!(refused, "CustomSMSSender invocation failed due to error AccessDeniedException.");
}

/// As SAM local answers: it runs functions only while they are waited for.
#[tokio::test]
async fn an_endpoint_without_a_queue_is_waited_for() {
    let lambda = Lambda::start().await;
    let scene = Scene::lambda(&lambda).await;
    let calls = AtomicU32::new(0);
    lambda.on("send", move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Refused(501, "NotImplemented"),
        _ => Reply::Raw(Vec::new()),
    });
    assert_eq!(scene.call(Trigger::CustomEmailSender, "send").await.unwrap(), Value::Null);
    let kinds: Vec<_> = lambda.calls().iter().map(|call| call.headers["x-amz-invocation-type"].clone()).collect();
    assert_eq!(kinds, ["Event", "RequestResponse"]);
}

#[tokio::test]
async fn a_webhook_knows_who_calls() {
    let webhook = Webhook::start(SECRET).await;
    let scene = Scene::webhook(&webhook).await;
    webhook.on("check", |_| Reply::Response(json!({ "autoVerifyEmail": true })));
    let answer = scene.call(Trigger::PreSignUp, "check").await.unwrap();
    assert_eq!(answer["response"]["autoVerifyEmail"], true);
    let [call] = &webhook.calls()[..] else { panic!("one call") };
    assert_eq!(call.event, event());
    // The server's clock: 2026-03-03 04:05:06 UTC.
    assert_eq!(call.headers["x-cognate-timestamp"], "1772510706");
    // The webhook has checked it, or there would be no call.
    assert!(call.headers["x-cognate-signature"].to_str().unwrap().starts_with("v1="));

    let other = webhook.setting("check").replace(SECRET, "a secret of somebody else");
    let stranger = Scene::with(&[("triggers.webhooks", &other), ("outbound.extra_ca_file", &webhook.ca_file())]).await;
    assert_eq!(stranger.refused(Trigger::PreSignUp, "check").await, failed("HTTP 401"));
    assert_eq!(webhook.calls().len(), 1);
}

#[tokio::test]
async fn a_webhook_fails_in_the_same_words() {
    let webhook = Webhook::start(SECRET).await;
    let scene = Scene::webhook(&webhook).await;
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("HTTP 404"));
    webhook.on("check", |_| Reply::Throws("Domain not allowed".into()));
    let thrown = "PreSignUp failed with error Domain not allowed.".to_owned();
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, (Code::UserLambdaValidation, thrown));
    webhook.on("check", |_| Reply::Raw(b"<html>".to_vec()));
    let garbage = "Invalid lambda function output : Invalid JSON".to_owned();
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, (Code::InvalidLambdaResponse, garbage));
    webhook.on("check", |_| Reply::Value(json!({ "response": {} })));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, unrecognizable());
    webhook.on("check", |_| Reply::Raw(vec![b' '; 2 * 1024 * 1024]));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, unrecognizable());
    webhook.on("check", |_| Reply::Redirect("https://localhost:1/".into()));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("HTTP 307"));
    let before = webhook.calls().len();
    webhook.on("check", |_| Reply::Refused(503, ""));
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("HTTP 503"));
    assert_eq!(webhook.calls().len() - before, 3, "a webhook that is away for a moment is tried again");
    webhook.on("check", |_| Reply::Raw(b"any".to_vec()));
    assert_eq!(scene.call(Trigger::CustomEmailSender, "check").await.unwrap(), Value::Null);
}

#[tokio::test]
async fn a_webhook_with_a_certificate_of_nobodys_is_not_called() {
    let webhook = Webhook::start(SECRET).await;
    let scene = Scene::with(&[("triggers.webhooks", &webhook.setting("check"))]).await;
    webhook.on("check", |_| Reply::Echo);
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("Connection failed"));
    assert!(webhook.calls().is_empty());
}

#[tokio::test]
async fn dev_runs_programs() {
    let setting = |program: &str| format!("{{ \"{}\" = [\"sh\", \"-c\", '''{program}'''] }}", arn("check"));
    let call = async |program: &str| {
        let scene = Scene::with(&[("triggers.commands", &setting(program))]).await;
        scene.call(Trigger::PreSignUp, "check").await
    };
    let mut confirmed = event();
    confirmed["response"]["autoConfirmUser"] = true.into();
    let confirm = r#"sed 's/"autoConfirmUser":false/"autoConfirmUser":true/'"#;
    assert_eq!(call(confirm).await.unwrap(), confirmed);
    let validation = |text: &str| Err((Code::UserLambdaValidation, format!("PreSignUp failed with error {text}.")));
    assert_eq!(call(r#"echo '{"errorMessage":"no"}'; exit 1"#).await, validation("no"));
    assert_eq!(call("exit 3").await, validation("exit status: 3"));
    assert_eq!(call("exit 0").await.unwrap_err().0, Code::InvalidLambdaResponse);
    assert_eq!(call("yes").await.unwrap_err(), unrecognizable());
    let began = Instant::now();
    let refused = call("exec sleep 60").await.unwrap_err();
    assert_eq!(refused, failed("Socket timeout while invoking Lambda function"));
    assert!(began.elapsed() < Duration::from_secs(8), "the program is ended");

    let absent = format!("{{ \"{}\" = [\"no-such-program-here\"] }}", arn("check"));
    let scene = Scene::with(&[("triggers.commands", &absent)]).await;
    assert_eq!(scene.refused(Trigger::PreSignUp, "check").await, failed("ResourceNotFoundException"));
}
