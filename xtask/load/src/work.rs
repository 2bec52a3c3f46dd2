//! The pieces of work that are measured.

use std::net::SocketAddr;

use anyhow::Result;
use serde_json::json;

use crate::cognito::{Caller, PASSWORD, Tokens, username};

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
    /// Names of new users begin with it.
    run: String,
    tokens: Option<Tokens>,
    random: Random,
    repeated: u64,
}

impl Worker {
    pub async fn start(address: SocketAddr, work: Work, pool: Pool, run: &str, number: u64) -> Result<Self> {
        let mut caller = Caller::connect(address).await?;
        let tokens = match work {
            Work::GetUser | Work::Refresh => {
                Some(caller.sign_in_by_password(&pool.client, &username(number % pool.users)).await?)
            }
            _ => None,
        };
        let run = format!("{run}-{number}");
        Ok(Self { caller, work, pool, run, tokens, random: Random(number + 1), repeated: 0 })
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
        }
    }
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
