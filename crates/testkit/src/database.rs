//! Databases of a test's own on the PostgreSQL server that tests are given.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// An empty PostgreSQL database. [`FreshDatabase::remove`] drops it; a test that fails leaves it for a look.
#[derive(Debug)]
pub struct FreshDatabase {
    server: String,
    name: String,
}

impl FreshDatabase {
    /// Makes one on the server that `COGNATE_TEST_POSTGRES` names (a superuser's URL that ends with a database);
    /// without one nothing can be tested and the test says so.
    ///
    /// # Panics
    /// When the server does not make it.
    pub async fn make() -> Option<Self> {
        #[expect(clippy::disallowed_methods, reason = "where the test server is, only the environment knows")]
        let Ok(server) = std::env::var("COGNATE_TEST_POSTGRES") else {
            eprintln!("SKIPPED: COGNATE_TEST_POSTGRES names no PostgreSQL server, so nothing was tested on PostgreSQL");
            return None;
        };
        Some(Self::on(server).await)
    }

    /// Makes one on that server (a superuser's URL that ends with a database).
    ///
    /// # Panics
    /// When the server does not make it.
    pub async fn on(server: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("cognate_it_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let fresh = Self { server, name };
        fresh.administer(&format!("CREATE DATABASE {}", fresh.name)).await;
        fresh
    }

    /// What `store.url` takes.
    ///
    /// # Panics
    /// When the server's URL does not end with a database.
    pub fn url(&self) -> String {
        let (address, _) = self.server.rsplit_once('/').expect("the URL ends with a database");
        format!("{address}/{}", self.name)
    }

    /// Ends what is connected and drops it.
    pub async fn remove(self) {
        self.administer(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }

    async fn administer(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.server, NoTls).await.expect("the server is there");
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await.expect("a superuser may");
        drop(client);
        // The connection ends with its client.
        let _ = connection.await;
    }
}
