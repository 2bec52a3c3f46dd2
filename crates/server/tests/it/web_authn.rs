//! USER_AUTH with a passkey, and everything that must not sign anybody in.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use cognate_shapes::enums::UserVerification;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::authenticator::{Authenticator, base64url};
use crate::passkeys::{RELYING_PARTY, configure, pool, register, token, user};
use crate::people::{PASSWORD, by_password, error, incorrect, text};

/// A pool, a client, and a user with a passkey.
struct World {
    server: TestServer,
    pool: String,
    client: String,
    sub: String,
    token: String,
    passkey: Authenticator,
}

async fn world(verification: UserVerification, mut passkey: Authenticator) -> World {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, verification).await;
    let (sub, token) = user(&server, &pool, &client, "ada").await;
    register(&server, &token, &mut passkey).await;
    World { server, pool, client, sub, token, passkey }
}

impl World {
    async fn es256() -> Self {
        world(UserVerification::Preferred, Authenticator::es256(RELYING_PARTY)).await
    }

    /// The WEB_AUTHN challenge of that user.
    async fn asked(&self, username: &str) -> Value {
        let wanted = json!({
            "AuthFlow": "USER_AUTH", "ClientId": self.client,
            "AuthParameters": { "USERNAME": username, "PREFERRED_CHALLENGE": "WEB_AUTHN" },
        });
        let challenge = self.server.ok("InitiateAuth", wanted).await;
        assert_eq!(text(&challenge, "ChallengeName"), "WEB_AUTHN");
        challenge
    }

    /// The answer to a challenge with that credential.
    fn answer(&self, challenge: &Value, credential: &Value) -> Value {
        self.answer_of("ada", challenge, &credential.to_string())
    }

    fn answer_of(&self, username: &str, challenge: &Value, credential: &str) -> Value {
        json!({
            "ChallengeName": "WEB_AUTHN", "ClientId": self.client, "Session": challenge["Session"],
            "ChallengeResponses": { "USERNAME": username, "CREDENTIAL": credential },
        })
    }

    /// The answer that the passkey gives.
    fn signed(&mut self, challenge: &Value) -> Value {
        let credential = self.passkey.sign(&options(challenge));
        self.answer(challenge, &credential)
    }

    async fn signed_in(&mut self) -> Value {
        let challenge = self.asked("ada").await;
        let answer = self.signed(&challenge);
        let mut answer = self.server.ok("RespondToAuthChallenge", answer).await;
        answer["AuthenticationResult"].take()
    }

    async fn refused(&self, answer: Value) -> (String, String) {
        self.server.refused("RespondToAuthChallenge", answer).await
    }
}

fn options(challenge: &Value) -> Value {
    let options = challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap();
    serde_json::from_str(options).unwrap()
}

