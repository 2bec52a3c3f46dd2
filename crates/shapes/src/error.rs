//! The errors an operation can answer: their codes, their statuses and the service's exact texts.

mod attributes;
mod choice;
mod clients;
mod devices;
mod groups;
mod mfa;
mod passkeys;
mod pools;
mod risk;
mod sessions;

use std::borrow::Cow;
use std::fmt;

use crate::enums::UserStatus;

/// What an operation gives back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! codes {
    ($($code:ident = $wire:literal $(($status:literal))?),+ $(,)?) => {
        /// The kind of an error, as `__type` names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $wire, "`")] $code,)+
        }

        impl Code {
            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $wire,)+
                }
            }

            /// The HTTP status: 400 for every fault of the caller unless AWS uses another.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$code => codes!(@status $($status)?),)+
                }
            }
        }
    };
    (@status) => { 400 };
    (@status $status:literal) => { $status };
}

codes! {
    // Modelled: botocore's error lists name these.
    AccessDenied = "AccessDeniedException",
    AliasExists = "AliasExistsException",
    CodeDeliveryFailure = "CodeDeliveryFailureException",
    CodeMismatch = "CodeMismatchException",
    ConcurrentModification = "ConcurrentModificationException",
    DeviceKeyExists = "DeviceKeyExistsException",
    DuplicateProvider = "DuplicateProviderException",
    EnableSoftwareTokenMFA = "EnableSoftwareTokenMFAException",
    ExpiredCode = "ExpiredCodeException",
    FeatureUnavailableInTier = "FeatureUnavailableInTierException",
    Forbidden = "ForbiddenException" (403),
    GroupExists = "GroupExistsException",
    InternalError = "InternalErrorException" (500),
    InternalServer = "InternalServerException" (500),
    InvalidEmailRoleAccessPolicy = "InvalidEmailRoleAccessPolicyException",
    InvalidLambdaResponse = "InvalidLambdaResponseException",
    InvalidOAuthFlow = "InvalidOAuthFlowException",
    InvalidParameter = "InvalidParameterException",
    InvalidPassword = "InvalidPasswordException",
    InvalidSmsRoleAccessPolicy = "InvalidSmsRoleAccessPolicyException",
    InvalidSmsRoleTrustRelationship = "InvalidSmsRoleTrustRelationshipException",
    InvalidUserPoolConfiguration = "InvalidUserPoolConfigurationException",
    LimitExceeded = "LimitExceededException",
    MFAMethodNotFound = "MFAMethodNotFoundException",
    ManagedLoginBrandingExists = "ManagedLoginBrandingExistsException",
    NotAuthorized = "NotAuthorizedException",
    OperationNotEnabled = "OperationNotEnabledException",
    PasswordHistoryPolicyViolation = "PasswordHistoryPolicyViolationException",
    PasswordResetRequired = "PasswordResetRequiredException",
    PreconditionNotMet = "PreconditionNotMetException",
    RefreshTokenReuse = "RefreshTokenReuseException",
    ResourceNotFound = "ResourceNotFoundException",
    ScopeDoesNotExist = "ScopeDoesNotExistException",
    ServiceQuotaExceeded = "ServiceQuotaExceededException",
    SoftwareTokenMFANotFound = "SoftwareTokenMFANotFoundException",
    TermsExists = "TermsExistsException",
    TierChangeNotAllowed = "TierChangeNotAllowedException",
    TooManyFailedAttempts = "TooManyFailedAttemptsException",
    TooManyRequests = "TooManyRequestsException",
    Unauthorized = "UnauthorizedException",
    UnexpectedLambda = "UnexpectedLambdaException",
    UnsupportedIdentityProvider = "UnsupportedIdentityProviderException",
    UnsupportedOperation = "UnsupportedOperationException",
    UnsupportedTokenType = "UnsupportedTokenTypeException",
    UnsupportedUserState = "UnsupportedUserStateException",
    UserImportInProgress = "UserImportInProgressException",
    UserLambdaValidation = "UserLambdaValidationException",
    UserNotConfirmed = "UserNotConfirmedException",
    UserNotFound = "UserNotFoundException",
    UserPoolAddOnNotEnabled = "UserPoolAddOnNotEnabledException",
    UserPoolTagging = "UserPoolTaggingException",
    UsernameExists = "UsernameExistsException",
    WebAuthnChallengeNotFound = "WebAuthnChallengeNotFoundException",
    WebAuthnClientMismatch = "WebAuthnClientMismatchException",
    WebAuthnConfigurationMissing = "WebAuthnConfigurationMissingException",
    WebAuthnCredentialNotSupported = "WebAuthnCredentialNotSupportedException",
    WebAuthnNotEnabled = "WebAuthnNotEnabledException",
    WebAuthnOriginNotAllowed = "WebAuthnOriginNotAllowedException",
    WebAuthnRelyingPartyMismatch = "WebAuthnRelyingPartyMismatchException",
    // The framework's: every operation may answer these, none lists them.
    ExpiredToken = "ExpiredTokenException",
    IncompleteSignature = "IncompleteSignatureException",
    InvalidSignature = "InvalidSignatureException",
    MissingAuthenticationToken = "MissingAuthenticationTokenException",
    MethodNotAllowed = "MethodNotAllowedException" (405),
    RequestEntityTooLarge = "RequestEntityTooLargeException" (413),
    RequestTimeout = "RequestTimeoutException" (408),
    Serialization = "SerializationException",
    Throttling = "ThrottlingException",
    UnknownOperation = "UnknownOperationException",
    UnrecognizedClient = "UnrecognizedClientException",
}

