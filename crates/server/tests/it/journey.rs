//! From CreateUserPool to a user who has left again, through the official Rust SDK.

use std::collections::HashMap;

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cognitoidentityprovider::operation::initiate_auth::InitiateAuthError;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, ChallengeNameType, ExplicitAuthFlowsType,
    PreventUserExistenceErrorTypes, UserStatusType, VerifiedAttributeType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_crypto::srp::{client as srp, format_timestamp};
use cognate_testkit::{Key, TestServer};

use crate::people::{by_password, claims, error};

const EMAIL: &str = "ada@example.com";
const NEXT_EMAIL: &str = "lovelace@example.com";
const PASSWORD: &str = "Correct-horse-1";
const NEXT_PASSWORD: &str = "Battery-staple-2";
const LAST_PASSWORD: &str = "Analytical-engine-3";

/// A user of a pool, on an application of it.
struct Journey {
    server: TestServer,
    sdk: Client,
    pool: String,
    client: String,
}

/// The whole way, each step on the ground of the one before.
#[tokio::test]
async fn from_a_new_pool_to_a_user_who_left() {
    let journey = Journey::begin().await;
    let sub = journey.sign_up().await;
    let tokens = journey.by_password(EMAIL, PASSWORD).await.unwrap();
    let tokens_by_srp = journey.by_srp(EMAIL, PASSWORD).await;
    for tokens in [&tokens, &tokens_by_srp] {
        let identity = claims(tokens.id_token().unwrap());
        assert_eq!((identity["sub"].as_str(), identity["email"].as_str()), (Some(sub.as_str()), Some(EMAIL)));
        assert_eq!(identity["iss"], format!("{}/{}", journey.server.url(), journey.pool));
        assert_eq!(identity["aud"], journey.client);
        assert_eq!((tokens.expires_in(), tokens.token_type()), (3600, Some("Bearer")));
    }
    journey.a_signature_changes_nothing().await;

    journey.move_to_another_address(tokens.access_token().unwrap(), &sub).await;
    let tokens = journey.join_a_group(&sub).await;
    journey.refresh(&tokens).await;
    journey.change_the_password(tokens.access_token().unwrap()).await;
    journey.recover_the_password().await;
    journey.revoke().await;
    journey.sign_out_everywhere().await;
    journey.leave(&sub).await;
}

