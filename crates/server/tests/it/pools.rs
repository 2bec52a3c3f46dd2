//! User pools: made, described, listed, changed, ended.

use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

mod every_parameter;

/// What `DescribeUserPool` answers.
pub(crate) async fn described(server: &TestServer, id: &str) -> Value {
    server.ok("DescribeUserPool", json!({ "UserPoolId": id })).await["UserPool"].take()
}

/// The standard attributes as (name, type, mutable, required, shortest, longest).
fn standard_schema() -> Vec<Value> {
    let text = |name: &str, min: &str, max: &str| {
        json!({
            "Name": name, "AttributeDataType": "String", "DeveloperOnlyAttribute": false, "Mutable": name != "sub",
            "Required": name == "sub", "StringAttributeConstraints": { "MinLength": min, "MaxLength": max },
        })
    };
    let flag = |name: &str| {
        json!({
            "Name": name, "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": false, "Mutable": true,
            "Required": false,
        })
    };
    let free = |name: &str| text(name, "0", "2048");
    let mut identities = free("identities");
    identities["StringAttributeConstraints"] = json!({});
    vec![
        text("sub", "1", "2048"),
        free("name"),
        free("given_name"),
        free("family_name"),
        free("middle_name"),
        free("nickname"),
        free("preferred_username"),
        free("profile"),
        free("picture"),
        free("website"),
        free("email"),
        flag("email_verified"),
        free("gender"),
        text("birthdate", "10", "10"),
        free("zoneinfo"),
        free("locale"),
        free("phone_number"),
        flag("phone_number_verified"),
        free("address"),
        json!({
            "Name": "updated_at", "AttributeDataType": "Number", "DeveloperOnlyAttribute": false, "Mutable": true,
            "Required": false, "NumberAttributeConstraints": { "MinValue": "0" },
        }),
        identities,
    ]
}

/// The document of a pool made from a name alone.
fn fresh(server: &TestServer, id: &str, name: &str) -> Value {
    let account = &server.cx.config.aws.account;
    json!({
        "Id": id,
        "Name": name,
        "Policies": {
            "PasswordPolicy": {
                "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true, "RequireNumbers": true,
                "RequireSymbols": true, "TemporaryPasswordValidityDays": 7,
            },
            "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] },
        },
        "DeletionProtection": "INACTIVE",
        "LambdaConfig": {},
        "LastModifiedDate": EPOCH_MS / 1000,
        "CreationDate": EPOCH_MS / 1000,
        "SchemaAttributes": standard_schema(),
        "VerificationMessageTemplate": { "DefaultEmailOption": "CONFIRM_WITH_CODE" },
        "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": [] },
        "MfaConfiguration": "OFF",
        "EstimatedNumberOfUsers": 0,
        "EmailConfiguration": { "EmailSendingAccount": "COGNITO_DEFAULT" },
        "UserPoolTags": {},
        "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 7 },
        "Arn": format!("arn:aws:cognito-idp:us-east-1:{account}:userpool/{id}"),
        "AccountRecoverySetting": { "RecoveryMechanisms": [
            { "Priority": 1, "Name": "verified_email" },
            { "Priority": 2, "Name": "verified_phone_number" },
        ] },
        "UserPoolTier": "ESSENTIALS",
    })
}

