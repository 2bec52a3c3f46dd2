//! Groups: `GroupType`.

use crate::scalars::{Arn, Description, GroupName, Precedence, UserPoolId};
use crate::{Output, Timestamp};

/// The `Group` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct Group {
    pub group_name: Option<GroupName>,
    pub user_pool_id: Option<UserPoolId>,
    pub description: Option<Description>,
    pub role_arn: Option<Arn>,
    pub precedence: Option<Precedence>,
    pub last_modified_date: Option<Timestamp>,
    pub creation_date: Option<Timestamp>,
}
