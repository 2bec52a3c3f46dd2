//! The AWS JSON API. THE INDEX: every operation, by the file that holds it.

pub mod attributes;
pub mod clients;
pub mod devices;
pub mod dispatch;
pub mod groups;
pub mod mfa;
pub mod mfa_config;
pub mod open;
pub mod operation;
pub mod pagination;
pub mod passkeys;
pub mod passwords;
pub mod pools;
mod reference;
pub mod risk;
pub mod sessions;
pub mod sign_in;
pub mod sign_up;
pub mod software_tokens;
pub mod tags;
pub mod tokens;
pub mod users;

use operation::{Entry, operations};
pub use reference::reference_markdown;

operations! {
    pools: CreateUserPool, DescribeUserPool, UpdateUserPool, DeleteUserPool, ListUserPools, AddCustomAttributes;
    tags: TagResource, UntagResource, ListTagsForResource;
    clients: CreateUserPoolClient, DescribeUserPoolClient, UpdateUserPoolClient, DeleteUserPoolClient,
        ListUserPoolClients, AddUserPoolClientSecret, ListUserPoolClientSecrets, DeleteUserPoolClientSecret;
    sign_up: SignUp, ConfirmSignUp, ResendConfirmationCode, AdminConfirmSignUp;
    passwords: ForgotPassword, ConfirmForgotPassword, ChangePassword, AdminSetUserPassword, AdminResetUserPassword;
    sign_in: InitiateAuth, RespondToAuthChallenge, AdminInitiateAuth, AdminRespondToAuthChallenge;
    tokens: GetTokensFromRefreshToken, RevokeToken, GlobalSignOut, AdminUserGlobalSignOut;
    users: AdminCreateUser, AdminGetUser, AdminDeleteUser, AdminEnableUser, AdminDisableUser, ListUsers, GetUser,
        DeleteUser;
    attributes: AdminUpdateUserAttributes, AdminDeleteUserAttributes, UpdateUserAttributes, DeleteUserAttributes,
        GetUserAttributeVerificationCode, VerifyUserAttribute;
    passkeys: StartWebAuthnRegistration, CompleteWebAuthnRegistration, ListWebAuthnCredentials,
        DeleteWebAuthnCredential;
    devices: ConfirmDevice, GetDevice, ListDevices, ForgetDevice, UpdateDeviceStatus, AdminGetDevice,
        AdminListDevices, AdminForgetDevice, AdminUpdateDeviceStatus;
    sessions: ListUserSessions, AdminListUserSessions, RevokeUserSession, AdminRevokeUserSession,
        SetUserPoolSessionConfiguration, GetUserPoolSessionConfiguration, SetUserPoolClientSessionConfiguration,
        GetUserPoolClientSessionConfiguration;
    groups: CreateGroup, GetGroup, UpdateGroup, DeleteGroup, ListGroups, AdminAddUserToGroup,
        AdminRemoveUserFromGroup, AdminListGroupsForUser, ListUsersInGroup;
    mfa_config: SetUserPoolMfaConfig, GetUserPoolMfaConfig;
    software_tokens: AssociateSoftwareToken, VerifySoftwareToken, AdminDeleteSoftwareToken;
    mfa: SetUserMFAPreference, AdminSetUserMFAPreference, SetUserSettings, AdminSetUserSettings, GetUserAuthFactors,
        AdminGetUserAuthFactors;
    risk: SetRiskConfiguration, DescribeRiskConfiguration, AdminListUserAuthEvents, AdminUpdateAuthEventFeedback,
        UpdateAuthEventFeedback;
}

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.name == name)
}
