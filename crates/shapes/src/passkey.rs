//! Passkeys, as they are listed.

use crate::scalars::{Text, WebAuthnAuthenticatorAttachment, WebAuthnAuthenticatorTransport};
use crate::{Output, Timestamp};

/// The `WebAuthnCredentialDescription` structure.
#[derive(Clone, Debug, PartialEq, Output)]
pub struct WebAuthnCredentialDescription {
    pub credential_id: Text,
    pub friendly_credential_name: Text,
    pub relying_party_id: Text,
    pub authenticator_attachment: Option<WebAuthnAuthenticatorAttachment>,
    pub authenticator_transports: Vec<WebAuthnAuthenticatorTransport>,
    pub created_at: Timestamp,
}