impl Code {
    /// Whether any operation may answer this code without listing it.
    pub const fn is_common(self) -> bool {
        matches!(
            self,
            Self::AccessDenied
                | Self::ExpiredToken
                | Self::IncompleteSignature
                | Self::InternalError
                | Self::InvalidSignature
                | Self::MissingAuthenticationToken
                | Self::MethodNotAllowed
                | Self::RequestEntityTooLarge
                | Self::RequestTimeout
                | Self::Serialization
                | Self::Throttling
                | Self::TooManyRequests
                | Self::UnknownOperation
                | Self::UnrecognizedClient
        )
    }
}

/// An error as the caller sees it, with a cause that only the log sees.
#[derive(Debug)]
pub struct Error {
    pub code: Code,
    /// For the wire: the service's words, never a secret.
    pub message: Cow<'static, str>,
    /// For the log: what an internal error came from.
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl Error {
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), source: None }
    }

    /// A fault of the server; the caller is told no more than that, the log is told `detail`.
    pub fn internal(detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: Code::InternalError,
            message: Cow::Borrowed("Internal server error."),
            source: Some(detail.into().into()),
        }
    }

    /// Keeps what caused the error, for the log alone.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let source = source.into();
        self.source = Some(match self.source.take() {
            Some(detail) => format!("{detail}: {source}").into(),
            None => source,
        });
        self
    }

    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidParameter, message)
    }

    pub fn not_authorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::NotAuthorized, message)
    }
}

/// What is not there.
impl Error {
    pub fn pool_not_found(id: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("User pool {id} does not exist."))
    }

    pub fn client_not_found(id: &str) -> Self {
        Self::new(Code::ResourceNotFound, format!("User pool client {id} does not exist."))
    }

    pub fn group_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Group not found.")
    }

    pub fn user_not_found() -> Self {
        Self::new(Code::UserNotFound, "User does not exist.")
    }

    /// The sign-up and recovery operations' way to say that there is no such user.
    pub fn combination_not_found() -> Self {
        Self::new(Code::UserNotFound, "Username/client id combination not found.")
    }
}

/// Signing in and tokens.
impl Error {
    pub fn incorrect_username_or_password() -> Self {
        Self::not_authorized("Incorrect username or password.")
    }

    pub fn user_disabled() -> Self {
        Self::not_authorized("User is disabled.")
    }

    pub fn user_not_confirmed() -> Self {
        Self::new(Code::UserNotConfirmed, "User is not confirmed.")
    }

    pub fn password_reset_required() -> Self {
        Self::new(Code::PasswordResetRequired, "Password reset required for the user")
    }

    pub fn password_attempts_exceeded() -> Self {
        Self::not_authorized("Password attempts exceeded")
    }

    pub fn temporary_password_expired() -> Self {
        Self::not_authorized("Temporary password has expired and must be reset by an administrator.")
    }

    pub fn missing_parameter(name: &str) -> Self {
        Self::invalid(format!("Missing required parameter {name}"))
    }

    pub fn invalid_session() -> Self {
        Self::not_authorized("Invalid session for the user.")
    }

    pub fn session_expired() -> Self {
        Self::not_authorized("Invalid session for the user, session is expired.")
    }

    pub fn session_spent() -> Self {
        Self::not_authorized("Invalid session for the user, session can only be used once.")
    }

    pub fn invalid_access_token() -> Self {
        Self::not_authorized("Invalid Access Token")
    }

    pub fn access_token_signature() -> Self {
        Self::not_authorized("Could not verify signature for Access Token")
    }

    pub fn access_token_expired() -> Self {
        Self::not_authorized("Access Token has expired")
    }

    pub fn access_token_revoked() -> Self {
        Self::not_authorized("Access Token has been revoked")
    }

    pub fn access_token_scope() -> Self {
        Self::not_authorized("Access Token does not have required scopes")
    }

    pub fn invalid_refresh_token() -> Self {
        Self::not_authorized("Invalid Refresh Token")
    }

    pub fn refresh_token_expired() -> Self {
        Self::not_authorized("Refresh Token has expired")
    }

    pub fn refresh_token_revoked() -> Self {
        Self::not_authorized("Refresh Token has been revoked")
    }

    pub fn refresh_token_reused() -> Self {
        Self::new(Code::RefreshTokenReuse, "Refresh token has been invalidated by rotation")
    }

    /// A client with a secret got a sign-in without `SECRET_HASH`.
    pub fn secret_hash_missing(client_id: &str) -> Self {
        Self::not_authorized(format!("Client {client_id} is configured with secret but SECRET_HASH was not received"))
    }

