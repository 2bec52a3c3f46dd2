//! Second factors as pools and users set them.

use cognate_testkit::TestServer;
use serde_json::{Value, json};

use crate::people::error;
use crate::second_factors::{EMAIL, PHONE, World, sending};

fn invalid(words: &str) -> (String, String) {
    error("InvalidParameter", words)
}

async fn set(server: &TestServer, pool: &str, mut mfa: Value) -> Result<Value, (String, String)> {
    mfa["UserPoolId"] = pool.into();
    let answer = server.call("SetUserPoolMfaConfig", mfa).await;
    answer.error().map_or_else(|| Ok(answer.json()), Err)
}

async fn shown(server: &TestServer, pool: &str) -> Value {
    server.ok("GetUserPoolMfaConfig", json!({ "UserPoolId": pool })).await
}

#[tokio::test]
async fn a_pool_says_its_factors() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    assert_eq!(shown(&server, &pool).await, json!({ "MfaConfiguration": "OFF" }));
    let tokens = json!({ "SoftwareTokenMfaConfiguration": { "Enabled": true }, "MfaConfiguration": "OPTIONAL" });
    assert_eq!(set(&server, &pool, tokens.clone()).await.unwrap(), tokens);
    assert_eq!(shown(&server, &pool).await, tokens);
    // An update that knows nothing of apps lets them be.
    server.ok("UpdateUserPool", json!({ "UserPoolId": pool, "MfaConfiguration": "ON" })).await;
    assert_eq!(shown(&server, &pool).await["MfaConfiguration"], "ON");
    assert_eq!(shown(&server, &pool).await["SoftwareTokenMfaConfiguration"], json!({ "Enabled": true }));
    // What is left out is off.
    set(&server, &pool, json!({ "MfaConfiguration": "OFF" })).await.unwrap();
    assert_eq!(shown(&server, &pool).await, json!({ "MfaConfiguration": "OFF" }));

    let pool = server.pool(sending()).await;
    let full = json!({
        "SmsMfaConfiguration": {
            "SmsAuthenticationMessage": "By text: {####}",
            "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::123456789012:role/sms", "SnsRegion": "us-east-1" },
        },
        "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "EmailMfaConfiguration": { "Message": "By mail: {####}", "Subject": "Sign in" },
        "WebAuthnConfiguration": {
            "RelyingPartyId": "example.com",
            "UserVerification": "required",
            "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION",
        },
        "MfaConfiguration": "ON",
    });
    assert_eq!(set(&server, &pool, full.clone()).await.unwrap(), full);
    let described = server.ok("DescribeUserPool", json!({ "UserPoolId": pool })).await;
    assert_eq!(described["UserPool"]["SmsAuthenticationMessage"], "By text: {####}");
}

