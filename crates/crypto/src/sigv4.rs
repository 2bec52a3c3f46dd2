//! AWS Signature Version 4, in the header of a request: who signed it, and whether it is what they signed.
//!
//! [`parse`] reads a request's `Authorization` and says whose key to look up; [`Claimed::verify`] checks the signature
//! with that key's secret. Presigned requests, unsigned payloads and session tokens are refused.

mod canonical;

use std::fmt;

use zeroize::Zeroizing;

use crate::calendar::{self, Civil};
use crate::mac::{hmac_sha256, sha256};
use crate::{ct_eq, hex};
use canonical::{canonical_request, values};

/// Seconds by which a request's date may differ from the server's clock.
pub const MAX_SKEW: i64 = 300;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// Headers of which a second value would leave open which one was signed and which one is acted on.
const SINGLETONS: [&str; 6] = ["content-type", "date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-target"];

/// A request as it was received. With HTTP/2 the caller adds `:authority` as `host`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub method: &'a str,
    /// The path, still percent-encoded, without the query.
    pub path: &'a str,
    /// What follows `?`, still percent-encoded, or nothing.
    pub query: &'a str,
    /// Every header in the order received, names in any case.
    pub headers: &'a [(&'a str, &'a [u8])],
    pub payload: &'a [u8],
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SigV4Error {
    /// There is no `Authorization` header.
    Missing,
    /// `Authorization` is of another scheme or algorithm.
    UnsupportedAlgorithm,
    /// The signature, or a part of it, is in the query.
    Presigned,
    /// The request comes with `X-Amz-Security-Token`, and this server issues none.
    SessionToken,
    /// The payload is declared unsigned or streamed.
    UnsignedPayload,
    /// Something that a signed request must have, or must not have, in words for the caller.
    Incomplete(String),
    /// The credential scope names another service than this one.
    WrongService(String),
    /// The date of the credential scope is not that of the request.
    WrongScopeDate,
    /// Signed more than [`MAX_SKEW`] seconds ago; both in Unix seconds.
    Expired { signed: i64, now: i64 },
    /// Signed more than [`MAX_SKEW`] seconds ahead; both in Unix seconds.
    NotYetCurrent { signed: i64, now: i64 },
    /// Another secret, or another request, than the signature is for.
    Mismatch,
}

impl fmt::Display for SigV4Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the request is not signed"),
            Self::UnsupportedAlgorithm => write!(f, "the request is not signed with {ALGORITHM}"),
            Self::Presigned => f.write_str("presigned requests are not accepted"),
            Self::SessionToken => f.write_str("session tokens are not accepted"),
            Self::UnsignedPayload => f.write_str("the payload is not signed"),
            Self::Incomplete(detail) => f.write_str(detail),
            Self::WrongService(service) => write!(f, "the credential is scoped to another service: {service}"),
            Self::WrongScopeDate => f.write_str("the credential is scoped to another date than the request's"),
            Self::Expired { signed, now } => write!(f, "the signature expired: made at {signed}, now {now}"),
            Self::NotYetCurrent { signed, now } => write!(f, "the signature is from the future: {signed}, now {now}"),
            Self::Mismatch => f.write_str("the signature does not match"),
        }
    }
}

impl std::error::Error for SigV4Error {}

/// Who a request says it is from. Nothing of it holds before [`Claimed::verify`].
#[derive(Clone)]
pub struct Claimed {
    pub access_key_id: String,
    pub region: String,
    /// When the request was signed, in Unix seconds.
    pub signed_at: i64,
    scope: Scope,
    string_to_sign: String,
    signature: String,
}

impl Claimed {
    /// Checks date and signature of the request that this was parsed from; `now` in Unix seconds.
    pub fn verify(&self, secret_access_key: &str, now: i64) -> Result<(), SigV4Error> {
        let signed = self.signed_at;
        if signed < now.saturating_sub(MAX_SKEW) {
            return Err(SigV4Error::Expired { signed, now });
        }
        if signed > now.saturating_add(MAX_SKEW) {
            return Err(SigV4Error::NotYetCurrent { signed, now });
        }
        let expected = self.scope.sign(secret_access_key, &self.string_to_sign);
        if ct_eq(expected.as_bytes(), self.signature.as_bytes()) { Ok(()) } else { Err(SigV4Error::Mismatch) }
    }
}

impl fmt::Debug for Claimed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Claimed({} in {}, unverified)", self.access_key_id, self.region)
    }
}

