//! Tracked sessions: seen, counted and ended one by one.

use std::sync::Arc;

use bytes::Bytes;
use cognate_testkit::TestServer;
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::people::{self, PASSWORD, by_password, confirmed, error, refusal, text, tokens};

use crate::threat::{from, home};
use crate::threat_events::PLACES;

fn configuration(pool: &str, tracking: &str, most: i64) -> Value {
    json!({ "UserPoolId": pool, "UserSessionTracking": tracking, "TokenSession": { "MaxPerUser": most } })
}

async fn pool_and_client(server: &TestServer, most: i64) -> (String, String) {
    let pool = server.pool(json!({})).await;
    server.ok("SetUserPoolSessionConfiguration", configuration(&pool, "ENABLED", most)).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(server, &pool, "alice").await;
    (pool, client)
}

async fn listed(server: &TestServer, tokens: &Value) -> Vec<Value> {
    let answer = server.ok("ListUserSessions", json!({ "AccessToken": tokens["AccessToken"] })).await;
    answer["Sessions"].as_array().unwrap().clone()
}

/// SECURITY 60: a pool that tracks no sessions shows none.
#[tokio::test]
async fn a_pool_says_whether_it_tracks_and_how_many() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let before = server.ok("GetUserPoolSessionConfiguration", json!({ "UserPoolId": pool })).await;
    assert_eq!(before, configuration(&pool, "DISABLED", 20));
    let client = server.client(&pool, json!({})).await;
    let of_client = json!({ "UserPoolId": pool, "ClientId": client, "SSOSession": { "MaxValidityMinutes": 5 } });
    let off = error("OperationNotEnabled", "User session tracking is not enabled for the user pool.");
    assert_eq!(server.refused("SetUserPoolClientSessionConfiguration", of_client.clone()).await, off);

    let set = configuration(&pool, "ENABLED", 7);
    assert_eq!(server.ok("SetUserPoolSessionConfiguration", set.clone()).await, set);
    let shown = server.ok("GetUserPoolSessionConfiguration", json!({ "UserPoolId": pool })).await;
    assert_eq!(shown, configuration(&pool, "ENABLED", 7));

    let wanted = json!({ "UserPoolId": pool, "ClientId": client });
    let shown = server.ok("GetUserPoolClientSessionConfiguration", wanted.clone()).await;
    assert_eq!(shown["SSOSession"]["MaxValidityMinutes"], 60);
    assert_eq!(server.ok("SetUserPoolClientSessionConfiguration", of_client.clone()).await, of_client);
    // It stays when the client changes, and while tracking is off.
    server.ok("UpdateUserPoolClient", wanted.clone()).await;
    server.ok("SetUserPoolSessionConfiguration", configuration(&pool, "DISABLED", 7)).await;
    assert_eq!(server.ok("GetUserPoolClientSessionConfiguration", wanted).await, of_client);

    let lite = server.pool(json!({ "UserPoolTier": "LITE" })).await;
    let refused = server.refused("SetUserPoolSessionConfiguration", configuration(&lite, "ENABLED", 1)).await;
    assert_eq!(refused.0, "FeatureUnavailableInTierException");
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 5).await;
    let first = tokens(&server, &client, "alice").await;
    server.advance_s(10);
    let second = tokens(&server, &client, "alice").await;
    let seen = listed(&server, &second).await;
    let [one, two] = seen.as_slice() else { panic!("two sessions") };
    assert_eq!((&one["IsCurrentSession"], &two["IsCurrentSession"]), (&json!(false), &json!(true)));
    assert_eq!((text(one, "SessionType"), text(one, "ClientId")), ("TOKEN", client.as_str()));
    assert_eq!(text(one, "LastIPAddress"), "127.0.0.1");
    assert!(one.get("OriginSessionId").is_none());
    assert_eq!(one["LastLocation"], json!({ "Country": "unknown" }));
    assert_eq!(text(one, "DeviceType"), "unknown");
    let id = text(one, "SessionId").to_owned();
    assert!(id.len() == 28 && id.starts_with("tkn"), "{id}");

    server.advance_s(30);
    let refresh = json!({ "ClientId": client, "RefreshToken": first["RefreshToken"] });
    server.ok("GetTokensFromRefreshToken", refresh.clone()).await;
    let active =
        |session: &Value| session["LastActiveDate"].as_f64().unwrap() - session["CreateDate"].as_f64().unwrap();
    let seen = listed(&server, &second).await;
    assert!((active(&seen[0]) - 40.0).abs() < 0.5 && active(&seen[1]) < 0.5, "{seen:?}");
    let by_admin = server.ok("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })).await;
    assert_eq!(by_admin["Sessions"][1]["IsCurrentSession"], false);
    assert_eq!(by_admin["Sessions"][0]["SessionId"], id.as_str());

    let own = json!({ "AccessToken": second["AccessToken"], "SessionId": seen[1]["SessionId"] });
    let current = error("InvalidParameter", "The current session cannot be revoked.");
    assert_eq!(server.refused("RevokeUserSession", own).await, current);
    let other = json!({ "AccessToken": second["AccessToken"], "SessionId": id, "RevokeAssociatedSessions": "LINKED" });
    assert_eq!(server.ok("RevokeUserSession", other.clone()).await, json!({}));
    assert!(refusal(&server, text(&first, "AccessToken")).await.is_some());
    assert!(refusal(&server, text(&second, "AccessToken")).await.is_none());
    let revoked = error("NotAuthorized", "Refresh Token has been revoked");
    assert_eq!(server.refused("GetTokensFromRefreshToken", refresh).await, revoked);
    let gone = error("ResourceNotFound", "Session does not exist.");
    assert_eq!(server.refused("RevokeUserSession", other).await, gone);
    assert_eq!(listed(&server, &second).await.len(), 1);

    // SECURITY 25: nobody ends another's session by its id.
    confirmed(&server, &pool, "mallory").await;
    let his = tokens(&server, &client, "mallory").await;
    let hers = json!({ "AccessToken": his["AccessToken"], "SessionId": seen[1]["SessionId"] });
    assert_eq!(server.refused("RevokeUserSession", hers).await, gone);
    let of = |name: &str| json!({ "UserPoolId": pool, "Username": name, "SessionId": seen[1]["SessionId"] });
    assert_eq!(server.refused("AdminRevokeUserSession", of("mallory")).await, gone);
    assert_eq!(server.ok("AdminRevokeUserSession", of("alice")).await, json!({}));
    assert!(refusal(&server, text(&second, "AccessToken")).await.is_some());
}

