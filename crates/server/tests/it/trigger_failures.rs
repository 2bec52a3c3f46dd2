//! What is left of an operation whose function fails: who exists then, who is confirmed, what was judged.

use cognate_testkit::lambda::Reply;
use serde_json::{Value, json};

use crate::people::{self, PASSWORD, by_password, confirmed, error, incorrect};
use crate::trigger_sources::Scene;

const EMAIL: &str = "ada@example.com";

fn thrown(trigger: &str) -> (String, String) {
    error("UserLambdaValidation", format!("{trigger} failed with error no."))
}

fn unrecognizable() -> (String, String) {
    error("InvalidLambdaResponse", "Unrecognizable lambda output")
}

impl Scene {
    fn throws(&self) {
        self.lambda.on("f", |_| Reply::Throws("no".to_owned()));
    }

    fn answers(&self, response: Value) {
        self.lambda.on("f", move |_| Reply::Response(response.clone()));
    }

    fn sign_up(&self) -> Value {
        json!({
            "ClientId": self.client, "Username": "ada", "Password": PASSWORD,
            "UserAttributes": [{ "Name": "email", "Value": EMAIL }],
        })
    }

    async fn status(&self) -> Option<Value> {
        let who = json!({ "UserPoolId": self.pool, "Username": "ada" });
        let answer = self.server.call("AdminGetUser", who).await;
        (answer.status == 200).then(|| answer.json()["UserStatus"].clone())
    }
}

async fn mailing(triggers: &[&str]) -> Scene {
    Scene::new(triggers, json!({ "AutoVerifiedAttributes": ["email"] })).await
}

#[tokio::test]
async fn nobody_is_signed_up_against_the_function() {
    let scene = mailing(&["PreSignUp"]).await;
    scene.throws();
    assert_eq!(scene.server.refused("SignUp", scene.sign_up()).await, thrown("PreSignUp"));
    let made = json!({ "UserPoolId": scene.pool, "Username": "ada" });
    assert_eq!(scene.server.refused("AdminCreateUser", made).await, thrown("PreSignUp"));
    assert_eq!(scene.status().await, None);
    assert_eq!(scene.server.messages_to(EMAIL), 0);
}

#[tokio::test]
async fn who_is_confirmed_stays_confirmed() {
    let scene = mailing(&["PostConfirmation"]).await;
    scene.server.ok("SignUp", scene.sign_up()).await;
    scene.throws();
    let code = scene.server.last_code(EMAIL);
    let confirm = json!({ "ClientId": scene.client, "Username": "ada", "ConfirmationCode": code });
    assert_eq!(scene.server.refused("ConfirmSignUp", confirm.clone()).await, thrown("PostConfirmation"));
    assert_eq!(scene.status().await, Some("CONFIRMED".into()));
    let again = error("NotAuthorized", "User cannot be confirmed. Current status is CONFIRMED");
    assert_eq!(scene.server.refused("ConfirmSignUp", confirm).await, again);

    // A password that was forgotten is replaced all the same.
    scene.server.ok("ForgotPassword", json!({ "ClientId": scene.client, "Username": "ada" })).await;
    let code = scene.server.last_code(EMAIL);
    let renew =
        json!({ "ClientId": scene.client, "Username": "ada", "ConfirmationCode": code, "Password": "Other-Horse-8" });
    assert_eq!(scene.server.refused("ConfirmForgotPassword", renew).await, thrown("PostConfirmation"));
    scene.server.ok("InitiateAuth", by_password(&scene.client, "ada", "Other-Horse-8")).await;
}

/// SECURITY 22: who may not even try learns nothing about the password, and nothing is counted.
#[tokio::test]
async fn a_password_is_not_judged_before_the_function_agrees() {
    let scene = Scene::new(&["PreAuthentication"], json!({})).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    scene.throws();
    for password in [PASSWORD, "Wrong-Horse-1"].repeat(4) {
        let refused = scene.server.refused("InitiateAuth", by_password(&scene.client, "ada", password)).await;
        assert_eq!(refused, thrown("PreAuthentication"));
    }
    scene.answers(json!({}));
    people::tokens(&scene.server, &scene.client, "ada").await;
}

