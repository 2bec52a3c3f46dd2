//! The pool as a WebAuthn relying party (W3C Web Authentication, §7): asks passkeys' providers and judges what they say.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cognate_shapes::enums::UserVerification;
use cognate_shapes::error::{Error, Result};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tracing::subscriber::{NoSubscriber, with_default};
use url::Url;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AttestationFormat, AttestationMetadata, AuthenticationExtensionsClientOutputs, AuthenticationState,
    AuthenticatorAssertionResponseRaw, AuthenticatorAttestationResponseRaw, COSEAlgorithm, Credential,
    ParsedAttestation, ParsedAttestationData, PublicKeyCredential, RegisterPublicKeyCredential,
    RegistrationExtensionsClientOutputs, RegistrationState, UserVerificationPolicy,
};

use crate::directory::Pool;

/// COSE's numbers of the signature algorithms that passkeys may have: ES256 and RS256.
pub const ALGORITHMS: [i64; 2] = [-7, -257];

/// Bytes of the longest credential id (Web Authentication §4, "Credential ID").
const LONGEST_ID: usize = 1023;

/// What providers may say about how they are reached (Web Authentication §5.8.4).
const TRANSPORTS: [&str; 6] = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"];

/// What the library wants to be told; the options that browsers get say another time.
const UNUSED_TIMEOUT: Duration = Duration::from_mins(1);

/// One relying party, and what it asks of passkeys.
pub struct RelyingParty {
    id: String,
    verification: UserVerificationPolicy,
    core: WebauthnCore,
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelyingParty({})", self.id)
    }
}

/// Why what a provider says is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It cannot be read, or contradicts itself.
    Malformed,
    /// It answers another challenge.
    OtherChallenge,
    /// It comes from a page that is not the relying party's.
    Origin,
    /// It was made for another relying party.
    OtherRelyingParty,
    /// It comes from another passkey, or another user's.
    OtherPasskey,
    /// The user was not present, or not verified where that is required.
    Unverified,
    /// Its signature is wrong, or its counter goes back.
    Forged,
    /// Its algorithm or attestation is none of those that are supported.
    Unsupported,
}

/// A passkey that a provider has made.
pub struct Registered {
    pub credential: Credential,
    /// `platform` or `cross-platform`, where the client says.
    pub attachment: Option<String>,
    pub transports: Vec<String>,
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered").field("transports", &self.transports).finish_non_exhaustive()
    }
}

/// A proof that a passkey is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    pub user_verified: bool,
    pub counter: u32,
    pub backup_state: bool,
}

/// What a client sends of a new passkey (Web Authentication §5.1.8.1, `RegistrationResponseJSON`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    id: String,
    raw_id: Base64Url,
    r#type: String,
    authenticator_attachment: Option<String>,
    response: Attestation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: Base64Url,
    attestation_object: Base64Url,
    #[serde(default)]
    transports: Vec<String>,
}

/// What a client sends of a passkey that is used (`AuthenticationResponseJSON`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    id: String,
    raw_id: Base64Url,
    r#type: String,
    response: Assertion,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assertion {
    #[serde(rename = "clientDataJSON")]
    client_data: Base64Url,
    authenticator_data: Base64Url,
    signature: Base64Url,
    user_handle: Option<Base64Url>,
}

/// Where the client data comes from (Web Authentication §5.8.1). The library takes an origin for any URL, and reads of new
/// passkeys alone whether there was another page around.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    origin: String,
    cross_origin: Option<bool>,
}

impl ClientData {
    /// Refuses what no page of its own says: an origin is no longer than its scheme, host and port (RFC 6454 §6.2).
    fn check(json: &[u8]) -> Result<(), Flaw> {
        let said: Self = serde_json::from_slice(json).map_err(|_| Flaw::Malformed)?;
        let origin = Url::parse(&said.origin).map_err(|_| Flaw::Origin)?.origin();
        if origin.is_tuple() && origin.ascii_serialization() == said.origin && said.cross_origin != Some(true) {
            Ok(())
        } else {
            Err(Flaw::Origin)
        }
    }
}

/// Bytes in base64url; padding is borne with.
struct Base64Url(Vec<u8>);

impl<'de> Deserialize<'de> for Base64Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map(Self).map_err(serde::de::Error::custom)
    }
}

impl RelyingParty {
    /// The pool's relying party; `None` where it has no id.
    pub fn of(pool: &Pool) -> Option<Self> {
        let configuration = pool.further.web_authn_configuration.as_ref()?;
        let id = configuration.relying_party_id.as_ref()?;
        Some(Self::new(id, configuration.user_verification.unwrap_or(UserVerification::Preferred)))
    }