#[tokio::test]
async fn a_pool_of_a_name_alone_has_every_default() {
    let server = TestServer::start().await;
    let made = server.ok("CreateUserPool", json!({ "PoolName": "MyUserPool" })).await;
    let id = made["UserPool"]["Id"].as_str().unwrap();
    let suffix = id.strip_prefix("us-east-1_").unwrap();
    assert!(suffix.len() == 9 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{id}");
    assert_eq!(made["UserPool"], fresh(&server, id, "MyUserPool"));
    assert_eq!(described(&server, id).await, made["UserPool"]);
}

#[tokio::test]
async fn an_update_of_nothing_resets_what_it_must_and_keeps_what_it_must() {
    let server = TestServer::start().await;
    let sms =
        json!({ "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "ExternalId": "x", "SnsRegion": "us-east-1" });
    let registration = json!({
        "EnableStatus": "Disabled", "OpenDcrEnabled": false, "AuthenticatedGrantTypes": ["code"],
        "OpenDcrGrantTypes": ["code"],
    });
    let made = server
        .ok(
            "CreateUserPool",
            json!({
                "PoolName": "kept",
                "Policies": { "PasswordPolicy": { "MinimumLength": 12 } },
                "DeletionProtection": "ACTIVE",
                "LambdaConfig": { "PreSignUp": "arn:aws:lambda:us-east-1:123456789012:function:f" },
                "AutoVerifiedAttributes": ["email"],
                "AliasAttributes": ["email"],
                "EmailVerificationSubject": "code",
                "SmsAuthenticationMessage": "code {####}",
                "MfaConfiguration": "OPTIONAL",
                "UserAttributeUpdateSettings": { "AttributesRequireVerificationBeforeUpdate": ["email"] },
                "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true },
                "EmailConfiguration": { "ReplyToEmailAddress": "a@example.com" },
                "SmsConfiguration": sms,
                "UserPoolTags": { "a": "b" },
                "AdminCreateUserConfig": { "AllowAdminCreateUserOnly": true },
                "Schema": [{ "Name": "plan", "AttributeDataType": "String" }],
                "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" },
                "DcrConfiguration": registration,
                "UsernameConfiguration": { "CaseSensitive": false },
                "AccountRecoverySetting": { "RecoveryMechanisms": [{ "Priority": 1, "Name": "admin_only" }] },
                "IssuerConfiguration": { "Type": "UPDATED" },
                "KeyConfiguration": { "KeyType": "AWS_OWNED_KEY" },
                "AcrConfiguration": { "Level1": { "AcrValue": "low" } },
            }),
        )
        .await;
    let id = made["UserPool"]["Id"].as_str().unwrap();
    assert_eq!(made["UserPool"]["UserPoolTier"], "PLUS");
    server.advance_s(60);
    assert_eq!(server.ok("UpdateUserPool", json!({ "UserPoolId": id })).await, json!({}));

    let mut wanted = fresh(&server, id, "kept");
    wanted["LastModifiedDate"] = json!(EPOCH_MS / 1000 + 60);
    wanted["SchemaAttributes"] = made["UserPool"]["SchemaAttributes"].clone();
    wanted["AliasAttributes"] = json!(["email"]);
    wanted["UsernameConfiguration"] = json!({ "CaseSensitive": false });
    wanted["UserPoolTier"] = json!("PLUS");
    wanted["SmsConfiguration"] = sms;
    wanted["DcrConfiguration"] = registration;
    assert_eq!(described(&server, id).await, wanted);

    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "PoolName": "renamed", "UserPoolTier": "LITE" })).await;
    let described = described(&server, id).await;
    assert_eq!((&described["Name"], &described["UserPoolTier"]), (&json!("renamed"), &json!("LITE")));
}

#[tokio::test]
async fn what_is_described_can_be_sent_back() {
    let server = TestServer::start().await;
    let made = server
        .ok(
            "CreateUserPool",
            json!({
                "PoolName": "round",
                "Policies": { "PasswordPolicy": { "MinimumLength": 10, "RequireNumbers": true } },
                "LambdaConfig": { "PreTokenGeneration": "arn:aws:lambda:us-east-1:123456789012:function:f" },
                "AutoVerifiedAttributes": ["email", "phone_number"],
                "UsernameAttributes": ["email"],
                "SmsVerificationMessage": "code {####}",
                "EmailVerificationMessage": "code {####}",
                "MfaConfiguration": "ON",
                "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms" },
                "DeviceConfiguration": { "DeviceOnlyRememberedOnUserPrompt": true },
                "UserPoolTags": { "team": "identity" },
                "AcrConfiguration": { "Level2": { "AcrValue": "two" } },
                "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" },
                "DcrConfiguration": {},
            }),
        )
        .await["UserPool"]
        .take();
    let mut again = made.clone();
    let members = again.as_object_mut().unwrap();
    for dropped in [
        "Arn",
        "CreationDate",
        "EstimatedNumberOfUsers",
        "LastModifiedDate",
        "Name",
        "SchemaAttributes",
        "UsernameAttributes",
    ] {
        members.remove(dropped).unwrap();
    }
    let id = members.remove("Id").unwrap();
    members.insert("UserPoolId".into(), id.clone());
    members["AdminCreateUserConfig"].as_object_mut().unwrap().remove("UnusedAccountValidityDays").unwrap();
    server.ok("UpdateUserPool", again).await;
    assert_eq!(described(&server, id.as_str().unwrap()).await, made);
}

