//! Passwords known from breaches: where they are refused, where they are only seen, and the list that an operator makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cognate_shapes::enums::UserStatus;
use cognate_testkit::{EPOCH_MS, TestServer};
use serde_json::{Value, json};

use crate::people::{self, Exchange, PASSWORD, by_password, confirmed, error};
use crate::threat::{events, protected};

/// A password that keeps every pool's policy and that everybody knows.
const KNOWN: &str = "Password123!";

fn refused() -> (String, String) {
    error("InvalidPassword", "Provided password cannot be used for security reasons.")
}

/// Sets what is done about compromised passwords.
async fn on_compromised(server: &TestServer, pool: &str, action: &str, filter: Option<Value>) {
    let mut compromised = json!({ "Actions": { "EventAction": action } });
    if let Some(filter) = filter {
        compromised["EventFilter"] = filter;
    }
    server
        .ok(
            "SetRiskConfiguration",
            json!({ "UserPoolId": pool, "CompromisedCredentialsRiskConfiguration": compromised }),
        )
        .await;
}

async fn sign_up(server: &TestServer, client: &str, name: &str, password: &str) -> Option<(String, String)> {
    server.call("SignUp", json!({ "ClientId": client, "Username": name, "Password": password })).await.error()
}

#[tokio::test]
async fn new_passwords_are_looked_at_wherever_they_are_set() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    // Nothing is configured yet.
    assert_eq!(sign_up(&server, &client, "early", KNOWN).await, None);
    on_compromised(&server, &pool, "BLOCK", None).await;
    assert_eq!(sign_up(&server, &client, "bob", KNOWN).await, Some(refused()));
    // The policy is the first to speak.
    let short = sign_up(&server, &client, "bob", "password").await.unwrap();
    assert_eq!(short.1, "Password did not conform with policy: Password must have uppercase characters");
    assert_eq!(sign_up(&server, &client, "bob", PASSWORD).await, None);

    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(PASSWORD), &attributes).await;
    let tokens = people::tokens(&server, &client, "alice").await;
    let mut change = json!({
        "AccessToken": tokens["AccessToken"], "PreviousPassword": PASSWORD, "ProposedPassword": KNOWN,
    });
    assert_eq!(server.refused("ChangePassword", change.clone()).await, refused());
    change["ProposedPassword"] = "Unheard-of-71".into();
    server.ok("ChangePassword", change).await;

    server.ok("ForgotPassword", json!({ "ClientId": client, "Username": "alice" })).await;
    let code = server.last_code("alice@example.com");
    let mut confirm = json!({
        "ClientId": client, "Username": "alice", "ConfirmationCode": code, "Password": KNOWN,
    });
    assert_eq!(server.refused("ConfirmForgotPassword", confirm.clone()).await, refused());
    // A refused password does not spend the code.
    confirm["Password"] = "Unheard-of-72".into();
    server.ok("ConfirmForgotPassword", confirm).await;

    people::add(&server, &pool, "carol", UserStatus::ForceChangePassword, Some(PASSWORD), &[]).await;
    let asked = server.ok("InitiateAuth", by_password(&client, "carol", PASSWORD)).await;
    let mut answer = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": "carol", "NEW_PASSWORD": KNOWN },
    });
    assert_eq!(server.refused("RespondToAuthChallenge", answer.clone()).await, refused());
    answer["ChallengeResponses"]["NEW_PASSWORD"] = "Unheard-of-73".into();
    server.ok("RespondToAuthChallenge", answer).await;
}

#[tokio::test]
async fn the_filter_says_where() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    on_compromised(&server, &pool, "BLOCK", Some(json!(["SIGN_UP"]))).await;
    assert_eq!(sign_up(&server, &client, "bob", KNOWN).await, Some(refused()));
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(KNOWN), &[]).await;
    let signed_in = server.ok("InitiateAuth", by_password(&client, "alice", KNOWN)).await;
    let change = json!({
        "AccessToken": signed_in["AuthenticationResult"]["AccessToken"],
        "PreviousPassword": KNOWN, "ProposedPassword": "Password1234!",
    });
    server.ok("ChangePassword", change).await;
    on_compromised(&server, &pool, "NO_ACTION", None).await;
    assert_eq!(sign_up(&server, &client, "bob", KNOWN).await, None);
}

