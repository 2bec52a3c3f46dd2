//! What pools and clients do about risk. The configuration of a pool has the empty client id.

use crate::tx::debug_keys;
use crate::{Error, Tx};

#[derive(Clone, PartialEq, Eq)]
pub struct RiskConfiguration {
    pub pool_id: String,
    pub client_id: String,
    pub modified_ms: i64,
    pub doc: String,
}

debug_keys!(RiskConfiguration { pool_id, client_id });

/// Keeps the configuration in place of the one before.
pub fn put(tx: &mut Tx<'_>, configuration: &RiskConfiguration) -> Result<(), Error> {
    tx.run(
        "INSERT INTO risk_configurations (pool_id, client_id, modified_ms, doc) VALUES ($1, $2, $3, $4)
         ON CONFLICT (pool_id, client_id) DO UPDATE SET modified_ms = excluded.modified_ms, doc = excluded.doc",
        &[
            (&configuration.pool_id).into(),
            (&configuration.client_id).into(),
            configuration.modified_ms.into(),
            (&configuration.doc).into(),
        ],
    )
    .map(drop)
}

pub fn get(tx: &mut Tx<'_>, pool: &str, client: &str) -> Result<Option<RiskConfiguration>, Error> {
    tx.one(
        "SELECT pool_id, client_id, modified_ms, doc FROM risk_configurations WHERE pool_id = $1 AND client_id = $2",
        &[pool.into(), client.into()],
    )?
    .map(|row| {
        Ok(RiskConfiguration {
            pool_id: row.text(0)?,
            client_id: row.text(1)?,
            modified_ms: row.int(2)?,
            doc: row.text(3)?,
        })
    })
    .transpose()
}

/// False if there was none.
pub fn delete(tx: &mut Tx<'_>, pool: &str, client: &str) -> Result<bool, Error> {
    let changed =
        tx.run("DELETE FROM risk_configurations WHERE pool_id = $1 AND client_id = $2", &[pool.into(), client.into()])?;
    Ok(changed == 1)
}
