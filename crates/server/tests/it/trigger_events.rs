//! The events of sign-ups, sign-ins and tokens, whole: names, attributes, metadata and versions.

use cognate_server::directory;
use cognate_server::tokens::claims::Groups;
use cognate_server::triggers::event::Occasion;
use cognate_server::triggers::inbound_federation::{self, Said};
use cognate_server::triggers::{pre_sign_up, pre_token_generation};
use cognate_server::visit::Visit;
use cognate_shapes::enums::UserStatus;
use cognate_testkit::lambda::{Reply, arn};
use serde_json::{Value, json};

use crate::people::{self, PASSWORD, by_password, confirmed, text};
use crate::second_factors::sending;
use crate::trigger_sources::{NO_CLIENT, Scene, no_groups};

const EMAIL: &str = "ada@example.com";

fn email() -> Value {
    json!([{ "Name": "email", "Value": EMAIL }])
}

/// The `response` of PreSignUp as it goes out.
fn undecided() -> Value {
    json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false })
}

#[tokio::test]
async fn sign_ups_are_told_whole() {
    let settings = json!({ "AutoVerifiedAttributes": ["email"] });
    let scene = Scene::new(&["PreSignUp", "PostConfirmation"], settings).await;
    let (client, m) = (&*scene.client, json!({ "m": "1" }));
    let bare = json!({ "Username": "ada", "Password": PASSWORD, "UserAttributes": email() });
    scene.runs("SignUp", bare, &["PreSignUp_SignUp"]).await;
    let request = json!({ "userAttributes": { "email": EMAIL }, "validationData": null });
    assert_eq!(scene.last(), scene.event("PreSignUp_SignUp", "ada", client, request, undecided()));

    let code = scene.server.last_code(EMAIL);
    let confirm = json!({ "Username": "ada", "ConfirmationCode": code, "ClientMetadata": m });
    scene.runs("ConfirmSignUp", confirm, &["PostConfirmation_ConfirmSignUp"]).await;
    let request = json!({ "userAttributes": scene.attributes("ada").await, "clientMetadata": m });
    assert_eq!(request["userAttributes"]["email_verified"], "true");
    assert_eq!(request["userAttributes"]["cognito:user_status"], "CONFIRMED");
    assert_eq!(scene.last(), scene.event("PostConfirmation_ConfirmSignUp", "ada", client, request, json!({})));

    scene.runs("ForgotPassword", json!({ "Username": "ada" }), &[]).await;
    let code = scene.server.last_code(EMAIL);
    let renew =
        json!({ "Username": "ada", "ConfirmationCode": code, "Password": "Other-Horse-8", "ClientMetadata": m });
    scene.runs("ConfirmForgotPassword", renew, &["PostConfirmation_ConfirmForgotPassword"]).await;
    let request = json!({ "userAttributes": scene.attributes("ada").await, "clientMetadata": m });
    assert_eq!(scene.last(), scene.event("PostConfirmation_ConfirmForgotPassword", "ada", client, request, json!({})));

    let made = json!({
        "Username": "bob", "UserAttributes": email(), "MessageAction": "SUPPRESS", "ClientMetadata": m,
        "ValidationData": [{ "Name": "v", "Value": "2" }],
    });
    scene.runs("AdminCreateUser", made, &["PreSignUp_AdminCreateUser"]).await;
    let request = json!({ "userAttributes": { "email": EMAIL }, "validationData": { "v": "2" }, "clientMetadata": m });
    assert_eq!(scene.last(), scene.event("PreSignUp_AdminCreateUser", "bob", NO_CLIENT, request, undecided()));

    scene.server.ok("SignUp", json!({ "ClientId": client, "Username": "eve", "Password": PASSWORD })).await;
    scene.runs("AdminConfirmSignUp", json!({ "Username": "eve" }), &["PostConfirmation_ConfirmSignUp"]).await;
    let request = json!({ "userAttributes": scene.attributes("eve").await });
    assert_eq!(scene.last(), scene.event("PostConfirmation_ConfirmSignUp", "eve", NO_CLIENT, request, json!({})));
}

