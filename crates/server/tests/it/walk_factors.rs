//! Random walks through all factors: tokens come only to who proved, in this very sign-in, what the pool demands of them.
//!
//! A walk keeps a ledger of what was truly proved. Tokens must name that user, claim no method beyond the ledger, and
//! come with as many factors as the pool and the user ask for.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cognate_crypto::srp::client;
use cognate_server::rng::Rng;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use serde_json::{Map, Value, json};

use crate::authenticator::Authenticator;
use crate::chooser::App;
use crate::dice::Dice;
use crate::passkeys::{self, RELYING_PARTY};
use crate::people::{self, Exchange, PASSWORD};

/// Walks that are the same every time; [`FRESH`] more are new each time.
const SEEDS: std::ops::Range<u64> = 1..13;
const FRESH: usize = 3;
const STEPS: usize = 45;

const NAMES: [&str; 5] = ["alice", "bob", "carl", "dora", "nobody"];
const ALICE: usize = 0;
const BOB: usize = 1;
const CARL: usize = 2;
const DORA: usize = 3;
const CHOSEN: &str = "Chosen-Horse-8";
const WRONG: &str = "Wrong-Horse-9";

const FACTORS: [&str; 5] = ["PASSWORD", "PASSWORD_SRP", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"];
const CHALLENGES: [&str; 13] = [
    "SELECT_CHALLENGE",
    "PASSWORD",
    "PASSWORD_SRP",
    "PASSWORD_VERIFIER",
    "EMAIL_OTP",
    "SMS_OTP",
    "SMS_MFA",
    "SOFTWARE_TOKEN_MFA",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
    "WEB_AUTHN",
    "NEW_PASSWORD_REQUIRED",
    "CUSTOM_CHALLENGE",
];

/// What was proved in a sign-in, by the names that `amr` has; `new` is a temporary password replaced.
type Proved = BTreeSet<&'static str>;

/// A challenge that waits, and what the walk knows of it.
struct Seen {
    session: Value,
    challenge: String,
    parameters: Value,
    user: usize,
    proved: Proved,
    /// The code that was sent with it.
    code: Option<String>,
    exchange: Option<client::Client>,
    /// Whether tokens came of it.
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
    app: App,
    passkey: Authenticator,
    /// Who turned a second factor on.
    has_mfa: [bool; 5],
    dora: &'static str,
    dora_chose: bool,
    seen: Vec<Seen>,
    /// Access tokens, whose they are, and what was proved for them.
    tokens: Vec<(String, usize, Proved)>,
    won: Won,
}

/// How often tokens came, by one factor and by several, so that walks which never get in are not mistaken for safe ones.
#[derive(Clone, Copy, Default)]
struct Won {
    one: usize,
    several: usize,
}

fn email(user: usize) -> String {
    format!("{}@example.com", NAMES[user])
}

fn phone(user: usize) -> String {
    format!("+1555555010{user}")
}

impl<'a> Walk<'a> {
    async fn new(server: &'a TestServer, seed: u64) -> Self {
        let mut dice = Dice::of(seed);
        let mfa = dice.pick(&["OFF", "OPTIONAL", "ON"]);
        let factors: &[&str] =
            if mfa == "ON" { &["PASSWORD", "WEB_AUTHN"] } else { &["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"] };
        let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": factors } });
        let sms = json!({ "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" });
        let pool = server.pool(json!({ "Policies": policies, "SmsConfiguration": sms })).await;
        let flows = [
            "ALLOW_USER_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ];
        let settings = json!({ "PreventUserExistenceErrors": "ENABLED", "ExplicitAuthFlows": flows });
        let client = server.client(&pool, settings).await;
        for (user, status, password) in [
            (ALICE, UserStatus::Confirmed, Some(PASSWORD)),
            (BOB, UserStatus::Confirmed, Some(PASSWORD)),
            (CARL, UserStatus::Confirmed, None),
            (DORA, UserStatus::ForceChangePassword, Some(PASSWORD)),
        ] {
            let (email, phone) = (email(user), phone(user));
            let attributes = [
                ("email", &*email),
                ("email_verified", "true"),
                ("phone_number", &*phone),
                ("phone_number_verified", "true"),
            ];
            people::add(server, &pool, NAMES[user], status, password, &attributes).await;
        }
        let counted = if mfa == "ON" { "MULTI_FACTOR_WITH_USER_VERIFICATION" } else { "SINGLE_FACTOR" };
        let configuration = |mfa: &str, counted: &str| {
            json!({
                "UserPoolId": pool, "MfaConfiguration": mfa, "SoftwareTokenMfaConfiguration": { "Enabled": true },
                "WebAuthnConfiguration": { "RelyingPartyId": RELYING_PARTY, "UserVerification": "required",
                    "FactorConfiguration": counted },
            })
        };
        server.ok("SetUserPoolMfaConfig", configuration("OPTIONAL", counted)).await;
        let app = App::register(server, &passkeys::token(server, &client, "alice").await).await;
        let mut passkey = Authenticator::es256(RELYING_PARTY);
        passkeys::register(server, &passkeys::token(server, &client, "bob").await, &mut passkey).await;
        let on = json!({ "Enabled": true, "PreferredMfa": true });
        let preference = json!({ "UserPoolId": pool, "Username": "alice", "SoftwareTokenMfaSettings": on });
        server.ok("AdminSetUserMFAPreference", preference).await;
        server.ok("SetUserPoolMfaConfig", configuration(mfa, counted)).await;
        Self {
            server,
            dice,
            trail: format!("pool with MFA {mfa}"),
            mfa,
            pool,
            client,
            app,
            passkey,
            has_mfa: [true, false, false, false, false],
            dora: PASSWORD,
            dora_chose: false,
            seen: Vec::new(),
            tokens: Vec::new(),
            won: Won::default(),
        }
    }

    fn now_s(&self) -> i64 {
        self.server.clock.now_ms() / 1000
    }

    fn password(&self, user: usize) -> Option<&'static str> {
        match user {
            ALICE | BOB => Some(PASSWORD),
            DORA => Some(self.dora),
            _ => None,
        }
    }

    /// Whether these proofs suffice for the user.
    fn suffices(&self, user: usize, proved: &Proved) -> bool {
        let second = ["otp", "sms", "email_otp"].iter().any(|method| proved.contains(method));
        let passkey = proved.contains("swk");
        let changed = user != DORA || self.dora_chose;
        let enough = match (self.mfa, self.has_mfa[user]) {
            ("ON", _) => passkey || (proved.contains("pwd") && second),
            ("OPTIONAL", true) => (passkey || proved.contains("pwd")) && second,
            _ => passkey || second || proved.contains("pwd"),
        };
        changed && enough
    }

    /// Judges what a step led to. `proved` is what the ledger holds for the sign-in, this step counted; `fair` whether the
    /// step may lead anywhere at all.
    fn judge(
        &mut self,
        answer: &Value,
        user: usize,
        proved: Proved,
        fair: bool,
        exchange: Option<client::Client>,
    ) -> bool {
        if let Some(token) = answer["AuthenticationResult"]["AccessToken"].as_str() {
            let claims = people::claims(token);
            assert!(fair, "tokens for nothing: {}", self.trail);
            assert_eq!(claims["username"], NAMES[user], "{}", self.trail);
            let methods: Vec<&str> = claims["amr"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            for method in methods.iter().filter(|method| **method != "mfa") {
                assert!(proved.contains(method), "{method} was never proved: {}", self.trail);
            }
            assert!(self.suffices(user, &proved), "{proved:?} does not suffice for {}: {}", NAMES[user], self.trail);
            if methods.contains(&"mfa") {
                self.won.several += 1;
            } else {
                self.won.one += 1;
            }
            self.tokens.push((token.to_owned(), user, proved));
            return true;
        }
        let Some(challenge) = answer["ChallengeName"].as_str() else { return false };
        let _ = write!(self.trail, " -> {challenge}");
        let to = match challenge {
            "EMAIL_OTP" => Some(email(user)),
            "SMS_OTP" | "SMS_MFA" => Some(phone(user)),
            _ => None,
        };
        let code = to.filter(|to| self.server.messages_to(to) > 0).map(|to| self.server.last_code(&to));
        if matches!(challenge, "SMS_MFA" | "SOFTWARE_TOKEN_MFA" | "SELECT_MFA_TYPE" | "NEW_PASSWORD_REQUIRED") {
            assert!(!proved.is_empty(), "a second step without a first: {}", self.trail);
        }
        self.seen.push(Seen {
            session: answer["Session"].clone(),
            challenge: challenge.to_owned(),
            parameters: answer["ChallengeParameters"].clone(),
            user,
            proved,
            code,
            exchange,
            spent: false,
            ends_s: self.now_s() + 180,
        });
        false
    }

    async fn begin(&mut self) {
        let user = self.dice.roll(NAMES.len());
        let right = self.dice.percent(75);
        let given = if right { self.password(user).unwrap_or(WRONG) } else { WRONG };
        let srp = client::Client::new(self.server.cx.rng.bytes());
        let flow =
            self.dice.pick(&["USER_AUTH", "USER_AUTH", "USER_AUTH", "USER_PASSWORD_AUTH", "USER_SRP_AUTH", "ADMIN"]);
        let mut parameters = json!({ "USERNAME": NAMES[user], "PASSWORD": given, "SRP_A": srp.a_public() });
        let mut proved = Proved::new();
        let mut fair = right && self.password(user).is_some() && flow != "USER_SRP_AUTH";
        if flow == "USER_AUTH" {
            let preferred = self.dice.percent(60).then(|| self.dice.pick(&FACTORS));
            fair &= preferred == Some("PASSWORD");
            if let Some(preferred) = preferred {
                parameters["PREFERRED_CHALLENGE"] = preferred.into();
            }
            if self.dice.percent(25) {
                parameters["TARGET_ACR_VALUES"] = format!("urn:cognito:loa:{}", 1 + self.dice.roll(4)).into();
                if !self.tokens.is_empty() && self.dice.percent(60) {
                    let at = self.dice.roll(self.tokens.len());
                    let (token, of, credited) = &self.tokens[at];
                    parameters["ACCESS_TOKEN"] = token.as_str().into();
                    if *of == user {
                        proved.clone_from(credited);
                    }
                }
            }
        }
        // A password in the request is judged only where it is asked for.
        if fair && parameters.get("ACCESS_TOKEN").is_none() {
            proved.insert("pwd");
        }
        let _ = write!(self.trail, "\n{flow} {} {}", NAMES[user], if right { "right" } else { "wrong" });
        let (operation, flow) =
            if flow == "ADMIN" { ("AdminInitiateAuth", "ADMIN_USER_PASSWORD_AUTH") } else { ("InitiateAuth", flow) };
        let mut request = json!({ "ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters });
        if operation == "AdminInitiateAuth" {
            request["UserPoolId"] = self.pool.as_str().into();
        }
        let answer = self.server.call(operation, request).await.json();
        let exchange = (answer["ChallengeName"] == "PASSWORD_VERIFIER").then_some(srp);
        // Credit is for the sign-in that a token steps up; one from scratch begins with nothing.
        if answer["AvailableChallenges"].is_array() {
            proved.clear();
        }
        self.judge(&answer, user, proved, fair, exchange);
    }

    /// Answers a challenge: most often the newest by its own name with what it asks for, else anything.
    async fn answer(&mut self) {
        let Some(last) = self.seen.len().checked_sub(1) else { return };
        let at = if self.dice.percent(65) { last } else { self.dice.roll(self.seen.len()) };
        let user = self.seen[at].user;
        let own = self.seen[at].challenge.clone();
        let name = if self.dice.percent(70) { own.clone() } else { self.dice.pick(&CHALLENGES).to_owned() };
        let named = if self.dice.percent(88) { user } else { self.dice.roll(NAMES.len()) };
        let kind = self.dice.pick(&["right", "right", "right", "right", "wrong", "absent", "another's"]);
        let other = if kind == "another's" { self.dice.roll(self.seen.len()) } else { at };
        let whose = self.seen[other].user;
        let srp = client::Client::new(self.server.cx.rng.bytes());

        let mut given = Map::new();
        given.insert("USERNAME".to_owned(), NAMES[named].into());
        let choice = self.dice.pick(&FACTORS);
        let answer =
            if name == "SELECT_MFA_TYPE" { self.dice.pick(&["SMS_MFA", "SOFTWARE_TOKEN_MFA"]) } else { choice };
        given.insert("ANSWER".to_owned(), answer.into());
        let password = match kind {
            "right" => self.password(user),
            "another's" => self.password(whose),
            _ => None,
        };
        let password = password.unwrap_or(WRONG);
        let code = match kind {
            "wrong" => Some("000000".to_owned()),
            _ => self.seen[other].code.clone(),
        };
        let shown = if kind == "wrong" { "000000".to_owned() } else { self.app.code(self.server) };
        if kind != "absent" {
            let mut put = |name: &str, value: &str| given.insert(name.to_owned(), value.into());
            put("PASSWORD", password);
            put("SRP_A", &srp.a_public());
            put("SOFTWARE_TOKEN_MFA_CODE", &shown);
            for parameter in ["EMAIL_OTP_CODE", "SMS_OTP_CODE", "SMS_MFA_CODE"] {
                put(parameter, code.as_deref().unwrap_or("000000"));
            }
            put("NEW_PASSWORD", CHOSEN);
            if let Some(options) = self.seen[other].parameters["CREDENTIAL_REQUEST_OPTIONS"].as_str() {
                let options: Value = serde_json::from_str(options).unwrap();
                put("CREDENTIAL", &self.passkey.sign(&options).to_string());
            }
        }
        let now_s = self.now_s();
        if let Some(exchange) = self.seen[other].exchange.take() {
            let challenge = json!({ "ChallengeParameters": self.seen[other].parameters });
            let exchange = Exchange { srp: exchange, challenge };
            let proof = exchange.proof(&self.pool, password, now_s);
            given.extend(
                proof
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, _)| *name != "USERNAME")
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            self.seen[other].exchange = Some(exchange.srp);
        }
        let answers = json!(given);
        let request = json!({
            "ClientId": self.client, "ChallengeName": name, "Session": self.seen[at].session,
            "ChallengeResponses": answers,
        });
        let _ = write!(self.trail, "\n{name} for {own} of {} as {}, {kind} of {other}/{at}", NAMES[user], NAMES[named]);
        let before = &self.seen[at];
        let alive = !before.spent && now_s < before.ends_s && named == user;
        let password_right = kind != "absent" && self.password(user) == Some(password);
        let mut proved = before.proved.clone();
        let new_password = name == "NEW_PASSWORD_REQUIRED" && own == name && kind != "absent";
        let proof = match name.as_str() {
            "PASSWORD" => password_right.then_some("pwd"),
            "SELECT_CHALLENGE" if choice == "PASSWORD" => password_right.then_some("pwd"),
            "SELECT_CHALLENGE" if choice == "WEB_AUTHN" && own == "WEB_AUTHN" => (user == BOB).then_some("swk"),
            "PASSWORD_VERIFIER" if own == name => (password_right && other == at).then_some("pwd"),
            "EMAIL_OTP" if own == name => (before.code.is_some() && code == before.code).then_some("email_otp"),
            "SMS_OTP" | "SMS_MFA" if own == name => (before.code.is_some() && code == before.code).then_some("sms"),
            "SOFTWARE_TOKEN_MFA" if own == name => (user == ALICE && kind != "wrong").then_some("otp"),
            "WEB_AUTHN" if own == name => (user == BOB && other == at).then_some("swk"),
            _ => None,
        };
        let proof = proof.filter(|_| kind != "absent");
        proved.extend(proof);
        let fair = alive && (proof.is_some() || new_password);
        if new_password && alive && user == DORA && !self.dora_chose {
            // Whether it is taken shows below.
            proved.insert("new");
        }
        let answer = self.server.call("RespondToAuthChallenge", request).await.json();
        let went_on = answer.get("ChallengeName").is_some() || answer.get("AuthenticationResult").is_some();
        assert!(alive || !went_on, "an answer to what is over, or another's: {}", self.trail);
        if new_password && went_on {
            assert!(user == DORA && !self.dora_chose, "{}", self.trail);
            self.dora = CHOSEN;
            self.dora_chose = true;
        }
        let exchange = (answer["ChallengeName"] == "PASSWORD_VERIFIER").then_some(srp);
        if self.judge(&answer, user, proved, fair, exchange) {
            self.seen[at].spent = true;
        }
    }

    async fn step(&mut self) {
        match self.dice.roll(20) {
            0..6 => self.begin().await,
            6..18 => self.answer().await,
            18 => {
                let seconds = 1 + self.dice.roll(90) as i64;
                let _ = write!(self.trail, "\n{seconds} s later");
                self.server.advance_s(seconds);
            }
            _ => {
                // A second factor that comes on while challenges wait for their answers.
                let user = self.dice.pick(&[BOB, CARL, DORA]);
                let on = json!({ "Enabled": true });
                let preference = json!({ "UserPoolId": self.pool, "Username": NAMES[user], "SMSMfaSettings": on });
                let _ = write!(self.trail, "\n{} turns on SMS_MFA", NAMES[user]);
                self.server.ok("AdminSetUserMFAPreference", preference).await;
                self.has_mfa[user] = true;
            }
        }
    }
}

/// SECURITY 24 and 25: skipped, repeated, reordered, replayed and swapped answers, another challenge's or another user's
/// proof, credit from others' tokens, and factors that are turned on midway.
#[tokio::test]
async fn no_walk_gets_around_a_factor() {
    let server = TestServer::start().await;
    let mut won = Won::default();
    let fresh = (0..FRESH).map(|_| u64::from_le_bytes(Rng::System.bytes()));
    for seed in SEEDS.chain(fresh) {
        let mut walk = Walk::new(&server, seed).await;
        let _ = write!(walk.trail, ", seed {seed}");
        for _ in 0..STEPS {
            walk.step().await;
        }
        won.one += walk.won.one;
        won.several += walk.won.several;
    }
    assert!(won.one > 10 && won.several > 3, "proof does lead to tokens: {} and {}", won.one, won.several);
}
