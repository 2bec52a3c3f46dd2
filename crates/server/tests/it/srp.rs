//! USER_SRP_AUTH: the exchange that clients' libraries hold, and everything that must break it.

use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, ChallengeNameType};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::{client, format_timestamp};
use cognate_shapes::enums::UserStatus;
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::people::{self, Exchange, PASSWORD, confirmed, error, incorrect, text};

const NOW: i64 = EPOCH_MS / 1000;

fn invalid_session() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user.")
}

async fn pool_and_client(server: &TestServer) -> (String, String) {
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    (pool, client)
}

/// SRP by the SDK, without the `Session`, as pycognito sends it.
#[tokio::test]
async fn a_proof_gets_tokens() {
    let server = TestServer::start().await;
    let (pool, client_id) = pool_and_client(&server).await;
    let user = confirmed(&server, &pool, "alice").await;
    let sdk = server.sdk();
    let srp = client::Client::new(server.cx.rng.bytes());
    let challenge = sdk
        .initiate_auth()
        .client_id(&client_id)
        .auth_flow(AuthFlowType::UserSrpAuth)
        .auth_parameters("USERNAME", "alice")
        .auth_parameters("SRP_A", srp.a_public())
        .send()
        .await
        .unwrap();
    assert_eq!(challenge.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
    assert!((20..=4096).contains(&challenge.session().unwrap().len()));
    let parameters = challenge.challenge_parameters().unwrap();
    assert_eq!((&*parameters["USERNAME"], &*parameters["USER_ID_FOR_SRP"]), ("alice", "alice"));
    for number in ["SALT", "SRP_B"] {
        let digits = &parameters[number];
        assert!(!digits.starts_with("00") && digits.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{number}");
    }
    let secret_block = STANDARD.decode(&parameters["SECRET_BLOCK"]).unwrap();
    let timestamp = format_timestamp(NOW);
    let question = client::Challenge {
        salt: &parameters["SALT"],
        b_public: &parameters["SRP_B"],
        secret_block: &secret_block,
        timestamp: &timestamp,
    };
    let signature = srp.claim(pool.split_once('_').unwrap().1, "alice", PASSWORD, &question).unwrap();
    let answer = sdk
        .respond_to_auth_challenge()
        .client_id(&client_id)
        .challenge_name(ChallengeNameType::PasswordVerifier)
        .challenge_responses("USERNAME", "alice")
        .challenge_responses("PASSWORD_CLAIM_SECRET_BLOCK", &parameters["SECRET_BLOCK"])
        .challenge_responses("PASSWORD_CLAIM_SIGNATURE", signature)
        .challenge_responses("TIMESTAMP", timestamp)
        .send()
        .await
        .unwrap();
    let result = answer.authentication_result().unwrap();
    assert_eq!(people::claims(result.access_token().unwrap())["sub"], user.id.as_str());
}

#[tokio::test]
async fn the_username_may_be_any_of_the_users_or_missing() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "AliasAttributes": ["email"] })).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    let user = people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    confirmed(&server, &pool, "bob").await;
    for name in [Some("alice@example.com"), Some("alice"), Some(user.id.as_str()), None] {
        let exchange = Exchange::begin(&server, &client, "alice@example.com").await;
        assert_eq!(exchange.parameter("USER_ID_FOR_SRP"), "alice");
        let mut answers = exchange.proof(&pool, PASSWORD, NOW);
        answers["USERNAME"] = name.map_or(Value::Null, Value::from);
        server.ok("RespondToAuthChallenge", exchange.respond(&client, answers)).await;
    }
    for name in ["bob", "nobody", "alice@example.org"] {
        let exchange = Exchange::begin(&server, &client, "alice").await;
        let mut answers = exchange.proof(&pool, PASSWORD, NOW);
        answers["USERNAME"] = name.into();
        let refused = server.refused("RespondToAuthChallenge", exchange.respond(&client, answers)).await;
        assert_eq!(refused, invalid_session(), "{name}");
    }
}

/// SECURITY 26: A ≡ 0 mod N, out of range, empty, of odd and excessive length.
#[tokio::test]
async fn a_public_value_is_in_its_group() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server).await;
    confirmed(&server, &pool, "alice").await;
    let begin = |a: &str| {
        json!({
            "ClientId": client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": { "USERNAME": "alice", "SRP_A": a },
        })
    };
    let n = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD\
             3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F\
             24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552\
             BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF0\
             6F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64EC\
             FB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A\
             0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D1\
             20A93AD2CAFFFFFFFFFFFFFFFF";
    let sixteen_times = format!("{n}0");
    let invalid = error("InvalidParameter", "SRP_A is not a valid public value.");
    for a in ["0", "00", "000000", n, &sixteen_times, &format!("0{n}"), "xyz", "-1", "+2", &"1".repeat(2000)] {
        assert_eq!(server.refused("InitiateAuth", begin(a)).await, invalid, "{a:.20}");
    }
    assert_eq!(
        server.refused("InitiateAuth", begin("")).await,
        error("InvalidParameter", "Missing required parameter SRP_A")
    );
    for a in ["2", "0002", "ABC", "abc"] {
        server.ok("InitiateAuth", begin(a)).await;
    }
}

