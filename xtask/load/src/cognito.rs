//! The calls that signing in and out of a pool takes, as an SDK makes them.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::client::{Challenge, Client};
use cognate_crypto::srp::format_timestamp;
use serde_json::{Value, json};

use crate::http::Connection;

/// Everybody's password.
pub const PASSWORD: &str = "Correct-horse-1";

/// The username of the user with this number: in order, and of one length.
pub fn username(number: u64) -> String {
    format!("user-{number:08}")
}

#[derive(Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
}

/// One caller: a connection, and how long it has waited for answers.
#[derive(Debug)]
pub struct Caller {
    connection: Connection,
    /// Time between sending a request and having read its answer, summed up since it was last taken.
    pub waited: Duration,
}

impl Caller {
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Ok(Self { connection: Connection::open(address).await?, waited: Duration::ZERO })
    }

    /// Makes the call and ignores what a success says.
    pub async fn tell(&mut self, operation: &str, input: &Value) -> Result<()> {
        let sent = Instant::now();
        let answer = self.connection.call(operation, &input.to_string()).await?;
        self.waited += sent.elapsed();
        if answer.status != 200 {
            bail!("{operation}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        Ok(())
    }

    pub async fn ask(&mut self, operation: &str, input: &Value) -> Result<Value> {
        let sent = Instant::now();
        let answer = self.connection.call(operation, &input.to_string()).await?;
        self.waited += sent.elapsed();
        if answer.status != 200 {
            bail!("{operation}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        serde_json::from_slice(answer.body).with_context(|| format!("{operation} answered something other than JSON"))
    }

    /// A call that the server must refuse for what it is.
    pub async fn be_refused(&mut self, operation: &str) -> Result<()> {
        let sent = Instant::now();
        let answer = self.connection.call(operation, "{}").await?;
        self.waited += sent.elapsed();
        if answer.status != 400 {
            bail!("{operation}: {} instead of 400", answer.status);
        }
        Ok(())
    }

    pub async fn get(&mut self, path: &str) -> Result<()> {
        let sent = Instant::now();
        let answer = self.connection.get(path).await?;
        self.waited += sent.elapsed();
        if answer.status != 200 {
            bail!("{path}: {}", answer.status);
        }
        Ok(())
    }

    pub async fn sign_in_by_password(&mut self, client: &str, username: &str) -> Result<Tokens> {
        let input = json!({
            "ClientId": client,
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": username, "PASSWORD": PASSWORD },
        });
        tokens(&self.ask("InitiateAuth", &input).await?)
    }

    /// Begins by `flow`; answers the challenge that follows by what `respond` makes of it.
    pub async fn sign_in_in_two_steps(
        &mut self,
        client: &str,
        flow: &str,
        parameters: Value,
        respond: impl FnOnce(&Value) -> Result<Value>,
    ) -> Result<Tokens> {
        let begin = json!({ "ClientId": client, "AuthFlow": flow, "AuthParameters": parameters });
        let asked = self.ask("InitiateAuth", &begin).await?;
        let answer = json!({
            "ClientId": client,
            "ChallengeName": asked["ChallengeName"],
            "Session": asked["Session"],
            "ChallengeResponses": respond(&asked["ChallengeParameters"])?,
        });
        tokens(&self.ask("RespondToAuthChallenge", &answer).await?)
    }

    /// `a` is the client's ephemeral secret.
    pub async fn sign_in_by_srp(&mut self, pool: &str, client: &str, username: &str, a: [u8; 32]) -> Result<Tokens> {
        let srp = Client::new(a);
        let started = self
            .ask(
                "InitiateAuth",
                &json!({
                    "ClientId": client,
                    "AuthFlow": "USER_SRP_AUTH",
                    "AuthParameters": { "USERNAME": username, "SRP_A": srp.a_public() },
                }),
            )
            .await?;
        let parameter = |name: &str| started["ChallengeParameters"][name].as_str().unwrap_or_default();
        let user_id = parameter("USER_ID_FOR_SRP");
        let timestamp = format_timestamp(now()?);
        let challenge = Challenge {
            salt: parameter("SALT"),
            b_public: parameter("SRP_B"),
            secret_block: &STANDARD.decode(parameter("SECRET_BLOCK"))?,
            timestamp: &timestamp,
        };
        let group = pool.split_once('_').context("a pool id has an underscore")?.1;
        let signature = match srp.claim(group, user_id, PASSWORD, &challenge) {
            Ok(signature) => signature,
            Err(error) => bail!("the server's challenge cannot be answered: {error:?}"),
        };
        let answer = json!({
            "ClientId": client,
            "ChallengeName": "PASSWORD_VERIFIER",
            "Session": started["Session"],
            "ChallengeResponses": {
                "USERNAME": user_id,
                "PASSWORD_CLAIM_SECRET_BLOCK": parameter("SECRET_BLOCK"),
                "PASSWORD_CLAIM_SIGNATURE": signature,
                "TIMESTAMP": timestamp,
            },
        });
        tokens(&self.ask("RespondToAuthChallenge", &without_nulls(answer)).await?)
    }
}

fn tokens(answer: &Value) -> Result<Tokens> {
    let token = |name: &str| answer["AuthenticationResult"][name].as_str().map(str::to_owned);
    match (token("AccessToken"), token("RefreshToken")) {
        (Some(access), Some(refresh)) => Ok(Tokens { access, refresh }),
        _ => bail!("no tokens, but the challenge {}", answer["ChallengeName"]),
    }
}

/// A member that is null on the wire is not the same as one that is not there.
fn without_nulls(mut input: Value) -> Value {
    if let Some(members) = input.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    input
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a client has the real time, or its claim is stale")]
pub fn now() -> Result<i64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() as i64)
}
