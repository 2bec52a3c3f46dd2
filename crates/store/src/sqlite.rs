//! SQLite: one writer thread that commits what is queued together, and pooled readers that run in place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, ffi};
use tokio::sync::{Semaphore, broadcast};

use crate::job::{Job, Queue, stopped};
use crate::store::Options;
use crate::tx::{self, Failure, Param, Row, Tx, Value, call};
use crate::{Error, job::Access};

/// The most jobs that share a commit.
const BATCH: usize = 256;
/// Scans beyond these wait, so that they take neither all memory nor every core.
const SCANS: usize = 4;
/// Larger than the number of statements in this crate.
const STATEMENTS: usize = 512;

/// Opens the file (or memory), starts the writer, and answers the readers.
pub(crate) fn open(
    path: &str,
    options: &Options,
    queue: Queue,
    messages: broadcast::Sender<String>,
) -> Result<(Readers, JoinHandle<()>), Error> {
    let scans = Arc::new(Semaphore::new(SCANS));
    let (home, place) = if path == ":memory:" {
        // A private memory database has one connection, which everyone takes in turn.
        let connection = Connection::open_in_memory().map_err(|e| opening(&e))?;
        set_up(&connection, options)?;
        let shared = Arc::new(Mutex::new(connection));
        (Home::Shared(Arc::clone(&shared)), Place::Memory(shared))
    } else {
        let path = PathBuf::from(path.strip_prefix("//").unwrap_or(path));
        create(&path)?;
        let connection = Connection::open(&path).map_err(|e| opening(&e))?;
        set_up(&connection, options)?;
        (
            Home::Own(Box::new(connection)),
            Place::File { path, patience: options.patience, idle: Mutex::new(Some(Vec::new())) },
        )
    };
    let writer = Writer { home, rehearse: options.rehearse, messages };
    let thread = std::thread::Builder::new()
        .name("sqlite-writer".to_owned())
        .spawn(move || writer.serve(queue))
        .map_err(|e| Error::Unavailable(format!("the writer thread cannot start: {e}")))?;
    Ok((Readers { place: Arc::new(place), scans }, thread))
}

/// Creates the file, and the directories to it, so that only their owner may read them; SQLite gives the log beside it
/// the same mode.
fn create(path: &Path) -> Result<(), Error> {
    if let Some(directory) = path.parent() {
        let mut make = std::fs::DirBuilder::new();
        make.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
        make.create(directory).map_err(|e| Error::Unavailable(format!("the directory cannot be created: {e}")))?;
    }
    let mut file = std::fs::OpenOptions::new();
    file.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    match file.open(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::Unavailable(format!("the file cannot be created: {e}")))
        }
        _ => Ok(()),
    }
}

fn set_up(connection: &Connection, options: &Options) -> Result<(), Error> {
    let set = || {
        connection.busy_timeout(options.patience)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA wal_autocheckpoint = 16384;
             PRAGMA journal_size_limit = 67108864;
             PRAGMA cache_size = -16384;
             PRAGMA temp_store = MEMORY;",
        )?;
        if let Some(pages) = options.sqlite_max_pages {
            connection.pragma_update(None, "max_page_count", pages)?;
        }
        Ok(())
    };
    set().map_err(|e| opening(&e))
}

struct Writer {
    home: Home,
    rehearse: bool,
    messages: broadcast::Sender<String>,
}

enum Home {
    Own(Box<Connection>),
    Shared(Arc<Mutex<Connection>>),
}

impl Writer {
    fn serve(self, mut queue: Queue) {
        while let Some(first) = queue.blocking_recv() {
            let mut jobs = vec![first];
            while jobs.len() < BATCH
                && let Ok(job) = queue.try_recv()
            {
                jobs.push(job);
            }
            let published = match &self.home {
                Home::Own(connection) => self.commit(connection, &mut jobs),
                Home::Shared(connection) => self.commit(&lock(connection), &mut jobs),
            };
            for message in published {
                // Nobody may be listening.
                let _ = self.messages.send(message);
            }
            for job in jobs {
                job.answer();
            }
        }
        if let Home::Own(connection) = self.home
            && let Err((_, error)) = connection.close()
        {
            tracing::warn!(%error, "the SQLite writer did not close cleanly");
        }
    }

