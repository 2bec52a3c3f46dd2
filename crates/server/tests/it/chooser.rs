//! A program that signs users in by USER_AUTH through the official SDK.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{AuthFlowType, AuthenticationResultType, ChallengeNameType};
use cognate_crypto::srp;
use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::{self, Exchange};

/// What a step led to.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub challenge: Option<String>,
    pub parameters: HashMap<String, String>,
    pub session: String,
    pub available: Vec<String>,
    pub tokens: Option<AuthenticationResultType>,
}

impl Answer {
    /// The challenge that is asked.
    ///
    /// # Panics
    /// When tokens came instead.
    pub fn asks(&self) -> &str {
        self.challenge.as_deref().expect("a challenge is asked")
    }

    /// The claims of the access token.
    ///
    /// # Panics
    /// When a challenge came instead.
    pub fn claims(&self) -> Value {
        people::claims(self.access_token())
    }

    pub fn access_token(&self) -> &str {
        let tokens = self.tokens.as_ref().unwrap_or_else(|| panic!("tokens come, not {:?}", self.challenge));
        tokens.access_token().expect("an access token is among them")
    }
}

/// An error's code and words.
pub type Refusal = (String, String);

fn refusal(error: &impl ProvideErrorMetadata) -> Refusal {
    (error.code().unwrap_or_default().to_owned(), error.message().unwrap_or_default().to_owned())
}

macro_rules! answer {
    ($output:expr) => {{
        let output = $output;
        Answer {
            challenge: output.challenge_name().map(|name| name.as_str().to_owned()),
            parameters: output.challenge_parameters().cloned().unwrap_or_default(),
            session: output.session().unwrap_or_default().to_owned(),
            available: output.available_challenges().iter().map(|name| name.as_str().to_owned()).collect(),
            tokens: output.authentication_result().cloned(),
        }
    }};
}

/// The program, and the client it is.
#[derive(Clone, Debug)]
pub struct Chooser {
    pub sdk: Client,
    pub pool: String,
    pub client: String,
}

impl Chooser {
    /// In a new pool whose users may begin with these factors.
    pub async fn new(server: &TestServer, factors: &[&str], mut pool: Value, mut client: Value) -> Self {
        pool["Policies"]["SignInPolicy"] = json!({ "AllowedFirstAuthFactors": factors });
        if factors.contains(&"SMS_OTP") {
            pool["SmsConfiguration"] = json!({ "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" });
        }
        let pool = server.pool(pool).await;
        client["ExplicitAuthFlows"] =
            json!(["ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_PASSWORD_AUTH"]);
        let client = server.client(&pool, client).await;
        Self { sdk: server.sdk(), pool, client }
    }

    /// InitiateAuth with USER_AUTH.
    pub async fn begin(&self, parameters: &[(&str, &str)]) -> Result<Answer, Refusal> {
        self.begin_from(None, parameters).await
    }

    /// The same with a `Session` of ConfirmSignUp.
    pub async fn begin_from(&self, session: Option<&str>, parameters: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let request = self.sdk.initiate_auth().client_id(&self.client).auth_flow(AuthFlowType::UserAuth);
        let request = parameters.iter().fold(request, |request, (name, value)| request.auth_parameters(*name, *value));
        let answer = request.set_session(session.map(str::to_owned)).send().await;
        answer.map(|output| answer!(output)).map_err(|error| refusal(&error))
    }

    /// AdminInitiateAuth with USER_AUTH.
    pub async fn begin_as_administrator(&self, parameters: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let request = self.sdk.admin_initiate_auth().user_pool_id(&self.pool).client_id(&self.client);
        let request = request.auth_flow(AuthFlowType::UserAuth);
        let request = parameters.iter().fold(request, |request, (name, value)| request.auth_parameters(*name, *value));
        request.send().await.map(|output| answer!(output)).map_err(|error| refusal(&error))
    }

    /// RespondToAuthChallenge.
    pub async fn answer(&self, name: &str, session: &str, given: &[(&str, &str)]) -> Result<Answer, Refusal> {
        let request = self.sdk.respond_to_auth_challenge().client_id(&self.client);
        let request = request.challenge_name(ChallengeNameType::from(name)).session(session);
        let request = given.iter().fold(request, |request, (name, value)| request.challenge_responses(*name, *value));
        request.send().await.map(|output| answer!(output)).map_err(|error| refusal(&error))
    }

    /// AdminRespondToAuthChallenge.
    pub async fn answer_as_administrator(
        &self,
        name: &str,
        session: &str,
        given: &[(&str, &str)],
    ) -> Result<Answer, Refusal> {
        let request = self.sdk.admin_respond_to_auth_challenge().user_pool_id(&self.pool).client_id(&self.client);
        let request = request.challenge_name(ChallengeNameType::from(name)).session(session);
        let request = given.iter().fold(request, |request, (name, value)| request.challenge_responses(*name, *value));
        request.send().await.map(|output| answer!(output)).map_err(|error| refusal(&error))
    }

    /// Asks the user to choose.
    ///
    /// # Panics
    /// When the user is not.
    pub async fn choices(&self, username: &str) -> Answer {
        let answer = self.begin(&[("USERNAME", username)]).await.expect("the sign-in begins");
        assert_eq!(answer.asks(), "SELECT_CHALLENGE");
        answer
    }

    /// Proves a password to a PASSWORD_VERIFIER challenge.
    pub async fn prove(
        &self,
        server: &TestServer,
        srp: srp::client::Client,
        asked: &Answer,
        password: &str,
    ) -> Result<Answer, Refusal> {
        let challenge = json!({ "ChallengeParameters": asked.parameters, "Session": asked.session });
        let exchange = Exchange { srp, challenge };
        let proof = exchange.proof(&self.pool, password, server.clock.now_ms() / 1000);
        let proof: HashMap<String, String> = serde_json::from_value(proof).expect("a proof is texts");
        let given: Vec<(&str, &str)> = proof.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.answer("PASSWORD_VERIFIER", &asked.session, &given).await
    }
}

/// An authenticator app.
#[derive(Debug)]
pub struct App {
    secret: String,
}

impl App {
    /// Registers one for the holder of the access token.
    pub async fn register(server: &TestServer, access_token: &str) -> Self {
        let shown = server.ok("AssociateSoftwareToken", json!({ "AccessToken": access_token })).await;
        let app = Self { secret: people::text(&shown, "SecretCode").to_owned() };
        let request = json!({ "AccessToken": access_token, "UserCode": app.code(server) });
        assert_eq!(server.ok("VerifySoftwareToken", request).await["Status"], "SUCCESS");
        // The code shown now is used up.
        server.advance_s(30);
        app
    }

    /// The code it shows now.
    pub fn code(&self, server: &TestServer) -> String {
        let secret = totp_rs::Secret::try_from_base32(&self.secret).expect("secrets are Base32");
        let totp = totp_rs::Builder::new().with_secret(secret).build_noncompliant();
        totp.generate(server.clock.now_ms().unsigned_abs() / 1000).to_string()
    }
}