/// SECURITY 60: what a pool may not have is refused, and changes nothing.
#[tokio::test]
async fn a_pool_keeps_to_the_rules() {
    let server = TestServer::start().await;
    let plain = server.pool(json!({})).await;
    let mut lite = sending();
    lite["UserPoolTier"] = "LITE".into();
    let lite = server.pool(lite).await;
    let mut passwordless = sending();
    passwordless["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } });
    let passwordless = server.pool(passwordless).await;
    let mut recovers = sending();
    let ways = json!([{ "Priority": 1, "Name": "verified_email" }]);
    recovers["AccountRecoverySetting"] = json!({ "RecoveryMechanisms": ways });
    let recovers = server.pool(recovers).await;
    let mut passkeys = sending();
    passkeys["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    let passkeys = server.pool(passkeys).await;

    let none = "At least one of [SmsMfaConfiguration] or [SoftwareTokenMfaConfiguration] must be provided.";
    let sms = "[SmsConfiguration] is a required member of [SoftwareTokenMfaConfiguration].";
    let sender = "Cannot set EmailMfaConfiguration when user pool EmailConfiguration contains an EmailSendingAccount of \
         COGNITO_DEFAULT.";
    for (pool, mfa, refused) in [
        (&plain, json!({ "MfaConfiguration": "ON" }), invalid(none)),
        (&plain, json!({ "MfaConfiguration": "OPTIONAL" }), invalid(none)),
        (&plain, json!({ "MfaConfiguration": "OPTIONAL", "SmsMfaConfiguration": {} }), invalid(sms)),
        (&plain, json!({ "EmailMfaConfiguration": {} }), invalid(sender)),
        (
            &lite,
            json!({ "EmailMfaConfiguration": {} }),
            error(
                "FeatureUnavailableInTier",
                "The following features need to be disabled for the LITE pricing tier configured: Email MFA",
            ),
        ),
        (
            &recovers,
            json!({ "EmailMfaConfiguration": {} }),
            invalid(
                "Cannot set EmailMfaConfiguration when AccountRecoverySetting has no other way than verified_email.",
            ),
        ),
        (
            &passwordless,
            json!({ "MfaConfiguration": "ON" }),
            invalid("MfaConfiguration cannot be ON when AllowedFirstAuthFactors contains EMAIL_OTP."),
        ),
        (
            &passkeys,
            json!({ "MfaConfiguration": "ON" }),
            invalid("MfaConfiguration cannot be ON when AllowedFirstAuthFactors contains WEB_AUTHN."),
        ),
    ] {
        let before = shown(&server, pool).await;
        assert_eq!(set(&server, pool, mfa.clone()).await, Err(refused), "{mfa}");
        assert_eq!(shown(&server, pool).await, before);
    }
    let counted = json!({
        "MfaConfiguration": "ON",
        "WebAuthnConfiguration": { "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION" },
    });
    set(&server, &passkeys, counted).await.unwrap();

    // The other way round.
    set(&server, &plain, json!({ "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } }))
        .await
        .unwrap();
    let update = json!({
        "UserPoolId": plain,
        "MfaConfiguration": "ON",
        "Policies": { "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"] } },
    });
    let refused = invalid("MfaConfiguration cannot be ON when AllowedFirstAuthFactors contains EMAIL_OTP.");
    assert_eq!(server.refused("UpdateUserPool", update.clone()).await, refused);
    let mut create = sending();
    create["PoolName"] = "new".into();
    create["MfaConfiguration"] = "ON".into();
    create["Policies"] = update["Policies"].clone();
    assert_eq!(server.refused("CreateUserPool", create).await, refused);
}

fn every() -> Value {
    json!({
        "MfaConfiguration": "OPTIONAL",
        "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "EmailMfaConfiguration": {},
    })
}

#[tokio::test]
async fn users_turn_on_what_they_have() {
    let world = World::new(every()).await;
    world.alice(&[]).await;
    let refused =
        async |settings: Value| world.server.refused("AdminSetUserMFAPreference", world.preference(settings)).await;
    for (method, name) in [("SMS", "SMS_MFA"), ("SoftwareToken", "SOFTWARE_TOKEN_MFA"), ("Email", "EMAIL_OTP")] {
        let words = format!("User does not have delivery config set to turn on {name}");
        assert_eq!(refused(json!({ method: { "Enabled": true } })).await, invalid(&words));
    }
    let attributes = json!({
        "UserPoolId": world.pool,
        "Username": "alice",
        "UserAttributes": [{ "Name": "phone_number", "Value": PHONE }, { "Name": "email", "Value": EMAIL }],
    });
    world.server.ok("AdminUpdateUserAttributes", attributes).await;
    let both = json!({
        "SMS": { "Enabled": true, "PreferredMfa": true }, "Email": { "Enabled": true, "PreferredMfa": true },
    });
    assert_eq!(refused(both).await, invalid("Only one MFA method can be preferred."));
    let off = json!({ "SMS": { "Enabled": false, "PreferredMfa": true } });
    assert_eq!(refused(off).await, invalid("SMS_MFA must be enabled to be the preferred MFA method."));
    assert_eq!(world.user().await.get("UserMFASettingList"), None);

    let settings = async || {
        let user = world.user().await;
        (user["UserMFASettingList"].clone(), user["PreferredMfaSetting"].clone())
    };
    world.prefer(json!({ "SMS": { "Enabled": true, "PreferredMfa": true }, "Email": { "Enabled": true } })).await;
    assert_eq!(settings().await, (json!(["SMS_MFA", "EMAIL_OTP"]), json!("SMS_MFA")));
    // What is left out stays.
    world.prefer(json!({ "Email": { "Enabled": true, "PreferredMfa": true } })).await;
    assert_eq!(settings().await, (json!(["SMS_MFA", "EMAIL_OTP"]), json!("EMAIL_OTP")));
    world.prefer(json!({ "Email": { "Enabled": false } })).await;
    assert_eq!(settings().await, (json!(["SMS_MFA"]), Value::Null));
    world.prefer(json!({ "SMS": { "Enabled": false } })).await;
    assert_eq!(settings().await, (Value::Null, Value::Null));
}

/// SECURITY 25: where MFA is required nobody turns the last method off.
#[tokio::test]
async fn the_last_required_method_stays_on() {
    let world = World::new(every()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    world.prefer(json!({ "SMS": { "Enabled": true } })).await;
    let mut on = every();
    on["MfaConfiguration"] = "ON".into();
    world.configure(on).await;
    let off = world.preference(json!({ "SMS": { "Enabled": false } }));
    let refused = world.server.refused("AdminSetUserMFAPreference", off).await;
    let words = "The last MFA method of a user cannot be turned off while the user pool requires MFA.";
    assert_eq!(refused, invalid(words));
    assert_eq!(world.user().await["UserMFASettingList"], json!(["SMS_MFA"]));
}

/// SECURITY 60: what the pool does not offer cannot be registered.
#[tokio::test]
async fn apps_are_registered_where_the_pool_offers_them() {
    let world = World::new(json!({ "MfaConfiguration": "OFF" })).await;
    world.alice(&[]).await;
    let token = world.token().await;
    let none = error("SoftwareTokenMFANotFound", "Software Token MFA has not been enabled by the userPool");
    let associate = json!({ "AccessToken": token });
    assert_eq!(world.server.refused("AssociateSoftwareToken", associate.clone()).await, none);
    let verify = json!({ "AccessToken": token, "UserCode": "123456" });
    assert_eq!(world.server.refused("VerifySoftwareToken", verify.clone()).await, none);
    world.configure(every()).await;
    let before = world.server.refused("VerifySoftwareToken", verify.clone()).await;
    assert_eq!(before, invalid("No software token was associated before."));
    let neither = invalid("Exactly one of AccessToken and Session must be provided.");
    assert_eq!(world.server.refused("AssociateSoftwareToken", json!({})).await, neither);
    let both = json!({ "AccessToken": token, "Session": "a-session-of-twenty-characters" });
    assert_eq!(world.server.refused("AssociateSoftwareToken", both).await, neither);
    let session = json!({ "Session": "a-session-of-twenty-characters" });
    let unknown = error("NotAuthorized", "Invalid session for the user.");
    assert_eq!(world.server.refused("AssociateSoftwareToken", session).await, unknown);
    let token = json!({ "AccessToken": "not-a-token" });
    assert_eq!(world.server.refused("AssociateSoftwareToken", token).await.0, "NotAuthorizedException");

    // A new registration leaves the app in use until it has shown a code.
    let old = world.register(associate["AccessToken"].as_str().unwrap()).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true } })).await;
    world.server.ok("AssociateSoftwareToken", associate).await;
    world.server.advance_s(60);
    let asked = world.sign_in().await;
    world.respond(&asked, json!({ "SOFTWARE_TOKEN_MFA_CODE": world.code(&old) })).await;

    let delete = json!({ "UserPoolId": world.pool, "Username": "alice" });
    world.server.ok("AdminDeleteSoftwareToken", delete).await;
    assert_eq!(world.user().await.get("UserMFASettingList"), None);
    world.token().await;
}

