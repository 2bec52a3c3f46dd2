//! The `cognate` program in a process of its own, which can be killed.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use crate::Answer;

/// How long an answer may take before it counts as none.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. It is killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: PathBuf,
    caller: Caller,
}

/// A client of one server; clones share its connections.
#[derive(Clone, Debug)]
pub struct Caller {
    url: String,
    http: Client<HttpConnector, Full<Bytes>>,
}

/// The program, to be started in a directory with nothing of this process's environment.
pub fn command(binary: &str, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(binary);
    command.args(arguments).current_dir(directory).env_clear().stdin(Stdio::null());
    command.envs(environment.iter().copied());
    command
}

impl Program {
    /// Starts a server in a directory and waits until it says, as `--json` has it, where it listens.
    ///
    /// # Panics
    /// With the server's log, when it does not start.
    pub fn start(binary: &str, directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = directory.join("server.log");
        let file = File::options().create(true).append(true).open(&log).expect("the directory takes a log");
        let mut child = command(binary, directory, arguments, environment)
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the program is built");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is piped");
        // Nothing after the first line matters; end of file is a server that did not start.
        let _ = BufReader::new(stdout).read_line(&mut line);
        let addresses: Value = serde_json::from_str(&line)
            .unwrap_or_else(|_| panic!("no server: {}", std::fs::read_to_string(&log).unwrap_or_default()));
        let url = addresses["endpoint"].as_str().expect("a server has an endpoint").to_owned();
        Self { child, log, caller: Caller { url, http: Client::builder(TokioExecutor::new()).build_http() } }
    }

    /// The URL of the API.
    pub fn endpoint(&self) -> &str {
        &self.caller.url
    }

    pub fn caller(&self) -> Caller {
        self.caller.clone()
    }

    /// What the server has logged, over all its starts in the directory.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Ends the process as a power cut would, for it: SIGKILL, at once.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn kill(&mut self) {
        assert!(self.child.try_wait().expect("a child can be asked").is_none(), "it ended by itself: {}", self.log());
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.child.wait().expect("a child can be waited for")
    }

    /// Asks it to stop (SIGTERM).
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn ask_to_stop(&self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("there is a kill");
        assert!(asked.success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Caller {
    /// An operation's answer, or `None` where the server went away: whether it was done, nobody knows.
    pub async fn call(&self, operation: &str, body: &Value) -> Option<Answer> {
        let request = Request::post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .body(Full::new(Bytes::from(body.to_string())));
        self.send(request.ok()?).await
    }

    /// The JSON at a path.
    pub async fn get(&self, path: &str) -> Option<Value> {
        let request = Request::get(format!("{}{path}", self.url)).body(Full::default());
        self.send(request.ok()?).await.map(|answer| answer.json())
    }

    pub async fn send(&self, request: Request<Full<Bytes>>) -> Option<Answer> {
        let exchange = async {
            let response = self.http.request(request).await.ok()?;
            let (head, body) = response.into_parts();
            let body = body.collect().await.ok()?.to_bytes();
            Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
        };
        tokio::time::timeout(PATIENCE, exchange).await.ok().flatten()
    }
}
