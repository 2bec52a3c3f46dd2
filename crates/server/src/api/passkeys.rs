//! Passkeys of the user whose access token it is: registered, listed and deleted.

use std::sync::Arc;

use super::operation::{Done, Operation, TokenHolder, token_holders};
use super::pagination;
use crate::accounts::passkeys::{self, Passkey};
use crate::context::Context;
use cognate_shapes::document::Document;
use cognate_shapes::error::{Code, Result};
use cognate_shapes::passkey::WebAuthnCredentialDescription;
use cognate_shapes::scalars::{
    PaginationKey, Text, Token, WebAuthnAuthenticatorAttachment, WebAuthnAuthenticatorTransport,
    WebAuthnCredentialsQueryLimit,
};
use cognate_shapes::{Input, Output, Timestamp};

token_holders! {
    StartWebAuthnRegistration, CompleteWebAuthnRegistration, ListWebAuthnCredentials, DeleteWebAuthnCredential
}

/// Begins to register a passkey.
#[derive(Debug, Input)]
pub struct StartWebAuthnRegistration {
    pub access_token: Token,
}

/// What the browser needs to have a passkey made.
#[derive(Debug, Output)]
pub struct StartWebAuthnRegistrationOutput {
    pub credential_creation_options: Document,
}

impl Operation for StartWebAuthnRegistration {
    type Caller = TokenHolder;
    type Output = StartWebAuthnRegistrationOutput;
    const ERRORS: &[Code] = &[
        Code::Forbidden,
        Code::InternalError,
        Code::InvalidParameter,
        Code::LimitExceeded,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::WebAuthnNotEnabled,
        Code::PasswordResetRequired,
        Code::WebAuthnConfigurationMissing,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<StartWebAuthnRegistrationOutput> {
        let options = passkeys::begin_registration(cx, &caller.bearer).await?;
        Ok(StartWebAuthnRegistrationOutput { credential_creation_options: Document::new(options) })
    }
}

/// Registers the passkey that the browser had made.
#[derive(Debug, Input)]
pub struct CompleteWebAuthnRegistration {
    pub access_token: Token,
    pub credential: Document,
}

impl Operation for CompleteWebAuthnRegistration {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::Forbidden,
        Code::InternalError,
        Code::InvalidParameter,
        Code::LimitExceeded,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::WebAuthnNotEnabled,
        Code::WebAuthnChallengeNotFound,
        Code::WebAuthnRelyingPartyMismatch,
        Code::WebAuthnClientMismatch,
        Code::WebAuthnOriginNotAllowed,
        Code::PasswordResetRequired,
        Code::WebAuthnCredentialNotSupported,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        let browser = caller.origin.user_agent.as_deref();
        passkeys::complete_registration(cx, &caller.bearer, self.credential.into_value(), browser).await?;
        Ok(Done {})
    }
}

/// Lists the user's passkeys, the oldest first.
#[derive(Debug, Input)]
pub struct ListWebAuthnCredentials {
    pub access_token: Token,
    pub next_token: Option<PaginationKey>,
    pub max_results: Option<WebAuthnCredentialsQueryLimit>,
}

/// A page of them.
#[derive(Debug, Output)]
pub struct ListWebAuthnCredentialsOutput {
    pub credentials: Vec<WebAuthnCredentialDescription>,
    pub next_token: Option<PaginationKey>,
}

impl Operation for ListWebAuthnCredentials {
    type Caller = TokenHolder;
    type Output = ListWebAuthnCredentialsOutput;
    const ERRORS: &[Code] = &[
        Code::Forbidden,
        Code::InternalError,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::LimitExceeded,
        Code::PasswordResetRequired,
        Code::NotAuthorized,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<ListWebAuthnCredentialsOutput> {
        let (pool, user_id) = (Arc::clone(&caller.bearer.pool), caller.bearer.user.id.clone());
        let scope = ("ListWebAuthnCredentials", &pool.id, &user_id);
        let token = self.next_token.as_ref();
        let after: Option<(i64, Vec<u8>)> = token.map(|token| pagination::open(cx, &scope, token)).transpose()?;
        let (same_pool, owner) = (Arc::clone(&pool), user_id.clone());
        let mut found = cx.store.read(move |tx| passkeys::of_user(tx, &same_pool, &owner)).await?;
        if let Some(after) = after {
            found.retain(|passkey| (passkey.created_ms, &passkey.id) > (after.0, &after.1));
        }
        let asked = self.max_results.map_or(0, |most| most.0 as usize);
        let size = if asked == 0 { found.len() } else { asked };
        let more = found.len() > size;
        found.truncate(size);
        let last = found.last().filter(|_| more);
        let next = last.map(|last| pagination::seal(cx, &scope, &(last.created_ms, &last.id))).transpose()?;
        Ok(ListWebAuthnCredentialsOutput {
            credentials: found.iter().map(described).collect(),
            next_token: next.map(PaginationKey::trusted),
        })
    }
}

/// Deletes one of the user's passkeys.
#[derive(Debug, Input)]
pub struct DeleteWebAuthnCredential {
    pub access_token: Token,
    pub credential_id: Text,
}

impl Operation for DeleteWebAuthnCredential {
    type Caller = TokenHolder;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::Forbidden,
        Code::InternalError,
        Code::InvalidParameter,
        Code::TooManyRequests,
        Code::LimitExceeded,
        Code::PasswordResetRequired,
        Code::NotAuthorized,
        Code::ResourceNotFound,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: TokenHolder) -> Result<Done> {
        passkeys::delete(cx, &caller.bearer, &self.credential_id).await?;
        Ok(Done {})
    }
}

fn described(passkey: &Passkey) -> WebAuthnCredentialDescription {
    WebAuthnCredentialDescription {
        credential_id: Text::trusted(passkey.wire_id()),
        friendly_credential_name: Text::trusted(&passkey.name),
        relying_party_id: Text::trusted(&passkey.relying_party),
        authenticator_attachment: passkey.attachment.as_ref().map(WebAuthnAuthenticatorAttachment::trusted),
        authenticator_transports: passkey.transports.iter().map(WebAuthnAuthenticatorTransport::trusted).collect(),
        created_at: Timestamp(passkey.created_ms),
    }
}
