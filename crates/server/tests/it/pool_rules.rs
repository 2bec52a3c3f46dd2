//! What a pool's settings may be: each rule with its code and words.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::pools::described;

const INVALID: &str = "InvalidParameterException";
const TIER: &str = "FeatureUnavailableInTierException";
const TAGGING: &str = "UserPoolTaggingException";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
const OTHER_FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:g";
const ROLE: &str = "arn:aws:iam::123456789012:role/sms";
const FAR_KEY: &str = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const NEAR_KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";

/// Settings that both CreateUserPool and UpdateUserPool refuse, and how.
fn refused_settings() -> Vec<(Value, &'static str, String)> {
    let features = |tier: &str, features: &str| {
        format!("The following features need to be disabled for the {tier} pricing tier configured: {features}")
    };
    let token_version = |version: &str| {
        let trigger = json!({ "LambdaVersion": version, "LambdaArn": FUNCTION });
        json!({ "UserPoolTier": "LITE", "LambdaConfig": { "PreTokenGenerationConfig": trigger } })
    };
    let first_factors =
        |factors: Value| json!({ "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": factors } } });
    let recovery = |one: (i64, &str), other: (i64, &str)| {
        let option = |(priority, name)| json!({ "Priority": priority, "Name": name });
        json!({ "AccountRecoverySetting": { "RecoveryMechanisms": [option(one), option(other)] } })
    };
    let mail = |configuration: Value| json!({ "EmailConfiguration": configuration });
    let identity = |region: &str, name: &str| format!("arn:aws:ses:{region}:123456789012:identity/{name}");
    let text = |configuration: Value| json!({ "SmsConfiguration": configuration });
    let sender = json!({ "LambdaVersion": "V1_0", "LambdaArn": FUNCTION });
    let duplicates = "Account Recovery Setting cannot have duplicate priorities or recovery mechanisms.";
    let from = "Provided From email address is invalid";
    let acr = "AcrConfiguration cannot use one AcrValue for two levels, the default values counted.";
    let many: serde_json::Map<String, Value> = (0..51).map(|n| (format!("k{n}"), json!("v"))).collect();
    let invalid = |settings: Value, words: &str| (settings, INVALID, words.to_owned());
    vec![
        // Tiers.
        (
            json!({
                "UserPoolTier": "LITE",
                "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } },
            }),
            TIER,
            features("LITE", "Passwordless Sign-In"),
        ),
        (token_version("V2_0"), TIER, features("LITE", "Token Customization with Pre-Token Generation Lambda V2_0")),
        (token_version("V3_0"), TIER, features("LITE", "Token Customization with Pre-Token Generation Lambda V3_0")),
        (
            json!({ "UserPoolTier": "ESSENTIALS", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
            TIER,
            features("ESSENTIALS", "Threat Protection"),
        ),
        (
            json!({ "UserPoolTier": "LITE", "UserPoolAddOns": { "AdvancedSecurityMode": "ENFORCED" } }),
            TIER,
            features("LITE", "Threat Protection"),
        ),
        (
            json!({ "UserPoolTier": "LITE", "Policies": { "PasswordPolicy": { "PasswordHistorySize": 1 } } }),
            TIER,
            features("LITE", "Password History"),
        ),
        (
            json!({ "UserPoolTier": "LITE", "AcrConfiguration": { "Level1": { "AcrValue": "a" } } }),
            TIER,
            features("LITE", "ACR Configuration"),
        ),
        (
            json!({ "UserPoolTier": "LITE", "DcrConfiguration": {} }),
            TIER,
            features("LITE", "Dynamic Client Registration"),
        ),
        (
            json!({
                "UserPoolTier": "LITE", "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" },
                "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
            }),
            TIER,
            features("LITE", "Passwordless Sign-In, Threat Protection"),
        ),
        // Sign-in and passwords.
        invalid(
            first_factors(json!(["EMAIL_OTP"])),
            "Password should be configured as one of the allowed first auth factors.",
        ),
        invalid(
            first_factors(json!(["PASSWORD", "SOFTWARE_TOKEN"])),
            "SOFTWARE_TOKEN cannot be configured as one of the allowed first auth factors.",
        ),
        invalid(
            first_factors(json!(["PASSWORD", "SMS_OTP"])),
            "SMS configuration is required when SMS_OTP is one of the allowed first auth factors",
        ),
        invalid(
            json!({
                "Policies": { "PasswordPolicy": { "TemporaryPasswordValidityDays": 7 } },
                "AdminCreateUserConfig": { "UnusedAccountValidityDays": 7 },
            }),
            "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
        ),
        invalid(
            json!({ "Policies": { "PasswordPolicy": { "TemporaryPasswordValidityDays": 366 } } }),
            "1 validation error detected: Value '366' at 'policies.passwordPolicy.temporaryPasswordValidityDays' failed \
             to satisfy constraint: Member must have value less than or equal to 365",
        ),
        // Triggers.
        invalid(
            json!({ "LambdaConfig": {
                "PreTokenGeneration": FUNCTION,
                "PreTokenGenerationConfig": { "LambdaVersion": "V1_0", "LambdaArn": OTHER_FUNCTION },
            } }),
            "Cannot use PreTokenGenerationLambda and PreTokenGeneration with different Lambda function ARN's",
        ),
        invalid(
            json!({ "LambdaConfig": { "CustomSMSSender": sender } }),
            "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.",
        ),
        invalid(
            json!({ "LambdaConfig": { "CustomEmailSender": sender } }),
            "KMSKeyId parameter is required when Custom SMS/Email Lambda trigger is used.",
        ),
        invalid(
            json!({ "LambdaConfig": { "CustomEmailSender": sender, "KMSKeyID": FAR_KEY } }),
            "Invalid arn eu-central-1",
        ),
        // Verification and MFA.
        invalid(
            json!({ "AutoVerifiedAttributes": ["phone_number"] }),
            "SMS configuration is required when phone_number is selected for auto verification",
        ),
        invalid(
            json!({ "AutoVerifiedAttributes": ["fax"] }),
            "1 validation error detected: Value '[fax]' at 'autoVerifiedAttributes' failed to satisfy constraint: \
             Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]",
        ),
        invalid(
            json!({ "MfaConfiguration": "OPTIONAL" }),
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ),
        invalid(
            json!({ "MfaConfiguration": "ON" }),
            "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
        ),
        invalid(
            json!({
                "AutoVerifiedAttributes": ["email"], "SmsConfiguration": { "SnsCallerArn": ROLE },
                "UserAttributeUpdateSettings": {
                    "AttributesRequireVerificationBeforeUpdate": ["email", "phone_number"],
                },
            }),
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes. \
             AttributesRequireVerificationBeforeUpdate: [email, phone_number], AutoVerifiedAttributes: [email]",
        ),
        invalid(recovery((1, "verified_email"), (1, "verified_phone_number")), duplicates),
        invalid(recovery((1, "verified_email"), (2, "verified_email")), duplicates),
        invalid(
            recovery((1, "verified_email"), (2, "admin_only")),
            "Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
        ),
        // E-mail.
        invalid(
            mail(json!({ "EmailSendingAccount": "DEVELOPER" })),
            "Source ARN is required to use DEVELOPER email sending owner",
        ),
        invalid(
            mail(json!({ "ConfigurationSet": "set" })),
            "ConfigurationSet can only be used with DEVELOPER email sending owner",
        ),
        invalid(
            mail(json!({ "SourceArn": identity("eu-central-1", "a@example.com") })),
            "Provided SourceArn must be in one of the following SES regions: eu-west-1, us-east-1, us-west-2.",
        ),
        invalid(mail(json!({ "From": "nobody" })), from),
        invalid(mail(json!({ "From": "a@example.org", "SourceArn": identity("us-east-1", "example.com") })), from),
        invalid(mail(json!({ "From": "b@example.com", "SourceArn": identity("us-east-1", "a@example.com") })), from),
        // SMS.
        invalid(
            text(json!({ "SnsCallerArn": ROLE, "SnsRegion": "eu-west-1" })),
            "Invalid snsRegion. Allowed SNS region for us-east-1 is us-east-1",
        ),
        invalid(
            text(json!({ "SnsCallerArn": ROLE, "EumsSms": { "CallerArn": ROLE } })),
            "Only one of SnsCallerArn or EumsSms can be set in SmsConfiguration.",
        ),
        invalid(text(json!({})), "Either SnsCallerArn or EumsSms is required in SmsConfiguration."),
        invalid(
            text(json!({ "EumsSms": { "CallerArn": ROLE, "Region": "eu-west-1" } })),
            "Invalid EumsSms region. Allowed region for us-east-1 is us-east-1",
        ),
        // Tags.
        (
            json!({ "UserPoolTags": { "AWS:owner": "me" } }),
            TAGGING,
            "Tag key AWS:owner is invalid: the prefix aws: is reserved.".to_owned(),
        ),
        (json!({ "UserPoolTags": many }), TAGGING, "User pool cannot have more than 50 tags.".to_owned()),
        // Keys and levels.
        invalid(
            json!({ "KeyConfiguration": { "KeyType": "CUSTOMER_MANAGED_KEY" } }),
            "KmsKeyArn is required when KeyType is CUSTOMER_MANAGED_KEY.",
        ),
        invalid(
            json!({ "KeyConfiguration": { "KeyType": "AWS_OWNED_KEY", "KmsKeyArn": NEAR_KEY } }),
            "KmsKeyArn cannot be set when KeyType is AWS_OWNED_KEY.",
        ),
        invalid(json!({ "KeyConfiguration": { "KmsKeyArn": FAR_KEY } }), "Invalid arn eu-central-1"),
        invalid(json!({ "AcrConfiguration": { "Level1": { "AcrValue": "a" }, "Level4": { "AcrValue": "a" } } }), acr),
        invalid(json!({ "AcrConfiguration": { "Level1": { "AcrValue": "urn:cognito:loa:3" } } }), acr),
    ]
}

