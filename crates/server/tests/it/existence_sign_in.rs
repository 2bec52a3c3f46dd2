//! What each flow answers a name that nobody has, or whose user may not sign in, where the client tells and where it hides
//! who exists; and when functions hear of it.

use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use cognate_crypto::srp::client;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::people::{self, Exchange, PASSWORD, error, incorrect, text};

const EVERY: [&str; 5] = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_USER_AUTH",
];
const CUSTOM: [&str; 3] = ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"];

fn nobody() -> (String, String) {
    error("UserNotFound", "User does not exist.")
}

/// Functions that ask one riddle and take any answer; to all else nothing is added.
fn riddle(event: &Value) -> Reply {
    Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
        "DefineAuthChallenge_Authentication" if event["request"]["session"] == json!([]) => {
            json!({ "challengeName": "CUSTOM_CHALLENGE" })
        }
        "DefineAuthChallenge_Authentication" => json!({ "issueTokens": true }),
        "CreateAuthChallenge_Authentication" => {
            json!({ "publicChallengeParameters": {}, "privateChallengeParameters": {} })
        }
        "VerifyAuthChallengeResponse_Authentication" => json!({ "answerCorrect": true }),
        _ => return Reply::Echo,
    })
}

/// A pool with functions and two clients of it: one tells who exists, the other hides it.
struct Scene {
    lambda: Lambda,
    server: TestServer,
    pool: String,
    telling: String,
    hiding: String,
}

impl Scene {
    async fn new(triggers: &[&str]) -> Self {
        let lambda = Lambda::start().await;
        lambda.on("f", riddle);
        let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
        let factors = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
        let mut settings = json!({ "Policies": factors });
        for trigger in triggers {
            settings["LambdaConfig"][trigger] = arn("f").into();
        }
        let pool = server.pool(settings).await;
        let telling = json!({ "ExplicitAuthFlows": EVERY, "PreventUserExistenceErrors": "LEGACY" });
        let hiding = json!({ "ExplicitAuthFlows": EVERY, "PreventUserExistenceErrors": "ENABLED" });
        let (telling, hiding) = (server.client(&pool, telling).await, server.client(&pool, hiding).await);
        Self { lambda, server, pool, telling, hiding }
    }

    /// The request of a flow with these parameters beside a name; by the administrators' operation where it has a pool.
    fn begin(&self, client: &str, name: &str, flow: &Flow) -> (&'static str, Value) {
        let mut request = json!({ "ClientId": client, "AuthFlow": flow.name, "AuthParameters": flow.given });
        request["AuthParameters"]["USERNAME"] = name.into();
        if flow.admin {
            request["UserPoolId"] = self.pool.as_str().into();
        }
        (if flow.admin { "AdminInitiateAuth" } else { "InitiateAuth" }, request)
    }

    async fn ok(&self, client: &str, name: &str, flow: &Flow) -> Value {
        let (operation, request) = self.begin(client, name, flow);
        self.server.ok(operation, request).await
    }

    async fn refused(&self, client: &str, name: &str, flow: &Flow) -> (String, String) {
        let (operation, request) = self.begin(client, name, flow);
        self.server.refused(operation, request).await
    }
}

/// A way to begin.
struct Flow {
    name: &'static str,
    admin: bool,
    given: Value,
}

fn flow(name: &'static str, admin: bool, given: Value) -> Flow {
    Flow { name, admin, given }
}

/// The ways that bring the password.
fn with_password(password: &str) -> Vec<Flow> {
    let given = json!({ "PASSWORD": password });
    let preferred = json!({ "PASSWORD": password, "PREFERRED_CHALLENGE": "PASSWORD" });
    vec![
        flow("USER_PASSWORD_AUTH", false, given.clone()),
        flow("ADMIN_USER_PASSWORD_AUTH", true, given.clone()),
        flow("ADMIN_NO_SRP_AUTH", true, given),
        flow("USER_AUTH", false, preferred.clone()),
        flow("USER_AUTH", true, preferred),
    ]
}

