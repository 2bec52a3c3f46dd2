//! Running other programs: found, started, waited for, and stopped on Ctrl-C so that everything gets cleaned up.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Turns SIGINT, SIGTERM and SIGHUP into a flag, so that what was started is stopped and deleted before we leave.
pub fn watch_for_interrupts() -> Result<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst)).context("could not watch for Ctrl-C")
}

pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Runs the command with our own terminal and waits; an unsuccessful end is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let status = wait(command)?;
    if status.success() { Ok(()) } else { bail!("`{}` failed: {status}", line(command)) }
}

/// Runs the command, waits, and answers what it wrote on standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{}`", line(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", line(command), output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{}` wrote something other than text", line(command)))
}

/// Whether the command ends well, with nothing of it shown.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn wait(command: &mut Command) -> Result<ExitStatus> {
    if interrupted() {
        bail!("interrupted");
    }
    let mut child = command.spawn().with_context(|| format!("could not start `{}`", line(command)))?;
    loop {
        if let Some(status) = child.try_wait()? {
            if interrupted() {
                bail!("interrupted");
            }
            return Ok(status);
        }
        if interrupted() {
            stop(&mut child, Duration::from_secs(5));
            bail!("interrupted");
        }
        sleep(Duration::from_millis(20));
    }
}

/// Asks the child to end (SIGTERM); after `patience` it is killed.
pub fn stop(child: &mut Child, patience: Duration) {
    let asked = Instant::now();
    let _ = succeeds(Command::new("kill").args(["-TERM", &child.id().to_string()]));
    while asked.elapsed() < patience {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return;
        }
        sleep(Duration::from_millis(20));
    }
    // Already gone is what is wanted, too.
    let _ = child.kill();
    let _ = child.wait();
}

/// The first of these directories, or of `PATH`, that holds the program.
#[expect(clippy::disallowed_methods, reason = "PATH is the shell's, not a setting of the server")]
pub fn find(name: &str, besides: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    besides.iter().cloned().chain(std::env::split_paths(&path)).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// `cargo`, at the root of the checkout, with the checkout's own tools first in `PATH`.
#[expect(clippy::disallowed_methods, reason = "PATH and CARGO are the shell's and cargo's, not settings of the server")]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(crate::tree::tools().join("bin")).chain(std::env::split_paths(&path));
    if let Ok(path) = std::env::join_paths(dirs) {
        command.env("PATH", path);
    }
    command.current_dir(crate::tree::root());
    command
}

/// Whether this process is root.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|proc| std::os::unix::fs::MetadataExt::uid(&proc) == 0)
}

/// A port that was free on loopback a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A heading, so that the sections of a long run can be told apart.
pub fn say(words: &str) {
    eprintln!("\n── {words}");
}

fn line(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}
