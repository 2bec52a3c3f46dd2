//! Brings a database's schema to the binary's version, once, whoever else is trying.

use crate::{Error, Kind, Tx};

/// Every migration in order; a file's number is its version. A released file never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "0001_init", include_str!("../migrations/0001_init.sql")),
    (2, "0002_factors", include_str!("../migrations/0002_factors.sql")),
];

/// An arbitrary number that names the migration lock among the advisory locks of the database.
const LOCK: &str = "SELECT 1 FROM pg_advisory_xact_lock(7166213094)";

/// Applies what is missing and answers its names.
pub(crate) fn run(tx: &mut Tx<'_>, kind: Kind) -> Result<Vec<String>, Error> {
    if kind == Kind::Postgres {
        tx.all(LOCK, &[])?;
    }
    tx.batch("CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL)")?;
    let present = match tx.one("SELECT MAX(version) FROM schema_migrations", &[])? {
        Some(row) => row.opt_int(0)?.unwrap_or(0),
        None => 0,
    };
    let newest = MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0);
    if present > newest {
        return Err(Error::Migration(format!(
            "the database is at version {present}, this binary knows {newest}: run a newer binary"
        )));
    }
    let mut applied = Vec::new();
    for (version, name, sql) in MIGRATIONS.iter().filter(|(version, ..)| *version > present) {
        match kind {
            Kind::Sqlite => tx.batch(sql)?,
            Kind::Postgres => tx.batch(&for_postgres(sql))?,
        }
        tx.run("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", &[(*version).into(), (*name).into()])?;
        applied.push((*name).to_owned());
    }
    Ok(applied)
}

/// The names of the migrations that [`run`] would apply; changes nothing.
pub(crate) fn pending(tx: &mut Tx<'_>, kind: Kind) -> Result<Vec<String>, Error> {
    let present = match kind {
        Kind::Sqlite => tx.one("SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations'", &[])?,
        Kind::Postgres => tx.one("SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL", &[])?,
    };
    let present = match present {
        Some(_) => tx.one("SELECT MAX(version) FROM schema_migrations", &[])?,
        None => None,
    };
    let present = present.map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(0);
    Ok(MIGRATIONS.iter().filter(|(version, ..)| *version > present).map(|(_, name, _)| (*name).to_owned()).collect())
}

/// Texts compare by their bytes, as in SQLite, whatever the locale of the database (and of the next glibc).
fn for_postgres(sql: &str) -> String {
    sql.replace(" TEXT", " TEXT COLLATE \"C\"")
}
