//! `cognate keys`: made, used, listed and revoked by an operator at a terminal.

use std::path::Path;
use std::process::Output;

use cognate_testkit::Key;
use cognate_testkit::program::{self, Program};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_cognate");

fn keys(directory: &Path, arguments: &[&str]) -> Output {
    program::command(BINARY, directory, &[&["keys"], arguments].concat(), &[]).output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn create(directory: &Path, arguments: &[&str]) -> Key {
    let made = keys(directory, &[&["create", "--json"], arguments].concat());
    assert!(made.status.success(), "{}", said(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    Key { id: text("AccessKeyId"), secret: text("SecretAccessKey") }
}

fn sdk(endpoint: &str, key: &Key) -> aws_sdk_cognitoidentityprovider::Client {
    use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Config, Credentials, Region};
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new(&key.id, &key.secret, None, None, "test"))
        .http_client(cognate_testkit::http_client())
        .build();
    aws_sdk_cognitoidentityprovider::Client::from_conf(config)
}

/// SECURITY 36, 37: the first key of a production server, one that only reads, and the end of both.
#[tokio::test(flavor = "multi_thread")]
async fn keys_open_a_production_server() {
    use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata as _;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let first = create(at, &["--name", "first"]);
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Action": ["cognito-idp:List*", "cognito-idp:Describe*"], "Resource": "*" },
    });
    std::fs::write(at.join("reader.json"), policy.to_string()).unwrap();
    let reader = create(at, &["--name", "reader", "--policy", "reader.json"]);

    let arguments = ["serve", "--json", "--listen", "127.0.0.1:0", "--set", "server.metrics_listen=127.0.0.1:0"];
    let mut server = Program::start(BINARY, at, &arguments, &[]);
    let endpoint = server.endpoint().to_owned();
    let pool = sdk(&endpoint, &first).create_user_pool().pool_name("p").send().await.unwrap().user_pool.unwrap();
    let id = pool.id().unwrap();
    let reading = sdk(&endpoint, &reader);
    reading.describe_user_pool().user_pool_id(id).send().await.unwrap();
    let error = reading.delete_user_pool().user_pool_id(id).send().await.unwrap_err();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(
        error.message().unwrap(),
        format!(
            "User: arn:aws:iam::000000000000:user/reader is not authorized to perform: cognito-idp:DeleteUserPool on \
             resource: arn:aws:cognito-idp:us-east-1:000000000000:userpool/{id} because no identity-based policy allows \
             the cognito-idp:DeleteUserPool action"
        )
    );
    let unsigned = server.caller().call("ListUserPools", &json!({ "MaxResults": 1 })).await.unwrap();
    assert_eq!(unsigned.error().unwrap().0, "MissingAuthenticationTokenException");

    // Beside the running server.
    let revoked = keys(at, &["revoke", &reader.id]);
    assert_eq!(said(&revoked.stdout), format!("revoked {}\n", reader.id));
    let error = reading.describe_user_pool().user_pool_id(id).send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    sdk(&endpoint, &first).describe_user_pool().user_pool_id(id).send().await.unwrap();
    assert!(server.stop().success());
    let log = server.log();
    assert!(!log.contains(&first.secret) && !log.contains(&reader.secret), "secrets stay out of the log");

    let listed: Value = serde_json::from_slice(&keys(at, &["list", "--json"]).stdout).unwrap();
    let mut rows: Vec<_> =
        listed.as_array().unwrap().iter().map(|row| (row["Name"].clone(), row["RevokedMs"].is_i64())).collect();
    rows.sort_by_key(|(name, _)| name.to_string());
    assert_eq!(rows, [(json!("first"), false), (json!("reader"), true)]);
    assert!(listed.as_array().unwrap().iter().any(|row| row["Policy"] == policy));
    let table = said(&keys(at, &["list"]).stdout);
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["Access", "key", "id", "Account", "State", "Created", "Name"]);
    assert!(lines.iter().any(|line| line[..3] == [reader.id.as_str(), "000000000000", "revoked"]), "{table}");
    assert!(lines.iter().any(|line| line[..3] == [first.id.as_str(), "000000000000", "live"]), "{table}");
    assert!(!table.contains(&first.secret));
}

