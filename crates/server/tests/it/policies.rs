//! What a caller may do: policies, the pools they name, and the operations that need neither key nor policy.

use cognate_server::api::OPERATIONS;
use cognate_server::api::open::OPEN;
use cognate_server::api::operation::CallerKind;
use serde_json::json;

use crate::signatures::{refusal, refused, verifying, with};
use crate::valid::valid;

/// SECURITY 37: without a signature every IAM operation is closed, whatever else the request carries.
#[tokio::test]
async fn no_iam_operation_answers_without_a_signature() {
    let server = verifying().await;
    let missing = with("MissingAuthenticationTokenException", "Missing Authentication Token");
    for entry in OPERATIONS.iter().filter(|entry| entry.caller == CallerKind::Iam) {
        for body in [json!({}), valid(&(entry.input)()), json!({ "AccessToken": "a.b.c" })] {
            let answer = server.call(entry.name, body).await;
            assert_eq!(refusal(&answer), missing, "{}", entry.name);
        }
        // Not even malformed JSON is read for a stranger.
        assert_eq!(refusal(&server.raw(entry.name, b"{".to_vec()).await), missing, "{}", entry.name);
    }
}

/// SECURITY 37: a user's access token opens no IAM operation, as a header or as a member.
#[tokio::test]
async fn an_access_token_opens_no_iam_operation() {
    let server = verifying().await;
    for entry in OPERATIONS.iter().filter(|entry| entry.caller == CallerKind::Iam) {
        for scheme in
            ["Bearer eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "AWS4-HMAC-SHA256 eyJhbGciOiJSUzI1NiJ9.e30.AAAA", "Basic YTpi", ""]
        {
            let request = server.unsigned(entry.name, &valid(&(entry.input)())).header("authorization", scheme);
            let (status, code, _) = refused(&server, request).await;
            assert_eq!((status, code.as_str()), (400, "IncompleteSignatureException"), "{} {scheme}", entry.name);
        }
    }
}

/// SECURITY 37: policies default to deny, for every IAM operation there is.
#[tokio::test]
async fn a_key_may_do_nothing_that_its_policy_does_not_allow() {
    let server = verifying().await;
    let account = server.cx.config.aws.account.clone();
    let idle = server.key_with(&json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" })).await;
    let barred = server
        .key_with(&json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": "cognito-idp:*", "Resource": "*" },
        ]))
        .await;
    for entry in OPERATIONS.iter().filter(|entry| entry.caller == CallerKind::Iam) {
        let body = valid(&(entry.input)());
        let resource = match body["UserPoolId"].as_str().or_else(|| body["ResourceArn"].as_str()) {
            Some(pool) => {
                let id = pool.rsplit('/').next().unwrap();
                format!("arn:aws:cognito-idp:us-east-1:{account}:userpool/{id}")
            }
            None => "*".to_owned(),
        };
        let action = format!("cognito-idp:{}", entry.name);
        let who = format!(
            "User: arn:aws:iam::{account}:user/tester is not authorized to perform: {action} on resource: {resource}"
        );
        assert_eq!(
            refusal(&server.call_as(&idle, entry.name, &body).await),
            with("AccessDeniedException", format!("{who} because no identity-based policy allows the {action} action"))
        );
        assert_eq!(
            refusal(&server.call_as(&barred, entry.name, &body).await),
            with("AccessDeniedException", format!("{who} with an explicit deny in an identity-based policy"))
        );
    }
}

