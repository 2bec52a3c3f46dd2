//! Codes encrypted for custom senders, with keys of AWS KMS.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cognate_server::directory;
use cognate_server::triggers::encryption_sdk::encrypt;
use cognate_shapes::error::Code;
use cognate_testkit::TestServer;
use http::HeaderMap;
use serde_json::{Value, json};

const KEY_ID: &str = "arn:aws:kms:eu-west-1:000000000000:key/1b9c7d3e-5a41-4d20-9c26-0d3b2f6a8e11";
const WRAPPED: &[u8] = b"the data key as KMS alone can open it";

type Asked = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

/// What `GenerateDataKey` answers; with a length of its own.
async fn kms(length: usize) -> (String, Asked) {
    let asked = Asked::default();
    let answer = async move |State(asked): State<Asked>, headers: HeaderMap, body: String| {
        asked.lock().unwrap().push((headers, serde_json::from_str(&body).unwrap()));
        let (plaintext, wrapped) = (STANDARD.encode(vec![9; length]), STANDARD.encode(WRAPPED));
        Json(json!({ "Plaintext": plaintext, "CiphertextBlob": wrapped, "KeyId": KEY_ID }))
    };
    let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&asked));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

async fn server(kms: &str) -> TestServer {
    let settings = [
        ("triggers.kms_endpoint", kms),
        ("aws.region", "eu-west-1"),
        ("aws_credentials.access_key_id", "AKIDEXAMPLE"),
        ("aws_credentials.secret_access_key", "wJalrXUtnFEMI"),
    ];
    TestServer::with(&settings).await
}

async fn pool(server: &TestServer) -> Arc<directory::Pool> {
    let function = "arn:aws:lambda:eu-west-1:000000000000:function:send";
    let settings = json!({ "LambdaConfig": {
        "KMSKeyID": KEY_ID,
        "CustomEmailSender": { "LambdaVersion": "V1_0", "LambdaArn": function },
    }});
    directory::pool(&server.cx, &server.pool(settings).await).await.unwrap()
}

#[tokio::test]
async fn a_data_key_comes_from_kms() {
    let (url, asked) = kms(32).await;
    let server = server(&url).await;
    let pool = pool(&server).await;
    let message = STANDARD.decode(encrypt(&server.cx, &pool, "123456").await.unwrap()).unwrap();
    let holds = |part: &[u8]| message.windows(part.len()).any(|window| window == part);
    assert!(holds(b"\x00\x07aws-kms") && holds(KEY_ID.as_bytes()) && holds(WRAPPED) && holds(pool.id.as_bytes()));
    assert!(!holds(b"123456") && !holds(&[9; 32]));

    let (headers, body) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(headers["x-amz-target"], "TrentService.GenerateDataKey");
    let expected = json!({ "KeyId": KEY_ID, "NumberOfBytes": 32, "EncryptionContext": { "userpool-id": pool.id } });
    assert_eq!(body, expected);
    assert!(headers["authorization"].to_str().unwrap().contains("/eu-west-1/kms/aws4_request"));
}

/// SECURITY 29: no code leaves the server unencrypted because KMS is away or says something else.
#[tokio::test]
async fn without_a_data_key_there_is_no_message() {
    let (short, _) = kms(16).await;
    for url in [short.as_str(), "http://127.0.0.1:1"] {
        let server = server(url).await;
        let error = encrypt(&server.cx, &*pool(&server).await, "123456").await.unwrap_err();
        assert_eq!(error.code, Code::CodeDeliveryFailure);
        assert!(!format!("{error:?}").contains("123456"));
    }
}
