//! Groups: what one is, which a pool has and who is in them.

use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{Arn, Description, GroupName, Precedence, UserPoolId};
use cognate_shapes::{Timestamp, group};
use cognate_store::{Tx, groups, memberships};
use serde::{Deserialize, Serialize};

use crate::directory::Pool;

/// A group of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub description: Option<String>,
    /// The role that the ID token recommends to the group's members.
    pub role_arn: Option<String>,
    /// The lower, the more the group's role counts; without one it counts least.
    pub precedence: Option<i64>,
    pub created_ms: i64,
    pub modified_ms: i64,
}

/// The stored document of a group, version 1.
#[derive(Serialize, Deserialize)]
struct Document {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
}

impl Group {
    fn from_row(row: groups::Group) -> Result<Self> {
        let document: Document = serde_json::from_str(&row.doc)
            .map_err(|error| Error::internal("a stored group does not read").caused_by(error))?;
        if document.v != 1 {
            return Err(Error::internal(format!("a group of {} is stored in version {}", row.pool_id, document.v)));
        }
        Ok(Self {
            name: row.name,
            description: document.description,
            role_arn: document.role_arn,
            precedence: row.precedence,
            created_ms: row.created_ms,
            modified_ms: row.modified_ms,
        })
    }

    fn row(&self, pool: &Pool) -> Result<groups::Group> {
        let document = Document { v: 1, description: self.description.clone(), role_arn: self.role_arn.clone() };
        let doc = serde_json::to_string(&document)
            .map_err(|error| Error::internal("a group does not serialize").caused_by(error))?;
        Ok(groups::Group {
            pool_id: pool.id.clone(),
            name: self.name.clone(),
            created_ms: self.created_ms,
            modified_ms: self.modified_ms,
            precedence: self.precedence,
            doc,
        })
    }

    /// The group as `GroupType`.
    pub fn wire(&self, pool: &Pool) -> group::Group {
        group::Group {
            group_name: Some(GroupName::trusted(&*self.name)),
            user_pool_id: Some(UserPoolId::trusted(&*pool.id)),
            description: self.description.as_deref().map(Description::trusted),
            role_arn: self.role_arn.as_deref().map(Arn::trusted),
            precedence: self.precedence.map(Precedence),
            last_modified_date: Some(Timestamp(self.modified_ms)),
            creation_date: Some(Timestamp(self.created_ms)),
        }
    }
}

/// The group of that name, which compares by case; without one, `ResourceNotFoundException`.
pub fn named(tx: &mut Tx<'_>, pool: &Pool, name: &str) -> Result<Group> {
    groups::get(tx, &pool.id, name)?.map(Group::from_row).transpose()?.ok_or_else(Error::group_not_found)
}

/// Adds a group to a pool that has fewer than `most`.
pub fn insert(tx: &mut Tx<'_>, pool: &Pool, group: &Group, most: u64) -> Result<()> {
    if !groups::insert_if_absent(tx, &group.row(pool)?)? {
        return Err(Error::group_exists());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    if groups::count_up_to(tx, &pool.id, most.saturating_add(1))? > most {
        return Err(Error::too_many_groups(most));
    }
    Ok(())
}

/// Writes a changed group.
pub fn update(tx: &mut Tx<'_>, pool: &Pool, group: &Group) -> Result<()> {
    if groups::update(tx, &group.row(pool)?)? { Ok(()) } else { Err(Error::group_not_found()) }
}

/// Removes a group; its members stay users.
pub fn delete(tx: &mut Tx<'_>, pool: &Pool, name: &str) -> Result<()> {
    if groups::delete(tx, &pool.id, name)? { Ok(()) } else { Err(Error::group_not_found()) }
}

/// The pool's groups with names after `after` (`""` for the first page), in order of name.
pub fn list(tx: &mut Tx<'_>, pool: &Pool, after: &str, limit: i64) -> Result<Vec<Group>> {
    groups::list(tx, &pool.id, after, limit)?.into_iter().map(Group::from_row).collect()
}

/// The user's groups with names after `after` (`""` for the first page), in order of name.
pub fn of_user(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, after: &str, limit: i64) -> Result<Vec<Group>> {
    memberships::groups_of(tx, &pool.id, user_id, after, limit)?.into_iter().map(Group::from_row).collect()
}

/// Puts the user, who may be in `most` groups, into this one; one who is in it already stays there.
pub fn join(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, group: &Group, now_ms: i64, most: u64) -> Result<()> {
    if !memberships::add(tx, &pool.id, user_id, &group.name, now_ms)? {
        return Ok(());
    }
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    if memberships::count(tx, &pool.id, user_id)? > most {
        return Err(Error::too_many_memberships(most));
    }
    Ok(())
}

/// Takes the user out of the group, if in it.
pub fn leave(tx: &mut Tx<'_>, pool: &Pool, user_id: &str, group: &Group) -> Result<()> {
    Ok(memberships::remove(tx, &pool.id, user_id, &group.name).map(drop)?)
}
