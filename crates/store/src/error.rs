//! What can go wrong below the seam, in words that never contain a stored or bound value.

use std::fmt;

/// A failure of the store. Its text names columns, constraints and SQLSTATEs, never the values of parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The database cannot be reached, is full, or went away; a write that got this answer may or may not have happened
    /// when the connection was lost during its COMMIT.
    Unavailable(String),
    /// A unique or primary key was violated. `constraint` is PostgreSQL's default name on both databases:
    /// `{table}_pkey` or `{table}_{columns}_key`.
    Conflict { constraint: String },
    /// Other transactions kept winning until the attempts were used up.
    TooContended,
    /// The schema cannot be brought to this binary's version.
    Migration(String),
    /// A statement is wrong, a column holds another type than asked for, or a closure panicked: a bug.
    Database(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unavailable(why) => write!(f, "the database is unavailable: {why}"),
            Error::Conflict { constraint } => write!(f, "a row with the same key exists ({constraint})"),
            Error::TooContended => f.write_str("too many transactions wanted the same rows"),
            Error::Migration(why) => write!(f, "the schema cannot be migrated: {why}"),
            Error::Database(why) => write!(f, "the database refused: {why}"),
        }
    }
}

impl std::error::Error for Error {}
