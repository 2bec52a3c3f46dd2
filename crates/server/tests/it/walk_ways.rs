//! Random walks through what else stands between a first factor and tokens: functions of the pool's own, remembered
//! devices, and second factors set up on the way.
//!
//! As in the walks through all factors, a ledger holds what was truly proved; tokens must be earned by it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cognate_crypto::srp::client;
use cognate_server::rng::Rng;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Map, Value, json};

use crate::device::{Device, SECRET};
use crate::dice::Dice;
use crate::people::{self, Exchange, PASSWORD};
use crate::second_factors::{sending, shown};

/// Walks in each pool that are the same every time; one more is new each time.
const SEEDS: std::ops::Range<u64> = 1..5;
const STEPS: usize = 60;

const CHALLENGES: [&str; 8] = [
    "PASSWORD_VERIFIER",
    "SMS_MFA",
    "SOFTWARE_TOKEN_MFA",
    "MFA_SETUP",
    "CUSTOM_CHALLENGE",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "NEW_PASSWORD_REQUIRED",
];

/// Who has a phone and a remembered device, and who has nothing but a password.
const FAY: usize = 0;
const GUS: usize = 1;

/// What was proved in a sign-in: `pwd`, `custom`, `sms`, `otp`, `device`.
type Proved = BTreeSet<&'static str>;

/// An authenticator app on its way: its secret, and whether a code of it was shown.
type App = Option<(String, bool)>;

/// A challenge that waits, and what the walk knows of it.
struct Seen {
    session: Value,
    challenge: String,
    parameters: Value,
    user: usize,
    /// Whether the pool's functions say what is asked.
    custom: bool,
    proved: Proved,
    code: Option<String>,
    exchange: Option<client::Client>,
    app: App,
    spent: bool,
    ends_s: i64,
}

struct Walk<'a> {
    server: &'a TestServer,
    dice: Dice,
    trail: String,
    mfa: &'static str,
    pool: String,
    client: String,
    names: [String; 2],
    phone: String,
    device: Device,
    /// The secret of the app that gus has.
    app: Option<String>,
    seen: Vec<Seen>,
    won: BTreeSet<&'static str>,
}

/// Asks for 42, three times at most, after the password where the sign-in begins with SRP_A.
fn functions(event: &Value) -> Reply {
    let request = &event["request"];
    Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
        "DefineAuthChallenge_Authentication" => {
            let rounds = request["session"].as_array().unwrap();
            let last = rounds.last().map(|last| (last["challengeName"].as_str().unwrap(), &last["challengeResult"]));
            match last {
                Some(("SRP_A", _)) => json!({ "challengeName": "PASSWORD_VERIFIER" }),
                Some(("CUSTOM_CHALLENGE", right)) if *right == true => json!({ "issueTokens": true }),
                Some(_) if rounds.len() > 3 => json!({ "failAuthentication": true }),
                _ => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
            }
        }
        "CreateAuthChallenge_Authentication" => {
            json!({ "publicChallengeParameters": {}, "privateChallengeParameters": { "answer": "42" } })
        }
        "VerifyAuthChallengeResponse_Authentication" => {
            json!({ "answerCorrect": request["challengeAnswer"] == request["privateChallengeParameters"]["answer"] })
        }
        _ => return Reply::Echo,
    })
}

/// A pool with functions and tracked devices, and a client with every flow that may end in them.
async fn pool(server: &TestServer) -> (String, String) {
    let mut settings = sending();
    for trigger in ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"] {
        settings["LambdaConfig"][trigger] = arn("f").into();
    }
    settings["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": true });
    let pool = server.pool(settings).await;
    let flows =
        ["ALLOW_CUSTOM_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"];
    let client = server.client(&pool, json!({ "ExplicitAuthFlows": flows })).await;
    (pool, client)
}

async fn demand(server: &TestServer, pool: &str, mfa: &str) {
    let request = json!({
        "UserPoolId": pool, "MfaConfiguration": mfa, "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "SmsMfaConfiguration": {},
    });
    server.ok("SetUserPoolMfaConfig", request).await;
}