/// A compromised password signs in nobody who has to send it, until it is reset; SRP never shows it.
#[tokio::test]
async fn a_compromised_password_must_be_reset() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    let attributes = [("email", "alice@example.com"), ("email_verified", "true")];
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(KNOWN), &attributes).await;
    on_compromised(&server, &pool, "BLOCK", Some(json!(["SIGN_IN"]))).await;
    let refused = server.refused("InitiateAuth", by_password(&client, "alice", KNOWN)).await;
    assert_eq!(refused, error("PasswordResetRequired", "Password reset required for the user"));
    let wrong = server.refused("InitiateAuth", by_password(&client, "alice", "Password1!")).await;
    assert_eq!(wrong, people::incorrect());
    let listed = events(&server, &pool, 2).await;
    let blocked = listed.iter().find(|event| event["EventRisk"]["CompromisedCredentialsDetected"] == true).unwrap();
    assert_eq!((&blocked["EventRisk"]["RiskDecision"], &blocked["EventResponse"]), (&json!("Block"), &json!("Fail")));
    let exchange = Exchange::begin(&server, &client, "alice").await;
    let proof = exchange.respond(&client, exchange.proof(&pool, KNOWN, EPOCH_MS / 1000));
    server.ok("RespondToAuthChallenge", proof).await;
    server.ok("ForgotPassword", json!({ "ClientId": client, "Username": "alice" })).await;
    let confirm = json!({
        "ClientId": client, "Username": "alice", "ConfirmationCode": server.last_code("alice@example.com"),
        "Password": PASSWORD,
    });
    server.ok("ConfirmForgotPassword", confirm).await;
    server.ok("InitiateAuth", by_password(&client, "alice", PASSWORD)).await;
}

/// A temporary password is replaced at once, so that it needs no other reset.
#[tokio::test]
async fn a_compromised_temporary_password_is_replaced() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    people::add(&server, &pool, "alice", UserStatus::ForceChangePassword, Some(KNOWN), &[]).await;
    on_compromised(&server, &pool, "BLOCK", None).await;
    let asked = server.ok("InitiateAuth", by_password(&client, "alice", KNOWN)).await;
    let mut answer = json!({
        "ClientId": client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": asked["Session"],
        "ChallengeResponses": { "USERNAME": "alice", "NEW_PASSWORD": KNOWN },
    });
    assert_eq!(server.refused("RespondToAuthChallenge", answer.clone()).await, refused());
    answer["ChallengeResponses"]["NEW_PASSWORD"] = PASSWORD.into();
    server.ok("RespondToAuthChallenge", answer).await;
    assert_eq!(events(&server, &pool, 1).await[0]["EventRisk"]["CompromisedCredentialsDetected"], true);
}

/// A new password that is known is noted where it is refused, and where AUDIT lets it in.
#[tokio::test]
async fn events_tell_of_new_passwords_that_are_known() {
    for (mode, decision, response) in [("ENFORCED", "Block", "Fail"), ("AUDIT", "NoRisk", "Pass")] {
        let server = TestServer::start().await;
        let (pool, client) = protected(&server, mode).await;
        on_compromised(&server, &pool, "BLOCK", None).await;
        people::confirmed(&server, &pool, "alice").await;
        let tokens = people::tokens(&server, &client, "alice").await;
        server.advance_s(1);
        let change = json!({
            "AccessToken": tokens["AccessToken"], "PreviousPassword": PASSWORD, "ProposedPassword": KNOWN,
        });
        let refusal = server.call("ChangePassword", change).await.error();
        assert_eq!(refusal, (mode == "ENFORCED").then(refused));
        let newest = &events(&server, &pool, 2).await[0];
        assert_eq!((&newest["EventType"], &newest["EventResponse"]), (&json!("PasswordChange"), &json!(response)));
        let risk = json!({ "RiskDecision": decision, "CompromisedCredentialsDetected": true });
        assert_eq!(newest["EventRisk"], risk);
    }
}

/// SECURITY 60: AUDIT sees and lets in, OFF does not even look.
#[tokio::test]
async fn audit_only_notes_a_compromised_password() {
    let server = TestServer::start().await;
    let (pool, client) = protected(&server, "AUDIT").await;
    people::add(&server, &pool, "alice", UserStatus::Confirmed, Some(KNOWN), &[]).await;
    on_compromised(&server, &pool, "BLOCK", None).await;
    server.ok("InitiateAuth", by_password(&client, "alice", KNOWN)).await;
    assert_eq!(sign_up(&server, &client, "bob", KNOWN).await, None);
    let listed = events(&server, &pool, 1).await;
    assert_eq!(listed[0]["EventRisk"]["CompromisedCredentialsDetected"], true);
    assert_eq!(listed[0]["EventResponse"], "Pass");
    let off = json!({ "UserPoolId": pool, "UserPoolAddOns": { "AdvancedSecurityMode": "OFF" } });
    server.ok("UpdateUserPool", off).await;
    server.ok("InitiateAuth", by_password(&client, "alice", KNOWN)).await;
    let on = json!({ "UserPoolId": pool, "UserPoolAddOns": { "AdvancedSecurityMode": "AUDIT" } });
    server.ok("UpdateUserPool", on).await;
    events(&server, &pool, 1).await;
}

fn cognate(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cognate")).args(arguments).current_dir(directory).env_clear().output().unwrap()
}