impl Journey {
    async fn begin() -> Self {
        let server = TestServer::start().await;
        let sdk = server.sdk();
        let pool = sdk
            .create_user_pool()
            .pool_name("journey")
            .username_attributes("email".into())
            .auto_verified_attributes(VerifiedAttributeType::Email)
            .send()
            .await
            .unwrap();
        let pool = pool.user_pool().unwrap().id().unwrap().to_owned();
        let client = sdk
            .create_user_pool_client()
            .user_pool_id(&pool)
            .client_name("web")
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserPasswordAuth)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserSrpAuth)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth)
            .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
            .send()
            .await
            .unwrap();
        let client = client.user_pool_client().unwrap().client_id().unwrap().to_owned();
        Self { server, sdk, pool, client }
    }

    /// Signs up and confirms; answers the `sub`.
    async fn sign_up(&self) -> String {
        let Self { sdk, client, .. } = self;
        let made = sdk.sign_up().client_id(client).username(EMAIL).password(PASSWORD).send().await.unwrap();
        assert!(!made.user_confirmed());
        assert_eq!(made.code_delivery_details().unwrap().destination(), Some("a***@e***"));
        let early = self.by_password(EMAIL, PASSWORD).await;
        assert_eq!(refusal(early), error("UserNotConfirmed", "User is not confirmed."));
        let code = self.server.last_code(EMAIL);
        sdk.confirm_sign_up().client_id(client).username(EMAIL).confirmation_code(code).send().await.unwrap();
        let user = sdk.admin_get_user().user_pool_id(&self.pool).username(EMAIL).send().await.unwrap();
        assert_eq!((user.username(), user.user_status()), (made.user_sub(), Some(&UserStatusType::Confirmed)));
        made.user_sub().to_owned()
    }

    async fn by_password(
        &self,
        username: &str,
        password: &str,
    ) -> Result<AuthenticationResultType, SdkError<InitiateAuthError>> {
        let signed_in = self
            .sdk
            .initiate_auth()
            .client_id(&self.client)
            .auth_flow(AuthFlowType::UserPasswordAuth)
            .auth_parameters("USERNAME", username)
            .auth_parameters("PASSWORD", password)
            .send()
            .await?;
        Ok(signed_in.authentication_result().expect("no challenge stands between").clone())
    }

    async fn by_srp(&self, username: &str, password: &str) -> AuthenticationResultType {
        let exchange = srp::Client::new(self.server.cx.rng.bytes());
        let asked = self
            .sdk
            .initiate_auth()
            .client_id(&self.client)
            .auth_flow(AuthFlowType::UserSrpAuth)
            .auth_parameters("USERNAME", username)
            .auth_parameters("SRP_A", exchange.a_public())
            .send()
            .await
            .unwrap();
        assert_eq!(asked.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
        let parameters = asked.challenge_parameters().unwrap();
        let timestamp = format_timestamp(self.server.clock.now_ms() / 1000);
        let secret_block = STANDARD.decode(&parameters["SECRET_BLOCK"]).unwrap();
        let challenge = srp::Challenge {
            salt: &parameters["SALT"],
            b_public: &parameters["SRP_B"],
            secret_block: &secret_block,
            timestamp: &timestamp,
        };
        let (_, group) = self.pool.split_once('_').unwrap();
        let user_id = &parameters["USER_ID_FOR_SRP"];
        let claim = exchange.claim(group, user_id, password, &challenge).unwrap();
        let answers = HashMap::from([
            ("USERNAME".to_owned(), user_id.clone()),
            ("PASSWORD_CLAIM_SECRET_BLOCK".to_owned(), parameters["SECRET_BLOCK"].clone()),
            ("PASSWORD_CLAIM_SIGNATURE".to_owned(), claim),
            ("TIMESTAMP".to_owned(), timestamp),
        ]);
        let answered = self
            .sdk
            .respond_to_auth_challenge()
            .client_id(&self.client)
            .challenge_name(ChallengeNameType::PasswordVerifier)
            .set_session(asked.session().map(str::to_owned))
            .set_challenge_responses(Some(answers))
            .send()
            .await
            .unwrap();
        answered.authentication_result().expect("no challenge stands between").clone()
    }

    /// Clients such as paws sign what needs no signature.
    async fn a_signature_changes_nothing(&self) {
        let key = Key { id: "AKIDTEST".into(), secret: "secret".into() };
        let request = self.server.unsigned("InitiateAuth", &by_password(&self.client, EMAIL, PASSWORD)).sign(&key);
        let answer = self.server.send(request.request()).await;
        assert_eq!(answer.error(), None);
        assert!(answer.json()["AuthenticationResult"]["AccessToken"].is_string());
    }

    async fn move_to_another_address(&self, access: &str, sub: &str) {
        let email = AttributeType::builder().name("email").value(NEXT_EMAIL).build().unwrap();
        let name = AttributeType::builder().name("given_name").value("Ada").build().unwrap();
        let change = self.sdk.update_user_attributes().access_token(access).user_attributes(email);
        let changed = change.user_attributes(name).send().await.unwrap();
        let sent = &changed.code_delivery_details_list()[0];
        assert_eq!((sent.attribute_name(), sent.destination()), (Some("email"), Some("l***@e***")));
        assert_eq!(self.attribute(access, "email_verified").await.as_deref(), Some("false"));

        let verify = self.sdk.verify_user_attribute().access_token(access).attribute_name("email");
        verify.code(self.server.last_code(NEXT_EMAIL)).send().await.unwrap();
        assert_eq!(self.attribute(access, "email_verified").await.as_deref(), Some("true"));
        assert_eq!(self.attribute(access, "given_name").await.as_deref(), Some("Ada"));
        assert_eq!(self.attribute(access, "sub").await.as_deref(), Some(sub));
        let before = self.by_password(EMAIL, PASSWORD).await;
        assert_eq!(refusal(before), error("NotAuthorized", "Incorrect username or password."));
    }

    async fn attribute(&self, access: &str, name: &str) -> Option<String> {
        let user = self.sdk.get_user().access_token(access).send().await.unwrap();
        let found = user.user_attributes().iter().find(|attribute| attribute.name() == name)?;
        found.value().map(str::to_owned)
    }

    /// Answers tokens that say so.
    async fn join_a_group(&self, sub: &str) -> AuthenticationResultType {
        let Self { sdk, pool, .. } = self;
        sdk.create_group().user_pool_id(pool).group_name("engineers").precedence(1).send().await.unwrap();
        let join = sdk.admin_add_user_to_group().user_pool_id(pool).username(sub).group_name("engineers");
        join.send().await.unwrap();
        let tokens = self.by_password(NEXT_EMAIL, PASSWORD).await.unwrap();
        for token in [tokens.access_token(), tokens.id_token()] {
            assert_eq!(claims(token.unwrap())["cognito:groups"], serde_json::json!(["engineers"]));
        }
        tokens
    }

    async fn refresh(&self, tokens: &AuthenticationResultType) {
        self.server.advance_s(10);
        let asked = self.sdk.initiate_auth().client_id(&self.client).auth_flow(AuthFlowType::RefreshTokenAuth);
        let asked = asked.auth_parameters("REFRESH_TOKEN", tokens.refresh_token().unwrap()).send().await.unwrap();
        let fresh = asked.authentication_result().unwrap();
        assert_eq!(fresh.refresh_token(), None, "the refresh token stays the same");
        let (old, new) = (claims(tokens.access_token().unwrap()), claims(fresh.access_token().unwrap()));
        assert_eq!((&old["origin_jti"], &old["auth_time"]), (&new["origin_jti"], &new["auth_time"]));
        assert_eq!(new["iat"].as_i64(), old["iat"].as_i64().map(|at| at + 10));
        assert_eq!(new["cognito:groups"], serde_json::json!(["engineers"]));
    }

    async fn change_the_password(&self, access: &str) {
        let change = |from: &str| {
            let change = self.sdk.change_password().access_token(access);
            change.previous_password(from).proposed_password(NEXT_PASSWORD).send()
        };
        let wrong = change("Wrong-horse-1").await;
        assert_eq!(refusal(wrong), error("NotAuthorized", "Incorrect username or password."));
        change(PASSWORD).await.unwrap();
        let old = self.by_password(NEXT_EMAIL, PASSWORD).await;
        assert_eq!(refusal(old), error("NotAuthorized", "Incorrect username or password."));
        self.by_srp(NEXT_EMAIL, NEXT_PASSWORD).await;
    }

    async fn recover_the_password(&self) {
        let Self { sdk, client, .. } = self;
        let sent = sdk.forgot_password().client_id(client).username(NEXT_EMAIL).send().await.unwrap();
        assert_eq!(sent.code_delivery_details().unwrap().destination(), Some("l***@e***"));
        let confirm = |code: String| {
            let confirm = sdk.confirm_forgot_password().client_id(client).username(NEXT_EMAIL);
            confirm.confirmation_code(code).password(LAST_PASSWORD).send()
        };
        let code = self.server.last_code(NEXT_EMAIL);
        let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
        let refused = refusal(confirm(wrong).await);
        assert_eq!(refused, error("CodeMismatch", "Invalid verification code provided, please try again."));
        confirm(code).await.unwrap();
        self.by_srp(NEXT_EMAIL, LAST_PASSWORD).await;
    }

    async fn revoke(&self) {
        let tokens = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await.unwrap();
        let others = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await.unwrap();
        let refresh = tokens.refresh_token().unwrap();
        self.sdk.revoke_token().client_id(&self.client).token(refresh).send().await.unwrap();
        let access = self.sdk.get_user().access_token(tokens.access_token().unwrap()).send().await;
        assert_eq!(refusal(access), error("NotAuthorized", "Access Token has been revoked"));
        let asked = self.sdk.initiate_auth().client_id(&self.client).auth_flow(AuthFlowType::RefreshTokenAuth);
        let asked = asked.auth_parameters("REFRESH_TOKEN", refresh).send().await;
        assert_eq!(refusal(asked), error("NotAuthorized", "Refresh Token has been revoked"));
        self.sdk.get_user().access_token(others.access_token().unwrap()).send().await.unwrap();
    }

    async fn sign_out_everywhere(&self) {
        let here = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await.unwrap();
        let there = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await.unwrap();
        self.sdk.global_sign_out().access_token(here.access_token().unwrap()).send().await.unwrap();
        for tokens in [here, there] {
            let access = self.sdk.get_user().access_token(tokens.access_token().unwrap()).send().await;
            assert_eq!(refusal(access), error("NotAuthorized", "Access Token has been revoked"));
        }
    }

    async fn leave(&self, sub: &str) {
        let Self { sdk, pool, .. } = self;
        let tokens = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await.unwrap();
        sdk.delete_user().access_token(tokens.access_token().unwrap()).send().await.unwrap();
        let gone = self.by_password(NEXT_EMAIL, LAST_PASSWORD).await;
        assert_eq!(refusal(gone), error("NotAuthorized", "Incorrect username or password."));
        let gone = sdk.admin_get_user().user_pool_id(pool).username(sub).send().await;
        assert_eq!(refusal(gone), error("UserNotFound", "User does not exist."));
        let members = sdk.list_users_in_group().user_pool_id(pool).group_name("engineers").send().await.unwrap();
        assert!(members.users().is_empty());

        sdk.delete_user_pool().user_pool_id(pool).send().await.unwrap();
        let gone = sdk.describe_user_pool().user_pool_id(pool).send().await;
        let words = format!("User pool {pool} does not exist.");
        assert_eq!(refusal(gone), error("ResourceNotFound", words));
    }
}

/// The error's code and words.
fn refusal<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> (String, String) {
    let Err(refused) = answer else { panic!("the call is refused") };
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    (text(refused.code()), text(refused.message()))
}
