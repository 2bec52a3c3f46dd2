//! CUSTOM_AUTH through the official SDK: functions that ask for riddles, passwords and second factors.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthOutput;
use aws_sdk_cognitoidentityprovider::operation::respond_to_auth_challenge::RespondToAuthChallengeOutput;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::device::{Device, SECRET};
use crate::people::{self, Exchange, PASSWORD, error, incorrect};

const TEMPORARY: &str = "Temporary-Horse-7";
const PHONE: &str = "+12065550100";

type Refusal = (String, String);

/// What DefineAuthChallenge, CreateAuthChallenge and VerifyAuthChallengeResponse say: `first` is asked first, a password
/// after SRP_A, then a riddle, three times at most. Who is right gets tokens.
fn functions(first: &'static str) -> impl Fn(&Value) -> Reply + Send + Sync {
    move |event| {
        let request = &event["request"];
        Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
            "DefineAuthChallenge_Authentication" => define(first, request["session"].as_array().unwrap()),
            "CreateAuthChallenge_Authentication" => json!({
                "publicChallengeParameters": { "question": "6 x 7" },
                "privateChallengeParameters": { "answer": "42" },
                "challengeMetadata": format!("RIDDLE_{}", request["session"].as_array().unwrap().len()),
            }),
            "VerifyAuthChallengeResponse_Authentication" => {
                json!({ "answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"]["answer"] })
            }
            _ => return Reply::Echo,
        })
    }
}

fn define(first: &str, rounds: &[Value]) -> Value {
    let riddles = rounds.iter().filter(|round| round["challengeName"] == "CUSTOM_CHALLENGE").count();
    let Some(last) = rounds.last() else { return json!({ "challengeName": first }) };
    match last["challengeName"].as_str().unwrap() {
        "SRP_A" => json!({ "challengeName": "PASSWORD_VERIFIER", "issueTokens": false, "failAuthentication": false }),
        "CUSTOM_CHALLENGE" if last["challengeResult"] == true => json!({ "issueTokens": true }),
        "CUSTOM_CHALLENGE" if riddles == 3 => json!({ "issueTokens": false, "failAuthentication": true }),
        _ => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
    }
}

fn refusal(error: &impl ProvideErrorMetadata) -> Refusal {
    (error.code().unwrap().to_owned(), error.message().unwrap_or_default().to_owned())
}

fn spent() -> Refusal {
    error("NotAuthorized", "Invalid session for the user, session can only be used once.")
}

/// The entry of a session for a built-in challenge that went well.
fn passed(challenge: &str) -> Value {
    json!({ "challengeName": challenge, "challengeResult": true, "challengeMetadata": null })
}

