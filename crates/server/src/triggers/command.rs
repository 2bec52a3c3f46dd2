//! Runs a program as a function, for `cognate dev`: the event on its standard input, the answer on its standard output.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;

use super::Failure;
use super::invoke::Asked;

/// How often a program that has closed its output is asked whether it has ended.
const ENDED: Duration = Duration::from_millis(5);

/// The caller's timeout drops this, which ends the program.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) async fn call(asked: &Asked<'_>, command: &[String]) -> Result<Bytes, Failure> {
    let unrunnable = |detail: String| Failure::invocation("ResourceNotFoundException", detail);
    let (program, arguments) = command.split_first().ok_or_else(|| unrunnable("no program is named".to_owned()))?;
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut running = Running(spawned.map_err(|error| unrunnable(format!("{program} cannot be run: {error}")))?);
    let pipes = (running.0.stdin.take(), running.0.stdout.take(), running.0.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(unrunnable("the program has no pipes".to_owned()));
    };
    let (send, output) = oneshot::channel();
    let (event, at_most, name) = (asked.body.clone(), asked.at_most, program.clone());
    thread::spawn(move || feed(stdin, &event));
    thread::spawn(move || log(stderr, &name));
    // Nobody waits any more where the time is up.
    thread::spawn(move || send.send(read(stdout, at_most)).ok());
    let answer = output.await.unwrap_or_else(|_| Err("its output could not be read".to_owned()));
    let answer = answer.map_err(Failure::unrecognizable)?;
    let status = ended(&mut running.0).await.map_err(|error| unrunnable(error.to_string()))?;
    if status.success() {
        return Ok(answer.into());
    }
    let thrown: Value = serde_json::from_slice(&answer).unwrap_or_default();
    Err(Failure::function(thrown["errorMessage"].as_str().unwrap_or(&status.to_string())))
}

async fn ended(child: &mut Child) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        tokio::time::sleep(ENDED).await;
    }
}

fn feed(mut stdin: ChildStdin, event: &[u8]) {
    // A program may answer without reading the event.
    let _ = stdin.write_all(event);
}

fn read(stdout: impl Read, at_most: usize) -> Result<Vec<u8>, String> {
    let mut output = Vec::new();
    stdout.take(at_most as u64 + 1).read_to_end(&mut output).map_err(|error| error.to_string())?;
    if output.len() > at_most { Err(format!("the answer is larger than {at_most} bytes")) } else { Ok(output) }
}

fn log(stderr: ChildStderr, program: &str) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        tracing::info!(program, line, "a function says");
    }
}