#[tokio::test]
async fn the_session_used_longest_ago_makes_room() {
    let server = TestServer::start().await;
    let (_, client) = pool_and_client(&server, 2).await;
    let first = tokens(&server, &client, "alice").await;
    server.advance_s(1);
    let second = tokens(&server, &client, "alice").await;
    server.advance_s(1);
    server.ok("GetTokensFromRefreshToken", json!({ "ClientId": client, "RefreshToken": first["RefreshToken"] })).await;
    server.advance_s(1);
    let third = tokens(&server, &client, "alice").await;
    assert!(refusal(&server, text(&second, "AccessToken")).await.is_some());
    for alive in [&first, &third] {
        assert!(refusal(&server, text(alive, "AccessToken")).await.is_none());
    }
    assert_eq!(listed(&server, &third).await.len(), 2);
}

#[tokio::test]
async fn where_sessions_are_not_tracked_none_is_seen() {
    let server = TestServer::start().await;
    let pool = server.pool(json!({})).await;
    let client = server.client(&pool, json!({})).await;
    confirmed(&server, &pool, "alice").await;
    let first = tokens(&server, &client, "alice").await;
    let off = error("OperationNotEnabled", "User session tracking is not enabled for the user pool.");
    let id = "tkn0123456789abcdefghijklmno";
    for (operation, request) in [
        ("ListUserSessions", json!({ "AccessToken": first["AccessToken"] })),
        ("RevokeUserSession", json!({ "AccessToken": first["AccessToken"], "SessionId": id })),
        ("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })),
        ("AdminRevokeUserSession", json!({ "UserPoolId": pool, "Username": "alice", "SessionId": id })),
    ] {
        assert_eq!(server.refused(operation, request).await, off, "{operation}");
    }
}

/// The next sign-in ends what is too much, with its refresh token; a lower number alone ends nothing.
#[tokio::test]
async fn a_lower_number_waits_for_the_next_sign_in() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 4).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.push(tokens(&server, &client, "alice").await);
        server.advance_s(1);
    }
    server.ok("SetUserPoolSessionConfiguration", configuration(&pool, "ENABLED", 2)).await;
    assert_eq!(listed(&server, &all[0]).await.len(), 4);
    all.push(tokens(&server, &client, "alice").await);
    for (n, tokens) in all.iter().enumerate() {
        let lives = n >= 3;
        assert_eq!(refusal(&server, text(tokens, "AccessToken")).await.is_none(), lives, "{n}");
        let refresh = json!({ "ClientId": client, "RefreshToken": tokens["RefreshToken"] });
        let refreshed = server.call("GetTokensFromRefreshToken", refresh).await.error();
        assert_eq!(refreshed, (!lives).then(|| error("NotAuthorized", "Refresh Token has been revoked")), "{n}");
    }
}

