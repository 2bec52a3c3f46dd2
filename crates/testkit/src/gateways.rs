//! What delivers messages over HTTP: one real endpoint that stands in for SES, SNS, AWS End User Messaging and a webhook,
//! checks who asks, keeps what it is asked and refuses when a test says so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use cognate_crypto::sigv4;
use http::HeaderMap;
use http_body_util::BodyExt;
use serde_json::Value;

use crate::EPOCH_MS;
use crate::lambda::{Endpoint, is_signed};

/// The access key that the services take.
pub const ACCESS_KEY: (&str, &str) = ("AKIDGATEWAYS", "the-secret-of-the-gateways");

/// The secret that the webhook takes.
pub const WEBHOOK_SECRET: &str = "a secret of the webhook";

/// A request as it came, its signature checked.
#[derive(Debug, Clone)]
pub struct Asked {
    pub path: String,
    /// The Region it was signed for; empty for the webhook.
    pub region: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Asked {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// A value of a body that is a form.
    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(&self.body).find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }
}

#[derive(Default)]
struct Kept {
    asked: Vec<Asked>,
    answers: VecDeque<(u16, String)>,
}

/// The endpoint, on a free port of 127.0.0.1 until dropped.
pub struct Gateways {
    endpoint: Endpoint,
    kept: Arc<Mutex<Kept>>,
}

impl std::fmt::Debug for Gateways {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateways").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Gateways {
    pub async fn start() -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let router = Router::new().fallback(take).with_state(Arc::clone(&kept));
        Self { endpoint: Endpoint::start(router, None).await, kept }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.endpoint.address)
    }

    /// What a server needs to be told to send through here: `aws` or `webhook`.
    pub fn settings(&self, by: &str) -> Vec<(&'static str, String)> {
        let settings = if by == "aws" {
            vec![
                ("mail.transport", "ses".to_owned()),
                ("mail.ses_endpoint", self.url()),
                ("sms.transport", "sns".to_owned()),
                ("sms.sns_endpoint", self.url()),
                ("aws_credentials.access_key_id", ACCESS_KEY.0.to_owned()),
                ("aws_credentials.secret_access_key", ACCESS_KEY.1.to_owned()),
            ]
        } else {
            vec![
                ("mail.transport", "webhook".to_owned()),
                ("mail.webhook_url", format!("{}/mail", self.url())),
                ("mail.webhook_secret", WEBHOOK_SECRET.to_owned()),
                ("sms.transport", "webhook".to_owned()),
                ("sms.webhook_url", format!("{}/sms", self.url())),
                ("sms.webhook_secret", WEBHOOK_SECRET.to_owned()),
            ]
        };
        settings.into_iter().chain([("mail.from", "Cognate <no-reply@cognate.example>".to_owned())]).collect()
    }

    /// The next request gets this answer; without one, a request is taken.
    pub fn answer(&self, status: u16, body: &str) {
        self.lock().answers.push_back((status, body.to_owned()));
    }

    /// What was asked so far, oldest first; refused requests are among it.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn take(State(kept): State<Arc<Mutex<Kept>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body.collect().await.expect("the request arrives whole").to_bytes();
    let path = head.uri.path().to_owned();
    let region = if matches!(path.as_str(), "/mail" | "/sms") {
        is_signed(&head.headers, &body, WEBHOOK_SECRET).then(String::new)
    } else {
        signed_for(&path, &head.headers, &body)
    };
    let Some(region) = region else { return respond(403, r#"{"__type":"SignatureDoesNotMatch"}"#) };
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.asked.push(Asked { path, region, headers: head.headers, body });
    let (status, body) = kept.answers.pop_front().unwrap_or_else(|| (200, r#"{"MessageId":"1"}"#.to_owned()));
    respond(status, &body)
}

/// The Region that a request is signed for with [`ACCESS_KEY`], for the service it goes to.
fn signed_for(path: &str, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let service = match path {
        "/v2/email/outbound-emails" => "ses",
        _ if headers.contains_key("x-amz-target") => "sms-voice",
        _ => "sns",
    };
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let request = sigv4::Request { method: "POST", path, query: "", headers: &headers, payload: body };
    let claimed = sigv4::parse(&request, service).ok().filter(|claimed| claimed.access_key_id == ACCESS_KEY.0)?;
    claimed.verify(ACCESS_KEY.1, EPOCH_MS / 1000).ok()?;
    Some(claimed.region)
}

fn respond(status: u16, body: &str) -> Response {
    Response::builder().status(status).body(Body::from(body.to_owned())).expect("a status and a body are a response")
}