/// Reads the signature of a request to `service` (`cognito-idp`). Headers must cover `host`, the date and, where
/// present, `x-amz-target`. `content-type` need not be covered: the AWS SDK for PHP leaves it out.
pub fn parse(request: &Request<'_>, service: &str) -> Result<Claimed, SigV4Error> {
    if canonical::has_signature(request.query) {
        return Err(SigV4Error::Presigned);
    }
    let authorization = header(request, "authorization")?.ok_or(SigV4Error::Missing)?;
    let fields = authorization
        .split_once(' ')
        .filter(|(algorithm, _)| *algorithm == ALGORITHM)
        .ok_or(SigV4Error::UnsupportedAlgorithm)?
        .1;
    let Authorization { access_key_id, scope, signed_headers, signature } = Authorization::read(fields)?;
    if values(request.headers, "x-amz-security-token").next().is_some() {
        return Err(SigV4Error::SessionToken);
    }
    if scope.service != service {
        return Err(SigV4Error::WrongService(scope.service));
    }
    check_headers(request, &signed_headers)?;
    let signed_at = signing_time(request)?;
    if amz_date(signed_at)[..8] != scope.date {
        return Err(SigV4Error::WrongScopeDate);
    }
    let string_to_sign = scope.string_to_sign(request, &signed_headers, signed_at);
    let region = scope.region.clone();
    Ok(Claimed { access_key_id, region, signed_at, scope, string_to_sign, signature })
}

/// Whom to sign as, and for what.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    pub region: &'a str,
    pub service: &'a str,
}

impl fmt::Debug for Credentials<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, redacted)", self.access_key_id)
    }
}

/// The `Authorization` of a request, over all its headers; one of them must be `x-amz-date` (see [`amz_date`]) or
/// `date`.
pub fn sign(credentials: &Credentials<'_>, request: &Request<'_>) -> Result<String, SigV4Error> {
    let signed_at = signing_time(request)?;
    let mut signed_headers: Vec<String> = request
        .headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .filter(|name| name != "authorization")
        .collect();
    signed_headers.sort_unstable();
    signed_headers.dedup();
    let scope = Scope {
        date: amz_date(signed_at)[..8].to_owned(),
        region: credentials.region.to_owned(),
        service: credentials.service.to_owned(),
    };
    let string_to_sign = scope.string_to_sign(request, &signed_headers, signed_at);
    let signature = scope.sign(credentials.secret_access_key, &string_to_sign);
    let (key_id, signed_headers) = (credentials.access_key_id, signed_headers.join(";"));
    Ok(format!("{ALGORITHM} Credential={key_id}/{scope}, SignedHeaders={signed_headers}, Signature={signature}"))
}

/// Unix seconds as `x-amz-date` has them: `20150830T123600Z`.
pub fn amz_date(seconds: i64) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::from_unix(seconds);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// What follows the key id in a credential: the reach of a signing key.
#[derive(Clone)]
struct Scope {
    date: String,
    region: String,
    service: String,
}

impl Scope {
    fn string_to_sign(&self, request: &Request<'_>, signed_headers: &[String], signed_at: i64) -> String {
        let digest = hex::encode(&sha256(&[&canonical_request(request, signed_headers)]));
        format!("{ALGORITHM}\n{}\n{self}\n{digest}", amz_date(signed_at))
    }

    fn sign(&self, secret_access_key: &str, string_to_sign: &str) -> String {
        let secret = Zeroizing::new(format!("AWS4{secret_access_key}"));
        let mut key = Zeroizing::new(hmac_sha256(secret.as_bytes(), &[self.date.as_bytes()]));
        for part in [&self.region, &self.service, TERMINATOR] {
            *key = hmac_sha256(key.as_slice(), &[part.as_bytes()]);
        }
        hex::encode(&hmac_sha256(key.as_slice(), &[string_to_sign.as_bytes()]))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// The fields of an `Authorization` header after its algorithm.
struct Authorization {
    access_key_id: String,
    scope: Scope,
    signed_headers: Vec<String>,
    signature: String,
}

impl Authorization {
    fn read(fields: &str) -> Result<Self, SigV4Error> {
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) =
                field.trim().split_once('=').ok_or_else(|| incomplete("an Authorization field has no value"))?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(incomplete("Authorization has an unknown field")),
            };
            if slot.replace(value).is_some() {
                return Err(incomplete(&format!("Authorization has '{name}' twice")));
            }
        }
        let lacks = |name| incomplete(&format!("Authorization header requires '{name}' parameter."));
        let signature = signature.ok_or_else(|| lacks("Signature"))?;
        let credential = credential.ok_or_else(|| lacks("Credential"))?;
        let signed_headers = signed_headers.ok_or_else(|| lacks("SignedHeaders"))?;

