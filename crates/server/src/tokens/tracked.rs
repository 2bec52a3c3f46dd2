//! Sessions that users and administrators see and end one by one, where the pool tracks them.

use std::net::IpAddr;
use std::sync::Arc;

use cognate_crypto::seal::Kind;
use cognate_shapes::Timestamp;
use cognate_shapes::enums::{SessionType, UserSessionTracking};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{
    ClientId, SessionDevice, SessionId, SessionIpAddress, SessionLocationCity, SessionLocationCountry,
};
use cognate_shapes::session::{SessionDescription, SessionLocation};
use cognate_store::{Tx, sessions};
use serde::{Deserialize, Serialize};

use super::session::{Session, is_revoked};
use crate::accounts::user::User;
use crate::context::Context;
use crate::directory::Pool;
use crate::threat;
use crate::visit::Visit;

/// Sessions a user may have where the pool never said.
pub const MOST: i64 = 20;

/// What is told of what nobody knows.
const UNKNOWN: &str = "unknown";

/// Letters and digits that the ids of tracked sessions are spelled with.
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Letters and digits after `tkn`.
const ID_DIGITS: usize = 25;

/// The last use of a session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    pub at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// Addresses are personal data.
impl std::fmt::Debug for LastUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastUse").field("at_ms", &self.at_ms).finish_non_exhaustive()
    }
}

impl LastUse {
    /// A use that this request makes of a session that was used by `before`.
    pub fn of(visit: &Visit, now_ms: i64, before: Option<Self>) -> Self {
        let (program, address) = before.map(|before| (before.program, before.address)).unwrap_or_default();
        let named = visit.user_agent.as_deref().and_then(threat::program);
        Self { at_ms: now_ms, program: named.or(program), address: visit.address.or(address) }
    }
}

/// Whether users of the pool see their sessions.
pub fn is_on(pool: &Pool) -> bool {
    pool.further.user_session_tracking == Some(UserSessionTracking::Enabled)
}

/// Refuses what needs tracking where it is off.
pub fn require(pool: &Pool) -> Result<()> {
    if is_on(pool) { Ok(()) } else { Err(Error::sessions_not_tracked()) }
}

/// How many sessions a user may have.
pub fn most(pool: &Pool) -> i64 {
    pool.further.token_session.as_ref().map_or(MOST, |session| session.max_per_user.0)
}

/// The id that callers know a session by. It leads nobody to the session's `origin_jti`.
pub fn id(cx: &Context, row: &sessions::Session) -> String {
    let digest = cx.seals.keyed_hash(Kind::Session, format!("tracked {}/{}", row.user_id, row.id).as_bytes());
    let digits = digest.iter().take(ID_DIGITS).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
    "tkn".chars().chain(digits).collect()
}

/// The user's live sessions with ids after `after`, in order of sign-in.
pub fn live(
    tx: &mut Tx<'_>,
    pool: &Pool,
    user: &User,
    after: &str,
    limit: i64,
    now_ms: i64,
) -> Result<Vec<sessions::Session>> {
    let mut rows = sessions::live_of_user(tx, &pool.id, &user.id, after, limit, now_ms)?;
    rows.retain(|row| !is_revoked(row, user));
    Ok(rows)
}

/// Makes room for one more session: those used longest ago end.
pub fn evict(tx: &mut Tx<'_>, pool: &Pool, user: &User, now_ms: i64) -> Result<()> {
    let mut rows = live(tx, pool, user, "", i64::MAX, now_ms)?;
    let surplus = rows.len() as i64 + 1 - most(pool);
    rows.sort_by_cached_key(|row| (last_active_ms(row), row.id.clone()));
    for row in rows.iter().take(usize::try_from(surplus).unwrap_or(0)) {
        end(tx, row, now_ms)?;
    }
    Ok(())
}

/// Ends a session with every token that came from it.
pub fn end(tx: &mut Tx<'_>, row: &sessions::Session, now_ms: i64) -> Result<()> {
    let key = sessions::Key { pool: &row.pool_id, user: &row.user_id, id: &row.id };
    Ok(sessions::revoke(tx, key, now_ms).map(drop)?)
}

/// Notes that a session was used, where the pool tracks sessions; elsewhere nothing is written.
pub async fn note(cx: &Context, pool: &Arc<Pool>, row: &sessions::Session, visit: &Visit) -> Result<()> {
    if !is_on(pool) {
        return Ok(());
    }
    let mut session = Session::from_row(row)?;
    session.last_use = Some(LastUse::of(visit, cx.clock.now_ms(), session.last_use.take()));
    let (row, doc) = (row.clone(), session.doc()?);
    cx.store
        .write(move |tx| {
            let key = sessions::Key { pool: &row.pool_id, user: &row.user_id, id: &row.id };
            Ok::<_, Error>(sessions::annotate(tx, key, &doc)?)
        })
        .await
}

/// The session as users see it.
pub fn wire(cx: &Context, row: &sessions::Session, current: bool) -> Result<SessionDescription> {
    let session = Session::from_row(row)?;
    let used = session.last_use;
    let address = used.as_ref().and_then(|used| used.address);
    let place = cx.threat.place_of(address);
    let program = used.as_ref().and_then(|used| used.program.clone()).unwrap_or_else(|| UNKNOWN.to_owned());
    Ok(SessionDescription {
        session_id: Some(SessionId::trusted(id(cx, row))),
        session_type: Some(SessionType::Token),
        client_id: Some(ClientId::trusted(&*row.client_id)),
        create_date: Some(Timestamp(row.created_ms)),
        last_active_date: Some(Timestamp(used.map_or(row.created_ms, |used| used.at_ms))),
        device_type: Some(SessionDevice::trusted(program)),
        last_ip_address: address.map(|address| SessionIpAddress::trusted(address.to_string())),
        last_location: Some(SessionLocation {
            city: place.city.map(SessionLocationCity::trusted),
            country: Some(SessionLocationCountry::trusted(place.country.unwrap_or_else(|| UNKNOWN.to_owned()))),
        }),
        origin_session_id: None,
        is_current_session: Some(current),
    })
}

fn last_active_ms(row: &sessions::Session) -> i64 {
    let used = Session::from_row(row).ok().and_then(|session| session.last_use);
    used.map_or(row.created_ms, |used| used.at_ms)
}
