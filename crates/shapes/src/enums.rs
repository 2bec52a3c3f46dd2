//! Cognito's enumerations, spelled as on the wire.

use crate::enums;

enums! {
    AccountTakeoverEventAction { Block = "BLOCK", MfaIfConfigured = "MFA_IF_CONFIGURED", MfaRequired = "MFA_REQUIRED", NoAction = "NO_ACTION" }
    AdvancedSecurityEnabledMode { Audit = "AUDIT", Enforced = "ENFORCED" }
    AdvancedSecurityMode { Off = "OFF", Audit = "AUDIT", Enforced = "ENFORCED" }
    AliasAttribute { PhoneNumber = "phone_number", Email = "email", PreferredUsername = "preferred_username" }
    AttributeDataType { String = "String", Number = "Number", DateTime = "DateTime", Boolean = "Boolean" }
    AuthFactor { Password = "PASSWORD", EmailOtp = "EMAIL_OTP", SmsOtp = "SMS_OTP", WebAuthn = "WEB_AUTHN", SoftwareToken = "SOFTWARE_TOKEN" }
    AuthFlow { UserSrpAuth = "USER_SRP_AUTH", RefreshTokenAuth = "REFRESH_TOKEN_AUTH", RefreshToken = "REFRESH_TOKEN", CustomAuth = "CUSTOM_AUTH", AdminNoSrpAuth = "ADMIN_NO_SRP_AUTH", UserPasswordAuth = "USER_PASSWORD_AUTH", AdminUserPasswordAuth = "ADMIN_USER_PASSWORD_AUTH", UserAuth = "USER_AUTH" }
    ChallengeName { SmsMfa = "SMS_MFA", EmailOtp = "EMAIL_OTP", SoftwareTokenMfa = "SOFTWARE_TOKEN_MFA", SelectMfaType = "SELECT_MFA_TYPE", MfaSetup = "MFA_SETUP", PasswordVerifier = "PASSWORD_VERIFIER", CustomChallenge = "CUSTOM_CHALLENGE", SelectChallenge = "SELECT_CHALLENGE", DeviceSrpAuth = "DEVICE_SRP_AUTH", DevicePasswordVerifier = "DEVICE_PASSWORD_VERIFIER", AdminNoSrpAuth = "ADMIN_NO_SRP_AUTH", NewPasswordRequired = "NEW_PASSWORD_REQUIRED", SmsOtp = "SMS_OTP", Password = "PASSWORD", WebAuthn = "WEB_AUTHN", PasswordSrp = "PASSWORD_SRP" }
    ClientType { Regular = "REGULAR", Dcr = "DCR" }
    CompromisedCredentialsEventAction { Block = "BLOCK", NoAction = "NO_ACTION" }
    CustomEmailSenderLambdaVersion { V10 = "V1_0" }
    CustomSmsSenderLambdaVersion { V10 = "V1_0" }
    DefaultEmailOption { ConfirmWithLink = "CONFIRM_WITH_LINK", ConfirmWithCode = "CONFIRM_WITH_CODE" }
    DeletionProtection { Active = "ACTIVE", Inactive = "INACTIVE" }
    DeliveryMedium { Sms = "SMS", Email = "EMAIL" }
    DeviceRememberedStatus { Remembered = "remembered", NotRemembered = "not_remembered" }
    EmailSendingAccount { CognitoDefault = "COGNITO_DEFAULT", Developer = "DEVELOPER" }
    EventChallengeName { Password = "Password", Mfa = "Mfa" }
    EventChallengeResponse { Success = "Success", Failure = "Failure" }
    EventFilter { SignIn = "SIGN_IN", PasswordChange = "PASSWORD_CHANGE", SignUp = "SIGN_UP" }
    EventResponse { Pass = "Pass", Fail = "Fail", InProgress = "InProgress" }
    EventType { SignIn = "SignIn", SignUp = "SignUp", ForgotPassword = "ForgotPassword", PasswordChange = "PasswordChange", ResendCode = "ResendCode" }
    ExplicitAuthFlows { AdminNoSrpAuth = "ADMIN_NO_SRP_AUTH", CustomAuthFlowOnly = "CUSTOM_AUTH_FLOW_ONLY", UserPasswordAuth = "USER_PASSWORD_AUTH", AllowAdminUserPasswordAuth = "ALLOW_ADMIN_USER_PASSWORD_AUTH", AllowCustomAuth = "ALLOW_CUSTOM_AUTH", AllowUserPasswordAuth = "ALLOW_USER_PASSWORD_AUTH", AllowUserSrpAuth = "ALLOW_USER_SRP_AUTH", AllowRefreshTokenAuth = "ALLOW_REFRESH_TOKEN_AUTH", AllowUserAuth = "ALLOW_USER_AUTH", AllowTokenExchangeDelegation = "ALLOW_TOKEN_EXCHANGE_DELEGATION", AllowTokenExchangeImpersonation = "ALLOW_TOKEN_EXCHANGE_IMPERSONATION" }
    Feature { Enabled = "ENABLED", Disabled = "DISABLED" }
    FeedbackValue { Valid = "Valid", Invalid = "Invalid" }
    InboundFederationLambdaVersion { V10 = "V1_0" }
    Issuer { Original = "ORIGINAL", Updated = "UPDATED" }
    KeyType { AwsOwnedKey = "AWS_OWNED_KEY", CustomerManagedKey = "CUSTOMER_MANAGED_KEY" }
    MessageAction { Resend = "RESEND", Suppress = "SUPPRESS" }
    OAuthFlow { Code = "code", Implicit = "implicit", ClientCredentials = "client_credentials" }
    PreTokenGenerationLambdaVersion { V10 = "V1_0", V20 = "V2_0", V30 = "V3_0" }
    PreventUserExistenceErrors { Legacy = "LEGACY", Enabled = "ENABLED" }
    RecoveryOptionName { VerifiedEmail = "verified_email", VerifiedPhoneNumber = "verified_phone_number", AdminOnly = "admin_only" }
    RevokeAssociatedSessions { None = "NONE", Linked = "LINKED" }
    RiskDecision { NoRisk = "NoRisk", AccountTakeover = "AccountTakeover", Block = "Block" }
    RiskLevel { Low = "Low", Medium = "Medium", High = "High" }
    SessionType { Token = "TOKEN", Sso = "SSO" }
    Status { Enabled = "Enabled", Disabled = "Disabled" }
    TimeUnits { Seconds = "seconds", Minutes = "minutes", Hours = "hours", Days = "days" }
    UsernameAttribute { PhoneNumber = "phone_number", Email = "email" }
    UserPoolMfa { Off = "OFF", On = "ON", Optional = "OPTIONAL" }
    UserPoolTier { Lite = "LITE", Essentials = "ESSENTIALS", Plus = "PLUS" }
    UserSessionTracking { Enabled = "ENABLED", Disabled = "DISABLED" }
    UserStatus { Unconfirmed = "UNCONFIRMED", Confirmed = "CONFIRMED", Archived = "ARCHIVED", Compromised = "COMPROMISED", Unknown = "UNKNOWN", ResetRequired = "RESET_REQUIRED", ForceChangePassword = "FORCE_CHANGE_PASSWORD", ExternalProvider = "EXTERNAL_PROVIDER" }
    UserVerification { Required = "required", Preferred = "preferred" }
    VerifiedAttribute { PhoneNumber = "phone_number", Email = "email" }
    VerifySoftwareTokenResponse { Success = "SUCCESS", Error = "ERROR" }
    WebAuthnFactorConfiguration { SingleFactor = "SINGLE_FACTOR", MultiFactorWithUserVerification = "MULTI_FACTOR_WITH_USER_VERIFICATION" }
}
