//! No headers, path or query pass as signed by a key that signed nothing.
#![no_main]

use cognate_crypto::sigv4::{self, Request};
use libfuzzer_sys::fuzz_target;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

fuzz_target!(|lines: (&str, &str, Vec<(&str, &[u8])>, &[u8])| {
    let (path, query, headers, payload) = lines;
    let request = Request { method: "POST", path, query, headers: &headers, payload };
    if let Ok(claimed) = sigv4::parse(&request, "cognito-idp") {
        assert!(claimed.verify("a-secret-that-signed-nothing", NOW).is_err());
    }
    // The same with an Authorization that is nearly right, so that what lies behind it is reached.
    let mut signed = vec![
        ("host", b"localhost".as_slice()),
        ("x-amz-date", b"20260101T000000Z"),
        (
            "authorization",
            b"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/cognito-idp/aws4_request, \
              SignedHeaders=host;x-amz-date, Signature=00",
        ),
    ];
    signed.extend(headers.iter().copied());
    let request = Request { headers: &signed, ..request };
    if let Ok(claimed) = sigv4::parse(&request, "cognito-idp") {
        assert!(claimed.verify("a-secret-that-signed-nothing", NOW).is_err());
    }
});