#[tokio::test]
async fn the_pool_counts_its_changes_and_of_two_at_once_none_is_lost() {
    let server = TestServer::start().await;
    let id = server.pool(json!({})).await;
    let update = |number: usize| {
        server.call("UpdateUserPool", json!({ "UserPoolId": id, "PoolName": format!("pool {number}") }))
    };
    for round in 0..10 {
        let (one, other) = tokio::join!(update(2 * round), update(2 * round + 1));
        let errors: Vec<_> = [one.error(), other.error()].into_iter().flatten().collect();
        assert!(errors.len() < 2, "one of two updates at once comes to pass");
        for (code, words) in errors {
            assert_eq!(code, "ConcurrentModificationException");
            assert_eq!(words, "User pool was modified by another request, please try again.");
        }
    }
    // Tags and attributes are added to what is there: both of two at once come to pass.
    let arn = described(&server, &id).await["Arn"].clone();
    let tag = |key: String| server.ok("TagResource", json!({ "ResourceArn": arn, "Tags": { key: "x" } }));
    let attribute = |name: String| {
        let attributes = json!([{ "Name": name, "AttributeDataType": "String" }]);
        server.ok("AddCustomAttributes", json!({ "UserPoolId": id, "CustomAttributes": attributes }))
    };
    for round in 0..5 {
        tokio::join!(
            tag(format!("a{round}")),
            tag(format!("b{round}")),
            attribute(format!("a{round}")),
            attribute(format!("b{round}"))
        );
    }
    let pool = described(&server, &id).await;
    assert_eq!(pool["UserPoolTags"].as_object().unwrap().len(), 10);
    assert_eq!(pool["SchemaAttributes"].as_array().unwrap().len(), 21 + 10);
}

#[tokio::test]
async fn a_pool_changed_since_it_was_read_is_not_overwritten() {
    use cognate_server::directory::{self, pool_changes};
    let server = TestServer::start().await;
    let id = server.pool(json!({})).await;
    let read = directory::pool(&server.cx, &id).await.unwrap();
    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "PoolName": "first" })).await;
    let late = pool_changes::replace(&server.cx, &read).await.unwrap_err();
    assert_eq!(late.code.as_str(), "ConcurrentModificationException");
    assert_eq!(described(&server, &id).await["Name"], "first");
}

#[tokio::test]
async fn a_protected_pool_stays_until_its_protection_goes() {
    let server = TestServer::start().await;
    let id = server.pool(json!({ "DeletionProtection": "ACTIVE" })).await;
    let (code, words) = server.refused("DeleteUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!(code, "InvalidParameterException");
    assert_eq!(
        words,
        "The user pool cannot be deleted because deletion protection is activated. \
         Deletion protection must be inactivated first."
    );
    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "DeletionProtection": "INACTIVE" })).await;
    let deleted = server.call("DeleteUserPool", json!({ "UserPoolId": id })).await;
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
}

#[tokio::test]
async fn a_deleted_pool_is_gone_for_every_operation() {
    let server = TestServer::start().await;
    let id = server.pool(json!({})).await;
    let client = server.client(&id, json!({ "GenerateSecret": true })).await;
    let arn = described(&server, &id).await["Arn"].clone();
    server.call("DeleteUserPool", json!({ "UserPoolId": id })).await;
    for (operation, body) in [
        ("DescribeUserPool", json!({ "UserPoolId": id })),
        ("UpdateUserPool", json!({ "UserPoolId": id })),
        ("DeleteUserPool", json!({ "UserPoolId": id })),
        (
            "AddCustomAttributes",
            json!({ "UserPoolId": id, "CustomAttributes": [{ "Name": "a", "AttributeDataType": "String" }] }),
        ),
        ("CreateUserPoolClient", json!({ "UserPoolId": id, "ClientName": "c" })),
        ("DescribeUserPoolClient", json!({ "UserPoolId": id, "ClientId": client })),
        ("UpdateUserPoolClient", json!({ "UserPoolId": id, "ClientId": client })),
        ("DeleteUserPoolClient", json!({ "UserPoolId": id, "ClientId": client })),
        ("ListUserPoolClients", json!({ "UserPoolId": id })),
        ("AddUserPoolClientSecret", json!({ "UserPoolId": id, "ClientId": client })),
        ("ListUserPoolClientSecrets", json!({ "UserPoolId": id, "ClientId": client })),
        ("DeleteUserPoolClientSecret", json!({ "UserPoolId": id, "ClientId": client, "ClientSecretId": "x" })),
        ("TagResource", json!({ "ResourceArn": arn, "Tags": {} })),
        ("UntagResource", json!({ "ResourceArn": arn, "TagKeys": [] })),
        ("ListTagsForResource", json!({ "ResourceArn": arn })),
    ] {
        let refused = server.refused(operation, body).await;
        let wanted = ("ResourceNotFoundException".to_owned(), format!("User pool {id} does not exist."));
        assert_eq!(refused, wanted, "{operation}");
    }
    let listed = server.ok("ListUserPools", json!({ "MaxResults": 60 })).await;
    assert_eq!(listed, json!({ "UserPools": [] }));
}

