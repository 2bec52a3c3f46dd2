//! Who a caller is: signatures by SigV4, row by row, and the access keys they are made with.

use cognate_crypto::sigv4;
use cognate_server::access::keys;
use cognate_server::api::OPERATIONS;
use cognate_server::api::operation::CallerKind;
use cognate_testkit::{Answer, EPOCH_MS, Key, TestServer, Unsigned, new_account};
use serde_json::{Value, json};

use crate::valid::valid;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

/// A server that verifies signatures, as `cognate serve` does; its clock stands still.
pub async fn verifying() -> TestServer {
    TestServer::with(&[("aws.verify_signatures", "true")]).await
}

/// The same on the machine's time, which is what the SDK signs with.
async fn verifying_today() -> TestServer {
    TestServer::today(&[("aws.verify_signatures", "true")]).await
}

pub fn refusal(answer: &Answer) -> (u16, String, String) {
    let (code, message) = answer.error().unwrap_or_else(|| panic!("refused, but it answered {}", answer.json()));
    (answer.status, code, message)
}

pub async fn refused(server: &TestServer, request: Unsigned) -> (u16, String, String) {
    refusal(&server.send(request.request()).await)
}

pub fn with(code: &str, message: impl Into<String>) -> (u16, String, String) {
    (400, code.to_owned(), message.into())
}

fn list(server: &TestServer) -> Unsigned {
    server.unsigned("ListUserPools", &json!({ "MaxResults": 10 }))
}

#[tokio::test]
async fn what_the_official_sdk_signs_is_accepted() {
    use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata as _;
    let server = verifying_today().await;
    let key = server.key().await;
    let sdk = server.sdk_as(&key, "eu-west-1");
    let pool = sdk.create_user_pool().pool_name("signed").send().await.unwrap().user_pool.unwrap();
    assert!(pool.id().unwrap().starts_with("eu-west-1_"), "a pool's id has the Region it was asked for in");
    let account = &server.cx.config.aws.account;
    assert_eq!(pool.arn().unwrap(), format!("arn:aws:cognito-idp:eu-west-1:{account}:userpool/{}", pool.id().unwrap()));

    let stranger = Key { id: "AKIAAAAAAAAAAAAAAAAA".into(), secret: key.secret.clone() };
    let error = server.sdk_as(&stranger, "eu-west-1").list_user_pools().max_results(1).send().await.unwrap_err();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
    assert_eq!(error.message(), Some("The security token included in the request is invalid."));

    let guesser = Key { id: key.id.clone(), secret: "guess".into() };
    let error = server.sdk_as(&guesser, "eu-west-1").list_user_pools().max_results(1).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidSignatureException"));
    assert_eq!(error.message(), Some(MISMATCH));
}

/// SECURITY 36: the scope's Region is the caller's; a pool of another is not there.
#[tokio::test]
async fn a_pool_is_not_there_for_a_signature_of_another_region() {
    use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata as _;
    let server = verifying_today().await;
    let key = server.key().await;
    let (home, abroad) = (server.sdk_as(&key, "us-east-1"), server.sdk_as(&key, "us-west-2"));
    let pool = home.create_user_pool().pool_name("home").send().await.unwrap().user_pool.unwrap();
    let id = pool.id().unwrap();
    home.describe_user_pool().user_pool_id(id).send().await.unwrap();

    let error = abroad.describe_user_pool().user_pool_id(id).send().await.unwrap_err();
    assert_eq!(error.code(), Some("ResourceNotFoundException"));
    assert_eq!(error.message().unwrap(), format!("User pool {id} does not exist."));
    let there = abroad.list_user_pools().max_results(60).send().await.unwrap();
    assert!(there.user_pools().is_empty(), "and it is not listed");
}

/// SECURITY 34, 36: a key of another account finds nothing, whatever its policy says.
#[tokio::test]
async fn keys_do_not_cross_accounts() {
    let server = verifying().await;
    let key = server.key().await;
    let all = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let foreign = server.key_of(&new_account(), &all).await;
    let made = server.call_as(&key, "CreateUserPool", &json!({ "PoolName": "ours" })).await;
    let id = made.json()["UserPool"]["Id"].as_str().unwrap().to_owned();

    let answer = server.call_as(&foreign, "DescribeUserPool", &json!({ "UserPoolId": id })).await;
    assert_eq!(refusal(&answer), with("ResourceNotFoundException", format!("User pool {id} does not exist.")));
    let answer = server.call_as(&foreign, "ListUserPools", &json!({ "MaxResults": 60 })).await;
    assert_eq!(answer.json()["UserPools"], json!([]));
    let answer = server.call_as(&foreign, "DeleteUserPool", &json!({ "UserPoolId": id })).await;
    assert_eq!(refusal(&answer), with("ResourceNotFoundException", format!("User pool {id} does not exist.")));
    assert_eq!(server.call_as(&key, "DescribeUserPool", &json!({ "UserPoolId": id })).await.error(), None);
}

