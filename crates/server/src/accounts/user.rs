//! A user: read by any of its names, written with everything that is found by it.

use std::collections::BTreeMap;

use cognate_crypto::ids;
use cognate_shapes::enums::UserStatus;
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{AttributeName, AttributeValue, Username};
use cognate_shapes::{Timestamp, user};
use cognate_store::{Tx, aliases, user_search, users};
use serde::{Deserialize, Serialize};

use super::mfa::Mfa;
use super::names::{self, active_aliases, alias_key, fold, username_key};
use crate::context::Context;
use crate::directory::Pool;

/// A user of a pool.
#[derive(Clone, Debug)]
pub struct User {
    /// The `sub`.
    pub id: String,
    /// As entered; with username attributes the same as `id`.
    pub username: String,
    pub status: UserStatus,
    pub enabled: bool,
    pub created_ms: i64,
    pub modified_ms: i64,
    /// Tokens of sign-ins before this moment are dead (global sign-out, disabling); 0 is never.
    pub signed_out_ms: i64,
    /// The stored version this was read at; a write over another one is refused.
    pub version: i64,
    pub profile: Profile,
    /// The sealed password verifier; `None` for a user without password.
    pub credential: Option<Vec<u8>>,
}

/// The stored document of a user, version 1.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Profile {
    pub v: u32,
    /// All attributes but `sub`, under their full names.
    pub attributes: BTreeMap<String, String>,
    /// When the temporary password stops working, for `FORCE_CHANGE_PASSWORD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_password_expires_ms: Option<i64>,
    /// New values that wait for their verification, by attribute.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, String>,
    /// The username attribute given at sign-up, which alone signs the user in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_in_by: Option<String>,
    /// The second factors.
    #[serde(default, skip_serializing_if = "Mfa::is_empty")]
    pub mfa: Mfa,
}

/// Bytes of the longest search term: more than the 256 characters of a filter can come to.
const LONGEST_TERM: usize = 1536;

/// Attributes are personal data: `Debug` names them and hides their values.
impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("attributes", &self.attributes.keys()).finish_non_exhaustive()
    }
}

/// What to do about an alias that another user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    Refuse,
    /// The alias moves here; the other user's attribute becomes unverified (`ForceAliasCreation`).
    Take,
}

/// Why a user cannot be written.
#[derive(Debug)]
pub enum Refused {
    /// The username is taken.
    Username,
    /// Another user holds this alias: `email`, `phone_number` or `preferred_username`.
    Alias(&'static str),
    Fault(Error),
}

impl From<cognate_store::Error> for Refused {
    fn from(error: cognate_store::Error) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Fault(error)
    }
}

impl User {
    /// A user to be made now, of that name and without a password. Whoever signs in by an attribute is named by the `sub`.
    pub fn new(
        cx: &Context,
        name: &str,
        signs_in_by: Option<&str>,
        attributes: BTreeMap<String, String>,
        status: UserStatus,
    ) -> Self {
        let (now, id) = (cx.clock.now_ms(), ids::sub(cx.rng.bytes()));
        Self {
            username: if signs_in_by.is_some() { id.clone() } else { name.to_owned() },
            id,
            status,
            enabled: true,
            created_ms: now,
            modified_ms: now,
            signed_out_ms: 0,
            version: 1,
            profile: Profile { v: 1, attributes, signs_in_by: signs_in_by.map(str::to_owned), ..Profile::default() },
            credential: None,
        }
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        if name == "sub" { Some(&self.id) } else { self.profile.attributes.get(name).map(String::as_str) }
    }

    /// Whether `email` or `phone_number` is verified.
    pub fn is_verified(&self, attribute: &str) -> bool {
        self.profile.attributes.get(&format!("{attribute}_verified")).is_some_and(|value| value == "true")
    }

    /// Marks `email` or `phone_number` as verified or not; without a value there is nothing to mark.
    pub fn set_verified(&mut self, attribute: &str, verified: bool) {
        if self.profile.attributes.contains_key(attribute) {
            self.profile.attributes.insert(format!("{attribute}_verified"), verified.to_string());
        } else {
            self.profile.attributes.remove(&format!("{attribute}_verified"));
        }
    }

