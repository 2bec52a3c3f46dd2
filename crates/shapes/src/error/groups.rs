//! What is said of groups and their members.

use super::{Code, Error};

impl Error {
    pub fn group_exists() -> Self {
        Self::new(Code::GroupExists, "A group with the name already exists")
    }

    pub fn too_many_groups(most: i64) -> Self {
        Self::new(Code::LimitExceeded, format!("User pool cannot have more than {most} groups."))
    }

    /// `AdminAddUserToGroup` lists no `LimitExceededException`.
    pub fn too_many_memberships(most: i64) -> Self {
        Self::invalid(format!("User cannot be in more than {most} groups."))
    }
}