impl<'a> Walk<'a> {
    async fn new(server: &'a TestServer, pool: &str, client: &str, mfa: &'static str, seed: u64) -> Self {
        let names = [format!("fay{seed}"), format!("gus{seed}")];
        let phone = format!("+1555{:07}", seed % 10_000_000);
        let contacts = [("phone_number", &*phone), ("phone_number_verified", "true")];
        people::add(server, pool, &names[FAY], UserStatus::Confirmed, Some(PASSWORD), &contacts).await;
        people::add(server, pool, &names[GUS], UserStatus::Confirmed, Some(PASSWORD), &[]).await;
        demand(server, pool, "OPTIONAL").await;
        let device = Device::confirm(server, &people::tokens(server, client, &names[FAY]).await).await;
        let on = json!({ "UserPoolId": pool, "Username": names[FAY], "SMSMfaSettings": { "Enabled": true } });
        server.ok("AdminSetUserMFAPreference", on).await;
        demand(server, pool, mfa).await;
        Self {
            server,
            dice: Dice::of(seed),
            trail: format!("MFA {mfa}, seed {seed}"),
            mfa,
            pool: pool.to_owned(),
            client: client.to_owned(),
            names,
            phone,
            device,
            app: None,
            seen: Vec::new(),
            won: BTreeSet::new(),
        }
    }

    fn now_s(&self) -> i64 {
        self.server.clock.now_ms() / 1000
    }

    /// Whether these proofs suffice for the user.
    fn suffices(&self, user: usize, custom: bool, proved: &Proved) -> bool {
        let first = proved.contains(if custom { "custom" } else { "pwd" });
        let second = ["sms", "otp", "device"].iter().any(|method| proved.contains(method));
        let demanded = self.mfa == "ON" || (self.mfa == "OPTIONAL" && (user == FAY || self.app.is_some()));
        first && (second || !demanded)
    }

    /// Judges what a step led to; `seen` is what the ledger holds for the sign-in, this step counted, and `fair` whether
    /// the step may earn tokens at all. Whether they came.
    fn judge(&mut self, answer: &Value, mut seen: Seen, fair: bool) -> bool {
        if let Some(token) = answer["AuthenticationResult"]["AccessToken"].as_str() {
            assert!(fair, "tokens for nothing: {}", self.trail);
            assert_eq!(people::claims(token)["username"], self.names[seen.user].as_str(), "{}", self.trail);
            assert!(self.suffices(seen.user, seen.custom, &seen.proved), "{:?}: {}", seen.proved, self.trail);
            self.won.extend(seen.proved);
            return true;
        }
        let Some(challenge) = answer["ChallengeName"].as_str() else { return false };
        let _ = write!(self.trail, " -> {challenge}");
        if matches!(challenge, "SMS_MFA" | "SOFTWARE_TOKEN_MFA" | "MFA_SETUP" | "DEVICE_SRP_AUTH") {
            let first = if seen.custom { "custom" } else { "pwd" };
            assert!(seen.proved.contains(first), "a second step without a first: {}", self.trail);
        }
        challenge.clone_into(&mut seen.challenge);
        seen.session = answer["Session"].clone();
        seen.parameters = answer["ChallengeParameters"].clone();
        seen.code = (challenge == "SMS_MFA").then(|| self.server.last_code(&self.phone));
        seen.ends_s = self.now_s() + 180;
        self.seen.push(seen);
        false
    }

    async fn begin(&mut self) {
        let user = self.dice.pick(&[FAY, GUS]);
        let right = self.dice.percent(80);
        let srp = client::Client::new(self.server.cx.rng.bytes());
        let password = if right { PASSWORD } else { "Wrong-Horse-9" };
        let mut given = json!({ "USERNAME": self.names[user], "PASSWORD": password, "SRP_A": srp.a_public() });
        let way = self.dice.pick(&["password", "admin", "srp", "custom", "custom with srp"]);
        let (operation, flow) = match way {
            "password" => ("InitiateAuth", "USER_PASSWORD_AUTH"),
            "admin" => ("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH"),
            "srp" => ("InitiateAuth", "USER_SRP_AUTH"),
            _ => ("InitiateAuth", "CUSTOM_AUTH"),
        };
        if way == "custom with srp" {
            given["CHALLENGE_NAME"] = "SRP_A".into();
        }
        if self.dice.percent(40) {
            given["DEVICE_KEY"] = self.device.key.as_str().into();
        }
        let mut request = json!({ "ClientId": self.client, "AuthFlow": flow, "AuthParameters": given });
        if operation == "AdminInitiateAuth" {
            request["UserPoolId"] = self.pool.as_str().into();
        }
        let _ = write!(self.trail, "\n{way} of {user}, {right}");
        let answer = self.server.call(operation, request).await.json();
        let plain = matches!(way, "password" | "admin");
        let seen = Seen {
            session: Value::Null,
            challenge: String::new(),
            parameters: Value::Null,
            user,
            custom: flow == "CUSTOM_AUTH",
            proved: (plain && right).then_some("pwd").into_iter().collect(),
            code: None,
            exchange: (!plain).then_some(srp),
            app: None,
            spent: false,
            ends_s: 0,
        };
        self.judge(&answer, seen, plain && right);
    }

