//! A device as clients' libraries hold one: its password, its verifier and its proofs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::{Verifier, client, format_timestamp, pad, salt_from};
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::text;

/// The password that a device made up.
pub const SECRET: &str = "ZGV2aWNlIHBhc3N3b3Jk";

pub struct Device {
    pub key: String,
    pub group_key: String,
}

/// A pool that tracks devices, and a client of it.
pub async fn pool_and_client(server: &TestServer, configuration: Value) -> (String, String) {
    let pool = server.pool(json!({ "DeviceConfiguration": configuration })).await;
    let client = server.client(&pool, json!({})).await;
    (pool, client)
}

impl Device {
    /// The device that the tokens of a sign-in offer.
    pub fn offered(tokens: &Value) -> Self {
        let metadata = &tokens["NewDeviceMetadata"];
        Self { key: text(metadata, "DeviceKey").to_owned(), group_key: text(metadata, "DeviceGroupKey").to_owned() }
    }

    /// The request that confirms it.
    pub fn confirmation(&self, tokens: &Value) -> Value {
        // A salt with its top bit set is sent with a zero byte before it.
        let verifier = Verifier::new(&self.group_key, &self.key, SECRET, salt_from([0x8f; 16])).to_bytes();
        json!({
            "AccessToken": tokens["AccessToken"],
            "DeviceKey": self.key,
            "DeviceName": "a laptop",
            "DeviceSecretVerifierConfig": {
                "Salt": STANDARD.encode(pad(&verifier[..16])),
                "PasswordVerifier": STANDARD.encode(pad(&verifier[16..])),
            },
        })
    }

    /// Confirms the device that the tokens offer.
    pub async fn confirm(server: &TestServer, tokens: &Value) -> Self {
        let device = Self::offered(tokens);
        server.ok("ConfirmDevice", device.confirmation(tokens)).await;
        device
    }

    /// The answer to DEVICE_SRP_AUTH.
    pub fn begin(&self, client: &str, username: &str, srp: &client::Client, session: &Value) -> Value {
        json!({
            "ClientId": client,
            "ChallengeName": "DEVICE_SRP_AUTH",
            "Session": session,
            "ChallengeResponses": { "USERNAME": username, "DEVICE_KEY": self.key, "SRP_A": srp.a_public() },
        })
    }

    /// The answer to DEVICE_PASSWORD_VERIFIER that proves `secret`.
    pub fn proof(&self, server: &TestServer, client: &str, srp: &client::Client, asked: &Value, secret: &str) -> Value {
        assert_eq!(asked["ChallengeName"], "DEVICE_PASSWORD_VERIFIER", "{asked}");
        let parameters = &asked["ChallengeParameters"];
        let secret_block = STANDARD.decode(text(parameters, "SECRET_BLOCK")).unwrap();
        let timestamp = format_timestamp(server.clock.now_ms() / 1000);
        let question = client::Challenge {
            salt: text(parameters, "SALT"),
            b_public: text(parameters, "SRP_B"),
            secret_block: &secret_block,
            timestamp: &timestamp,
        };
        json!({
            "ClientId": client,
            "ChallengeName": "DEVICE_PASSWORD_VERIFIER",
            "Session": asked["Session"],
            "ChallengeResponses": {
                "USERNAME": parameters["USERNAME"],
                "DEVICE_KEY": self.key,
                "PASSWORD_CLAIM_SECRET_BLOCK": parameters["SECRET_BLOCK"],
                "PASSWORD_CLAIM_SIGNATURE": srp.claim(&self.group_key, &self.key, secret, &question).unwrap(),
                "TIMESTAMP": timestamp,
            },
        })
    }

    /// From DEVICE_SRP_AUTH to the answer of the last step, with `secret`.
    pub async fn prove(&self, server: &TestServer, client: &str, asked: &Value, secret: &str) -> Value {
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH", "{asked}");
        let srp = client::Client::new(server.cx.rng.bytes());
        let username = text(&asked["ChallengeParameters"], "USERNAME");
        let asked = server.ok("RespondToAuthChallenge", self.begin(client, username, &srp, &asked["Session"])).await;
        let answer = server.call("RespondToAuthChallenge", self.proof(server, client, &srp, &asked, secret)).await;
        answer.json()
    }
}