/// The same for the riddle asked after so many rounds.
fn riddle(after: usize, right: bool) -> Value {
    let metadata = format!("RIDDLE_{after}");
    json!({ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": right, "challengeMetadata": metadata })
}

/// A pool with these functions, and its user `ada`.
struct Scene {
    lambda: Lambda,
    server: TestServer,
    pool: String,
    client: String,
}

impl Scene {
    async fn new(first: &'static str, mut settings: Value) -> Self {
        let lambda = Lambda::start().await;
        lambda.on("f", functions(first));
        let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
        for trigger in ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"] {
            settings["LambdaConfig"][trigger] = arn("f").into();
        }
        let pool = server.pool(settings).await;
        let client = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_CUSTOM_AUTH"] })).await;
        Self { lambda, server, pool, client }
    }

    async fn ada(&self, status: UserStatus, password: &str) -> String {
        let phone = [("phone_number", PHONE), ("phone_number_verified", "true")];
        people::add(&self.server, &self.pool, "ada", status, Some(password), &phone).await.id
    }

    async fn begin(&self, parameters: &[(&str, &str)]) -> InitiateAuthOutput {
        let begin = self.server.sdk().initiate_auth().client_id(&self.client).auth_flow(AuthFlowType::CustomAuth);
        let begin = begin.auth_parameters("USERNAME", "ada").client_metadata("first", "not for these functions");
        let begin = parameters.iter().fold(begin, |begin, (name, value)| begin.auth_parameters(*name, *value));
        begin.send().await.unwrap()
    }

    async fn respond(
        &self,
        name: ChallengeNameType,
        session: Option<&str>,
        answers: &[(&str, &str)],
    ) -> Result<RespondToAuthChallengeOutput, Refusal> {
        let mut all = HashMap::from([("USERNAME".to_owned(), "ada".to_owned())]);
        all.extend(answers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = self.server.sdk().respond_to_auth_challenge().client_id(&self.client).challenge_name(name);
        let request = request.set_session(session.map(str::to_owned)).set_challenge_responses(Some(all));
        let answer = request.client_metadata("tenant", "t1").send().await;
        answer.map_err(|error| refusal(&error.into_service_error()))
    }

    async fn answer(&self, session: Option<&str>, answer: &str) -> Result<RespondToAuthChallengeOutput, Refusal> {
        self.respond(ChallengeNameType::CustomChallenge, session, &[("ANSWER", answer)]).await
    }

    /// Begins with SRP_A and answers PASSWORD_VERIFIER.
    async fn prove(&self, password: &str) -> Result<RespondToAuthChallengeOutput, Refusal> {
        let srp = client::Client::new(self.server.cx.rng.bytes());
        let asked = self.begin(&[("CHALLENGE_NAME", "SRP_A"), ("SRP_A", &srp.a_public())]).await;
        assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
        let challenge = json!({ "ChallengeParameters": asked.challenge_parameters() });
        let now_s = self.server.clock.now_ms() / 1000;
        let proof = Exchange { srp, challenge }.proof(&self.pool, password, now_s);
        let proof: Vec<_> =
            proof.as_object().unwrap().iter().map(|(name, value)| (&**name, value.as_str().unwrap())).collect();
        self.respond(ChallengeNameType::PasswordVerifier, asked.session(), &proof).await
    }

    /// The `request` of every event from that source.
    fn requests(&self, source: &str) -> Vec<Value> {
        let events = self.lambda.events("f").into_iter();
        events.filter(|event| event["triggerSource"] == source).map(|event| event["request"].clone()).collect()
    }

    /// What DefineAuthChallenge was told of the rounds, each time.
    fn sessions(&self) -> Vec<Value> {
        let requests = self.requests("DefineAuthChallenge_Authentication").into_iter();
        requests.map(|request| request["session"].clone()).collect()
    }
}

fn asks_riddle(answer: &RespondToAuthChallengeOutput) -> Option<&str> {
    assert_eq!(answer.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    assert!(answer.authentication_result().is_none());
    answer.session()
}

/// SECURITY 24: a `Session` is good for one answer, right or wrong.
#[tokio::test]
async fn a_wrong_answer_may_be_followed_by_the_right_one() {
    let scene = Scene::new("CUSTOM_CHALLENGE", json!({})).await;
    let id = scene.ada(UserStatus::Confirmed, PASSWORD).await;
    let asked = scene.begin(&[]).await;
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    let parameters = asked.challenge_parameters().unwrap();
    assert_eq!((parameters.len(), &*parameters["question"], &*parameters["USERNAME"]), (2, "6 x 7", "ada"));

    let again = scene.answer(asked.session(), "41").await.unwrap();
    assert_ne!(asks_riddle(&again), asked.session());
    assert_eq!(scene.answer(asked.session(), "42").await.unwrap_err(), spent());
    let done = scene.answer(again.session(), "42").await.unwrap();
    let tokens = done.authentication_result().unwrap();
    assert_eq!(people::claims(tokens.access_token().unwrap())["sub"], id.as_str());
    assert_eq!(scene.answer(again.session(), "42").await.unwrap_err(), spent());

    let all = [json!([]), json!([riddle(0, false)]), json!([riddle(0, false), riddle(1, true)])];
    assert_eq!(scene.sessions(), all, "a refused answer reaches no function");
    let metadata =
        |source| scene.requests(source).iter().map(|told| told["clientMetadata"].clone()).collect::<Vec<_>>();
    let (none, sent) = (Value::Null, json!({ "tenant": "t1" }));
    assert_eq!(metadata("DefineAuthChallenge_Authentication"), [none.clone(), sent.clone(), sent.clone()]);
    assert_eq!(metadata("CreateAuthChallenge_Authentication"), [none, sent.clone()]);
    assert_eq!(metadata("VerifyAuthChallengeResponse_Authentication"), [sent.clone(), sent]);
}

#[tokio::test]
async fn functions_end_a_sign_in() {
    let scene = Scene::new("CUSTOM_CHALLENGE", json!({})).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    let mut session = scene.begin(&[]).await.session;
    for _ in 0..2 {
        session = asks_riddle(&scene.answer(session.as_deref(), "0").await.unwrap()).map(str::to_owned);
    }
    assert_eq!(scene.answer(session.as_deref(), "0").await.unwrap_err(), incorrect());
    assert_eq!(scene.answer(session.as_deref(), "42").await.unwrap_err(), spent());

    // One that decides nothing is content with nobody.
    let session = scene.begin(&[]).await.session;
    scene.lambda.on("f", |_| Reply::Echo);
    let undecided = error("InvalidLambdaResponse", "Unrecognizable lambda output");
    assert_eq!(scene.answer(session.as_deref(), "42").await.unwrap_err(), undecided);
}

#[tokio::test]
async fn a_password_may_come_first() {
    let scene = Scene::new("CUSTOM_CHALLENGE", json!({})).await;
    let id = scene.ada(UserStatus::Confirmed, PASSWORD).await;
    assert_eq!(scene.prove("Wrong-Horse-7").await.unwrap_err(), incorrect());
    assert_eq!(scene.sessions(), [json!([passed("SRP_A")])], "who fails it is asked nothing more");

    let asked = scene.prove(PASSWORD).await.unwrap();
    let done = scene.answer(asks_riddle(&asked), "42").await.unwrap();
    let tokens = done.authentication_result().unwrap();
    assert_eq!(people::claims(tokens.id_token().unwrap())["sub"], id.as_str());
    let (srp, password) = (passed("SRP_A"), passed("PASSWORD_VERIFIER"));
    assert_eq!(scene.sessions()[1..], [json!([srp]), json!([srp, password]), json!([srp, password, riddle(2, true)])]);
    assert_eq!(scene.requests("CreateAuthChallenge_Authentication")[0]["session"], json!([srp, password]));
}

#[tokio::test]
async fn only_srp_a_may_come_first() {
    let scene = Scene::new("CUSTOM_CHALLENGE", json!({})).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    for (parameters, words) in [
        (json!({ "CHALLENGE_NAME": "SRP_A" }), "Missing required parameter SRP_A"),
        (json!({ "CHALLENGE_NAME": "SRP_A", "SRP_A": "0" }), "SRP_A is not a valid public value."),
        (json!({ "CHALLENGE_NAME": "PASSWORD_VERIFIER" }), "CHALLENGE_NAME must be SRP_A."),
    ] {
        let mut begin = json!({ "ClientId": scene.client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": parameters });
        begin["AuthParameters"]["USERNAME"] = "ada".into();
        assert_eq!(scene.server.refused("InitiateAuth", begin).await, error("InvalidParameter", words));
    }
    assert!(scene.lambda.calls().is_empty());
}

/// ADMIN_NO_SRP_AUTH is asked of administrators alone.
#[tokio::test]
async fn an_administrator_sends_the_password_itself() {
    let scene = Scene::new("ADMIN_NO_SRP_AUTH", json!({})).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    let sdk = scene.server.sdk();
    let begin = sdk.admin_initiate_auth().user_pool_id(&scene.pool).client_id(&scene.client);
    let asked = begin.auth_flow(AuthFlowType::CustomAuth).auth_parameters("USERNAME", "ada").send().await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::AdminNoSrpAuth));
    let respond = |name: ChallengeNameType, session: Option<&str>, answer: (&str, &str)| {
        let request = sdk.admin_respond_to_auth_challenge().user_pool_id(&scene.pool).client_id(&scene.client);
        let request = request.challenge_name(name).set_session(session.map(str::to_owned));
        request.challenge_responses("USERNAME", "ada").challenge_responses(answer.0, answer.1).send()
    };
    let wrong = respond(ChallengeNameType::AdminNoSrpAuth, asked.session(), ("PASSWORD", "Wrong-Horse-7")).await;
    assert_eq!(refusal(&wrong.unwrap_err().into_service_error()), incorrect());
    // The same challenge by the public door.
    let password = [("PASSWORD", PASSWORD)];
    let public = scene.respond(ChallengeNameType::AdminNoSrpAuth, asked.session(), &password).await.unwrap_err();
    assert_eq!(public, error("NotAuthorized", "Invalid session for the user."));

    let right = respond(ChallengeNameType::AdminNoSrpAuth, asked.session(), ("PASSWORD", PASSWORD)).await.unwrap();
    assert_eq!(right.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    let done = respond(ChallengeNameType::CustomChallenge, right.session(), ("ANSWER", "42")).await.unwrap();
    assert!(done.authentication_result().is_some());
    let password = passed("ADMIN_NO_SRP_AUTH");
    assert_eq!(scene.sessions(), [json!([]), json!([password]), json!([password, riddle(1, true)])]);

    let begin = json!({ "ClientId": scene.client, "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": "ada" } });
    let refused = scene.server.refused("InitiateAuth", begin).await;
    assert_eq!(refused, error("InvalidLambdaResponse", "Unrecognizable lambda output"));
}

#[tokio::test]
async fn a_temporary_password_is_in_nobodys_way_until_it_is_proved() {
    let scene = Scene::new("CUSTOM_CHALLENGE", json!({})).await;
    let id = scene.ada(UserStatus::ForceChangePassword, TEMPORARY).await;
    let asked = scene.begin(&[]).await;
    let told = &scene.requests("DefineAuthChallenge_Authentication")[0];
    assert_eq!(told["userAttributes"]["cognito:user_status"], "FORCE_CHANGE_PASSWORD");
    let done = scene.answer(asked.session(), "42").await.unwrap();
    assert!(done.authentication_result().is_some());

    let proved = scene.prove(TEMPORARY).await.unwrap();
    let asked = scene.answer(asks_riddle(&proved), "42").await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::NewPasswordRequired));
    let anew = [("NEW_PASSWORD", PASSWORD)];
    let done = scene.respond(ChallengeNameType::NewPasswordRequired, asked.session(), &anew).await.unwrap();
    assert!(done.authentication_result().is_some());
    asks_riddle(&scene.prove(PASSWORD).await.unwrap());

    // Its time is over by this way as by any other.
    let ends = scene.server.clock.now_ms();
    people::change(&scene.server, &scene.pool, &id, move |user| {
        user.status = UserStatus::ForceChangePassword;
        user.profile.temporary_password_expires_ms = Some(ends);
    })
    .await;
    let proved = scene.prove(PASSWORD).await.unwrap();
    let expired = error("NotAuthorized", "Temporary password has expired and must be reset by an administrator.");
    assert_eq!(scene.answer(asks_riddle(&proved), "42").await.unwrap_err(), expired);
}

/// SECURITY 25: functions that are content stand for one factor.
#[tokio::test]
async fn a_second_factor_comes_after_the_functions() {
    let settings = json!({
        "MfaConfiguration": "ON", "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
    });
    let scene = Scene::new("CUSTOM_CHALLENGE", settings).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    let asked = scene.begin(&[]).await;
    let asked = scene.answer(asked.session(), "42").await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::SmsMfa));
    assert!(asked.authentication_result().is_none());
    // The riddle's answer does not stand for the code.
    let skipped = scene.answer(asked.session(), "42").await.unwrap_err();
    assert_eq!(skipped, error("NotAuthorized", "Invalid session for the user."));
    let code = [("SMS_MFA_CODE", &*scene.server.last_code(PHONE))];
    let done = scene.respond(ChallengeNameType::SmsMfa, asked.session(), &code).await.unwrap();
    assert!(done.authentication_result().is_some());
    assert_eq!(scene.sessions(), [json!([]), json!([riddle(0, true)])], "what follows is not the functions' to decide");
    let again = scene.respond(ChallengeNameType::SmsMfa, asked.session(), &code).await.unwrap_err();
    assert_eq!(again, spent());
}

