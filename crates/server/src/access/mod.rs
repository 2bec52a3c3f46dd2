//! Who may call an IAM operation: SigV4 signatures, access keys and their policies.

pub mod keys;
pub mod policy;
mod signature;
mod wildcard;

use bytes::Bytes;
use cognate_shapes::error::{Code, Error, Result};
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use crate::context::Context;
use policy::{Decision, Policy};

/// Who made a request to an IAM operation.
#[derive(Clone, Debug)]
pub struct Principal {
    /// 12 digits.
    pub account: String,
    /// The Region of the signature's scope; `None` for an unsigned request in `dev`.
    pub region: Option<String>,
    /// Such as `arn:aws:iam::123456789012:user/deployer`.
    pub arn: String,
}

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
}

/// A caller whose signature holds and whose policy nobody has asked yet.
#[derive(Debug)]
pub struct Identified {
    principal: Principal,
    /// `None` in `dev`, where whoever reaches the server may do everything.
    policy: Option<Policy>,
}

/// Says who signed a request, before anything of its body is read.
///
/// # Errors
/// The codes of signatures: `MissingAuthenticationTokenException`, `IncompleteSignatureException`,
/// `InvalidSignatureException`, `UnrecognizedClientException`.
pub async fn identify(cx: &Context, request: &Signed<'_>) -> Result<Identified> {
    if !cx.config.aws.verify_signatures {
        let account = cx.config.aws.account.clone();
        let arn = format!("arn:aws:iam::{account}:root");
        let principal = Principal { account, region: signature::claimed_region(request), arn };
        return Ok(Identified { principal, policy: None });
    }
    let (key, region) = signature::verify(cx, request).await?;
    let policy = Policy::parse(&key.policy)
        .map_err(|error| Error::internal(format!("the policy of access key {}", key.id)).caused_by(error))?;
    let arn = format!("arn:aws:iam::{}:user/{}", key.account, key.name);
    let principal = Principal { account: key.account, region: Some(region), arn };
    Ok(Identified { principal, policy: Some(policy) })
}

impl Identified {
    /// The caller, if the key's policy allows the operation on the pool that `names_pool`, a member of its shape, holds.
    /// What else a body holds decides nothing: the operation does not read it.
    ///
    /// # Errors
    /// `AccessDeniedException`
    pub fn allowed(self, operation: &str, names_pool: Option<&str>, body: &Map<String, Value>) -> Result<Principal> {
        let Some(policy) = &self.policy else { return Ok(self.principal) };
        let Principal { account, arn, .. } = &self.principal;
        let action = format!("cognito-idp:{operation}");
        let resource = names_pool.and_then(|member| pool_id(body.get(member)?.as_str()?)).map_or_else(
            || "*".to_owned(),
            |(region, id)| format!("arn:aws:cognito-idp:{region}:{account}:userpool/{id}"),
        );
        let why = match policy.decide(&action, &resource) {
            Decision::Allowed => return Ok(self.principal),
            Decision::NotAllowed => format!("because no identity-based policy allows the {action} action"),
            Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
        };
        let message = format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {why}");
        Err(Error::new(Code::AccessDenied, message))
    }
}

/// The pool that an id or an ARN names, and the Region its id carries. An id that no pool can have names none: the
/// request is refused for it later, and its length must not cost anything here.
fn pool_id(named: &str) -> Option<(&str, &str)> {
    let id = named.rsplit_once(":userpool/").map_or(named, |(_, id)| id);
    let (region, suffix) = id.rsplit_once('_')?;
    let fits = id.len() <= 55
        && !suffix.is_empty()
        && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && crate::config::is_region(region);
    fits.then_some((region, id))
}

#[cfg(test)]
mod tests {
    use super::pool_id;

    #[test]
    fn an_id_or_an_arn_names_a_pool() {
        assert_eq!(pool_id("us-east-1_abcdefghi"), Some(("us-east-1", "us-east-1_abcdefghi")));
        let arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_abcdefghi";
        assert_eq!(pool_id(arn), Some(("eu-west-1", "eu-west-1_abcdefghi")));
        let long = format!("us-east-1_{}", "a".repeat(100_000));
        for nothing in ["", "*", "us-east-1_*", "us-east-1_", "a b_abcdefghi", &long, &arn[..53]] {
            assert_eq!(pool_id(nothing), None, "{nothing:.80}");
        }
    }
}
