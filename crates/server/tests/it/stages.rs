//! Every challenge as a sign-in comes to ask it, with the answer that meets it.

use cognate_crypto::{secret_hash, srp};
use cognate_shapes::enums::UserStatus;
use cognate_testkit::TestServer;
use cognate_testkit::lambda::{Lambda, Reply, arn};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::device::{Device, SECRET};
use crate::passkeys::{self, RELYING_PARTY};
use crate::people::{self, Exchange, PASSWORD, text};
use crate::second_factors::{EMAIL, PHONE, sending, shown};

const CHOSEN: &str = "Chosen-Horse-8";

/// One row of the table of challenges.
pub struct Row {
    /// How a sign-in comes there, which most challenges' own names say.
    pub by: &'static str,
    pub challenge: &'static str,
    /// The names of `ChallengeParameters`, sorted.
    pub parameters: &'static [&'static str],
    /// The names in `ChallengeResponses` that an answer must have.
    pub required: &'static [&'static str],
    /// The challenge that the right answer leads to; `None` for tokens.
    pub leads_to: Option<&'static str>,
}

const CLAIM: [&str; 3] = ["PASSWORD_CLAIM_SECRET_BLOCK", "PASSWORD_CLAIM_SIGNATURE", "TIMESTAMP"];
const SENT: [&str; 2] = ["CODE_DELIVERY_DELIVERY_MEDIUM", "CODE_DELIVERY_DESTINATION"];
const SENT_TO: [&str; 3] = [SENT[0], SENT[1], "USER_ID_FOR_SRP"];

const fn row(
    by: &'static str,
    parameters: &'static [&'static str],
    required: &'static [&'static str],
    leads_to: Option<&'static str>,
) -> Row {
    Row { by, challenge: by, parameters, required, leads_to }
}

/// Every name that a challenge may be answered under.
pub const CHALLENGES: [&str; 16] = [
    "SMS_MFA",
    "EMAIL_OTP",
    "SOFTWARE_TOKEN_MFA",
    "SELECT_MFA_TYPE",
    "MFA_SETUP",
    "PASSWORD_VERIFIER",
    "CUSTOM_CHALLENGE",
    "SELECT_CHALLENGE",
    "DEVICE_SRP_AUTH",
    "DEVICE_PASSWORD_VERIFIER",
    "ADMIN_NO_SRP_AUTH",
    "NEW_PASSWORD_REQUIRED",
    "SMS_OTP",
    "PASSWORD",
    "WEB_AUTHN",
    "PASSWORD_SRP",
];

pub const ROWS: [Row; 17] = [
    row("PASSWORD_VERIFIER", &["SALT", "SECRET_BLOCK", "SRP_B", "USERNAME", "USER_ID_FOR_SRP"], &CLAIM, None),
    row(
        "NEW_PASSWORD_REQUIRED",
        &["USER_ID_FOR_SRP", "requiredAttributes", "userAttributes"],
        &["USERNAME", "NEW_PASSWORD"],
        None,
    ),
    row("SMS_MFA", &SENT_TO, &["USERNAME", "SMS_MFA_CODE"], None),
    row(
        "SOFTWARE_TOKEN_MFA",
        &["FRIENDLY_DEVICE_NAME", "USER_ID_FOR_SRP"],
        &["USERNAME", "SOFTWARE_TOKEN_MFA_CODE"],
        None,
    ),
    Row { challenge: "EMAIL_OTP", ..row("e-mail as a second factor", &SENT_TO, &["USERNAME", "EMAIL_OTP_CODE"], None) },
    row("EMAIL_OTP", &SENT, &["USERNAME", "EMAIL_OTP_CODE"], None),
    row("SMS_OTP", &SENT, &["USERNAME", "SMS_OTP_CODE"], None),
    row("SELECT_MFA_TYPE", &["MFAS_CAN_CHOOSE", "USER_ID_FOR_SRP"], &["USERNAME", "ANSWER"], Some("EMAIL_OTP")),
    row("MFA_SETUP", &["MFAS_CAN_SETUP", "USER_ID_FOR_SRP"], &["USERNAME", "EMAIL"], Some("EMAIL_OTP")),
    row("SELECT_CHALLENGE", &[], &["USERNAME", "ANSWER"], None),
    row("PASSWORD", &[], &["USERNAME", "PASSWORD"], None),
    row("PASSWORD_SRP", &[], &["USERNAME", "SRP_A"], Some("PASSWORD_VERIFIER")),
    row("WEB_AUTHN", &["CREDENTIAL_REQUEST_OPTIONS"], &["USERNAME", "CREDENTIAL"], None),
    row("CUSTOM_CHALLENGE", &["USERNAME", "question"], &["USERNAME", "ANSWER"], None),
    row(
        "DEVICE_SRP_AUTH",
        &["DEVICE_KEY", "USERNAME"],
        &["USERNAME", "DEVICE_KEY", "SRP_A"],
        Some("DEVICE_PASSWORD_VERIFIER"),
    ),
    row(
        "DEVICE_PASSWORD_VERIFIER",
        &["DEVICE_KEY", "SALT", "SECRET_BLOCK", "SRP_B", "USERNAME"],
        &["DEVICE_KEY", CLAIM[0], CLAIM[1], CLAIM[2]],
        None,
    ),
    row("ADMIN_NO_SRP_AUTH", &["USERNAME"], &["USERNAME", "PASSWORD"], Some("CUSTOM_CHALLENGE")),
];

