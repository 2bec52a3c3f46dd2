//! How fast is the release server beside what this machine could do at best?

mod floors;
mod growth;
mod load;
mod page;

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::postgres::{Cluster, Durability};
use crate::program::{self, say};
use crate::server::{self, Server};
use crate::tree;
use floors::Floors;
use load::{Load, Measured, Work};

#[derive(Debug, clap::Args)]
pub struct Plan {
    /// The databases to measure on
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    databases: Vec<Engine>,
    /// The work to measure
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["password", "srp", "refresh", "get-user", "list-users", "sign-up", "admin-create-user", "totp", "custom", "passkey"])]
    work: Vec<Work>,
    /// Seconds each piece of work is measured for
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Connections, each with one request under way
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// The databases to compare a small pool with a large one on
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    grow_on: Vec<Engine>,
    /// The users of the large pool, compared with one of 1,000; 0 leaves the comparison out
    #[arg(long, default_value_t = 1_000_000)]
    users: u64,
    /// The cores the server is held to; the load takes the others
    #[arg(long, default_value = "0")]
    server_cores: String,
    /// Print the page and leave docs/performance.md alone
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// Users of the pool that the work is measured on.
const USERS: u64 = 1000;

/// What was seen on one database.
pub struct OnEngine {
    engine: Engine,
    floors: Floors,
    rows: Vec<(Work, Measured)>,
    growth: Option<growth::Growth>,
    start: Duration,
    idle_megabytes: f64,
}

pub fn run(plan: &Plan) -> Result<()> {
    if cfg!(not(target_os = "linux")) {
        bail!("the benchmark reads /proc: it needs Linux");
    }
    build()?;
    let mut seen = Vec::new();
    for engine in &plan.databases {
        seen.push(on_engine(plan, *engine).with_context(|| format!("on {}", engine.name()))?);
    }
    let text = page::write(plan, &seen)?;
    println!("{text}");
    if !plan.dry_run {
        std::fs::write(tree::root().join("docs/performance.md"), text)?;
    }
    Ok(())
}

fn build() -> Result<()> {
    say("building the release server, the load and the floors");
    let release = ["build", "--release", "--quiet"];
    program::run(program::cargo().args(release).args([
        "-p",
        "cognate-server",
        "--bin",
        "cognate",
        "-p",
        "load",
        "--bin",
        "load",
    ]))?;
    program::run(program::cargo().args(release).args(["-p", "cognate-crypto", "--example", "floors"]))?;
    program::run(program::cargo().args(release).args(["-p", "cognate-store", "--example", "measure"]))
}

fn on_engine(plan: &Plan, engine: Engine) -> Result<OnEngine> {
    let cluster = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Cluster::start(Durability::Full)?),
    };
    let new_database = |name: &str| cluster.as_ref().map(|cluster| cluster.create_database(name)).transpose();

    say(&format!("floors, {}", engine.name()));
    let mut floors = floors::measure(&plan.server_cores, new_database("floors")?.as_deref())?;

    // The first start makes the database; the one measured is any later one.
    let url = new_database("bench")?;
    let database = url.as_deref().map_or(server::Database::File, server::Database::Postgres);
    let server = Server::start("release", database, Some(&plan.server_cores))?.restart()?;
    sleep(Duration::from_secs(2));
    let idle_megabytes = server.resident_megabytes()?;
    let load = Load::new(plan, &server)?;
    say(&format!("work, {}", engine.name()));
    let pool = load.prepare(USERS)?;
    floors.http = load.measure(Work::Document, &pool)?.rate.max(load.measure(Work::Refusal, &pool)?.rate);
    let mut rows = Vec::new();
    for work in &plan.work {
        let measured = load.measure(*work, &pool)?;
        eprintln!("{:<30} {:>9.0}/s  p50 {:>7.2} ms", work.name(), measured.rate, measured.p50_ms);
        rows.push((*work, measured));
    }
    let grows = plan.users > USERS && plan.grow_on.contains(&engine);
    let growth = if grows { Some(growth::compare(&load, USERS, plan.users)?) } else { None };
    Ok(OnEngine { engine, floors, rows, growth, start: server.start, idle_megabytes })
}