/// SECURITY 36: the scope names this service, a Region and the day of the request.
#[tokio::test]
async fn a_credential_is_for_this_service_a_region_and_a_day() {
    let server = verifying().await;
    let key = server.key().await;
    let mut other = list(&server);
    other.service = "s3";
    assert_eq!(
        refused(&server, other.sign(&key)).await,
        with("InvalidSignatureException", "Credential should be scoped to correct service: 'cognito-idp'.")
    );
    for region in ["nowhere", "US-EAST-1", "us_east-1", "us-east-1\u{e9}", &"a-".repeat(40)] {
        let mut request = list(&server);
        request.region = region.to_owned();
        assert_eq!(
            refused(&server, request.sign(&key)).await,
            with("InvalidSignatureException", "Credential should be scoped to a valid region."),
            "{region}"
        );
    }
    let day_before = sigv4::amz_date(EPOCH_MS / 1000 - 86_400)[..8].to_owned();
    let request = list(&server);
    let today = sigv4::amz_date(EPOCH_MS / 1000)[..8].to_owned();
    let authorization = request.authorization(&key).replace(&format!("/{today}/"), &format!("/{day_before}/"));
    assert_eq!(
        refused(&server, request.header("authorization", authorization)).await,
        with(
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP."
        )
    );
}

/// SECURITY 36, 55: five minutes either way, to the second.
#[tokio::test]
async fn the_clock_may_be_five_minutes_off() {
    let server = verifying().await;
    let key = server.key().await;
    let now = EPOCH_MS / 1000;
    for skew in [-300, 0, 300] {
        let request = list(&server).header("x-amz-date", sigv4::amz_date(now + skew)).sign(&key);
        assert_eq!(server.send(request.request()).await.error(), None, "{skew}");
    }
    let request = list(&server).header("x-amz-date", sigv4::amz_date(now - 301)).sign(&key);
    assert_eq!(
        refused(&server, request).await,
        with(
            "InvalidSignatureException",
            "Signature expired: 20260303T040005Z is now earlier than 20260303T040006Z (20260303T040506Z - 5 min.)"
        )
    );
    let request = list(&server).header("x-amz-date", sigv4::amz_date(now + 301)).sign(&key);
    assert_eq!(
        refused(&server, request).await,
        with(
            "InvalidSignatureException",
            "Signature not yet current: 20260303T041007Z is still later than 20260303T041006Z (20260303T040506Z + 5 min.)"
        )
    );
    for date in ["", "yesterday", "20260303", "20261303T040506Z", "99999999T999999Z"] {
        let request = list(&server);
        let authorization = request.authorization(&key);
        let request = request.header("x-amz-date", date).header("authorization", authorization);
        let expected = with("IncompleteSignatureException", "The request's date is malformed.");
        assert_eq!(refused(&server, request).await, expected, "{date:?}");
    }
}

/// SECURITY 36: the signature covers the body, always.
#[tokio::test]
async fn payloads_are_signed() {
    let server = verifying().await;
    let key = server.key().await;
    for declared in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let request = list(&server).header("x-amz-content-sha256", declared).sign(&key);
        assert_eq!(
            refused(&server, request).await,
            with("IncompleteSignatureException", "The payload is not signed."),
            "{declared}"
        );
    }
    let hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let request = list(&server).header("x-amz-content-sha256", hash_of_nothing).sign(&key);
    assert_eq!(refused(&server, request).await, with("InvalidSignatureException", MISMATCH));

    let mut tampered = list(&server).sign(&key);
    tampered.body = br#"{"MaxResults":11}"#.to_vec();
    assert_eq!(refused(&server, tampered).await, with("InvalidSignatureException", MISMATCH));
}

