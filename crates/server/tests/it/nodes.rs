//! Two nodes on one PostgreSQL database: what one has done, the other knows.

use std::time::{Duration, Instant};

use cognate_server::clock::Clock;
use cognate_testkit::program::{self, Program};
use cognate_testkit::{EPOCH_MS, FreshDatabase, MASTER_KEY, TestServer, new_account};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_cognate");
const PASSWORD: &str = "Correct-horse-1";

/// How long a notification may take from one node to the other.
const NOTIFIED: Duration = Duration::from_secs(3);

/// Two servers of one account on one database, whose clock stands still: a cache never grows old by itself.
struct Nodes {
    database: FreshDatabase,
    a: TestServer,
    b: TestServer,
}

impl Nodes {
    async fn start() -> Option<Self> {
        let database = FreshDatabase::make().await?;
        let (account, clock, url) = (new_account(), Clock::fixed(EPOCH_MS), database.url());
        let settings = [("store.url", url.as_str()), ("server.public_url", "https://login.example.com")];
        let a = TestServer::start_as(&account, clock.clone(), &settings).await;
        let b = TestServer::start_as(&account, clock, &settings).await;
        Some(Self { database, a, b })
    }

    async fn end(self) {
        self.a.cx.store.close().await;
        self.b.cx.store.close().await;
        self.database.remove().await;
    }

    /// A user who is confirmed and has a password.
    async fn user(&self, pool: &str, name: &str) {
        let made = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS" });
        self.a.ok("AdminCreateUser", made).await;
        let password = json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        self.a.ok("AdminSetUserPassword", password).await;
    }
}

async fn sign_in(node: &TestServer, client: &str, name: &str, password: &str) -> cognate_testkit::Answer {
    let parameters = json!({ "USERNAME": name, "PASSWORD": password });
    let body = json!({ "ClientId": client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    node.call("InitiateAuth", body).await
}

async fn tokens(node: &TestServer, client: &str, name: &str) -> Value {
    let answer = sign_in(node, client, name, PASSWORD).await;
    assert_eq!(answer.error(), None, "{name} signs in");
    answer.json()["AuthenticationResult"].clone()
}

async fn refresh(node: &TestServer, client: &str, token: &Value) -> Option<String> {
    let body =
        json!({ "ClientId": client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } });
    node.call("InitiateAuth", body).await.error().map(|(code, message)| format!("{code}: {message}"))
}

/// Asks until the answer is the expected one: a notification is on its way.
async fn soon<F: Future<Output = Option<String>>>(expected: &str, ask: impl Fn() -> F) {
    let began = Instant::now();
    loop {
        let found = ask().await.unwrap_or_else(|| "a success".to_owned());
        if found == expected {
            return;
        }
        assert!(began.elapsed() < NOTIFIED, "still {found}, not {expected}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn codes(answers: [cognate_testkit::Answer; 2]) -> Vec<String> {
    let mut codes = answers.map(|answer| answer.error().map_or_else(|| "OK".to_owned(), |(code, _)| code)).to_vec();
    codes.sort();
    codes
}

/// SECURITY 32: one name, two nodes, one user; letters of either case.
#[tokio::test(flavor = "multi_thread")]
async fn a_username_is_taken_once_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({ "UsernameConfiguration": { "CaseSensitive": false } })).await;
    let client = nodes.a.client(&pool, json!({})).await;
    for round in 0..20 {
        let body = |name: String| json!({ "ClientId": client, "Username": name, "Password": PASSWORD });
        let (first, second) = tokio::join!(
            nodes.a.call("SignUp", body(format!("ada{round}"))),
            nodes.b.call("SignUp", body(format!("ADA{round}"))),
        );
        assert_eq!(codes([first, second]), ["OK", "UsernameExistsException"], "round {round}");
    }
    nodes.end().await;
}

/// SECURITY 32: one address, two nodes, one holder.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_taken_once_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({ "UsernameAttributes": ["email"] })).await;
    let client = nodes.a.client(&pool, json!({})).await;
    for round in 0..20 {
        let body = |name: String| json!({ "ClientId": client, "Username": name, "Password": PASSWORD });
        let (first, second) = tokio::join!(
            nodes.a.call("SignUp", body(format!("ada{round}@example.com"))),
            nodes.b.call("SignUp", body(format!("ada{round}@example.com"))),
        );
        assert_eq!(codes([first, second]), ["OK", "UsernameExistsException"], "round {round}");
    }
    let pool = nodes.a.pool(json!({ "AliasAttributes": ["email"] })).await;
    for name in ["ada", "eve"] {
        nodes.user(&pool, name).await;
    }
    for round in 0..20 {
        let attributes = json!([
            { "Name": "email", "Value": format!("shared{round}@example.com") },
            { "Name": "email_verified", "Value": "true" },
        ]);
        let body = |name: &str| json!({ "UserPoolId": pool, "Username": name, "UserAttributes": attributes });
        let (first, second) = tokio::join!(
            nodes.a.call("AdminUpdateUserAttributes", body("ada")),
            nodes.b.call("AdminUpdateUserAttributes", body("eve")),
        );
        assert_eq!(codes([first, second]), ["AliasExistsException", "OK"], "round {round}");
    }
    nodes.end().await;
}

