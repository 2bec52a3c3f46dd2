//! The program on the command line: what it prints, what it refuses, how it stops.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn cognate(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cognate"));
    command.args(arguments).current_dir(directory).env_clear().stdin(Stdio::null());
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    cognate(directory, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server in a process of its own, stopped when dropped.
struct Server {
    child: Child,
    addresses: Value,
}

impl Server {
    fn start(directory: &Path, arguments: &[&str]) -> Self {
        let mut child = cognate(directory, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let addresses = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not addresses: {line:?}"));
        Self { child, addresses }
    }

    fn get(&self, key: &str, path: &str) -> String {
        let url = self.addresses[key].as_str().unwrap();
        let authority = url.trim_start_matches("http://").split('/').next().unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(&mut self) -> (Option<i32>, String) {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let status = self.child.wait().unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (status.code(), log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already after `terminate`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn dev_says_where_it_is_and_stops_when_asked() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path(), &["dev", "--port", "0", "--json"]);
    let endpoint = server.addresses["endpoint"].as_str().unwrap();
    assert_eq!(server.addresses["issuer"], format!("{endpoint}/{{poolId}}"));
    assert!(server.get("endpoint", "/inbox").starts_with("HTTP/1.1 200"));
    assert!(server.get("metrics", "/health/ready").starts_with("HTTP/1.1 200"));
    let (code, log) = server.terminate();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
    assert!(directory.path().join(".cognate/cognate.db").exists());

    let doctor = run(directory.path(), &["doctor", "--dev", "--json"]);
    assert_eq!(doctor.status.code(), Some(0));
    let report: Value = serde_json::from_slice(&doctor.stdout).unwrap();
    let verdict = |name: &str| {
        report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap()["verdict"].clone()
    };
    assert_eq!((verdict("store"), verdict("master key")), ("ok".into(), "ok".into()));
}

/// SECURITY row 54: the wrong master key refuses to start, and doctor says why.
#[test]
fn the_wrong_master_key_does_not_start() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &["dev", "--port", "0", "--json"]).terminate();
    let key = directory.path().join(".cognate/master.key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let refused = run(directory.path(), &["dev", "--port", "0"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("The master key is not the one"), "{}", text(&refused.stderr));
    let doctor = run(directory.path(), &["doctor", "--dev"]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(text(&doctor.stdout).contains("FAIL  master key"), "{}", text(&doctor.stdout));
}

#[test]
fn memory_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    Server::start(directory.path(), &["dev", "--memory", "--port", "0", "--json"]).terminate();
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn misspelt_settings_name_the_right_one() {
    let directory = tempfile::tempdir().unwrap();
    let refused = run(directory.path(), &["serve", "--set", "server.listn=127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "error: there is no key server.listn (from --set); did you mean server.listen?\n"
    );
    let variable = cognate(directory.path(), &["config"]).env("COGNATE_STORE__URI", "x").output().unwrap();
    assert_eq!(variable.status.code(), Some(2));
    assert!(text(&variable.stderr).contains("did you mean store.url?"));
}

/// SECURITY row 58: `dev` takes any credentials and therefore listens on loopback only.
#[test]
fn dev_refuses_to_be_reached_from_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let refused = run(directory.path(), &["dev", "--memory", "--set", "server.listen=0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("anyone could administer the server"));
}

#[test]
fn a_taken_port_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = run(directory.path(), &["dev", "--memory", "--port", &port]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("choose another port"), "{}", text(&refused.stderr));
}

#[test]
fn config_prints_what_is_in_force_without_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prod.toml");
    std::fs::write(&file, "[mail]\nsmtp_password = \"hunter2\"\n[log]\nlevel = \"warn\"\n").unwrap();
    let shown = cognate(directory.path(), &["config", "--config", "prod.toml"])
        .env("COGNATE_MASTER_KEY", "hunter2")
        .env("COGNATE_LIMITS__GROUPS_PER_USER", "7")
        .output()
        .unwrap();
    let shown = text(&shown.stdout);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("level = \"warn\"  # prod.toml"), "{shown}");
    assert!(shown.contains("groups_per_user = 7  # COGNATE_LIMITS__GROUPS_PER_USER"), "{shown}");
}

#[test]
fn migrate_is_done_once() {
    let directory = tempfile::tempdir().unwrap();
    let first = run(directory.path(), &["migrate"]);
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    assert!(text(&first.stdout).starts_with("applied 0001"), "{}", text(&first.stdout));
    assert!(text(&run(directory.path(), &["migrate"]).stdout).starts_with("nothing to do"));
}