#[test]
fn a_key_that_would_not_be_held_to_its_policy_is_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let write = |policy: &Value| std::fs::write(at.join("policy.json"), policy.to_string()).unwrap();
    let allow = |member: &str, value: Value| {
        let mut statement = json!({ "Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*" });
        statement[member] = value;
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    for (policy, why) in [
        (
            allow("Condition", json!({ "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } })),
            "statement 1: Condition is not supported; a key with this policy would not be held to it",
        ),
        (allow("Effect", json!("Permit")), "statement 1: Effect is neither \"Allow\" nor \"Deny\""),
        (json!({}), "Statement is missing"),
    ] {
        write(&policy);
        let refused = keys(at, &["create", "--name", "k", "--policy", "policy.json"]);
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(said(&refused.stdout), "");
        assert_eq!(
            said(&refused.stderr),
            format!("error: policy.json is not a policy that Cognate can hold a key to: {why}\n")
        );
    }
    for (arguments, why) in [
        (
            &["--name", "k", "--policy", "absent.json"][..],
            "absent.json cannot be read: No such file or directory (os error 2)",
        ),
        (&["--name", "a b"], "a name is 1 to 64 letters, digits and any of _+=,.@-"),
        (&["--name", ""], "a name is 1 to 64 letters, digits and any of _+=,.@-"),
        (&["--name", "k", "--account", "12345"], "an account is 12 digits"),
    ] {
        let refused = keys(at, &[&["create"], arguments].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(said(&refused.stderr), format!("error: {why}\n"));
    }
    let listed = keys(at, &["list"]);
    assert_eq!(said(&listed.stdout), "There are no keys. Make one with: cognate keys create --name NAME\n");

    write(&allow("Action", json!(["cognito-idp:ListUsrs", "cognito-idp:ListUsers"])));
    let warned = keys(at, &["create", "--name", "k", "--policy", "policy.json"]);
    assert!(warned.status.success());
    assert!(said(&warned.stderr).contains("warning: no operation matches the action cognito-idp:listusrs\n"));
    assert!(said(&warned.stdout).contains("The secret is not shown again."));
    let refused = keys(at, &["revoke", "AKIANOBODY"]);
    assert_eq!(said(&refused.stderr), "error: there is no live key AKIANOBODY; see: cognate keys list\n");
}

/// SECURITY 54, 58: the key file is made for its owner alone, and one that others can read is not used; there are no
/// credentials by default.
#[test]
fn the_master_key_is_its_owners() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let listed = keys(at, &["list", "--json"]);
    assert_eq!(said(&listed.stdout).trim(), "[]", "no key is there before one is made");
    create(at, &["--name", "first"]);
    let file = at.join("cognate-data/master.key");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file), 0o600);
    assert_eq!(mode(&at.join("cognate-data/cognate.db")) & 0o077, 0, "nor can others read what it seals");

    for readable in [0o640, 0o604, 0o644] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(readable)).unwrap();
        let refused = keys(at, &["create", "--name", "second"]);
        assert_eq!(refused.status.code(), Some(1));
        let expected = "error: Others may read the master key. Run: chmod 600 cognate-data/master.key\n";
        assert_eq!(said(&refused.stderr), expected);
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "not a key").unwrap();
    let refused = keys(at, &["create", "--name", "second"]);
    let expected = "error: cognate-data/master.key does not hold a master key (base64 of 32 bytes).\n";
    assert_eq!(said(&refused.stderr), expected);
    std::fs::write(&file, right).unwrap();
    create(at, &["--name", "second"]);
}