#[tokio::test]
async fn a_key_can_be_held_to_one_pool() {
    let server = verifying().await;
    let key = server.key().await;
    let mut pools = Vec::new();
    for name in ["mine", "other"] {
        let made = server.call_as(&key, "CreateUserPool", &json!({ "PoolName": name })).await.json();
        pools.push((made["UserPool"]["Id"].as_str().unwrap().to_owned(), made["UserPool"]["Arn"].clone()));
    }
    let confined = server
        .key_with(&json!([
            { "Effect": "Allow", "Action": "cognito-idp:*", "Resource": pools[0].1 },
            { "Effect": "Deny", "Action": "cognito-idp:DeleteUserPool", "Resource": "*" },
        ]))
        .await;
    let describe = |id: &str| json!({ "UserPoolId": id });
    assert_eq!(server.call_as(&confined, "DescribeUserPool", &describe(&pools[0].0)).await.error(), None);
    assert_eq!(
        server.call_as(&confined, "ListTagsForResource", &json!({ "ResourceArn": pools[0].1 })).await.error(),
        None
    );
    for (operation, body) in [
        ("DescribeUserPool", describe(&pools[1].0)),
        ("ListTagsForResource", json!({ "ResourceArn": pools[1].1 })),
        ("DeleteUserPool", describe(&pools[0].0)),
        ("ListUserPools", json!({ "MaxResults": 1 })),
        ("CreateUserPool", json!({ "PoolName": "another" })),
        // A member that the operation does not read lends it nothing.
        ("ListUserPools", json!({ "MaxResults": 1, "UserPoolId": pools[0].0 })),
        ("CreateUserPool", json!({ "PoolName": "another", "UserPoolId": pools[0].0, "ResourceArn": pools[0].1 })),
        ("ListTagsForResource", json!({ "ResourceArn": pools[1].1, "UserPoolId": pools[0].0 })),
        ("DescribeUserPool", json!({ "UserPoolId": pools[1].0, "ResourceArn": pools[0].1 })),
        // An id that no pool can have is not about any pool.
        ("DescribeUserPool", describe("*")),
        ("DescribeUserPool", json!({ "UserPoolId": { "UserPoolId": pools[0].0 } })),
        ("DescribeUserPool", json!({})),
    ] {
        let answer = server.call_as(&confined, operation, &body).await;
        assert_eq!(refusal(&answer).1, "AccessDeniedException", "{operation} {body}");
    }
}

/// What the model marks as needing no AWS credentials.
const UNSIGNED: [&str; 34] = [
    "AssociateSoftwareToken",
    "ChangePassword",
    "CompleteWebAuthnRegistration",
    "ConfirmDevice",
    "ConfirmForgotPassword",
    "ConfirmSignUp",
    "DeleteUser",
    "DeleteUserAttributes",
    "DeleteWebAuthnCredential",
    "ForgetDevice",
    "ForgotPassword",
    "GetDevice",
    "GetTokensFromRefreshToken",
    "GetUser",
    "GetUserAttributeVerificationCode",
    "GetUserAuthFactors",
    "GlobalSignOut",
    "InitiateAuth",
    "ListDevices",
    "ListUserSessions",
    "ListWebAuthnCredentials",
    "ResendConfirmationCode",
    "RespondToAuthChallenge",
    "RevokeToken",
    "RevokeUserSession",
    "SetUserMFAPreference",
    "SetUserSettings",
    "SignUp",
    "StartWebAuthnRegistration",
    "UpdateAuthEventFeedback",
    "UpdateDeviceStatus",
    "UpdateUserAttributes",
    "VerifySoftwareToken",
    "VerifyUserAttribute",
];

/// SECURITY 37: the list of unsigned operations is exact, and those that carry an access token check it.
#[test]
fn the_list_of_unsigned_operations_is_exact() {
    const WITHOUT_TOKEN: [&str; 12] = [
        // These two take a token or a session.
        "AssociateSoftwareToken",
        "ConfirmForgotPassword",
        "ConfirmSignUp",
        "ForgotPassword",
        "GetTokensFromRefreshToken",
        "InitiateAuth",
        "ResendConfirmationCode",
        "RespondToAuthChallenge",
        "RevokeToken",
        "SignUp",
        "UpdateAuthEventFeedback",
        "VerifySoftwareToken",
    ];
    for entry in OPERATIONS {
        let expected = match (UNSIGNED.contains(&entry.name), WITHOUT_TOKEN.contains(&entry.name)) {
            (false, _) => CallerKind::Iam,
            (true, true) => CallerKind::Public,
            (true, false) => CallerKind::TokenHolder,
        };
        assert_eq!(entry.caller, expected, "{}", entry.name);
    }
    let mut all: Vec<_> = OPERATIONS.iter().map(|entry| entry.name).chain(OPEN.iter().copied()).collect();
    assert!(UNSIGNED.iter().all(|name| all.contains(name)));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 141, "every operation of the model is built or open, and none is both");
}
