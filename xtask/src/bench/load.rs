//! The load generator, a process of its own on cores of its own.

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use super::Plan;
use crate::server::{Server, on_cores};
use crate::{program, tree};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Work {
    Document,
    Refusal,
    Password,
    Srp,
    Refresh,
    GetUser,
    ListUsers,
    SignUp,
    AdminCreateUser,
    Totp,
    Custom,
    Passkey,
}

impl Work {
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "JWKS document",
            Self::Refusal => "refused call",
            Self::Password => "password sign-in",
            Self::Srp => "SRP sign-in",
            Self::Refresh => "refresh",
            Self::GetUser => "GetUser",
            Self::ListUsers => "ListUsers by prefix",
            Self::SignUp => "SignUp",
            Self::AdminCreateUser => "AdminCreateUser",
            Self::Totp => "password and TOTP sign-in",
            Self::Custom => "custom sign-in, local triggers",
            Self::Passkey => "passkey sign-in",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Pool {
    pub id: String,
    client: String,
    users: u64,
}

#[derive(Clone, Debug)]
pub struct Measured {
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// CPU milliseconds of the server for one repetition.
    pub cpu_ms: f64,
    /// Cores the server kept busy.
    pub cores: f64,
    pub peak_megabytes: f64,
}

#[derive(Debug)]
pub struct Load<'a> {
    server: &'a Server,
    connections: String,
    seconds: String,
    cores: Option<String>,
}

impl<'a> Load<'a> {
    pub fn new(plan: &Plan, server: &'a Server) -> Result<Self> {
        Ok(Self {
            server,
            connections: plan.connections.to_string(),
            seconds: plan.seconds.to_string(),
            cores: others(&plan.server_cores)?,
        })
    }

    /// A new pool with users who can sign in.
    pub fn prepare(&self, users: u64) -> Result<Pool> {
        let made = self.ask(self.command().args(["prepare", "--users", &users.to_string()]))?;
        let text =
            |name: &str| made[name].as_str().map(str::to_owned).with_context(|| format!("the load made no {name}"));
        Ok(Pool { id: text("pool")?, client: text("client")?, users })
    }

    /// Adds users up to this number; answers the users added a second.
    pub fn fill(&self, pool: &Pool, to: u64) -> Result<f64> {
        let from = pool.users.to_string();
        let filled =
            self.ask(self.command().args(["fill", "--pool", &pool.id, "--from", &from, "--to", &to.to_string()]))?;
        Ok(number(&filled, "added")? / number(&filled, "seconds")?)
    }

    pub fn measure(&self, work: Work, pool: &Pool) -> Result<Measured> {
        let work_name = work.to_possible_value().context("every kind of work has a name")?;
        let mut command = self.command();
        command.args(["run", "--work", work_name.get_name(), "--pool", &pool.id, "--client", &pool.client]);
        command.args(["--users", &pool.users.to_string(), "--seconds", &self.seconds]);
        command.args(["--server-pid", &self.server.pid().to_string()]);
        command.args(["--triggers", &self.server.triggers.to_string()]);
        let seen = self.ask(&mut command)?;
        if number(&seen, "failed")? > 0.0 {
            bail!("{}: {} failed, the first with: {}", work.name(), seen["failed"], seen["first_failure"]);
        }
        Ok(Measured {
            rate: number(&seen, "rate")?,
            p50_ms: number(&seen, "p50_ms")?,
            p99_ms: number(&seen, "p99_ms")?,
            cpu_ms: number(&seen, "cpu_ms")?,
            cores: number(&seen, "cores")?,
            peak_megabytes: number(&seen, "peak_mb")?,
        })
    }

    fn command(&self) -> Command {
        let mut command = on_cores(tree::binary("release", "load"), self.cores.as_deref());
        command.args(["--endpoint", &self.server.endpoint, "--connections", &self.connections]);
        command
    }

    fn ask(&self, command: &mut Command) -> Result<Value> {
        if program::interrupted() {
            bail!("interrupted");
        }
        let answer =
            program::output(command).with_context(|| format!("the server logged:\n{}", self.server.log_end()))?;
        serde_json::from_str(&answer).context("the load printed something other than JSON")
    }
}

pub fn number(value: &Value, name: &str) -> Result<f64> {
    value[name].as_f64().with_context(|| format!("no number {name} in {value}"))
}

/// The cores that are not the server's, as taskset takes them; `None` when it has them all.
fn others(servers: &str) -> Result<Option<String>> {
    let count = std::thread::available_parallelism()?.get();
    let taken = parse_cores(servers)?;
    let rest: Vec<String> = (0..count).filter(|core| !taken.contains(core)).map(|core| core.to_string()).collect();
    Ok(if rest.is_empty() { None } else { Some(rest.join(",")) })
}

/// `0`, `0,2`, `0-3`.
fn parse_cores(list: &str) -> Result<Vec<usize>> {
    let mut cores = Vec::new();
    for part in list.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        cores.extend(first.parse::<usize>()?..=last.parse::<usize>()?);
    }
    Ok(cores)
}

#[cfg(test)]
mod tests {
    use super::parse_cores;

    #[test]
    fn core_lists_are_taskset_s() {
        assert_eq!(parse_cores("0").unwrap(), [0]);
        assert_eq!(parse_cores("0,2-4").unwrap(), [0, 2, 3, 4]);
        assert!(parse_cores("all").is_err());
    }
}