    /// Pages may be of `https` hosts that are `id` or end in `.id`, at any port. For `localhost` alone, `http` will do.
    pub fn new(id: &str, verification: UserVerification) -> Self {
        let local = id == "localhost";
        let schemes: &[&str] = if local { &["https", "http"] } else { &["https"] };
        // An id that makes no URL has no pages.
        let origins = schemes.iter().filter_map(|scheme| Url::parse(&format!("{scheme}://{id}")).ok()).collect();
        let verification = match verification {
            UserVerification::Required => UserVerificationPolicy::Required,
            UserVerification::Preferred => UserVerificationPolicy::Preferred,
        };
        let core = WebauthnCore::new_unsafe_experts_only(id, id, origins, UNUSED_TIMEOUT, Some(!local), Some(true));
        Self { id: id.to_owned(), verification, core }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// `required` or `preferred`.
    pub fn user_verification(&self) -> &'static str {
        if self.verification == UserVerificationPolicy::Required { "required" } else { "preferred" }
    }

    /// A challenge for a new passkey of that user, and what to remember of it.
    pub fn begin_registration(
        &self,
        user_id: &str,
        username: &str,
        known: Vec<Vec<u8>>,
    ) -> Result<(Vec<u8>, RegistrationState)> {
        let began =
            self.core.new_challenge_register_builder(user_id.as_bytes(), username, username).and_then(|builder| {
                let builder = builder
                    .credential_algorithms(vec![COSEAlgorithm::ES256, COSEAlgorithm::RS256])
                    .require_resident_key(true)
                    .exclude_credentials(Some(known))
                    .user_verification_policy(self.verification);
                self.core.generate_challenge_register(builder)
            });
        let (options, state) = began.map_err(|error| unbegun(&error))?;
        Ok((options.public_key.challenge, state))
    }

    /// Judges a `RegistrationResponseJSON` that answers [`RelyingParty::begin_registration`] (Web Authentication §7.1).
    /// What attests the provider is read and not kept: no provider is preferred to another.
    pub fn register(&self, response: &Value, state: &RegistrationState) -> Result<Registered, Flaw> {
        let Registration { id, raw_id, r#type, authenticator_attachment, response } =
            Registration::deserialize(response).map_err(|_| Flaw::Malformed)?;
        if !names(&id, &raw_id.0) || r#type != "public-key" {
            return Err(Flaw::Malformed);
        }
        ClientData::check(&response.client_data.0)?;
        let registration = RegisterPublicKeyCredential {
            id,
            raw_id: raw_id.0,
            response: AuthenticatorAttestationResponseRaw {
                attestation_object: response.attestation_object.0,
                client_data_json: response.client_data.0,
                transports: None,
            },
            type_: r#type,
            extensions: RegistrationExtensionsClientOutputs::default(),
        };
        let mut credential = quietly(|| self.core.register_credential(&registration, state, None))?;
        if credential.cred_id != registration.raw_id || credential.cred_id.len() > LONGEST_ID {
            return Err(Flaw::Malformed);
        }
        credential.attestation =
            ParsedAttestation { data: ParsedAttestationData::None, metadata: AttestationMetadata::None };
        credential.attestation_format = AttestationFormat::None;
        let known = |said: &Vec<String>, one: &&&str| said.iter().any(|said| said == **one);
        let transports = TRANSPORTS.iter().filter(|one| known(&response.transports, one)).map(|one| (*one).to_owned());
        Ok(Registered {
            credential,
            attachment: authenticator_attachment.filter(|said| ["platform", "cross-platform"].contains(&said.as_str())),
            transports: transports.collect(),
        })
    }

    /// A challenge for a passkey that is there, and what to remember of it.
    pub fn begin_proof(&self) -> Result<(Vec<u8>, AuthenticationState)> {
        let began = self
            .core
            .new_challenge_authenticate_builder(Vec::new(), Some(self.verification))
            .and_then(|builder| self.core.generate_challenge_authenticate(builder));
        let (options, state) = began.map_err(|error| unbegun(&error))?;
        Ok((options.public_key.challenge, state))
    }

    /// Judges an `AuthenticationResponseJSON` that answers [`RelyingParty::begin_proof`] by one of `passkeys`, which are
    /// that user's (Web Authentication §7.2). Answers which one it is.
    pub fn prove(
        &self,
        response: &Value,
        mut state: AuthenticationState,
        user_id: &str,
        mut passkeys: Vec<Credential>,
    ) -> Result<(Vec<u8>, Proof), Flaw> {
        let Authentication { id, raw_id, r#type, response } =
            Authentication::deserialize(response).map_err(|_| Flaw::Malformed)?;
        if !names(&id, &raw_id.0) || r#type != "public-key" {
            return Err(Flaw::Malformed);
        }
        ClientData::check(&response.client_data.0)?;
        if response.user_handle.as_ref().is_some_and(|handle| handle.0 != user_id.as_bytes()) {
            return Err(Flaw::OtherPasskey);
        }
        for passkey in &mut passkeys {
            // What the pool asks for now decides, not what it asked for when the passkey was made.
            passkey.registration_policy = self.verification;
            passkey.user_verified = false;
        }
        state.set_allowed_credentials(passkeys);
        let used = PublicKeyCredential {
            id,
            raw_id: raw_id.0,
            response: AuthenticatorAssertionResponseRaw {
                authenticator_data: response.authenticator_data.0,
                client_data_json: response.client_data.0,
                signature: response.signature.0,
                user_handle: None,
            },
            extensions: AuthenticationExtensionsClientOutputs::default(),
            type_: r#type,
        };
        let result = quietly(|| self.core.authenticate_credential(&used, &state))?;
        let proof = Proof {
            user_verified: result.user_verified(),
            counter: result.counter(),
            backup_state: result.backup_state(),
        };
        Ok((used.raw_id, proof))
    }
}