/// The tokens of an answer as the wire has them, as far as devices are concerned.
fn tokens(answer: &RespondToAuthChallengeOutput) -> Value {
    let tokens = answer.authentication_result().unwrap();
    let mut wire = json!({ "AccessToken": tokens.access_token(), "RefreshToken": tokens.refresh_token() });
    if let Some(new) = tokens.new_device_metadata() {
        wire["NewDeviceMetadata"] = json!({ "DeviceKey": new.device_key(), "DeviceGroupKey": new.device_group_key() });
    }
    wire
}

/// The question that a device is asked, as the wire has it.
fn asks_device(answer: &RespondToAuthChallengeOutput, device: &Device) -> Value {
    assert_eq!(answer.challenge_name(), Some(&ChallengeNameType::DeviceSrpAuth));
    assert!(answer.authentication_result().is_none());
    let parameters = json!({ "USERNAME": "ada", "DEVICE_KEY": device.key });
    assert_eq!(json!(answer.challenge_parameters()), parameters);
    json!({ "ChallengeName": "DEVICE_SRP_AUTH", "ChallengeParameters": parameters, "Session": answer.session() })
}

/// SECURITY 24, 25: a remembered device comes last, after the functions are content, and takes the place of MFA.
#[tokio::test]
async fn a_device_is_the_last_to_be_asked() {
    let settings = json!({
        "MfaConfiguration": "ON", "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
        "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true },
        "LambdaConfig": { "PostAuthentication": arn("f"), "PreTokenGeneration": arn("f") },
    });
    let scene = Scene::new("CUSTOM_CHALLENGE", settings).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    let asked = scene.begin(&[]).await;
    let asked = scene.answer(asked.session(), "42").await.unwrap();
    let code = [("SMS_MFA_CODE", &*scene.server.last_code(PHONE))];
    let first = tokens(&scene.respond(ChallengeNameType::SmsMfa, asked.session(), &code).await.unwrap());
    let device = Device::confirm(&scene.server, &first).await;
    let key = device.key.as_str();

    // Named with the riddle's answer, or at first.
    for at_first in [false, true] {
        let named = [("DEVICE_KEY", key)];
        let asked = scene.begin(if at_first { &named } else { &[] }).await;
        let riddle = asks_riddle_first(&asked);
        let srp = client::Client::new(scene.server.cx.rng.bytes());
        let early = device.begin(&scene.client, "ada", &srp, &json!(riddle));
        let invalid = error("NotAuthorized", "Invalid session for the user.");
        assert_eq!(scene.server.refused("RespondToAuthChallenge", early).await, invalid);
        // A riddle answered wrongly asks another riddle, whatever device is there.
        let with_key = |answer| [("ANSWER", answer), ("DEVICE_KEY", key)];
        let answers = with_key("41");
        let again = scene.respond(ChallengeNameType::CustomChallenge, riddle, &answers[..if at_first { 1 } else { 2 }]);
        let again = again.await.unwrap();
        let answers = with_key("42");
        let last = scene.respond(ChallengeNameType::CustomChallenge, asks_riddle(&again), &answers[..1]).await.unwrap();
        let asked = asks_device(&last, &device);
        let wrong = device.prove(&scene.server, &scene.client, &asked, "another").await;
        assert_eq!(wrong["message"], "Incorrect username or password.");
        let done = device.prove(&scene.server, &scene.client, &asked, SECRET).await;
        let done = &done["AuthenticationResult"];
        assert_eq!(done.get("NewDeviceMetadata"), None);
        assert_eq!(people::claims(people::text(done, "AccessToken"))["device_key"], key);
    }
    let used: Vec<_> =
        scene.requests("PostAuthentication_Authentication").iter().map(|told| told["newDeviceUsed"].clone()).collect();
    assert_eq!(used, [json!(true), json!(false), json!(false)]);
    assert_eq!(scene.requests("TokenGeneration_AuthenticateDevice").len(), 2);
    let longest = scene.sessions().into_iter().map(|session| session.as_array().unwrap().len()).max();
    assert_eq!(longest, Some(2), "the device is not the functions' to decide");

    // After SRP and a riddle as well.
    let proved = scene.prove(PASSWORD).await.unwrap();
    let answers = [("ANSWER", "42"), ("DEVICE_KEY", key)];
    let asked = scene.respond(ChallengeNameType::CustomChallenge, asks_riddle(&proved), &answers).await.unwrap();
    let done = device.prove(&scene.server, &scene.client, &asks_device(&asked, &device), SECRET).await;
    assert!(done["AuthenticationResult"].is_object(), "{done}");

    // One that is not remembered leaves MFA in place.
    let forget =
        json!({ "AccessToken": first["AccessToken"], "DeviceKey": key, "DeviceRememberedStatus": "not_remembered" });
    scene.server.ok("UpdateDeviceStatus", forget).await;
    let asked = scene.begin(&[]).await;
    let asked = scene.respond(ChallengeNameType::CustomChallenge, asked.session(), &answers).await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::SmsMfa));
}