/// A server with functions for custom sign-ins.
pub struct Stages {
    pub server: TestServer,
    _lambda: Lambda,
}

/// A pool in which alice comes to one of the challenges; bob is there too.
pub struct Stage<'a> {
    server: &'a TestServer,
    row: &'a Row,
    pub pool: String,
    pub client: String,
    secret: Option<String>,
    /// The id of alice.
    pub sub: String,
    /// What it took to make alice ready: the secret of her app, her passkey, her device.
    app: Option<String>,
    passkey: Option<Authenticator>,
    device: Option<Device>,
}

/// A challenge that waits.
pub struct Asked {
    pub answer: Value,
    srp: Option<srp::client::Client>,
}

/// Functions that ask for 42, or for the password first.
fn functions(first: &'static str) -> impl Fn(&Value) -> Reply + Send + Sync {
    move |event| {
        let rounds = event["request"]["session"].as_array().map_or(0, Vec::len);
        Reply::Response(match event["triggerSource"].as_str().unwrap_or_default() {
            "DefineAuthChallenge_Authentication" if rounds == 0 => json!({ "challengeName": first }),
            "DefineAuthChallenge_Authentication" if first == "CUSTOM_CHALLENGE" => json!({ "issueTokens": true }),
            "DefineAuthChallenge_Authentication" => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
            "CreateAuthChallenge_Authentication" => json!({
                "publicChallengeParameters": { "question": "6 x 7" }, "privateChallengeParameters": { "answer": "42" },
            }),
            _ => json!({ "answerCorrect": true }),
        })
    }
}

impl Stages {
    pub async fn start() -> Self {
        let lambda = Lambda::start().await;
        lambda.on("CUSTOM_CHALLENGE", functions("CUSTOM_CHALLENGE"));
        lambda.on("ADMIN_NO_SRP_AUTH", functions("ADMIN_NO_SRP_AUTH"));
        let server = TestServer::with(&[("triggers.endpoint", &lambda.url())]).await;
        Self { server, _lambda: lambda }
    }