    /// What proves the password or the device to the challenge at `other`, or nothing.
    fn claim(&mut self, other: usize, right: bool) -> Map<String, Value> {
        let Some(srp) = self.seen[other].exchange.take() else { return Map::new() };
        let parameters = self.seen[other].parameters.clone();
        let challenge = json!({
            "ChallengeName": self.seen[other].challenge, "ChallengeParameters": parameters,
            "Session": self.seen[other].session,
        });
        let now_s = self.now_s();
        let mut proof = Value::Null;
        let mut kept = srp;
        match self.seen[other].challenge.as_str() {
            "PASSWORD_VERIFIER" => {
                let exchange = Exchange { srp: kept, challenge };
                proof = exchange.proof(&self.pool, if right { PASSWORD } else { "Wrong-Horse-9" }, now_s);
                kept = exchange.srp;
            }
            "DEVICE_PASSWORD_VERIFIER" => {
                let secret = if right { SECRET } else { "another" };
                let mut request = self.device.proof(self.server, &self.client, &kept, &challenge, secret);
                proof = request["ChallengeResponses"].take();
            }
            _ => {}
        }
        self.seen[other].exchange = Some(kept);
        proof.as_object().cloned().unwrap_or_default()
    }

    /// Answers a challenge: most often the newest by its own name with what it asks for, else anything.
    async fn answer(&mut self) {
        let Some(last) = self.seen.len().checked_sub(1) else { return };
        let at = if self.dice.percent(70) { last } else { self.dice.roll(self.seen.len()) };
        let (user, own) = (self.seen[at].user, self.seen[at].challenge.clone());
        let name = if self.dice.percent(75) { own.clone() } else { self.dice.pick(&CHALLENGES).to_owned() };
        let named = if self.dice.percent(90) { user } else { self.dice.roll(2) };
        let kind = self.dice.pick(&["right", "right", "right", "right", "right", "wrong", "absent", "another's"]);
        let other = if kind == "another's" { self.dice.roll(self.seen.len()) } else { at };
        let right = kind != "wrong" && kind != "absent";
        let srp = client::Client::new(self.server.cx.rng.bytes());
        let mut given = Map::new();
        if kind != "absent" {
            given = self.claim(other, right);
            given.insert("ANSWER".to_owned(), if right { "42" } else { "41" }.into());
            given.insert("SRP_A".to_owned(), srp.a_public().into());
            given.insert("NEW_PASSWORD".to_owned(), "Chosen-Horse-8".into());
            let code = self.seen[other].code.clone().filter(|_| right);
            given.insert("SMS_MFA_CODE".to_owned(), code.as_deref().unwrap_or("000000").into());
            let code = self.app.as_ref().filter(|_| right).map(|app| shown(app, self.server.clock.now_ms()));
            given.insert("SOFTWARE_TOKEN_MFA_CODE".to_owned(), code.as_deref().unwrap_or("000000").into());
        }
        if name.starts_with("DEVICE") || self.dice.percent(15) {
            given.insert("DEVICE_KEY".to_owned(), self.device.key.as_str().into());
        }
        given.insert("USERNAME".to_owned(), self.names[named].as_str().into());
        let request = json!({
            "ClientId": self.client, "ChallengeName": name, "Session": self.seen[at].session,
            "ChallengeResponses": given,
        });
        let _ = write!(self.trail, "\n{name} for {own} of {user} as {named}, {kind} of {other}/{at}");
        let before = &self.seen[at];
        let alive = !before.spent && self.now_s() < before.ends_s && named == user;
        let proof = match name.as_str() {
            _ if own != name => None,
            "PASSWORD_VERIFIER" => (right && other == at).then_some("pwd"),
            "DEVICE_PASSWORD_VERIFIER" => (right && other == at && user == FAY).then_some("device"),
            "SMS_MFA" => (right && self.seen[other].code == before.code).then_some("sms"),
            "SOFTWARE_TOKEN_MFA" => (right && self.app.is_some()).then_some("otp"),
            "CUSTOM_CHALLENGE" => right.then_some("custom"),
            "MFA_SETUP" => before.app.as_ref().is_some_and(|app| app.1).then_some("otp"),
            _ => None,
        };
        let seen = Seen {
            session: Value::Null,
            challenge: String::new(),
            parameters: Value::Null,
            user,
            custom: before.custom,
            proved: before.proved.iter().copied().chain(proof).collect(),
            code: None,
            exchange: Some(srp),
            app: None,
            spent: false,
            ends_s: 0,
        };
        let answer = self.server.call("RespondToAuthChallenge", request).await.json();
        let went_on = answer.get("ChallengeName").is_some() || answer.get("AuthenticationResult").is_some();
        assert!(alive || !went_on, "an answer to what is over, or another's: {}", self.trail);
        if self.judge(&answer, seen, alive && proof.is_some()) || (went_on && own == "CUSTOM_CHALLENGE") {
            self.seen[at].spent = true;
        }
    }

