//! Which flows a client's settings open, by which operations, with which parameters, and the envelope of their answers.

use cognate_crypto::secret_hash;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Map, Value, json};

use crate::people::{self, PASSWORD, confirmed, error, text};
use crate::second_factors::sending;

const FLOWS: [&str; 8] = [
    "USER_SRP_AUTH",
    "USER_PASSWORD_AUTH",
    "ADMIN_USER_PASSWORD_AUTH",
    "ADMIN_NO_SRP_AUTH",
    "CUSTOM_AUTH",
    "REFRESH_TOKEN_AUTH",
    "REFRESH_TOKEN",
    "USER_AUTH",
];

const EVERY: [&str; 6] = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
    "ALLOW_CUSTOM_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_AUTH",
];

/// The two doors: everybody's and the administrators'.
const DOORS: [&str; 2] = ["InitiateAuth", "AdminInitiateAuth"];

fn invalid(words: impl Into<String>) -> (String, String) {
    error("InvalidParameter", words)
}

fn missing(name: &str) -> (String, String) {
    invalid(format!("Missing required parameter {name}"))
}

#[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
fn begin(door: &str, pool: &str, client: &str, flow: &str, parameters: Value) -> Value {
    let mut request = json!({ "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
    if door == "AdminInitiateAuth" {
        request["UserPoolId"] = pool.into();
    }
    request
}

/// The words of a client that does not allow the flow.
fn not_enabled(door: &str, flow: &str) -> &'static str {
    match (door, flow) {
        (_, "USER_PASSWORD_AUTH") => "USER_PASSWORD_AUTH flow not enabled for this client",
        (_, "CUSTOM_AUTH") => "CUSTOM_AUTH is not enabled for the client.",
        ("InitiateAuth", "USER_SRP_AUTH") => "USER_SRP_AUTH is not enabled for the client.",
        _ => "Auth flow not enabled for this client",
    }
}

/// Whether a flow goes by that door at all.
fn goes_by(door: &str, flow: &str) -> bool {
    match flow {
        "USER_PASSWORD_AUTH" => door == "InitiateAuth",
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => door == "AdminInitiateAuth",
        _ => true,
    }
}

/// Every flow, by each door, for every setting: what is allowed goes on to ask for its parameters.
#[tokio::test]
async fn the_settings_of_a_client_open_these_flows() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let refresh = ["REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"];
    let admin = ["ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"];
    let (srp, password, custom, choice) = ("USER_SRP_AUTH", "USER_PASSWORD_AUTH", "CUSTOM_AUTH", "USER_AUTH");
    let rotating = json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 });
    let none = Value::Null;
    let table: Vec<(Value, &Value, Vec<&str>)> = vec![
        (Value::Null, &none, vec![srp, custom, refresh[0], refresh[1]]),
        (json!([]), &none, vec![srp, custom, refresh[0], refresh[1]]),
        (json!(["ADMIN_NO_SRP_AUTH"]), &none, vec![admin[0], admin[1], srp, refresh[0], refresh[1]]),
        (json!(["CUSTOM_AUTH_FLOW_ONLY"]), &none, vec![custom, refresh[0], refresh[1]]),
        (json!(["USER_PASSWORD_AUTH"]), &none, vec![password, srp, refresh[0], refresh[1]]),
        (
            json!(["ADMIN_NO_SRP_AUTH", "USER_PASSWORD_AUTH"]),
            &none,
            vec![admin[0], admin[1], password, srp, refresh[0], refresh[1]],
        ),
        (
            json!(["ADMIN_NO_SRP_AUTH", "CUSTOM_AUTH_FLOW_ONLY"]),
            &none,
            vec![admin[0], admin[1], custom, refresh[0], refresh[1]],
        ),
        (json!(["ALLOW_ADMIN_USER_PASSWORD_AUTH"]), &none, admin.to_vec()),
        (json!(["ALLOW_CUSTOM_AUTH"]), &none, vec![custom]),
        (json!(["ALLOW_USER_PASSWORD_AUTH"]), &none, vec![password]),
        (json!(["ALLOW_USER_SRP_AUTH"]), &none, vec![srp]),
        (json!(["ALLOW_REFRESH_TOKEN_AUTH"]), &none, refresh.to_vec()),
        (json!(["ALLOW_USER_AUTH"]), &none, vec![choice]),
        (json!(EVERY), &none, FLOWS.to_vec()),
        // A client whose refresh tokens rotate refreshes by GetTokensFromRefreshToken alone.
        (json!(["ALLOW_USER_SRP_AUTH"]), &rotating, vec![srp]),
    ];
    for (flows, rotation, allowed) in table {
        let mut settings = json!({ "UserPoolId": pool, "ClientName": "client", "ExplicitAuthFlows": flows });
        settings["RefreshTokenRotation"] = rotation.clone();
        let made = server.ok("CreateUserPoolClient", settings).await;
        let client = text(&made["UserPoolClient"], "ClientId");
        for (door, flow) in DOORS.into_iter().flat_map(|door| FLOWS.map(|flow| (door, flow))) {
            let expected = if !goes_by(door, flow) {
                invalid("Initiate Auth method not supported.")
            } else if !allowed.contains(&flow) {
                invalid(not_enabled(door, flow))
            } else if refresh.contains(&flow) {
                missing("REFRESH_TOKEN")
            } else {
                missing("USERNAME")
            };
            let refused = server.refused(door, begin(door, &pool, client, flow, json!({}))).await;
            assert_eq!(refused, expected, "{door} {flow} with {flows}");
        }
    }
}

