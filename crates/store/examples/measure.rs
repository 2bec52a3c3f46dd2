//! Measures the seam: what a thread hop costs, how fast commits are, and what SERIALIZABLE does to a hot row.
//!
//! `cargo run --release -p cognate-store --example measure -- sqlite:/path/to/a/new.db` or a `postgres://` URL of an
//! empty database. With the word `commits` before the URL it prints one JSON object instead, `{"commits_per_s": …}`: what
//! a server with these settings can make durable at best.

use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cognate_store::{Error, Kind, Options, Store, attempts, meta};
use tokio::task::JoinSet;

const PERIOD: Duration = Duration::from_secs(3);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn StdError>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let commits_alone = arguments.next_if_eq("commits").is_some();
    let url = arguments.next().ok_or("the URL of an empty database is missing")?;
    if commits_alone {
        return most_commits(&url).await;
    }
    let connections: &[usize] = if url.starts_with("sqlite:") { &[0] } else { &[2, 4, 8, 16, 32] };
    for &pg_connections in connections {
        let options = Options { rehearse: false, pg_connections, ..Options::default() };
        let store = Store::open(&url, &options)?;
        store.migrate().await?;
        store.write(|tx| meta::put_if_absent(tx, "measured", b"value")).await?;
        if store.kind() == Kind::Postgres {
            println!("{pg_connections} connections");
        }
        for callers in [1, 32] {
            report("point reads, read()", callers, &reads(&store, callers, Place::Read).await);
            report("point reads, scan()", callers, &reads(&store, callers, Place::Scan).await);
        }
        if store.kind() == Kind::Sqlite {
            report("point reads through the writer's thread", 1, &reads(&store, 1, Place::Write).await);
            report("point reads through the writer's thread", 32, &reads(&store, 32, Place::Write).await);
        }
        if let Some(path) = url.strip_prefix("sqlite:") {
            let floor = bare_commits(&format!("{path}.floor"))?;
            println!(
                "  commits of one new row, bare driver on this thread: {:.0}/s",
                floor as f64 / PERIOD.as_secs_f64()
            );
        }
        for callers in [1, 64] {
            report("commits of one new row", callers, &commits(&store, callers).await);
        }
        report("increments of 32 rows", 32, &increments(&store, 32, 32).await);
        report("increments of one row", 32, &increments(&store, 32, 1).await);
        store.close().await;
    }
    Ok(())
}

/// The rate with as many callers as help.
async fn most_commits(url: &str) -> Result<(), Box<dyn StdError>> {
    let store = Store::open(url, &Options { rehearse: false, ..Options::default() })?;
    store.migrate().await?;
    let mut most = 0;
    for callers in [16, 64, 256] {
        most = most.max(commits(&store, callers).await.done);
    }
    store.close().await;
    println!("{{\"commits_per_s\": {:.1}}}", most as f64 / PERIOD.as_secs_f64());
    Ok(())
}

#[derive(Clone, Copy)]
enum Place {
    Read,
    Scan,
    Write,
}

struct Measured {
    done: u64,
    /// How often closures ran: more than `done` where transactions lost races.
    ran: u64,
    contended: u64,
    median: Duration,
    slowest_percent: Duration,
}

fn report(what: &str, callers: u64, measured: &Measured) {
    let Measured { done, ran, contended, median, slowest_percent } = measured;
    let rate = *done as f64 / PERIOD.as_secs_f64();
    let again = ran.saturating_sub(*done) as f64 / (*done).max(1) as f64;
    println!(
        "  {what}, {callers} callers: {rate:.0}/s, p50 {median:?}, p99 {slowest_percent:?}, run again {again:.3} times each, {contended} given up"
    );
}

async fn reads(store: &Store, callers: u64, place: Place) -> Measured {
    repeat(callers, |_| {
        let store = store.clone();
        move |_, _| {
            let store = store.clone();
            async move {
                let value = match place {
                    Place::Read => store.read(|tx| meta::get(tx, "measured")).await,
                    Place::Scan => store.scan(|tx| meta::get(tx, "measured")).await,
                    Place::Write => store.write(|tx| meta::get(tx, "measured")).await,
                };
                value.map(drop)
            }
        }
    })
    .await
}

/// What the seam is to be compared with, in the same minute: the driver alone, at the same durability.
fn bare_commits(path: &str) -> rusqlite::Result<u64> {
    let connection = rusqlite::Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384;
         CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value BYTEA NOT NULL)",
    )?;
    let mut insert = connection.prepare("INSERT INTO meta (key, value) VALUES ($1, $2)")?;
    let (start, mut done) = (Instant::now(), 0);
    while start.elapsed() < PERIOD {
        insert.execute((format!("{start:?} {done:012}"), [7_u8; 200]))?;
        done += 1;
    }
    Ok(done)
}

/// Keys grow with time, as the ids of sessions do.
async fn commits(store: &Store, callers: u64) -> Measured {
    let run = format!("{:?}", Instant::now());
    repeat(callers, |caller| {
        let (store, run) = (store.clone(), run.clone());
        move |number, ran: Arc<AtomicU64>| {
            let (store, key) = (store.clone(), format!("{run} {number:012} {caller}"));
            async move {
                let insert = store.write(move |tx| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    tx.run("INSERT INTO meta (key, value) VALUES ($1, $2)", &[(&key).into(), (&[7; 200]).into()])
                });
                insert.await.map(drop)
            }
        }
    })
    .await
}

async fn increments(store: &Store, callers: u64, rows: u64) -> Measured {
    repeat(callers, |caller| {
        let store = store.clone();
        move |_, ran: Arc<AtomicU64>| {
            let store = store.clone();
            async move {
                let increment = store.write(move |tx| {
                    ran.fetch_add(1, Ordering::Relaxed);
                    attempts::increment(tx, "p", &format!("subject {}", caller % rows), "measured", 0)
                });
                increment.await.map(drop)
            }
        }
    })
    .await
}

/// Lets each caller do its work again and again for the period.
async fn repeat<W, F>(callers: u64, worker: impl Fn(u64) -> W) -> Measured
where
    W: Fn(u64, Arc<AtomicU64>) -> F + Send + 'static,
    F: Future<Output = Result<(), Error>> + Send,
{
    let ran = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let (work, ran) = (worker(caller), Arc::clone(&ran));
        tasks.spawn(async move {
            let (start, mut contended, mut took) = (Instant::now(), 0, Vec::new());
            for number in 0.. {
                let began = Instant::now();
                if began - start > PERIOD {
                    break;
                }
                match work(number, Arc::clone(&ran)).await {
                    Ok(()) => took.push(began.elapsed()),
                    Err(Error::TooContended) => contended += 1,
                    Err(error) => return Err(error),
                }
                // A read in place never yields of itself.
                tokio::task::yield_now().await;
            }
            Ok((took, contended))
        });
    }
    let mut all = Vec::new();
    let mut contended = 0;
    for finished in tasks.join_all().await {
        match finished {
            Ok((took, given_up)) => {
                all.extend(took);
                contended += given_up;
            }
            Err(error) => println!("  a caller stopped: {error}"),
        }
    }
    all.sort_unstable();
    let at = |percent: usize| all.get(all.len() * percent / 100).copied().unwrap_or_default();
    let (median, slowest_percent) = (at(50), at(99));
    Measured { done: all.len() as u64, ran: ran.load(Ordering::Relaxed), contended, median, slowest_percent }
}