/// SECURITY 36: what decides where a request goes and what it does is signed.
#[tokio::test]
async fn host_date_and_target_are_signed() {
    let server = verifying().await;
    let key = server.key().await;
    for name in ["host", "x-amz-date", "x-amz-target"] {
        // Signed without the header, then sent with it: the signature is right and says nothing about it.
        let whole = list(&server);
        let mut covered = whole.clone();
        covered.headers.retain(|(found, _)| *found != name);
        if name == "x-amz-date" {
            covered = covered.header("date", sigv4::amz_date(EPOCH_MS / 1000));
        }
        let authorization = covered.authorization(&key);
        let mut sent = whole.header("authorization", authorization);
        if name == "x-amz-date" {
            sent = sent.header("date", sigv4::amz_date(EPOCH_MS / 1000));
        }
        let expected = with("IncompleteSignatureException", format!("The header '{name}' must be a signed header."));
        assert_eq!(refused(&server, sent).await, expected);
    }
    // A target that was signed is the target that is acted on.
    let made = server.call_as(&key, "CreateUserPool", &json!({ "PoolName": "precious" })).await;
    let id = made.json()["UserPool"]["Id"].as_str().unwrap().to_owned();
    let swapped = server
        .unsigned("DescribeUserPool", &json!({ "UserPoolId": id }))
        .sign(&key)
        .header("x-amz-target", "AWSCognitoIdentityProviderService.DeleteUserPool");
    assert_eq!(refused(&server, swapped).await, with("InvalidSignatureException", MISMATCH));
    let elsewhere = list(&server).sign(&key).header("host", "cognito-idp.us-east-1.amazonaws.com");
    assert_eq!(refused(&server, elsewhere).await, with("InvalidSignatureException", MISMATCH));
    assert_eq!(server.call_as(&key, "DescribeUserPool", &json!({ "UserPoolId": id })).await.error(), None);
}

/// SECURITY 36: a header that occurs twice leaves open which one was signed; names are signed in lower case only.
#[tokio::test]
async fn duplicate_and_odd_case_headers_are_refused() {
    let server = verifying().await;
    let key = server.key().await;
    for (name, value) in
        [("x-amz-date", sigv4::amz_date(EPOCH_MS / 1000)), ("content-type", "application/x-amz-json-1.1".to_owned())]
    {
        let mut twice = list(&server).sign(&key);
        twice.headers.push((name, value));
        let (_, code, _) = refused(&server, twice).await;
        // A second content type is no content type of the API's, before any signature is read.
        let expected =
            if name == "content-type" { "UnknownOperationException" } else { "IncompleteSignatureException" };
        assert_eq!(code, expected, "{name}");
    }
    let mut twice = list(&server).sign(&key);
    let first = twice.headers.last().unwrap().clone();
    twice.headers.push(first);
    assert_eq!(
        refused(&server, twice).await,
        with("IncompleteSignatureException", "The header 'authorization' is not one text.")
    );

    let change = |from: &str, to: &str| {
        let request = list(&server);
        let authorization = request.authorization(&key).replace(from, to);
        request.header("authorization", authorization)
    };
    for (from, to, words) in [
        ("content-type;host", "content-type;Host", "SignedHeaders are not sorted, or one occurs twice."),
        ("x-amz-target", "X-amz-target", "SignedHeaders are not sorted, or one occurs twice."),
        ("content-type;host", "host;content-type", "SignedHeaders are not sorted, or one occurs twice."),
        ("content-type;host", "content-type;host;host", "SignedHeaders are not sorted, or one occurs twice."),
        ("content-type;host", "Content-type;host", "SignedHeaders are not lower-case names."),
        ("content-type;host", "content-type;host;nothing", "The signed header 'nothing' is not in the request."),
        ("Signature=", "Signature=00", "Signature is not 64 lower-case hexadecimal digits."),
        ("/aws4_request", "/aws5_request", "Credential is not of the form key/date/region/service/aws4_request."),
        ("/cognito-idp", "/cognito-idp/more", "Credential is not of the form key/date/region/service/aws4_request."),
        (", Signature", ", Extra=1, Signature", "Authorization has an unknown field."),
        ("SignedHeaders=", "Signed=", "Authorization has an unknown field."),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512", "The request is not signed with AWS4-HMAC-SHA256."),
        ("AWS4-HMAC-SHA256", "aws4-hmac-sha256", "The request is not signed with AWS4-HMAC-SHA256."),
    ] {
        assert_eq!(
            refused(&server, change(from, to)).await,
            with("IncompleteSignatureException", words),
            "{from} → {to}"
        );
    }
}

/// SECURITY 36: a signature in the query, where logs and proxies keep it, is no signature.
#[tokio::test]
async fn presigned_requests_are_refused() {
    let server = verifying().await;
    let key = server.key().await;
    let expected = with("IncompleteSignatureException", "Presigned requests are not accepted.");
    for parameter in
        ["X-Amz-Signature=00", "X-Amz-Credential=a", "x-amz-algorithm=AWS4-HMAC-SHA256", "%58-Amz-Signature=0"]
    {
        let mut request = list(&server);
        request.path_and_query = format!("/?{parameter}");
        assert_eq!(refused(&server, request.clone()).await, expected, "{parameter}");
        assert_eq!(refused(&server, request.sign(&key)).await, expected, "{parameter}");
    }
}

