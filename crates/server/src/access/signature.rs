//! Whose key signed a request, and in AWS's words why not.

use cognate_crypto::seal::Kind;
use cognate_crypto::sigv4::{self, SigV4Error};
use cognate_shapes::error::{Code, Error, Result};
use cognate_store::access_keys::{self, AccessKey};
use http::header;
use zeroize::Zeroizing;

use super::{Signed, keys};
use crate::config::is_region;
use crate::context::Context;

/// The service's name in a credential's scope.
const SERVICE: &str = "cognito-idp";

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// The live key whose secret made the request's signature, and the Region it was made for.
///
/// A signature may be sent again while its date is near: SigV4 has no nonce, here as at AWS. TLS keeps requests from
/// those who would replay them.
pub(super) async fn verify(cx: &Context, request: &Signed<'_>) -> Result<(AccessKey, String)> {
    let headers = headers(request);
    let received = sigv4::Request {
        method: request.method.as_str(),
        path: request.uri.path(),
        query: request.uri.query().unwrap_or_default(),
        headers: &headers,
        payload: request.body,
    };
    let claimed = sigv4::parse(&received, SERVICE).map_err(|error| refusal(&error))?;
    if !is_region(&claimed.region) {
        return Err(Error::new(Code::InvalidSignature, "Credential should be scoped to a valid region."));
    }
    // Read at every request: a revoked key is refused from then on, on every node.
    let id = claimed.access_key_id.clone();
    let found = cx.store.read(move |tx| access_keys::get(tx, &id)).await?;
    let key = found.filter(|key| key.revoked_ms.is_none()).ok_or_else(unrecognized)?;
    let secret = Zeroizing::new(cx.seals.open(Kind::AccessKey, &key.sealed, &keys::seal_context(&key.id))?);
    let secret =
        std::str::from_utf8(&secret).map_err(|_| Error::internal("the secret of an access key is not text"))?;
    claimed.verify(secret, cx.clock.now_ms().div_euclid(1000)).map_err(|error| refusal(&error))?;
    Ok((key, claimed.region))
}

/// The Region a request is meant for, as far as it says so; nothing else of its signature is looked at.
pub(super) fn claimed_region(request: &Signed<'_>) -> Option<String> {
    let authorization = request.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let region = credential.split(['/', ',', ' ']).nth(2)?;
    is_region(region).then(|| region.to_owned())
}

/// Every header as received; HTTP/2 says `:authority` where HTTP/1 says `Host`.
fn headers<'a>(request: &Signed<'a>) -> Vec<(&'a str, &'a [u8])> {
    let mut all: Vec<_> = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    if !request.headers.contains_key(header::HOST)
        && let Some(authority) = request.uri.authority()
    {
        all.push(("host", authority.as_str().as_bytes()));
    }
    all
}

fn unrecognized() -> Error {
    Error::new(Code::UnrecognizedClient, "The security token included in the request is invalid.")
}

fn refusal(error: &SigV4Error) -> Error {
    let invalid = |message: String| Error::new(Code::InvalidSignature, message);
    let incomplete = |message: String| Error::new(Code::IncompleteSignature, message);
    let minutes = sigv4::MAX_SKEW / 60;
    match error {
        SigV4Error::Missing => Error::new(Code::MissingAuthenticationToken, "Missing Authentication Token"),
        SigV4Error::SessionToken => unrecognized(),
        SigV4Error::Mismatch => invalid(MISMATCH.to_owned()),
        SigV4Error::WrongService(_) => invalid(format!("Credential should be scoped to correct service: '{SERVICE}'.")),
        SigV4Error::WrongScopeDate => {
            invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.".into())
        }
        SigV4Error::Expired { signed, now } => invalid(format!(
            "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
            sigv4::amz_date(*signed),
            sigv4::amz_date(now - sigv4::MAX_SKEW),
            sigv4::amz_date(*now),
        )),
        SigV4Error::NotYetCurrent { signed, now } => invalid(format!(
            "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
            sigv4::amz_date(*signed),
            sigv4::amz_date(now + sigv4::MAX_SKEW),
            sigv4::amz_date(*now),
        )),
        SigV4Error::UnsupportedAlgorithm
        | SigV4Error::Presigned
        | SigV4Error::UnsignedPayload
        | SigV4Error::Incomplete(_) => incomplete(sentence(&error.to_string())),
    }
}

/// A sentence with its capital and its full stop.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let end = if words.ends_with('.') { "" } else { "." };
    format!("{}{}{end}", first.map(String::from).unwrap_or_default(), letters.as_str())
}
