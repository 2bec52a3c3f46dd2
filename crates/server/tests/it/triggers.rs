//! Functions in the path of users: what each is told, in which order, and what its answers and failures come to.

use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, Webhook, arn};
use serde_json::{Value, json};

use crate::people::{self, PASSWORD, by_password, claims, confirmed, error, incorrect, text};

const EMAIL: &str = "ada@example.com";

/// A server whose pool has these triggers, all of them the function `f`.
struct Scene {
    lambda: Lambda,
    server: TestServer,
    pool: String,
    client: String,
}

impl Scene {
    async fn new(triggers: &[&str]) -> Self {
        Self::with(triggers, json!({}), json!({})).await
    }

    async fn with(triggers: &[&str], mut settings: Value, client: Value) -> Self {
        let lambda = Lambda::start().await;
        lambda.on("f", |_| Reply::Echo);
        let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
        for trigger in triggers {
            settings["LambdaConfig"][trigger] = arn("f").into();
        }
        settings["AutoVerifiedAttributes"] = json!(["email"]);
        let pool = server.pool(settings).await;
        let client = server.client(&pool, client).await;
        Self { lambda, server, pool, client }
    }

    /// The event that `source` is given for `ada` by this client.
    #[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
    fn event(&self, source: &str, request: Value, response: Value) -> Value {
        json!({
            "version": "1", "triggerSource": source, "region": "us-east-1", "userPoolId": self.pool, "userName": "ada",
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": self.client },
            "request": request, "response": response,
        })
    }

    async fn sign_up(&self) -> Value {
        let body = json!({
            "ClientId": self.client, "Username": "ada", "Password": PASSWORD,
            "UserAttributes": [{ "Name": "email", "Value": EMAIL }],
            "ValidationData": [{ "Name": "v", "Value": "1" }], "ClientMetadata": { "m": "2" },
        });
        self.server.ok("SignUp", body).await
    }

    fn last(&self) -> Value {
        self.lambda.events("f").pop().unwrap()
    }
}

/// A source, and the `response` to its events.
type Answer = (&'static str, fn() -> Value);

fn by_sources(answers: &'static [Answer]) -> impl Fn(&Value) -> Reply + Send + Sync {
    move |event| {
        let source = event["triggerSource"].as_str().unwrap_or_default();
        answers.iter().find(|(of, _)| *of == source).map_or(Reply::Echo, |(_, answer)| Reply::Response(answer()))
    }
}

#[tokio::test]
async fn a_sign_up_is_told_refused_and_waved_through() {
    let scene = Scene::new(&["PreSignUp", "PostConfirmation"]).await;
    scene.lambda.on("f", |_| Reply::Throws("Domain not allowed".to_owned()));
    let sign_up = json!({ "ClientId": scene.client, "Username": "ada", "Password": PASSWORD });
    let refused = scene.server.refused("SignUp", sign_up.clone()).await;
    assert_eq!(refused, error("UserLambdaValidation", "PreSignUp failed with error Domain not allowed."));
    scene.lambda.on("f", by_sources(&[("PreSignUp_SignUp", || json!({ "autoVerifyEmail": true }))]));
    let refused = scene.server.refused("SignUp", sign_up).await;
    assert_eq!(refused.0, "InvalidLambdaResponseException");

    scene
        .lambda
        .on("f", by_sources(&[("PreSignUp_SignUp", || json!({ "autoConfirmUser": true, "autoVerifyEmail": true }))]));
    let made = scene.sign_up().await;
    assert_eq!(made["UserConfirmed"], true);
    let events = scene.lambda.events("f");
    let request = json!({
        "userAttributes": { "email": EMAIL }, "validationData": { "v": "1" }, "clientMetadata": { "m": "2" },
    });
    let response = json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false });
    assert_eq!(events[2], scene.event("PreSignUp_SignUp", request, response));
    let request = json!({
        "userAttributes": {
            "sub": made["UserSub"], "cognito:user_status": "CONFIRMED", "email": EMAIL, "email_verified": "true",
        },
        "clientMetadata": { "m": "2" },
    });
    assert_eq!(events[3], scene.event("PostConfirmation_ConfirmSignUp", request, json!({})));
    assert_eq!(scene.server.messages_to(EMAIL), 0);
}

