//! Every `triggerSource`, and the operation that brings it about.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, Webhook, arn};
use serde_json::{Map, Value, json};
use tempfile::NamedTempFile;

use crate::device::{Device, SECRET};
use crate::people::{self, PASSWORD, by_password, confirmed, text};
use crate::second_factors::sending;

const TEMPORARY: &str = "Temporary-Horse-7";
const KMS_KEY: &str = "arn:aws:kms:us-east-1:000000000000:key/1b9c7d3e-5a41-4d20-9c26-0d3b2f6a8e11";

/// Each way a user is sent something: the trigger, and what it sends to.
const WAYS: [(&str, &str); 4] = [
    ("CustomMessage", "email"),
    ("CustomMessage", "phone_number"),
    ("CustomEmailSender", "email"),
    ("CustomSMSSender", "phone_number"),
];

/// A key for custom senders, in a file of its own.
fn key() -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), STANDARD.encode([7; 32])).unwrap();
    file
}

/// A `LambdaConfig` with these triggers, all of them the function `f`.
fn lambda_config(triggers: &[&str]) -> Value {
    let mut config = json!({ "KMSKeyID": KMS_KEY });
    for trigger in triggers {
        let versioned = json!({ "LambdaVersion": "V1_0", "LambdaArn": arn("f") });
        let is_versioned = trigger.ends_with("Sender") || *trigger == "InboundFederation";
        config[trigger] = if is_versioned { versioned } else { arn("f").into() };
    }
    config
}

/// The address or number so many moves after the first, and the medium it is reached by.
fn reach(attribute: &str, moves: usize) -> (String, &'static str) {
    match attribute {
        "email" => (format!("ada{moves}@example.com"), "EMAIL"),
        _ => (format!("+1206555010{moves}"), "SMS"),
    }
}

/// A pool with these triggers, all of them the function `f`, which lets everything be.
pub struct Scene {
    pub lambda: Lambda,
    pub server: TestServer,
    pub pool: String,
    pub client: String,
    _key: NamedTempFile,
}

/// The `clientId` of what administrators ask for without naming a client.
pub const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

impl Scene {
    pub async fn new(triggers: &[&str], mut settings: Value) -> Self {
        let lambda = Lambda::start().await;
        lambda.on("f", |_| Reply::Echo);
        let key = key();
        let server = TestServer::with(&[
            ("triggers.endpoint", &lambda.url()),
            ("triggers.encryption_key_file", key.path().to_str().unwrap()),
        ])
        .await;
        settings["LambdaConfig"] = lambda_config(triggers);
        let pool = server.pool(settings).await;
        let client = server.client(&pool, json!({})).await;
        Self { lambda, server, pool, client, _key: key }
    }

    /// The answer to an operation, which must have run `expected` and nothing else. `UserPoolId` or `ClientId` is given.
    pub async fn runs(&self, operation: &str, mut request: Value, expected: &[&str]) -> Value {
        let before = self.lambda.sources().len();
        if operation.starts_with("Admin") {
            request["UserPoolId"] = self.pool.as_str().into();
        }
        if request.get("AccessToken").is_none() && (!operation.starts_with("Admin") || operation.ends_with("Auth")) {
            request["ClientId"] = self.client.as_str().into();
        }
        let answer = self.server.ok(operation, request).await;
        assert_eq!(self.lambda.sources()[before..], *expected, "{operation}");
        answer
    }

    pub fn last(&self) -> Value {
        self.lambda.events("f").pop().unwrap()
    }

    /// An event of version 1 from `source`, about `name`, in a request of that client.
    #[expect(clippy::needless_pass_by_value, reason = "callers make the values for this alone")]
    pub fn event(&self, source: &str, name: &str, client: &str, request: Value, response: Value) -> Value {
        json!({
            "version": "1", "triggerSource": source, "region": "us-east-1", "userPoolId": self.pool, "userName": name,
            "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client },
            "request": request, "response": response,
        })
    }

    /// What an administrator sees of the user, in the form of `userAttributes`.
    pub async fn attributes(&self, name: &str) -> Value {
        let user = self.server.ok("AdminGetUser", json!({ "UserPoolId": self.pool, "Username": name })).await;
        let given = user["UserAttributes"].as_array().unwrap().iter();
        let mut all: Map<_, _> = given.map(|one| (text(one, "Name").to_owned(), one["Value"].clone())).collect();
        all.insert("cognito:user_status".to_owned(), user["UserStatus"].clone());
        Value::Object(all)
    }

