//! Facts about the whole installation: the master key's check value, the secret behind made-up users.

use crate::{Error, Tx};

pub fn get(tx: &mut Tx<'_>, key: &str) -> Result<Option<Vec<u8>>, Error> {
    tx.one("SELECT value FROM meta WHERE key = $1", &[key.into()])?.map(|row| row.bytes(0)).transpose()
}

/// Keeps `value` unless the key has one, and answers what is kept: of nodes that race, all get the same.
pub fn put_if_absent(tx: &mut Tx<'_>, key: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
    tx.run("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", &[key.into(), value.into()])?;
    get(tx, key)?.ok_or_else(|| Error::Database("meta lost a row inside a transaction".to_owned()))
}