/// SECURITY 23: a code is taken once, by whichever node is first.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_spent_once_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let client = nodes.a.client(&pool, json!({})).await;
    for round in 0..5 {
        let (name, email) = (format!("ada{round}"), format!("ada{round}@example.com"));
        let attributes = json!([{ "Name": "email", "Value": email }]);
        let body = json!({ "ClientId": client, "Username": name, "Password": PASSWORD, "UserAttributes": attributes });
        nodes.a.ok("SignUp", body).await;
        let code = nodes.a.last_code(&email);
        let body = json!({ "ClientId": client, "Username": name, "ConfirmationCode": code });
        nodes.b.ok("ConfirmSignUp", body).await;
        nodes.b.ok("ForgotPassword", json!({ "ClientId": client, "Username": name })).await;
        let code = nodes.b.last_code(&email);
        let reset = |password: &str| json!({ "ClientId": client, "Username": name, "ConfirmationCode": code, "Password": password });
        let (first, second) = tokio::join!(
            nodes.a.call("ConfirmForgotPassword", reset("Second-horse-2")),
            nodes.b.call("ConfirmForgotPassword", reset("Third-horse-3")),
        );
        let won_first = first.error().is_none();
        assert_eq!(codes([first, second]).iter().filter(|code| *code == "OK").count(), 1, "round {round}");
        let (right, wrong) =
            if won_first { ("Second-horse-2", "Third-horse-3") } else { ("Third-horse-3", "Second-horse-2") };
        assert_eq!(sign_in(&nodes.b, &client, &name, right).await.error(), None);
        assert!(sign_in(&nodes.a, &client, &name, wrong).await.error().is_some());
    }
    nodes.end().await;
}

/// SECURITY 5, 6: what one node has revoked, the other refuses at once.
#[tokio::test(flavor = "multi_thread")]
async fn revocation_holds_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({})).await;
    let client = nodes.a.client(&pool, json!({})).await;
    nodes.user(&pool, "ada").await;
    let get = async |node: &TestServer, tokens: &Value| {
        let answer = node.call("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        answer.error().map(|(_, message)| message)
    };
    let (one, other) = (tokens(&nodes.a, &client, "ada").await, tokens(&nodes.b, &client, "ada").await);
    // Seen by both before, in case either remembers that a token was good.
    for node in [&nodes.a, &nodes.b] {
        for tokens in [&one, &other] {
            assert_eq!(get(node, tokens).await, None);
        }
    }
    nodes.a.ok("RevokeToken", json!({ "Token": one["RefreshToken"], "ClientId": client })).await;
    assert_eq!(get(&nodes.b, &one).await.as_deref(), Some("Access Token has been revoked"));
    let revoked = "NotAuthorizedException: Refresh Token has been revoked";
    assert_eq!(refresh(&nodes.b, &client, &one["RefreshToken"]).await.as_deref(), Some(revoked));
    assert_eq!(get(&nodes.a, &other).await, None, "another session is another session");

    nodes.b.ok("GlobalSignOut", json!({ "AccessToken": other["AccessToken"] })).await;
    assert_eq!(get(&nodes.a, &other).await.as_deref(), Some("Access Token has been revoked"));
    assert_eq!(refresh(&nodes.a, &client, &other["RefreshToken"]).await.as_deref(), Some(revoked));

    nodes.a.advance_s(1);
    let fresh = tokens(&nodes.a, &client, "ada").await;
    assert_eq!(get(&nodes.b, &fresh).await, None);
    nodes.a.ok("AdminDisableUser", json!({ "UserPoolId": pool, "Username": "ada" })).await;
    assert!(get(&nodes.b, &fresh).await.is_some());
    assert!(sign_in(&nodes.b, &client, "ada", PASSWORD).await.error().is_some());
    nodes.end().await;
}

