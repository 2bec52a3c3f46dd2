//! `cognate triggers`: what it prints, how it calls each kind of target, and what it says of answers that will not do.

use std::path::Path;
use std::process::Output;

use cognate_testkit::lambda::{Lambda, Reply, Webhook, arn};
use cognate_testkit::program;
use serde_json::{Value, json};

/// The program, off the threads that the test's endpoints answer on.
async fn run(directory: &Path, arguments: &[&str]) -> Output {
    let path = std::process::Command::new("sh").args(["-c", "printf %s \"$PATH\""]).output().unwrap().stdout;
    let path = String::from_utf8(path).unwrap();
    let environment = [("PATH", path.as_str())];
    let mut command = program::command(env!("CARGO_BIN_EXE_cognate"), directory, arguments, &environment);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output with the time taken left out.
fn shown(output: &Output) -> String {
    let text = text(&output.stdout);
    let words: Vec<String> = text
        .split(' ')
        .map(|word| {
            if word.bytes().all(|byte| byte.is_ascii_digit()) && !word.is_empty() { "N" } else { word }.to_owned()
        })
        .collect();
    words.join(" ")
}

#[tokio::test]
async fn events_are_printed() {
    let directory = tempfile::tempdir().unwrap();
    let all = text(&run(directory.path(), &["triggers", "events"]).await.stdout);
    assert_eq!(all.lines().count(), 13);
    for trigger in all.lines() {
        let event = run(directory.path(), &["triggers", "events", trigger]).await;
        let event: Value = serde_json::from_slice(&event.stdout).unwrap();
        assert_eq!(event["userName"], "ada", "{trigger}");
    }
    let misspelt = run(directory.path(), &["triggers", "events", "PreSignup2"]).await;
    assert_eq!(misspelt.status.code(), Some(2));
}

#[tokio::test]
async fn a_program_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let program = r#"echo checking >&2; sed 's/"autoConfirmUser":false/"autoConfirmUser":true/'"#;
    let tried = run(directory.path(), &["triggers", "test", "presignup", "--target", program]).await;
    assert_eq!(tried.status.code(), Some(0), "{}", text(&tried.stderr));
    insta::assert_snapshot!(shown(&tried), @r#"
    PreSignUp: program echo checking >&2; sed 's/"autoConfirmUser":false/"autoConfirmUser":true/'
    Answered after N ms. The answer would be taken. Its response:

    {
      "autoConfirmUser": true,
      "autoVerifyEmail": false,
      "autoVerifyPhone": false
    }
    "#);
    assert!(text(&tried.stderr).contains("checking"));

    let tried = run(directory.path(), &["triggers", "test", "PreSignUp", "--target", "echo '{\"response\":{}}'"]).await;
    assert_eq!(tried.status.code(), Some(1));
    insta::assert_snapshot!(shown(&tried), @r#"
    PreSignUp: program echo '{"response":{}}'
    Refused after N ms: the event's member version is missing

    Callers would see InvalidLambdaResponseException: Unrecognizable lambda output
    "#);
    assert_eq!(text(&tried.stderr), "");
}

#[tokio::test]
async fn a_response_is_judged_as_its_trigger_judges_it() {
    let directory = tempfile::tempdir().unwrap();
    let program = r#"sed 's/"autoConfirmUser":false/"autoConfirmUser":"yes"/'"#;
    let tried = run(directory.path(), &["triggers", "test", "PreSignUp", "--target", program, "--json"]).await;
    assert_eq!(tried.status.code(), Some(1));
    let outcome: Value = serde_json::from_slice(&tried.stdout).unwrap();
    assert_eq!(outcome["error"]["message"], "Unrecognizable lambda output");
    assert_eq!(outcome["error"]["why"], "autoConfirmUser must be true or false");
}

/// SECURITY 43: what the server refuses when it is asked, and why, is found before.
#[tokio::test]
async fn an_answer_that_the_server_would_refuse_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let unrecognizable = ("InvalidLambdaResponseException", "Unrecognizable lambda output");
    for (trigger, from, to, (code, message), why) in [
        (
            "CustomMessage",
            r#""emailMessage":null"#,
            r#""emailMessage":"Hello""#,
            unrecognizable,
            "emailMessage leaves out {####}",
        ),
        (
            "CustomMessage",
            r#""smsMessage":null"#,
            r#""smsMessage":"Hello""#,
            unrecognizable,
            "smsMessage leaves out {####}",
        ),
        (
            "PreSignUp",
            r#""autoVerifyPhone":false"#,
            r#""autoVerifyPhone":true"#,
            ("InvalidLambdaResponseException", "phone_number is required to set phone_number_verified to true"),
            "phone_number is required to set phone_number_verified to true",
        ),
        (
            "UserMigration",
            "x",
            "x",
            ("UserNotFoundException", "User does not exist."),
            "userAttributes is missing or null, as where nobody has that name",
        ),
        (
            "UserMigration",
            r#""finalUserStatus":null"#,
            r#""finalUserStatus":"ARCHIVED""#,
            ("UserNotFoundException", "User does not exist."),
            "finalUserStatus must be CONFIRMED or RESET_REQUIRED",
        ),
    ] {
        let program = format!("sed 's/{from}/{to}/'");
        let tried = run(directory.path(), &["triggers", "test", trigger, "--target", &program, "--json"]).await;
        assert_eq!(tried.status.code(), Some(1), "{trigger} {to}");
        let outcome: Value = serde_json::from_slice(&tried.stdout).unwrap();
        assert_eq!(outcome["error"], json!({ "code": code, "message": message, "why": why }));
    }
    for (trigger, from, to) in [
        ("CustomMessage", r#""emailMessage":null"#, r#""emailMessage":"{##Click##} or {####}""#),
        ("CustomMessage", r#""emailMessage":null"#, r#""emailMessage":"{##Click##}""#),
        ("PreSignUp", r#""autoVerifyEmail":false"#, r#""autoVerifyEmail":true"#),
    ] {
        let program = format!("sed 's/{from}/{to}/'");
        let tried = run(directory.path(), &["triggers", "test", trigger, "--target", &program]).await;
        assert_eq!(tried.status.code(), Some(0), "{trigger} {to}: {}", text(&tried.stdout));
    }
}

#[tokio::test]
async fn an_answer_that_counts_for_nothing_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let program = r#"sed 's/"claimsAndScopeOverrideDetails"/"claimsOverrideDetails"/'"#;
    let tried = run(directory.path(), &["triggers", "test", "PreTokenGeneration", "--target", program, "--json"]).await;
    assert_eq!(tried.status.code(), Some(0), "{}", text(&tried.stdout));
    let outcome: Value = serde_json::from_slice(&tried.stdout).unwrap();
    let note = "response.claimsOverrideDetails is not read: an answer to this event has no such member";
    assert_eq!(outcome["notes"], json!([note]));
}

#[tokio::test]
async fn an_event_of_another_trigger_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    let event = run(directory.path(), &["triggers", "events", "PostAuthentication"]).await.stdout;
    std::fs::write(directory.path().join("event.json"), event).unwrap();
    let arguments = ["triggers", "test", "PreAuthentication", "--target", "touch called", "--event", "event.json"];
    let refused = run(directory.path(), &arguments).await;
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(
        text(&refused.stderr),
        "error: event.json: triggerSource is \"PostAuthentication_Authentication\", and this is no event of \
         PreAuthentication\n"
    );
    assert!(!directory.path().join("called").exists());
}

/// SECURITY 42: a webhook is tried where a server may have it, and nowhere else.
#[tokio::test]
async fn a_webhook_without_tls_elsewhere_is_not_tried() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("check.secret"), "a secret of the two of them").unwrap();
    let arguments = ["triggers", "test", "PreSignUp", "--secret-file", "check.secret", "--target", "http://10.0.0.1/"];
    let refused = run(directory.path(), &arguments).await;
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!(text(&refused.stderr), @"error: a webhook's URL must begin with https://, or with http:// on this very machine");
}

