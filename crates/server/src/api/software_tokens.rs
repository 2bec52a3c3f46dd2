//! The registration of authenticator apps, and its end.

use cognate_shapes::enums::VerifySoftwareTokenResponse;
use cognate_shapes::error::{Code, Error, Result};
use cognate_shapes::scalars::{SecretCode, Session, SoftwareTokenMfaUserCode, Text, Token, UserPoolId, Username};
use cognate_shapes::{Input, Output};

use super::mfa::named;
use super::operation::{Done, Iam, Operation, Public};
use crate::accounts::mfa;
use crate::auth;
use crate::context::Context;
use crate::threat;
use crate::tokens::verify::{self, Bearer};
use crate::visit::{Origin, Visit};

/// Begins to register an authenticator app: for who is signed in, or for who must set up MFA to sign in.
#[derive(Debug, Input)]
pub struct AssociateSoftwareToken {
    pub access_token: Option<Token>,
    pub session: Option<Session>,
}

/// The secret to enter into the app; in a sign-in also the next `Session`.
#[derive(Debug, Output)]
pub struct AssociateSoftwareTokenOutput {
    pub secret_code: Option<SecretCode>,
    pub session: Option<Session>,
}

impl Operation for AssociateSoftwareToken {
    type Caller = Public;
    type Output = AssociateSoftwareTokenOutput;
    const ERRORS: &[Code] = &[
        Code::ConcurrentModification,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::ResourceNotFound,
        Code::InternalError,
        Code::SoftwareTokenMFANotFound,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<AssociateSoftwareTokenOutput> {
        let (secret, session) = match (&self.access_token, &self.session) {
            (Some(token), None) => {
                let bearer = bearer(cx, &caller.origin, token).await?;
                (mfa::associate(cx, &bearer.pool, &bearer.user).await?, None)
            }
            (None, Some(session)) => {
                let (secret, next) = auth::associate_software_token(cx, &caller.origin, session).await?;
                (secret, Some(next))
            }
            (None, None) | (Some(_), Some(_)) => return Err(Error::access_token_or_session()),
        };
        Ok(AssociateSoftwareTokenOutput { secret_code: Some(SecretCode::trusted(secret.as_str())), session })
    }
}

/// Ends the registration of an authenticator app with a code it shows.
#[derive(Debug, Input)]
pub struct VerifySoftwareToken {
    pub access_token: Option<Token>,
    pub session: Option<Session>,
    pub user_code: SoftwareTokenMfaUserCode,
    pub friendly_device_name: Option<Text>,
}

/// That it worked; in a sign-in also the next `Session`.
#[derive(Debug, Output)]
pub struct VerifySoftwareTokenOutput {
    pub status: Option<VerifySoftwareTokenResponse>,
    pub session: Option<Session>,
}

impl Operation for VerifySoftwareToken {
    type Caller = Public;
    type Output = VerifySoftwareTokenOutput;
    const ERRORS: &[Code] = &[
        Code::InvalidParameter,
        Code::ResourceNotFound,
        Code::InvalidUserPoolConfiguration,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::PasswordResetRequired,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::InternalError,
        Code::EnableSoftwareTokenMFA,
        Code::SoftwareTokenMFANotFound,
        Code::CodeMismatch,
        Code::Forbidden,
        Code::OperationNotEnabled,
    ];

    async fn call(self, cx: &Context, caller: Public) -> Result<VerifySoftwareTokenOutput> {
        let name = self.friendly_device_name.map(|name| name.as_str().to_owned()).filter(|name| !name.is_empty());
        let code = &self.user_code;
        let session = match (&self.access_token, &self.session) {
            (Some(token), None) => {
                let bearer = bearer(cx, &caller.origin, token).await?;
                mfa::verify(cx, &bearer.pool, &bearer.user, code, name).await?;
                None
            }
            (None, Some(session)) => Some(auth::verify_software_token(cx, &caller.origin, session, code, name).await?),
            (None, None) | (Some(_), Some(_)) => return Err(Error::access_token_or_session()),
        };
        Ok(VerifySoftwareTokenOutput { status: Some(VerifySoftwareTokenResponse::Success), session })
    }
}

/// Removes the authenticator app of a user.
#[derive(Debug, Input)]
pub struct AdminDeleteSoftwareToken {
    pub user_pool_id: UserPoolId,
    pub username: Username,
}

impl Operation for AdminDeleteSoftwareToken {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] = &[
        Code::ResourceNotFound,
        Code::InvalidParameter,
        Code::NotAuthorized,
        Code::TooManyRequests,
        Code::UserNotFound,
        Code::UserNotConfirmed,
        Code::OperationNotEnabled,
        Code::InternalError,
    ];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let (pool, user) = named(cx, &caller, &self.user_pool_id, self.username).await?;
        mfa::change(cx, &pool, &user.id, |_, user| {
            user.profile.mfa.remove_authenticator();
            Ok(())
        })
        .await?;
        Ok(Done {})
    }
}

/// Whose access token it is, in operations that may go without one.
async fn bearer(cx: &Context, origin: &Origin, token: &Token) -> Result<Bearer> {
    let bearer = verify::access_token(cx, token).await.map_err(|error| match error.code {
        Code::UserNotFound => Error::access_token_revoked(),
        _ => error,
    })?;
    threat::admit(cx, &bearer.pool, &bearer.client, &Visit::public(origin, &bearer.client, None, None)).await?;
    Ok(bearer)
}
