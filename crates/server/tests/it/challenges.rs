//! The table of challenges, row by row: what each sends, what its answer must have, and in which session it is taken.

use serde_json::{Value, json};

use crate::people::{self, PASSWORD, error};
use crate::stages::{Asked, CHALLENGES, ROWS, Row, Stage, Stages};

fn missing(name: &str) -> (String, String) {
    error("InvalidParameter", format!("Missing required parameter {name}"))
}

fn invalid() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user.")
}

fn spent() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user, session can only be used once.")
}

fn expired() -> (String, String) {
    error("NotAuthorized", "Invalid session for the user, session is expired.")
}

/// Sends the right answer, and checks where it leads. USERNAME may be any name of the user's, and the hash over the one
/// that the server told.
async fn meet(stages: &Stages, stage: &mut Stage<'_>, row: &Row, asked: &mut Asked) -> Value {
    let mut given = stage.right(asked);
    given["USERNAME"] = stage.sub.as_str().into();
    given["SECRET_HASH"] = stage.hash_over("alice").into();
    let request = stage.bare(asked, given);
    let answer = stages.server.ok(stage.door(), request.clone()).await;
    if let Some(next) = row.leads_to {
        assert_eq!(answer["ChallengeName"], next, "{}", row.by);
        assert!(answer.get("AuthenticationResult").is_none(), "{}", row.by);
        assert_ne!(answer["Session"], asked.answer["Session"], "{}", row.by);
    } else {
        assert!(answer["AuthenticationResult"]["AccessToken"].is_string(), "{}: {answer}", row.by);
        assert_eq!(answer["ChallengeParameters"], json!({}), "{}", row.by);
        assert!(answer.get("Session").is_none() && answer.get("ChallengeName").is_none(), "{}", row.by);
    }
    request
}

/// What a row sends, and what is told of an answer that lacks something: a parameter, the session, the secret's hash.
#[tokio::test]
async fn every_challenge_says_what_its_answer_lacks() {
    let stages = Stages::start().await;
    for row in &ROWS {
        let mut stage = stages.of(row).await;
        for confidential in [false, true] {
            stage.be(json!({ "GenerateSecret": confidential })).await;
            stages.server.advance_s(30);
            let mut asked = stage.ask().await;
            assert_eq!(asked.answer["ChallengeName"], row.challenge, "{}", row.by);
            let parameters = asked.answer["ChallengeParameters"].as_object().unwrap();
            let mut names: Vec<_> = parameters.keys().collect();
            names.sort_unstable();
            assert_eq!(names, row.parameters, "{}", row.by);
            assert!(parameters.values().all(Value::is_string), "{}", row.by);
            if let Some(name) = parameters.get("USER_ID_FOR_SRP").or(parameters.get("USERNAME")) {
                assert_eq!(name, "alice", "{}", row.by);
            }
            let right = stage.right(&mut asked);
            let refused = async |request| stages.server.refused(stage.door(), request).await;
            for name in row.required {
                for left in [None, Some("")] {
                    let mut given = right.clone();
                    given[*name] = left.map_or(Value::Null, Value::from);
                    assert_eq!(refused(stage.request(&asked, given)).await, missing(name), "{}", row.by);
                }
            }
            if !row.required.contains(&"PASSWORD_CLAIM_SECRET_BLOCK") {
                let mut request = stage.request(&asked, right.clone());
                request["Session"] = Value::Null;
                assert_eq!(refused(request).await, missing("Session"), "{}", row.by);
            }
            if confidential {
                let absent =
                    format!("Client {} is configured with secret but SECRET_HASH was not received", stage.client);
                assert_eq!(
                    refused(stage.bare(&asked, right.clone())).await,
                    error("NotAuthorized", absent),
                    "{}",
                    row.by
                );
                let mut given = right;
                given["SECRET_HASH"] = stage.hash_over("bob").into();
                let wrong = format!("Unable to verify secret hash for client {}", stage.client);
                assert_eq!(refused(stage.bare(&asked, given)).await, error("NotAuthorized", wrong), "{}", row.by);
            }
            // Nothing of that used the session up.
            meet(&stages, &mut stage, row, &mut asked).await;
        }
    }
}

