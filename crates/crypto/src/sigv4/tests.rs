//! Signatures against AWS's published examples, against this module's own signer, and against tampering.

use proptest::prelude::*;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z, the moment of AWS's examples.
const MOMENT: i64 = 1_440_938_160;
const SCOPED: Credentials<'_> =
    Credentials { access_key_id: "AKIDEXAMPLE", secret_access_key: SECRET, region: "us-east-1", service: "service" };
const HOST: (&str, &[u8]) = ("Host", b"example.amazonaws.com");
const DATE: (&str, &[u8]) = ("X-Amz-Date", b"20150830T123600Z");

fn get<'a>(path: &'a str, query: &'a str, headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
    Request { method: "GET", path, query, headers, payload: b"" }
}

/// AWS's Signature Version 4 test suite: requests of `AKIDEXAMPLE` to `service` in us-east-1.
#[test]
fn awss_examples() {
    let plain = [HOST, DATE];
    let duplicate: [(&str, &[u8]); 5] =
        [HOST, ("My-Header1", b"value2"), ("My-Header1", b"value2"), ("My-Header1", b"value1"), DATE];
    let spaced: [(&str, &[u8]); 4] = [HOST, ("My-Header1", b" value1"), ("My-Header2", b" \"a   b   c\""), DATE];
    let form: [(&str, &[u8]); 3] = [("Content-Type", b"application/x-www-form-urlencoded"), HOST, DATE];
    let unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let (unreserved_path, unreserved_query) = (format!("/{unreserved}"), format!("{unreserved}={unreserved}"));
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let post = |headers, payload| Request { method: "POST", path: "/", query: "", headers, payload };
    for (name, request, signature) in [
        ("get-vanilla", get("/", "", &plain), vanilla),
        ("get-slash", get("//", "", &plain), vanilla),
        ("get-relative", get("/example/..", "", &plain), vanilla),
        ("get-slash-dot-slash", get("/./", "", &plain), vanilla),
        (
            "get-vanilla-query-order-key-case",
            get("/", "Param2=value2&Param1=value1", &plain),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-unreserved",
            get(&unreserved_path, "", &plain),
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "get-vanilla-query-unreserved",
            get("/", &unreserved_query, &plain),
            "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197",
        ),
        ("get-utf8", get("/\u{1234}", "", &plain), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
        (
            "get-header-key-duplicate",
            get("/", "", &duplicate),
            "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ),
        (
            "get-header-value-trim",
            get("/", "", &spaced),
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        ("post-vanilla", post(&plain, b""), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "post-x-www-form-urlencoded",
            post(&form, b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ] {
        let authorization = sign(&SCOPED, &request).unwrap();
        assert!(authorization.ends_with(&format!("Signature={signature}")), "{name}: {authorization}");
    }
}

/// The example of AWS's documentation of the signing process: ListUsers of IAM.
#[test]
fn awss_documented_request() {
    let headers: [(&str, &[u8]); 3] =
        [("content-type", b"application/x-www-form-urlencoded; charset=utf-8"), ("host", b"iam.amazonaws.com"), DATE];
    let authorization =
        sign(&Credentials { service: "iam", ..SCOPED }, &get("/", "Action=ListUsers&Version=2010-05-08", &headers));
    assert_eq!(
        authorization.unwrap(),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, \
         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );
}

/// A ListUserPools call as an SDK sends it, to be altered by tests.
#[derive(Clone)]
struct Call {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    headers: Vec<(&'static str, String)>,
    payload: &'static str,
}

impl Call {
    fn new() -> Self {
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "localhost:9229"),
            ("x-amz-date", "20150830T123600Z"),
            ("x-amz-target", "AWSCognitoIdentityProviderService.ListUserPools"),
        ];
        let headers = headers.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self { method: "POST", path: "/", query: "", headers, payload: r#"{"MaxResults":1}"# }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        let header = self.headers.iter_mut().find(|(found, _)| *found == name).unwrap();
        value.clone_into(&mut header.1);
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| *found != name);
        self
    }

    fn edit(self, from: &str, to: &str) -> Self {
        let authorization = self.headers.iter().find(|(name, _)| *name == "authorization").unwrap().1.clone();
        assert!(authorization.contains(from), "{from}");
        self.set("authorization", &authorization.replacen(from, to, 1))
    }

    fn as_request<T>(&self, act: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let Self { method, path, query, payload, .. } = self;
        act(&Request { method, path, query, headers: &headers, payload: payload.as_bytes() })
    }

    fn signed(self) -> Self {
        self.signed_for("cognito-idp")
    }

    fn signed_for(self, service: &str) -> Self {
        let authorization = self.as_request(|request| sign(&Credentials { service, ..SCOPED }, request)).unwrap();
        self.with("authorization", &authorization)
    }

    fn verify_at(&self, secret: &str, now: i64) -> Result<Claimed, SigV4Error> {
        let claimed = self.as_request(|request| parse(request, "cognito-idp"))?;
        claimed.verify(secret, now).map(|()| claimed)
    }

    fn refusal(&self) -> SigV4Error {
        self.verify_at(SECRET, MOMENT).unwrap_err()
    }

    /// The words of an `Incomplete` refusal.
    fn complaint(&self) -> String {
        match self.refusal() {
            SigV4Error::Incomplete(detail) => detail,
            other => panic!("refused for another reason: {other}"),
        }
    }
}

#[test]
fn a_signed_call_is_accepted() {
    let claimed = Call::new().signed().verify_at(SECRET, MOMENT).unwrap();
    assert_eq!((claimed.access_key_id.as_str(), claimed.region.as_str()), ("AKIDEXAMPLE", "us-east-1"));
    assert_eq!(claimed.signed_at, MOMENT);
}

#[test]
fn what_clients_do_differently_is_accepted() {
    let content_type = ("content-type", "application/x-amz-json-1.1");
    let hash = hex::encode(&sha256(&[Call::new().payload.as_bytes()]));
    for call in [
        // The PHP SDK leaves content-type out of the signature, all leave user-agent out.
        Call::new().without("content-type").signed().with(content_type.0, content_type.1).with("user-agent", "x"),
        Call::new().without("x-amz-date").with("date", "Sun, 30 Aug 2015 12:36:00 GMT").signed(),
        Call::new().without("x-amz-date").with("date", "20150830T123600Z").signed(),
        Call::new().with("x-amz-content-sha256", &hash).signed(),
        Call::new().signed().edit(", SignedHeaders", ",SignedHeaders"),
    ] {
        call.verify_at(SECRET, MOMENT).unwrap();
    }
}

/// SECURITY row 36: five minutes of skew, no more; replayed later, the request is stale.
#[test]
fn clocks_may_differ_by_five_minutes() {
    let call = Call::new().signed();
    for now in [MOMENT - 300, MOMENT + 300] {
        call.verify_at(SECRET, now).unwrap();
    }
    let late = SigV4Error::Expired { signed: MOMENT, now: MOMENT + 301 };
    assert_eq!(call.verify_at(SECRET, MOMENT + 301).unwrap_err(), late);
    let early = SigV4Error::NotYetCurrent { signed: MOMENT, now: MOMENT - 301 };
    assert_eq!(call.verify_at(SECRET, MOMENT - 301).unwrap_err(), early);
    for now in [i64::MIN, i64::MAX] {
        assert!(call.verify_at(SECRET, now).is_err());
    }
}

/// SECURITY row 36: another secret, and every part of the request that the signature covers.
#[test]
fn a_changed_request_does_not_match() {
    let call = Call::new().signed();
    let expected = SigV4Error::Mismatch;
    assert_eq!(call.verify_at("another secret", MOMENT).unwrap_err(), expected);
    assert_eq!(Call { method: "GET", ..call.clone() }.refusal(), expected);
    assert_eq!(Call { path: "/x", ..call.clone() }.refusal(), expected);
    assert_eq!(Call { query: "x=1", ..call.clone() }.refusal(), expected);
    assert_eq!(Call { payload: r#"{"MaxResults":2}"#, ..call.clone() }.refusal(), expected);
    assert_eq!(call.clone().set("host", "attacker.example").refusal(), expected);
    assert_eq!(call.clone().set("content-type", "text/plain").refusal(), expected);
    assert_eq!(call.clone().set("x-amz-date", "20150830T123601Z").refusal(), expected);
    let target = "AWSCognitoIdentityProviderService.DeleteUserPool";
    assert_eq!(call.clone().set("x-amz-target", target).refusal(), expected);
    assert_eq!(call.clone().edit("us-east-1", "us-east-2").refusal(), expected);
    assert_eq!(call.edit("content-type;host", "host").refusal(), expected);
}

/// SECURITY row 36: credentials scoped to another service or day.
#[test]
fn the_scope_is_this_service_and_that_day() {
    let elsewhere = Call::new().signed_for("cognito-identity");
    assert_eq!(elsewhere.refusal(), SigV4Error::WrongService("cognito-identity".to_owned()));
    for date in ["20150829", "2015083", "20150830T", "../../.."] {
        let call = Call::new().signed().edit("/20150830/", &format!("/{date}/"));
        assert!(matches!(call.refusal(), SigV4Error::WrongScopeDate | SigV4Error::Incomplete(_)), "{date}");
    }
}

/// SECURITY row 36: a signature that leaves out the host, the date or the operation.
#[test]
fn what_the_server_acts_on_is_signed() {
    for name in ["host", "x-amz-date", "x-amz-target"] {
        let value = Call::new().headers.iter().find(|(found, _)| *found == name).unwrap().1.clone();
        let partial = if name == "x-amz-date" { Call::new().with("date", "20150830T123600Z") } else { Call::new() };
        let call = partial.without(name).signed().with(name, &value);
        assert_eq!(call.complaint(), format!("the header '{name}' must be a signed header"));
    }
    let undated = Call::new().signed().without("x-amz-date").edit(";x-amz-date", "");
    assert!(undated.complaint().contains("the header 'date' must be a signed header"));
    let absent = Call::new().with("x-amz-extra", "1").signed().without("x-amz-extra");
    assert_eq!(absent.complaint(), "the signed header 'x-amz-extra' is not in the request");
}

/// SECURITY row 36: a second value of a header, in any case, would be signed as one thing and acted on as another.
#[test]
fn single_headers_stand_once() {
    for (name, value) in [
        ("Host", "attacker.example"),
        ("X-AMZ-DATE", "20150830T123600Z"),
        ("X-Amz-Target", "AWSCognitoIdentityProviderService.DeleteUserPool"),
        ("Content-Type", "text/plain"),
    ] {
        let call = Call::new().signed().with(name, value);
        assert_eq!(call.complaint(), format!("the header '{}' occurs twice", name.to_lowercase()));
        let both_signed = Call::new().with(name, value);
        if name != "X-AMZ-DATE" {
            assert_eq!(both_signed.signed().complaint(), format!("the header '{}' occurs twice", name.to_lowercase()));
        }
    }
    let twice = Call::new().signed().with("Authorization", "AWS4-HMAC-SHA256 x");
    assert_eq!(twice.complaint(), "the header 'authorization' is not one text");
}

/// SECURITY row 36: unsigned and streamed payloads, and a hash that is not the payload's.
#[test]
fn the_payload_is_signed() {
    for declared in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let call = Call::new().with("x-amz-content-sha256", declared).signed();
        assert_eq!(call.refusal(), SigV4Error::UnsignedPayload);
    }
    let call = Call::new().with("x-amz-content-sha256", &"0".repeat(64)).signed();
    assert_eq!(call.refusal(), SigV4Error::Mismatch);
}

/// SECURITY row 36: signatures in the query, session tokens, other algorithms, no signature.
#[test]
fn other_ways_of_signing_are_refused() {
    for query in
        ["X-Amz-Signature=0", "a=1&x-amz-credential=b", "X%2DAmz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Security-Token="]
    {
        assert_eq!(Call { query, ..Call::new() }.refusal(), SigV4Error::Presigned);
        assert_eq!(Call { query, ..Call::new() }.signed().refusal(), SigV4Error::Presigned);
    }
    let with_token = Call::new().with("x-amz-security-token", "token");
    assert_eq!(with_token.signed().refusal(), SigV4Error::SessionToken);
    assert_eq!(Call::new().refusal(), SigV4Error::Missing);
    for scheme in ["Bearer", "Basic", "AWS", "AWS4-HMAC-SHA1", "AWS4-ECDSA-P256-SHA256", "aws4-hmac-sha256"] {
        let call = Call::new().signed().edit("AWS4-HMAC-SHA256", scheme);
        assert_eq!(call.refusal(), SigV4Error::UnsupportedAlgorithm);
    }
    for authorization in ["", "AWS4-HMAC-SHA256", "Bearer"] {
        assert_eq!(Call::new().with("authorization", authorization).refusal(), SigV4Error::UnsupportedAlgorithm);
    }
}

/// SECURITY row 36: an Authorization header that is not of the one form.
#[test]
fn malformed_authorizations_are_refused() {
    let call = Call::new().signed();
    for (from, to, complaint) in [
        ("Credential=", "Credentials=", "unknown field"),
        ("Credential=AKIDEXAMPLE", "Credential=", "empty part"),
        ("/aws4_request", "", "not of the form"),
        ("/aws4_request", "/aws4_request/x", "not of the form"),
        ("/aws4_request", "/AWS4_REQUEST", "not of the form"),
        ("us-east-1", "", "empty part"),
        (", Signature=", ", Signature=00", "64 lower-case"),
        (", Signature=", ", Signature=0, Signature=", "'Signature' twice"),
        (", Signature", "", "requires 'Signature'"),
        ("Credential=", "Credential, Credential=", "has no value"),
        ("content-type;host", "host;content-type", "not sorted"),
        ("content-type;host", "content-type;host;host", "not sorted"),
        ("content-type;host", "Content-type;host", "lower-case names"),
        ("content-type;host", ";content-type;host", "lower-case names"),
    ] {
        let detail = call.clone().edit(from, to).complaint();
        assert!(detail.contains(complaint), "{from} to {to}: {detail}");
    }
    let only = call.with("x", "").set("authorization", "AWS4-HMAC-SHA256 Signature=0");
    assert_eq!(only.complaint(), "Authorization header requires 'Credential' parameter.");
}

#[test]
fn dates_are_read_strictly() {
    assert_eq!(parse_amz_date("20150830T123600Z"), Some(MOMENT));
    assert_eq!(amz_date(MOMENT), "20150830T123600Z");
    for text in
        ["", "Z", "20150830T123600", "20150830123600Z", "2015083éT12360Z", "20150830T1236000Z", "20151330T123600Z"]
    {
        assert_eq!(parse_amz_date(text), None, "{text}");
        assert!(
            Call::new().set("x-amz-date", text).with("authorization", "x").refusal()
                == SigV4Error::UnsupportedAlgorithm
        );
    }
    assert_eq!(parse_http_date("Sun, 30 Aug 2015 12:36:00 GMT"), Some(MOMENT));
    for text in ["Sun, 30 Aug 2015 12:36:00 UTC", "30 Aug 2015 12:36:00 GMT", "Sun, 3 Aug 2015 12:36:00 GMT"] {
        assert_eq!(parse_http_date(text), None, "{text}");
    }
}

/// SECURITY row 45: secrets do not reach logs through Debug.
#[test]
fn secrets_are_not_printed() {
    let claimed = Call::new().signed().verify_at(SECRET, MOMENT).unwrap();
    let printed = format!("{SCOPED:?} {claimed:?}");
    assert_eq!(printed, "Credentials(AKIDEXAMPLE, redacted) Claimed(AKIDEXAMPLE in us-east-1, unverified)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_signed_verifies(
        path in "(/[ -~]{0,8}){0,3}", query in "[a-z%=&+]{0,12}", value in "[ -~]{0,20}", payload in any::<Vec<u8>>(),
        now in 0i64..4_000_000_000,
    ) {
        prop_assume!(!path.contains('?'));
        let date = amz_date(now);
        let unsigned: [(&str, &[u8]); 4] =
            [HOST, ("x-amz-date", date.as_bytes()), ("X-Custom", value.as_bytes()), ("x-custom", b"2")];
        let request = Request { method: "POST", path: &path, query: &query, headers: &unsigned, payload: &payload };
        let authorization = sign(&SCOPED, &request).unwrap();
        let headers = [&unsigned[..], &[("Authorization", authorization.as_bytes())]].concat();
        let request = Request { headers: &headers, ..request };
        let claimed = parse(&request, "service").unwrap();
        prop_assert_eq!(claimed.verify(SECRET, now), Ok(()));
        prop_assert_eq!(claimed.verify("other", now), Err(SigV4Error::Mismatch));
    }

    #[test]
    fn no_authorization_is_too_odd(text in any::<String>(), date in any::<String>()) {
        let text = format!("AWS4-HMAC-SHA256 {text}");
        let headers: [(&str, &[u8]); 3] = [HOST, ("x-amz-date", date.as_bytes()), ("authorization", text.as_bytes())];
        let request = Request { method: "POST", path: "/", query: "", headers: &headers, payload: b"" };
        prop_assert!(parse(&request, "service").is_err());
    }
}