/// SECURITY 26: another password, a stale or malformed TIMESTAMP, a block that was tampered with or is another's.
#[tokio::test]
async fn a_proof_of_anything_else_is_refused() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server).await;
    confirmed(&server, &pool, "alice").await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let respond = |answers: Value| exchange.respond(&client, answers);
    let fresh = exchange.proof(&pool, PASSWORD, NOW);
    let with = |name: &str, value: Value| {
        let mut answers = fresh.clone();
        answers[name] = value;
        answers
    };
    let mut flipped = STANDARD.decode(exchange.parameter("SECRET_BLOCK")).unwrap();
    flipped[40] ^= 1;
    let another = Exchange::begin(&server, &client, "alice").await;
    let stranger = server.pool(json!({})).await;
    for (what, answers, expected) in [
        ("another password", exchange.proof(&pool, "Wrong-Horse-7", NOW), incorrect()),
        ("another pool's name in the hash", exchange.proof(&stranger, PASSWORD, NOW), incorrect()),
        ("a stale timestamp", exchange.proof(&pool, PASSWORD, NOW - 301), incorrect()),
        ("a timestamp to come", exchange.proof(&pool, PASSWORD, NOW + 301), incorrect()),
        ("a malformed timestamp", exchange.proof_at(&pool, PASSWORD, "2026-03-03T04:05:06Z"), incorrect()),
        ("a timestamp that was not signed", with("TIMESTAMP", format_timestamp(NOW + 1).into()), incorrect()),
        ("an altered block", with("PASSWORD_CLAIM_SECRET_BLOCK", STANDARD.encode(flipped).into()), incorrect()),
        ("no block", with("PASSWORD_CLAIM_SECRET_BLOCK", "AAAA".into()), incorrect()),
        ("no base64", with("PASSWORD_CLAIM_SECRET_BLOCK", "%".into()), incorrect()),
        (
            "another exchange's block",
            with("PASSWORD_CLAIM_SECRET_BLOCK", another.parameter("SECRET_BLOCK").into()),
            invalid_session(),
        ),
        (
            "no signature",
            with("PASSWORD_CLAIM_SIGNATURE", Value::Null),
            error("InvalidParameter", "Missing required parameter PASSWORD_CLAIM_SIGNATURE"),
        ),
        (
            "no timestamp",
            with("TIMESTAMP", "".into()),
            error("InvalidParameter", "Missing required parameter TIMESTAMP"),
        ),
    ] {
        assert_eq!(server.refused("RespondToAuthChallenge", respond(answers)).await, expected, "{what}");
    }
    // A session of another exchange, of another client, of nobody.
    let other_client = server.client(&pool, json!({})).await;
    let mut request = respond(fresh.clone());
    request["Session"] = another.challenge["Session"].clone();
    assert_eq!(server.refused("RespondToAuthChallenge", request).await, invalid_session());
    let mut request = respond(fresh.clone());
    request["ClientId"] = other_client.as_str().into();
    assert_eq!(server.refused("RespondToAuthChallenge", request.clone()).await, invalid_session());
    request["Session"] = Value::Null;
    assert_eq!(server.refused("RespondToAuthChallenge", request).await, incorrect());
    let mut request = respond(fresh.clone());
    request["Session"] = "garbage-that-is-long-enough".into();
    assert_eq!(server.refused("RespondToAuthChallenge", request).await, invalid_session());

    // Nothing of that used the exchange up.
    server.advance_s(2);
    server.ok("RespondToAuthChallenge", respond(fresh)).await;
}

