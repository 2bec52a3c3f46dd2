//! The project's own commands: `cargo xtask setup | test | ci | docs | bench`.

mod bench;
mod ci;
mod docs;
mod postgres;
mod program;
mod server;
mod setup;
mod test;
mod tree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the tests need and is not there yet: packages, a Python environment, npm packages, cargo tools
    Setup(setup::Wanted),
    /// Set up, then run every suite, on SQLite and on a throwaway PostgreSQL
    Test(test::Selection),
    /// Everything a change must pass: format, lints, licences, generated pages, tests
    Ci,
    /// Write the generated pages of docs/
    Docs {
        /// Only compare, and fail when a page is out of date
        #[arg(long)]
        check: bool,
    },
    /// Measure the release server against the floors of this machine and write docs/performance.md
    Bench(bench::Plan),
}

fn main() -> ExitCode {
    let done = program::watch_for_interrupts().and_then(|()| match Cli::parse().command {
        Command::Setup(wanted) => setup::run(&wanted),
        Command::Test(selection) => test::run(&selection),
        Command::Ci => ci::run(),
        Command::Docs { check } => docs::run(check),
        Command::Bench(plan) => bench::run(&plan),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