/// What a flow needs is asked for in the order of its table; what is empty is missing.
#[tokio::test]
async fn a_flow_says_what_it_lacks() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": EVERY })).await;
    confirmed(&server, &pool, "alice").await;
    let custom = json!({ "USERNAME": "alice", "CHALLENGE_NAME": "SRP_A" });
    for (flow, given, lacks) in [
        ("USER_SRP_AUTH", json!({ "SRP_A": "2" }), "USERNAME"),
        ("USER_SRP_AUTH", json!({ "USERNAME": "", "SRP_A": "2" }), "USERNAME"),
        ("USER_SRP_AUTH", json!({ "USERNAME": "alice" }), "SRP_A"),
        ("USER_SRP_AUTH", json!({ "USERNAME": "alice", "SRP_A": "" }), "SRP_A"),
        ("USER_PASSWORD_AUTH", json!({ "PASSWORD": PASSWORD }), "USERNAME"),
        ("USER_PASSWORD_AUTH", json!({ "USERNAME": "alice", "PASSWORD": "" }), "PASSWORD"),
        ("ADMIN_USER_PASSWORD_AUTH", json!({ "PASSWORD": PASSWORD }), "USERNAME"),
        ("ADMIN_USER_PASSWORD_AUTH", json!({ "USERNAME": "alice" }), "PASSWORD"),
        ("ADMIN_NO_SRP_AUTH", json!({ "USERNAME": "alice" }), "PASSWORD"),
        ("CUSTOM_AUTH", json!({ "CHALLENGE_NAME": "SRP_A", "SRP_A": "2" }), "USERNAME"),
        ("REFRESH_TOKEN_AUTH", json!({ "USERNAME": "alice" }), "REFRESH_TOKEN"),
        ("REFRESH_TOKEN", json!({ "REFRESH_TOKEN": "" }), "REFRESH_TOKEN"),
        ("USER_AUTH", json!({ "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD }), "USERNAME"),
    ] {
        for door in DOORS.into_iter().filter(|door| goes_by(door, flow)) {
            let refused = server.refused(door, begin(door, &pool, &client, flow, given.clone())).await;
            assert_eq!(refused, missing(lacks), "{door} {flow} {given}");
        }
    }
    // Without functions a custom sign-in does not even ask for the public value.
    let refused = server.refused("InitiateAuth", begin("InitiateAuth", &pool, &client, "CUSTOM_AUTH", custom)).await;
    assert_eq!(refused, invalid("Custom auth lambda trigger is not configured for the user pool."));
    let no_parameters = json!({ "ClientId": client, "AuthFlow": "USER_AUTH" });
    assert_eq!(server.refused("InitiateAuth", no_parameters).await, missing("USERNAME"));
}

/// A name that no username can be is refused as in every other operation, whether or not the client hides who exists.
#[tokio::test]
async fn a_name_is_of_the_form_of_usernames() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let telling = server.client(&pool, json!({ "ExplicitAuthFlows": EVERY })).await;
    let hiding = json!({ "ExplicitAuthFlows": EVERY, "PreventUserExistenceErrors": "ENABLED" });
    let hiding = server.client(&pool, hiding).await;
    let long = "a".repeat(129);
    let broken = |constraint: &str| {
        invalid(format!("1 validation error detected: Value at 'username' failed to satisfy constraint: {constraint}"))
    };
    let pattern = r"Member must satisfy regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+";
    for (name, expected) in [
        (&*long, broken("Member must have length less than or equal to 128")),
        ("two words", broken(pattern)),
        (" alice", broken(pattern)),
    ] {
        for client in [&telling, &hiding] {
            for flow in ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "USER_AUTH", "ADMIN_USER_PASSWORD_AUTH"] {
                let door = DOORS[usize::from(!goes_by(DOORS[0], flow))];
                let given = json!({ "USERNAME": name, "PASSWORD": PASSWORD, "SRP_A": "2" });
                let refused = server.refused(door, begin(door, &pool, client, flow, given)).await;
                assert_eq!(refused, expected, "{flow} {name:.9}");
            }
        }
    }
}