#[tokio::test]
async fn an_event_of_ones_own_is_sent() {
    let directory = tempfile::tempdir().unwrap();
    let lambda = Lambda::start().await;
    lambda.on("check", |_| Reply::Throws("Domain not allowed".into()));
    let event = json!({ "triggerSource": "PreSignUp_SignUp", "request": {}, "response": {} });
    std::fs::write(directory.path().join("event.json"), event.to_string()).unwrap();
    let (endpoint, function) = (format!("triggers.endpoint={}", lambda.url()), arn("check"));
    let arguments =
        ["triggers", "test", "PreSignUp", "--set", &endpoint, "--target", &function, "--event", "event.json", "--json"];
    let tried = run(directory.path(), &arguments).await;
    assert_eq!(tried.status.code(), Some(1));
    let outcome: Value = serde_json::from_slice(&tried.stdout).unwrap();
    let expected = json!({
        "code": "UserLambdaValidationException", "message": "PreSignUp failed with error Domain not allowed.",
        "why": "the function refused, with a message of its own",
    });
    assert_eq!(outcome["error"], expected);
    assert_eq!(lambda.events("check"), [event]);
}

#[tokio::test]
async fn a_webhook_is_tried_with_its_secret() {
    let directory = tempfile::tempdir().unwrap();
    let secret = "a secret of the two of them";
    let webhook = Webhook::start(secret).await;
    webhook.on("check", |_| Reply::Response(json!({ "answerCorrect": true })));
    std::fs::write(directory.path().join("check.secret"), format!("{secret}\n")).unwrap();
    let (url, trust) = (webhook.url("check"), format!("outbound.extra_ca_file={}", webhook.ca_file()));
    let arguments = ["triggers", "test", "VerifyAuthChallengeResponse", "--target", &url, "--set", &trust];
    let without = run(directory.path(), &arguments).await;
    assert_eq!(without.status.code(), Some(1));
    insta::assert_snapshot!(text(&without.stderr), @"error: a webhook's calls are signed: name the file with its secret by --secret-file");
    let tried = run(directory.path(), &[&arguments[..], &["--secret-file", "check.secret"]].concat()).await;
    assert_eq!(tried.status.code(), Some(0), "{}", text(&tried.stdout));
    assert!(text(&tried.stdout).contains("\"answerCorrect\": true"));
}