    /// The last event must be that of a message to `name`, whole.
    pub async fn assert_message(&self, source: &str, name: &str, client: &str, metadata: Value) {
        let told = self.last();
        let mut request = json!({ "userAttributes": self.attributes(name).await });
        let (trigger, kind) = source.split_once('_').unwrap();
        if trigger == "CustomMessage" {
            request["codeParameter"] = "{####}".into();
            request["linkParameter"] = "{##Click Here##}".into();
            request["usernameParameter"] = if kind == "AdminCreateUser" { "{username}".into() } else { Value::Null };
            if !metadata.is_null() {
                request["clientMetadata"] = metadata;
            }
            let response = json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null });
            assert_eq!(told, self.event(source, name, client, request, response));
            return;
        }
        let mail = trigger == "CustomEmailSender";
        request["type"] = if mail { "customEmailSenderRequestV1" } else { "customSMSSenderRequestV1" }.into();
        request["clientMetadata"] = metadata;
        request["code"] = told["request"]["code"].clone();
        if kind != "AccountTakeOverNotification" {
            let sealed = STANDARD.decode(text(&request, "code")).unwrap();
            assert_eq!(sealed[0], 2, "a message of the AWS Encryption SDK, version 2");
            let bound = sealed.windows(self.pool.len()).any(|window| window == self.pool.as_bytes());
            assert!(bound, "it is bound to the pool");
        }
        let mut expected = self.event(source, name, client, request, Value::Null);
        expected.as_object_mut().unwrap().remove("response");
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn each_message_has_a_source() {
    for (trigger, attribute) in WAYS {
        let mut settings = sending();
        settings["AutoVerifiedAttributes"] = json!([attribute]);
        let scene = Scene::new(&[trigger], settings).await;
        let (first, medium) = reach(attribute, 0);
        let value = |moves| json!([{ "Name": attribute, "Value": reach(attribute, moves).0 }]);
        let verified = json!([{ "Name": format!("{attribute}_verified"), "Value": "true" }]);
        let m = json!({ "m": "1" });
        let ada = json!({ "Username": "ada", "ClientMetadata": m });
        let mut sign_up = ada.clone();
        sign_up["Password"] = PASSWORD.into();
        sign_up["UserAttributes"] = value(0);
        let verify = json!({ "Username": "ada", "UserAttributes": verified });
        let password = json!({ "Username": "ada", "Password": PASSWORD, "Permanent": true });
        let source = |kind: &str| format!("{trigger}_{kind}");
        let client = &*scene.client;
        for (operation, request, kind, client) in [
            ("SignUp", sign_up, "SignUp", client),
            ("ResendConfirmationCode", ada.clone(), "ResendCode", client),
            ("AdminConfirmSignUp", ada.clone(), "", ""),
            ("AdminUpdateUserAttributes", verify, "", ""),
            ("ForgotPassword", ada.clone(), "ForgotPassword", client),
            ("AdminResetUserPassword", ada, "ForgotPassword", NO_CLIENT),
            ("AdminSetUserPassword", password, "", ""),
        ] {
            let source = source(kind);
            let expected = if kind.is_empty() { &[][..] } else { &[source.as_str()] };
            scene.runs(operation, request, expected).await;
            if !kind.is_empty() {
                scene.assert_message(&source, "ada", client, m.clone()).await;
            }
        }
        let tokens = people::tokens(&scene.server, &scene.client, "ada").await;
        let token = &tokens["AccessToken"];
        let ask = json!({ "AccessToken": token, "AttributeName": attribute, "ClientMetadata": m });
        let change = json!({ "AccessToken": token, "UserAttributes": value(1), "ClientMetadata": m });
        let by_administrator = json!({ "Username": "ada", "UserAttributes": value(2), "ClientMetadata": m });
        let invite = json!({
            "Username": "bob", "UserAttributes": value(3), "DesiredDeliveryMediums": [medium], "ClientMetadata": m,
        });
        for (operation, request, kind, name, client) in [
            ("UpdateUserAttributes", change, "UpdateUserAttribute", "ada", client),
            ("GetUserAttributeVerificationCode", ask, "VerifyUserAttribute", "ada", client),
            ("AdminUpdateUserAttributes", by_administrator, "UpdateUserAttribute", "ada", NO_CLIENT),
            ("AdminCreateUser", invite, "AdminCreateUser", "bob", NO_CLIENT),
        ] {
            let source = source(kind);
            scene.runs(operation, request, &[&source]).await;
            scene.assert_message(&source, name, client, m.clone()).await;
        }
        assert_eq!(scene.server.messages_to(&first) == 0, trigger.ends_with("Sender"), "{trigger} {attribute}");
    }
}