        if signature.len() != 64 || !signature.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(incomplete("Signature is not 64 lower-case hexadecimal digits"));
        }
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key_id, date, region, service, TERMINATOR] = parts[..] else {
            return Err(incomplete("Credential is not of the form key/date/region/service/aws4_request"));
        };
        if access_key_id.is_empty() || region.is_empty() {
            return Err(incomplete("Credential has an empty part"));
        }
        let signed_headers: Vec<String> = signed_headers.split(';').map(str::to_owned).collect();
        if !signed_headers.is_sorted_by(|a, b| a < b) {
            return Err(incomplete("SignedHeaders are not sorted, or one occurs twice"));
        }
        if signed_headers.iter().any(|name| name.is_empty() || name.bytes().any(|c| c.is_ascii_uppercase())) {
            return Err(incomplete("SignedHeaders are not lower-case names"));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            scope: Scope { date: date.to_owned(), region: region.to_owned(), service: service.to_owned() },
            signed_headers,
            signature: signature.to_owned(),
        })
    }
}

/// Refuses requests whose signature leaves open what the server acts on.
fn check_headers(request: &Request<'_>, signed_headers: &[String]) -> Result<(), SigV4Error> {
    for name in SINGLETONS {
        if values(request.headers, name).count() > 1 {
            return Err(incomplete(&format!("the header '{name}' occurs twice")));
        }
    }
    let is_present = |name: &str| values(request.headers, name).next().is_some();
    if let Some(absent) = signed_headers.iter().find(|name| !is_present(name)) {
        return Err(incomplete(&format!("the signed header '{absent}' is not in the request")));
    }
    let date = if is_present("x-amz-date") { "x-amz-date" } else { "date" };
    let target = is_present("x-amz-target").then_some("x-amz-target");
    for name in ["host", date].into_iter().chain(target) {
        if !signed_headers.iter().any(|signed| signed == name) {
            return Err(incomplete(&format!("the header '{name}' must be a signed header")));
        }
    }
    match header(request, "x-amz-content-sha256")? {
        Some(declared) if declared.starts_with("UNSIGNED-PAYLOAD") || declared.starts_with("STREAMING-") => {
            Err(SigV4Error::UnsignedPayload)
        }
        Some(declared) if declared != hex::encode(&sha256(&[request.payload])) => Err(SigV4Error::Mismatch),
        _ => Ok(()),
    }
}

/// When the request was signed: `x-amz-date`, else `date` in that format or as an HTTP date (RFC 9110 section 5.6.7).
fn signing_time(request: &Request<'_>) -> Result<i64, SigV4Error> {
    let malformed = || incomplete("the request's date is malformed");
    if let Some(date) = header(request, "x-amz-date")? {
        return parse_amz_date(date).ok_or_else(malformed);
    }
    let date = header(request, "date")?.ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    })?;
    parse_amz_date(date).or_else(|| parse_http_date(date)).ok_or_else(malformed)
}

/// The one value of a header that is text.
fn header<'a>(request: &Request<'a>, name: &str) -> Result<Option<&'a str>, SigV4Error> {
    let mut all = values(request.headers, name);
    let Some(value) = all.next() else { return Ok(None) };
    match std::str::from_utf8(value) {
        Ok(text) if all.next().is_none() => Ok(Some(text.trim())),
        _ => Err(incomplete(&format!("the header '{name}' is not one text"))),
    }
}

fn parse_amz_date(text: &str) -> Option<i64> {
    let (date, time) = text.as_bytes().strip_suffix(b"Z")?.split_at_checked(8)?;
    let [b'T', time @ ..] = time else { return None };
    if time.len() != 6 {
        return None;
    }
    let number = calendar::number;
    let (year, month, day) = (number(&date[..4])?, number(&date[4..6])?, number(&date[6..])?);
    let (hour, minute, second) = (number(&time[..2])?, number(&time[2..4])?, number(&time[4..])?);
    Civil { year, month, day, hour, minute, second }.to_unix()
}

/// `Sun, 30 Aug 2015 12:36:00 GMT`
fn parse_http_date(text: &str) -> Option<i64> {
    let (weekday, rest) = text.split_once(", ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, clock, "GMT"] = fields[..] else { return None };
    if !calendar::is_weekday(weekday) || day.len() != 2 || year.len() != 4 {
        return None;
    }
    let (hour, minute, second) = calendar::clock(clock)?;
    let (day, year) = (calendar::number(day.as_bytes())?, calendar::number(year.as_bytes())?);
    Civil { year, month: calendar::month(month)?, day, hour, minute, second }.to_unix()
}

fn incomplete(detail: &str) -> SigV4Error {
    SigV4Error::Incomplete(detail.to_owned())
}

#[cfg(test)]
mod tests;