/// The ways that begin with a public value; `2` is one.
fn with_srp() -> Vec<Flow> {
    let preferred = json!({ "SRP_A": "2", "PREFERRED_CHALLENGE": "PASSWORD_SRP" });
    vec![
        flow("USER_SRP_AUTH", false, json!({ "SRP_A": "2" })),
        flow("USER_SRP_AUTH", true, json!({ "SRP_A": "2" })),
        flow("USER_AUTH", false, preferred.clone()),
        flow("USER_AUTH", true, preferred),
    ]
}

/// SECURITY 21: each flow's own answer to a name that nobody has.
#[tokio::test]
async fn every_flow_tells_or_hides_that_a_name_is_nobodys() {
    let scene = Scene::new(&[]).await;
    people::confirmed(&scene.server, &scene.pool, "alicia").await;
    for flow in with_password(PASSWORD) {
        assert_eq!(scene.refused(&scene.telling, "nobody", &flow).await, nobody(), "{}", flow.name);
        assert_eq!(scene.refused(&scene.hiding, "nobody", &flow).await, incorrect(), "{}", flow.name);
    }
    for flow in with_srp() {
        assert_eq!(scene.refused(&scene.telling, "nobody", &flow).await, nobody(), "{}", flow.name);
        let known = scene.ok(&scene.hiding, "alicia", &flow).await;
        let (one, two) =
            (scene.ok(&scene.hiding, "nobody", &flow).await, scene.ok(&scene.hiding, "nobody", &flow).await);
        let parameter = |answer: &Value, name: &str| text(&answer["ChallengeParameters"], name).to_owned();
        assert_eq!(one["ChallengeName"], "PASSWORD_VERIFIER");
        assert_eq!(parameter(&one, "SALT"), parameter(&two, "SALT"), "{}", flow.name);
        assert_ne!(parameter(&one, "SRP_B"), parameter(&two, "SRP_B"), "{}", flow.name);
        assert_eq!(parameter(&one, "USER_ID_FOR_SRP"), parameter(&two, "USER_ID_FOR_SRP"));
        assert_eq!(text(&one, "Session").len(), text(&known, "Session").len(), "{}", flow.name);
        assert_eq!(one["AvailableChallenges"].is_array(), flow.name == "USER_AUTH");
    }
    for admin in [false, true] {
        let choice = flow("USER_AUTH", admin, json!({}));
        assert_eq!(scene.refused(&scene.telling, "nobody", &choice).await, nobody());
        let asked = scene.ok(&scene.hiding, "nobody", &choice).await;
        assert_eq!(asked["ChallengeName"], "SELECT_CHALLENGE");
        assert_eq!(
            asked["AvailableChallenges"],
            scene.ok(&scene.hiding, "nobody", &choice).await["AvailableChallenges"]
        );
    }
    let custom = flow("CUSTOM_AUTH", false, json!({}));
    let unset = error("InvalidParameter", "Custom auth lambda trigger is not configured for the user pool.");
    assert_eq!(scene.refused(&scene.telling, "nobody", &custom).await, unset);
}

