//! PostgreSQL: worker threads that each own a connection, retry what lost a race, and reconnect what went away.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::future::{Future, poll_fn};
use std::hash::{BuildHasher, Hasher};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::BytesMut;
use tokio::runtime::Runtime;
use tokio::sync::{Mutex as AsyncMutex, Notify, broadcast};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Statement};

use crate::Error;
use crate::job::{Access, Job, Queue};
use crate::store::{MISSED, Options};
use crate::tx::{self, Failure, Param, Row, Tx, Value};

/// The longest that one answer of the server is waited for; the server itself gives up on a statement sooner.
const STATEMENT_PATIENCE: Duration = Duration::from_secs(35);
/// The first pause after a lost race, doubled at each further one, and its bound. Each pause is a random part of it.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);
/// How often a write is tried beside the others of this node, before it runs alone among them. Inserts into the same few
/// pages of an index, as a new pool has, make one another lose again and again, and some would never get through.
const TRIES_BESIDE_OTHERS: u32 = 3;
/// How long the listening connection waits before it tries again.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// Sequential scans are discouraged because on a small table they would take a predicate lock on all of it, and every
/// other writer of the table would lose a race that never was.
const SET_UP: &str = "SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '60s';
    SET enable_seqscan = off;
    SET client_min_messages = 'warning'";