#[tokio::test]
async fn create_and_update_refuse_the_same_settings_in_the_same_words() {
    let server = TestServer::start().await;
    let id = server.pool(json!({})).await;
    let before = described(&server, &id).await;
    for (settings, code, words) in refused_settings() {
        for (operation, member, value) in [("CreateUserPool", "PoolName", "p"), ("UpdateUserPool", "UserPoolId", &id)] {
            let mut body = settings.clone();
            body[member] = value.into();
            let refused = server.refused(operation, body).await;
            assert_eq!(refused, (code.to_owned(), words.clone()), "{operation} of {settings}");
        }
    }
    assert_eq!(described(&server, &id).await, before, "what is refused changes nothing");
    let pools = server.ok("ListUserPools", json!({ "MaxResults": 60 })).await;
    assert_eq!(pools["UserPools"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_schema_keeps_its_rules() {
    let server = TestServer::start().await;
    let custom = |name: &str, kind: &str| json!({ "Name": name, "AttributeDataType": kind });
    let text = |name: &str, min: &str, max: &str| {
        json!({
            "Name": name, "AttributeDataType": "String",
            "StringAttributeConstraints": { "MinLength": min, "MaxLength": max },
        })
    };
    let number = |name: &str, min: &str, max: &str| {
        json!({
            "Name": name, "AttributeDataType": "Number",
            "NumberAttributeConstraints": { "MinValue": min, "MaxValue": max },
        })
    };
    let retyped = |name: &str| {
        format!(
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute {name}"
        )
    };
    let one = |attribute: Value| json!([attribute]);
    let huge = "1".repeat(309);
    for (schema, words) in [
        (
            json!([custom("a", "String"), custom("a", "Number")]),
            "Duplicate custom attribute names custom:a are not allowed in a user pool schema.".to_owned(),
        ),
        (
            json!([custom("a", "String"), { "Name": "a", "AttributeDataType": "String", "DeveloperOnlyAttribute": true }]),
            "Duplicate custom attribute names custom:a are not allowed in a user pool schema.".to_owned(),
        ),
        (
            json!([custom("email", "String"), custom("email", "String")]),
            "Duplicate standard attribute names email are not allowed in a user pool schema.".to_owned(),
        ),
        (one(custom("email", "Number")), retyped("email")),
        (one(json!({ "Name": "birthdate", "DeveloperOnlyAttribute": true })), retyped("birthdate")),
        (one(json!({ "Name": "sub", "Mutable": true })), "You can not change schema attribute sub".to_owned()),
        (
            one(json!({ "Name": "email_verified", "Required": true })),
            "You can not change schema attribute email_verified".to_owned(),
        ),
        (
            one(json!({ "Name": "a", "AttributeDataType": "String", "Required": true })),
            "Required custom attributes are not supported currently.".to_owned(),
        ),
        (
            one(json!({ "Name": "a" })),
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.".to_owned(),
        ),
        (
            one(custom("a", "Blob")),
            "1 validation error detected: Value 'Blob' at 'schema.1.member.attributeDataType' failed to satisfy \
             constraint: Member must satisfy enum value set: [String, Number, DateTime, Boolean]"
                .to_owned(),
        ),
        (one(json!({ "AttributeDataType": "String" })), "Name is required for every schema attribute.".to_owned()),
        (
            one(custom("a_name_of_21_letters_", "String")),
            "1 validation error detected: Value 'a_name_of_21_letters_' at 'schema.1.member.name' failed to satisfy \
             constraint: Member must have length less than or equal to 20"
                .to_owned(),
        ),
        (one(text("a", "-1", "5")), "Invalid StringAttributeConstraints for schema attribute custom:a".to_owned()),
        (one(text("a", "0", "x")), "Invalid StringAttributeConstraints for schema attribute custom:a".to_owned()),
        (one(number("a", "1.5", "")), "Invalid NumberAttributeConstraints for schema attribute custom:a".to_owned()),
        (one(number("a", "", &huge)), "Invalid NumberAttributeConstraints for schema attribute custom:a".to_owned()),
        (
            one(text("a", "0", "2049")),
            "user.custom:a: String attributes cannot have a length of more than 2048".to_owned(),
        ),
        (
            one(text("email", "", "3000")),
            "user.email: String attributes cannot have a length of more than 2048".to_owned(),
        ),
        (
            one(text("a", "010", "9")),
            "Attribute custom:a cannot have a max length shorter than it's min length".to_owned(),
        ),
        (one(text("email", "10", "9")), "user.email: Max length cannot be less than min length.".to_owned()),
        (
            one(number("a", &"9".repeat(50), &"9".repeat(49))),
            "Attribute custom:a cannot have a max value smaller than it's min value".to_owned(),
        ),
        (one(number("updated_at", "2", "1")), "user.updated_at: Max value cannot be less than min value.".to_owned()),
    ] {
        let refused = server.refused("CreateUserPool", json!({ "PoolName": "p", "Schema": schema })).await;
        assert_eq!(refused, (INVALID.to_owned(), words), "{schema}");
    }
    let most: Vec<Value> = (0..51).map(|n| custom(&format!("a{n}"), "String")).collect();
    let (_, words) = server.refused("CreateUserPool", json!({ "PoolName": "p", "Schema": most })).await;
    assert!(words.ends_with("Member must have length less than or equal to 50"), "{words}");
}

#[tokio::test]
async fn attributes_are_added_and_never_replaced() {
    let server = TestServer::with(&[("limits.custom_attributes_per_pool", "4")]).await;
    let id = server.pool(json!({ "Schema": [{ "Name": "plan", "AttributeDataType": "String" }] })).await;
    let add = |attributes: Value| ("AddCustomAttributes", json!({ "UserPoolId": id, "CustomAttributes": attributes }));
    let named = |name: &str| json!({ "Name": name, "AttributeDataType": "Number" });
    let hidden = |name: &str| json!({ "Name": name, "AttributeDataType": "Boolean", "DeveloperOnlyAttribute": true });
    let (operation, body) = add(json!([hidden("banana"), named("email")]));
    assert_eq!(server.ok(operation, body).await, json!({}));
    let schema = described(&server, &id).await["SchemaAttributes"].take();
    let names: Vec<_> = schema.as_array().unwrap().iter().skip(21).map(|one| one["Name"].clone()).collect();
    assert_eq!(names, [json!("custom:plan"), json!("dev:custom:banana"), json!("custom:email")]);
    assert_eq!(schema[23]["NumberAttributeConstraints"], json!({}));

    for (attributes, words) in [
        (json!([named("plan")]), "custom:plan: Existing attribute already has name custom:plan."),
        (json!([named("banana")]), "custom:banana: Existing attribute already has name dev:custom:banana."),
        (
            json!([named("a"), named("a")]),
            "Duplicate custom attribute names custom:a are not allowed in a user pool schema.",
        ),
        (json!([named("a"), named("b")]), "User pool cannot have more than 4 custom attributes."),
        (
            json!([{ "Name": "a" }]),
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ),
        (
            json!([{ "Name": "a", "AttributeDataType": "String", "Required": true }]),
            "Required custom attributes are not supported currently.",
        ),
    ] {
        let (operation, body) = add(attributes);
        assert_eq!(server.refused(operation, body).await, (INVALID.to_owned(), words.to_owned()));
    }
    let five: Vec<Value> = ["a", "b", "c", "d", "e"].map(named).to_vec();
    let refused = server.refused("CreateUserPool", json!({ "PoolName": "p", "Schema": five })).await;
    let words = "User pool cannot have more than 4 custom attributes.";
    assert_eq!(refused, ("LimitExceededException".to_owned(), words.to_owned()));
}

#[tokio::test]
async fn users_sign_in_with_aliases_or_with_attributes_not_both() {
    let server = TestServer::start().await;
    let both = json!({ "PoolName": "p", "AliasAttributes": ["email"], "UsernameAttributes": ["email"] });
    let words = "Only one of the aliasAttributes or usernameAttributes can be set in a User pool.";
    assert_eq!(server.refused("CreateUserPool", both).await, (INVALID.to_owned(), words.to_owned()));

    // What users sign in with, the schema and case are for ever: an update that names them names nothing.
    let id = server.pool(json!({ "AliasAttributes": ["email"] })).await;
    let before = described(&server, &id).await;
    let body = json!({
        "UserPoolId": id, "AliasAttributes": ["phone_number"], "UsernameAttributes": ["email"],
        "UsernameConfiguration": { "CaseSensitive": false },
        "Schema": [{ "Name": "late", "AttributeDataType": "String" }],
    });
    server.ok("UpdateUserPool", body).await;
    assert_eq!(described(&server, &id).await, before);
}

#[tokio::test]
async fn what_is_partly_given_is_completed() {
    let server = TestServer::start().await;
    for (given, member, wanted) in [
        (
            json!({ "Policies": { "PasswordPolicy": { "RequireNumbers": true, "TemporaryPasswordValidityDays": 0 } } }),
            "Policies",
            json!({
                "PasswordPolicy": {
                    "MinimumLength": 6, "RequireUppercase": false, "RequireLowercase": false, "RequireNumbers": true,
                    "RequireSymbols": false, "TemporaryPasswordValidityDays": 7,
                },
                "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD"] },
            }),
        ),
        (
            json!({ "AdminCreateUserConfig": { "UnusedAccountValidityDays": 30 } }),
            "AdminCreateUserConfig",
            json!({ "AllowAdminCreateUserOnly": false, "UnusedAccountValidityDays": 30 }),
        ),
        (
            json!({ "LambdaConfig": { "PreTokenGeneration": FUNCTION } }),
            "LambdaConfig",
            json!({
                "PreTokenGeneration": FUNCTION,
                "PreTokenGenerationConfig": { "LambdaVersion": "V1_0", "LambdaArn": FUNCTION },
            }),
        ),
        (
            json!({ "EmailConfiguration": { "ReplyToEmailAddress": "a@example.com" } }),
            "EmailConfiguration",
            json!({ "EmailSendingAccount": "COGNITO_DEFAULT", "ReplyToEmailAddress": "a@example.com" }),
        ),
        (
            json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }),
            "UserPoolAddOns",
            json!({ "AdvancedSecurityMode": "AUDIT", "AdvancedSecurityAdditionalFlows": {} }),
        ),
        (json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } }), "UserPoolTier", json!("PLUS")),
        (json!({ "UserPoolAddOns": { "AdvancedSecurityMode": "OFF" } }), "UserPoolTier", json!("ESSENTIALS")),
        (
            json!({ "DeviceConfiguration": { "DeviceOnlyRememberedOnUserPrompt": true } }),
            "DeviceConfiguration",
            json!({ "ChallengeRequiredOnNewDevice": false, "DeviceOnlyRememberedOnUserPrompt": true }),
        ),
        (json!({ "DeviceConfiguration": {} }), "DeviceConfiguration", Value::Null),
        (json!({ "AccountRecoverySetting": {} }), "AccountRecoverySetting", json!({})),
        (
            json!({ "DcrConfiguration": {} }),
            "DcrConfiguration",
            json!({
                "EnableStatus": "Enabled", "OpenDcrEnabled": false,
                "AuthenticatedGrantTypes": ["code", "client_credentials"], "OpenDcrGrantTypes": ["code"],
            }),
        ),
        (json!({ "IssuerConfiguration": {} }), "IssuerConfiguration", json!({ "Type": "ORIGINAL" })),
        (
            json!({ "KeyConfiguration": { "KmsKeyArn": NEAR_KEY } }),
            "KeyConfiguration",
            json!({ "KeyType": "CUSTOMER_MANAGED_KEY", "KmsKeyArn": NEAR_KEY }),
        ),
        (
            json!({ "EmailVerificationMessage": "mail {####}", "SmsVerificationMessage": "sms {####}" }),
            "VerificationMessageTemplate",
            json!({
                "EmailMessage": "mail {####}", "SmsMessage": "sms {####}", "DefaultEmailOption": "CONFIRM_WITH_CODE",
            }),
        ),
        (
            json!({ "VerificationMessageTemplate": { "EmailSubject": "subject" } }),
            "EmailVerificationSubject",
            json!("subject"),
        ),
        (json!({ "AutoVerifiedAttributes": [] }), "AutoVerifiedAttributes", Value::Null),
    ] {
        let id = server.pool(given.clone()).await;
        assert_eq!(described(&server, &id).await[member], wanted, "{given}");
    }
}

