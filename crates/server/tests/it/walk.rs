//! Random walks through the machine of sign-in: whatever is skipped, repeated, reordered, replayed or mixed, tokens come
//! only to who proved the password.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;

use crate::people::{self, Exchange, PASSWORD};
use crate::stages::CHALLENGES;

const TEMPORARY: &str = "Temporary-1";
const CHOSEN: &str = "Chosen-Horse-8";

/// One request of a walk. Numbers choose among what was collected so far.
#[derive(Clone, Debug)]
enum Move {
    /// A flow with a password that may be right.
    Password {
        user: usize,
        right: bool,
        admin: bool,
    },
    /// The first half of SRP.
    Srp {
        user: usize,
    },
    /// The second half: a challenge, a password, a session of any challenge, a username of any user.
    Prove {
        exchange: usize,
        right: bool,
        session: Option<usize>,
        user: Option<usize>,
        other_client: bool,
    },
    /// A new password by any session.
    Choose {
        session: usize,
        user: usize,
        other_client: bool,
    },
    /// Any challenge's name with anything in it.
    Odd {
        session: usize,
        name: usize,
        user: usize,
    },
    Later {
        seconds: i64,
    },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let flag = any::<bool>;
    let step = prop_oneof![
        3 => (0..3usize, prop::bool::weighted(0.6), flag())
            .prop_map(|(user, right, admin)| Move::Password { user, right, admin }),
        3 => (0..3usize).prop_map(|user| Move::Srp { user }),
        5 => (0..8usize, prop::bool::weighted(0.7), prop::option::weighted(0.3, 0..8usize), prop::option::of(0..3usize),
              prop::bool::weighted(0.2))
            .prop_map(|(exchange, right, session, user, other_client)| Move::Prove {
                exchange, right, session, user, other_client
            }),
        4 => (0..8usize, 0..3usize, prop::bool::weighted(0.2))
            .prop_map(|(session, user, other_client)| Move::Choose { session, user, other_client }),
        2 => (0..8usize, 0..16usize, 0..3usize).prop_map(|(session, name, user)| Move::Odd { session, name, user }),
        1 => (1..200i64).prop_map(|seconds| Move::Later { seconds }),
    ];
    prop::collection::vec(step, 6..24)
}

const NAMES: [&str; 3] = ["alice", "bob", "nobody"];

/// A session that a walk collected: whose, of which challenge, and what it may still lead to.
struct Seen {
    session: Value,
    user: usize,
    new_password: bool,
    met: bool,
    ends_s: i64,
}

/// What the walk knows; the server must not know less.
struct Walk<'a> {
    server: &'a TestServer,
    pool: String,
    client: String,
    other_client: String,
    now_s: i64,
    exchanges: Vec<(Exchange, usize, bool, i64)>,
    sessions: Vec<Seen>,
    /// bob's password: temporary at first.
    bob: &'static str,
    bob_chose: bool,
    /// How often tokens came, so that a walk which never gets in is not mistaken for a safe one.
    got_in: &'a AtomicUsize,
}