/// USER_AUTH takes passwords, proofs of passwords and codes, whatever other flows the client has.
#[tokio::test]
async fn a_choice_needs_no_other_flow() {
    let server = TestServer::start().await;
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let pool = server.pool(json!({ "Policies": policies })).await;
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    let email = [("email", "alice@example.com")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &email).await;
    for (preferred, asked) in [("PASSWORD_SRP", "PASSWORD_VERIFIER"), ("EMAIL_OTP", "EMAIL_OTP")] {
        let given = json!({ "USERNAME": "alice", "PREFERRED_CHALLENGE": preferred, "SRP_A": "2" });
        let answer = server.ok("InitiateAuth", begin(DOORS[0], &pool, &client, "USER_AUTH", given)).await;
        assert_eq!(answer["ChallengeName"], asked);
    }
    let given = json!({ "USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": PASSWORD });
    let answer = server.ok("InitiateAuth", begin(DOORS[0], &pool, &client, "USER_AUTH", given)).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

/// The names of the members, sorted.
fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Tokens and challenges, member by member, by both doors.
#[tokio::test]
async fn an_answer_has_these_members_and_no_other() {
    let server = TestServer::start().await;
    let mut settings = sending();
    settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let pool = server.pool(settings).await;
    let client = json!({
        "ExplicitAuthFlows": EVERY, "AccessTokenValidity": 10, "TokenValidityUnits": { "AccessToken": "minutes" },
    });
    let client = server.client(&pool, client).await;
    let attributes = [("email", "alice@example.com")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    people::add(&server, &pool, "new", UserStatus::ForceChangePassword, Some(PASSWORD), &[]).await;
    for (door, flow) in [(DOORS[0], "USER_PASSWORD_AUTH"), (DOORS[1], "ADMIN_USER_PASSWORD_AUTH")] {
        let full = |name: &str| {
            let mut request = begin(door, &pool, &client, flow, json!({ "USERNAME": name, "PASSWORD": PASSWORD }));
            request["ClientMetadata"] = json!({ "tenant": "t1" });
            request["AnalyticsMetadata"] = json!({ "AnalyticsEndpointId": "endpoint" });
            let context = json!({ "EncodedData": "data" });
            if door == DOORS[0] {
                request["UserContextData"] = context;
            } else {
                request["ContextData"] = json!({
                    "IpAddress": "192.0.2.1", "ServerName": "s", "ServerPath": "/", "EncodedData": "data",
                    "HttpHeaders": [{ "headerName": "user-agent", "headerValue": "test" }],
                });
            }
            request
        };
        let done = server.ok(door, full("alice")).await;
        assert_eq!(keys(&done), ["AuthenticationResult", "ChallengeParameters"], "{door}");
        assert_eq!(done["ChallengeParameters"], json!({}));
        let result = &done["AuthenticationResult"];
        assert_eq!(keys(result), ["AccessToken", "ExpiresIn", "IdToken", "RefreshToken", "TokenType"], "{door}");
        assert_eq!((&result["ExpiresIn"], &result["TokenType"]), (&json!(600), &json!("Bearer")));
        let refresh = json!({ "REFRESH_TOKEN": result["RefreshToken"] });
        let again = server.ok(door, begin(door, &pool, &client, "REFRESH_TOKEN_AUTH", refresh)).await;
        assert_eq!(keys(&again), ["AuthenticationResult", "ChallengeParameters"], "{door}");
        assert_eq!(keys(&again["AuthenticationResult"]), ["AccessToken", "ExpiresIn", "IdToken", "TokenType"]);

        let asked = server.ok(door, full("new")).await;
        assert_eq!(keys(&asked), ["ChallengeName", "ChallengeParameters", "Session"], "{door}");
        let choose = begin(door, &pool, &client, "USER_AUTH", json!({ "USERNAME": "alice" }));
        let asked = server.ok(door, choose).await;
        let members = ["AvailableChallenges", "ChallengeName", "ChallengeParameters", "Session"];
        assert_eq!(keys(&asked), members, "{door}");
        assert_eq!(asked["AvailableChallenges"], json!(["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]));
        assert_eq!(asked["ChallengeParameters"], json!({}));
        let again = server.ok(door, begin(door, &pool, &client, "USER_AUTH", json!({ "USERNAME": "alice" }))).await;
        assert_ne!(asked["Session"], again["Session"], "each answer has a session of its own");
    }
}

/// SECURITY 15: every flow of a client with a secret wants its hash, before it says whether the user exists.
#[tokio::test]
async fn every_flow_wants_the_secret_hash() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let settings = json!({
        "UserPoolId": pool, "ClientName": "confidential", "GenerateSecret": true, "ExplicitAuthFlows": EVERY,
    });
    let made = server.ok("CreateUserPoolClient", settings).await;
    let (client, secret) = (text(&made["UserPoolClient"], "ClientId"), text(&made["UserPoolClient"], "ClientSecret"));
    let public = server.client(&pool, json!({ "ExplicitAuthFlows": EVERY })).await;
    confirmed(&server, &pool, "alice").await;
    let absent =
        error("NotAuthorized", format!("Client {client} is configured with secret but SECRET_HASH was not received"));
    let unable = |client: &str| error("NotAuthorized", format!("Unable to verify secret hash for client {client}"));
    for flow in ["USER_SRP_AUTH", "USER_PASSWORD_AUTH", "ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH", "USER_AUTH"] {
        for door in DOORS.into_iter().filter(|door| goes_by(door, flow)) {
            let given = |name: &str, hash: Option<String>| {
                let mut given = Map::new();
                given.insert("USERNAME".to_owned(), name.into());
                given.insert("PASSWORD".to_owned(), PASSWORD.into());
                given.insert("SRP_A".to_owned(), "2".into());
                given.extend(hash.map(|hash| ("SECRET_HASH".to_owned(), hash.into())));
                Value::Object(given)
            };
            let hash = |name: &str| Some(secret_hash::compute(secret, name, client));
            let refused =
                async |client: &str, given| server.refused(door, begin(door, &pool, client, flow, given)).await;
            for name in ["alice", "nobody"] {
                assert_eq!(refused(client, given(name, None)).await, absent, "{door} {flow} {name}");
                assert_eq!(refused(client, given(name, hash("bob"))).await, unable(client), "{door} {flow} {name}");
                assert_eq!(refused(&public, given(name, hash(name))).await, unable(&public), "{door} {flow} {name}");
            }
            assert_eq!(refused(client, given("nobody", hash("nobody"))).await.0, "UserNotFoundException");
            server.ok(door, begin(door, &pool, client, flow, given("alice", hash("alice")))).await;
        }
    }
}