/// SECURITY 21: a sign-in by password is the same of any name, whatever else a name that nobody has seems to have.
#[tokio::test]
async fn no_name_lacks_a_password() {
    let scene = Scene::new(&[]).await;
    let given = json!({ "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD });
    let by_password = flow("USER_AUTH", false, given);
    let by_srp = flow("USER_AUTH", false, json!({ "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": "2" }));
    let mut codes = 0;
    for n in 0..40 {
        let name = format!("nobody{n}");
        assert_eq!(scene.refused(&scene.hiding, &name, &by_password).await, incorrect(), "{name}");
        let asked = scene.ok(&scene.hiding, &name, &by_srp).await;
        assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER", "{name}");
        codes += usize::from(asked["AvailableChallenges"] == json!(["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]));
    }
    assert!((1..40).contains(&codes), "users without an address have twins as well: {codes}");
}

/// SECURITY 21: the proof that answers a challenge of nobody's is a wrong password, and a code a wrong code.
#[tokio::test]
async fn nobodys_challenges_are_never_met() {
    let scene = Scene::new(&[]).await;
    let srp = client::Client::new(scene.server.cx.rng.bytes());
    let public = json!({ "SRP_A": srp.a_public() });
    let challenge = scene.ok(&scene.hiding, "nobody", &flow("USER_SRP_AUTH", false, public)).await;
    let exchange = Exchange { srp, challenge };
    let proof = exchange.proof(&scene.pool, PASSWORD, scene.server.clock.now_ms() / 1000);
    let refused = scene.server.refused("RespondToAuthChallenge", exchange.respond(&scene.hiding, proof)).await;
    assert_eq!(refused, incorrect());

    let name = "nobody@example.com";
    let preferred = flow("USER_AUTH", false, json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" }));
    assert_eq!(scene.refused(&scene.telling, name, &preferred).await, nobody());
    let asked = scene.ok(&scene.hiding, name, &preferred).await;
    assert_eq!(asked["ChallengeName"], "EMAIL_OTP");
    let masked = json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "n***@e***" });
    assert_eq!(asked["ChallengeParameters"], masked, "the mask is of the name");
    people::add(
        &scene.server,
        &scene.pool,
        "somebodys@example.",
        UserStatus::Confirmed,
        Some(PASSWORD),
        &[("email", "somebodys@example.com")],
    )
    .await;
    let known = scene.ok(&scene.hiding, "somebodys@example.", &preferred).await;
    assert_eq!(text(&asked, "Session").len(), text(&known, "Session").len());
    assert_eq!(scene.server.messages_to(name), 0, "nobody is sent anything");
    let answer = json!({
        "ClientId": scene.hiding, "ChallengeName": "EMAIL_OTP", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": name, "EMAIL_OTP_CODE": "12345678" },
    });
    let refused = scene.server.refused("RespondToAuthChallenge", answer).await;
    assert_eq!(refused, error("CodeMismatch", "Invalid code or auth state for the user."));
}

#[tokio::test]
async fn who_is_disabled_or_imported_is_told_so_as_far_as_the_client_tells() {
    let scene = Scene::new(&[]).await;
    let off = people::confirmed(&scene.server, &scene.pool, "off").await;
    people::change(&scene.server, &scene.pool, &off.id, |user| user.enabled = false).await;
    let disabled = error("NotAuthorized", "User is disabled.");
    for flow in with_password("Wrong-Horse-7").iter().chain(&with_srp()) {
        assert_eq!(scene.refused(&scene.telling, "off", flow).await, disabled, "{}", flow.name);
    }
    assert_eq!(scene.refused(&scene.hiding, "off", &with_password("Wrong-Horse-7")[0]).await, incorrect());
    for flow in with_password(PASSWORD) {
        assert_eq!(scene.refused(&scene.hiding, "off", &flow).await, disabled, "who knows the password is told");
    }

    people::add(&scene.server, &scene.pool, "imported", UserStatus::ResetRequired, None, &[]).await;
    let reset = error("PasswordResetRequired", "Password reset required for the user");
    for flow in with_password(PASSWORD) {
        assert_eq!(scene.refused(&scene.telling, "imported", &flow).await, reset, "{}", flow.name);
    }
    assert_eq!(scene.refused(&scene.hiding, "imported", &with_password(PASSWORD)[0]).await, incorrect());
    for (program, told) in [(&scene.telling, reset), (&scene.hiding, incorrect())] {
        let exchange = Exchange::begin(&scene.server, program, "imported").await;
        let proof = exchange.proof(&scene.pool, PASSWORD, scene.server.clock.now_ms() / 1000);
        let refused = scene.server.refused("RespondToAuthChallenge", exchange.respond(program, proof)).await;
        assert_eq!(refused, told);
    }
}

/// Functions of a custom sign-in hear of nobody only from clients that hide it, and then each of the three does.
#[tokio::test]
async fn functions_hear_that_a_name_is_nobodys() {
    let scene = Scene::new(&CUSTOM).await;
    let custom = flow("CUSTOM_AUTH", false, json!({}));
    assert_eq!(scene.refused(&scene.telling, "nobody", &custom).await, nobody());
    assert!(scene.lambda.calls().is_empty());
    let sdk = scene.server.sdk();
    let begin = sdk.initiate_auth().client_id(&scene.hiding).auth_flow(AuthFlowType::CustomAuth);
    let asked = begin.auth_parameters("USERNAME", "nobody").send().await.unwrap();
    assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::CustomChallenge));
    let answer = json!({
        "ClientId": scene.hiding, "ChallengeName": "CUSTOM_CHALLENGE", "Session": asked.session(),
        "ChallengeResponses": { "USERNAME": "nobody", "ANSWER": "any" },
    });
    // The functions would let anybody in; the server lets nobody in who is nobody.
    assert_eq!(scene.server.refused("RespondToAuthChallenge", answer).await, incorrect());
    let events = scene.lambda.events("f");
    let sources: Vec<_> = events.iter().map(|event| text(event, "triggerSource")).collect();
    let [define, create, verify] = CUSTOM.map(|trigger| format!("{trigger}_Authentication"));
    assert_eq!(sources, [&*define, &*create, &*verify, &*define]);
    for event in events {
        assert_eq!(event["request"]["userNotFound"], true, "{event}");
        assert_eq!(event["request"]["userAttributes"], json!({}), "{event}");
    }
}

/// PreAuthentication runs when a sign-in begins and never again, of nobody's only where the client hides who exists.
#[tokio::test]
async fn pre_authentication_runs_as_a_sign_in_begins() {
    let scene = Scene::new(&["PreAuthentication", "PostAuthentication"]).await;
    people::confirmed(&scene.server, &scene.pool, "alice").await;
    let ran = || {
        let events = scene.lambda.events("f");
        let of = |event: &Value| {
            let source = text(event, "triggerSource").trim_end_matches("_Authentication").to_owned();
            (source, event["request"]["userNotFound"].clone())
        };
        events.iter().map(of).collect::<Vec<_>>()
    };
    for flow in with_password(PASSWORD).iter().chain(&with_srp()) {
        scene.refused(&scene.telling, "nobody", flow).await;
    }
    assert_eq!(ran(), []);
    let before = |unknown: bool| ("PreAuthentication".to_owned(), json!(unknown));
    let after = ("PostAuthentication".to_owned(), Value::Null);
    let mut expected = Vec::new();
    for flow in with_password(PASSWORD) {
        scene.refused(&scene.hiding, "nobody", &flow).await;
        expected.push(before(true));
        scene.server.advance_s(900);
    }
    assert_eq!(ran(), expected);
    // By SRP and by a choice: before the first challenge, and not before the second.
    for preferred in [None, Some("PASSWORD_SRP")] {
        let srp = client::Client::new(scene.server.cx.rng.bytes());
        let given = json!({ "SRP_A": srp.a_public(), "PREFERRED_CHALLENGE": preferred });
        let way = flow(if preferred.is_some() { "USER_AUTH" } else { "USER_SRP_AUTH" }, false, given);
        let challenge = scene.ok(&scene.hiding, "alice", &way).await;
        expected.push(before(false));
        assert_eq!(ran(), expected);
        let exchange = Exchange { srp, challenge };
        let proof = exchange.proof(&scene.pool, PASSWORD, scene.server.clock.now_ms() / 1000);
        scene.server.ok("RespondToAuthChallenge", exchange.respond(&scene.hiding, proof)).await;
        expected.push(after.clone());
        assert_eq!(ran(), expected);
    }
}

/// Another directory is asked only with a password in hand; what it does not know is nobody's here too.
#[tokio::test]
async fn another_directory_is_asked_with_a_password_alone() {
    let scene = Scene::new(&["UserMigration"]).await;
    for flow in with_srp().iter().chain(&[
        flow("USER_AUTH", false, json!({})),
        flow("USER_AUTH", false, json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP" })),
        flow("USER_AUTH", false, json!({ "PREFERRED_CHALLENGE": "EMAIL_OTP", "PASSWORD": PASSWORD })),
    ]) {
        scene.ok(&scene.hiding, "nobody", flow).await;
        assert_eq!(scene.refused(&scene.telling, "nobody", flow).await, nobody());
    }
    assert!(scene.lambda.calls().is_empty());
    for flow in with_password(PASSWORD) {
        let before = scene.lambda.calls().len();
        assert_eq!(scene.refused(&scene.telling, "nobody", &flow).await, nobody(), "{}", flow.name);
        assert_eq!(scene.refused(&scene.hiding, "nobody", &flow).await, incorrect(), "{}", flow.name);
        assert_eq!(scene.lambda.calls().len(), before + 2, "{}", flow.name);
        scene.server.advance_s(900);
    }
}