/// However many sign in at once, no more sessions than the pool allows live on; nobody is told of the race.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sign_ins_at_once_leave_no_more_than_there_may_be() {
    let server = Arc::new(TestServer::start().await);
    let (pool, client) = pool_and_client(&server, 3).await;
    let kept = tokens(&server, &client, "alice").await;
    for round in 0..3 {
        server.advance_s(1);
        let mut signing_in = JoinSet::new();
        for _ in 0..16 {
            let (server, request) = (Arc::clone(&server), by_password(&client, "alice", PASSWORD));
            signing_in.spawn(async move { server.call("InitiateAuth", request).await });
        }
        let answers = signing_in.join_all().await;
        let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        for refused in &refused {
            assert_eq!(refused.error().unwrap(), error("TooManyRequests", "Too many requests"), "{round}");
        }
        assert!(done.len() >= 12, "round {round}: {} of 16", done.len());
        let seen = server.ok("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })).await;
        assert_eq!(seen["Sessions"].as_array().unwrap().len(), 3, "{round}");
        let mut alive = 0;
        for answer in &done {
            let access = answer.json()["AuthenticationResult"]["AccessToken"].as_str().unwrap().to_owned();
            alive += usize::from(refusal(&server, &access).await.is_none());
        }
        assert_eq!(alive, 3, "{round}: whose session ended, token or not");
        assert!(refusal(&server, text(&kept, "AccessToken")).await.is_some(), "the oldest made room");
    }
}

/// A session tells the program and address of its latest use.
#[tokio::test]
async fn a_session_is_seen_where_it_was_used_last() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 5).await;
    let first = tokens(&server, &client, "alice").await;
    let of = async || {
        let seen = server.ok("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })).await;
        text(&seen["Sessions"][0], "DeviceType").to_owned()
    };
    assert_eq!(of().await, "unknown");
    server.advance_s(5);
    let body = json!({ "ClientId": client, "RefreshToken": first["RefreshToken"] }).to_string();
    let program =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    let request = http::Request::post(server.url())
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "AWSCognitoIdentityProviderService.GetTokensFromRefreshToken")
        .header("user-agent", program)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    assert_eq!(server.send(request).await.status, 200);
    let told = of().await;
    assert!(told.contains("Chrome") && told.contains("Linux"), "{told}");
}

/// Revoking a refresh token ends its session, associated ones or not: sign-ins by the API have none beside themselves.
#[tokio::test]
async fn a_revoked_token_takes_its_session_off_the_list() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 5).await;
    let watching = tokens(&server, &client, "alice").await;
    for associated in [Value::Null, json!("NONE"), json!("LINKED")] {
        let ended = tokens(&server, &client, "alice").await;
        assert_eq!(listed(&server, &watching).await.len(), 2, "{associated}");
        let mut request = json!({ "ClientId": client, "Token": ended["RefreshToken"] });
        request["RevokeAssociatedSessions"] = associated.clone();
        server.ok("RevokeToken", request).await;
        assert_eq!(listed(&server, &watching).await.len(), 1, "{associated}");
        assert!(refusal(&server, text(&ended, "AccessToken")).await.is_some(), "{associated}");
    }
    // A sign-out of everything leaves none.
    server.ok("AdminUserGlobalSignOut", json!({ "UserPoolId": pool, "Username": "alice" })).await;
    let seen = server.ok("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })).await;
    assert_eq!(seen["Sessions"], json!([]));
}

