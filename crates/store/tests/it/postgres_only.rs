//! What only a server can do to its clients: end their connections, be away, ask for what is not spoken here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use cognate_store::{Error, Options, Store, attempts};
use tokio::task::JoinSet;

use crate::databases::{Database, connect, postgres};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_connections_lose_nothing_acknowledged() {
    postgres(losing_connections).await;
}

async fn losing_connections(Database { store, url }: Database) {
    const ENDING: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let stop = Arc::new(AtomicBool::new(false));
    let (done, unknown) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let mut jobs = JoinSet::new();
    for caller in 0..8_i64 {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        let (done, unknown) = (Arc::clone(&done), Arc::clone(&unknown));
        jobs.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                match store.write(move |tx| attempts::increment(tx, "p", "s", "k", caller)).await {
                    Ok(_) => done.fetch_add(1, Ordering::Relaxed),
                    Err(Error::Unavailable(_)) => unknown.fetch_add(1, Ordering::Relaxed),
                    Err(Error::TooContended) => 0,
                    Err(other) => panic!("{other}"),
                };
            }
        });
    }
    let killer = connect(&url).await;
    let mut ended = 0;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        ended += killer.query(ENDING, &[]).await.unwrap().len();
    }
    stop.store(true, Ordering::Relaxed);
    jobs.join_all().await;
    let counted =
        store.read(|tx| (0..8).map(|caller| attempts::get(tx, "p", "s", "k", caller)).sum::<Result<i64, Error>>());
    let counted = counted.await.unwrap();
    let (done, unknown) = (done.load(Ordering::Relaxed), unknown.load(Ordering::Relaxed));
    assert!(ended > 20 && done > 0, "{ended} connections ended, {done} writes done");
    // What was acknowledged happened once; what was lost in its COMMIT happened once or not at all.
    assert!(done <= counted && counted <= done + unknown, "{done} acknowledged, {unknown} unknown, {counted} there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_unavailable() {
    // Port 1 of loopback: nothing listens there.
    let options = Options { pg_connections: 1, ..Options::default() };
    let store = Store::open("postgres://someone:hush@127.0.0.1:1/none", &options).unwrap();
    let away = store.ping().await.unwrap_err();
    assert!(matches!(away, Error::Unavailable(_)), "{away:?}");
    assert!(!format!("{away} {away:?}").contains("hush"));
    store.close().await;
}

#[test]
fn a_url_that_demands_tls_is_refused() {
    let refused =
        Store::open("postgres://someone:hush@127.0.0.1:1/none?sslmode=require", &Options::default()).unwrap_err();
    assert!(refused.to_string().contains("sslmode=require"), "{refused}");
}
