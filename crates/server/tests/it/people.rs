//! Users put straight into the store, in any state, and the sign-ins that tests of other things begin with.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cognate_crypto::srp::{client, format_timestamp};
use cognate_server::accounts::password;
use cognate_server::accounts::user::{self, OnConflict, Profile, User};
use cognate_server::directory;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

/// The password of users whose password does not matter.
pub const PASSWORD: &str = "Correct-Horse-7";

/// A confirmed user with [`PASSWORD`].
pub async fn confirmed(server: &TestServer, pool: &str, username: &str) -> User {
    add(server, pool, username, UserStatus::Confirmed, Some(PASSWORD), &[]).await
}

/// A user in that state. With username attributes, `username` is the value of `email`.
pub async fn add(
    server: &TestServer,
    pool: &str,
    username: &str,
    status: UserStatus,
    secret: Option<&str>,
    attributes: &[(&str, &str)],
) -> User {
    let cx = &server.cx;
    let pool = directory::pool(cx, pool).await.unwrap();
    let now = server.clock.now_ms();
    let id = cognate_crypto::ids::sub(cx.rng.bytes());
    let mut attributes: BTreeMap<String, String> =
        attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let by_email = !pool.username_attributes().is_empty();
    if by_email {
        attributes.insert("email".to_owned(), username.to_owned());
    }
    let username = if by_email { id.clone() } else { username.to_owned() };
    let credential = match secret {
        Some(secret) => Some(password::hash(cx, &pool, &username, secret, None, &id).await.unwrap()),
        None => None,
    };
    let user = User {
        id,
        username,
        status,
        enabled: true,
        created_ms: now,
        modified_ms: now,
        signed_out_ms: 0,
        version: 1,
        profile: Profile { v: 1, attributes, signs_in_by: by_email.then(|| "email".to_owned()), ..Profile::default() },
        credential,
    };
    let (pool, inserted) = (Arc::clone(&pool), user.clone());
    cx.store.write(move |tx| user::insert(tx, &pool, &inserted.username, &inserted, OnConflict::Refuse)).await.unwrap();
    user
}

/// Changes a stored user.
pub async fn change(server: &TestServer, pool: &str, id: &str, to: impl Fn(&mut User) + Send + Sync + 'static) {
    let pool = directory::pool(&server.cx, pool).await.unwrap();
    let id = id.to_owned();
    let changed = server.cx.store.write(move |tx| {
        let before = user::by_id(tx, &pool, &id)?.unwrap();
        let mut user = before.clone();
        to(&mut user);
        user::update(tx, &pool, &before, &user, OnConflict::Refuse)
    });
    changed.await.unwrap();
}

/// Removes a stored user.
pub async fn remove(server: &TestServer, pool: &str, id: &str) {
    let pool = directory::pool(&server.cx, pool).await.unwrap();
    let id = id.to_owned();
    let removed = server.cx.store.write(move |tx| {
        let user = user::by_id(tx, &pool, &id)?.unwrap();
        user::delete(tx, &pool, &user)
    });
    assert!(removed.await.unwrap());
}

/// The request of USER_PASSWORD_AUTH.
pub fn by_password(client: &str, username: &str, password: &str) -> Value {
    json!({
        "ClientId": client,
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": username, "PASSWORD": password },
    })
}

/// The tokens of a user with [`PASSWORD`]: `AuthenticationResult`.
pub async fn tokens(server: &TestServer, client: &str, username: &str) -> Value {
    let answer = server.ok("InitiateAuth", by_password(client, username, PASSWORD)).await;
    answer["AuthenticationResult"].clone()
}

/// Why the server does not take an access token; `None` if it does.
pub async fn refusal(server: &TestServer, token: &str) -> Option<(String, String)> {
    server.call("GetUser", json!({ "AccessToken": token })).await.error()
}

/// A text of an answer.
pub fn text<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().unwrap_or_else(|| panic!("{name} is a text"))
}

/// What a token claims, unverified.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a token has claims");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// One exchange of USER_SRP_AUTH, as the clients' libraries hold it.
pub struct Exchange {
    pub srp: client::Client,
    /// What InitiateAuth answered.
    pub challenge: Value,
}

impl Exchange {
    pub async fn begin(server: &TestServer, client: &str, username: &str) -> Self {
        let srp = client::Client::new(server.cx.rng.bytes());
        let request = json!({
            "ClientId": client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": { "USERNAME": username, "SRP_A": srp.a_public() },
        });
        let challenge = server.ok("InitiateAuth", request).await;
        assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
        Self { srp, challenge }
    }

    pub fn parameter(&self, name: &str) -> &str {
        text(&self.challenge["ChallengeParameters"], name)
    }

    /// The answers that prove `password` to that pool at `now_s`.
    pub fn proof(&self, pool: &str, password: &str, now_s: i64) -> Value {
        self.proof_at(pool, password, &format_timestamp(now_s))
    }

    /// The same with any TIMESTAMP.
    pub fn proof_at(&self, pool: &str, password: &str, timestamp: &str) -> Value {
        let secret_block = STANDARD.decode(self.parameter("SECRET_BLOCK")).unwrap();
        let challenge = client::Challenge {
            salt: self.parameter("SALT"),
            b_public: self.parameter("SRP_B"),
            secret_block: &secret_block,
            timestamp,
        };
        let group = pool.split_once('_').unwrap().1;
        let user_id = self.parameter("USER_ID_FOR_SRP");
        json!({
            "USERNAME": user_id,
            "PASSWORD_CLAIM_SECRET_BLOCK": self.parameter("SECRET_BLOCK"),
            "PASSWORD_CLAIM_SIGNATURE": self.srp.claim(group, user_id, password, &challenge).unwrap(),
            "TIMESTAMP": timestamp,
        })
    }

    /// The request that answers with these.
    pub fn respond(&self, client: &str, answers: Value) -> Value {
        let session = &self.challenge["Session"];
        let mut request = json!({ "ClientId": client, "ChallengeName": "PASSWORD_VERIFIER", "Session": session });
        request["ChallengeResponses"] = answers;
        request
    }
}

/// An error's code and words, as `refused` answers them.
pub fn error(code: &str, words: impl Into<String>) -> (String, String) {
    (format!("{code}Exception"), words.into())
}

/// The error of a wrong password and of much else.
pub fn incorrect() -> (String, String) {
    error("NotAuthorized", "Incorrect username or password.")
}