    /// Runs the jobs in one transaction, a savepoint each, and answers what they published.
    fn commit(&self, connection: &Connection, jobs: &mut [Box<dyn Job>]) -> Vec<String> {
        let mut published = Vec::new();
        let outcome = execute(connection, "BEGIN IMMEDIATE").and_then(|()| {
            for job in jobs.iter_mut() {
                published.append(&mut self.run(connection, job.as_mut())?);
            }
            execute(connection, "COMMIT")
        });
        if let Err(error) = outcome {
            if !connection.is_autocommit()
                && let Err(error) = execute(connection, "ROLLBACK")
            {
                tracing::error!(%error, "a failed batch could not be rolled back");
            }
            let error = failure(&error).error();
            for job in jobs.iter_mut() {
                job.fail(error.clone());
            }
            published.clear();
        }
        published
    }

    /// Runs one job. An `Err` here is not the job's but the batch's.
    fn run(&self, connection: &Connection, job: &mut dyn Job) -> rusqlite::Result<Vec<String>> {
        execute(connection, "SAVEPOINT job")?;
        let mut tx = Tx::new(tx::Connection::Sqlite(connection));
        if self.rehearse && job.access() == Access::Write {
            job.call(&mut tx);
            tx.again();
            still_open(connection)?;
            execute(connection, "ROLLBACK TO job")?;
        }
        let keep = job.call(&mut tx);
        still_open(connection)?;
        if !keep {
            execute(connection, "ROLLBACK TO job")?;
            tx.published.clear();
        }
        execute(connection, "RELEASE job")?;
        Ok(tx.published)
    }
}

/// A full disk or an I/O error rolls the whole transaction back behind the statement that met it.
fn still_open(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        let full = ffi::Error { code: ErrorCode::DiskFull, extended_code: ffi::SQLITE_FULL };
        return Err(rusqlite::Error::SqliteFailure(full, None));
    }
    Ok(())
}

/// Connections that only read.
#[derive(Debug)]
pub(crate) struct Readers {
    place: Arc<Place>,
    scans: Arc<Semaphore>,
}

#[derive(Debug)]
enum Place {
    Memory(Arc<Mutex<Connection>>),
    /// `idle` is `None` once closed. Its length is bounded by how many threads ever read at once.
    File {
        path: PathBuf,
        patience: Duration,
        idle: Mutex<Option<Vec<Connection>>>,
    },
}

impl Readers {
    pub(crate) fn read<T, E, F>(&self, closure: &F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        self.place.read(closure)
    }

    pub(crate) async fn scan<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let Ok(permit) = Arc::clone(&self.scans).acquire_owned().await else { return Err(stopped().into()) };
        let place = Arc::clone(&self.place);
        let scanned = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            place.read(&closure)
        });
        scanned.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    pub(crate) fn close(&self) {
        self.scans.close();
        if let Place::File { idle, .. } = &*self.place {
            lock(idle).take();
        }
    }
}

impl Place {
    fn read<T, E, F>(&self, closure: &F) -> Result<T, E>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, E>,
        E: From<Error>,
    {
        match self {
            Place::Memory(connection) => {
                let connection = lock(connection);
                let set = |on: bool| connection.pragma_update(None, "query_only", on).map_err(|e| failure(&e).error());
                set(true)?;
                let result = snapshot(&connection, closure);
                set(false)?;
                result
            }
            Place::File { path, patience, idle } => {
                let pooled = lock(idle).as_mut().ok_or_else(stopped)?.pop();
                let connection = match pooled {
                    Some(connection) => connection,
                    None => open_reader(path, *patience).map_err(|e| opening(&e))?,
                };
                let result = snapshot(&connection, closure);
                if connection.is_autocommit()
                    && let Some(idle) = lock(idle).as_mut()
                {
                    idle.push(connection);
                }
                result
            }
        }
    }
}