#[tokio::test]
async fn each_source_of_sign_ups_and_recoveries_runs_once() {
    let scene = Scene::new(&["PreSignUp", "PostConfirmation", "CustomMessage"]).await;
    let (server, client) = (&scene.server, &scene.client);
    scene.sign_up().await;
    server.ok("ResendConfirmationCode", json!({ "ClientId": client, "Username": "ada" })).await;
    let confirm = json!({ "ClientId": client, "Username": "ada", "ConfirmationCode": server.last_code(EMAIL) });
    server.ok("ConfirmSignUp", confirm).await;
    server.ok("ForgotPassword", json!({ "ClientId": client, "Username": "ada" })).await;
    let code = server.last_code(EMAIL);
    let anew = json!({ "ClientId": client, "Username": "ada", "ConfirmationCode": code, "Password": "Other-Horse-8" });
    server.ok("ConfirmForgotPassword", anew).await;
    let signed_in = server.ok("InitiateAuth", by_password(client, "ada", "Other-Horse-8")).await;
    let token = text(&signed_in["AuthenticationResult"], "AccessToken");
    let change = json!([{ "Name": "email", "Value": "new@example.com" }]);
    server.ok("UpdateUserAttributes", json!({ "AccessToken": token, "UserAttributes": change })).await;
    server.ok("GetUserAttributeVerificationCode", json!({ "AccessToken": token, "AttributeName": "email" })).await;
    let made = json!({
        "UserPoolId": scene.pool, "Username": "bob", "DesiredDeliveryMediums": ["EMAIL"],
        "UserAttributes": [{ "Name": "email", "Value": "bob@example.com" }],
    });
    server.ok("AdminCreateUser", made).await;
    assert_eq!(
        scene.lambda.sources(),
        [
            "PreSignUp_SignUp",
            "CustomMessage_SignUp",
            "CustomMessage_ResendCode",
            "PostConfirmation_ConfirmSignUp",
            "CustomMessage_ForgotPassword",
            "PostConfirmation_ConfirmForgotPassword",
            "CustomMessage_UpdateUserAttribute",
            "CustomMessage_VerifyUserAttribute",
            "PreSignUp_AdminCreateUser",
            "CustomMessage_AdminCreateUser",
        ]
    );
    let last = scene.last();
    assert_eq!(last["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    assert_eq!(last["request"]["codeParameter"], "{####}");
    assert_eq!(last["request"]["usernameParameter"], "{username}");
    assert_eq!(last["request"]["userAttributes"]["cognito:user_status"], "FORCE_CHANGE_PASSWORD");
}

#[tokio::test]
async fn a_sign_in_runs_its_triggers_in_order_and_metadata_goes_where_it_may() {
    let scene = Scene::new(&["PreAuthentication", "PostAuthentication", "PreTokenGeneration"]).await;
    let user = confirmed(&scene.server, &scene.pool, "ada").await;
    let mut begin = by_password(&scene.client, "ada", PASSWORD);
    begin["ClientMetadata"] = json!({ "m": "1" });
    let signed_in = scene.server.ok("InitiateAuth", begin.clone()).await;
    let attributes = json!({ "sub": user.id, "cognito:user_status": "CONFIRMED" });
    let groups = json!({ "groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null });
    let tokens = json!({ "userAttributes": attributes, "groupConfiguration": groups });
    let no_claims = json!({ "claimsOverrideDetails": null });
    let before = json!({ "userAttributes": attributes, "validationData": { "m": "1" } });
    let after = json!({ "userAttributes": attributes, "newDeviceUsed": false });
    assert_eq!(
        scene.lambda.events("f"),
        [
            scene.event("PreAuthentication_Authentication", before, json!({})),
            scene.event("PostAuthentication_Authentication", after, json!({})),
            scene.event("TokenGeneration_Authentication", tokens.clone(), no_claims.clone()),
        ]
    );
    let refresh = json!({
        "ClientId": scene.client, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": { "REFRESH_TOKEN": text(&signed_in["AuthenticationResult"], "RefreshToken") },
    });
    scene.server.ok("InitiateAuth", refresh).await;
    assert_eq!(scene.last(), scene.event("TokenGeneration_RefreshTokens", tokens, no_claims));

    // Refused before the password is judged, and after it: no tokens either way.
    for (trigger, source) in [
        ("PreAuthentication", "PreAuthentication_Authentication"),
        ("PostAuthentication", "PostAuthentication_Authentication"),
    ] {
        scene.lambda.on("f", move |event| {
            if event["triggerSource"] == source { Reply::Throws("no".to_owned()) } else { Reply::Echo }
        });
        let refused = scene.server.refused("InitiateAuth", begin.clone()).await;
        assert_eq!(refused, error("UserLambdaValidation", format!("{trigger} failed with error no.")));
    }
}

/// SECURITY 43: reserved claims stay, what is suppressed goes, and both tokens change by version 2 alone.
#[tokio::test]
async fn functions_change_what_tokens_say() {
    let triggers = json!({ "LambdaConfig": {
        "PreTokenGenerationConfig": { "LambdaVersion": "V2_0", "LambdaArn": arn("f") },
    }});
    let scene = Scene::with(&[], triggers, json!({})).await;
    let user = confirmed(&scene.server, &scene.pool, "ada").await;
    scene.lambda.on("f", |_| {
        Reply::Response(json!({ "claimsAndScopeOverrideDetails": {
            "idTokenGeneration": { "claimsToAddOrOverride": { "sub": "forged", "level": { "n": [1] } } },
            "accessTokenGeneration": {
                "claimsToAddOrOverride": { "tenant": 7, "iss": "forged" },
                "scopesToAdd": ["orders/read"], "scopesToSuppress": ["aws.cognito.signin.user.admin"],
            },
            "groupOverrideDetails": { "groupsToOverride": ["g"], "iamRolesToOverride": [], "preferredRole": "" },
        }}))
    });
    let tokens = people::tokens(&scene.server, &scene.client, "ada").await;
    let event = scene.last();
    assert_eq!(
        (&event["version"], &event["request"]["scopes"]),
        (&json!("2"), &json!(["aws.cognito.signin.user.admin"]))
    );
    let id = claims(text(&tokens, "IdToken"));
    assert_eq!((&id["sub"], &id["level"]), (&json!(user.id), &json!({ "n": [1] })));
    assert_eq!(id["cognito:groups"], json!(["g"]));
    let access = claims(text(&tokens, "AccessToken"));
    assert_eq!((&access["tenant"], &access["scope"]), (&json!(7), &json!("orders/read")));
    assert_ne!(access["iss"], "forged");
    let get = json!({ "AccessToken": text(&tokens, "AccessToken") });
    assert_eq!(scene.server.refused("GetUser", get).await.0, "NotAuthorizedException");

    scene.lambda.on("f", |_| Reply::Response(json!({ "claimsAndScopeOverrideDetails": [] })));
    let refused = scene.server.refused("InitiateAuth", by_password(&scene.client, "ada", PASSWORD)).await;
    assert_eq!(refused, error("InvalidLambdaResponse", "Unrecognizable lambda output"));
}

#[tokio::test]
async fn users_of_another_directory_move_in() {
    let scene = Scene::new(&["UserMigration"]).await;
    let begin = by_password(&scene.client, "ada", "Old-password");
    let refused = scene.server.refused("InitiateAuth", begin.clone()).await;
    assert_eq!(refused, error("UserNotFound", "User does not exist."));
    let request = json!({ "userAttributes": null, "validationData": null, "password": "Old-password" });
    let response = json!({
        "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
        "messageAction": null, "desiredDeliveryMediums": null,
    });
    assert_eq!(scene.last(), scene.event("UserMigration_Authentication", request, response));
    scene.lambda.on("f", |_| Reply::Throws("secret words".to_owned()));
    assert_eq!(scene.server.refused("InitiateAuth", begin.clone()).await.0, "UserNotFoundException");

    scene.lambda.on("f", |_| {
        let attributes = json!({ "email": EMAIL, "email_verified": "true" });
        Reply::Response(
            json!({ "userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS" }),
        )
    });
    let signed_in = scene.server.ok("InitiateAuth", begin.clone()).await;
    assert!(signed_in["AuthenticationResult"]["IdToken"].is_string());
    let calls = scene.lambda.calls().len();
    scene.server.ok("InitiateAuth", begin).await;
    assert_eq!(scene.lambda.calls().len(), calls, "a user who is here already is not looked for elsewhere");
    assert_eq!(scene.server.messages_to(EMAIL), 0);

    let forgot = json!({ "ClientId": scene.client, "Username": "eve" });
    scene.lambda.on("f", |_| {
        Reply::Response(json!({ "userAttributes": { "email": "eve@example.com", "email_verified": "true" } }))
    });
    scene.server.ok("ForgotPassword", forgot).await;
    assert_eq!(scene.last()["triggerSource"], "UserMigration_ForgotPassword");
    assert!(scene.last()["request"].get("password").is_none());
    assert!(!scene.server.last_code("eve@example.com").is_empty());
    let refused = scene.server.refused("InitiateAuth", by_password(&scene.client, "eve", PASSWORD)).await;
    assert_eq!(refused.0, "PasswordResetRequiredException");
}

/// Whoever comes at the same moment finds the user whom the other one has brought.
#[tokio::test(flavor = "multi_thread")]
async fn users_of_another_directory_move_in_once() {
    let scene = Scene::new(&["UserMigration"]).await;
    scene.lambda.on("f", |_| {
        let attributes = json!({ "email": EMAIL, "email_verified": "true" });
        let answer = Reply::Response(
            json!({ "userAttributes": attributes, "finalUserStatus": "CONFIRMED", "messageAction": "SUPPRESS" }),
        );
        Reply::After(std::time::Duration::from_millis(100), Box::new(answer))
    });
    let server = &scene.server;
    let sign_in = |name: &str| server.call("InitiateAuth", by_password(&scene.client, name, "Old-password"));
    let (first, second, third) = tokio::join!(sign_in("ada"), sign_in("ada"), sign_in("ada"));
    for answer in [first, second, third] {
        assert_eq!(answer.error(), None);
    }
    let forgot = || server.call("ForgotPassword", json!({ "ClientId": scene.client, "Username": "eve" }));
    let before = scene.lambda.calls().len();
    let (first, second) = tokio::join!(forgot(), forgot());
    assert_eq!((first.error(), second.error()), (None, None));
    assert_eq!(scene.lambda.calls().len(), before + 2, "both have asked before either was answered");
}

const CUSTOM: [&str; 3] = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"];

/// Asks for `42`, three times at most; `SRP_A` asks for the password first.
fn riddle(event: &Value) -> Reply {
    let request = &event["request"];
    match event["triggerSource"].as_str().unwrap_or_default() {
        "DefineAuthChallenge_Authentication" => {
            let rounds = request["session"].as_array().unwrap();
            let last = rounds.last();
            let name = last.map_or("", |last| last["challengeName"].as_str().unwrap());
            let right = last.is_some_and(|last| last["challengeResult"] == true);
            Reply::Response(match name {
                "SRP_A" => json!({ "challengeName": "PASSWORD_VERIFIER" }),
                "CUSTOM_CHALLENGE" if right => json!({ "issueTokens": true }),
                _ if rounds.len() >= 3 => json!({ "failAuthentication": true }),
                _ => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
            })
        }
        "CreateAuthChallenge_Authentication" => Reply::Response(json!({
            "publicChallengeParameters": { "question": "?" }, "privateChallengeParameters": { "answer": "42" },
            "challengeMetadata": "RIDDLE",
        })),
        "VerifyAuthChallengeResponse_Authentication" => {
            let right = request["challengeAnswer"] == request["privateChallengeParameters"]["answer"];
            Reply::Response(json!({ "answerCorrect": right }))
        }
        _ => Reply::Echo,
    }
}

fn custom(client: &str, name: &str) -> Value {
    json!({ "ClientId": client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": name } })
}

fn answer(client: &str, name: &str, session: &Value, answer: &str) -> Value {
    json!({
        "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE", "Session": session,
        "ChallengeResponses": { "USERNAME": name, "ANSWER": answer }, "ClientMetadata": { "m": "1" },
    })
}

#[tokio::test]
async fn functions_ask_until_they_are_content() {
    let flows = json!({ "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"] });
    let scene = Scene::with(&CUSTOM, json!({}), flows).await;
    scene.lambda.on("f", riddle);
    let user = confirmed(&scene.server, &scene.pool, "ada").await;
    let (server, client) = (&scene.server, &scene.client);
    let asked = server.ok("InitiateAuth", custom(client, "ada")).await;
    assert_eq!(asked["ChallengeName"], "CUSTOM_CHALLENGE");
    assert_eq!(asked["ChallengeParameters"], json!({ "question": "?", "USERNAME": "ada" }));
    let again = server.ok("RespondToAuthChallenge", answer(client, "ada", &asked["Session"], "41")).await;
    // An answer uses its session up, wrong as it was.
    let refused = server.refused("RespondToAuthChallenge", answer(client, "ada", &asked["Session"], "42")).await;
    assert_eq!(refused, error("NotAuthorized", "Invalid session for the user, session can only be used once."));
    let done = server.ok("RespondToAuthChallenge", answer(client, "ada", &again["Session"], "42")).await;
    assert!(done["AuthenticationResult"]["IdToken"].is_string());

    let attributes = json!({ "sub": user.id, "cognito:user_status": "CONFIRMED" });
    let round = |result: bool| json!({ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": result, "challengeMetadata": "RIDDLE" });
    let define = json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
    let events = scene.lambda.events("f");
    let first = json!({ "userAttributes": attributes, "session": [] });
    assert_eq!(events[0], scene.event("DefineAuthChallenge_Authentication", first, define.clone()));
    let create = json!({ "userAttributes": attributes, "challengeName": "CUSTOM_CHALLENGE", "session": [] });
    let nothing = json!({
        "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null,
    });
    assert_eq!(events[1], scene.event("CreateAuthChallenge_Authentication", create, nothing));
    let verify = json!({
        "userAttributes": attributes, "privateChallengeParameters": { "answer": "42" }, "challengeAnswer": "41",
        "clientMetadata": { "m": "1" },
    });
    let unjudged = json!({ "answerCorrect": null });
    assert_eq!(events[2], scene.event("VerifyAuthChallengeResponse_Authentication", verify, unjudged));
    let last = json!({
        "userAttributes": attributes, "session": [round(false), round(true)], "clientMetadata": { "m": "1" },
    });
    assert_eq!(scene.last(), scene.event("DefineAuthChallenge_Authentication", last, define));

    let mut session = server.ok("InitiateAuth", custom(client, "ada")).await["Session"].clone();
    for _ in 0..2 {
        session = server.ok("RespondToAuthChallenge", answer(client, "ada", &session, "0")).await["Session"].clone();
    }
    assert_eq!(server.refused("RespondToAuthChallenge", answer(client, "ada", &session, "0")).await, incorrect());
}

#[tokio::test]
async fn nobodys_name_is_asked_and_never_gets_tokens() {
    let settings = json!({ "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"], "PreventUserExistenceErrors": "ENABLED" });
    let scene = Scene::with(&CUSTOM, json!({}), settings).await;
    scene.lambda.on("f", riddle);
    let (server, client) = (&scene.server, &scene.client);
    let asked = server.ok("InitiateAuth", custom(client, "nobody")).await;
    let request = &scene.lambda.events("f")[0]["request"];
    assert_eq!((&request["userNotFound"], &request["userAttributes"]), (&json!(true), &json!({})));
    let refused = server.refused("RespondToAuthChallenge", answer(client, "nobody", &asked["Session"], "42")).await;
    assert_eq!(refused, incorrect());

    let bare = server.pool(json!({})).await;
    let client = server.client(&bare, json!({ "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"] })).await;
    let refused = server.refused("InitiateAuth", custom(&client, "nobody")).await;
    let words = "Custom auth lambda trigger is not configured for the user pool.";
    assert_eq!(refused, error("InvalidParameter", words));
}

#[tokio::test]
async fn a_message_has_the_words_of_the_function() {
    let settings = json!({ "EmailConfiguration": {
        "EmailSendingAccount": "DEVELOPER", "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
    }});
    let scene = Scene::with(&["CustomMessage"], settings, json!({})).await;
    scene.lambda.on("f", |_| Reply::Response(json!({ "emailSubject": "Hi", "emailMessage": "Yours: {####}" })));
    scene.sign_up().await;
    let messages = scene.server.cx.inbox.messages();
    assert!(messages.iter().any(|message| message.to == EMAIL && message.code.is_some()));
    scene.lambda.on("f", |_| Reply::Response(json!({ "emailMessage": "nothing to redeem" })));
    let resend = json!({ "ClientId": scene.client, "Username": "ada" });
    let refused = scene.server.refused("ResendConfirmationCode", resend).await;
    assert_eq!(refused, error("InvalidLambdaResponse", "Unrecognizable lambda output"));
}

#[tokio::test]
async fn a_webhook_decides_as_a_function_does() {
    let webhook = Webhook::start("a secret of the two of them").await;
    let settings = [("triggers.webhooks", &*webhook.setting("f")), ("outbound.extra_ca_file", &webhook.ca_file())];
    let server = TestServer::with(&settings).await;
    let pool =
        server.pool(json!({ "LambdaConfig": { "PreAuthentication": arn("f"), "PreTokenGeneration": arn("f") } }));
    let pool = pool.await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "ada").await;
    webhook.on("f", |event| {
        let tenant = json!({ "claimsOverrideDetails": { "claimsToAddOrOverride": { "tenant": "t" } } });
        if event["triggerSource"] == "TokenGeneration_Authentication" { Reply::Response(tenant) } else { Reply::Echo }
    });
    let tokens = people::tokens(&server, &client, "ada").await;
    assert_eq!(claims(text(&tokens, "IdToken"))["tenant"], "t");
    assert_eq!(webhook.calls().len(), 2);
    webhook.on("f", |_| Reply::Throws("closed".to_owned()));
    let refused = server.refused("InitiateAuth", by_password(&client, "ada", PASSWORD)).await;
    assert_eq!(refused, error("UserLambdaValidation", "PreAuthentication failed with error closed."));
}
