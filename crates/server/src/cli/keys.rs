//! `cognate keys`: the access keys that sign requests to a production server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cognate_store::Store;
use serde_json::Value;

use super::{Failed, Of};
use crate::access::keys::{self, Holder};
use crate::access::policy::Policy;
use crate::api::OPERATIONS;
use crate::api::open::OPEN;
use crate::clock::Clock;
use crate::config::Config;
use crate::context::open_store;
use crate::master_key;
use crate::rng::Rng;
use crate::seals::Seals;

const EXAMPLES: &str = "\
Examples:
  cognate keys create --name deployer                     May do everything in the configured account
  cognate keys create --name reader --policy reader.json  May do what an IAM policy document allows
  cognate keys list
  cognate keys revoke AKIA…

The secret is shown once. Give both to an AWS client: aws configure set aws_access_key_id …";

const CREATE_EXAMPLES: &str = "\
Examples:
  cognate keys create --name deployer                     May do everything in the configured account
  cognate keys create --name reader --policy reader.json  May do what an IAM policy document allows
  cognate keys create --name ci --config prod.toml --json

The secret is shown once.";

const LIST_EXAMPLES: &str = "\
Examples:
  cognate keys list
  cognate keys list --config prod.toml --json";

const REVOKE_EXAMPLES: &str = "\
Examples:
  cognate keys revoke AKIA…
  cognate keys revoke --config prod.toml AKIA…";

/// What a key without a policy of its own may do: everything in its account.
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cognito-idp:*","Resource":"*"}]}"#;

/// Make, list and revoke access keys
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Keys {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a key and print it
    #[command(after_help = CREATE_EXAMPLES)]
    Create {
        #[command(flatten)]
        of: Of,
        /// What the key is for; the last part of its holder's ARN
        #[arg(long)]
        name: String,
        /// Account it belongs to, 12 digits; the configured one by default
        #[arg(long)]
        account: Option<String>,
        /// File with an IAM policy document; full access by default
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the keys, without their secrets
    #[command(after_help = LIST_EXAMPLES)]
    List {
        #[command(flatten)]
        of: Of,
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key for good
    #[command(after_help = REVOKE_EXAMPLES)]
    Revoke {
        #[command(flatten)]
        of: Of,
        /// The key's id
        id: String,
    },
}

impl Keys {
    pub(super) async fn run(self) -> Result<(), Failed> {
        match self.verb {
            Verb::Create { of, name, account, policy, json } => {
                let config = of.config()?;
                create(&config, &name, account, policy, json).await
            }
            Verb::List { of, json } => list(&of.config()?, json).await,
            Verb::Revoke { of, id } => revoke(&of.config()?, &id).await,
        }
    }
}

async fn open(config: &Config) -> Result<Store, Failed> {
    if config.store.is_memory() {
        return Err(Failed::new("store.url is sqlite::memory:, which only the server itself can see"));
    }
    let store = open_store(config).map_err(Failed::new)?;
    store.migrate().await.map_err(Failed::new)?;
    Ok(store)
}

async fn create(
    config: &Config,
    name: &str,
    account: Option<String>,
    policy: Option<PathBuf>,
    json: bool,
) -> Result<(), Failed> {
    let account = account.unwrap_or_else(|| config.aws.account.clone());
    if account.len() != 12 || !account.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Failed::new("an account is 12 digits"));
    }
    if !keys::is_name(name) {
        return Err(Failed::new("a name is 1 to 64 letters, digits and any of _+=,.@-"));
    }
    let policy = read_policy(policy)?;
    let store = open(config).await?;
    let rng = Rng::System;
    let master = master_key::load(config, &rng).map_err(Failed::new)?;
    master_key::check(&store, &master).await.map_err(Failed::new)?;
    let now = Clock::System.now_ms();
    let holder = Holder { account: &account, name, policy: &policy };
    let key = keys::create(&store, &Seals::new(&master), &rng, &holder, now).await.map_err(Failed::new)?;
    if json {
        println!(
            "{}",
            serde_json::json!({ "AccessKeyId": key.id, "SecretAccessKey": *key.secret, "Account": account })
        );
    } else {
        println!("Access key id:     {}\nSecret access key: {}\n", key.id, *key.secret);
        println!("The secret is not shown again. It belongs to account {account}.");
    }
    store.close().await;
    Ok(())
}

/// The policy of a file, or full access. Actions that match no operation are told: they do nothing.
fn read_policy(path: Option<PathBuf>) -> Result<Policy, Failed> {
    let Some(path) = path else { return Policy::parse(FULL_ACCESS).map_err(Failed::new) };
    let shown = path.display();
    let document =
        std::fs::read_to_string(&path).map_err(|error| Failed::new(format!("{shown} cannot be read: {error}")))?;
    let policy = Policy::parse(&document)
        .map_err(|error| Failed::new(format!("{shown} is not a policy that Cognate can hold a key to: {error}")))?;
    let operations: Vec<&str> = OPERATIONS.iter().map(|entry| entry.name).chain(OPEN.iter().copied()).collect();
    for action in policy.idle_actions(&operations) {
        eprintln!("warning: no operation matches the action {action}");
    }
    Ok(policy)
}

async fn list(config: &Config, json: bool) -> Result<(), Failed> {
    let store = open(config).await?;
    let all = keys::list(&store).await.map_err(Failed::new)?;
    store.close().await;
    if json {
        let rows: Vec<_> = all
            .iter()
            .map(|key| {
                serde_json::json!({
                    "AccessKeyId": key.id, "Account": key.account, "Name": key.name, "CreatedMs": key.created_ms,
                    "RevokedMs": key.revoked_ms, "Policy": serde_json::from_str(&key.policy).unwrap_or(Value::Null),
                })
            })
            .collect();
        println!("{}", serde_json::Value::from(rows));
        return Ok(());
    }
    if all.is_empty() {
        println!("There are no keys. Make one with: cognate keys create --name NAME");
        return Ok(());
    }
    println!("{:<20}  {:<12}  {:<7}  {:<20}  Name", "Access key id", "Account", "State", "Created");
    for key in all {
        let state = if key.revoked_ms.is_some() { "revoked" } else { "live" };
        let created = jiff::Timestamp::from_second(key.created_ms.div_euclid(1000)).unwrap_or_default();
        println!("{}  {}  {state:<7}  {created}  {}", key.id, key.account, key.name);
    }
    Ok(())
}

async fn revoke(config: &Config, id: &str) -> Result<(), Failed> {
    let store = open(config).await?;
    let revoked = keys::revoke(&store, id, Clock::System.now_ms()).await.map_err(Failed::new)?;
    store.close().await;
    if revoked {
        println!("revoked {id}");
        Ok(())
    } else {
        Err(Failed::new(format!("there is no live key {id}; see: cognate keys list")))
    }
}