/// SECURITY 24, 26: a challenge is good for one success, and until its time is over.
#[tokio::test]
async fn a_proof_is_good_once_and_in_time() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server).await;
    confirmed(&server, &pool, "alice").await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let request = exchange.respond(&client, exchange.proof(&pool, PASSWORD, NOW));
    let mut bare = request.clone();
    bare["Session"] = Value::Null;
    // Amplify repeats the same answer without a device that is gone.
    let mut with_device = request.clone();
    with_device["ChallengeResponses"]["DEVICE_KEY"] = "us-east-1_0".into();
    assert_eq!(
        server.refused("RespondToAuthChallenge", with_device).await,
        error("ResourceNotFound", "Device does not exist.")
    );
    server.ok("RespondToAuthChallenge", request.clone()).await;
    let once = error("NotAuthorized", "Invalid session for the user, session can only be used once.");
    assert_eq!(server.refused("RespondToAuthChallenge", request).await, once);
    assert_eq!(server.refused("RespondToAuthChallenge", bare).await, incorrect());

    let exchange = Exchange::begin(&server, &client, "alice").await;
    server.advance_s(180);
    let late = exchange.respond(&client, exchange.proof(&pool, PASSWORD, NOW + 180));
    let mut bare = late.clone();
    bare["Session"] = Value::Null;
    let expired = error("NotAuthorized", "Invalid session for the user, session is expired.");
    assert_eq!(server.refused("RespondToAuthChallenge", late).await, expired);
    assert_eq!(server.refused("RespondToAuthChallenge", bare).await, incorrect());
}

/// SECURITY 24: of two answers at once with one proof, one gets tokens.
#[tokio::test]
async fn two_at_once_are_one_sign_in() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server).await;
    confirmed(&server, &pool, "alice").await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let request = exchange.respond(&client, exchange.proof(&pool, PASSWORD, NOW));
    let answers = tokio::join!(
        server.call("RespondToAuthChallenge", request.clone()),
        server.call("RespondToAuthChallenge", request.clone()),
        server.call("RespondToAuthChallenge", request),
    );
    let won = [answers.0, answers.1, answers.2].iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
}

/// SECURITY 21: a name that nobody has gets a challenge of the same make, the same salt every time, and no other answer.
#[tokio::test]
async fn nobody_has_a_salt_as_well() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({ "AliasAttributes": ["email"] })).await;
    let hiding = server.client(&pool, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    let telling = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    people::add(&server, &pool, "pwless", UserStatus::Confirmed, None, &[]).await;
    let lengths = |exchange: &Exchange| {
        let session = text(&exchange.challenge, "Session").len();
        (
            session,
            exchange.parameter("SECRET_BLOCK").len(),
            exchange.challenge["ChallengeParameters"].as_object().unwrap().len(),
        )
    };
    let known = Exchange::begin(&server, &hiding, "alice").await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let unknown = Exchange::begin(&server, &hiding, "nobod").await;
        assert_eq!(lengths(&unknown), lengths(&known));
        assert_eq!(unknown.parameter("USER_ID_FOR_SRP"), "nobod");
        seen.push((unknown.parameter("SALT").to_owned(), unknown.parameter("SRP_B").to_owned()));
        let refused =
            server.refused("RespondToAuthChallenge", unknown.respond(&hiding, unknown.proof(&pool, PASSWORD, NOW)));
        assert_eq!(refused.await, incorrect());
    }
    assert!(seen[0].0 == seen[1].0 && seen[1].0 == seen[2].0, "the salt is stable");
    assert!(seen[0].1 != seen[1].1, "B is new every time");
    assert_ne!(seen[0].0, Exchange::begin(&server, &hiding, "nobody-else").await.parameter("SALT"));
    let by_email = Exchange::begin(&server, &hiding, "nobody@example.com").await;
    assert_eq!(by_email.parameter("USER_ID_FOR_SRP").len(), 36, "an alias stands for some other name");
    let passwordless = Exchange::begin(&server, &hiding, "pwless").await;
    let answers = passwordless.proof(&pool, PASSWORD, NOW);
    assert_eq!(server.refused("RespondToAuthChallenge", passwordless.respond(&hiding, answers)).await, incorrect());
    let request = json!({
        "ClientId": telling, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": { "USERNAME": "nobod", "SRP_A": "2" }
    });
    assert_eq!(server.refused("InitiateAuth", request).await, error("UserNotFound", "User does not exist."));
}

#[tokio::test]
async fn the_state_of_a_user_is_told_after_the_proof() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server).await;
    for (name, status, told) in [
        ("new", UserStatus::Unconfirmed, error("UserNotConfirmed", "User is not confirmed.")),
        ("reset", UserStatus::ResetRequired, error("PasswordResetRequired", "Password reset required for the user")),
    ] {
        people::add(&server, &pool, name, status, Some(PASSWORD), &[]).await;
        let exchange = Exchange::begin(&server, &client, name).await;
        let wrong = exchange.respond(&client, exchange.proof(&pool, "wrong", NOW));
        assert_eq!(server.refused("RespondToAuthChallenge", wrong).await, incorrect());
        let right = exchange.respond(&client, exchange.proof(&pool, PASSWORD, NOW));
        assert_eq!(server.refused("RespondToAuthChallenge", right).await, told);
    }
}
