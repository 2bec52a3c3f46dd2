//! An event of each trigger, as a pool sends it: to write functions against, and to try them with.

use serde_json::{Value, json};

use super::Trigger;

pub const POOL: &str = "us-east-1_AbCdEfGhI";

/// A whole event.
pub fn event(trigger: Trigger) -> Value {
    let (source, mut request, response) = parts(trigger);
    if !matches!(trigger, Trigger::UserMigration | Trigger::InboundFederation) {
        request["userAttributes"] = attributes(trigger);
    }
    let mut event = json!({
        "version": if trigger == Trigger::PreTokenGeneration { "2" } else { "1" },
        "triggerSource": source,
        "region": "us-east-1",
        "userPoolId": POOL,
        "userName": "ada",
        "callerContext": { "awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "1example23456789" },
        "request": request,
    });
    if !trigger.is_told() {
        event["response"] = response;
    }
    event
}

fn attributes(trigger: Trigger) -> Value {
    let given = json!({ "email": "ada@example.com", "name": "Ada" });
    if trigger == Trigger::PreSignUp {
        return given;
    }
    let mut all = given;
    all["sub"] = "0d6a8a8e-4c3f-4f2a-9a77-2f1c8b1d5e60".into();
    all["email_verified"] = "true".into();
    all["cognito:user_status"] = "CONFIRMED".into();
    all
}

/// Source, request without the user's attributes, and the response to be filled in.
fn parts(trigger: Trigger) -> (&'static str, Value, Value) {
    let session =
        json!([{ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": false, "challengeMetadata": "CAPTCHA" }]);
    match trigger {
        Trigger::PreSignUp => (
            "PreSignUp_SignUp",
            json!({ "validationData": null }),
            json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
        ),
        Trigger::PostConfirmation => ("PostConfirmation_ConfirmSignUp", json!({}), json!({})),
        Trigger::PreAuthentication => ("PreAuthentication_Authentication", json!({ "validationData": {} }), json!({})),
        Trigger::PostAuthentication => {
            ("PostAuthentication_Authentication", json!({ "newDeviceUsed": false }), json!({}))
        }
        Trigger::DefineAuthChallenge => (
            "DefineAuthChallenge_Authentication",
            json!({ "session": session }),
            json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null }),
        ),
        Trigger::CreateAuthChallenge => (
            "CreateAuthChallenge_Authentication",
            json!({ "challengeName": "CUSTOM_CHALLENGE", "session": session }),
            json!({
                "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null,
            }),
        ),
        Trigger::VerifyAuthChallengeResponse => (
            "VerifyAuthChallengeResponse_Authentication",
            json!({ "privateChallengeParameters": { "answer": "5" }, "challengeAnswer": "5" }),
            json!({ "answerCorrect": null }),
        ),
        Trigger::PreTokenGeneration => (
            "TokenGeneration_Authentication",
            json!({
                "groupConfiguration": {
                    "groupsToOverride": ["engineers"], "iamRolesToOverride": [], "preferredRole": null,
                },
                "scopes": ["aws.cognito.signin.user.admin"],
            }),
            json!({ "claimsAndScopeOverrideDetails": null }),
        ),
        Trigger::UserMigration => (
            "UserMigration_Authentication",
            json!({ "password": "Correct-horse-1", "validationData": null, "userAttributes": null }),
            json!({
                "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
                "messageAction": null, "desiredDeliveryMediums": null,
            }),
        ),
        Trigger::CustomMessage => (
            "CustomMessage_SignUp",
            json!({ "codeParameter": "{####}", "linkParameter": "{##Click Here##}", "usernameParameter": null }),
            json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null }),
        ),
        Trigger::CustomSmsSender => (
            "CustomSMSSender_SignUp",
            json!({ "type": "customSMSSenderRequestV1", "code": CODE, "clientMetadata": null }),
            Value::Null,
        ),
        Trigger::CustomEmailSender => (
            "CustomEmailSender_SignUp",
            json!({ "type": "customEmailSenderRequestV1", "code": CODE, "clientMetadata": null }),
            Value::Null,
        ),
        Trigger::InboundFederation => (
            "InboundFederation_ExternalProvider",
            json!({
                "providerName": "Google",
                "providerType": "Google",
                "attributes": {
                    "tokenResponse": { "token_type": "Bearer", "scope": "openid email" },
                    "idToken": { "sub": "108204268033311374519", "email": "ada@example.com" },
                    "userInfo": { "sub": "108204268033311374519", "email": "ada@example.com", "name": "Ada" },
                },
            }),
            json!({ "userAttributesToMap": {} }),
        ),
    }
}

/// What a sender is sent encrypted.
pub const CODE: &str = "123456";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trigger_has_an_event() {
        for trigger in Trigger::ALL {
            let event = event(trigger);
            assert!(trigger.sends(&event), "{event}");
            assert_eq!(event.get("response").is_some(), !trigger.is_told());
            assert!(event["request"].is_object() && event["userPoolId"] == POOL);
        }
    }
}
