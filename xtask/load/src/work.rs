//! The pieces of work that are measured.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::cognito::{Caller, PASSWORD, Tokens, username};
use crate::factors::Enrolled;
use crate::triggers;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Work {
    /// GET of the pool's JWKS: what HTTP and a cached answer cost
    Document,
    /// A call of an operation that does not exist: what HTTP and dispatch cost
    Refusal,
    /// USER_PASSWORD_AUTH
    Password,
    /// USER_SRP_AUTH and PASSWORD_VERIFIER
    Srp,
    /// REFRESH_TOKEN_AUTH
    Refresh,
    GetUser,
    SignUp,
    AdminCreateUser,
    /// A page of 60 users whose names begin alike
    ListUsers,
    /// USER_PASSWORD_AUTH and SOFTWARE_TOKEN_MFA
    Totp,
    /// CUSTOM_AUTH with one CUSTOM_CHALLENGE, its triggers answered by the load itself
    Custom,
    /// USER_AUTH and WEB_AUTHN
    Passkey,
}

#[derive(Clone, Debug)]
pub struct Pool {
    pub id: String,
    pub client: String,
    /// Users 0..users can sign in.
    pub users: u64,
}

/// One connection's worth of repetitions.
#[derive(Debug)]
pub struct Worker {
    pub caller: Caller,
    work: Work,
    pool: Pool,
    enrolled: Option<Arc<Enrolled>>,
    /// Names of new users begin with it.
    run: String,
    tokens: Option<Tokens>,
    random: Random,
    repeated: u64,
}

impl Worker {
    pub async fn start(
        address: SocketAddr,
        work: Work,
        (pool, enrolled): (Pool, Option<Arc<Enrolled>>),
        run: &str,
        number: u64,
    ) -> Result<Self> {
        let mut caller = Caller::connect(address).await?;
        let tokens = match work {
            Work::GetUser | Work::Refresh => {
                Some(caller.sign_in_by_password(&pool.client, &username(number % pool.users)).await?)
            }
            _ => None,
        };
        let run = format!("{run}-{number}");
        Ok(Self { caller, work, pool, enrolled, run, tokens, random: Random(number + 1), repeated: 0 })
    }

    pub async fn repeat(&mut self) -> Result<()> {
        self.repeated += 1;
        let Self { caller, pool, random, .. } = self;
        let access = self.tokens.as_ref().map(|tokens| &tokens.access);
        let refresh = self.tokens.as_ref().map(|tokens| &tokens.refresh);
        match self.work {
            Work::Document => caller.get(&format!("/{}/.well-known/jwks.json", pool.id)).await,
            Work::Refusal => caller.be_refused("NoSuchOperation").await,
            Work::Password => {
                caller.sign_in_by_password(&pool.client, &username(random.below(pool.users))).await?;
                Ok(())
            }
            Work::Srp => {
                let name = username(random.below(pool.users));
                caller.sign_in_by_srp(&pool.id, &pool.client, &name, random.bytes()).await?;
                Ok(())
            }
            Work::Refresh => {
                let input = json!({
                    "ClientId": pool.client,
                    "AuthFlow": "REFRESH_TOKEN_AUTH",
                    "AuthParameters": { "REFRESH_TOKEN": refresh },
                });
                caller.tell("InitiateAuth", &input).await
            }
            Work::GetUser => caller.tell("GetUser", &json!({ "AccessToken": access })).await,
            Work::SignUp => {
                let name = format!("signed-up-{}-{}", self.run, self.repeated);
                let input = json!({ "ClientId": pool.client, "Username": name, "Password": PASSWORD });
                caller.tell("SignUp", &input).await
            }
            Work::AdminCreateUser => {
                let name = format!("created-{}-{}", self.run, self.repeated);
                let input = json!({ "UserPoolId": pool.id, "Username": name, "MessageAction": "SUPPRESS" });
                caller.tell("AdminCreateUser", &input).await
            }
            Work::ListUsers => {
                // A hundred users each, whatever the size of the pool.
                let prefix = username(random.below(pool.users / 100) * 100);
                let filter = format!("username ^= \"{}\"", &prefix[..prefix.len() - 2]);
                caller.tell("ListUsers", &json!({ "UserPoolId": pool.id, "Filter": filter, "Limit": 60 })).await
            }
            Work::Totp | Work::Custom | Work::Passkey => {
                let enrolled = self.enrolled.as_ref().context("the users have enrolled nothing")?;
                by_factors(caller, self.work, enrolled).await
            }
        }
    }
}

async fn by_factors(caller: &mut Caller, work: Work, enrolled: &Enrolled) -> Result<()> {
    let user = enrolled.next();
    let (flow, mut parameters) = match work {
        Work::Totp => ("USER_PASSWORD_AUTH", json!({ "PASSWORD": PASSWORD })),
        Work::Passkey => ("USER_AUTH", json!({ "PREFERRED_CHALLENGE": "WEB_AUTHN" })),
        _ => ("CUSTOM_AUTH", json!({})),
    };
    parameters["USERNAME"] = json!(user.name);
    let respond = |asked: &Value| {
        let (name, value) = match (work, &user.app, &user.passkey) {
            (Work::Totp, Some(app), _) => ("SOFTWARE_TOKEN_MFA_CODE", app.code()?),
            (Work::Passkey, _, Some(passkey)) => {
                let options = asked["CREDENTIAL_REQUEST_OPTIONS"].as_str().context("no options for the passkey")?;
                ("CREDENTIAL", passkey.assertion(&serde_json::from_str(options)?)?)
            }
            _ => ("ANSWER", triggers::ANSWER.to_owned()),
        };
        let mut responses = json!({ "USERNAME": user.name });
        responses[name] = json!(value);
        Ok(responses)
    };
    caller.sign_in_in_two_steps(&enrolled.client, flow, parameters, respond).await?;
    Ok(())
}

/// xorshift64*: the same sequence in every run.
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn bytes(&mut self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for eight in bytes.chunks_exact_mut(8) {
            eight.copy_from_slice(&self.next().to_be_bytes());
        }
        bytes
    }
}
