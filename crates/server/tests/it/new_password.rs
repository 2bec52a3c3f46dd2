//! NEW_PASSWORD_REQUIRED: from a temporary password to one's own.

use cognate_shapes::enums::UserStatus;
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::people::{self, Exchange, PASSWORD, by_password, error, incorrect, text};

const TEMPORARY: &str = "Temporary-1";

async fn begin(server: &TestServer, client: &str, name: &str) -> Value {
    let challenge = server.ok("InitiateAuth", by_password(client, name, TEMPORARY)).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    challenge
}

fn respond(client: &str, session: &Value, answers: Value) -> Value {
    let mut request = json!({ "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session });
    request["ChallengeResponses"] = answers;
    request
}

fn once() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user, session can only be used once.")
}

#[tokio::test]
async fn a_temporary_password_is_good_for_choosing_another() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &attributes).await;
    let challenge = begin(&server, &client, "alice").await;
    let parameters = &challenge["ChallengeParameters"];
    assert_eq!(parameters["USER_ID_FOR_SRP"], "alice");
    assert_eq!(parameters["requiredAttributes"], "[]");
    let readable: Value = serde_json::from_str(text(parameters, "userAttributes")).unwrap();
    assert_eq!(readable, json!({ "email": "alice@example.com", "email_verified": "true" }));
    assert!((20..=4096).contains(&text(&challenge, "Session").len()));

    let session = &challenge["Session"];
    let answer = |password: &str| respond(&client, session, json!({ "USERNAME": "alice", "NEW_PASSWORD": password }));
    // What is wrong with the new password leaves the session as it was.
    assert_eq!(
        server.refused("RespondToAuthChallenge", answer("short")).await,
        error("InvalidPassword", "Password did not conform with policy: Password not long enough")
    );
    let done = server.ok("RespondToAuthChallenge", answer(PASSWORD)).await;
    let claims = people::claims(text(&done["AuthenticationResult"], "IdToken"));
    assert_eq!(claims["cognito:username"], "alice");
    assert_eq!(done["ChallengeParameters"], json!({}));
    assert_eq!(server.refused("RespondToAuthChallenge", answer(PASSWORD)).await, once());
    people::tokens(&server, &client, "alice").await;
    assert_eq!(server.refused("InitiateAuth", by_password(&client, "alice", TEMPORARY)).await, incorrect());
}

#[tokio::test]
async fn srp_leads_there_too_and_is_used_up_by_it() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &[]).await;
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let proof = exchange.respond(&client, exchange.proof(&pool, TEMPORARY, EPOCH_MS / 1000));
    let challenge = server.ok("RespondToAuthChallenge", proof.clone()).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    assert_eq!(server.refused("RespondToAuthChallenge", proof).await, once());
    // An administrator may carry on what the user began.
    let mut request =
        respond(&client, &challenge["Session"], json!({ "USERNAME": "alice", "NEW_PASSWORD": TEMPORARY }));
    request["UserPoolId"] = pool.as_str().into();
    let done = server.ok("AdminRespondToAuthChallenge", request).await;
    assert!(done["AuthenticationResult"]["AccessToken"].is_string(), "the same password will do without a history");
}

