//! `cognate threat`: why threat protection judged a user's sign-ins as it did.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use cognate_shapes::error::Error;
use cognate_store::{Store, auth_events};
use serde_json::json;

use super::{Failed, Of};
use crate::accounts::user;
use crate::config::Config;
use crate::context::open_store;
use crate::directory::Pool;
use crate::threat::events::{self, Event};

const EXAMPLES: &str = "\
Examples:
  cognate threat explain us-east-1_abcdefghi alice
  cognate threat explain us-east-1_abcdefghi alice --event 0d1c2b3a-… --json
  cognate threat explain --dev us-east-1_abcdefghi alice

Each factor adds its weight. From 20 on the risk is low, from 50 on medium, from 80 on high.";

/// Explain what threat protection made of sign-ins
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Threat {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show a user's events, newest first, with every factor and its weight
    #[command(after_help = EXAMPLES)]
    Explain {
        #[command(flatten)]
        of: Of,
        /// Id of the user pool
        pool: String,
        /// User name, alias or sub
        user: String,
        /// Show this event alone
        #[arg(long, value_name = "ID")]
        event: Option<String>,
        /// Most events shown
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
}

impl Threat {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let Verb::Explain { of, pool, user, event, limit, json } = self.verb;
        let store = open(&of.config()?).await?;
        let read = store.read(move |tx| {
            let row = cognate_store::pools::get(tx, &pool)?.ok_or_else(|| Error::pool_not_found(&pool))?;
            let pool = Pool::from_row(row)?;
            let user = user::by_name(tx, &pool, &user)?.ok_or_else(Error::user_not_found)?;
            let rows = match &event {
                Some(id) => vec![auth_events::get(tx, &pool.id, &user.id, id)?.ok_or_else(Error::event_not_found)?],
                None => auth_events::list(tx, &pool.id, &user.id, i64::MAX, "", limit.into())?,
            };
            rows.into_iter().map(|row| Ok((events::read(&row)?, row))).collect::<Result<Vec<_>, Error>>()
        });
        let found = read.await.map_err(|error| Failed::new(error.message))?;
        store.close().await;
        if json {
            let all: Vec<_> = found
                .iter()
                .map(|(event, row)| json!({ "EventId": row.id, "CreatedMs": row.created_ms, "Event": event }))
                .collect();
            println!("{}", serde_json::Value::from(all));
        } else if found.is_empty() {
            println!("There are no events of that user.");
        } else {
            for (event, row) in found {
                print!("{}", explained(&event, &row));
            }
        }
        Ok(())
    }
}

/// Opens the store of a server that has run already: there is nothing to explain in one made here and now.
async fn open(config: &Config) -> Result<Store, Failed> {
    if config.store.is_memory() {
        return Err(Failed::new("store.url is sqlite::memory:, which only the server itself can see"));
    }
    if let Some(path) = config.store.missing_file() {
        let which = "name the server's configuration by --config; or that of `cognate dev` by --dev, and --data";
        return Err(Failed::new(format!("there is no database {}: {which}", path.display())));
    }
    let store = open_store(config).map_err(Failed::new)?;
    let pending = store.pending_migrations().await.map_err(Failed::new)?;
    if pending.is_empty() {
        return Ok(store);
    }
    store.close().await;
    let pending = pending.join(", ");
    Err(Failed::new(format!("the database needs migrations ({pending}): start its server, or run `cognate migrate`")))
}

/// An event in words.
fn explained(event: &Event, row: &auth_events::AuthEvent) -> String {
    let at = jiff::Timestamp::from_millisecond(row.created_ms).unwrap_or_default();
    let level = event.level.map_or_else(|| "none".to_owned(), |level| level.to_string());
    let address = event.address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
    let mut out = format!("{at}  {} {}  risk {level}, score {}  {}\n", event.kind, event.response, event.score, row.id);
    let mut line = |text: String| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "    {text}");
    };
    let place: Vec<&str> =
        [&event.place.city, &event.place.country].into_iter().flatten().map(String::as_str).collect();
    let place = if place.is_empty() { String::new() } else { format!(" ({})", place.join(", ")) };
    line(format!("from {address}{place} with {}", event.device.as_deref().unwrap_or("an unknown program")));
    if event.exempt {
        line("not judged: the address is on the list of those skipped".to_owned());
    }
    for factor in &event.factors {
        line(format!("{:>4}  {}: {}", factor.weight, factor.name, factor.because));
    }
    if event.compromised == Some(true) {
        line("the password is known from a breach".to_owned());
    }
    match (event.action, event.mode) {
        (Some(action), Some(mode)) => {
            line(format!("configured: {action}; the pool is {mode}; decision: {}", event.decision));
        }
        (None, Some(mode)) if event.level.is_some() => {
            line(format!("nothing configured for it; the pool is {mode}; decision: {}", event.decision));
        }
        _ => {}
    }
    if let Some(feedback) = &event.feedback {
        line(format!("said by {}: {}", feedback.provider, feedback.value));
    }
    out
}