    pub(super) fn from_row(row: users::User) -> Result<Self> {
        let profile: Profile = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored user does not read").caused_by(error))?;
        if profile.v != 1 {
            return Err(Error::internal(format!("user {} is stored in version {}", row.id, profile.v)));
        }
        let status = UserStatus::from_wire(&row.status)
            .ok_or_else(|| Error::internal(format!("user {} is stored with status {}", row.id, row.status)))?;
        Ok(Self {
            id: row.id,
            username: row.username,
            status,
            enabled: row.enabled,
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
            signed_out_ms: row.signed_out_ms,
            version: row.version,
            profile,
            credential: row.credential,
        })
    }

    fn row(&self, pool: &Pool) -> Result<users::User> {
        let doc = serde_json::to_string(&self.profile)
            .map_err(|error| Error::internal("a user does not serialize").caused_by(error))?;
        Ok(users::User {
            pool_id: pool.id.clone(),
            id: self.id.clone(),
            username: self.username.clone(),
            username_key: username_key(pool, &self.username),
            status: self.status.as_str().to_owned(),
            enabled: self.enabled,
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            doc,
            credential: self.credential.clone(),
            signed_out_ms: self.signed_out_ms,
            version: self.version,
        })
    }

    /// What `ListUsers` can find the user by: attribute and value, folded where filters do not mind the case. The end of
    /// a long value, which no filter is long enough to reach, is left out: databases bound the keys of an index.
    fn search_terms(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut terms = vec![
            ("username", self.username.clone().into_bytes()),
            ("status", if self.enabled { b"Enabled".to_vec() } else { b"Disabled".to_vec() }),
            ("cognito:user_status", fold(self.status.as_str())),
        ];
        for name in ["email", "phone_number", "name", "given_name", "family_name", "preferred_username"] {
            if let Some(value) = self.attribute(name) {
                let mut value = fold(value);
                value.truncate(LONGEST_TERM);
                terms.push((name, value));
            }
        }
        terms
    }

    /// The user as `UserType` lists it; `select` names the attributes wanted, all when `None`.
    pub fn wire(&self, select: Option<&[AttributeName]>) -> user::User {
        user::User {
            username: Some(Username::trusted(&*self.username)),
            attributes: Some(
                self.wire_attributes(|name| {
                    select.is_none_or(|names| names.iter().any(|wanted| wanted.as_str() == name))
                }),
            ),
            user_create_date: Some(Timestamp(self.created_ms)),
            user_last_modified_date: Some(Timestamp(self.modified_ms)),
            enabled: Some(self.enabled),
            user_status: Some(self.status),
            mfa_options: self.profile.mfa.wire_options(),
        }
    }