#[tokio::test]
async fn what_the_pool_requires_is_asked_for() {
    let server = TestServer::start().await;
    let schema = json!([
        { "Name": "name", "Required": true, "Mutable": true },
        { "Name": "email", "Required": true, "Mutable": true },
    ]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    let client = server.client(&pool, json!({ "WriteAttributes": ["email", "name", "nickname"] })).await;
    let attributes = [("email", "alice@example.com")];
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &attributes).await;
    let challenge = begin(&server, &client, "alice").await;
    assert_eq!(challenge["ChallengeParameters"]["requiredAttributes"], r#"["userAttributes.name"]"#);
    let answer = |given: &[(&str, &str)]| {
        let mut answers = json!({ "USERNAME": "alice", "NEW_PASSWORD": PASSWORD });
        for (name, value) in given {
            answers[format!("userAttributes.{name}")] = (*value).into();
        }
        respond(&client, &challenge["Session"], answers)
    };
    for (given, expected) in [
        (&[][..], error("InvalidParameter", "Invalid attributes given, name is missing")),
        (&[("name", "")][..], error("InvalidParameter", "Invalid attributes given, name is missing")),
        (
            &[("name", "Alice"), ("email", "other@example.com")][..],
            error("NotAuthorized", "Cannot modify an already provided email"),
        ),
        (
            &[("name", "Alice"), ("locale", "en")][..],
            error("NotAuthorized", "A client attempted to write unauthorized attribute"),
        ),
        (
            &[("name", "Alice"), ("nickname", &"a".repeat(2049))][..],
            error(
                "InvalidParameter",
                "Attributes did not conform to the schema: nickname: Member must have length less than or equal to 2048\n",
            ),
        ),
        // SECURITY 31: what the server alone decides.
        (
            &[("name", "Alice"), ("email_verified", "true")][..],
            error("NotAuthorized", "A client attempted to write unauthorized attribute"),
        ),
    ] {
        assert_eq!(server.refused("RespondToAuthChallenge", answer(given)).await, expected, "{given:?}");
    }
    let given = [("name", "Alice"), ("nickname", "Al")];
    let done = server.ok("RespondToAuthChallenge", answer(&given)).await;
    let claims = people::claims(text(&done["AuthenticationResult"], "IdToken"));
    assert_eq!((claims["name"].as_str(), claims["nickname"].as_str()), (Some("Alice"), Some("Al")));
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_told() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let other = server.client(&pool, json!({})).await;
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &[]).await;
    people::confirmed(&server, &pool, "bob").await;
    let challenge = begin(&server, &client, "alice").await;
    let session = &challenge["Session"];
    let missing = |name: &str| error("InvalidParameter", format!("Missing required parameter {name}"));
    let invalid = error("NotAuthorized", "Invalid session for the user.");
    let full = json!({ "USERNAME": "alice", "NEW_PASSWORD": PASSWORD });
    for (request, expected) in [
        (respond(&client, &Value::Null, full.clone()), missing("Session")),
        (respond(&client, session, json!({ "NEW_PASSWORD": PASSWORD })), missing("USERNAME")),
        (respond(&client, session, json!({ "USERNAME": "alice" })), missing("NEW_PASSWORD")),
        (respond(&client, session, json!({ "USERNAME": "bob", "NEW_PASSWORD": PASSWORD })), invalid.clone()),
        (respond(&other, session, full.clone()), invalid.clone()),
    ] {
        assert_eq!(server.refused("RespondToAuthChallenge", request).await, expected);
    }
    // Another challenge's name.
    let mut request = respond(&client, session, full.clone());
    request["ChallengeName"] = "SMS_MFA".into();
    request["ChallengeResponses"]["SMS_MFA_CODE"] = "123456".into();
    assert_eq!(server.refused("RespondToAuthChallenge", request).await, invalid);
    // SECURITY 24: the administrator sets another temporary password: what the old one began is over.
    let another = json!({ "UserPoolId": pool, "Username": "alice", "Password": "Temporary-2", "Permanent": false });
    server.ok("AdminSetUserPassword", another).await;
    assert_eq!(server.refused("RespondToAuthChallenge", respond(&client, session, full.clone())).await, invalid);

    server.advance_s(180);
    assert_eq!(
        server.refused("RespondToAuthChallenge", respond(&client, session, full)).await,
        error("NotAuthorized", "Invalid session for the user, session is expired.")
    );
}

#[tokio::test]
async fn a_temporary_password_has_its_time() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let user = people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &[]).await;
    let ends = EPOCH_MS + 60_000;
    people::change(&server, &pool, &user.id, move |user| user.profile.temporary_password_expires_ms = Some(ends)).await;
    begin(&server, &client, "alice").await;
    server.advance_s(60);
    assert_eq!(
        server.refused("InitiateAuth", by_password(&client, "alice", TEMPORARY)).await,
        error("NotAuthorized", "Temporary password has expired and must be reset by an administrator.")
    );
    assert_eq!(server.refused("InitiateAuth", by_password(&client, "alice", "wrong")).await, incorrect());
}

/// What a client may not read is not in the challenge; the `sub` never is.
#[tokio::test]
async fn the_challenge_shows_what_the_client_may_read() {
    let server = TestServer::start().await;
    let schema = json!([
        { "Name": "team", "AttributeDataType": "String", "Mutable": true },
        { "Name": "level", "AttributeDataType": "Number", "Mutable": true },
    ]);
    let pool = server.pool(json!({ "Schema": schema })).await;
    let reads = json!(["email", "email_verified", "custom:team", "custom:level", "phone_number"]);
    let client = server.client(&pool, json!({ "ReadAttributes": reads })).await;
    let attributes =
        [("email", "alice@example.com"), ("nickname", "Al"), ("custom:team", "blue"), ("custom:level", "7")];
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &attributes).await;
    let challenge = begin(&server, &client, "alice").await;
    let shown: Value = serde_json::from_str(text(&challenge["ChallengeParameters"], "userAttributes")).unwrap();
    let expected = json!({ "email": "alice@example.com", "custom:team": "blue", "custom:level": "7" });
    assert_eq!(shown, expected, "every value is a text");
}