/// Makes a list of these passwords with the program.
fn list_of(directory: &Path, hashes: &str) -> PathBuf {
    std::fs::write(directory.join("hashes.txt"), hashes).unwrap();
    let built = cognate(directory, &["breach-list", "build", "hashes.txt", "breached.list"]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    directory.join("breached.list")
}

#[tokio::test]
async fn an_operators_list_is_looked_into() {
    let directory = tempfile::tempdir().unwrap();
    // The SHA-1 of the empty text beside it.
    let hashes = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709:12\r\n";
    let ours = sha1_of_password();
    let path = list_of(directory.path(), &format!("{hashes}{ours}:7\n"));
    let server = TestServer::with(&[("threat.breach_list", path.to_str().unwrap())]).await;
    let (pool, client) = protected(&server, "ENFORCED").await;
    on_compromised(&server, &pool, "BLOCK", None).await;
    confirmed(&server, &pool, "alice").await;
    assert_eq!(sign_up(&server, &client, "bob", PASSWORD).await, Some(refused()));
    assert_eq!(sign_up(&server, &client, "bob", "Unheard-of-71").await, None);
    let code = server.refused("InitiateAuth", by_password(&client, "alice", PASSWORD)).await.0;
    assert_eq!(code, "PasswordResetRequiredException");
}

/// SECURITY 29: a list that cannot be read stops the server from starting, rather than protection from working.
#[test]
fn a_damaged_list_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = list_of(directory.path(), &format!("{}\n", sha1_of_password()));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let refused =
        cognate(directory.path(), &["dev", "--memory", "--port", "0", "--set", "threat.breach_list=breached.list"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("threat.breach_list cannot be used") && said.contains("is damaged"), "{said}");
    let bad = cognate(directory.path(), &["breach-list", "check", "hashes.txt"]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("is no breach list"));
    std::fs::write(directory.path().join("hashes.txt"), "hello\n").unwrap();
    let bad = cognate(directory.path(), &["breach-list", "build", "hashes.txt", "new.list"]);
    assert!(String::from_utf8_lossy(&bad.stderr).contains("hashes.txt: line 1 is no SHA-1 in hexadecimal"));
    assert!(!directory.path().join("new.list").exists());
}

#[test]
fn a_list_is_not_written_over_its_source() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let hashes = format!("{}\n", sha1_of_password());
    std::fs::write(at("hashes.part"), &hashes).unwrap();
    std::os::unix::fs::symlink("hashes.part", at("link")).unwrap();
    std::fs::hard_link(at("hashes.part"), at("second")).unwrap();
    // The last one's temporary file would be the source.
    for out in ["hashes.part", "./hashes.part", "link", "second", "hashes.list"] {
        let refused = cognate(directory.path(), &["breach-list", "build", "hashes.part", out]);
        assert_eq!(refused.status.code(), Some(1), "{out}");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("hashes.part: would be written over"), "{said}");
        assert_eq!(std::fs::read_to_string(at("hashes.part")).unwrap(), hashes, "{out}");
    }
}

#[test]
fn lists_and_passwords_are_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let given = |arguments: &[&str], input: &[u8]| {
        std::fs::write(at("input"), input).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
        command.args(arguments).current_dir(directory.path()).env_clear();
        command.stdin(std::fs::File::open(at("input")).unwrap()).output().unwrap()
    };
    let built =
        given(&["breach-list", "build", "-", "list"], format!("\u{feff}{}:3\r\n", sha1_of_password()).as_bytes());
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mixed = [b"caf\xe9\n".as_slice(), PASSWORD.as_bytes(), b"\r\n\xff\n"].concat();
    let checked = given(&["breach-list", "check", "list"], &mixed);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains("1 passwords, undamaged; holds 1 of 3 given"), "{said}");
    let no_text = [sha1_of_password().as_bytes(), b"\n\xff\0\xfe", &[0xc3; 5000]].concat();
    let refused = given(&["breach-list", "build", "-", "none"], &no_text);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("-: line 2 is no SHA-1 in hexadecimal"));
    assert!(!at("none").exists());
}

/// SECURITY 29: nor does a map of addresses that cannot be read leave travels unjudged.
#[test]
fn a_damaged_map_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in [("empty.mmdb", &b""[..]), ("text.mmdb", b"no map at all")] {
        std::fs::write(directory.path().join(name), bytes).unwrap();
        let setting = format!("threat.geoip_file={name}");
        let refused = cognate(directory.path(), &["dev", "--memory", "--port", "0", "--set", &setting]);
        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(&format!("threat.geoip_file cannot be used: {name}")), "{said}");
    }
}

/// The SHA-1 of [`PASSWORD`] in hexadecimal.
fn sha1_of_password() -> String {
    assert_eq!(PASSWORD, "Correct-Horse-7");
    "4CBB29805546015EF297F9308108132B4082A5AD".to_owned()
}