    /// The attributes that `wanted` lets through, `sub` first.
    pub fn wire_attributes(&self, wanted: impl Fn(&str) -> bool) -> Vec<user::Attribute> {
        let all = std::iter::once(("sub", self.id.as_str()))
            .chain(self.profile.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        all.filter(|(name, _)| wanted(name))
            .map(|(name, value)| user::Attribute {
                name: AttributeName::trusted(name),
                value: Some(AttributeValue::trusted(value)),
            })
            .collect()
    }
}

/// The user of that `sub`.
pub fn by_id(tx: &mut Tx<'_>, pool: &Pool, id: &str) -> Result<Option<User>> {
    users::get(tx, &pool.id, id)?.map(User::from_row).transpose()
}

/// The user of that username, `sub` or active alias, in this order.
pub fn by_name(tx: &mut Tx<'_>, pool: &Pool, name: &str) -> Result<Option<User>> {
    if let Some(row) = users::by_username(tx, &pool.id, &username_key(pool, name))? {
        return User::from_row(row).map(Some);
    }
    by_other_name(tx, pool, name)
}

/// The user of that `sub` or active alias, in this order.
fn by_other_name(tx: &mut Tx<'_>, pool: &Pool, name: &str) -> Result<Option<User>> {
    if ids::is_sub(name)
        && let Some(user) = by_id(tx, pool, name)?
    {
        return Ok(Some(user));
    }
    for kind in alias_kinds(pool, name) {
        let Some(id) = aliases::holder(tx, &pool.id, &alias_key(pool, kind, name), kind)? else { continue };
        let Some(user) = by_id(tx, pool, &id)? else { continue };
        if user.profile.signs_in_by.as_deref().is_none_or(|by| by == kind) {
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The kinds of alias the name could be in this pool.
fn alias_kinds(pool: &Pool, name: &str) -> Vec<&'static str> {
    if pool.alias_attributes().is_empty() && pool.username_attributes().is_empty() {
        return Vec::new();
    }
    let likely = if name.contains('@') { names::EMAIL } else { names::PHONE_NUMBER };
    vec![likely, names::PREFERRED_USERNAME]
}

/// Adds the user who was given that name, with its aliases and search terms.
///
/// A `sub` or an alias finds its user too: nobody may be found by another's. Usernames are left to the insertion: looking
/// for one that is free reads a page of the index that every neighbour writes, and PostgreSQL would let only one of them
/// through.
pub fn insert(tx: &mut Tx<'_>, pool: &Pool, name: &str, user: &User, conflict: OnConflict) -> Result<(), Refused> {
    if by_other_name(tx, pool, name)?.is_some() {
        return Err(Refused::Username);
    }
    if !users::insert_if_absent(tx, &user.row(pool)?)? {
        return Err(Refused::Username);
    }
    let terms = user.search_terms();
    for (attribute, value) in &terms {
        user_search::add(tx, &pool.id, &user.id, attribute, value)?;
    }
    claim_aliases(tx, pool, None, user, conflict)
}

/// Writes a changed user over `before`, with its aliases and search terms.
pub fn update(tx: &mut Tx<'_>, pool: &Pool, before: &User, user: &User, conflict: OnConflict) -> Result<(), Refused> {
    if users::update(tx, &user.row(pool)?)?.is_none() {
        return Err(Refused::Fault(Error::user_not_found()));
    }
    if before.search_terms() != user.search_terms() {
        find_by(tx, pool, user)?;
    }
    claim_aliases(tx, pool, Some(before), user, conflict)
}

impl Refused {
    /// The error of an [`update`]; `taken` has the words for an alias of somebody else's.
    pub fn in_words(self, taken: impl FnOnce(&'static str) -> Error) -> Error {
        match self {
            Self::Alias(kind) => taken(kind),
            Self::Fault(error) => error,
            Self::Username => Error::internal("a user's name was taken while the user had it"),
        }
    }
}

/// The error of an [`update`] in an operation whose model knows no conflict of aliases.
pub fn no_conflict(refused: Refused) -> Error {
    refused.in_words(|kind| Error::invalid(Error::alias_exists(kind).message))
}

/// Removes a user and everything that hangs on it.
pub fn delete(tx: &mut Tx<'_>, pool: &Pool, user: &User) -> Result<bool> {
    Ok(users::delete(tx, &pool.id, &user.id)?)
}

fn find_by(tx: &mut Tx<'_>, pool: &Pool, user: &User) -> Result<()> {
    let terms = user.search_terms();
    let terms: Vec<(&str, &[u8])> = terms.iter().map(|(attribute, value)| (*attribute, value.as_slice())).collect();
    Ok(user_search::replace(tx, &pool.id, &user.id, &terms)?)
}

fn claim_aliases(
    tx: &mut Tx<'_>,
    pool: &Pool,
    before: Option<&User>,
    user: &User,
    conflict: OnConflict,
) -> Result<(), Refused> {
    let keyed = |user: &User| -> Vec<(&'static str, Vec<u8>)> {
        active_aliases(pool, user).into_iter().map(|(kind, value)| (kind, alias_key(pool, kind, value))).collect()
    };
    let held = before.map(keyed).unwrap_or_default();
    let wanted = keyed(user);
    for (kind, value) in held.iter().filter(|alias| !wanted.contains(alias)) {
        aliases::release(tx, &pool.id, value, kind, &user.id)?;
    }
    for (kind, value) in wanted.iter().filter(|alias| !held.contains(alias)) {
        let holder = aliases::claim(tx, &pool.id, value, kind, &user.id)?;
        if holder == user.id {
            continue;
        }
        // A username attribute or a preferred username is a name, not a proof of owning one: it never moves.
        let provable = pool.username_attributes().is_empty() && *kind != names::PREFERRED_USERNAME;
        if conflict == OnConflict::Refuse || !provable {
            return Err(Refused::Alias(kind));
        }
        if let Some(mut loser) = by_id(tx, pool, &holder)? {
            loser.set_verified(kind, false);
            loser.modified_ms = user.modified_ms;
            users::update(tx, &loser.row(pool)?)?;
        }
        aliases::move_to(tx, &pool.id, value, kind, &user.id)?;
    }
    Ok(())
}