/// 0 is a value, and so is the longest; a client that is not there has no configuration.
#[tokio::test]
async fn a_client_says_how_long_it_trusts() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 5).await;
    let set = |client: &str, minutes: i64| json!({ "UserPoolId": pool, "ClientId": client, "SSOSession": { "MaxValidityMinutes": minutes } });
    for minutes in [0, 129_600] {
        assert_eq!(
            server.ok("SetUserPoolClientSessionConfiguration", set(&client, minutes)).await,
            set(&client, minutes)
        );
    }
    for minutes in [-1, 129_601] {
        let (class, words) = server.refused("SetUserPoolClientSessionConfiguration", set(&client, minutes)).await;
        assert_eq!(class, "InvalidParameterException");
        assert!(words.contains("'sSOSession.maxValidityMinutes' failed to satisfy constraint"), "{words}");
    }
    let nobody = server.refused("SetUserPoolClientSessionConfiguration", set("nobody", 5)).await;
    assert_eq!(nobody.0, "ResourceNotFoundException");
    for most in [0, 101] {
        let (class, words) =
            server.refused("SetUserPoolSessionConfiguration", configuration(&pool, "ENABLED", most)).await;
        assert_eq!(class, "InvalidParameterException");
        assert!(words.contains("'tokenSession.maxPerUser' failed to satisfy constraint"), "{words}");
    }
    for (missing, member) in [("UserSessionTracking", "userSessionTracking"), ("TokenSession", "tokenSession")] {
        let mut request = configuration(&pool, "ENABLED", 5);
        request.as_object_mut().unwrap().remove(missing);
        let (class, words) = server.refused("SetUserPoolSessionConfiguration", request).await;
        assert_eq!(class, "InvalidParameterException");
        assert!(
            words.contains(&format!("'{member}' failed to satisfy constraint: Member must not be null")),
            "{words}"
        );
    }
}

/// Where a session was used last is told as far as the operator's map goes.
#[tokio::test]
async fn a_session_has_a_place() {
    let server = TestServer::with(&[("threat.geoip_file", PLACES)]).await;
    let (pool, client) = pool_and_client(&server, 5).await;
    let done = server.ok("AdminInitiateAuth", home(&pool, &client, PASSWORD)).await;
    let of = async || {
        let seen = server.ok("AdminListUserSessions", json!({ "UserPoolId": pool, "Username": "alice" })).await;
        let session = &seen["Sessions"][0];
        (session["LastIPAddress"].clone(), session["LastLocation"].clone(), session["DeviceType"].clone())
    };
    let london = json!({ "City": "London", "Country": "United Kingdom" });
    assert_eq!(of().await, (json!("203.0.113.7"), london, json!("home/1")));
    let mut refresh = from(&pool, &client, "alice", PASSWORD, "198.51.100.9", "away/1");
    refresh["AuthFlow"] = "REFRESH_TOKEN_AUTH".into();
    refresh["AuthParameters"] = json!({ "REFRESH_TOKEN": done["AuthenticationResult"]["RefreshToken"] });
    server.ok("AdminInitiateAuth", refresh).await;
    let sydney = json!({ "City": "Sydney", "Country": "Australia" });
    assert_eq!(of().await, (json!("198.51.100.9"), sydney, json!("away/1")));
}

/// A page has 125 sessions; a token of one list opens no other.
#[tokio::test]
async fn sessions_are_listed_in_pages() {
    let server = TestServer::start().await;
    let (pool, client) = pool_and_client(&server, 5).await;
    server.ok("SetUserPoolSessionConfiguration", configuration(&pool, "DISABLED", 5)).await;
    let mut last = Value::Null;
    for _ in 0..126 {
        last = people::tokens(&server, &client, "alice").await;
    }
    server.ok("SetUserPoolSessionConfiguration", configuration(&pool, "ENABLED", 5)).await;
    let by_user = json!({ "AccessToken": last["AccessToken"] });
    let by_admin = json!({ "UserPoolId": pool, "Username": "alice" });
    let mut tokens = Vec::new();
    for (operation, request) in [("ListUserSessions", &by_user), ("AdminListUserSessions", &by_admin)] {
        let first = server.ok(operation, request.clone()).await;
        assert_eq!(first["Sessions"].as_array().unwrap().len(), 125, "{operation}");
        let mut next = request.clone();
        next["NextToken"] = first["NextToken"].clone();
        let second = server.ok(operation, next).await;
        assert_eq!(second["Sessions"].as_array().unwrap().len(), 1, "{operation}");
        assert_eq!(second.get("NextToken"), None, "{operation}");
        assert!(!first["Sessions"].as_array().unwrap().contains(&second["Sessions"][0]));
        tokens.push(first["NextToken"].clone());
    }
    tokens.reverse();
    for (operation, mut request, token) in
        [("ListUserSessions", by_user, &tokens[0]), ("AdminListUserSessions", by_admin, &tokens[1])]
    {
        for token in [token, &json!("made-up")] {
            request["NextToken"] = token.clone();
            assert_eq!(server.refused(operation, request.clone()).await.0, "InvalidParameterException", "{operation}");
        }
    }
    // The next sign-in makes room for all of them at once.
    let newest = people::tokens(&server, &client, "alice").await;
    assert_eq!(listed(&server, &newest).await.len(), 5);
}
