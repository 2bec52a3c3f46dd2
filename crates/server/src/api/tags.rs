//! Tags of user pools, the only resources that have them.

use std::collections::BTreeMap;

use cognate_shapes::error::Code::{
    self, InternalError, InvalidParameter, NotAuthorized, OperationNotEnabled, ResourceNotFound, TooManyRequests,
};
use cognate_shapes::error::{Error, Result};
use cognate_shapes::scalars::{Arn, TagKey, TagValue};
use cognate_shapes::{Input, Output};

use super::operation::{Done, Iam, Operation};
use crate::access::Principal;
use crate::context::Context;
use crate::directory::{pool_changes, pool_rules};

/// Sets tags of a pool; those it has under other keys stay.
#[derive(Debug, Input)]
pub struct TagResource {
    pub resource_arn: Arn,
    pub tags: BTreeMap<TagKey, TagValue>,
}

impl Operation for TagResource {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] =
        &[ResourceNotFound, NotAuthorized, TooManyRequests, InvalidParameter, OperationNotEnabled, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let id = pool_of_arn(&caller.principal, &self.resource_arn)?;
        let most = cx.config.limits.tags_per_pool;
        pool_changes::amend(cx, &caller.principal, &id, move |pool| {
            let tags = pool.settings.user_pool_tags.get_or_insert_default();
            tags.extend(self.tags.clone());
            pool_rules::tags(tags, most, InvalidParameter)
        })
        .await?;
        Ok(Done {})
    }
}

/// Takes tags off a pool; keys it does not have are no fault.
#[derive(Debug, Input)]
pub struct UntagResource {
    pub resource_arn: Arn,
    pub tag_keys: Vec<TagKey>,
}

impl Operation for UntagResource {
    type Caller = Iam;
    type Output = Done;
    const ERRORS: &[Code] =
        &[ResourceNotFound, NotAuthorized, TooManyRequests, InvalidParameter, OperationNotEnabled, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<Done> {
        let id = pool_of_arn(&caller.principal, &self.resource_arn)?;
        pool_changes::amend(cx, &caller.principal, &id, move |pool| {
            pool.settings.user_pool_tags.get_or_insert_default().retain(|key, _| !self.tag_keys.contains(key));
            Ok(())
        })
        .await?;
        Ok(Done {})
    }
}

/// Lists the tags of a pool.
#[derive(Debug, Input)]
pub struct ListTagsForResource {
    pub resource_arn: Arn,
}

/// All of the pool's tags.
#[derive(Debug, Output)]
pub struct ListTagsForResourceOutput {
    pub tags: Option<BTreeMap<TagKey, TagValue>>,
}

impl Operation for ListTagsForResource {
    type Caller = Iam;
    type Output = ListTagsForResourceOutput;
    const ERRORS: &[Code] =
        &[ResourceNotFound, NotAuthorized, TooManyRequests, InvalidParameter, OperationNotEnabled, InternalError];

    async fn call(self, cx: &Context, caller: Iam) -> Result<ListTagsForResourceOutput> {
        let id = pool_of_arn(&caller.principal, &self.resource_arn)?;
        let pool = cx.store.read(move |tx| pool_changes::stored(tx, &caller.principal, &id)).await?;
        Ok(ListTagsForResourceOutput { tags: Some(pool.settings.user_pool_tags.unwrap_or_default()) })
    }
}

/// The id in `arn:<partition>:cognito-idp:<region>:<account>:userpool/<id>`. A pool of another account, or named in a
/// Region it is not in, does not exist for the caller.
fn pool_of_arn(principal: &Principal, arn: &str) -> Result<String> {
    let [_, _, service, region, account, resource] = arn.split(':').collect::<Vec<_>>()[..] else {
        return Err(Error::not_a_pool_arn());
    };
    let id = resource.strip_prefix("userpool/").filter(|id| service == "cognito-idp" && !id.is_empty());
    let id = id.ok_or_else(Error::not_a_pool_arn)?;
    let elsewhere = id.rsplit_once('_').is_none_or(|(of, _)| of != region);
    if account != principal.account || elsewhere { Err(Error::pool_not_found(id)) } else { Ok(id.to_owned()) }
}