/// What a pool makes of its users, functions are told: usernames, aliases, sign-outs, and required attributes that are
/// missing.
#[tokio::test]
async fn attributes_say_what_the_pool_makes_of_a_user() {
    let settings = json!({
        "UsernameAttributes": ["email"],
        "Schema": [{ "Name": "family_name", "Required": true, "AttributeDataType": "String" }],
    });
    let scene = Scene::new(&["PreSignUp", "PostAuthentication"], settings).await;
    let attributes = json!([{ "Name": "email", "Value": EMAIL }, { "Name": "family_name", "Value": "L" }]);
    let sign_up = json!({ "Username": EMAIL, "Password": PASSWORD, "UserAttributes": attributes });
    scene.runs("SignUp", sign_up, &["PreSignUp_SignUp"]).await;
    let request = json!({ "userAttributes": { "email": EMAIL, "family_name": "L" }, "validationData": null });
    assert_eq!(scene.last(), scene.event("PreSignUp_SignUp", EMAIL, &scene.client, request, undecided()));

    let made = json!({ "Username": "bob@example.com", "MessageAction": "SUPPRESS", "UserAttributes": [
        { "Name": "email", "Value": "bob@example.com" }, { "Name": "email_verified", "Value": "true" },
    ] });
    let made = scene.runs("AdminCreateUser", made, &["PreSignUp_AdminCreateUser"]).await;
    let sub = text(&made["User"], "Username").to_owned();
    let password = json!({ "Username": "bob@example.com", "Password": PASSWORD, "Permanent": true });
    scene.runs("AdminSetUserPassword", password, &[]).await;
    scene.runs("AdminUserGlobalSignOut", json!({ "Username": "bob@example.com" }), &[]).await;
    let signed_out = scene.server.clock.now_ms();
    scene.server.advance_s(2);
    scene
        .runs("InitiateAuth", by_password("", "bob@example.com", PASSWORD), &["PostAuthentication_Authentication"])
        .await;
    let attributes = json!({
        "sub": sub, "cognito:user_status": "CONFIRMED", "email": "bob@example.com", "email_verified": "true",
        "cognito:email_alias": "bob@example.com", "cognito:token_nbf": signed_out.to_string(),
        "family_name": "cognito:default_val",
    });
    let request = json!({ "userAttributes": attributes, "newDeviceUsed": false });
    let expected = scene.event("PostAuthentication_Authentication", &sub, &scene.client, request, json!({}));
    assert_eq!(scene.last(), expected);
}