/// Through the SDK, as browsers' programs do it.
#[tokio::test]
async fn a_passkey_signs_its_user_in() {
    let mut world = World::es256().await;
    world.passkey.user_handle = Some(world.sub.clone());
    let sdk = world.server.sdk();
    let challenge = sdk
        .initiate_auth()
        .client_id(&world.client)
        .auth_flow(AuthFlowType::UserAuth)
        .auth_parameters("USERNAME", "ada")
        .auth_parameters("PREFERRED_CHALLENGE", "WEB_AUTHN")
        .send()
        .await
        .unwrap();
    assert_eq!(challenge.challenge_name(), Some(&ChallengeNameType::WebAuthn));
    assert!((20..=4096).contains(&challenge.session().unwrap().len()));
    let parameters: HashMap<_, _> = challenge.challenge_parameters().unwrap().clone();
    let written = &parameters["CREDENTIAL_REQUEST_OPTIONS"];
    let mut asked: Value = serde_json::from_str(written).unwrap();
    let credential = world.passkey.sign(&asked).to_string();
    asked["challenge"].take();
    let expected = json!({
        "challenge": null, "timeout": 180_000, "rpId": "example.com",
        "allowCredentials":
            [{ "type": "public-key", "id": world.passkey.wire_id(), "transports": ["hybrid", "internal"] }],
        "userVerification": "preferred",
    });
    assert_eq!(asked, expected);
    assert!(written.starts_with(r#"{"challenge":""#), "the members stand in the service's order");
    let signed_in = sdk
        .respond_to_auth_challenge()
        .client_id(&world.client)
        .challenge_name(ChallengeNameType::WebAuthn)
        .session(challenge.session().unwrap())
        .challenge_responses("USERNAME", "ada")
        .challenge_responses("CREDENTIAL", credential)
        .send()
        .await
        .unwrap();
    let tokens = signed_in.authentication_result().unwrap();
    assert_eq!(text(&crate::people::claims(tokens.id_token().unwrap()), "sub"), world.sub);
}

#[tokio::test]
async fn rs256_signs_in_as_well() {
    let mut world = world(UserVerification::Required, Authenticator::rs256(RELYING_PARTY)).await;
    assert!(world.signed_in().await["AccessToken"].is_string());
    assert!(world.signed_in().await["AccessToken"].is_string(), "with the next value of the counter");
}

#[tokio::test]
async fn a_passkey_may_be_chosen() {
    let mut world = World::es256().await;
    let begin = json!({ "AuthFlow": "USER_AUTH", "ClientId": world.client, "AuthParameters": { "USERNAME": "ada" } });
    let choice = world.server.ok("InitiateAuth", begin).await;
    assert_eq!(choice["AvailableChallenges"], json!(["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"]));
    let select = json!({
        "ChallengeName": "SELECT_CHALLENGE", "ClientId": world.client, "Session": choice["Session"],
        "ChallengeResponses": { "USERNAME": "ada", "ANSWER": "WEB_AUTHN" },
    });
    let challenge = world.server.ok("RespondToAuthChallenge", select).await;
    let credential = world.passkey.sign(&options(&challenge));
    let answer = world.server.ok("RespondToAuthChallenge", world.answer(&challenge, &credential)).await;
    assert!(answer["AuthenticationResult"]["AccessToken"].is_string());
}

/// Nobody is offered a passkey that they do not have, or that is another relying party's, or where none are allowed.
#[tokio::test]
async fn passkeys_are_offered_to_those_who_have_one() {
    let world = World::es256().await;
    user(&world.server, &world.pool, &world.client, "eve").await;
    let available = async |username: &str| {
        let parameters = json!({ "USERNAME": username, "PREFERRED_CHALLENGE": "WEB_AUTHN" });
        let begin = json!({ "AuthFlow": "USER_AUTH", "ClientId": world.client, "AuthParameters": parameters });
        let answer = world.server.ok("InitiateAuth", begin).await;
        (text(&answer, "ChallengeName").to_owned(), answer["AvailableChallenges"].clone())
    };
    let passwords = || ("SELECT_CHALLENGE".to_owned(), json!(["PASSWORD_SRP", "PASSWORD"]));
    let offered = ("WEB_AUTHN".to_owned(), json!(["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN"]));
    assert_eq!(available("ada").await, offered);
    assert_eq!(available("eve").await, passwords());
    configure(&world.server, &world.pool, Some("example.org"), UserVerification::Preferred).await;
    assert_eq!(available("ada").await, passwords(), "the relying party is another now");
    configure(&world.server, &world.pool, Some(RELYING_PARTY), UserVerification::Preferred).await;
    assert_eq!(available("ada").await, offered);
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] } });
    world.server.ok("UpdateUserPool", json!({ "UserPoolId": world.pool, "Policies": policies })).await;
    assert_eq!(available("ada").await, passwords(), "passkeys are not allowed any more");
}

/// What an authenticator is made to do, and what that is called.
type Case<'a> = (&'a str, &'a dyn Fn(&mut Authenticator));