    /// A pool for that row, and a public client of it.
    pub async fn of<'a>(&'a self, row: &'a Row) -> Stage<'a> {
        let server = &self.server;
        let mut settings = sending();
        settings["AccountRecoverySetting"] = json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] });
        let factors: &[&str] = match row.by {
            "EMAIL_OTP" | "SMS_OTP" => &["PASSWORD", "EMAIL_OTP", "SMS_OTP"],
            "WEB_AUTHN" => &["PASSWORD", "WEB_AUTHN"],
            _ => &["PASSWORD"],
        };
        settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": factors } });
        if row.by.starts_with("DEVICE") {
            settings["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": true });
        }
        if matches!(row.by, "CUSTOM_CHALLENGE" | "ADMIN_NO_SRP_AUTH") {
            for trigger in ["DefineAuthChallenge", "CreateAuthChallenge", "VerifyAuthChallengeResponse"] {
                settings["LambdaConfig"][trigger] = arn(row.by).into();
            }
        }
        let pool = server.pool(settings).await;
        let mut stage = Stage {
            server,
            row,
            pool,
            client: String::new(),
            secret: None,
            sub: String::new(),
            app: None,
            passkey: None,
            device: None,
        };
        stage.be(json!({})).await;
        let contacts = [("email", EMAIL), ("phone_number", PHONE)];
        let contacts = if row.by == "MFA_SETUP" { &[][..] } else { &contacts[..] };
        let alice = people::add(server, &stage.pool, "alice", UserStatus::Confirmed, Some(PASSWORD), contacts).await;
        stage.sub = alice.id;
        people::confirmed(server, &stage.pool, "bob").await;
        stage.prepare().await;
        stage
    }
}

