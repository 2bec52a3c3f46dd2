//! A throwaway PostgreSQL cluster: made on a free port, stopped and deleted when dropped.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::program;
use crate::tree::{self, Scratch};

/// Whether a commit waits for the disk. Tests do not care; a benchmark does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    None,
    Full,
}

pub struct Cluster {
    port: u16,
    password: String,
    data: Scratch,
}

impl Cluster {
    pub fn start(durability: Durability) -> Result<Self> {
        sweep();
        let name = format!("pg-{}", std::process::id());
        // A checkout in root's home is out of reach for the user postgres; the temporary directory is not.
        let mut data = Scratch::at(tree::target().join(&name))?;
        if !give_to_postgres(&data)? {
            data = Scratch::at(std::env::temp_dir().join(format!("cognate-{name}")))?;
            give_to_postgres(&data)?;
        }
        let cluster = Self { port: program::free_port()?, password: random_password()?, data };
        cluster.init()?;
        let mut options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories='' -c max_connections=200",
            cluster.port
        );
        if durability == Durability::None {
            options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off";
        }
        let log = cluster.data.path().join("log");
        program::output(
            cluster.pg_ctl()?.args(["start", "--wait", "--silent", "--log"]).arg(&log).args(["--options", &options]),
        )
        .with_context(|| fs::read_to_string(&log).unwrap_or_default())
        .context("PostgreSQL did not start")?;
        Ok(cluster)
    }

    /// The superuser's URL, of the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// A new empty database and its URL.
    pub fn create_database(&self, name: &str) -> Result<String> {
        let createdb = bin("createdb").context("createdb is not installed")?;
        program::run(Command::new(createdb).args(["--maintenance-db", &self.url(), name]))?;
        Ok(self.url_of(name))
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Only who knows the password gets in: other users of the machine can reach the port.
    fn init(&self) -> Result<()> {
        let passwords = self.data.path().join("password");
        fs::write(&passwords, &self.password)?;
        if program::is_root() {
            program::run(Command::new("chown").arg("postgres").arg(&passwords))?;
        }
        program::run(Command::new("chmod").arg("0600").arg(&passwords))?;
        let how = ["--username=postgres", "--auth=password", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        program::output(
            as_postgres("initdb")?.args(how).arg("--pwfile").arg(&passwords).arg("--pgdata").arg(self.pgdata()),
        )?;
        Ok(())
    }

    fn pg_ctl(&self) -> Result<Command> {
        let mut command = as_postgres("pg_ctl")?;
        command.arg("--pgdata").arg(self.pgdata());
        Ok(command)
    }

    fn pgdata(&self) -> PathBuf {
        self.data.path().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped =
            self.pg_ctl().and_then(|mut ctl| program::output(ctl.args(["stop", "--mode=immediate", "--silent"])));
        if let Err(error) = stopped {
            eprintln!("could not stop PostgreSQL: {error:#}");
        }
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cluster(127.0.0.1:{})", self.port)
    }
}

/// Where PostgreSQL's own program lies; Debian keeps most of them out of `PATH`.
pub fn bin(name: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let newest: Vec<PathBuf> = versions.into_iter().rev().map(|(_, dir)| dir).collect();
    program::find(name, &newest)
}

/// PostgreSQL refuses to run as root; root runs it as the user that the package made.
fn as_postgres(name: &str) -> Result<Command> {
    let file = bin(name).with_context(|| format!("{name} is not installed: run `cargo xtask setup`"))?;
    let mut command = if program::is_root() {
        let mut runuser = Command::new("runuser");
        runuser.args(["-u", "postgres", "--"]).arg(file);
        runuser
    } else {
        Command::new(file)
    };
    // Not our terminal's: Ctrl-C is ours to handle, and the directory may be one that postgres cannot enter.
    command.current_dir("/");
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command)
}

/// Whether the user that will run the cluster can write there.
fn give_to_postgres(data: &Scratch) -> Result<bool> {
    if !program::is_root() {
        return Ok(true);
    }
    program::run(Command::new("chown").arg("postgres").arg(data.path()))?;
    let writable = ["-u", "postgres", "--", "test", "-w"];
    Ok(program::succeeds(Command::new("runuser").args(writable).arg(data.path())))
}

/// Stops and deletes what a killed run left behind.
fn sweep() {
    for entry in fs::read_dir(tree::target()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix("pg-")) else { continue };
        if PathBuf::from("/proc").join(owner).exists() {
            continue;
        }
        if let Ok(mut pg_ctl) = as_postgres("pg_ctl") {
            program::succeeds(pg_ctl.args(["stop", "--mode=immediate", "--pgdata"]).arg(entry.path().join("data")));
        }
        if let Err(error) = fs::remove_dir_all(entry.path()) {
            eprintln!("could not delete {}: {error}", entry.path().display());
        }
    }
}

fn random_password() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_answers_until_it_is_dropped() {
        let cluster = Cluster::start(Durability::None).unwrap();
        let url = cluster.create_database("mine").unwrap();
        let ask = |url: &str| {
            let mut psql = Command::new(bin("psql").unwrap());
            psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", "select current_database()", url]);
            psql
        };
        assert_eq!(program::output(&mut ask(&url)).unwrap(), "mine\n");
        assert!(!program::succeeds(&mut ask(&url.replace(&cluster.password, "guess"))), "the password is asked for");
        let directory = cluster.data.path().to_owned();
        drop(cluster);
        assert!(!program::succeeds(&mut ask(&url)));
        assert!(!directory.exists());
    }
}