#[tokio::test]
async fn a_code_of_a_sign_in_has_a_source() {
    for (trigger, attribute) in WAYS {
        let mut settings = sending();
        // So that no channel is kept for recovery.
        settings["AccountRecoverySetting"]["RecoveryMechanisms"] = json!([{ "Priority": 1, "Name": "admin_only" }]);
        let scene = Scene::new(&[trigger], settings).await;
        let (mfa, method) = match attribute {
            "email" => (json!({ "EmailMfaConfiguration": { "Message": "{####}", "Subject": "Code" } }), "Email"),
            _ => (json!({ "SmsMfaConfiguration": {} }), "SMS"),
        };
        let mut configuration = mfa;
        configuration["MfaConfiguration"] = "ON".into();
        configuration["UserPoolId"] = scene.pool.as_str().into();
        scene.server.ok("SetUserPoolMfaConfig", configuration).await;
        let (to, _) = reach(attribute, 0);
        let verified = format!("{attribute}_verified");
        let attributes = [(attribute, &*to), (&verified, "true")];
        people::add(&scene.server, &scene.pool, "ada", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
        let mut preference = json!({ "Username": "ada" });
        preference[format!("{method}MfaSettings")] = json!({ "Enabled": true });
        scene.runs("AdminSetUserMFAPreference", preference, &[]).await;
        let mut begin = by_password(&scene.client, "ada", PASSWORD);
        begin["ClientMetadata"] = json!({ "first": "not for messages" });
        let source = format!("{trigger}_Authentication");
        let asked = scene.runs("InitiateAuth", begin, &[&source]).await;
        assert!(["SMS_MFA", "EMAIL_OTP"].contains(&text(&asked, "ChallengeName")));
        scene.assert_message(&source, "ada", &scene.client, Value::Null).await;
    }
}

/// A notice carries no code, and goes the way of the pool's other mail.
#[tokio::test]
async fn a_notice_of_a_risk_has_a_source() {
    let settings = json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" }, "UserPoolTier": "PLUS" });
    let scene = Scene::new(&["CustomEmailSender", "CustomMessage"], settings).await;
    let email = [("email", "alice@example.com"), ("email_verified", "true")];
    people::add(&scene.server, &scene.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &email).await;
    scene.server.ok("AdminInitiateAuth", crate::threat::home(&scene.pool, &scene.client, PASSWORD)).await;
    let action = json!({ "Notify": true, "EventAction": "NO_ACTION" });
    let takeover = json!({
        "Actions": { "LowAction": action, "MediumAction": action, "HighAction": action },
        "NotifyConfiguration": { "SourceArn": "arn:aws:ses:us-east-1:000000000000:identity/security@example.com" },
    });
    let request = json!({ "UserPoolId": scene.pool, "AccountTakeoverRiskConfiguration": takeover });
    scene.server.ok("SetRiskConfiguration", request).await;
    scene.server.ok("AdminInitiateAuth", crate::threat::abroad(&scene.pool, &scene.client)).await;
    for _ in 0..200 {
        if !scene.lambda.calls().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let source = "CustomEmailSender_AccountTakeOverNotification";
    assert_eq!(scene.lambda.sources(), [source]);
    scene.assert_message(source, "alice", NO_CLIENT, Value::Null).await;
    assert_eq!(scene.last()["request"]["code"], Value::Null);
    assert_eq!(scene.server.messages_to("alice@example.com"), 0);
}

#[tokio::test]
async fn administrators_operations_have_the_sources_of_everybodys() {
    let triggers = [
        "PreSignUp",
        "PostConfirmation",
        "PreAuthentication",
        "PostAuthentication",
        "PreTokenGeneration",
        "UserMigration",
    ];
    let scene = Scene::new(&triggers, json!({})).await;
    let sign_up = json!({ "Username": "ada", "Password": PASSWORD });
    scene.runs("SignUp", sign_up, &["PreSignUp_SignUp"]).await;
    let confirm = json!({ "Username": "ada", "ClientMetadata": { "m": "1" } });
    scene.runs("AdminConfirmSignUp", confirm, &["PostConfirmation_ConfirmSignUp"]).await;
    assert_eq!(scene.last()["request"]["clientMetadata"], json!({ "m": "1" }));
    assert_eq!(scene.last()["callerContext"]["clientId"], "CLIENT_ID_NOT_APPLICABLE");
    let begin = |name: &str| {
        let given = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
        json!({ "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": given })
    };
    let all =
        ["PreAuthentication_Authentication", "PostAuthentication_Authentication", "TokenGeneration_Authentication"];
    let signed_in = scene.runs("AdminInitiateAuth", begin("ada"), &all).await;
    let token = text(&signed_in["AuthenticationResult"], "RefreshToken");
    let flow = json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } });
    for operation in ["InitiateAuth", "AdminInitiateAuth"] {
        scene.runs(operation, flow.clone(), &["TokenGeneration_RefreshTokens"]).await;
    }
    let refresh = json!({ "RefreshToken": token, "ClientMetadata": { "m": "2" } });
    scene.runs("GetTokensFromRefreshToken", refresh, &["TokenGeneration_RefreshTokens"]).await;
    assert_eq!(scene.last()["request"]["clientMetadata"], json!({ "m": "2" }));

    let mut stranger = begin("eve");
    stranger["UserPoolId"] = scene.pool.as_str().into();
    stranger["ClientId"] = scene.client.as_str().into();
    assert_eq!(scene.server.refused("AdminInitiateAuth", stranger).await.0, "UserNotFoundException");
    assert_eq!(scene.last()["triggerSource"], "UserMigration_Authentication");
    let set = json!({ "Username": "ada", "Password": PASSWORD, "Permanent": true });
    scene.runs("AdminSetUserPassword", set, &[]).await;
}

