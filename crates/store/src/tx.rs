//! A transaction as a closure sees it: statements with `$n` parameters, rows with typed getters, messages to other nodes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Error;
use crate::postgres::Session;

/// A running transaction.
///
/// The first statement that fails spoils the transaction: later statements answer the same error, and the transaction
/// rolls back even when the closure answers `Ok`. PostgreSQL does so of itself; SQLite is held to the same. Code that wants
/// to continue after a duplicate uses `ON CONFLICT DO NOTHING RETURNING`.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: Connection<'a>,
    pub(crate) failure: Option<Failure>,
    pub(crate) published: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Connection<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut Session),
}

/// Why a transaction is spoilt, and whether running it again may help.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Another transaction won (SQLSTATE 40001, 40P01).
    Contended,
    /// The connection is gone; nothing was committed.
    Lost(String),
    Final(Error),
}

impl Failure {
    pub(crate) fn error(&self) -> Error {
        match self {
            Failure::Contended => Error::TooContended,
            Failure::Lost(why) => Error::Unavailable(why.clone()),
            Failure::Final(error) => error.clone(),
        }
    }
}

/// PostgreSQL takes notifications of less than 8,000 bytes.
const LONGEST_MESSAGE: usize = 7_999;

impl<'a> Tx<'a> {
    pub(crate) fn new(connection: Connection<'a>) -> Self {
        Tx { connection, failure: None, published: Vec::new() }
    }

    /// The first row that the statement answers, if any. The statement runs to its end.
    pub fn one(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Option<Row>, Error> {
        Ok(self.all(sql, params)?.into_iter().next())
    }

    /// Every row that the statement answers.
    pub fn all(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        self.attempt(params, |connection| match connection {
            Connection::Sqlite(connection) => crate::sqlite::all(connection, sql, params),
            Connection::Postgres(session) => session.all(sql, params),
        })
    }

    /// Runs a statement that answers no rows, and answers how many it changed.
    ///
    /// Answers [`Error::Conflict`] for a duplicate key; the transaction is spoilt from there on.
    pub fn run(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        self.attempt(params, |connection| match connection {
            Connection::Sqlite(connection) => crate::sqlite::run(connection, sql, params),
            Connection::Postgres(session) => session.run(sql, params),
        })
    }

    /// Sends `message` (under 8,000 bytes, not empty) to every subscriber on every node once the transaction is committed.
    pub fn publish(&mut self, message: String) -> Result<(), Error> {
        if message.is_empty() || message.len() > LONGEST_MESSAGE {
            return Err(self.spoil(Failure::Final(Error::Database("a message has 1 to 7,999 bytes".to_owned()))));
        }
        if matches!(self.connection, Connection::Postgres(_)) {
            self.all("SELECT 1 FROM pg_notify('cognate', $1)", &[message.as_str().into()])?;
        } else {
            self.published.push(message);
        }
        Ok(())
    }

    /// Runs statements of this crate that take no parameters and are not worth keeping prepared.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.attempt(&[], |connection| match connection {
            Connection::Sqlite(connection) => connection.execute_batch(sql).map_err(|e| crate::sqlite::failure(&e)),
            Connection::Postgres(session) => session.batch(sql),
        })
    }

    /// Forgets what a rehearsal left behind, except that another transaction won or the connection is gone.
    pub(crate) fn again(&mut self) {
        self.published.clear();
        if matches!(self.failure, Some(Failure::Final(_))) {
            self.failure = None;
        }
    }

    fn attempt<T>(
        &mut self,
        params: &[Param<'_>],
        statement: impl FnOnce(&mut Connection<'a>) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        if let Some(failure) = &self.failure {
            return Err(failure.error());
        }
        // PostgreSQL's text cannot hold NUL, SQLite's can.
        if params.iter().any(|p| matches!(p, Param::Text(text) if text.as_bytes().contains(&0))) {
            return Err(self.spoil(Failure::Final(Error::Database("a text parameter contains NUL".to_owned()))));
        }
        statement(&mut self.connection).map_err(|failure| self.spoil(failure))
    }

    fn spoil(&mut self, failure: Failure) -> Error {
        let error = failure.error();
        self.failure.get_or_insert(failure);
        error
    }
}

/// Runs a closure once. An `Ok` of a spoilt transaction becomes the error that spoilt it, a panic becomes an error.
pub(crate) fn call<T, E, F>(closure: &F, tx: &mut Tx<'_>) -> Result<T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E>,
    E: From<Error>,
{
    match catch_unwind(AssertUnwindSafe(|| closure(tx))) {
        Ok(Ok(value)) => match &tx.failure {
            None => Ok(value),
            Some(failure) => Err(failure.error().into()),
        },
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Database("the closure of a transaction panicked".to_owned()).into()),
    }
}

/// A value bound to `$n`.
#[derive(Clone, Copy)]
pub enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl std::fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Param::Null => "Null",
            Param::Int(_) => "Int(..)",
            Param::Text(_) => "Text(..)",
            Param::Bytes(_) => "Bytes(..)",
        })
    }
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Param::Int(value)
    }
}

impl From<bool> for Param<'_> {
    fn from(value: bool) -> Self {
        Param::Int(i64::from(value))
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Param::Text(value)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(value: &'a String) -> Self {
        Param::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Param::Bytes(value)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Param<'a> {
    fn from(value: &'a [u8; N]) -> Self {
        Param::Bytes(value)
    }
}

impl<'a> From<&'a Vec<u8>> for Param<'a> {
    fn from(value: &'a Vec<u8>) -> Self {
        Param::Bytes(value)
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Param::Null, Into::into)
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// An answered row; columns count from zero. A getter of another type than the column's answers [`Error::Database`].
pub struct Row {
    values: Vec<Value>,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("columns", &self.values.len()).finish_non_exhaustive()
    }
}

impl Row {
    pub(crate) fn new(values: Vec<Value>) -> Self {
        Row { values }
    }

    pub fn int(&self, column: usize) -> Result<i64, Error> {
        self.opt_int(column)?.ok_or_else(|| mistyped(column, "an integer"))
    }

    pub fn bool(&self, column: usize) -> Result<bool, Error> {
        Ok(self.int(column)? != 0)
    }

    pub fn text(&self, column: usize) -> Result<String, Error> {
        self.opt_text(column)?.ok_or_else(|| mistyped(column, "a text"))
    }

    pub fn bytes(&self, column: usize) -> Result<Vec<u8>, Error> {
        self.opt_bytes(column)?.ok_or_else(|| mistyped(column, "bytes"))
    }

    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.values.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(mistyped(column, "an integer")),
        }
    }

    pub fn opt_text(&self, column: usize) -> Result<Option<String>, Error> {
        match self.values.get(column) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(mistyped(column, "a text")),
        }
    }

    pub fn opt_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, Error> {
        match self.values.get(column) {
            Some(Value::Bytes(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(mistyped(column, "bytes")),
        }
    }
}

fn mistyped(column: usize, wanted: &str) -> Error {
    Error::Database(format!("column {column} is not {wanted}"))
}

/// Gives row types a `Debug` that shows only the named key columns, because the others hold secrets and personal data.
macro_rules! debug_keys {
    ($type:ident { $($key:ident),+ }) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))$(.field(stringify!($key), &self.$key))+.finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use debug_keys;
