//! A passkey provider that others wrote: what it makes is registered, and what it signs signs in.

use std::pin::Pin;

use cognate_shapes::enums::UserVerification;
use cognate_testkit::TestServer;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey::types::Passkey;
use passkey::types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use url::Url;

use crate::authenticator::base64url;
use crate::passkeys::{pool, start, user};

/// A user who is there, and who they are.
struct Present;

impl UserValidationMethod for Present {
    type PasskeyItem = Passkey;

    fn check_user<'a, 'life0, 'async_trait>(
        &'life0 self,
        _: UiHint<'a, Passkey>,
        presence: bool,
        verification: bool,
    ) -> Pin<Box<dyn Future<Output = Result<UserCheck, Ctap2Error>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move { Ok(UserCheck { presence, verification }) })
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }
}

#[tokio::test]
async fn a_passkey_of_another_maker_is_registered_and_signs_in() {
    let server = TestServer::start().await;
    let (pool, client) = pool(&server, UserVerification::Required).await;
    let (sub, token) = user(&server, &pool, &client, "ada").await;
    let origin = Url::parse("https://login.example.com").unwrap();
    let provider = Authenticator::new(Aaguid::new_empty(), None::<Passkey>, Present, RustCryptoBackend);
    let mut browser = Client::new(provider);

    let options = json!({ "publicKey": start(&server, &token).await });
    let options = serde_json::from_value(options).unwrap();
    let made = browser.register(&origin, options, DefaultClientData).await.unwrap();
    let credential = json!({
        "id": made.id, "rawId": base64url(&made.raw_id), "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": base64url(&made.response.client_data_json),
            "attestationObject": base64url(&made.response.attestation_object),
            "transports": ["internal"],
        },
    });
    let complete = json!({ "AccessToken": token, "Credential": credential });
    server.ok("CompleteWebAuthnRegistration", complete).await;

    for _ in 0..2 {
        let wanted = json!({
            "AuthFlow": "USER_AUTH", "ClientId": client,
            "AuthParameters": { "USERNAME": "ada", "PREFERRED_CHALLENGE": "WEB_AUTHN" },
        });
        let challenge = server.ok("InitiateAuth", wanted).await;
        let options = challenge["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap();
        let options: Value = serde_json::from_str(options).unwrap();
        let options = serde_json::from_value(json!({ "publicKey": options })).unwrap();
        let used = browser.authenticate(&origin, options, DefaultClientData).await.unwrap();
        let handle = used.response.user_handle.as_ref().expect("the provider keeps whose passkey it is");
        assert_eq!(handle.as_slice(), sub.as_bytes());
        let credential = json!({
            "id": used.id, "rawId": base64url(&used.raw_id), "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url(&used.response.client_data_json),
                "authenticatorData": base64url(&used.response.authenticator_data),
                "signature": base64url(&used.response.signature),
                "userHandle": base64url(handle),
            },
        });
        let answer = json!({
            "ChallengeName": "WEB_AUTHN", "ClientId": client, "Session": challenge["Session"],
            "ChallengeResponses": { "USERNAME": "ada", "CREDENTIAL": credential.to_string() },
        });
        let signed_in = server.ok("RespondToAuthChallenge", answer).await;
        assert!(signed_in["AuthenticationResult"]["AccessToken"].is_string());
    }
}
