//! Fresh databases for tests, and what a test may ask of its database.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};

use cognate_store::{Options, Store};

/// A migrated store, and the URL with which another node would open it.
pub struct Database {
    pub store: Store,
    pub url: String,
}

impl Database {
    fn open(url: String) -> Self {
        let store = Store::open(&url, &Options { rehearse: true, ..Options::default() }).unwrap();
        Database { store, url }
    }

    /// Another node's store. In memory a store is its own only node.
    pub fn other_node(&self) -> Option<Store> {
        (self.url != MEMORY).then(|| Database::open(self.url.clone()).store)
    }
}

const MEMORY: &str = "sqlite::memory:";

pub async fn memory<F: Future<Output = ()>>(test: fn(Database) -> F) {
    let database = Database::open(MEMORY.to_owned());
    database.store.migrate().await.unwrap();
    test(database).await;
}

pub async fn file<F: Future<Output = ()>>(test: fn(Database) -> F) {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(format!("sqlite:{}", directory.path().join("test.db").display()));
    database.store.migrate().await.unwrap();
    test(database).await;
}

/// In a fresh database of the server that COGNATE_TEST_POSTGRES names (a superuser's URL that ends with a database).
pub async fn postgres<F: Future<Output = ()>>(test: fn(Database) -> F) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Some(server) = server() else {
        eprintln!("SKIPPED: COGNATE_TEST_POSTGRES names no PostgreSQL server, so nothing was tested on PostgreSQL");
        return;
    };
    let name = format!("cognate_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    administer(&server, &format!("CREATE DATABASE {name}")).await;
    let (address, _) = server.rsplit_once('/').unwrap();
    let database = Database::open(format!("{address}/{name}"));
    let store = database.store.clone();
    store.migrate().await.unwrap();
    test(database).await;
    store.close().await;
    administer(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

#[expect(clippy::disallowed_methods, reason = "where the test server is, only the environment knows")]
fn server() -> Option<String> {
    std::env::var("COGNATE_TEST_POSTGRES").ok()
}

async fn administer(server: &str, sql: &str) {
    let client = connect(server).await;
    client.batch_execute(sql).await.unwrap();
}

/// A connection beside the store's.
pub async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}