fn open_reader(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -4096; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

fn snapshot<T, E, F>(connection: &Connection, closure: &F) -> Result<T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E>,
    E: From<Error>,
{
    execute(connection, "BEGIN").map_err(|e| failure(&e).error())?;
    let result = call(closure, &mut Tx::new(tx::Connection::Sqlite(connection)));
    // Some failures end the transaction of themselves.
    if !connection.is_autocommit() {
        execute(connection, "ROLLBACK").map_err(|e| failure(&e).error())?;
    }
    result
}

pub(crate) fn all(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, params)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        let mut answered = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get_ref(column).and_then(|value| own(column, value)));
            answered.push(Row::new(values.collect::<rusqlite::Result<_>>()?));
        }
        Ok(answered)
    };
    run().map_err(|e| failure(&e))
}

pub(crate) fn run(connection: &Connection, sql: &str, params: &[Param<'_>]) -> Result<u64, Failure> {
    let run = || {
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, params)?;
        statement.raw_execute()
    };
    run().map(|changed| changed as u64).map_err(|e| failure(&e))
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// SQLite numbers `$n` by first appearance, PostgreSQL by `n`; this binds by `n`.
fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Param<'_>]) -> rusqlite::Result<()> {
    let count = statement.parameter_count();
    if count != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), count));
    }
    for index in 1..=count {
        let number = statement.parameter_name(index).and_then(|name| name.strip_prefix('$')?.parse::<usize>().ok());
        let param = number.and_then(|n| params.get(n.checked_sub(1)?));
        match param.ok_or(rusqlite::Error::InvalidParameterCount(params.len(), index))? {
            Param::Null => statement.raw_bind_parameter(index, rusqlite::types::Null)?,
            Param::Int(value) => statement.raw_bind_parameter(index, value)?,
            Param::Text(value) => statement.raw_bind_parameter(index, value)?,
            Param::Bytes(value) => statement.raw_bind_parameter(index, value)?,
        }
    }
    Ok(())
}

fn own(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    match value {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(value) => Ok(Value::Int(value)),
        ValueRef::Text(value) => match std::str::from_utf8(value) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(e) => Err(rusqlite::Error::Utf8Error(column, e)),
        },
        ValueRef::Blob(value) => Ok(Value::Bytes(value.to_vec())),
        ValueRef::Real(_) => Err(rusqlite::Error::IntegralValueOutOfRange(column, 0)),
    }
}

/// Sorts an error of SQLite. Its messages name tables and columns, not values.
pub(crate) fn failure(error: &rusqlite::Error) -> Failure {
    let rusqlite::Error::SqliteFailure(cause, message) = error else {
        return Failure::Final(Error::Database(match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
            rusqlite::Error::InvalidParameterCount(given, wanted) => {
                format!("{given} parameters given, {wanted} wanted")
            }
            _ => "the statement and the row do not fit together".to_owned(),
        }));
    };
    let message = message.as_deref().unwrap_or_default();
    Failure::Final(match (cause.code, cause.extended_code) {
        (_, ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID) => {
            Error::Conflict { constraint: format!("{}_pkey", table(message)) }
        }
        (_, ffi::SQLITE_CONSTRAINT_UNIQUE) => {
            Error::Conflict { constraint: format!("{}_{}_key", table(message), columns(message)) }
        }
        (ErrorCode::ConstraintViolation | ErrorCode::Unknown | ErrorCode::TypeMismatch | ErrorCode::ReadOnly, code) => {
            Error::Database(format!("{message} (SQLite {code})"))
        }
        (_, code) => Error::Unavailable(format!("{} (SQLite {code})", ffi::code_to_str(code))),
    })
}

/// The table of `UNIQUE constraint failed: users.pool_id, users.username_key`.
fn table(message: &str) -> &str {
    message.rsplit_once(": ").and_then(|(_, keys)| keys.split_once('.')).map_or("", |(table, _)| table)
}

fn columns(message: &str) -> String {
    let keys = message.rsplit_once(": ").map_or("", |(_, keys)| keys);
    keys.split(", ").filter_map(|key| key.split_once('.')).map(|(_, column)| column).collect::<Vec<_>>().join("_")
}

fn opening(error: &rusqlite::Error) -> Error {
    Error::Unavailable(match error.sqlite_error() {
        Some(cause) => format!("the SQLite file cannot be opened: {}", ffi::code_to_str(cause.extended_code)),
        None => "the SQLite file cannot be opened".to_owned(),
    })
}

/// A panic of a closure is caught below every lock, so what a lock guards is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
