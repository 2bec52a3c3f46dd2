//! What is said of passkeys. The service's own words are not known; these name the cause.

use super::{Code, Error};

impl Error {
    pub fn web_authn_not_enabled() -> Self {
        Self::new(Code::WebAuthnNotEnabled, "WebAuthn is not enabled for this user pool.")
    }

    pub fn invalid_relying_party_id() -> Self {
        Self::invalid("RelyingPartyId should be a domain name in lower case that is not a public suffix.")
    }

    pub fn relying_party_missing() -> Self {
        Self::new(
            Code::WebAuthnConfigurationMissing,
            "The user pool has no relying party ID. Set WebAuthnConfiguration with SetUserPoolMfaConfig.",
        )
    }

    /// The same where a sign-in finds it.
    pub fn relying_party_missing_at_sign_in() -> Self {
        Self::new(Code::InvalidUserPoolConfiguration, "The user pool has no relying party ID for passkeys.")
    }

    pub fn too_many_passkeys(most: usize) -> Self {
        Self::new(Code::LimitExceeded, format!("User cannot have more than {most} passkeys."))
    }

    /// No registration was started, it was started too long ago, or the answer is to another challenge.
    pub fn registration_challenge_not_found() -> Self {
        Self::new(Code::WebAuthnChallengeNotFound, "The registration challenge was not found or has expired.")
    }

    /// The access token is another client's than the one registration was started with.
    pub fn registration_client_mismatch() -> Self {
        Self::new(Code::WebAuthnClientMismatch, "The registration was started by another app client.")
    }

    pub fn origin_not_allowed() -> Self {
        Self::new(Code::WebAuthnOriginNotAllowed, "The origin of the passkey is not allowed for the relying party.")
    }

    pub fn relying_party_mismatch() -> Self {
        Self::new(Code::WebAuthnRelyingPartyMismatch, "The passkey was made for another relying party.")
    }

    pub fn passkey_not_supported() -> Self {
        Self::new(Code::WebAuthnCredentialNotSupported, "The passkey is of a kind that is not supported.")
    }

    /// What was sent as a credential is none.
    pub fn invalid_credential() -> Self {
        Self::invalid("Credential is not a registration response.")
    }

    pub fn passkey_exists() -> Self {
        Self::invalid("The passkey is registered already.")
    }

    pub fn passkey_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Passkey does not exist.")
    }
}
