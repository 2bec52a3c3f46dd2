//! A `cognate dev` of our own: started on a free port, ready when it says so, stopped when dropped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::program;
use crate::tree::{self, Scratch};

/// The server's standard error, in its directory.
const LOG: &str = "log";

/// The key that custom senders' codes are encrypted with, in the server's directory.
const SENDER_KEY: &str = "sender.key";

/// What is in it.
pub const SENDER_KEY_BASE64: &str = "YSBrZXkgdGhhdCBvcGVucyBub3RoaW5nIG9mIHZhbHU=";

/// Where the server keeps what it knows.
#[derive(Clone, Copy, Debug)]
pub enum Database<'a> {
    Memory,
    File,
    Postgres(&'a str),
}

impl Database<'_> {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::File => "file",
            Self::Postgres(_) => "postgres",
        }
    }
}

// Dropped from top to bottom: the process ends before its directory goes.
#[derive(Debug)]
pub struct Server {
    process: Process,
    // Held open: a server whose standard output is gone could not write to it.
    _stdout: BufReader<ChildStdout>,
    pub endpoint: String,
    pub inbox: String,
    /// Where it looks for AWS Lambda: nobody answers there unless somebody is put there.
    pub triggers: SocketAddr,
    /// From starting the process to its first healthy answer.
    pub start: Duration,
    command: Command,
    data: Scratch,
}

impl Server {
    /// Starts `target/<profile>/cognate dev` in an empty directory, on the given cores (all of them when `None`).
    pub fn start(profile: &str, database: Database<'_>, cores: Option<&str>) -> Result<Self> {
        let data = Scratch::new(&format!("dev-{}", database.name()))?;
        let mut command = on_cores(tree::binary(profile, "cognate"), cores);
        command
            .args(["dev", "--json", "--port", "0"])
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        // Whoever runs the tests may have settings of their own.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"COGNATE_") {
                command.env_remove(name);
            }
        }
        match database {
            Database::Memory => drop(command.arg("--memory")),
            Database::File => {}
            Database::Postgres(url) => drop(command.env("COGNATE_STORE__URL", url)),
        }
        let triggers = free_address()?;
        command.env("COGNATE_TRIGGERS__ENDPOINT", format!("http://{triggers}"));
        fs::write(data.path().join(SENDER_KEY), SENDER_KEY_BASE64)?;
        command.env("COGNATE_TRIGGERS__ENCRYPTION_KEY_FILE", SENDER_KEY);
        // Ctrl-C is ours to handle: the server is stopped when this is dropped.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Self::launch(command, data, triggers)
    }

    /// Stops it and starts it again on the same data.
    pub fn restart(self) -> Result<Self> {
        let Self { process, command, data, triggers, .. } = self;
        drop(process);
        Self::launch(command, data, triggers)
    }

    fn launch(mut command: Command, data: Scratch, triggers: SocketAddr) -> Result<Self> {
        command.stderr(fs::File::create(data.path().join(LOG))?);
        let started = Instant::now();
        let mut process = Process(command.spawn().context("could not start `cognate dev`")?);
        let mut stdout = BufReader::new(process.0.stdout.take().context("standard output is piped")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) else {
            drop(process);
            let log = fs::read_to_string(data.path().join(LOG)).unwrap_or_default();
            bail!("`cognate dev` did not come up; it said {line:?} and logged:\n{log}");
        };
        let url = |name: &str| ready[name].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        let (endpoint, inbox, metrics) = (url("endpoint"), url("inbox"), url("metrics"));
        health(&metrics)?;
        let start = started.elapsed();
        Ok(Self { process, _stdout: stdout, endpoint, inbox, triggers, start, command, data })
    }

    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }

    /// The last of what it logged.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    pub fn resident_megabytes(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/<pid>/status")?;
        Ok(line.trim().trim_end_matches("kB").trim_end().parse::<f64>()? / 1024.0)
    }
}

/// A port on loopback that was free a moment ago.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

/// Stopped when dropped, with the time it takes to finish what it has begun.
#[derive(Debug)]
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        program::stop(&mut self.0, Duration::from_secs(10));
    }
}

/// Asks the metrics listener whether the server is ready.
fn health(metrics: &str) -> Result<()> {
    let address = metrics.trim_start_matches("http://");
    let address = address.split('/').next().unwrap_or_default();
    let mut stream = TcpStream::connect(address).with_context(|| format!("no metrics listener at {metrics:?}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { bail!("the server says that it is not ready: {answer}") }
}

/// The program, held to the given cores.
pub fn on_cores(binary: PathBuf, cores: Option<&str>) -> Command {
    match cores {
        Some(cores) => {
            let mut taskset = Command::new("taskset");
            taskset.args(["--cpu-list", cores]).arg(binary);
            taskset
        }
        None => Command::new(binary),
    }
}
