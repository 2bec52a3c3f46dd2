//! App clients: found by their id alone, because public operations name nothing else.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    pub pool_id: String,
    pub id: String,
    pub name: String,
    pub created_ms: i64,
    pub modified_ms: i64,
    pub doc: String,
}

debug_keys!(Client { pool_id, id });

pub fn insert(tx: &mut Tx<'_>, client: &Client) -> Result<(), Error> {
    tx.run(
        "INSERT INTO clients (pool_id, id, name, created_ms, modified_ms, doc) VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            (&client.pool_id).into(),
            (&client.id).into(),
            (&client.name).into(),
            client.created_ms.into(),
            client.modified_ms.into(),
            (&client.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<Client>, Error> {
    tx.one("SELECT pool_id, id, name, created_ms, modified_ms, doc FROM clients WHERE id = $1", &[id.into()])?
        .map(|row| client(&row))
        .transpose()
}

/// Replaces name, modified_ms and doc. False if there is no such client in the pool.
pub fn update(tx: &mut Tx<'_>, client: &Client) -> Result<bool, Error> {
    let changed = tx.run(
        "UPDATE clients SET name = $3, modified_ms = $4, doc = $5 WHERE pool_id = $1 AND id = $2",
        &[
            (&client.pool_id).into(),
            (&client.id).into(),
            (&client.name).into(),
            client.modified_ms.into(),
            (&client.doc).into(),
        ],
    )?;
    Ok(changed == 1)
}

/// Deletes the client and its secrets; sessions it began end with the client. False if there is no such client in the pool.
pub fn delete(tx: &mut Tx<'_>, pool: &str, id: &str) -> Result<bool, Error> {
    tx.run("DELETE FROM client_secrets WHERE pool_id = $1 AND client_id = $2", &[pool.into(), id.into()])?;
    Ok(tx.run("DELETE FROM clients WHERE pool_id = $1 AND id = $2", &[pool.into(), id.into()])? == 1)
}

/// The pool's clients with ids after `after` (`""` for the first page), in order of id.
pub fn list(tx: &mut Tx<'_>, pool: &str, after: &str, limit: i64) -> Result<Vec<Client>, Error> {
    tx.all(
        "SELECT pool_id, id, name, created_ms, modified_ms, doc FROM clients
         WHERE pool_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[pool.into(), after.into(), limit.into()],
    )?
    .iter()
    .map(client)
    .collect()
}

pub fn count(tx: &mut Tx<'_>, pool: &str) -> Result<i64, Error> {
    match tx.one("SELECT COUNT(*) FROM clients WHERE pool_id = $1", &[pool.into()])? {
        Some(row) => row.int(0),
        None => Ok(0),
    }
}

fn client(row: &Row) -> Result<Client, Error> {
    Ok(Client {
        pool_id: row.text(0)?,
        id: row.text(1)?,
        name: row.text(2)?,
        created_ms: row.int(3)?,
        modified_ms: row.int(4)?,
        doc: row.text(5)?,
    })
}
