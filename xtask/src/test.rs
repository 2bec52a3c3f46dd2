//! Every suite, one after the other, whatever fails; a summary at the end.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::postgres::{Cluster, Durability};
use crate::program::{self, say};
use crate::server::{Database, SENDER_KEY_BASE64, Server};
use crate::{setup, tree};

#[derive(Debug, clap::Args)]
pub struct Selection {
    /// Only tests and journeys whose names contain one of these
    filters: Vec<String>,
    /// The nextest profile
    #[arg(long, default_value = "default")]
    profile: String,
}

impl Selection {
    pub fn in_ci() -> Self {
        Self { filters: Vec::new(), profile: "ci".to_owned() }
    }
}

pub fn run(selection: &Selection) -> Result<()> {
    setup::run(&setup::Wanted { browser: true, deny: false })?;
    say("starting a throwaway PostgreSQL");
    let cluster = Cluster::start(Durability::None)?;
    let mut summary = Summary::default();
    summary.suite("every crate, SQLite", || nextest(selection, &["--workspace"], "sqlite", &cluster));
    summary.suite("the server, PostgreSQL", || {
        // The same build as above, so that nothing is compiled again with fewer features.
        let it = ["--workspace", "--filterset", "binary_id(cognate-server::it)"];
        nextest(selection, &it, &cluster.url(), &cluster)
    });
    summary.suite("real clients, SQLite", || journeys(selection, Database::Memory));
    summary.suite("real clients, PostgreSQL", || {
        journeys(selection, Database::Postgres(&cluster.create_database("journeys")?))
    });
    summary.suite("examples in the documentation", || {
        program::run(program::cargo().args(["test", "--workspace", "--doc", "--quiet", "--"]).args(&selection.filters))
    });
    drop(cluster);
    summary.close()
}

/// The Rust tests of the chosen packages; those that take a database use the one named here.
fn nextest(selection: &Selection, which: &[&str], database: &str, cluster: &Cluster) -> Result<()> {
    let mut command = program::cargo();
    command.args(["nextest", "run", "--profile", &selection.profile]).args(which).args(&selection.filters);
    if !selection.filters.is_empty() {
        command.arg("--no-tests=pass");
    }
    command
        .env("COGNATE_TEST_DATABASE", database)
        .env("COGNATE_TEST_POSTGRES", cluster.url())
        .env("COGNATE_MODEL", tree::model());
    program::run(&mut command)
}

/// Each script of tests/clients against one server of the debug build.
fn journeys(selection: &Selection, database: Database<'_>) -> Result<()> {
    let scripts = scripts(selection)?;
    if scripts.is_empty() {
        return Ok(());
    }
    program::run(program::cargo().args(["build", "--quiet", "--package", "cognate-server", "--bin", "cognate"]))?;
    let server = Server::start("debug", database, None)?;
    let mut failed = Vec::new();
    for script in scripts {
        let name = script.file_name().context("a file")?.to_string_lossy().into_owned();
        eprintln!("{name}");
        let mut command = match script.extension() {
            Some(extension) if extension == "py" => Command::new(setup::venv("python")),
            _ => Command::new("node"),
        };
        command
            .arg(&script)
            .env("COGNATE_PROGRAM", tree::binary("debug", "cognate"))
            .env("COGNATE_ENDPOINT", &server.endpoint)
            .env("COGNATE_INBOX", &server.inbox)
            .env("COGNATE_LAMBDA", server.triggers.to_string())
            .env("COGNATE_SENDER_KEY", SENDER_KEY_BASE64)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Err(error) = program::run(&mut command) {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("{}; the server logged:\n{}", failed.join(", "), server.log()) }
}

fn scripts(selection: &Selection) -> Result<Vec<PathBuf>> {
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(tree::root().join("tests/clients"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wanted = selection.filters.is_empty() || selection.filters.iter().any(|filter| name.contains(filter));
        if wanted && path.extension().is_some_and(|extension| extension == "py" || extension == "mjs") {
            scripts.push(path);
        }
    }
    scripts.sort();
    Ok(scripts)
}

#[derive(Default)]
struct Summary {
    suites: Vec<(&'static str, Duration, Result<()>)>,
}

impl Summary {
    fn suite(&mut self, name: &'static str, run: impl FnOnce() -> Result<()>) {
        if program::interrupted() {
            return;
        }
        say(name);
        let started = Instant::now();
        let done = run();
        if let Err(error) = &done {
            eprintln!("error: {error:#}");
        }
        self.suites.push((name, started.elapsed(), done));
    }

    fn close(self) -> Result<()> {
        say("summary");
        for (name, took, done) in &self.suites {
            let word = if done.is_ok() { "ok    " } else { "FAILED" };
            eprintln!("{word}  {name:<32} {:>6.1} s", took.as_secs_f64());
        }
        let failed = self.suites.iter().filter(|(.., done)| done.is_err()).count();
        match (program::interrupted(), failed) {
            (true, _) => bail!("interrupted"),
            (false, 0) => Ok(()),
            (false, _) => bail!("{failed} of {} suites failed", self.suites.len()),
        }
    }
}