/// SECURITY 27: another page, another relying party, nobody there, a forged or copied passkey.
#[tokio::test]
async fn a_proof_must_be_made_for_this_challenge() {
    let mut world = world(UserVerification::Required, Authenticator::es256(RELYING_PARTY)).await;
    let cases: [Case<'_>; 11] = [
        ("a host that ends alike", &|p| p.origin = "https://badexample.com".to_owned()),
        ("a page in place of its origin", &|p| p.origin = "https://login.example.com:8443/x".to_owned()),
        ("no origin", &|p| p.origin = "null".to_owned()),
        ("no TLS", &|p| p.origin = "http://example.com".to_owned()),
        ("a frame in another's page", &|p| p.cross_origin = true),
        ("another relying party", &|p| p.relying_party = "badexample.com".to_owned()),
        ("nobody there", &|p| p.present = false),
        ("an unverified user", &|p| p.verified = false),
        ("a counter that stands still", &|p| p.counter -= 1),
        ("a counter that goes back to none", &|p| p.counter = 0),
        ("another user's handle", &|p| p.user_handle = Some("somebody".to_owned())),
    ];
    let counter = world.passkey.counter;
    for (what, spoil) in cases {
        let challenge = world.asked("ada").await;
        spoil(&mut world.passkey);
        let credential = world.passkey.sign(&options(&challenge));
        assert_eq!(world.refused(world.answer(&challenge, &credential)).await, incorrect(), "{what}");
        world.passkey.behave(RELYING_PARTY, counter);
        world.server.advance_s(20 * 60);
    }
    let challenge = world.asked("ada").await;
    let mut forged = Authenticator::es256(RELYING_PARTY);
    forged.id.clone_from(&world.passkey.id);
    forged.counter = counter;
    let credential = forged.sign(&options(&challenge));
    assert_eq!(world.refused(world.answer(&challenge, &credential)).await, incorrect(), "another key");
    let mut credential = world.passkey.sign(&options(&challenge));
    credential["response"]["clientDataJSON"] = base64url(br#"{"type":"webauthn.create"}"#).into();
    assert_eq!(world.refused(world.answer(&challenge, &credential)).await, incorrect(), "another ceremony");
    // The challenge itself is still good.
    let credential = world.passkey.sign(&options(&challenge));
    world.server.ok("RespondToAuthChallenge", world.answer(&challenge, &credential)).await;
}

/// SECURITY 27: a challenge is good for one success, of its own user, with its own session, in its own time.
#[tokio::test]
async fn a_challenge_is_good_for_one_success() {
    let mut world = World::es256().await;
    let first = world.asked("ada").await;
    let second = world.asked("ada").await;
    let crossed = world.passkey.sign(&options(&second));
    assert_eq!(world.refused(world.answer(&first, &crossed)).await, incorrect(), "another session's challenge");

    let answer = world.signed(&first);
    world.server.ok("RespondToAuthChallenge", answer.clone()).await;
    let spent = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    assert_eq!(world.refused(answer).await, spent, "the same answer");
    let again = world.signed(&first);
    assert_eq!(world.refused(again).await, spent, "a new answer to the same challenge");

    let late = world.signed(&second);
    world.server.advance_s(3 * 60);
    let expired = error("NotAuthorized", "Invalid session for the user, session is expired.");
    assert_eq!(world.refused(late).await, expired);
}

/// SECURITY 27: of two uses of one counter value at once, one signs in.
#[tokio::test]
async fn a_copied_passkey_is_found_out() {
    let mut world = World::es256().await;
    let (first, second) = (world.asked("ada").await, world.asked("ada").await);
    let original = world.signed(&first);
    world.passkey.counter -= 1;
    let copy = world.signed(&second);
    let (original, copy) = tokio::join!(
        world.server.call("RespondToAuthChallenge", original),
        world.server.call("RespondToAuthChallenge", copy),
    );
    let refused: Vec<_> = [original, copy].iter().filter_map(cognate_testkit::Answer::error).collect();
    assert_eq!(refused, [incorrect()]);
}

/// Passkeys that are kept in many devices have no counter.
#[tokio::test]
async fn a_passkey_without_a_counter_signs_in_again_and_again() {
    let mut passkey = Authenticator::es256(RELYING_PARTY);
    passkey.counter = 0;
    let mut world = world(UserVerification::Preferred, passkey).await;
    for _ in 0..3 {
        assert!(world.signed_in().await["AccessToken"].is_string());
    }
    world.passkey.verified = false;
    assert!(world.signed_in().await["AccessToken"].is_string(), "verification is preferred, not required");
}

/// SECURITY 27: another user's passkey proves nothing, whoever's name and session it comes with.
#[tokio::test]
async fn another_users_passkey_proves_nothing() {
    let mut world = World::es256().await;
    let (_, eve_token) = user(&world.server, &world.pool, &world.client, "eve").await;
    let mut eves = Authenticator::es256(RELYING_PARTY);
    register(&world.server, &eve_token, &mut eves).await;
    let challenge = world.asked("ada").await;
    let credential = eves.sign(&options(&challenge));
    assert_eq!(world.refused(world.answer(&challenge, &credential)).await, incorrect());
    let invalid = error("NotAuthorized", "Invalid session for the user.");
    let answer = world.answer_of("eve", &challenge, &credential.to_string());
    assert_eq!(world.refused(answer).await, invalid);

    let deleted = json!({ "AccessToken": world.token, "CredentialId": world.passkey.wire_id() });
    let credential = world.passkey.sign(&options(&challenge));
    world.server.ok("DeleteWebAuthnCredential", deleted).await;
    assert_eq!(world.refused(world.answer(&challenge, &credential)).await, incorrect(), "it is deleted");
}

/// SECURITY 22, 27: long, deep and broken input is a failed attempt like any other, and locks nothing: a challenge is all it
/// takes to send it.
#[tokio::test]
async fn nonsense_proves_and_locks_nothing() {
    let mut world = World::es256().await;
    let challenge = world.asked("ada").await;
    let good = world.passkey.sign(&options(&challenge));
    let mut no_signature = good.clone();
    no_signature["response"]["signature"] = "".into();
    let mut deep_data = good.clone();
    // Extensions follow: an array in an array, 20,000 times.
    let data = [vec![0; 32], vec![0x85], vec![0; 4], vec![0x81; 20_000], vec![0x80]].concat();
    deep_data["response"]["authenticatorData"] = base64url(&data).into();
    let nonsense = [
        "[".repeat(30_000),
        format!("{{\"id\":\"{}\"}}", "a".repeat(70_000)),
        no_signature.to_string(),
        deep_data.to_string(),
        "{}".to_owned(),
    ];
    for credential in &nonsense {
        let answer = world.answer_of("ada", &challenge, credential);
        assert_eq!(world.refused(answer).await, incorrect(), "{credential:.60}");
    }
    assert!(!token(&world.server, &world.client, "ada").await.is_empty(), "the password is as good as ever");
    world.server.ok("RespondToAuthChallenge", world.answer(&challenge, &good)).await;
    let missing = json!({
        "ChallengeName": "WEB_AUTHN", "ClientId": world.client, "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": "ada" },
    });
    let refused = world.refused(missing).await;
    assert_eq!(refused, error("InvalidParameter", "Missing required parameter CREDENTIAL"));
}

/// SECURITY 22: who guesses at a password keeps nobody's passkey out.
#[tokio::test]
async fn a_locked_password_locks_no_passkey() {
    let mut world = World::es256().await;
    for _ in 0..5 {
        let wrong = by_password(&world.client, "ada", "Wrong-Horse-9");
        assert_eq!(world.server.refused("InitiateAuth", wrong).await, incorrect());
    }
    assert!(world.signed_in().await["AccessToken"].is_string());
    let locked = error("NotAuthorized", "Password attempts exceeded");
    let right = by_password(&world.client, "ada", PASSWORD);
    assert_eq!(world.server.refused("InitiateAuth", right).await, locked, "and the passkey forgives no guesses");
}
