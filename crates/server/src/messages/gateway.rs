//! What gateways over HTTP have in common: how patient they are, and whose fault a refusal is.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use super::{DeliveryError, Failure};
use crate::outbound::aws::{Endpoint, is_name};
use crate::outbound::{Outbound, OutboundError, Reach};

/// What each of the two tries is given.
const WITHIN: Duration = Duration::from_secs(8);

/// The pause before the second try.
const PAUSE: Duration = Duration::from_millis(200);

/// Most bytes of an answer.
const AT_MOST: usize = 64 * 1024;

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
    told: impl Fn(&Response<Bytes>) -> Option<String>,
) -> Result<(), DeliveryError> {
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    // The name alone: words may repeat the recipient or the message.
    let words = format!("{gateway} answered {} {}", status.as_u16(), told(response).unwrap_or_default());
    let denied = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let failure = if denied { Failure::AccessDenied } else { Failure::Untaken };
    Err(DeliveryError::because(failure, words.trim_end()))
}

/// The error's name in an answer of AWS's query protocol.
pub(super) fn xml_error_name(response: &Response<Bytes>) -> Option<String> {
    let body = std::str::from_utf8(response.body()).ok()?;
    let name = body.split_once("<Code>")?.1.split_once("</Code>")?.0;
    is_name(name).then(|| name.to_owned())
}

/// Where an AWS service is in the Region of a pool's sender.
pub(super) fn at(endpoint: &Endpoint, service: &str, region: &str) -> Result<(String, Reach), DeliveryError> {
    endpoint.of(service, region).ok_or_else(|| DeliveryError::new("the pool's sender names no Region"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::aws::error_name;

    /// SECURITY row 45: what a gateway says of a message is not repeated.
    #[test]
    fn refusals_repeat_nothing_but_a_name() {
        let answer = |status: u16, body: &'static str| {
            Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
        };
        let denied = taken("SES", &answer(403, r#"{"__type":"x#AccessDeniedException"}"#), error_name).unwrap_err();
        assert_eq!(denied.to_string(), "SES answered 403 AccessDeniedException");
        assert_eq!(denied.failure(), Failure::AccessDenied);
        let odd = taken("SES", &answer(400, r#"{"__type":"to ada@example.com: 123456"}"#), error_name).unwrap_err();
        assert_eq!((odd.to_string().as_str(), odd.failure()), ("SES answered 400", Failure::Untaken));
        let sns =
            taken("SNS", &answer(400, "<Error><Code>InvalidParameter</Code></Error>"), xml_error_name).unwrap_err();
        assert_eq!(sns.to_string(), "SNS answered 400 InvalidParameter");
        assert!(taken("SNS", &answer(200, ""), xml_error_name).is_ok());
    }
}
