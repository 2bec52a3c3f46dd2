//! What gateways over HTTP have in common: where they are, how patient they are, and whose fault a refusal is.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::{DeliveryError, Failure};
use crate::config::is_region;
use crate::outbound::{Outbound, OutboundError, Reach};

/// What each of the two tries is given.
const WITHIN: Duration = Duration::from_secs(8);

/// The pause before the second try.
const PAUSE: Duration = Duration::from_millis(200);

/// Most bytes of an answer.
const AT_MOST: usize = 64 * 1024;

/// An AWS service, or what stands in for it.
#[derive(Clone, Debug)]
pub struct Endpoint(String);

impl Endpoint {
    /// `configured` is a URL; empty means AWS itself.
    pub fn new(configured: &str) -> Self {
        Self(configured.trim_end_matches('/').to_owned())
    }

    /// The URL of the service in that Region, without a trailing slash, and how far it may lead.
    pub(super) fn at(&self, host: &str, region: &str) -> Result<(String, Reach), DeliveryError> {
        if !self.0.is_empty() {
            return Ok((self.0.clone(), Reach::Configured));
        }
        // The Region becomes part of a host's name.
        if !is_region(region) {
            return Err(DeliveryError::new("the pool's sender names no Region"));
        }
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Ok((format!("https://{host}.{region}.{domain}"), Reach::Public))
    }
}

/// Sends a request and once more where the first try was not taken for a passing reason: then no message went out. A
/// request that got no answer is not repeated, since its message may be on its way.
pub(super) async fn post(
    outbound: &Outbound,
    reach: Reach,
    request: impl Fn() -> Result<Request<Bytes>, DeliveryError>,
) -> Result<Response<Bytes>, DeliveryError> {
    let first = outbound.send(reach, request()?, WITHIN, AT_MOST).await;
    let passing = match &first {
        Err(error) => matches!(error, OutboundError::Unconnected(_)),
        Ok(response) => response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS,
    };
    let answered = if passing {
        tokio::time::sleep(PAUSE).await;
        outbound.send(reach, request()?, WITHIN, AT_MOST).await
    } else {
        first
    };
    answered.map_err(|error| DeliveryError::new(format!("the gateway cannot be reached: {error}")))
}

/// An answer that takes the message, or the error for one that does not. `told` finds the gateway's own name for it.
pub(super) fn taken(
    gateway: &str,
    response: &Response<Bytes>,
    told: impl Fn(&str) -> Option<String>,
) -> Result<(), DeliveryError> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    // The name alone: words may repeat the recipient or the message.
    let name = std::str::from_utf8(response.body()).ok().and_then(told).filter(|name| is_name(name));
    let words = format!("{gateway} answered {} {}", status.as_u16(), name.as_deref().unwrap_or_default());
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let failure = if denied { Failure::AccessDenied } else { Failure::Untaken };
    Err(DeliveryError::because(failure, words.trim_end()))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The error's name in an answer of AWS's JSON protocols: the part after `#` of `__type`.
pub(super) fn json_error(body: &str) -> Option<String> {
    let told: serde_json::Value = serde_json::from_str(body).ok()?;
    let name = told["__type"].as_str().or_else(|| told["code"].as_str())?;
    Some(name.rsplit('#').next().unwrap_or(name).to_owned())
}

/// The error's name in an answer of AWS's query protocol.
pub(super) fn xml_error(body: &str) -> Option<String> {
    Some(body.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regions_become_hosts() {
        let aws = Endpoint::new("");
        assert_eq!(
            aws.at("email", "eu-west-1").unwrap(),
            ("https://email.eu-west-1.amazonaws.com".into(), Reach::Public)
        );
        assert_eq!(aws.at("sns", "cn-north-1").unwrap().0, "https://sns.cn-north-1.amazonaws.com.cn");
        for odd in ["", "evil.example/", "us-east-1.evil.example#", "us-east-1@evil"] {
            assert!(aws.at("email", odd).is_err(), "{odd}");
        }
        let stand_in = Endpoint::new("http://127.0.0.1:4566/");
        assert_eq!(stand_in.at("email", "eu-west-1").unwrap(), ("http://127.0.0.1:4566".into(), Reach::Configured));
    }

    /// SECURITY row 45: what a gateway says of a message is not repeated.
    #[test]
    fn refusals_repeat_nothing_but_a_name() {
        let answer = |status: u16, body: &'static str| {
            Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
        };
        let denied = taken("SES", &answer(403, r#"{"__type":"x#AccessDeniedException"}"#), json_error).unwrap_err();
        assert_eq!(denied.to_string(), "SES answered 403 AccessDeniedException");
        assert_eq!(denied.failure(), Failure::AccessDenied);
        let odd = taken("SES", &answer(400, r#"{"__type":"to ada@example.com: 123456"}"#), json_error).unwrap_err();
        assert_eq!((odd.to_string().as_str(), odd.failure()), ("SES answered 400", Failure::Untaken));
        let sns = taken("SNS", &answer(400, "<Error><Code>InvalidParameter</Code></Error>"), xml_error).unwrap_err();
        assert_eq!(sns.to_string(), "SNS answered 400 InvalidParameter");
        assert!(taken("SNS", &answer(200, ""), xml_error).is_ok());
    }
}
