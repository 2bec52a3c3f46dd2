//! One measured run: warm up, open the window, close it, say what happened in it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::factors;
use crate::process;
use crate::work::{Pool, Work, Worker};

#[derive(Debug, clap::Args)]
pub struct Order {
    #[arg(long)]
    work: Work,
    #[arg(long)]
    pool: String,
    #[arg(long)]
    client: String,
    /// Users 0..users can sign in
    #[arg(long)]
    users: u64,
    /// Seconds that are not measured
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Seconds that are
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// The server's process, for its CPU time and memory
    #[arg(long)]
    server_pid: u32,
    /// Where the server sends its triggers: answered here for custom sign-in
    #[arg(long)]
    triggers: Option<SocketAddr>,
}

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

#[derive(Default)]
struct Seen {
    /// Milliseconds each measured repetition waited for the server.
    latencies: Vec<f64>,
    failed: u64,
    first_failure: Option<String>,
}

pub async fn run(address: SocketAddr, connections: usize, order: Order) -> Result<Value> {
    let phase = Arc::new(AtomicU8::new(WARMING));
    let pool = Pool { id: order.pool, client: order.client, users: order.users };
    let enrolled = factors::enrol(address, connections, order.work, order.triggers).await?;
    let run = std::process::id().to_string();
    let mut workers = JoinSet::new();
    for number in 0..connections {
        let worker = Worker::start(address, order.work, (pool.clone(), enrolled.clone()), &run, number as u64).await?;
        workers.spawn(repeat(worker, Arc::clone(&phase)));
    }
    sleep(Duration::from_secs_f64(order.warm_up)).await;
    process::forget_peak(order.server_pid)?;
    let cpu = process::cpu_seconds(order.server_pid)?;
    let opened = Instant::now();
    phase.store(MEASURING, Ordering::SeqCst);
    sleep(Duration::from_secs_f64(order.seconds)).await;
    phase.store(OVER, Ordering::SeqCst);
    let window = opened.elapsed().as_secs_f64();
    let cpu = process::cpu_seconds(order.server_pid)? - cpu;
    let peak = process::peak_megabytes(order.server_pid)?;

    let mut all = Seen::default();
    while let Some(seen) = workers.join_next().await {
        let seen = seen?;
        all.latencies.extend(seen.latencies);
        all.failed += seen.failed;
        all.first_failure = all.first_failure.or(seen.first_failure);
    }
    all.latencies.sort_by(f64::total_cmp);
    let done = all.latencies.len() as f64;
    Ok(json!({
        "done": all.latencies.len(),
        "failed": all.failed,
        "first_failure": all.first_failure,
        "rate": done / window,
        "p50_ms": quantile(&all.latencies, 0.50),
        "p99_ms": quantile(&all.latencies, 0.99),
        "cpu_ms": cpu * 1000.0 / done.max(1.0),
        "cores": cpu / window,
        "peak_mb": peak,
    }))
}

/// Counts a repetition when it both began and ended in the window.
async fn repeat(mut worker: Worker, phase: Arc<AtomicU8>) -> Seen {
    let mut seen = Seen::default();
    loop {
        let began_in = phase.load(Ordering::Relaxed);
        if began_in == OVER {
            return seen;
        }
        worker.caller.waited = Duration::ZERO;
        let done = worker.repeat().await;
        match done {
            Ok(()) if began_in == MEASURING && phase.load(Ordering::Relaxed) == MEASURING => {
                seen.latencies.push(worker.caller.waited.as_secs_f64() * 1000.0);
            }
            Ok(()) => {}
            Err(error) => {
                seen.failed += 1;
                let first = seen.first_failure.get_or_insert_with(|| format!("{error:#}"));
                // A connection that is gone fails forever and at once.
                if seen.failed > 100 {
                    eprintln!("a connection gave up: {first}");
                    return seen;
                }
            }
        }
    }
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    let at = (sorted.len() as f64 * q) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_come_from_the_sorted_sample() {
        let sample: Vec<f64> = (0..100).map(f64::from).collect();
        assert!((quantile(&sample, 0.5) - 50.0).abs() < f64::EPSILON);
        assert!((quantile(&sample, 0.99) - 99.0).abs() < f64::EPSILON);
        assert!(quantile(&[], 0.5).is_nan());
    }
}