impl Walk<'_> {
    fn password(&self, user: usize, right: bool) -> &'static str {
        match (user, right) {
            (0, true) => PASSWORD,
            (1, true) => self.bob,
            _ => "Wrong-Horse-9",
        }
    }

    /// Judges an answer: tokens only where `earned` allows them, and to that user.
    fn judge(&mut self, answer: &Value, user: usize, earned: bool) -> Result<(), TestCaseError> {
        if let Some(token) = answer["AuthenticationResult"]["AccessToken"].as_str() {
            prop_assert!(earned, "tokens without proof");
            self.got_in.fetch_add(1, Ordering::Relaxed);
            let claims = people::claims(token);
            prop_assert_eq!(claims["username"].as_str(), Some(NAMES[user]));
        }
        if answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED" {
            prop_assert!(user == 1 && !self.bob_chose, "nobody else has to choose a password");
            let ends_s = self.now_s + 180;
            self.sessions.push(Seen {
                session: answer["Session"].clone(),
                user,
                new_password: true,
                met: false,
                ends_s,
            });
        }
        Ok(())
    }

    async fn step(&mut self, step: Move) -> Result<(), TestCaseError> {
        match step {
            Move::Password { user, right, admin } => {
                let mut request = people::by_password(&self.client, NAMES[user], self.password(user, right));
                let operation = if admin { "AdminInitiateAuth" } else { "InitiateAuth" };
                if admin {
                    request["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
                    request["UserPoolId"] = self.pool.as_str().into();
                }
                let answer = self.server.call(operation, request).await.json();
                let proved = right && user != 2;
                if answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED" {
                    prop_assert!(proved);
                }
                self.judge(&answer, user, proved && (user == 0 || self.bob_chose))?;
            }
            Move::Srp { user } => {
                let exchange = Exchange::begin(self.server, &self.client, NAMES[user]).await;
                let session = exchange.challenge["Session"].clone();
                let ends_s = self.now_s + 180;
                self.sessions.push(Seen { session, user, new_password: false, met: false, ends_s });
                self.exchanges.push((exchange, user, false, ends_s));
            }
            Move::Prove { exchange, right, session, user: named, other_client } => {
                if self.exchanges.is_empty() {
                    return Ok(());
                }
                let at = exchange % self.exchanges.len();
                let (user, met, ends_s) = (self.exchanges[at].1, self.exchanges[at].2, self.exchanges[at].3);
                let password = self.password(user, right);
                let exchange = &self.exchanges[at].0;
                let mut answers = exchange.proof(&self.pool, password, self.now_s);
                if let Some(named) = named {
                    answers["USERNAME"] = NAMES[named].into();
                }
                let client = if other_client { &self.other_client } else { &self.client };
                let mut request = exchange.respond(client, answers);
                let own = exchange.challenge["Session"].clone();
                request["Session"] = match session {
                    Some(session) if !self.sessions.is_empty() => {
                        self.sessions[session % self.sessions.len()].session.clone()
                    }
                    _ => Value::Null,
                };
                let fits = request["Session"].is_null() || request["Session"] == own;
                let answer = self.server.call("RespondToAuthChallenge", request).await.json();
                let proved = right
                    && user != 2
                    && !met
                    && fits
                    && !other_client
                    && named.is_none_or(|named| named == user)
                    && self.now_s < ends_s;
                let success = answer.get("AuthenticationResult").is_some() || answer.get("ChallengeName").is_some();
                prop_assert!(proved || !success, "success without proof");
                self.exchanges[at].2 |= success;
                self.judge(&answer, user, proved && (user == 0 || self.bob_chose))?;
            }
            Move::Choose { session, user, other_client } => {
                if self.sessions.is_empty() {
                    return Ok(());
                }
                let at = session % self.sessions.len();
                let seen = &self.sessions[at];
                let client = if other_client { &self.other_client } else { &self.client };
                let request = json!({
                    "ClientId": client,
                    "ChallengeName": "NEW_PASSWORD_REQUIRED",
                    "Session": seen.session,
                    "ChallengeResponses": { "USERNAME": NAMES[user], "NEW_PASSWORD": CHOSEN },
                });
                let earned = seen.new_password
                    && !seen.met
                    && seen.user == user
                    && !other_client
                    && !self.bob_chose
                    && self.now_s < seen.ends_s;
                let answer = self.server.call("RespondToAuthChallenge", request).await.json();
                prop_assert_eq!(answer.get("AuthenticationResult").is_some(), earned);
                if earned {
                    self.sessions[at].met = true;
                    self.bob = CHOSEN;
                    self.bob_chose = true;
                }
                self.judge(&answer, user, earned)?;
            }
            Move::Odd { session, name, user } => {
                let seen = self.sessions.get(session % self.sessions.len().max(1));
                let request = json!({
                    "ClientId": self.client,
                    "ChallengeName": CHALLENGES[name],
                    "Session": seen.map_or(json!("0123456789012345678901234567"), |seen| seen.session.clone()),
                    "ChallengeResponses": { "USERNAME": NAMES[user], "ANSWER": "", "PASSWORD": "", "SMS_MFA_CODE": "" },
                });
                let answer = self.server.call("RespondToAuthChallenge", request).await;
                prop_assert!(answer.status == 400, "an odd answer leads nowhere");
            }
            Move::Later { seconds } => {
                self.server.advance_s(seconds);
                self.now_s += seconds;
            }
        }
        Ok(())
    }
}

/// SECURITY 24: skip, repeat, reorder, replay, swap the user, empty answers, another challenge's answer.
#[test]
fn no_walk_ends_in_tokens_without_proof() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start());
    let got_in = AtomicUsize::new(0);
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let walked = runner.run(&moves(), |moves| {
        runtime.block_on(async {
            let pool = server.pool(json!({})).await;
            let settings = json!({ "PreventUserExistenceErrors": "ENABLED" });
            let mut walk = Walk {
                client: server.client(&pool, settings.clone()).await,
                other_client: server.client(&pool, settings).await,
                now_s: server.clock.now_ms() / 1000,
                server: &server,
                pool,
                exchanges: Vec::new(),
                sessions: Vec::new(),
                bob: TEMPORARY,
                bob_chose: false,
                got_in: &got_in,
            };
            people::confirmed(&server, &walk.pool, "alice").await;
            let forced = UserStatus::ForceChangePassword;
            people::add(&server, &walk.pool, "bob", forced, Some(TEMPORARY), &[]).await;
            for step in moves {
                walk.step(step).await?;
            }
            Ok(())
        })
    });
    walked.unwrap();
    assert!(got_in.into_inner() > 3, "proof does lead to tokens");
}
