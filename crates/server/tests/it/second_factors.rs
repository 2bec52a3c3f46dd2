//! What tests of second factors share: a pool that can send, users, apps, answers.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};

use crate::people::{self, PASSWORD, by_password, text};

pub const PHONE: &str = "+15555550100";
pub const EMAIL: &str = "alice@example.com";

/// A server with a pool that can send text messages and e-mail, and a client of it.
pub struct World {
    pub server: TestServer,
    pub pool: String,
    pub client: String,
}

impl World {
    /// `mfa` is what `SetUserPoolMfaConfig` is given; users recover with an administrator's help alone, so that no channel
    /// is excluded.
    pub async fn new(mfa: Value) -> Self {
        Self::recovering(mfa, json!([{ "Priority": 1, "Name": "admin_only" }])).await
    }

    /// The same with the ways to recover.
    pub async fn recovering(mfa: Value, ways: Value) -> Self {
        Self::on(TestServer::start().await, mfa, ways).await
    }

    pub async fn on(server: TestServer, mfa: Value, ways: Value) -> Self {
        let mut settings = sending();
        settings["AccountRecoverySetting"] =
            if ways.is_null() { json!({}) } else { json!({ "RecoveryMechanisms": ways }) };
        let pool = server.pool(settings).await;
        let world = Self { client: server.client(&pool, json!({})).await, server, pool };
        world.configure(mfa).await;
        world
    }

    pub async fn configure(&self, mut mfa: Value) -> Value {
        mfa["UserPoolId"] = self.pool.as_str().into();
        self.server.ok("SetUserPoolMfaConfig", mfa).await
    }

    /// A confirmed user with these attributes; the username is `alice`.
    pub async fn alice(&self, attributes: &[(&str, &str)]) {
        people::add(&self.server, &self.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), attributes).await;
    }

    pub async fn sign_in(&self) -> Value {
        self.server.ok("InitiateAuth", by_password(&self.client, "alice", PASSWORD)).await
    }

    /// The access token of a sign-in without second factor.
    pub async fn token(&self) -> String {
        let answer = self.sign_in().await;
        text(&answer["AuthenticationResult"], "AccessToken").to_owned()
    }

    /// The answer to a challenge.
    pub fn answer(&self, challenge: &Value, responses: Value) -> Value {
        let mut responses = responses;
        if responses.get("USERNAME").is_none() {
            responses["USERNAME"] = "alice".into();
        }
        json!({
            "ClientId": self.client,
            "ChallengeName": challenge["ChallengeName"],
            "Session": challenge["Session"],
            "ChallengeResponses": responses,
        })
    }

    pub async fn respond(&self, challenge: &Value, responses: Value) -> Value {
        self.server.ok("RespondToAuthChallenge", self.answer(challenge, responses)).await
    }

    pub async fn refused(&self, challenge: &Value, responses: Value) -> (String, String) {
        self.server.refused("RespondToAuthChallenge", self.answer(challenge, responses)).await
    }

    /// Registers an app for whoever holds the token; its secret. The code it takes is used up.
    pub async fn register(&self, token: &str) -> String {
        let begun = self.server.ok("AssociateSoftwareToken", json!({ "AccessToken": token })).await;
        let secret = text(&begun, "SecretCode").to_owned();
        let code = self.code(&secret);
        let request = json!({ "AccessToken": token, "UserCode": code, "FriendlyDeviceName": "Alice's phone" });
        assert_eq!(self.server.ok("VerifySoftwareToken", request).await["Status"], "SUCCESS");
        secret
    }

    /// The code the app shows now.
    pub fn code(&self, secret: &str) -> String {
        shown(secret, self.server.clock.now_ms())
    }

    /// Turns methods of alice on: `SMS`, `SoftwareToken`, `Email`.
    pub async fn prefer(&self, settings: Value) {
        self.server.ok("AdminSetUserMFAPreference", self.preference(settings)).await;
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers make the value for this alone")]
    pub fn preference(&self, settings: Value) -> Value {
        let mut request = json!({ "UserPoolId": self.pool, "Username": "alice" });
        for (method, setting) in settings.as_object().unwrap() {
            request[format!("{method}MfaSettings")] = setting.clone();
        }
        request
    }

    pub async fn user(&self) -> Value {
        self.server.ok("AdminGetUser", json!({ "UserPoolId": self.pool, "Username": "alice" })).await
    }
}

/// The settings of a pool that can send text messages and e-mail of its own.
pub fn sending() -> Value {
    json!({
        "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
        "EmailConfiguration": {
            "EmailSendingAccount": "DEVELOPER",
            "SourceArn": "arn:aws:ses:us-east-1:123456789012:identity/example.com",
        },
    })
}

/// What an app with that secret shows at that time.
pub fn shown(secret: &str, at_ms: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(at_ms / 1000).unwrap()).to_string()
}

/// A code that is not the right one.
pub fn other_than(code: &str) -> String {
    let last = code.chars().last().unwrap();
    format!("{}{}", &code[..code.len() - 1], if last == '0' { '1' } else { '0' })
}