/// SECURITY 24: an answer is taken by its own name, of its own user, client and pool, and in a session of this server's.
#[tokio::test]
async fn every_session_is_for_its_own_challenge() {
    let stages = Stages::start().await;
    let server = &stages.server;
    let foreign = server.pool(json!({})).await;
    let foreign_client = server.client(&foreign, json!({})).await;
    people::confirmed(server, &foreign, "alice").await;
    for row in &ROWS {
        let mut stage = stages.of(row).await;
        server.advance_s(30);
        let other_client = server.client(&stage.pool, json!({})).await;
        let mut asked = stage.ask().await;
        let given = stage.right(&mut asked);
        let right = stage.request(&asked, given);
        let refused = async |request| server.refused(stage.door(), request).await;
        let with = |name: &str, value: Value| {
            let mut request = right.clone();
            request[name] = value;
            request
        };
        for name in ["bob", "nobody"] {
            let mut request = right.clone();
            request["ChallengeResponses"]["USERNAME"] = name.into();
            assert_eq!(refused(request).await, invalid(), "{} as {name}", row.by);
        }
        assert_eq!(refused(with("ClientId", other_client.into())).await, invalid(), "{} by another client", row.by);
        let mut request = with("ClientId", foreign_client.as_str().into());
        if request.get("UserPoolId").is_some() {
            request["UserPoolId"] = foreign.as_str().into();
        }
        assert_eq!(refused(request).await, invalid(), "{} in another pool", row.by);

        let session = asked.answer["Session"].as_str().unwrap();
        let altered = format!("{}{}", if session.starts_with('A') { "B" } else { "A" }, &session[1..]);
        for bad in ["garbage-that-is-long-enough", "A".repeat(4096).as_str(), &altered, &session[..session.len() - 4]] {
            assert_eq!(refused(with("Session", bad.into())).await, invalid(), "{} in {bad:.30}", row.by);
        }
        let length = |constraint: &str| {
            let told =
                "1 validation error detected: Value at 'session' failed to satisfy constraint: Member must have length";
            error("InvalidParameter", format!("{told} {constraint}"))
        };
        let short = refused(with("Session", "too-short-for-one".into())).await;
        assert_eq!(short, length("greater than or equal to 20"), "{}", row.by);
        let long = refused(with("Session", "A".repeat(4097).into())).await;
        assert_eq!(long, length("less than or equal to 4096"), "{}", row.by);

        // Clients answer a choice, or change their mind, under other names than the one asked.
        let also: &[&str] = match row.by {
            "SELECT_CHALLENGE" | "PASSWORD" | "PASSWORD_SRP" => &["PASSWORD", "PASSWORD_SRP"],
            "WEB_AUTHN" => &["SELECT_CHALLENGE"],
            _ => &[],
        };
        for name in CHALLENGES.into_iter().filter(|name| *name != row.challenge && !also.contains(name)) {
            let mut request = with("ChallengeName", name.into());
            for parameter in ROWS.iter().flat_map(|row| row.required).filter(|parameter| **parameter != "USERNAME") {
                request["ChallengeResponses"][*parameter] = "123456".into();
            }
            assert_eq!(refused(request).await, invalid(), "{} answered as {name}", row.by);
        }
        meet(&stages, &mut stage, row, &mut asked).await;
    }
}

/// A session lasts as long as the client's AuthSessionValidity says, from its issue, and for one success.
#[tokio::test]
async fn every_session_has_its_time_and_one_success() {
    let stages = Stages::start().await;
    for row in &ROWS {
        let mut stage = stages.of(row).await;
        for (settings, minutes) in [(json!({}), 3), (json!({ "AuthSessionValidity": 15 }), 15)] {
            stage.be(settings).await;
            stages.server.advance_s(30);
            let mut late = stage.ask().await;
            let given = stage.right(&mut late);
            let request = stage.request(&late, given);
            stages.server.advance_s(minutes * 60);
            assert_eq!(stages.server.refused(stage.door(), request).await, expired(), "{}", row.by);

            let mut asked = stage.ask().await;
            stages.server.advance_s(minutes * 60 - 1);
            let request = meet(&stages, &mut stage, row, &mut asked).await;
            // A public value may be sent anew: what is used up is the password or the device that it leads to.
            if request["ChallengeResponses"].get("SRP_A").is_none() {
                assert_eq!(stages.server.refused(stage.door(), request).await, spent(), "{}", row.by);
            }
        }
    }
}

/// ADMIN_NO_SRP_AUTH is nobody's to answer but an administrator's.
#[tokio::test]
async fn an_administrators_challenge_has_one_door() {
    let stages = Stages::start().await;
    let row = ROWS.iter().find(|row| row.by == "ADMIN_NO_SRP_AUTH").unwrap();
    let stage = stages.of(row).await;
    let asked = stage.ask().await;
    let mut request = stage.request(&asked, json!({ "USERNAME": "alice", "PASSWORD": PASSWORD }));
    request.as_object_mut().unwrap().remove("UserPoolId");
    assert_eq!(stages.server.refused("RespondToAuthChallenge", request).await, invalid());
}