#[tokio::test]
async fn pools_are_listed_page_by_page() {
    let server = TestServer::start().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let pool = server.ok("CreateUserPool", json!({ "PoolName": format!("p{number}") })).await;
        made.push(pool["UserPool"]["Id"].clone());
    }
    let sdk = server.sdk();
    let mut pages = sdk.list_user_pools().max_results(3).into_paginator().send();
    let mut found = Vec::new();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.user_pools().len());
        found.extend(page.user_pools().iter().map(|pool| json!(pool.id().unwrap())));
    }
    assert_eq!(sizes, [3, 3, 1]);
    made.sort_by_key(ToString::to_string);
    assert_eq!(found, made);

    let one = server.ok("ListUserPools", json!({ "MaxResults": 60 })).await["UserPools"][0].take();
    let pool = described(&server, one["Id"].as_str().unwrap()).await;
    for member in ["Id", "Name", "LambdaConfig", "LastModifiedDate", "CreationDate"] {
        assert_eq!(one[member], pool[member], "{member}");
    }
    assert_eq!(one.as_object().unwrap().len(), 5);
}

/// SECURITY 34: forged, foreign or edited pagination tokens.
#[tokio::test]
async fn a_pagination_token_leads_on_in_its_own_list_alone() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let other_pool = server.pool(json!({})).await;
    for _ in 0..3 {
        server.client(&pool, json!({})).await;
        server.client(&other_pool, json!({})).await;
    }
    let clients = json!({ "UserPoolId": pool, "MaxResults": 1 });
    let token = server.ok("ListUserPoolClients", clients.clone()).await["NextToken"].as_str().unwrap().to_owned();
    let pools = server.ok("ListUserPools", json!({ "MaxResults": 1 })).await["NextToken"].clone();
    let with = |mut body: Value, token: Value| {
        body["NextToken"] = token;
        body
    };
    // Its own list, at another size of page too.
    server.ok("ListUserPoolClients", with(clients.clone(), json!(token))).await;
    server.ok("ListUserPoolClients", with(json!({ "UserPoolId": pool }), json!(token))).await;

    let mut edited = token.clone().into_bytes();
    edited[40] = if edited[40] == b'A' { b'B' } else { b'A' };
    let stranger = TestServer::start().await;
    stranger.pool(json!({})).await;
    stranger.pool(json!({})).await;
    for (what, server, operation, body) in [
        (
            "another pool's list",
            &server,
            "ListUserPoolClients",
            with(json!({ "UserPoolId": other_pool }), json!(token)),
        ),
        (
            "another filter",
            &server,
            "ListUserPoolClients",
            with(json!({ "UserPoolId": pool, "ClientType": "REGULAR" }), json!(token)),
        ),
        ("another operation", &server, "ListUserPools", with(json!({ "MaxResults": 1 }), json!(token))),
        ("another operation", &server, "ListUserPoolClients", with(clients.clone(), pools.clone())),
        ("another account", &stranger, "ListUserPools", with(json!({ "MaxResults": 1 }), pools)),
        (
            "an edited token",
            &server,
            "ListUserPoolClients",
            with(clients.clone(), json!(String::from_utf8(edited).unwrap())),
        ),
        ("a cut token", &server, "ListUserPoolClients", with(clients.clone(), json!(token[..token.len() - 4]))),
        ("a made-up token", &server, "ListUserPoolClients", with(clients.clone(), json!("eyJhIjoxfQ"))),
        ("a token of no alphabet", &server, "ListUserPoolClients", with(clients, json!("!!!"))),
    ] {
        let refused = server.refused(operation, body).await;
        let wanted = ("InvalidParameterException".to_owned(), "Invalid pagination token given.".to_owned());
        assert_eq!(refused, wanted, "{what}");
    }
}

