//! Filling a pool.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::cognito::{Caller, PASSWORD, username};

#[derive(Debug, clap::Args)]
pub struct Fill {
    #[arg(long)]
    pool: String,
    /// Number of the first user to add
    #[arg(long)]
    from: u64,
    /// Number after the last one
    #[arg(long)]
    to: u64,
}

/// A pool, a client of it that allows every flow measured, and users with a permanent password.
pub async fn prepare(address: SocketAddr, connections: usize, users: u64) -> Result<Value> {
    let mut caller = Caller::connect(address).await?;
    let pool = caller.ask("CreateUserPool", &json!({ "PoolName": "load" })).await?;
    let pool = pool["UserPool"]["Id"].as_str().context("a pool has an id")?.to_owned();
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({ "UserPoolId": pool, "ClientName": "load", "ExplicitAuthFlows": flows });
    let client = caller.ask("CreateUserPoolClient", &client).await?;
    let client = client["UserPoolClient"]["ClientId"].as_str().context("a client has an id")?.to_owned();
    add(address, connections, &pool, 0..users, true).await?;
    // A pool's signing keys may be made when they are first asked for: that is no part of any measured work.
    caller.sign_in_by_password(&client, &username(0)).await?;
    Ok(json!({ "pool": pool, "client": client }))
}

pub async fn fill(address: SocketAddr, connections: usize, fill: Fill) -> Result<Value> {
    let started = Instant::now();
    add(address, connections, &fill.pool, fill.from..fill.to, false).await?;
    Ok(json!({ "added": fill.to - fill.from, "seconds": started.elapsed().as_secs_f64() }))
}

async fn add(
    address: SocketAddr,
    connections: usize,
    pool: &str,
    numbers: std::ops::Range<u64>,
    with_password: bool,
) -> Result<()> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut callers = JoinSet::new();
    for _ in 0..connections {
        let (next, end, pool) = (Arc::clone(&next), numbers.end, pool.to_owned());
        callers.spawn(async move {
            let mut caller = Caller::connect(address).await?;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return anyhow::Ok(());
                }
                let name = username(number);
                let user = json!({ "UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS" });
                caller.tell("AdminCreateUser", &user).await?;
                if with_password {
                    let password =
                        json!({ "UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true });
                    caller.tell("AdminSetUserPassword", &password).await?;
                }
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}