/// Functions learn who is not there where callers do not.
#[tokio::test]
async fn a_sign_in_is_told_before_anything_is_proved() {
    let scene = Scene::new(&["PreAuthentication", "UserMigration"], json!({})).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    let attributes = scene.attributes("ada").await;
    let pre = "PreAuthentication_Authentication";
    scene.runs("InitiateAuth", by_password("", "ada", PASSWORD), &[pre]).await;
    let request = json!({ "userAttributes": attributes, "validationData": {} });
    assert_eq!(scene.last(), scene.event(pre, "ada", &scene.client, request, json!({})));

    let forgot = json!({ "ClientId": scene.client, "Username": "eve", "ClientMetadata": { "m": "1" } });
    assert_eq!(scene.server.refused("ForgotPassword", forgot).await.0, "UserNotFoundException");
    let request = json!({ "userAttributes": null, "validationData": null, "clientMetadata": { "m": "1" } });
    let unfilled = json!({
        "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
        "messageAction": null, "desiredDeliveryMediums": null,
    });
    assert_eq!(scene.last(), scene.event("UserMigration_ForgotPassword", "eve", &scene.client, request, unfilled));

    let hiding = scene.server.client(&scene.pool, json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    scene.server.ok("InitiateAuth", by_password(&hiding, "ada", PASSWORD)).await;
    let request = json!({ "userAttributes": attributes, "validationData": {}, "userNotFound": false });
    assert_eq!(scene.last(), scene.event(pre, "ada", &hiding, request, json!({})));
    scene.server.refused("InitiateAuth", by_password(&hiding, "eve", PASSWORD)).await;
    let request = json!({ "userAttributes": {}, "validationData": {}, "userNotFound": true });
    assert_eq!(scene.last(), scene.event(pre, "eve", &hiding, request, json!({})));
}

/// Version 1 has no scopes; versions 2 and 3 have, and another response.
#[tokio::test]
async fn tokens_are_told_in_the_version_asked_for() {
    let scene = Scene::new(&["PreTokenGeneration"], json!({})).await;
    confirmed(&scene.server, &scene.pool, "ada").await;
    let role = "arn:aws:iam::000000000000:role/engineer";
    let group = json!({ "UserPoolId": scene.pool, "GroupName": "engineers", "RoleArn": role });
    scene.server.ok("CreateGroup", group).await;
    let joined = json!({ "UserPoolId": scene.pool, "GroupName": "engineers", "Username": "ada" });
    scene.server.ok("AdminAddUserToGroup", joined).await;
    let attributes = scene.attributes("ada").await;
    let groups = json!({ "groupsToOverride": ["engineers"], "iamRolesToOverride": [role], "preferredRole": role });
    for (version, number) in [("V1_0", "1"), ("V2_0", "2"), ("V3_0", "3")] {
        let config = json!({ "LambdaVersion": version, "LambdaArn": arn("f") });
        let update = json!({ "UserPoolId": scene.pool, "LambdaConfig": { "PreTokenGenerationConfig": config } });
        scene.server.ok("UpdateUserPool", update).await;
        let mut request = json!({ "userAttributes": attributes, "groupConfiguration": groups });
        let mut response = json!({ "claimsOverrideDetails": null });
        if number != "1" {
            request["scopes"] = json!(["aws.cognito.signin.user.admin"]);
            response = json!({ "claimsAndScopeOverrideDetails": null });
        }
        let told = |source| {
            let mut event = scene.event(source, "ada", &scene.client, request.clone(), response.clone());
            event["version"] = number.into();
            event
        };
        let source = "TokenGeneration_Authentication";
        let signed_in = scene.runs("InitiateAuth", by_password("", "ada", PASSWORD), &[source]).await;
        assert_eq!(scene.last(), told(source), "{version}");
        let token = text(&signed_in["AuthenticationResult"], "RefreshToken");
        let source = "TokenGeneration_RefreshTokens";
        scene.runs("GetTokensFromRefreshToken", json!({ "RefreshToken": token }), &[source]).await;
        assert_eq!(scene.last(), told(source), "{version}");
    }
}

/// The sources of doors that are not built yet, as those will call them.
#[tokio::test]
async fn other_providers_and_hosted_pages_have_their_events() {
    let scene = Scene::new(&["PreSignUp", "PreTokenGeneration", "InboundFederation"], json!({})).await;
    let pool = directory::pool(&scene.server.cx, &scene.pool).await.unwrap();
    let ada = people::add(&scene.server, &scene.pool, "ada", UserStatus::Confirmed, Some(PASSWORD), &[]).await;
    let visit = Visit::default();
    let at = Occasion { cx: &scene.server.cx, pool: &pool, client_id: Some(&scene.client), visit: &visit };

    let attributes = json!({ "idToken": { "sub": "7" }, "tokenResponse": {}, "userInfo": { "email": EMAIL } });
    let said = Said {
        provider_name: "Corp".to_owned(),
        provider_type: "OIDC".to_owned(),
        attributes: attributes.as_object().unwrap().clone(),
    };
    scene.lambda.on("f", |_| Reply::Response(json!({ "userAttributesToMap": { "email": "other@example.com" } })));
    let answer = inbound_federation::run(at, "Corp_7", &said).await.unwrap().unwrap();
    assert_eq!(Value::from(answer.attributes), json!({ "email": "other@example.com" }));
    let request = json!({ "providerName": "Corp", "providerType": "OIDC", "attributes": attributes });
    let none = json!({ "userAttributesToMap": {} });
    let source = "InboundFederation_ExternalProvider";
    assert_eq!(scene.last(), scene.event(source, "Corp_7", &scene.client, request, none));

    scene.lambda.on("f", |_| Reply::Echo);
    let given = [("email".to_owned(), EMAIL.to_owned())].into();
    let answer = pre_sign_up::run(at, pre_sign_up::Source::ExternalProvider, "Corp_7", &given).await.unwrap();
    assert_eq!(answer, Some(pre_sign_up::Answer::default()));
    let request = json!({ "userAttributes": { "email": EMAIL }, "validationData": null });
    assert_eq!(scene.last(), scene.event("PreSignUp_ExternalProvider", "Corp_7", &scene.client, request, undecided()));

    let hosted = pre_token_generation::Source::HostedAuth;
    pre_token_generation::run(at, hosted, &ada, &Groups::default(), &[]).await.unwrap().unwrap();
    let request = json!({ "userAttributes": scene.attributes("ada").await, "groupConfiguration": no_groups() });
    let response = json!({ "claimsOverrideDetails": null });
    assert_eq!(scene.last(), scene.event("TokenGeneration_HostedAuth", "ada", &scene.client, request, response));
}

/// What an answer to a challenge brings along goes with the code that it asks for; what began the sign-in does not.
#[tokio::test]
async fn metadata_of_an_answer_goes_with_its_code() {
    for (trigger, factor) in
        [("CustomMessage", "EMAIL_OTP"), ("CustomEmailSender", "EMAIL_OTP"), ("CustomSMSSender", "SMS_OTP")]
    {
        let mut settings = sending();
        let factors = json!(["PASSWORD", "EMAIL_OTP", "SMS_OTP"]);
        settings["Policies"] = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": factors } });
        let scene = Scene::new(&[trigger], settings).await;
        let flows = json!({ "ExplicitAuthFlows": ["ALLOW_USER_AUTH"] });
        let client = scene.server.client(&scene.pool, flows).await;
        let attributes = [
            ("email", EMAIL),
            ("email_verified", "true"),
            ("phone_number", "+12065550100"),
            ("phone_number_verified", "true"),
        ];
        people::add(&scene.server, &scene.pool, "ada", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
        let begin = json!({
            "ClientId": client, "AuthFlow": "USER_AUTH", "AuthParameters": { "USERNAME": "ada" },
            "ClientMetadata": { "first": "not for messages" },
        });
        let asked = scene.server.ok("InitiateAuth", begin).await;
        assert_eq!((&asked["ChallengeName"], scene.lambda.calls().len()), (&json!("SELECT_CHALLENGE"), 0));
        let answer = json!({
            "ClientId": client, "ChallengeName": "SELECT_CHALLENGE", "Session": asked["Session"],
            "ChallengeResponses": { "USERNAME": "ada", "ANSWER": factor }, "ClientMetadata": { "m": "1" },
        });
        let asked = scene.server.ok("RespondToAuthChallenge", answer).await;
        assert_eq!(asked["ChallengeName"], factor);
        let source = format!("{trigger}_Authentication");
        scene.assert_message(&source, "ada", &client, json!({ "m": "1" })).await;
    }
}
