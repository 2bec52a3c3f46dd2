//! The seam: reads, scans and writes as closures, over whichever database the URL names.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::job::{self, Access, Jobs, stopped};
use crate::postgres::Postgres;
use crate::sqlite::{self, Readers};
use crate::tx::Tx;
use crate::{Error, migrate};

/// Sent to subscribers when messages may have been missed (the listening connection was lost): forget everything cached.
pub const MISSED: &str = "";

/// Messages kept for a slow subscriber, who is then told how many it lagged behind.
const MESSAGES_KEPT: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Runs each write closure twice, the first time rolled back, so that one that cannot run again shows itself.
    pub rehearse: bool,
    /// Connections to PostgreSQL, each with a thread; one more listens for messages when somebody subscribes.
    pub pg_connections: usize,
    /// How often a transaction on PostgreSQL is tried before it answers [`Error::TooContended`].
    pub pg_attempts: u32,
    /// How long a connection to PostgreSQL may take, and how long SQLite waits for another process's write lock.
    pub patience: Duration,
    /// The most pages of 4 KiB that the SQLite file may have, if it is to have a limit.
    pub sqlite_max_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rehearse: cfg!(debug_assertions),
            pg_connections: 8,
            pg_attempts: 12,
            patience: Duration::from_secs(5),
            sqlite_max_pages: None,
        }
    }
}

/// The database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    backend: Backend,
    jobs: Mutex<Option<Jobs>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    messages: broadcast::Sender<String>,
}

#[derive(Debug)]
enum Backend {
    Sqlite(Readers),
    Postgres(Box<Postgres>),
}

impl Store {
    /// Opens `sqlite::memory:`, `sqlite:{path}` (created with mode 0600) or `postgres://…`; does not migrate.
    ///
    /// PostgreSQL is connected to when it is first needed.
    pub fn open(url: &str, options: &Options) -> Result<Store, Error> {
        let (messages, _) = broadcast::channel(MESSAGES_KEPT);
        let (jobs, queue) = job::queue();
        let (backend, threads) = if let Some(path) = url.strip_prefix("sqlite:") {
            let (readers, writer) = sqlite::open(path, options, queue, messages.clone())?;
            (Backend::Sqlite(readers), vec![writer])
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let (postgres, workers) = Postgres::open(url, options, queue)?;
            (Backend::Postgres(Box::new(postgres)), workers)
        } else {
            return Err(Error::Unavailable("a database URL begins with sqlite: or postgres://".to_owned()));
        };
        Ok(Store {
            shared: Arc::new(Shared { backend, jobs: Mutex::new(Some(jobs)), threads: Mutex::new(threads), messages }),
        })
    }

    pub fn kind(&self) -> Kind {
        match self.shared.backend {
            Backend::Sqlite(_) => Kind::Sqlite,
            Backend::Postgres(_) => Kind::Postgres,
        }
    }

    /// Brings the schema to this binary's version and answers the names of the migrations it applied.
    ///
    /// Nodes that race apply each migration once. A database newer than the binary is refused ([`Error::Migration`]).
    pub async fn migrate(&self) -> Result<Vec<String>, Error> {
        let kind = self.kind();
        job::submit(&self.jobs()?, Access::Migrate, move |tx| migrate::run(tx, kind)).await
    }

    /// The names of the migrations that [`Store::migrate`] would apply; changes nothing.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, Error> {
        let kind = self.kind();
        self.read(move |tx| migrate::pending(tx, kind)).await
    }

    /// Runs `closure` on one consistent snapshot. SQLite runs it in place: for point reads only, see [`Store::scan`].
    pub async fn read<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let jobs = self.jobs()?;
        match &self.shared.backend {
            Backend::Sqlite(readers) => readers.read(&closure),
            Backend::Postgres(_) => job::submit(&jobs, Access::Read, closure).await,
        }
    }

    /// Runs `closure` on one consistent snapshot, on a blocking thread: for reads of many rows.
    pub async fn scan<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let jobs = self.jobs()?;
        match &self.shared.backend {
            Backend::Sqlite(readers) => readers.scan(closure).await,
            Backend::Postgres(_) => job::submit(&jobs, Access::Read, closure).await,
        }
    }

    /// Runs `closure` serializably, all or nothing; answers once it is durable. It may run more than once.
    ///
    /// An `Err` rolls back and is returned, and so does a panic, as [`Error::Database`].
    pub async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        job::submit(&self.jobs()?, Access::Write, closure).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.read(|tx| tx.one("SELECT 1", &[]).map(drop)).await
    }

    /// What any node publishes from now on, after its commit. See [`MISSED`].
    ///
    /// On PostgreSQL the first subscriber starts the listening connection.
    pub fn subscribe(&self) -> broadcast::Receiver<String> {
        let receiver = self.shared.messages.subscribe();
        if let Backend::Postgres(postgres) = &self.shared.backend {
            postgres.listen(&self.shared.messages);
        }
        receiver
    }

    /// Refuses new work, finishes what was taken, and closes the files and connections.
    pub async fn close(&self) {
        self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Backend::Postgres(postgres) = &self.shared.backend {
            postgres.hang_up();
        }
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let joined = tokio::task::spawn_blocking(move || threads.into_iter().all(|thread| thread.join().is_ok())).await;
        if !matches!(joined, Ok(true)) {
            tracing::error!("a database thread ended by a panic");
        }
        if let Backend::Sqlite(readers) = &self.shared.backend {
            readers.close();
        }
    }

    fn jobs(&self) -> Result<Jobs, Error> {
        self.shared.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(stopped)
    }
}