fn asks_riddle_first(answer: &InitiateAuthOutput) -> Option<&str> {
    assert_eq!(answer.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    answer.session()
}

/// A key of nobody's device, or of another user's, is refused before the answer is judged: the same answer without it is
/// taken.
#[tokio::test]
async fn a_strange_device_costs_no_riddle() {
    let settings = json!({ "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true } });
    let scene = Scene::new("CUSTOM_CHALLENGE", settings).await;
    scene.ada(UserStatus::Confirmed, PASSWORD).await;
    people::confirmed(&scene.server, &scene.pool, "mallory").await;
    let by_password = scene.server.client(&scene.pool, json!({})).await;
    let his = people::tokens(&scene.server, &by_password, "mallory").await;
    let his = Device::confirm(&scene.server, &his).await;
    let asked = scene.begin(&[("DEVICE_KEY", &his.key)]).await;
    for key in ["us-east-1_0", &his.key] {
        let answers = [("ANSWER", "42"), ("DEVICE_KEY", key)];
        let refused = scene.respond(ChallengeNameType::CustomChallenge, asked.session(), &answers).await.unwrap_err();
        assert_eq!(refused, error("ResourceNotFound", "Device does not exist."), "{key}");
    }
    assert_eq!(scene.sessions(), [json!([])], "no function judged it");
    let done = scene.answer(asked.session(), "42").await.unwrap();
    assert!(done.authentication_result().unwrap().new_device_metadata().is_some());
}