    /// A client with a secret got another operation without `SecretHash` or `ClientSecret`.
    pub fn secret_missing(client_id: &str) -> Self {
        Self::not_authorized(format!("Client {client_id} is configured for secret but secret was not received"))
    }

    pub fn revocation_not_enabled() -> Self {
        Self::new(Code::UnsupportedOperation, "Token revocation is not enabled for the client.")
    }

    /// Something else than a refresh token was to be revoked.
    pub fn unsupported_token_type() -> Self {
        Self::new(Code::UnsupportedTokenType, "Unsupported token type")
    }

    pub fn token_of_another_client() -> Self {
        Self::new(Code::Unauthorized, "The token was not issued to this client.")
    }

    /// A flow of the other door: administrators' flows by `InitiateAuth`, or the other way round.
    pub fn flow_not_supported() -> Self {
        Self::invalid("Initiate Auth method not supported.")
    }

    /// An attribute that the user had before NEW_PASSWORD_REQUIRED was answered.
    pub fn attribute_already_provided(name: &str) -> Self {
        Self::not_authorized(format!("Cannot modify an already provided {name}"))
    }

    pub fn secret_hash_mismatch(client_id: &str) -> Self {
        Self::not_authorized(format!("Unable to verify secret hash for client {client_id}"))
    }
}

/// Accounts: names, states, codes and passwords.
impl Error {
    pub fn user_exists() -> Self {
        Self::new(Code::UsernameExists, "User already exists")
    }

    /// `AdminCreateUser`'s words for the same.
    pub fn user_account_exists() -> Self {
        Self::new(Code::UsernameExists, "User account already exists")
    }

    /// A username attribute (`email`, `phone_number`) that another user signs in with.
    pub fn given_attribute_exists(attribute: &str) -> Self {
        Self::new(Code::UsernameExists, format!("An account with the given {attribute} already exists."))
    }

    /// An alias that another user holds, found on confirmation.
    pub fn alias_exists(attribute: &str) -> Self {
        Self::new(Code::AliasExists, format!("An account with the {attribute} already exists."))
    }

    /// An alias that another user holds, found on a change of attributes.
    pub fn given_alias_exists(attribute: &str) -> Self {
        Self::new(Code::AliasExists, format!("An account with the given {attribute} already exists."))
    }

    pub fn sign_up_is_closed() -> Self {
        Self::not_authorized("SignUp is not permitted for this user pool")
    }

    /// A new user's name in a pool with username attributes; `form` with its article.
    pub fn username_should_be(form: &str) -> Self {
        Self::invalid(format!("Username should be {form}."))
    }

    pub fn username_is_email() -> Self {
        Self::invalid("Username cannot be of email format, since user pool is configured for email alias.")
    }

    pub fn username_is_phone_number() -> Self {
        Self::invalid(
            "Username cannot be of phone number format, since user pool is configured for phone number alias.",
        )
    }

    pub fn already_confirmed() -> Self {
        Self::invalid("User is already confirmed.")
    }

    pub fn nothing_is_auto_verified() -> Self {
        Self::invalid("Cannot resend codes. Auto verification not turned on.")
    }

    pub fn only_administrators_reset() -> Self {
        Self::not_authorized("Contact administrator to reset password.")
    }

    pub fn code_mismatch() -> Self {
        Self::new(Code::CodeMismatch, "Invalid verification code provided, please try again.")
    }

    pub fn code_expired() -> Self {
        Self::new(Code::ExpiredCode, "Invalid code provided, please request a code again.")
    }

    pub fn attempt_limit_exceeded() -> Self {
        Self::new(Code::LimitExceeded, "Attempt limit exceeded, please try after some time.")
    }

    pub fn cannot_be_confirmed(status: UserStatus) -> Self {
        Self::not_authorized(format!("User cannot be confirmed. Current status is {status}"))
    }

    pub fn cannot_reset_in_state() -> Self {
        Self::not_authorized("User password cannot be reset in the current state.")
    }

    pub fn no_recovery_destination() -> Self {
        Self::invalid("Cannot reset password for the user as there is no registered/verified email or phone_number")
    }

    pub fn password_policy(reason: &str) -> Self {
        Self::new(Code::InvalidPassword, format!("Password did not conform with policy: {reason}"))
    }

    pub fn password_history() -> Self {
        Self::new(Code::PasswordHistoryPolicyViolation, "Password has previously been used")
    }
}

/// Lists.
impl Error {
    pub fn invalid_pagination_token() -> Self {
        Self::invalid("Invalid pagination token given.")
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Error};

    #[test]
    fn an_internal_error_tells_the_caller_nothing() {
        let error = Error::internal("disk on fire").caused_by(std::io::Error::other("sector 7"));
        assert_eq!(error.message, "Internal server error.");
        assert_eq!(error.code.status(), 500);
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "disk on fire: sector 7");
        assert_eq!(Code::Forbidden.status(), 403);
        assert_eq!(Code::UserNotFound.status(), 400);
    }
}
