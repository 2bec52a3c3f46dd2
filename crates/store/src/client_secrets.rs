//! The sealed secrets of app clients; a client may have two while one is replaced.

use crate::tx::debug_keys;
use crate::{Error, Row, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret {
    pub pool_id: String,
    pub client_id: String,
    pub id: String,
    pub created_ms: i64,
    pub sealed: Vec<u8>,
}

debug_keys!(ClientSecret { pool_id, client_id, id });

pub fn insert(tx: &mut Tx<'_>, secret: &ClientSecret) -> Result<(), Error> {
    tx.run(
        "INSERT INTO client_secrets (pool_id, client_id, id, created_ms, sealed) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&secret.pool_id).into(),
            (&secret.client_id).into(),
            (&secret.id).into(),
            secret.created_ms.into(),
            (&secret.sealed).into(),
        ],
    )
    .map(drop)
}

/// The client's secrets, in order of id.
pub fn list(tx: &mut Tx<'_>, pool: &str, client: &str) -> Result<Vec<ClientSecret>, Error> {
    tx.all(
        "SELECT pool_id, client_id, id, created_ms, sealed FROM client_secrets
         WHERE pool_id = $1 AND client_id = $2 ORDER BY id",
        &[pool.into(), client.into()],
    )?
    .iter()
    .map(secret)
    .collect()
}

/// False if the client has no such secret.
pub fn delete(tx: &mut Tx<'_>, pool: &str, client: &str, id: &str) -> Result<bool, Error> {
    let changed = tx.run(
        "DELETE FROM client_secrets WHERE pool_id = $1 AND client_id = $2 AND id = $3",
        &[pool.into(), client.into(), id.into()],
    )?;
    Ok(changed == 1)
}

fn secret(row: &Row) -> Result<ClientSecret, Error> {
    Ok(ClientSecret {
        pool_id: row.text(0)?,
        client_id: row.text(1)?,
        id: row.text(2)?,
        created_ms: row.int(3)?,
        sealed: row.bytes(4)?,
    })
}
