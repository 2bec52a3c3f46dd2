//! What ListUsers filters find: a row for each searchable attribute of a user, paged as ranges of an index.

use std::collections::BTreeSet;

use crate::users::{User, user};
use crate::{Error, Tx};

/// Values from `low` up to but without `high`, in byte order; no upper end for `None`.
#[derive(Clone, PartialEq, Eq)]
pub struct Range {
    pub(crate) low: Vec<u8>,
    pub(crate) high: Option<Vec<u8>>,
}

impl std::fmt::Debug for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Range { .. }")
    }
}

impl Range {
    /// Just `value`.
    pub fn exact(value: &[u8]) -> Self {
        Range { low: value.to_vec(), high: Some([value, &[0]].concat()) }
    }

    /// Everything that begins with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        // The first text after all with the prefix: the last byte that can grow, grown, and what follows it cut off.
        let high = prefix.iter().rposition(|byte| *byte < u8::MAX).map(|last| {
            let mut high = prefix[..=last].to_vec();
            high[last] += 1;
            high
        });
        Range { low: prefix.to_vec(), high }
    }
}

/// Makes `wanted` (attribute, value) the whole of what the user is found by, writing only what differs.
pub fn replace(tx: &mut Tx<'_>, pool: &str, id: &str, wanted: &[(&str, &[u8])]) -> Result<(), Error> {
    let present = tx
        .all("SELECT attribute, value FROM user_search WHERE pool_id = $1 AND user_id = $2", &[pool.into(), id.into()])?
        .iter()
        .map(|row| Ok((row.text(0)?, row.bytes(1)?)))
        .collect::<Result<BTreeSet<_>, Error>>()?;
    let wanted: BTreeSet<(String, Vec<u8>)> = wanted.iter().map(|(a, v)| ((*a).to_owned(), v.to_vec())).collect();
    for (attribute, value) in present.difference(&wanted) {
        tx.run(
            "DELETE FROM user_search WHERE pool_id = $1 AND attribute = $2 AND value = $3 AND user_id = $4",
            &[pool.into(), attribute.into(), value.into(), id.into()],
        )?;
    }
    for (attribute, value) in wanted.difference(&present) {
        add(tx, pool, id, attribute, value)?;
    }
    Ok(())
}

/// Lets a user who is not found by this yet be found by it.
pub fn add(tx: &mut Tx<'_>, pool: &str, id: &str, attribute: &str, value: &[u8]) -> Result<(), Error> {
    tx.run(
        "INSERT INTO user_search (pool_id, attribute, value, user_id) VALUES ($1, $2, $3, $4)",
        &[pool.into(), attribute.into(), value.into(), id.into()],
    )
    .map(drop)
}

/// Where a page ended: the value and user id of its last row.
pub type Position = (Vec<u8>, String);

/// Users whose attribute lies in `range`, after `after`, in order of (value, user id), each with its position.
pub fn page(
    tx: &mut Tx<'_>,
    pool: &str,
    attribute: &str,
    range: &Range,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>, Error> {
    // No id is empty, so (low, "") is before every row of the range.
    let start = (range.low.as_slice(), "");
    let (value, id) = after.map_or(start, |(value, id)| start.max((value, id)));
    match &range.high {
        Some(high) => {
            tx.all(UNTIL, &[pool.into(), attribute.into(), value.into(), id.into(), high.into(), limit.into()])?
        }
        None => tx.all(ONWARDS, &[pool.into(), attribute.into(), value.into(), id.into(), limit.into()])?,
    }
    .iter()
    .map(|row| {
        let user = user(row)?;
        let position = (row.bytes(12)?, user.id.clone());
        Ok((user, position))
    })
    .collect()
}

const UNTIL: &str =
    "SELECT u.pool_id, u.id, u.username, u.username_key, u.status, u.enabled, u.created_ms, u.modified_ms,
        u.doc, u.credential, u.signed_out_ms, u.version, s.value
    FROM user_search s JOIN users u ON u.pool_id = s.pool_id AND u.id = s.user_id
    WHERE s.pool_id = $1 AND s.attribute = $2 AND (s.value, s.user_id) > ($3, $4) AND s.value < $5
    ORDER BY s.value, s.user_id LIMIT $6";

const ONWARDS: &str =
    "SELECT u.pool_id, u.id, u.username, u.username_key, u.status, u.enabled, u.created_ms, u.modified_ms,
        u.doc, u.credential, u.signed_out_ms, u.version, s.value
    FROM user_search s JOIN users u ON u.pool_id = s.pool_id AND u.id = s.user_id
    WHERE s.pool_id = $1 AND s.attribute = $2 AND (s.value, s.user_id) > ($3, $4)
    ORDER BY s.value, s.user_id LIMIT $5";
