//! Everything a change must pass before it is merged.

use anyhow::{Result, bail};

use crate::{docs, program, setup, test};

pub fn run() -> Result<()> {
    setup::run(&setup::Wanted { deny: true, ..Default::default() })?;
    let mut failed = Vec::new();
    for (name, check) in CHECKS {
        program::say(name);
        if let Err(error) = check() {
            eprintln!("error: {error:#}");
            failed.push(*name);
        }
        if program::interrupted() {
            bail!("interrupted");
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("failed: {}", failed.join(", ")) }
}

type Check = (&'static str, fn() -> Result<()>);

const CHECKS: &[Check] = &[
    ("format", || program::run(program::cargo().args(["fmt", "--all", "--check"]))),
    ("clippy", || {
        program::run(program::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
    }),
    ("deny", deny),
    ("generated pages", || docs::run(true)),
    ("tests", || test::run(&test::Selection::in_ci())),
];

/// Licences, bans and sources need nothing but the lock file. Advisories need a database from the network: without
/// one they are skipped and the output says so.
fn deny() -> Result<()> {
    let quiet = ["deny", "--log-level", "error"];
    program::run(program::cargo().args(quiet).args([
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))?;
    if program::succeeds(program::cargo().args(quiet).arg("fetch").arg("db")) {
        program::run(program::cargo().args(quiet).args(["check", "--disable-fetch", "advisories"]))
    } else {
        eprintln!("advisories NOT checked: the advisory database cannot be fetched from here");
        Ok(())
    }
}