#[tokio::test]
async fn an_older_sms_configuration_is_kept_but_must_be_sent_where_it_is_needed() {
    let server = TestServer::start().await;
    let sms = json!({ "SnsCallerArn": ROLE, "SnsRegion": "us-east-1" });
    let id = server.pool(json!({ "SmsConfiguration": sms, "MfaConfiguration": "OPTIONAL" })).await;
    let refused = server.refused("UpdateUserPool", json!({ "UserPoolId": id, "MfaConfiguration": "ON" })).await;
    assert_eq!(refused.0, INVALID);
    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "MfaConfiguration": "OFF" })).await;
    let pool = described(&server, &id).await;
    assert_eq!((&pool["SmsConfiguration"], &pool["MfaConfiguration"]), (&sms, &json!("OFF")));
}

#[tokio::test]
async fn a_tier_is_left_only_without_what_needs_it() {
    let server = TestServer::start().await;
    let id = server.pool(json!({ "DcrConfiguration": {} })).await;
    let lite = json!({ "UserPoolId": id, "UserPoolTier": "LITE" });
    let (code, words) = server.refused("UpdateUserPool", lite.clone()).await;
    assert_eq!(code, TIER);
    assert_eq!(
        words,
        "The following features need to be disabled for the LITE pricing tier configured: Dynamic Client Registration"
    );
    server.ok("UpdateUserPool", json!({ "UserPoolId": id, "DcrConfiguration": { "EnableStatus": "Disabled" } })).await;
    server.ok("UpdateUserPool", lite).await;
    let threat = json!({ "UserPoolId": id, "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } });
    server.ok("UpdateUserPool", threat).await;
    assert_eq!(described(&server, &id).await["UserPoolTier"], "PLUS");
}