#[tokio::test]
async fn a_user_whose_message_has_no_words_exists() {
    let scene = mailing(&["CustomMessage"]).await;
    scene.throws();
    assert_eq!(scene.server.refused("SignUp", scene.sign_up()).await, thrown("CustomMessage"));
    assert_eq!(scene.status().await, Some("UNCONFIRMED".into()));
    assert_eq!(scene.server.messages_to(EMAIL), 0);

    // The words of an e-mail are the function's where the e-mail is the pool's own.
    let resend = json!({ "ClientId": scene.client, "Username": "ada" });
    for words in [json!({ "emailMessage": "Yours: {####}" }), json!({ "emailSubject": "Yours" })] {
        scene.answers(words);
        assert_eq!(scene.server.refused("ResendConfirmationCode", resend.clone()).await, unrecognizable());
    }
    // Nobody asks how a text message would read.
    scene.answers(json!({ "smsMessage": "no code in it" }));
    scene.server.ok("ResendConfirmationCode", resend).await;
    assert_eq!(scene.server.messages_to(EMAIL), 1);
}

/// What the other directory says of its troubles is not for callers, whether or not they may know who exists.
#[tokio::test]
async fn a_migration_that_fails_is_a_user_who_is_not_there() {
    let scene = Scene::new(&["UserMigration"], json!({})).await;
    let hiding = scene.server.client(&scene.pool, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    let attempt = async |client: &str| scene.server.refused("InitiateAuth", by_password(client, "ada", PASSWORD)).await;
    let not_there = error("UserNotFound", "User does not exist.");
    scene.throws();
    assert_eq!((attempt(&scene.client).await, attempt(&hiding).await), (not_there.clone(), incorrect()));
    scene.lambda.on("f", |_| Reply::Refused(403, "AccessDeniedException"));
    assert_eq!((attempt(&scene.client).await, attempt(&hiding).await), (not_there, incorrect()));
    assert_eq!(scene.status().await, None);
}

#[tokio::test]
async fn tokens_are_not_made_from_answers_that_make_no_sense() {
    let scene = Scene::new(&["PreTokenGeneration"], json!({})).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    // Version 1 knows texts alone.
    for claims in [json!({ "a": [] }), json!({ "a": {} }), json!({ "a": 1 }), json!([])] {
        scene.answers(json!({ "claimsOverrideDetails": { "claimsToAddOrOverride": claims } }));
        let refused = scene.server.refused("InitiateAuth", by_password(&scene.client, "ada", PASSWORD)).await;
        assert_eq!(refused, unrecognizable(), "{claims}");
    }
}

/// Each way to fail, as a caller of the API sees it.
#[tokio::test]
async fn a_caller_sees_how_a_function_fails() {
    let scene = Scene::new(&["PreAuthentication"], json!({})).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    let failed =
        |why: &str| error("UnexpectedLambda", format!("PreAuthentication invocation failed due to error {why}."));
    let invalid = error("InvalidLambdaResponse", "Invalid lambda function output : Invalid JSON");
    let late = Reply::After(std::time::Duration::from_secs(30), Box::new(Reply::Echo));
    for (reply, expected) in [
        (Reply::Throws("no".to_owned()), thrown("PreAuthentication")),
        (Reply::Refused(403, "AccessDeniedException"), failed("AccessDeniedException")),
        (Reply::Refused(409, "ResourceConflictException"), failed("ResourceConflictException")),
        (Reply::Refused(404, "ResourceNotFoundException"), failed("ResourceNotFoundException")),
        (Reply::Refused(429, "TooManyRequestsException"), failed("TooManyRequestsException")),
        (late, failed("Socket timeout while invoking Lambda function")),
        (Reply::Value(json!({ "response": {} })), unrecognizable()),
        (Reply::Raw(b"<html>".to_vec()), invalid),
    ] {
        scene.lambda.on("f", move |_| reply.clone());
        let refused = scene.server.refused("InitiateAuth", by_password(&scene.client, "ada", PASSWORD)).await;
        assert_eq!(refused, expected);
    }
}