#[tokio::test]
async fn tokens_after_a_new_password_have_a_source() {
    let scene = Scene::new(&["PostAuthentication", "PreTokenGeneration"], json!({})).await;
    people::add(&scene.server, &scene.pool, "ada", UserStatus::ForceChangePassword, Some(TEMPORARY), &[]).await;
    let asked = scene.runs("InitiateAuth", by_password(&scene.client, "ada", TEMPORARY), &[]).await;
    let respond = json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"], "ClientMetadata": { "m": "1" },
        "ChallengeResponses": { "USERNAME": "ada", "NEW_PASSWORD": PASSWORD },
    });
    let expected = ["PostAuthentication_Authentication", "TokenGeneration_NewPasswordChallenge"];
    scene.runs("RespondToAuthChallenge", respond, &expected).await;
    let mut attributes = scene.attributes("ada").await;
    // As it was until now.
    attributes["cognito:user_status"] = "FORCE_CHANGE_PASSWORD".into();
    let m = json!({ "m": "1" });
    let after = json!({ "userAttributes": attributes, "newDeviceUsed": false, "clientMetadata": m });
    let tokens = json!({ "userAttributes": attributes, "groupConfiguration": no_groups(), "clientMetadata": m });
    let told = [
        scene.event(expected[0], "ada", &scene.client, after, json!({})),
        scene.event(expected[1], "ada", &scene.client, tokens, json!({ "claimsOverrideDetails": null })),
    ];
    assert_eq!(scene.lambda.events("f"), told);
}

/// The `groupConfiguration` of who is in none.
pub fn no_groups() -> Value {
    json!({ "groupsToOverride": [], "iamRolesToOverride": [], "preferredRole": null })
}