/// A second factor comes after the new password, which verifies no address.
#[tokio::test]
async fn mfa_comes_after_the_new_password() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let mfa = json!({
        "UserPoolId": pool, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true },
    });
    server.ok("SetUserPoolMfaConfig", mfa).await;
    let attributes = [("email", "alice@example.com")];
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &attributes).await;
    let challenge = begin(&server, &client, "alice").await;
    let given = json!({ "USERNAME": "alice", "NEW_PASSWORD": PASSWORD });
    let asked = server.ok("RespondToAuthChallenge", respond(&client, &challenge["Session"], given)).await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    assert_eq!(asked["ChallengeParameters"]["MFAS_CAN_SETUP"], r#"["SOFTWARE_TOKEN_MFA"]"#);
    assert!(asked.get("AuthenticationResult").is_none());
    let user = server.ok("AdminGetUser", json!({ "UserPoolId": pool, "Username": "alice" })).await;
    assert_eq!(user["UserStatus"], "CONFIRMED");
    let verified = |attribute: &&Value| attribute["Name"] == "email_verified" && attribute["Value"] == "true";
    assert!(!user["UserAttributes"].as_array().unwrap().iter().any(|attribute| verified(&attribute)));
    // The password is chosen: the next sign-in asks for the second factor alone.
    let asked = server.ok("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
}

/// A temporary password whose time is over is told in the same words by every way of proving it.
#[tokio::test]
async fn every_proof_of_an_old_temporary_password_is_told() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    let choice = server.client(&pool, json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] })).await;
    let request = json!({
        "UserPoolId": pool, "Username": "alice", "TemporaryPassword": TEMPORARY, "MessageAction": "SUPPRESS",
    });
    server.ok("AdminCreateUser", request).await;
    begin(&server, &client, "alice").await;
    // Seven days are the default.
    server.advance_s(7 * 86_400);
    let expired = error("NotAuthorized", "Temporary password has expired and must be reset by an administrator.");
    let mut admin = by_password(&client, "alice", TEMPORARY);
    admin["AuthFlow"] = "ADMIN_USER_PASSWORD_AUTH".into();
    admin["UserPoolId"] = pool.as_str().into();
    assert_eq!(server.refused("AdminInitiateAuth", admin).await, expired);
    let mut preferred = by_password(&choice, "alice", TEMPORARY);
    preferred["AuthFlow"] = "USER_AUTH".into();
    preferred["AuthParameters"]["PREFERRED_CHALLENGE"] = "PASSWORD".into();
    assert_eq!(server.refused("InitiateAuth", preferred).await, expired);
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let proof = exchange.proof(&pool, TEMPORARY, server.clock.now_ms() / 1000);
    assert_eq!(server.refused("RespondToAuthChallenge", exchange.respond(&client, proof)).await, expired);
}

/// SECURITY 28: the new password is bounded as every other is, before it is hashed, and so is the one of a sign-in.
#[tokio::test]
async fn a_new_password_has_the_form_of_passwords() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(TEMPORARY), &[]).await;
    let challenge = begin(&server, &client, "alice").await;
    let answer = |password: &str| {
        respond(&client, &challenge["Session"], json!({ "USERNAME": "alice", "NEW_PASSWORD": password }))
    };
    let odd = "Password did not conform with policy: Password must satisfy regular expression pattern: [\\S]+";
    for password in [" Correct-Horse-7", "Correct-Horse-7 ", "Correct Horse-7", "Correct-Horse\t7", "Correct-Horse-7\n"]
    {
        let refused = server.refused("RespondToAuthChallenge", answer(password)).await;
        assert_eq!(refused, error("InvalidPassword", odd), "{password:?}");
    }
    let long = |length: usize| format!("Aa1-{}", "ä".repeat(length - 4));
    for length in [257, 100_000] {
        let refused = server.refused("RespondToAuthChallenge", answer(&long(length))).await;
        assert_eq!(refused, error("InvalidPassword", "Password did not conform with policy: Password too long"));
    }
    let done = server.ok("RespondToAuthChallenge", answer(&long(256))).await;
    let change = json!({
        "AccessToken": done["AuthenticationResult"]["AccessToken"],
        "PreviousPassword": long(256),
        "ProposedPassword": PASSWORD,
    });
    server.ok("ChangePassword", change).await;
    people::tokens(&server, &client, "alice").await;
    let hiding = server.client(&pool, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    for name in ["alice", "nobody"] {
        let refused = server.refused("InitiateAuth", by_password(&hiding, name, &long(100_000))).await;
        assert_eq!(refused, incorrect(), "{name}");
    }
}
