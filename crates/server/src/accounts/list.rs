//! Pages of users: all of a pool, those a filter finds, those in a group. A page costs the same in a pool of any size.

use cognate_shapes::error::Result;
use cognate_store::user_search::{self, Range};
use cognate_store::{Tx, memberships, users};
use serde::{Deserialize, Serialize};

use super::filter::{Comparison, Filter, Searchable};
use super::groups::Group;
use super::names::fold;
use super::user::{self, User};
use crate::directory::Pool;

/// Characters of a user's id.
const ID_LEN: usize = 36;

/// Where a page ended: at this user, listed under this value of the attribute searched for.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    value: Vec<u8>,
    id: String,
}

/// The value may be personal data.
impl std::fmt::Debug for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Position").field("id", &self.id).finish_non_exhaustive()
    }
}

/// At most `limit` users that the filter finds, after `after`, in order of the attribute searched for, then of id.
pub fn page(
    tx: &mut Tx<'_>,
    pool: &Pool,
    filter: Option<&Filter>,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>> {
    let Some(filter) = filter else {
        let found = users::page(tx, &pool.id, after.map_or("", |after| &after.id), limit)?;
        return positioned(found);
    };
    let attribute = match filter.attribute {
        Searchable::Sub => return by_sub(tx, pool, filter, after, limit),
        Searchable::Indexed(attribute) => attribute,
    };
    // Usernames and `status` are written as they are, the rest without case: see `User::search_terms`.
    let value = match attribute {
        "username" | "status" => filter.value.clone().into_bytes(),
        _ => fold(&filter.value),
    };
    let range = match filter.comparison {
        Comparison::Equals => Range::exact(&value),
        Comparison::BeginsWith => Range::prefix(&value),
    };
    let after = after.map(|after| (after.value.clone(), after.id.clone()));
    let found = user_search::page(tx, &pool.id, attribute, &range, after.as_ref(), limit)?;
    found.into_iter().map(|(row, (value, id))| Ok((User::from_row(row)?, Position { value, id }))).collect()
}

/// The group's users with ids after `after` (`""` for the first page), in order of id.
pub fn in_group(tx: &mut Tx<'_>, pool: &Pool, group: &Group, after: &str, limit: i64) -> Result<Vec<User>> {
    memberships::users_in(tx, &pool.id, &group.name, after, limit)?.into_iter().map(User::from_row).collect()
}

fn by_sub(
    tx: &mut Tx<'_>,
    pool: &Pool,
    filter: &Filter,
    after: Option<&Position>,
    limit: i64,
) -> Result<Vec<(User, Position)>> {
    let wanted = filter.value.to_lowercase();
    if wanted.is_empty() && filter.comparison == Comparison::BeginsWith {
        return page(tx, pool, None, after, limit);
    }
    if !begins_an_id(&wanted) {
        return Ok(Vec::new());
    }
    if wanted.len() == ID_LEN {
        let found = if after.is_none() { user::by_id(tx, pool, &wanted)? } else { None };
        return Ok(found.map(|user| (user, Position::default())).into_iter().collect());
    }
    if filter.comparison == Comparison::Equals {
        return Ok(Vec::new());
    }
    let after = after.map_or(wanted.as_str(), |after| &after.id);
    let mut found = users::page(tx, &pool.id, after, limit)?;
    found.retain(|row| row.id.starts_with(&wanted));
    positioned(found)
}

/// Whether the text is how an id could begin, so that a range of ids can be looked up by it.
fn begins_an_id(text: &str) -> bool {
    let shaped = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
    };
    text.len() <= ID_LEN && text.bytes().enumerate().all(shaped)
}

fn positioned(rows: Vec<users::User>) -> Result<Vec<(User, Position)>> {
    rows.into_iter()
        .map(|row| {
            let position = Position { value: Vec::new(), id: row.id.clone() };
            Ok((User::from_row(row)?, position))
        })
        .collect()
}