    /// Begins or ends to register an app in any session that waits.
    async fn register(&mut self) {
        let Some(last) = self.seen.len().checked_sub(1) else { return };
        let at = if self.dice.percent(80) { last } else { self.dice.roll(self.seen.len()) };
        let before = &self.seen[at];
        let waits = before.challenge == "MFA_SETUP" && !before.spent && self.now_s() < before.ends_s;
        let (session, app) = (before.session.clone(), before.app.clone());
        let right = self.dice.percent(80);
        let code = app.as_ref().filter(|_| right).map(|app| shown(&app.0, self.server.clock.now_ms()));
        let _ = write!(self.trail, "\nregister at {at}, {right}");
        let (answer, app) = if let Some((secret, _)) = app {
            let code = code.unwrap_or_else(|| "000000".to_owned());
            let answer = self.server.call("VerifySoftwareToken", json!({ "Session": session, "UserCode": code })).await;
            let answer = answer.json();
            let verified = answer["Status"] == "SUCCESS";
            assert!(!verified || (waits && right && self.app.is_none()), "an app for nothing: {}", self.trail);
            if verified {
                self.app = Some(secret.clone());
            }
            (answer, Some((secret, true)))
        } else {
            let answer = self.server.call("AssociateSoftwareToken", json!({ "Session": session })).await.json();
            let secret = answer["SecretCode"].as_str().map(str::to_owned);
            assert!(secret.is_none() || (waits && self.app.is_none()), "a secret for nothing: {}", self.trail);
            (answer, secret.map(|secret| (secret, false)))
        };
        if !answer["Session"].is_string() {
            return;
        }
        let before = &mut self.seen[at];
        before.spent = true;
        let next = Seen {
            session: answer["Session"].clone(),
            challenge: "MFA_SETUP".to_owned(),
            parameters: Value::Null,
            user: before.user,
            custom: before.custom,
            proved: before.proved.clone(),
            code: None,
            exchange: None,
            app,
            spent: false,
            ends_s: self.now_s() + 180,
        };
        self.seen.push(next);
    }

    async fn step(&mut self) {
        // Whom an app is wanted of has farther to go than others.
        let last = self.seen.last();
        let set_up = last.filter(|seen| seen.challenge == "MFA_SETUP" && !seen.spent).map(|seen| &seen.app);
        let registering = set_up.is_some_and(|app| app.as_ref().is_none_or(|app| !app.1));
        match self.dice.roll(20) {
            0..12 if registering => self.register().await,
            0..6 if set_up.is_none() => self.begin().await,
            0..18 => self.answer().await,
            18 => self.register().await,
            _ => {
                let seconds = 1 + self.dice.roll(90) as i64;
                let _ = write!(self.trail, "\n{seconds} s later");
                self.server.advance_s(seconds);
            }
        }
    }
}

/// SECURITY 24 and 25: whatever is skipped, repeated, replayed or swapped, functions that are not content, devices that
/// are not proved and apps that nobody showed a code of let nobody in.
#[tokio::test]
async fn no_walk_gets_around_functions_devices_and_setup() {
    let lambda = Lambda::start().await;
    lambda.on("f", functions);
    let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
    let mut won = BTreeSet::new();
    for mfa in ["ON", "OPTIONAL", "OFF"] {
        let (pool, client) = pool(&server).await;
        let fresh = u64::from_le_bytes(Rng::System.bytes());
        for seed in SEEDS.chain([fresh]) {
            let mut walk = Walk::new(&server, &pool, &client, mfa, seed).await;
            for _ in 0..STEPS {
                walk.step().await;
            }
            won.extend(walk.won);
        }
    }
    let every = BTreeSet::from(["pwd", "custom", "sms", "otp", "device"]);
    assert_eq!(won, every, "each proof does lead to tokens");
}