/// SECURITY 34: objects across pools and accounts.
#[tokio::test]
async fn accounts_do_not_see_one_another() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", directory.path().join("shared.db").display());
    let mine = TestServer::with(&[("store.url", &url)]).await;
    let theirs = TestServer::with(&[("store.url", &url)]).await;
    let pool = theirs.pool(json!({})).await;
    let client = theirs.client(&pool, json!({})).await;
    let arn = described(&theirs, &pool).await["Arn"].clone();
    let own_arn = json!(arn.as_str().unwrap().replace(&theirs.cx.config.aws.account, &mine.cx.config.aws.account));
    for (operation, body) in [
        ("DescribeUserPool", json!({ "UserPoolId": pool })),
        ("UpdateUserPool", json!({ "UserPoolId": pool })),
        ("DeleteUserPool", json!({ "UserPoolId": pool })),
        ("CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c" })),
        ("DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })),
        ("ListUserPoolClients", json!({ "UserPoolId": pool })),
        ("ListTagsForResource", json!({ "ResourceArn": arn })),
        ("TagResource", json!({ "ResourceArn": own_arn, "Tags": { "a": "b" } })),
    ] {
        let refused = mine.refused(operation, body).await;
        assert_eq!(refused.0, "ResourceNotFoundException", "{operation}");
        assert_eq!(refused.1, format!("User pool {pool} does not exist."), "{operation}");
    }
    assert_eq!(mine.ok("ListUserPools", json!({ "MaxResults": 60 })).await, json!({ "UserPools": [] }));
    let own = mine.pool(json!({})).await;
    let refused = mine.refused("DescribeUserPoolClient", json!({ "UserPoolId": own, "ClientId": client })).await;
    assert_eq!(refused.1, format!("User pool client {client} does not exist."));
    described(&theirs, &pool).await;
}

#[tokio::test]
async fn a_pool_says_how_many_users_it_has() {
    let server = TestServer::start().await;
    let id = server.pool(json!({})).await;
    let client = server.client(&id, json!({})).await;
    for name in ["ann", "bob"] {
        server.ok("SignUp", json!({ "ClientId": client, "Username": name, "Password": "Long-enough-1!" })).await;
    }
    assert_eq!(described(&server, &id).await["EstimatedNumberOfUsers"], 2);
}

#[tokio::test]
async fn a_pool_is_of_the_region_that_signed_for_it() {
    use aws_sdk_cognitoidentityprovider::config::{Builder, Region};
    let server = TestServer::start().await;
    let sdk = server.sdk();
    let abroad = || Builder::new().region(Region::new("eu-central-1"));
    let made = sdk.create_user_pool().pool_name("p").customize().config_override(abroad()).send().await.unwrap();
    let pool = made.user_pool().unwrap();
    let id = pool.id().unwrap();
    assert!(id.starts_with("eu-central-1_"), "{id}");
    let account = &server.cx.config.aws.account;
    assert_eq!(pool.arn().unwrap(), format!("arn:aws:cognito-idp:eu-central-1:{account}:userpool/{id}"));

    let here = sdk.describe_user_pool().user_pool_id(id).send().await.unwrap_err().into_service_error();
    assert_eq!(here.meta().code(), Some("ResourceNotFoundException"));
    assert_eq!(here.meta().message(), Some(format!("User pool {id} does not exist.").as_str()));
    let listed = sdk.list_user_pools().max_results(60).send().await.unwrap();
    assert_eq!(listed.user_pools().len(), 0);
    let listed = sdk.list_user_pools().max_results(60).customize().config_override(abroad()).send().await.unwrap();
    assert_eq!(listed.user_pools()[0].id(), Some(id));

    // Regions of other services follow the pool's.
    let mail = aws_sdk_cognitoidentityprovider::types::EmailConfigurationType::builder()
        .source_arn("arn:aws:ses:ap-south-1:123456789012:identity/example.com")
        .build();
    let refused = sdk.update_user_pool().user_pool_id(id).email_configuration(mail).customize();
    let refused = refused.config_override(abroad()).send().await.unwrap_err().into_service_error();
    let words = "Provided SourceArn must be in one of the following SES regions: eu-central-1, eu-west-1, us-east-1, us-west-2.";
    assert_eq!(refused.meta().message(), Some(words));
}

#[tokio::test]
async fn an_account_has_as_many_pools_as_it_may() {
    let server = TestServer::with(&[("limits.pools_per_account", "2")]).await;
    server.pool(json!({})).await;
    let second = server.pool(json!({})).await;
    let (code, words) = server.refused("CreateUserPool", json!({ "PoolName": "third" })).await;
    assert_eq!(
        (code.as_str(), words.as_str()),
        ("LimitExceededException", "Account cannot have more than 2 user pools.")
    );
    server.call("DeleteUserPool", json!({ "UserPoolId": second })).await;
    server.pool(json!({})).await;
}
