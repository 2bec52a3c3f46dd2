//! Drives one server over HTTP, closed loop on a fixed number of connections, and prints what it saw as JSON.

mod cognito;
mod factors;
mod http;
mod passkey;
mod process;
mod run;
mod triggers;
mod users;
mod work;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    /// URL of the server
    #[arg(long)]
    endpoint: String,
    /// Connections, each with one request under way at a time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a pool, a client and users who can sign in; print their ids
    Prepare {
        #[arg(long)]
        users: u64,
    },
    /// Add users who cannot sign in yet, from one number up to another
    Fill(users::Fill),
    /// Repeat one piece of work and measure it
    Run(run::Order),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let Cli { endpoint, connections, command } = Cli::parse();
    let address = http::address(&endpoint)?;
    let seen = match command {
        Command::Prepare { users } => users::prepare(address, connections, users).await?,
        Command::Fill(fill) => users::fill(address, connections, fill).await?,
        Command::Run(order) => run::run(address, connections, order).await?,
    };
    println!("{seen}");
    Ok(())
}
