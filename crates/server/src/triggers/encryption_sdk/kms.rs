//! Data keys from AWS KMS, or from what speaks its API.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::EncryptionContext;
use super::message::{DATA_KEY_LEN, WrappedKey};
use crate::config::is_region;
use crate::context::Context;
use crate::outbound::aws::Endpoint;

const WITHIN: Duration = Duration::from_secs(5);
const AT_MOST: usize = 64 * 1024;

/// What `GenerateDataKey` answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DataKey {
    plaintext: Zeroizing<String>,
    ciphertext_blob: String,
    /// The ARN of the key that wrapped it.
    key_id: String,
}

/// A new data key, and the same wrapped by the KMS key `key_id`.
///
/// # Errors
/// In words for the log.
pub(super) async fn data_key(
    cx: &Context,
    endpoint: &Endpoint,
    key_id: &str,
    context: &EncryptionContext,
) -> Result<(Zeroizing<[u8; DATA_KEY_LEN]>, WrappedKey), String> {
    let region = region(key_id);
    let at = region.and_then(|region| Some((region, endpoint.of("kms", region)?)));
    let (region, (url, reach)) = at.ok_or("the pool's KMSKeyID is not the ARN of a key in a Region")?;
    let asked = json!({ "KeyId": key_id, "NumberOfBytes": DATA_KEY_LEN, "EncryptionContext": context });
    let mut request = Request::post(url)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.GenerateDataKey")
        .body(Bytes::from(asked.to_string()))
        .map_err(|error| error.to_string())?;
    let told = |error: crate::outbound::OutboundError| error.to_string();
    cx.outbound.sign(&mut request, "kms", region, cx.clock.now_ms()).map_err(told)?;
    let response = cx.outbound.send(reach, request, WITHIN, AT_MOST).await.map_err(told)?;
    if !response.status().is_success() {
        return Err(format!("KMS answered {}", response.status().as_u16()));
    }
    // The error would quote the answer, which holds a key.
    let unreadable = || "KMS answered with no data key".to_owned();
    let answer: DataKey = serde_json::from_slice(response.body()).map_err(|_| unreadable())?;
    let plaintext = STANDARD.decode(answer.plaintext.as_bytes()).map(Zeroizing::new).map_err(|_| unreadable())?;
    let plaintext: [u8; DATA_KEY_LEN] = plaintext.as_slice().try_into().map_err(|_| unreadable())?;
    let wrapped = STANDARD.decode(&answer.ciphertext_blob).map_err(|_| unreadable())?;
    if wrapped.len() > usize::from(u16::MAX) || answer.key_id.len() > usize::from(u16::MAX) {
        return Err(unreadable());
    }
    let wrapped = WrappedKey { provider: "aws-kms".to_owned(), information: answer.key_id.into_bytes(), wrapped };
    Ok((Zeroizing::new(plaintext), wrapped))
}

fn region(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let ("arn", _, "kms", region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?) else { return None };
    Some(region).filter(|region| is_region(region))
}