impl Stage<'_> {
    /// Goes on as a new client with these settings beside its flows.
    pub async fn be(&mut self, mut client: Value) {
        client["UserPoolId"] = self.pool.as_str().into();
        client["ClientName"] = "client".into();
        client["ExplicitAuthFlows"] = json!([
            "ALLOW_USER_AUTH",
            "ALLOW_CUSTOM_AUTH",
            "ALLOW_USER_SRP_AUTH",
            "ALLOW_USER_PASSWORD_AUTH",
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        ]);
        let made = self.server.ok("CreateUserPoolClient", client).await["UserPoolClient"].take();
        text(&made, "ClientId").clone_into(&mut self.client);
        self.secret = made["ClientSecret"].as_str().map(str::to_owned);
    }

    /// Adds the SECRET_HASH to parameters, over the name they have.
    fn hashed(&self, mut parameters: Value) -> Value {
        if let Some(secret) = &self.secret {
            let name = parameters["USERNAME"].as_str().unwrap_or("alice");
            parameters["SECRET_HASH"] = secret_hash::compute(secret, name, &self.client).into();
        }
        parameters
    }

    async fn begin(&self, flow: &str, parameters: Value) -> Value {
        let parameters = self.hashed(parameters);
        let mut request = json!({ "ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters });
        if self.door() == "RespondToAuthChallenge" {
            return self.server.ok("InitiateAuth", request).await;
        }
        request["UserPoolId"] = self.pool.as_str().into();
        self.server.ok("AdminInitiateAuth", request).await
    }

    async fn by_password(&self) -> Value {
        self.begin("USER_PASSWORD_AUTH", json!({ "USERNAME": "alice", "PASSWORD": PASSWORD })).await
    }

    async fn token(&self) -> String {
        text(&self.by_password().await["AuthenticationResult"], "AccessToken").to_owned()
    }

    async fn demand(&self, mut mfa: Value) {
        mfa["UserPoolId"] = self.pool.as_str().into();
        self.server.ok("SetUserPoolMfaConfig", mfa).await;
    }

    async fn turn_on(&self, method: &str) {
        let mut request = json!({ "UserPoolId": self.pool, "Username": "alice" });
        request[method] = json!({ "Enabled": true, "PreferredMfa": true });
        self.server.ok("AdminSetUserMFAPreference", request).await;
    }

    /// Makes the pool and alice ready for sign-ins that come to the challenge.
    async fn prepare(&mut self) {
        let app = json!({ "Enabled": true });
        match self.row.by {
            "NEW_PASSWORD_REQUIRED" => self.give_temporary_password().await,
            "SMS_MFA" => self.demand(json!({ "MfaConfiguration": "ON", "SmsMfaConfiguration": {} })).await,
            "SOFTWARE_TOKEN_MFA" => {
                self.demand(json!({ "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": app })).await;
                let token = self.token().await;
                let begun = self.server.ok("AssociateSoftwareToken", json!({ "AccessToken": token })).await;
                let secret = text(&begun, "SecretCode").to_owned();
                let code = shown(&secret, self.server.clock.now_ms());
                let verify = json!({ "AccessToken": token, "UserCode": code, "FriendlyDeviceName": "phone" });
                self.server.ok("VerifySoftwareToken", verify).await;
                self.turn_on("SoftwareTokenMfaSettings").await;
                self.app = Some(secret);
            }
            "e-mail as a second factor" => {
                self.demand(json!({ "MfaConfiguration": "OPTIONAL", "EmailMfaConfiguration": {} })).await;
                self.turn_on("EmailMfaSettings").await;
            }
            "SELECT_MFA_TYPE" => self.demand(json!({ "MfaConfiguration": "ON", "EmailMfaConfiguration": {} })).await,
            "MFA_SETUP" => {
                let mfa = json!({
                    "MfaConfiguration": "ON", "EmailMfaConfiguration": {}, "SoftwareTokenMfaConfiguration": app,
                });
                self.demand(mfa).await;
            }
            "WEB_AUTHN" => {
                let relying_party = json!({ "RelyingPartyId": RELYING_PARTY, "UserVerification": "preferred" });
                self.demand(json!({ "MfaConfiguration": "OFF", "WebAuthnConfiguration": relying_party })).await;
                let mut passkey = Authenticator::es256(RELYING_PARTY);
                passkeys::register(self.server, &self.token().await, &mut passkey).await;
                self.passkey = Some(passkey);
            }
            "DEVICE_SRP_AUTH" | "DEVICE_PASSWORD_VERIFIER" => {
                let tokens = self.by_password().await["AuthenticationResult"].take();
                self.device = Some(Device::confirm(self.server, &tokens).await);
                self.demand(json!({ "MfaConfiguration": "ON", "SmsMfaConfiguration": {} })).await;
            }
            _ => {}
        }
    }

    async fn give_temporary_password(&self) {
        let request = json!({ "UserPoolId": self.pool, "Username": "alice", "Password": PASSWORD, "Permanent": false });
        self.server.ok("AdminSetUserPassword", request).await;
    }

    /// By which operation the challenge is answered.
    pub fn door(&self) -> &'static str {
        if self.row.by == "ADMIN_NO_SRP_AUTH" { "AdminRespondToAuthChallenge" } else { "RespondToAuthChallenge" }
    }

    /// Brings a new sign-in of alice to the challenge.
    pub async fn ask(&self) -> Asked {
        let client = srp::client::Client::new(self.server.cx.rng.bytes());
        let prefer = |factor: &str| json!({ "USERNAME": "alice", "PREFERRED_CHALLENGE": factor });
        let mut kept = None;
        let answer = match self.row.by {
            "PASSWORD_VERIFIER" => {
                let a = client.a_public();
                kept = Some(client);
                self.begin("USER_SRP_AUTH", json!({ "USERNAME": "alice", "SRP_A": a })).await
            }
            "NEW_PASSWORD_REQUIRED" => {
                // Every sign-in that is met leaves a password of alice's own.
                self.give_temporary_password().await;
                self.by_password().await
            }
            "SELECT_CHALLENGE" => self.begin("USER_AUTH", json!({ "USERNAME": "alice" })).await,
            factor @ ("EMAIL_OTP" | "SMS_OTP" | "PASSWORD" | "PASSWORD_SRP" | "WEB_AUTHN") => {
                self.begin("USER_AUTH", prefer(factor)).await
            }
            "CUSTOM_CHALLENGE" | "ADMIN_NO_SRP_AUTH" => self.begin("CUSTOM_AUTH", json!({ "USERNAME": "alice" })).await,
            "DEVICE_SRP_AUTH" => self.on_device().await,
            "DEVICE_PASSWORD_VERIFIER" => {
                let asked = self.on_device().await;
                let device = self.device.as_ref().unwrap();
                let mut begin = device.begin(&self.client, "alice", &client, &asked["Session"]);
                begin["ChallengeResponses"] = self.hashed(begin["ChallengeResponses"].take());
                kept = Some(client);
                self.server.ok("RespondToAuthChallenge", begin).await
            }
            _ => self.by_password().await,
        };
        Asked { answer, srp: kept }
    }

    async fn on_device(&self) -> Value {
        let key = &self.device.as_ref().unwrap().key;
        let given = json!({ "USERNAME": "alice", "PASSWORD": PASSWORD, "DEVICE_KEY": key });
        self.begin("USER_PASSWORD_AUTH", given).await
    }

    /// The answers that meet the challenge now.
    pub fn right(&mut self, asked: &mut Asked) -> Value {
        let mut given = match self.row.by {
            "PASSWORD_VERIFIER" => {
                let challenge = asked.answer.clone();
                let exchange = Exchange { srp: asked.srp.take().unwrap(), challenge };
                let proof = exchange.proof(&self.pool, PASSWORD, self.server.clock.now_ms() / 1000);
                asked.srp = Some(exchange.srp);
                proof
            }
            "NEW_PASSWORD_REQUIRED" => json!({ "NEW_PASSWORD": CHOSEN }),
            "SMS_MFA" => json!({ "SMS_MFA_CODE": self.server.last_code(PHONE) }),
            "SMS_OTP" => json!({ "SMS_OTP_CODE": self.server.last_code(PHONE) }),
            "EMAIL_OTP" | "e-mail as a second factor" => json!({ "EMAIL_OTP_CODE": self.server.last_code(EMAIL) }),
            "SOFTWARE_TOKEN_MFA" => {
                let code = shown(self.app.as_ref().unwrap(), self.server.clock.now_ms());
                json!({ "SOFTWARE_TOKEN_MFA_CODE": code })
            }
            "SELECT_MFA_TYPE" => json!({ "ANSWER": "EMAIL_OTP" }),
            "MFA_SETUP" => json!({ "EMAIL": EMAIL }),
            "SELECT_CHALLENGE" => json!({ "ANSWER": "PASSWORD", "PASSWORD": PASSWORD }),
            "PASSWORD_SRP" => json!({ "SRP_A": srp::client::Client::new(self.server.cx.rng.bytes()).a_public() }),
            "WEB_AUTHN" => {
                let options = text(&asked.answer["ChallengeParameters"], "CREDENTIAL_REQUEST_OPTIONS");
                let options = serde_json::from_str(options).unwrap();
                json!({ "CREDENTIAL": self.passkey.as_mut().unwrap().sign(&options).to_string() })
            }
            "CUSTOM_CHALLENGE" => json!({ "ANSWER": "42" }),
            "DEVICE_SRP_AUTH" => {
                let a = srp::client::Client::new(self.server.cx.rng.bytes()).a_public();
                json!({ "DEVICE_KEY": self.device.as_ref().unwrap().key, "SRP_A": a })
            }
            "DEVICE_PASSWORD_VERIFIER" => {
                let (device, srp) = (self.device.as_ref().unwrap(), asked.srp.as_ref().unwrap());
                let mut proof = device.proof(self.server, &self.client, srp, &asked.answer, SECRET);
                proof["ChallengeResponses"].take()
            }
            _ => json!({ "PASSWORD": PASSWORD }),
        };
        given["USERNAME"] = "alice".into();
        given
    }

    /// The request with these answers, and with the SECRET_HASH where the client has a secret.
    pub fn request(&self, asked: &Asked, given: Value) -> Value {
        self.bare(asked, self.hashed(given))
    }

    /// The request with these answers alone.
    pub fn bare(&self, asked: &Asked, given: Value) -> Value {
        let mut request = json!({
            "ClientId": self.client, "ChallengeName": self.row.challenge, "Session": asked.answer["Session"],
        });
        request["ChallengeResponses"] = given;
        if self.door() == "AdminRespondToAuthChallenge" {
            request["UserPoolId"] = self.pool.as_str().into();
        }
        request
    }

    /// A hash of the client's secret over that name, if it has one.
    pub fn hash_over(&self, name: &str) -> Option<String> {
        Some(secret_hash::compute(self.secret.as_ref()?, name, &self.client))
    }
}