/// SECURITY 36: no session token was ever issued here.
#[tokio::test]
async fn session_tokens_are_refused() {
    let server = verifying().await;
    let key = server.key().await;
    let request = list(&server).header("x-amz-security-token", "FwoGZXIvYXdzE").sign(&key);
    assert_eq!(
        refused(&server, request).await,
        with("UnrecognizedClientException", "The security token included in the request is invalid.")
    );
}

/// SECURITY 36: a revoked key is refused at once, an unknown one looks the same.
#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let server = verifying().await;
    let (key, other) = (server.key().await, server.key().await);
    assert_eq!(server.call_as(&key, "ListUserPools", &json!({ "MaxResults": 1 })).await.error(), None);
    assert!(keys::revoke(&server.cx.store, &key.id, EPOCH_MS).await.unwrap());
    assert!(!keys::revoke(&server.cx.store, &key.id, EPOCH_MS).await.unwrap(), "once and for all");
    let unrecognized = with("UnrecognizedClientException", "The security token included in the request is invalid.");
    assert_eq!(refused(&server, list(&server).sign(&key)).await, unrecognized);
    assert_eq!(
        refused(&server, list(&server).sign(&Key { id: "AKIA".into(), secret: key.secret })).await,
        unrecognized
    );
    assert_eq!(server.call_as(&other, "ListUserPools", &json!({ "MaxResults": 1 })).await.error(), None);
    let mixed = Key { id: other.id, secret: "secret of nobody".into() };
    assert_eq!(refused(&server, list(&server).sign(&mixed)).await, with("InvalidSignatureException", MISMATCH));
}

/// SECURITY 36: SigV4 has no nonce. Within five minutes the same bytes are the same request, here as at AWS, and TLS
/// keeps them from whoever would send them again; after that they are nothing.
#[tokio::test]
async fn a_request_can_be_sent_again_for_five_minutes_and_not_longer() {
    let server = verifying().await;
    let key = server.key().await;
    let request = list(&server).sign(&key);
    for _ in 0..2 {
        assert_eq!(server.send(request.clone().request()).await.error(), None);
    }
    server.advance_s(301);
    assert_eq!(refused(&server, request).await.1, "InvalidSignatureException");
}

/// A signature on an unsigned operation is ignored, right or wrong: some clients sign everything.
#[tokio::test]
async fn unsigned_operations_ignore_signatures() {
    let server = verifying().await;
    let key = server.key().await;
    let wrong = Key { id: "AKIA".into(), secret: "wrong".into() };
    for entry in OPERATIONS.iter().filter(|entry| entry.caller != CallerKind::Iam) {
        let body = valid(&(entry.input)());
        let plain = server.call(entry.name, body.clone()).await;
        let expected = (plain.status, plain.error());
        for request in [
            server.unsigned(entry.name, &body).sign(&key),
            server.unsigned(entry.name, &body).sign(&wrong),
            server.unsigned(entry.name, &body).header("authorization", "Bearer x"),
        ] {
            let answer = server.send(request.request()).await;
            assert_eq!((answer.status, answer.error()), expected, "{}", entry.name);
        }
    }
}

/// In `dev` anyone may do anything from this machine; a signature still says for which Region.
#[tokio::test]
async fn dev_takes_the_region_from_a_signature_it_does_not_check() {
    let server = TestServer::start().await;
    let nobody = Key { id: "any".into(), secret: "any".into() };
    let made = async |region: &str| {
        let mut request = server.unsigned("CreateUserPool", &json!({ "PoolName": "dev" }));
        request.region = region.to_owned();
        let answer: Value = server.send(request.sign(&nobody).request()).await.json();
        answer["UserPool"]["Id"].as_str().unwrap().to_owned()
    };
    assert!(made("ap-south-1").await.starts_with("ap-south-1_"));
    assert!(made("../../etc").await.starts_with("us-east-1_"), "what is no Region is not one");
    let unsigned = server.pool(json!({})).await;
    assert!(unsigned.starts_with("us-east-1_"));
    let answer = server.ok("DescribeUserPool", json!({ "UserPoolId": made("eu-north-1").await })).await;
    assert!(answer["UserPool"]["Id"].is_string(), "a request of no Region sees all of them");
}