#[tokio::test]
async fn tokens_of_a_proved_device_have_a_source() {
    let settings = json!({ "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true } });
    let scene = Scene::new(&["PostAuthentication", "PreTokenGeneration"], settings).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    let tokens = people::tokens(&scene.server, &scene.client, "ada").await;
    let device = Device::confirm(&scene.server, &tokens).await;
    let mut begin = by_password(&scene.client, "ada", PASSWORD);
    begin["AuthParameters"]["DEVICE_KEY"] = device.key.as_str().into();
    let asked = scene.runs("InitiateAuth", begin, &[]).await;
    let done = device.prove(&scene.server, &scene.client, &asked, SECRET).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string());
    let attributes = scene.attributes("ada").await;
    let after = |new: bool| {
        let request = json!({ "userAttributes": attributes, "newDeviceUsed": new });
        scene.event("PostAuthentication_Authentication", "ada", &scene.client, request, json!({}))
    };
    let tokens = |source| {
        let request = json!({ "userAttributes": attributes, "groupConfiguration": no_groups() });
        scene.event(source, "ada", &scene.client, request, json!({ "claimsOverrideDetails": null }))
    };
    let first = [after(true), tokens("TokenGeneration_Authentication")];
    let proved = [after(false), tokens("TokenGeneration_AuthenticateDevice")];
    assert_eq!(scene.lambda.events("f"), [first, proved].concat());
}

/// Content with whoever is signing in, and asks one thing of who comes by CUSTOM_AUTH.
fn content(event: &Value) -> Reply {
    let rounds = event["request"]["session"].as_array().map_or(0, Vec::len);
    Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
        "DefineAuthChallenge_Authentication" if rounds > 0 => json!({ "issueTokens": true }),
        "DefineAuthChallenge_Authentication" => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
        "VerifyAuthChallengeResponse_Authentication" => json!({ "answerCorrect": true }),
        _ => return Reply::Echo,
    })
}

#[tokio::test]
async fn a_webhook_takes_every_source() {
    let key = key();
    let webhook = Webhook::start("a secret of the two of them").await;
    webhook.on("f", content);
    let server = TestServer::with(&[
        ("triggers.webhooks", &webhook.setting("f")),
        ("outbound.extra_ca_file", &webhook.ca_file()),
        ("triggers.encryption_key_file", key.path().to_str().unwrap()),
    ])
    .await;
    let asking = [
        "PreSignUp",
        "PostConfirmation",
        "PreAuthentication",
        "PostAuthentication",
        "DefineAuthChallenge",
        "CreateAuthChallenge",
        "VerifyAuthChallengeResponse",
        "PreTokenGeneration",
        "UserMigration",
        "CustomMessage",
    ];
    for (triggers, attribute) in
        [(&asking[..], "email"), (&["CustomEmailSender"], "email"), (&["CustomSMSSender"], "phone_number")]
    {
        let mut settings = sending();
        settings["AutoVerifiedAttributes"] = json!([attribute]);
        settings["LambdaConfig"] = lambda_config(triggers);
        let pool = server.pool(settings).await;
        let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_CUSTOM_AUTH"]);
        let client = server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
        let mut sign_up = json!({ "ClientId": client, "Username": "ada", "Password": PASSWORD });
        sign_up["UserAttributes"] = json!([{ "Name": attribute, "Value": reach(attribute, 0).0 }]);
        server.ok("SignUp", sign_up).await;
        if triggers.len() == 1 {
            continue;
        }
        server.ok("AdminConfirmSignUp", json!({ "UserPoolId": pool, "Username": "ada" })).await;
        people::tokens(&server, &client, "ada").await;
        let stranger = by_password(&client, "eve", PASSWORD);
        assert_eq!(server.refused("InitiateAuth", stranger).await.0, "UserNotFoundException");
        let begin = json!({ "ClientId": client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": "ada" } });
        let asked = server.ok("InitiateAuth", begin).await;
        let answer = json!({
            "ClientId": client, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked["Session"],
            "ChallengeResponses": { "USERNAME": "ada", "ANSWER": "anything" },
        });
        server.ok("RespondToAuthChallenge", answer).await;
    }
    let calls = webhook.calls();
    let sources: BTreeSet<_> = calls.iter().map(|call| text(&call.event, "triggerSource")).collect();
    let expected = [
        "CreateAuthChallenge_Authentication",
        "CustomEmailSender_SignUp",
        "CustomMessage_SignUp",
        "CustomSMSSender_SignUp",
        "DefineAuthChallenge_Authentication",
        "PostAuthentication_Authentication",
        "PostConfirmation_ConfirmSignUp",
        "PreAuthentication_Authentication",
        "PreSignUp_SignUp",
        "TokenGeneration_Authentication",
        "UserMigration_Authentication",
        "VerifyAuthChallengeResponse_Authentication",
    ];
    assert_eq!(sources, BTreeSet::from(expected));
}