/// SECURITY 22, 57: guesses and codes are counted by user, whichever node they ask.
#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let (a, b) = (&nodes.a, &nodes.b);
    let pool = a.pool(json!({ "AutoVerifiedAttributes": ["email"] })).await;
    let client = a.client(&pool, json!({})).await;
    nodes.user(&pool, "ada").await;
    for node in [a, b, a, b, a] {
        let wrong = sign_in(node, &client, "ada", "Wrong-horse-1").await.error().unwrap();
        assert_eq!(wrong.1, "Incorrect username or password.");
    }
    let locked = sign_in(b, &client, "ada", PASSWORD).await.error().unwrap();
    assert_eq!(locked, ("NotAuthorizedException".to_owned(), "Password attempts exceeded".to_owned()));

    let bob = json!({ "ClientId": client, "Username": "bob" });
    let mut sign_up = bob.clone();
    sign_up["Password"] = PASSWORD.into();
    sign_up["UserAttributes"] = json!([{ "Name": "email", "Value": "bob@example.com" }]);
    a.ok("SignUp", sign_up).await;
    for node in [a, b, a, b, a] {
        node.ok("ResendConfirmationCode", bob.clone()).await;
    }
    let (code, words) = b.refused("ResendConfirmationCode", bob).await;
    let limit = ("LimitExceededException", "Attempt limit exceeded, please try after some time.");
    assert_eq!((&*code, &*words), limit);
    nodes.end().await;
}

/// A changed setting reaches the other node by notification, long before its cache is old.
#[tokio::test(flavor = "multi_thread")]
async fn settings_hold_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({})).await;
    let client = nodes.a.client(&pool, json!({})).await;
    nodes.user(&pool, "ada").await;
    tokens(&nodes.b, &client, "ada").await;

    let ask = async || sign_in(&nodes.b, &client, "ada", PASSWORD).await.error().map(|(_, message)| message);
    let flows = json!({ "UserPoolId": pool, "ClientId": client, "ExplicitAuthFlows": ["ALLOW_REFRESH_TOKEN_AUTH"] });
    nodes.a.ok("UpdateUserPoolClient", flows).await;
    soon("USER_PASSWORD_AUTH flow not enabled for this client", ask).await;

    let strict = json!({ "PasswordPolicy": { "MinimumLength": 30 } });
    let set = async || {
        let body = json!({ "UserPoolId": pool, "Username": "ada", "Password": PASSWORD, "Permanent": true });
        nodes.b.call("AdminSetUserPassword", body).await.error().map(|(code, _)| code)
    };
    assert_eq!(set().await, None);
    nodes.a.ok("UpdateUserPool", json!({ "UserPoolId": pool, "Policies": strict })).await;
    soon("InvalidPasswordException", set).await;

    nodes.a.ok("DeleteUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    soon(&format!("User pool client {client} does not exist."), ask).await;
    let describe = async || {
        nodes.b.call("DescribeUserPool", json!({ "UserPoolId": pool })).await.error().map(|(_, message)| message)
    };
    assert_eq!(describe().await, None);
    nodes.a.ok("DeleteUserPool", json!({ "UserPoolId": pool })).await;
    soon(&format!("User pool {pool} does not exist."), describe).await;
    nodes.end().await;
}