#[tokio::test]
async fn older_options_turn_text_messages_on() {
    let world = World::new(every()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    let token = world.token().await;
    let sms = json!([{ "DeliveryMedium": "SMS", "AttributeName": "phone_number" }]);
    let email = json!([{ "DeliveryMedium": "EMAIL", "AttributeName": "email" }]);
    let set = |options: &Value| json!({ "AccessToken": token, "MFAOptions": options });
    let refused = world.server.refused("SetUserSettings", set(&email)).await;
    assert_eq!(refused.0, "InvalidParameterException");
    world.server.ok("SetUserSettings", set(&sms)).await;
    let user = world.server.ok("GetUser", json!({ "AccessToken": token })).await;
    assert_eq!((&user["MFAOptions"], &user["UserMFASettingList"]), (&sms, &json!(["SMS_MFA"])));
    let listed = world.server.ok("ListUsers", json!({ "UserPoolId": world.pool })).await;
    assert_eq!(listed["Users"][0]["MFAOptions"], sms);
    assert_eq!(world.sign_in().await["ChallengeName"], "SMS_MFA");
    let off = json!({ "UserPoolId": world.pool, "Username": "alice", "MFAOptions": [] });
    world.server.ok("AdminSetUserSettings", off).await;
    assert_eq!(world.user().await.get("MFAOptions"), None);
    world.token().await;
}

#[tokio::test]
async fn factors_are_told() {
    let world = World::new(every()).await;
    world.alice(&[("email", EMAIL)]).await;
    let token = world.token().await;
    world.register(&token).await;
    world.prefer(json!({ "SoftwareToken": { "Enabled": true, "PreferredMfa": true } })).await;
    let factors = json!({
        "Username": "alice",
        "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA",
        "UserMFASettingList": ["SOFTWARE_TOKEN_MFA"],
        "ConfiguredUserAuthFactors": ["PASSWORD", "SOFTWARE_TOKEN"],
    });
    assert_eq!(world.server.ok("GetUserAuthFactors", json!({ "AccessToken": token })).await, factors);
    let by_admin = json!({ "UserPoolId": world.pool, "Username": "alice" });
    assert_eq!(world.server.ok("AdminGetUserAuthFactors", by_admin).await, factors);
}

#[tokio::test]
async fn passkeys_count_only_beside_another_method() {
    let world = World::new(every()).await;
    world.alice(&[("email", EMAIL)]).await;
    let set = world.preference(json!({ "WebAuthn": { "Enabled": true } }));
    let refused = world.server.refused("AdminSetUserMFAPreference", set.clone()).await;
    assert_eq!(refused, invalid("WebAuthn MFA is not configured for the user pool."));
    let mut counted = every();
    counted["WebAuthnConfiguration"] = json!({ "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION" });
    world.configure(counted).await;
    let refused = world.server.refused("AdminSetUserMFAPreference", set).await;
    let words = "At least one other MFA method must be enabled for the user to turn on WebAuthn MFA.";
    assert_eq!(refused, invalid(words));
    world.prefer(json!({ "WebAuthn": { "Enabled": true }, "Email": { "Enabled": true } })).await;
}

/// MFA turned off asks nobody, and keeps what users chose for the day it is turned on again.
#[tokio::test]
async fn what_users_chose_outlives_a_pool_without_mfa() {
    let world = World::new(every()).await;
    world.alice(&[("phone_number", PHONE)]).await;
    world.prefer(json!({ "SMS": { "Enabled": true, "PreferredMfa": true } })).await;
    assert_eq!(world.sign_in().await["ChallengeName"], "SMS_MFA");
    for off in ["UpdateUserPool", "SetUserPoolMfaConfig"] {
        let mut settings = if off == "UpdateUserPool" { sending() } else { json!({}) };
        settings["UserPoolId"] = world.pool.as_str().into();
        settings["MfaConfiguration"] = "OFF".into();
        world.server.ok(off, settings).await;
        assert!(world.sign_in().await["AuthenticationResult"].is_object(), "{off}");
        let user = world.user().await;
        assert_eq!(
            (&user["UserMFASettingList"], &user["PreferredMfaSetting"]),
            (&json!(["SMS_MFA"]), &json!("SMS_MFA"))
        );
        world.configure(every()).await;
        assert_eq!(world.sign_in().await["ChallengeName"], "SMS_MFA", "{off}");
    }
}

/// SECURITY 60: what serves sign-ins by passkey stays unless it is given; what a pool cannot have is refused in the service's words.
#[tokio::test]
async fn passkey_settings_are_replaced_as_one() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let given = json!({ "WebAuthnConfiguration": { "RelyingPartyId": "example.com", "UserVerification": "required" } });
    set(&server, &pool, given.clone()).await.unwrap();
    set(&server, &pool, json!({ "MfaConfiguration": "OFF" })).await.unwrap();
    assert_eq!(shown(&server, &pool).await["WebAuthnConfiguration"], given["WebAuthnConfiguration"]);
    let other = json!({ "WebAuthnConfiguration": { "RelyingPartyId": "example.org" } });
    set(&server, &pool, other.clone()).await.unwrap();
    assert_eq!(shown(&server, &pool).await["WebAuthnConfiguration"], other["WebAuthnConfiguration"]);

    let words = "RelyingPartyId should be a domain name in lower case that is not a public suffix.";
    for id in [
        "com",
        "co.uk",
        "github.io",
        "http://x",
        "https://example.com",
        "localhost:3000",
        "exa mple.com",
        "-a.com",
        "a-.com",
        "EXAMPLE.com",
        "a..com",
        ".example.com",
        "example.com.",
        "127.0.0.1",
        "[::1]",
        "exämple.com",
    ] {
        let bad = json!({ "WebAuthnConfiguration": { "RelyingPartyId": id } });
        assert_eq!(set(&server, &pool, bad).await, Err(invalid(words)), "{id}");
    }
    assert_eq!(shown(&server, &pool).await["WebAuthnConfiguration"], other["WebAuthnConfiguration"]);
    for id in ["localhost", "intranet", "auth.example.co.uk", "me.github.io", "xn--exmple-cua.com"] {
        let good = json!({ "WebAuthnConfiguration": { "RelyingPartyId": id } });
        assert_eq!(set(&server, &pool, good.clone()).await.unwrap()["WebAuthnConfiguration"]["RelyingPartyId"], id);
    }

    let lite = server.pool(json!({ "UserPoolTier": "LITE" })).await;
    let counted = json!({ "WebAuthnConfiguration": { "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION" } });
    let words = "The following features need to be disabled for the LITE pricing tier configured: Passkey MFA";
    assert_eq!(set(&server, &lite, counted).await, Err(error("FeatureUnavailableInTier", words)));
    for (bad, member) in [
        (json!({ "MfaConfiguration": "SOMETIMES" }), "mfaConfiguration"),
        (json!({ "WebAuthnConfiguration": { "UserVerification": "maybe" } }), "webAuthnConfiguration.userVerification"),
        (
            json!({ "WebAuthnConfiguration": { "FactorConfiguration": "TWO" } }),
            "webAuthnConfiguration.factorConfiguration",
        ),
    ] {
        let (class, words) = set(&server, &pool, bad).await.unwrap_err();
        assert_eq!(class, "InvalidParameterException");
        let told = format!("at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [");
        assert!(words.starts_with("1 validation error detected: Value ") && words.contains(&told), "{words}");
    }
    for message in ["Code", "Your code is here"] {
        let (class, words) =
            set(&server, &pool, json!({ "EmailMfaConfiguration": { "Message": message } })).await.unwrap_err();
        assert_eq!(class, "InvalidParameterException");
        assert!(words.contains("at 'emailMfaConfiguration.message' failed to satisfy constraint"), "{words}");
    }
}