/// What the store keeps of the driver.
pub(crate) struct Postgres {
    config: Config,
    listening: OnceLock<()>,
    closing: Arc<Notify>,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres").field("listening", &self.listening).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Parses the URL and starts the workers, which connect when they first have work.
    pub(crate) fn open(url: &str, options: &Options, queue: Queue) -> Result<(Postgres, Vec<JoinHandle<()>>), Error> {
        // The parser's own message may quote the URL, which holds the password.
        let mut config: Config =
            url.parse().map_err(|_| Error::Unavailable("the postgres:// URL cannot be understood".to_owned()))?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(Error::Unavailable(
                "sslmode=require is not supported: use a local socket, a private network or a TLS tunnel".to_owned(),
            ));
        }
        config.application_name("cognate").connect_timeout(options.patience).keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(STATEMENT_PATIENCE);
        let queue = Arc::new(AsyncMutex::new(queue));
        let alone = Arc::new(RwLock::new(()));
        let mut threads = Vec::new();
        for number in 0..options.pg_connections.max(1) {
            let (config, options, queue, alone) =
                (config.clone(), options.clone(), Arc::clone(&queue), Arc::clone(&alone));
            let thread = std::thread::Builder::new()
                .name(format!("postgres-{number}"))
                .spawn(move || match runtime() {
                    Ok(runtime) => {
                        Worker { runtime: Rc::new(runtime), config, options, alone, session: None }.serve(&queue);
                    }
                    Err(error) => tracing::error!(%error, "a database thread cannot start"),
                })
                .map_err(|e| Error::Unavailable(format!("a database thread cannot start: {e}")))?;
            threads.push(thread);
        }
        Ok((Postgres { config, listening: OnceLock::new(), closing: Arc::new(Notify::new()) }, threads))
    }

    /// Starts the listening connection unless there is one.
    pub(crate) fn listen(&self, messages: &broadcast::Sender<String>) {
        self.listening.get_or_init(|| {
            let (config, messages, closing) = (self.config.clone(), messages.clone(), Arc::clone(&self.closing));
            let spawned =
                std::thread::Builder::new().name("postgres-listen".to_owned()).spawn(move || match runtime() {
                    Ok(runtime) => runtime.block_on(async {
                        tokio::select! {
                            () = listen(&config, &messages) => {}
                            () = closing.notified() => {}
                        }
                    }),
                    Err(error) => tracing::error!(%error, "the listening thread cannot start"),
                });
            if let Err(error) = spawned {
                tracing::error!(%error, "the listening thread cannot start");
            }
        });
    }

    /// Ends the listening connection.
    pub(crate) fn hang_up(&self) {
        self.closing.notify_one();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.hang_up();
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// Passes notifications on for ever, across reconnections.
async fn listen(config: &Config, messages: &broadcast::Sender<String>) {
    loop {
        if let Err(error) = listen_once(config, messages).await {
            tracing::warn!(error = %failure(&error).error(), "listening for other nodes was interrupted");
        }
        // Nobody may be listening.
        let _ = messages.send(MISSED.to_owned());
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

async fn listen_once(config: &Config, messages: &broadcast::Sender<String>) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let mut listen = pin!(client.batch_execute("LISTEN cognate"));
    let mut listening = false;
    loop {
        let message = poll_fn(|cx| {
            if !listening && let Poll::Ready(result) = listen.as_mut().poll(cx) {
                listening = true;
                if let Err(error) = result {
                    return Poll::Ready(Some(Err(error)));
                }
                // What was published before this moment was not heard.
                let _ = messages.send(MISSED.to_owned());
            }
            connection.poll_message(cx)
        });
        match message.await {
            Some(Ok(AsyncMessage::Notification(notification))) => {
                let _ = messages.send(notification.payload().to_owned());
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    }
}

struct Worker {
    runtime: Rc<Runtime>,
    config: Config,
    options: Options,
    /// Shared by the writes of all workers, but for one that lost too often: it has it alone.
    alone: Arc<RwLock<()>>,
    session: Option<Session>,
}

impl Worker {
    fn serve(mut self, queue: &AsyncMutex<Queue>) {
        let runtime = Rc::clone(&self.runtime);
        // The wait drives the connection, so that what ended the last transaction is sent.
        while let Some(job) = runtime.block_on(async { queue.lock().await.recv().await }) {
            self.run(job);
        }
        if let Some(session) = self.session.take() {
            session.close();
        }
    }

    fn run(&mut self, mut job: Box<dyn Job>) {
        let alone = Arc::clone(&self.alone);
        let mut pause = FIRST_PAUSE;
        for tries in 1..=self.options.pg_attempts.max(1) {
            let failure = if job.access() == Access::Read {
                self.attempt(job.as_mut())
            } else if tries <= TRIES_BESIDE_OTHERS {
                let _beside_others = alone.read().unwrap_or_else(PoisonError::into_inner);
                self.attempt(job.as_mut())
            } else {
                let _alone = alone.write().unwrap_or_else(PoisonError::into_inner);
                self.attempt(job.as_mut())
            };
            match failure {
                None => break,
                Some(Failure::Contended) => {
                    job.fail(Error::TooContended);
                    std::thread::sleep(part_of(pause));
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                // Nothing was committed, so a fresh connection may try again; an absent server answers below.
                Some(again) => job.fail(again.error()),
            }
        }
        job.answer();
    }

    /// Runs the job once. Answers why it should be run again, or `None` when its result stands.
    fn attempt(&mut self, job: &mut dyn Job) -> Option<Failure> {
        if self.session.as_ref().is_none_or(|session| session.client.is_closed()) {
            match Session::connect(&self.runtime, &self.config) {
                Ok(session) => self.session = Some(session),
                Err(failure) => {
                    job.fail(failure.error());
                    return None;
                }
            }
        }
        let session = self.session.as_mut()?;
        let failure = session.transact(job, self.options.rehearse);
        if session.broken {
            self.session = None;
        }
        failure
    }
}

/// A random part of `pause`, at least a quarter.
fn part_of(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 768;
    pause * (256 + random as u32) / 1024
}

/// A connection and what is prepared on it.
pub(crate) struct Session {
    runtime: Rc<Runtime>,
    client: Client,
    statements: HashMap<&'static str, Statement>,
    /// The BEGIN that travels with the first statement.
    begin: Option<&'static str>,
    broken: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Session {
    fn connect(runtime: &Rc<Runtime>, config: &Config) -> Result<Session, Failure> {
        let connected = runtime.block_on(async {
            let (client, connection) = config.connect(NoTls).await?;
            // Its error also reaches whoever waits for an answer.
            tokio::spawn(async move { connection.await.ok() });
            client.batch_execute(SET_UP).await?;
            Ok::<_, tokio_postgres::Error>(client)
        });
        let client = connected.map_err(|e| failure(&e))?;
        Ok(Session { runtime: Rc::clone(runtime), client, statements: HashMap::new(), begin: None, broken: false })
    }

    fn transact(&mut self, job: &mut dyn Job, rehearse: bool) -> Option<Failure> {
        let access = job.access();
        self.begin = Some(match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write => "BEGIN ISOLATION LEVEL SERIALIZABLE",
            Access::Migrate => "BEGIN ISOLATION LEVEL READ COMMITTED",
        });
        let mut tx = Tx::new(tx::Connection::Postgres(self));
        let mut keep = false;
        let rehearsed = if rehearse && access == Access::Write {
            tx.batch("SAVEPOINT rehearsal").and_then(|()| {
                job.call(&mut tx);
                tx.again();
                tx.batch("ROLLBACK TO SAVEPOINT rehearsal")
            })
        } else {
            Ok(())
        };
        match rehearsed {
            Ok(()) => keep = job.call(&mut tx),
            Err(error) => job.fail(error),
        }
        let failure = tx.failure.take();
        self.finish(job, access, keep, failure)
    }

    fn finish(&mut self, job: &mut dyn Job, access: Access, keep: bool, failure: Option<Failure>) -> Option<Failure> {
        let begun = self.begin.take().is_none();
        if matches!(failure, Some(Failure::Lost(_))) {
            self.broken = true;
            return failure;
        }
        if !keep || access == Access::Read {
            if begun {
                self.send("ROLLBACK");
            }
            return failure.filter(|failure| matches!(failure, Failure::Contended));
        }
        if !begun {
            return None;
        }
        match self.batch("COMMIT") {
            Ok(()) => None,
            Err(Failure::Contended) => Some(Failure::Contended),
            // The COMMIT may have arrived, so running again might do the work twice.
            Err(Failure::Lost(why)) => {
                self.broken = true;
                job.fail(Error::Unavailable(format!("{why} during COMMIT, its outcome is unknown")));
                None
            }
            Err(Failure::Final(error)) => {
                job.fail(error);
                None
            }
        }
    }

    pub(crate) fn all(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let statement = self.prepare(sql)?;
        let begin = self.begin.take();
        let client = &self.client;
        let rows = wait(&self.runtime, client, begin, client.query(&statement, &bound(params)))?;
        rows.iter().map(own).collect()
    }

    pub(crate) fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Failure> {
        let statement = self.prepare(sql)?;
        let begin = self.begin.take();
        let client = &self.client;
        wait(&self.runtime, client, begin, client.execute(&statement, &bound(params)))
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        let begin = self.begin.take();
        wait(&self.runtime, &self.client, begin, self.client.batch_execute(sql))
    }

    fn prepare(&mut self, sql: &'static str) -> Result<Statement, Failure> {
        match self.statements.entry(sql) {
            Entry::Occupied(entry) => Ok(entry.get().clone()),
            Entry::Vacant(entry) => {
                let statement = wait(&self.runtime, &self.client, None, self.client.prepare(sql))?;
                Ok(entry.insert(statement).clone())
            }
        }
    }

    /// Sends a statement whose answer nobody needs: the end of a transaction that keeps nothing.
    fn send(&self, sql: &str) {
        self.runtime.block_on(async {
            let mut sending = pin!(self.client.batch_execute(sql));
            // The first poll hands the message to the connection, which reads its answer away.
            poll_fn(|cx| {
                let _ = sending.as_mut().poll(cx);
                Poll::Ready(())
            })
            .await;
        });
    }

    fn close(self) {
        let Session { runtime, client, .. } = self;
        drop(client);
        // Lets the connection say goodbye.
        runtime.block_on(tokio::task::yield_now());
    }
}

/// Waits for an answer. `begin` is sent ahead of it without waiting in between.
fn wait<T>(
    runtime: &Runtime,
    client: &Client,
    begin: Option<&'static str>,
    answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, Failure> {
    let both = async {
        match begin {
            None => answer.await,
            Some(begin) => {
                let (begun, answered) = tokio::join!(biased; client.batch_execute(begin), answer);
                begun?;
                answered
            }
        }
    };
    match runtime.block_on(async { tokio::time::timeout(STATEMENT_PATIENCE, both).await }) {
        Ok(answered) => answered.map_err(|e| failure(&e)),
        Err(_) => Err(Failure::Lost("the server did not answer in time".to_owned())),
    }
}

fn bound<'a>(params: &'a [Param<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Param<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match (self, ty) {
            (Param::Null, _) => Ok(IsNull::Yes),
            (Param::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Param::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Param::Text(value), &Type::TEXT | &Type::VARCHAR) => value.to_sql(ty, out),
            (Param::Bytes(value), &Type::BYTEA) => value.to_sql(ty, out),
            _ => Err(format!("a parameter is not of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn own(row: &tokio_postgres::Row) -> Result<Row, Failure> {
    let value = |(index, column): (usize, &tokio_postgres::Column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map_or(Value::Null, Value::Int),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(index)?.map_or(Value::Null, |value| Value::Int(i64::from(value)))
            }
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, Value::Bytes),
            _ => row.try_get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
        })
    };
    let values = row.columns().iter().enumerate().map(value).collect::<Result<_, tokio_postgres::Error>>();
    values.map(Row::new).map_err(|e| failure(&e))
}

/// Sorts an error of the driver or the server.
fn failure(error: &tokio_postgres::Error) -> Failure {
    let Some(refusal) = error.as_db_error() else {
        // Without an answer of the server: either the connection, or a parameter or column of another type.
        return if error.is_closed()
            || std::error::Error::source(error).is_some_and(<dyn std::error::Error + 'static>::is::<std::io::Error>)
        {
            Failure::Lost("the connection was lost".to_owned())
        } else {
            let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            Failure::Final(Error::Database(format!("{error}: {cause}")))
        };
    };
    match refusal.code() {
        &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Failure::Contended,
        &SqlState::UNIQUE_VIOLATION => {
            Failure::Final(Error::Conflict { constraint: refusal.constraint().unwrap_or_default().to_owned() })
        }
        code => match &code.code()[..2] {
            // Connection exceptions, and a server that is shutting down or was told to end this session.
            "08" | "57" if code != &SqlState::QUERY_CANCELED => Failure::Lost(words(refusal)),
            // Resources exhausted, a lock not had in time, wrong password, no such database, read-only standby.
            "53" | "55" | "57" | "58" | "28" | "3D" => Failure::Final(Error::Unavailable(words(refusal))),
            _ => Failure::Final(Error::Database(words(refusal))),
        },
    }
}

/// The server's words where they cannot quote a value (syntax and access rules), otherwise its code and place.
fn words(refusal: &DbError) -> String {
    let code = refusal.code().code();
    match (&code[..2], refusal.constraint()) {
        ("08" | "28" | "3D" | "42" | "53" | "55" | "57", _) => format!("{} (SQLSTATE {code})", refusal.message()),
        (_, Some(constraint)) => format!("SQLSTATE {code}, constraint {constraint}"),
        _ => format!("SQLSTATE {code}, routine {}", refusal.routine().unwrap_or("unknown")),
    }
}