/// A challenge is answered by whichever node gets the answer, and both sign with the same keys from the first token on.
#[tokio::test(flavor = "multi_thread")]
async fn any_node_answers_the_next_step() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({})).await;
    let client = nodes.a.client(&pool, json!({})).await;
    let body = json!({
        "UserPoolId": pool, "Username": "ada", "TemporaryPassword": PASSWORD, "MessageAction": "SUPPRESS",
    });
    nodes.a.ok("AdminCreateUser", body).await;
    let challenge = sign_in(&nodes.a, &client, "ada", PASSWORD).await.json();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let answer = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": "ada", "NEW_PASSWORD": "Second-horse-2" },
    });
    nodes.b.ok("RespondToAuthChallenge", answer).await;

    nodes.user(&pool, "eve").await;
    let other = nodes.a.pool(json!({})).await;
    let other_client = nodes.b.client(&other, json!({})).await;
    nodes.user(&other, "eve").await;
    // The first tokens of a pool, on both nodes at once: one of them makes the keys.
    let (first, second) = tokio::join!(tokens(&nodes.a, &other_client, "eve"), tokens(&nodes.b, &other_client, "eve"));
    for tokens in [first, second] {
        for node in [&nodes.a, &nodes.b] {
            node.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
        }
    }
    let path = format!("/{other}/.well-known/jwks.json");
    let kids = async |node: &TestServer| {
        let set = node.get(&path).await.json();
        let mut kids: Vec<_> = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].to_string()).collect();
        kids.sort();
        kids
    };
    let known = kids(&nodes.a).await;
    assert_eq!((known.len(), known), (2, kids(&nodes.b).await));
    nodes.end().await;
}

/// SECURITY 14: two nodes rotate one refresh token at once; with no grace, one of them does.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_rotated_once_across_nodes() {
    let Some(nodes) = Nodes::start().await else { return };
    let pool = nodes.a.pool(json!({})).await;
    let settings = json!({
        "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 0 },
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"],
    });
    let client = nodes.a.client(&pool, settings).await;
    nodes.user(&pool, "ada").await;
    for round in 0..10 {
        let body =
            json!({ "RefreshToken": tokens(&nodes.a, &client, "ada").await["RefreshToken"], "ClientId": client });
        let (first, second) = tokio::join!(
            nodes.a.call("GetTokensFromRefreshToken", body.clone()),
            nodes.b.call("GetTokensFromRefreshToken", body.clone()),
        );
        assert_eq!(codes([first, second]), ["OK", "RefreshTokenReuseException"], "round {round}");
    }
    nodes.end().await;
}

/// SECURITY 56: several new versions start at once on an empty database; each of them finds it migrated.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_race_on_migration() {
    let Some(database) = FreshDatabase::make().await else { return };
    let url = database.url();
    let environment = [("COGNATE_STORE__URL", url.as_str()), ("COGNATE_MASTER_KEY", MASTER_KEY)];
    let directories: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
    let programs: Vec<Program> = std::thread::scope(|scope| {
        let starting: Vec<_> = directories
            .iter()
            .map(|directory| {
                scope
                    .spawn(|| Program::start(BINARY, directory.path(), &["dev", "--port", "0", "--json"], &environment))
            })
            .collect();
        starting.into_iter().map(|starting| starting.join().expect("it starts")).collect()
    });
    let made = programs[0].caller().call("CreateUserPool", &json!({ "PoolName": "p" })).await.unwrap().json();
    for mut program in programs {
        let body = json!({ "UserPoolId": made["UserPool"]["Id"] });
        let answer = program.caller().call("DescribeUserPool", &body).await.unwrap();
        assert_eq!(answer.error(), None);
        assert!(program.stop().success(), "{}", program.log());
    }
    database.remove().await;
}

/// SECURITY 54: a node with another master key does not join, and says which key it needs.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_another_master_key_does_not_start() {
    let Some(database) = FreshDatabase::make().await else { return };
    let url = database.url();
    let directory = tempfile::tempdir().unwrap();
    let run = |key: &str, arguments: &[&str]| {
        let environment = [("COGNATE_STORE__URL", url.as_str()), ("COGNATE_MASTER_KEY", key)];
        program::command(BINARY, directory.path(), arguments, &environment).output().unwrap()
    };
    assert!(run(MASTER_KEY, &["keys", "create", "--name", "first"]).status.success());
    let other = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["keys", "create", "--name", "second"]] {
        let refused = run(other, arguments);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("The master key is not the one this database was sealed with."), "{said}");
        assert!(!said.contains(other) && !said.contains(MASTER_KEY), "{said}");
    }
    database.remove().await;
}