#[tokio::test]
async fn a_senders_code_is_encrypted() {
    let directory = tempfile::tempdir().unwrap();
    let lambda = Lambda::start().await;
    lambda.on("send", |_| Reply::Echo);
    let (endpoint, function) = (format!("triggers.endpoint={}", lambda.url()), arn("send"));
    let arguments = ["triggers", "test", "CustomEmailSender", "--set", &endpoint, "--target", &function];
    let open = run(directory.path(), &arguments).await;
    insta::assert_snapshot!(shown(&open).replace(&lambda.url(), "http://lambda"), @r#"
    CustomEmailSender: arn:aws:lambda:us-east-1:000000000000:function:send at http://lambda
    Note: request.code is not encrypted here: that needs triggers.encryption_key_file
    Taken after N ms. Nothing else is expected of this trigger.
    "#);
    std::fs::write(directory.path().join("sender.key"), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n").unwrap();
    let key = ["--set", "triggers.encryption_key_file=sender.key"];
    let sealed = run(directory.path(), &[&arguments[..], &key].concat()).await;
    assert_eq!(sealed.status.code(), Some(0), "{}", text(&sealed.stderr));
    let codes: Vec<Value> = lambda.events("send").iter().map(|event| event["request"]["code"].clone()).collect();
    assert_eq!(codes[0], "123456");
    assert!(codes[1].as_str().unwrap().starts_with("AgR4"));
}

/// SECURITY 60: what `dev` alone may do, `serve` refuses, with words that help.
#[tokio::test]
async fn serve_runs_no_programs() {
    let directory = tempfile::tempdir().unwrap();
    let setting = format!("triggers.commands={{ \"{}\" = [\"node\", \"check.mjs\"] }}", arn("check"));
    let refused = run(directory.path(), &["serve", "--set", &setting]).await;
    assert_eq!(refused.status.code(), Some(2));
    insta::assert_snapshot!(text(&refused.stderr), @"error: triggers.commands (from --set): only `cognate dev` runs programs as functions; name a webhook in triggers.webhooks, or an endpoint that speaks Lambda's Invoke API in triggers.endpoint");
}
