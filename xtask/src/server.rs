//! A `cognate dev` of our own: started on a free port, ready when it says so, stopped when dropped.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::program;
use crate::tree::{self, Scratch};

/// The server's standard error, in its directory.
const LOG: &str = "log";

/// Where the server keeps what it knows.
#[derive(Clone, Copy, Debug)]
pub enum Database<'a> {
    Memory,
    File,
    Postgres(&'a str),
}

#[derive(Debug)]
pub struct Server {
    child: Child,
    // Held open: a server whose standard output is gone could not write to it.
    _stdout: BufReader<ChildStdout>,
    pub endpoint: String,
    pub inbox: String,
    pub metrics: String,
    /// From starting the process to its first healthy answer.
    pub start: Duration,
    // Deleted after the child is stopped.
    data: Scratch,
}

impl Server {
    /// Starts `target/<profile>/cognate dev` in an empty directory, on the given cores (all of them when `None`).
    pub fn start(profile: &str, database: Database<'_>, cores: Option<&str>) -> Result<Self> {
        let port = program::free_port()?;
        let data = Scratch::new(&format!("dev-{port}"))?;
        let binary = tree::binary(profile, "cognate");
        let mut command = on_cores(binary, cores);
        command
            .args(["dev", "--json", "--port", "0"])
            .current_dir(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command.stderr(fs::File::create(data.path().join(LOG))?).env("COGNATE_SERVER__METRICS_LISTEN", "127.0.0.1:0");
        match database {
            Database::Memory => drop(command.arg("--memory")),
            Database::File => {}
            Database::Postgres(url) => drop(command.env("COGNATE_STORE__URL", url)),
        }
        // Ctrl-C is ours to handle: the server is stopped when this is dropped.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let started = Instant::now();
        let mut child = command.spawn().context("could not start `cognate dev`")?;
        let mut stdout = BufReader::new(child.stdout.take().context("standard output is piped")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let ready: serde_json::Value = match serde_json::from_str(&line) {
            Ok(ready) => ready,
            Err(_) => {
                let _ = child.kill();
                let status = child.wait()?;
                let log = fs::read_to_string(data.path().join(LOG)).unwrap_or_default();
                bail!("`cognate dev` did not come up ({status}); it said {line:?} and logged:\n{log}");
            }
        };
        let url = |name: &str| ready[name].as_str().unwrap_or_default().trim_end_matches('/').to_owned();
        let mut server = Self {
            child,
            _stdout: stdout,
            endpoint: url("endpoint"),
            inbox: url("inbox"),
            metrics: url("metrics"),
            start: Duration::ZERO,
            data,
        };
        server.health()?;
        server.start = started.elapsed();
        Ok(server)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data.path().join(LOG)).unwrap_or_default()
    }

    /// Asks the metrics listener whether the server is well.
    fn health(&self) -> Result<()> {
        let address = self.metrics.trim_start_matches("http://");
        let address = address.split('/').next().unwrap_or_default();
        let mut stream =
            TcpStream::connect(address).with_context(|| format!("no metrics listener at {:?}", self.metrics))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(stream, "GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") { Ok(()) } else { bail!("the server says that it is not well: {answer}") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        program::stop(&mut self.child, Duration::from_secs(10));
    }
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