/// Whether the text is the id.
fn names(id: &str, raw_id: &[u8]) -> bool {
    !raw_id.is_empty() && raw_id.len() <= LONGEST_ID && id.trim_end_matches('=') == URL_SAFE_NO_PAD.encode(raw_id)
}

/// Calls the library, which logs what it is given: a stranger must not write to the log.
fn quietly<T>(call: impl FnOnce() -> std::result::Result<T, WebauthnError>) -> Result<T, Flaw> {
    with_default(NoSubscriber::default(), call).map_err(|error| flaw(&error))
}

fn flaw(error: &WebauthnError) -> Flaw {
    match error {
        WebauthnError::MismatchedChallenge => Flaw::OtherChallenge,
        WebauthnError::InvalidRPOrigin | WebauthnError::CredentialCrossOrigin => Flaw::Origin,
        WebauthnError::InvalidRPIDHash => Flaw::OtherRelyingParty,
        WebauthnError::CredentialNotFound => Flaw::OtherPasskey,
        WebauthnError::UserNotPresent | WebauthnError::UserNotVerified => Flaw::Unverified,
        WebauthnError::AuthenticationFailure
        | WebauthnError::SignatureInvalid
        | WebauthnError::CredentialPossibleCompromise => Flaw::Forged,
        WebauthnError::InvalidClientDataType
        | WebauthnError::ParseBase64Failure(_)
        | WebauthnError::ParseCBORFailure(_)
        | WebauthnError::ParseJSONFailure(_)
        | WebauthnError::ParseNOMFailure
        | WebauthnError::ParseInsufficientBytesAvailable
        | WebauthnError::MissingAttestationCredentialData => Flaw::Malformed,
        _ => Flaw::Unsupported,
    }
}

fn unbegun(error: &WebauthnError) -> Error {
    Error::internal("a WebAuthn ceremony cannot begin").caused_by(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(id: &str) -> RelyingParty {
        RelyingParty::new(id, UserVerification::Preferred)
    }

    /// The flaw of a registration from that origin which is wrong further on, in the id of its relying party.
    fn from(relying_party: &RelyingParty, origin: &str) -> Flaw {
        let (challenge, state) = relying_party.begin_registration("sub", "ada", Vec::new()).unwrap();
        let client_data = serde_json::json!({
            "type": "webauthn.create", "challenge": URL_SAFE_NO_PAD.encode(challenge), "origin": origin,
        });
        // {"fmt": "none", "attStmt": {}, "authData": 37 zero bytes}
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58\x25".to_vec();
        attestation.extend([0; 37]);
        let response = serde_json::json!({
            "id": "AAAA", "rawId": "AAAA", "type": "public-key", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client_data.to_string()),
                "attestationObject": URL_SAFE_NO_PAD.encode(attestation),
            },
        });
        relying_party.register(&response, &state).unwrap_err()
    }

    /// SECURITY 27: a host that merely ends in the same letters is another's.
    #[test]
    fn pages_are_of_the_relying_party_or_below() {
        let relying_party = origins("example.com");
        for origin in ["https://example.com", "https://login.example.com", "https://a.b.example.com:8443"] {
            assert_eq!(from(&relying_party, origin), Flaw::OtherRelyingParty, "{origin} is let through");
        }
        for origin in [
            "https://badexample.com",
            "https://example.com.evil.org",
            "https://example.org",
            "http://example.com",
            "http://localhost",
            "https://.com",
            "https://com",
            "https://example.com/",
            "https://example.com:8443/x",
            "https://ada@example.com",
            "https://example.com#",
            "android:apk-key-hash:AAAA",
            "null",
            "",
        ] {
            assert_eq!(from(&relying_party, origin), Flaw::Origin, "{origin} is refused");
        }
        let local = origins("localhost");
        for origin in ["http://localhost", "http://localhost:3000", "https://localhost"] {
            assert_eq!(from(&local, origin), Flaw::OtherRelyingParty, "{origin} is let through");
        }
        for origin in ["http://evil.localhost", "http://127.0.0.1", "http://example.com", "https://example.com"] {
            assert_eq!(from(&local, origin), Flaw::Origin, "{origin} is refused");
        }
    }
}
