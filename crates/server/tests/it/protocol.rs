//! The AWS JSON protocol as a stranger may speak it: targets, methods, content types, JSON, and what answers tell.

use bytes::Bytes;
use cognate_testkit::{Answer, TestServer};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

const JSON: &str = "application/x-amz-json-1.1";
const PREFIX: &str = "AWSCognitoIdentityProviderService.";

fn post(server: &TestServer, headers: &[(&str, &[u8])], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut request = Request::post(server.url());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

fn refusal(answer: &Answer) -> (u16, String, String) {
    let (code, message) = answer.error().expect("the request is refused");
    (answer.status, code, message)
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// SECURITY 38: a request asks for exactly one operation, by its name as the service writes it.
#[tokio::test]
async fn a_request_names_one_operation() {
    let server = TestServer::start().await;
    let exactly_one = "The request needs exactly one X-Amz-Target header.";
    let form = "X-Amz-Target must be AWSCognitoIdentityProviderService.<Operation>.";
    let unknown = "The service has no operation of that name.";
    for (target, message) in [
        (&b""[..], form),
        (b"ListUserPools", form),
        (b"AWSCognitoIdentityProviderService", form),
        (b"awscognitoidentityproviderservice.ListUserPools", form),
        (b"AWSCognitoIdentityService.ListUserPools", form),
        (b"com.amazonaws.cognito#ListUserPools", form),
        (b"AWSCognitoIdentityProviderService.ListUserPools\xff", form),
        (b"AWSCognitoIdentityProviderService.", unknown),
        (b"AWSCognitoIdentityProviderService.listuserpools", unknown),
        (b"AWSCognitoIdentityProviderService.ListUserPools, AWSCognitoIdentityProviderService.DeleteUserPool", unknown),
        (b"AWSCognitoIdentityProviderService.AWSCognitoIdentityProviderService.ListUserPools", unknown),
        (b"AWSCognitoIdentityProviderService.../ListUserPools", unknown),
    ] {
        let request = post(&server, &[("content-type", JSON.as_bytes()), ("x-amz-target", target)], "{}");
        let expected = (400, "UnknownOperationException".to_owned(), message.to_owned());
        assert_eq!(refusal(&server.send(request).await), expected, "{}", String::from_utf8_lossy(target));
    }
    let list = format!("{PREFIX}ListUserPools");
    let none = post(&server, &[("content-type", JSON.as_bytes())], r#"{"MaxResults":1}"#);
    let two = post(
        &server,
        &[("content-type", JSON.as_bytes()), ("x-amz-target", list.as_bytes()), ("x-amz-target", list.as_bytes())],
        r#"{"MaxResults":1}"#,
    );
    for request in [none, two] {
        let expected = (400, "UnknownOperationException".to_owned(), exactly_one.to_owned());
        assert_eq!(refusal(&server.send(request).await), expected);
    }
}

/// SECURITY 38: a page of another origin can send `text/plain` without asking; only the protocol's type is read.
#[tokio::test]
async fn a_request_has_the_protocols_content_type() {
    let server = TestServer::start().await;
    let target = format!("{PREFIX}ListUserPools");
    let with = |types: &[&str]| {
        let mut headers = vec![("x-amz-target", target.as_bytes())];
        headers.extend(types.iter().map(|kind| ("content-type", kind.as_bytes())));
        post(&server, &headers, r#"{"MaxResults":1}"#)
    };
    for kind in [JSON, "application/x-amz-json-1.0", "Application/X-AMZ-JSON-1.1; charset=utf-8"] {
        assert_eq!(server.send(with(&[kind])).await.status, 200, "{kind}");
    }
    for types in [
        &[][..],
        &[""],
        &["text/plain"],
        &["application/json"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data; boundary=application/x-amz-json-1.1"],
        &["text/plain; application/x-amz-json-1.1"],
        &["application/x-amz-json-1.1, text/plain"],
        &["application/x-amz-json-1.10"],
        &["application/cbor"],
        &[JSON, JSON],
        &["text/plain", JSON],
    ] {
        let message = "The request's Content-Type must be application/x-amz-json-1.1.";
        let expected = (400, "UnknownOperationException".to_owned(), message.to_owned());
        assert_eq!(refusal(&server.send(with(types)).await), expected, "{types:?}");
    }
}

/// SECURITY 38: the API is a POST and nothing else, whatever a header says about the method.
#[tokio::test]
async fn the_api_is_a_post() {
    let server = TestServer::start().await;
    let target = format!("{PREFIX}ListUserPools");
    for method in ["GET", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
        let request = Request::builder()
            .method(method)
            .uri(server.url())
            .header("content-type", JSON)
            .header("x-amz-target", &target)
            .header("x-http-method-override", "POST")
            .body(Full::new(Bytes::from_static(br#"{"MaxResults":1}"#)))
            .unwrap();
        let answer = server.send(request).await;
        let message = format!("{method} is not allowed here: the API takes POST with an X-Amz-Target header.");
        assert_eq!(refusal(&answer), (405, "MethodNotAllowedException".to_owned(), message));
    }
    let elsewhere = Request::post(format!("{}/cognito", server.url()))
        .header("content-type", JSON)
        .header("x-amz-target", &target)
        .body(Full::new(Bytes::from_static(b"{}")))
        .unwrap();
    let answer = server.send(elsewhere).await;
    assert_eq!(refusal(&answer), (404, "UnknownOperationException".into(), "There is nothing at this address.".into()));
}

/// SECURITY 48: JSON that two parsers might read differently, or that would cost more than it is worth.
#[tokio::test]
async fn odd_json_is_refused() {
    let server = TestServer::start().await;
    let malformed = "the JSON text is not well-formed";
    let early = "the JSON text ends too early";
    let bounds = "a member is given twice, nested too deep or out of range";
    let no_object = "Start of structure or map found where not expected.";
    let deep = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"{".to_vec(), early),
        (b"{\"MaxResults\":1".to_vec(), early),
        (b"{\"MaxResults\":1}}".to_vec(), malformed),
        (b"{\"MaxResults\":1} {\"MaxResults\":2}".to_vec(), malformed),
        (b"{'MaxResults':1}".to_vec(), malformed),
        (b"{MaxResults:1}".to_vec(), malformed),
        (b"{\"MaxResults\":1,}".to_vec(), malformed),
        (b"{\"MaxResults\":01}".to_vec(), malformed),
        (b"{\"MaxResults\":NaN}".to_vec(), malformed),
        (b"{\"MaxResults\":1}// comment".to_vec(), malformed),
        (b"\xef\xbb\xbf{\"MaxResults\":1}".to_vec(), malformed),
        (b"{\"MaxResults\":1}\0".to_vec(), malformed),
        (b"{\"NextToken\":\"\xff\xfe\",\"MaxResults\":1}".to_vec(), malformed),
        (b"{\"NextToken\":\"\xed\xa0\x80\",\"MaxResults\":1}".to_vec(), malformed),
        (b"{\"NextToken\":\"a\nb\",\"MaxResults\":1}".to_vec(), malformed),
        (br#"{"NextToken":"\ud800","MaxResults":1}"#.to_vec(), malformed),
        (br#"{"NextToken":"\udc00\ud800","MaxResults":1}"#.to_vec(), malformed),
        (br#"{"MaxResults":1,"MaxResults":60}"#.to_vec(), bounds),
        (br#"{"MaxResults":1,"Max\u0052esults":60}"#.to_vec(), bounds),
        (br#"{"MaxResults":1,"Nonsense":{"a":1,"a":1}}"#.to_vec(), bounds),
        (br#"{"MaxResults":1e999}"#.to_vec(), malformed),
        (deep(33), bounds),
        (deep(100_000), bounds),
        (b"[".repeat(1_000_000), bounds),
        (b"[]".to_vec(), no_object),
        (b"null".to_vec(), no_object),
        (b"\"MaxResults\"".to_vec(), no_object),
        (b"7".to_vec(), no_object),
    ];
    for (body, words) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (status, code, message) = refusal(&server.raw("ListUserPools", body).await);
        assert_eq!((status, code.as_str()), (400, "SerializationException"), "{shown}");
        let said = if words == no_object { message == words } else { message.starts_with(&format!("{words} (line ")) };
        assert!(said, "{shown}: {message}");
    }
    for number in ["1e2147483648", "18446744073709551616", "-9223372036854775809", "2147483648", "1.0000001"] {
        let body = format!("{{\"MaxResults\":{number}}}");
        let (status, code, _) = refusal(&server.raw("ListUserPools", body.into_bytes()).await);
        assert_eq!((status, code.as_str()), (400, "SerializationException"), "{number}");
    }
    for fits in [&br#"{"MaxResults":60.0}"#[..], br#" {"MaxResults":6e1} "#, br#"{"MaxResults":1,"a":null}"#] {
        assert_eq!(server.raw("ListUserPools", fits.to_vec()).await.status, 200, "{}", String::from_utf8_lossy(fits));
    }
    assert_eq!(server.raw("ListUserPools", [&br#"{"MaxResults":1,"#[..], &deep(30)[1..]].concat()).await.status, 200);
}

/// SECURITY 48: nothing is unpacked, so nothing can be a bomb.
#[tokio::test]
async fn compressed_bodies_are_not_unpacked() {
    let server = TestServer::start().await;
    let target = format!("{PREFIX}ListUserPools");
    // `{"MaxResults":1}`, by gzip.
    let gzip: &[u8] = &[
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0xf2, 0x4d, 0xac, 0x08, 0x4a, 0x2d, 0x2e, 0xcd, 0x29, 0x29,
        0x56, 0xb2, 0x32, 0xac, 0x05, 0,
    ];
    let headers =
        [("content-type", JSON.as_bytes()), ("x-amz-target", target.as_bytes()), ("content-encoding", b"gzip")];
    assert_eq!(refusal(&server.send(post(&server, &headers, gzip)).await).1, "SerializationException");
}

/// SECURITY 48, 52: a body has an end, and an operation under it still answers.
#[tokio::test]
async fn a_body_has_a_limit() {
    let server = TestServer::with(&[("server.max_body_bytes", "100000")]).await;
    let body = |length: usize| {
        let body = format!("{{\"MaxResults\":1,\"Nonsense\":\"{}\"}}", "x".repeat(length));
        body.into_bytes()
    };
    let frame = body(0).len();
    assert_eq!(server.raw("ListUserPools", body(100_000 - frame)).await.status, 200);
    let answer = server.raw("ListUserPools", body(100_001 - frame)).await;
    let message = "The request's body is larger than 100000 bytes.".to_owned();
    assert_eq!(refusal(&answer), (413, "RequestEntityTooLargeException".to_owned(), message));
}

/// What an answer is: a request id of its own, the protocol's content type; an error in the body and in two headers.
#[tokio::test]
async fn answers_have_the_services_form() {
    let server = TestServer::start().await;
    let fine = server.call("ListUserPools", json!({ "MaxResults": 1 })).await;
    let refused = server.call("ListUserPools", json!({})).await;
    let unknown = server.call("ListUserPolls", json!({})).await;
    for answer in [&fine, &refused, &unknown] {
        assert_eq!(header(answer, "content-type"), JSON);
        assert_eq!(header(answer, "x-amzn-requestid").len(), 36);
        assert_eq!(answer.headers.get_all("x-amzn-requestid").iter().count(), 1);
        assert!(header(answer, "date").ends_with(" GMT"), "clients correct their clocks by it");
    }
    assert_ne!(header(&fine, "x-amzn-requestid"), header(&refused, "x-amzn-requestid"));
    let message = "1 validation error detected: Value null at 'maxResults' failed to satisfy constraint: Member must \
                   not be null";
    assert_eq!(refused.json(), json!({ "__type": "InvalidParameterException", "message": message }));
    assert_eq!(header(&refused, "x-amzn-errortype"), "InvalidParameterException:");
    assert_eq!(header(&refused, "x-amzn-errormessage"), message);
    assert!(fine.headers.get("x-amzn-errortype").is_none());
}

/// All that is wrong comes in one message, with the places in the service's notation.
#[tokio::test]
async fn every_violation_is_told_with_its_path() {
    let server = TestServer::start().await;
    let (code, message) = server
        .refused(
            "CreateUserPool",
            json!({
                "PoolName": "",
                "Schema": [{ "Name": "fine" }, { "Name": "123456789012345678901", "AttributeDataType": "Text" }],
                "Policies": { "PasswordPolicy": { "MinimumLength": 5, "TemporaryPasswordValidityDays": 366 } },
                "AutoVerifiedAttributes": ["email", "post"],
            }),
        )
        .await;
    assert_eq!(code, "InvalidParameterException");
    let clauses: Vec<&str> =
        message.strip_prefix("7 validation errors detected: ").expect(&message).split("; ").collect();
    for clause in [
        "Value '' at 'poolName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        r"Value '' at 'poolName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w\s+=,.@-]+",
        "Value '5' at 'policies.passwordPolicy.minimumLength' failed to satisfy constraint: Member must have value greater than or equal to 6",
        "Value '366' at 'policies.passwordPolicy.temporaryPasswordValidityDays' failed to satisfy constraint: Member must have value less than or equal to 365",
        "Value '123456789012345678901' at 'schema.2.member.name' failed to satisfy constraint: Member must have length less than or equal to 20",
        "Value 'Text' at 'schema.2.member.attributeDataType' failed to satisfy constraint: Member must satisfy enum value set: [String, Number, DateTime, Boolean]",
        "Value '[email, post]' at 'autoVerifiedAttributes' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [phone_number, email]]",
    ] {
        assert!(clauses.contains(&clause), "{clause}\nin {clauses:#?}");
    }
}

/// SECURITY 45: what the model calls sensitive is never repeated to the caller, whose logs may keep the answer.
#[tokio::test]
async fn sensitive_values_are_not_echoed() {
    let server = TestServer::start().await;
    let secret = "hunter2 hunter2";
    let long = "hunter2".repeat(400);
    let token = "hunter2 token";
    for (operation, body) in [
        ("SignUp", json!({ "ClientId": secret, "Username": secret, "Password": secret, "SecretHash": secret })),
        ("SignUp", json!({ "ClientId": "a", "Username": "a", "UserAttributes": [{ "Name": "email", "Value": long }] })),
        (
            "ConfirmForgotPassword",
            json!({ "ClientId": secret, "Username": secret, "ConfirmationCode": "", "Password": secret }),
        ),
        (
            "InitiateAuth",
            json!({ "ClientId": "a", "AuthFlow": "?", "AuthParameters": { "PASSWORD": "hunter2".repeat(20_000) } }),
        ),
        ("RespondToAuthChallenge", json!({ "ClientId": secret, "ChallengeName": "?", "Session": "hunter2" })),
        ("ChangePassword", json!({ "AccessToken": token, "PreviousPassword": secret, "ProposedPassword": secret })),
        ("RevokeToken", json!({ "Token": token, "ClientId": secret, "ClientSecret": "hunter2" })),
        ("AdminSetUserPassword", json!({ "UserPoolId": "p", "Username": "u", "Password": secret })),
        ("GetUser", json!({ "AccessToken": token })),
    ] {
        let answer = server.call(operation, body).await;
        assert_eq!(refusal(&answer).1, "InvalidParameterException", "{operation}");
        let told = format!("{} {:?}", String::from_utf8_lossy(&answer.body), answer.headers);
        assert!(!told.contains("hunter2"), "{operation}: {told:.500}");
    }
    // What cannot be read as JSON is not repeated either.
    let answer = server.raw("SignUp", br#"{"Password":"hunter2"#.to_vec()).await;
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
}

/// SECURITY 45: what a caller writes cannot become a header of the answer.
#[tokio::test]
async fn a_value_cannot_split_the_answer() {
    let server = TestServer::start().await;
    let wrong = "x\r\nSet-Cookie: a=b\r\n\r\n<html>\u{e9}\u{7f}";
    let body = json!({ "PoolName": "p", "MfaConfiguration": wrong });
    let answer = server.call("CreateUserPool", body).await;
    assert_eq!(refusal(&answer).1, "InvalidParameterException");
    assert!(answer.headers.get("set-cookie").is_none());
    let told = header(&answer, "x-amzn-errormessage");
    assert!(told.starts_with("1 validation error detected: Value 'xSet-Cookie: a=b"), "{told}");
    assert!(answer.json()["message"].as_str().unwrap().contains(wrong), "the body repeats it, escaped");
    let long = server.call("CreateUserPool", json!({ "PoolName": "p", "MfaConfiguration": "x".repeat(900_000) })).await;
    assert!(long.body.len() < 3000, "and not at any length: {}", long.body.len());
}

/// SECURITY 20, 38: any page may ask and read errors too, and none with credentials.
#[tokio::test]
async fn browsers_may_ask_from_anywhere() {
    let server = TestServer::start().await;
    let preflight = Request::options(server.url())
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,x-amz-target,x-amz-user-agent,cache-control")
        .body(Full::default())
        .unwrap();
    let answer = server.send(preflight).await;
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert!(header(&answer, "access-control-allow-methods").contains("POST"));

    let target = format!("{PREFIX}GetUser");
    let origin: (&str, &[u8]) = ("origin", b"https://app.example");
    let headers = [("content-type", JSON.as_bytes()), ("x-amz-target", target.as_bytes()), origin];
    let refused = server.send(post(&server, &headers, r#"{"AccessToken":"x"}"#)).await;
    let unknown = server.send(post(&server, &[origin], "")).await;
    for answer in [&refused, &unknown] {
        assert_eq!(answer.status, 400);
        assert_eq!(header(answer, "access-control-allow-origin"), "*");
        assert!(answer.headers.get("access-control-allow-credentials").is_none());
        for name in ["x-amzn-requestid", "x-amzn-errortype", "x-amzn-errormessage", "date"] {
            assert!(header(answer, "access-control-expose-headers").contains(name), "{name}");
        }
    }
}

/// SECURITY 52: a job that panics on a worker thread is one refusal; the next request finds the workers alive.
#[tokio::test]
async fn a_panicking_worker_takes_nothing_with_it() {
    let server = TestServer::with(&[("workers.crypto_threads", "1")]).await;
    for _ in 0..3 {
        let ended: Result<(), _> = server.cx.workers.run(|| panic!("boom")).await;
        assert_eq!(ended.unwrap_err().message, "Internal server error.");
    }
    let pool = server.pool(json!({})).await;
    let body = json!({ "UserPoolId": pool, "Username": "ada", "TemporaryPassword": "Correct-horse-1" });
    let made: Value = server.ok("AdminCreateUser", body).await;
    assert_eq!(made["User"]["Username"], "ada", "making a user takes a worker for the verifier");
}
