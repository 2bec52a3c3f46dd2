//! `cognate keys`: the access keys that sign requests to a production server.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use cognate_store::Store;

use super::{Failed, Of};
use crate::access::keys;
use crate::clock::Clock;
use crate::config::Config;
use crate::context::open_store;
use crate::master_key;
use crate::rng::Rng;
use crate::seals::Seals;

const EXAMPLES: &str = "\
Examples:
  cognate keys create --name deployer                    May do everything in the configured account
  cognate keys create --name reader --policy reader.json May do what an IAM policy document allows
  cognate keys list
  cognate keys revoke AKIA…

The secret is shown once. Give both to an AWS client: aws configure set aws_access_key_id …";

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
    Create {
        #[command(flatten)]
        of: Of,
        /// What the key is for
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
    List {
        #[command(flatten)]
        of: Of,
        /// Print one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Revoke a key for good
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
    let policy = match policy {
        Some(path) => std::fs::read_to_string(&path)
            .map_err(|error| Failed::new(format!("{} cannot be read: {error}", path.display())))?,
        None => FULL_ACCESS.to_owned(),
    };
    let store = open(config).await?;
    let rng = Rng::System;
    let master = master_key::load(config, &rng).map_err(Failed::new)?;
    master_key::check(&store, &master).await.map_err(Failed::new)?;
    let now = Clock::System.now_ms();
    let key =
        keys::create(&store, &Seals::new(&master), &rng, &account, name, &policy, now).await.map_err(Failed::new)?;
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
                    "RevokedMs": key.revoked_ms,
                })
            })
            .collect();
        println!("{}", serde_json::Value::from(rows));
        return Ok(());
    }
    if all.is_empty() {
        println!("There are no keys. Make one with: cognate keys create --name NAME");
    }
    for key in all {
        let state = if key.revoked_ms.is_some() { "revoked" } else { "live" };
        println!("{}  {}  {state:<7}  {}", key.id, key.account, key.name);
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
