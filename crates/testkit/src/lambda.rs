//! Functions for a pool's triggers: a real endpoint that speaks Lambda's Invoke API, and a webhook behind TLS that checks
//! who calls. Both keep the events they are given and answer what a test says.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use cognate_server::http::listener::{Listener, Patience};
use cognate_server::http::tls;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What every function of a test is called in ARNs before its name.
const PREFIX: &str = "arn:aws:lambda:us-east-1:000000000000:function:";

/// The ARN of the function of that name.
pub fn arn(name: &str) -> String {
    format!("{PREFIX}{name}")
}

/// What a function does with an event.
#[derive(Debug, Clone)]
pub enum Reply {
    /// Returns the event as it came.
    Echo,
    /// Returns the event with these members of `response` set.
    Response(Value),
    /// Returns this in place of the event.
    Value(Value),
    /// Returns these bytes.
    Raw(Vec<u8>),
    /// Throws an error with this message.
    Throws(String),
    /// Is not run: a status, and the error's name.
    Refused(u16, &'static str),
    /// Sends the caller elsewhere.
    Redirect(String),
    /// Replies after that time.
    After(Duration, Box<Reply>),
}

/// A call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function's ARN; the path of a webhook.
    pub function: String,
    pub headers: HeaderMap,
    pub event: Value,
}

type Function = Arc<dyn Fn(&Value) -> Reply + Send + Sync>;

#[derive(Default)]
struct Kept {
    functions: BTreeMap<String, Function>,
    calls: Vec<Call>,
}

/// Functions and their calls.
#[derive(Clone, Default)]
struct Functions(Arc<Mutex<Kept>>);

impl Functions {
    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps the call and finds what the function replies; `None` for a function that is not there.
    fn reply(&self, name: &str, call: Call) -> Option<Reply> {
        let event = call.event.clone();
        let function = self.with(|kept| {
            kept.calls.push(call);
            kept.functions.get(name).cloned()
        });
        function.map(|function| function(&event))
    }
}

/// An endpoint that listens on a free port of 127.0.0.1 until dropped.
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    // Dropping it would stop the listener.
    _stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Endpoint {
    pub(crate) async fn start(router: Router, certificate: Option<&Certificate>) -> Self {
        let patience = Patience {
            header_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_mins(1),
            max_connections: 1000,
        };
        let tls = certificate.map(|certificate| {
            tls::server_config(&certificate.path("cert.pem"), &certificate.path("key.pem"))
                .expect("a certificate of ours")
        });
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into(), tls, patience).await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.address().expect("a bound listener has an address");
        let (stop, stopped) = watch::channel(false);
        let router = router.layer(DefaultBodyLimit::max(8 * 1024 * 1024));
        let serving = tokio::spawn(listener.serve(router, stopped, Duration::from_secs(1)));
        Self { address, _stop: stop, serving }
    }
}

/// An endpoint that speaks Lambda's Invoke API. A function that no test has set is answered as Lambda answers it: 404
/// `ResourceNotFoundException`.
pub struct Lambda {
    endpoint: Endpoint,
    functions: Functions,
}

impl std::fmt::Debug for Lambda {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lambda").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Lambda {
    pub async fn start() -> Self {
        let functions = Functions::default();
        let router = Router::new()
            .route("/2015-03-31/functions/{function}/invocations", post(run))
            .with_state(functions.clone());
        Self { endpoint: Endpoint::start(router, None).await, functions }
    }

    /// For `triggers.endpoint`.
    pub fn url(&self) -> String {
        format!("http://{}", self.endpoint.address)
    }

    /// Sets what the function `arn(name)` does; it may be set again.
    pub fn on(&self, name: &str, function: impl Fn(&Value) -> Reply + Send + Sync + 'static) {
        self.functions.with(|kept| kept.functions.insert(arn(name), Arc::new(function)));
    }

    /// Every call so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.functions.with(|kept| kept.calls.clone())
    }

    /// The events that the function was given, oldest first.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let of_it = |call: &Call| (call.function == arn(name)).then(|| call.event.clone());
        self.functions.with(|kept| kept.calls.iter().filter_map(of_it).collect())
    }

    /// The `triggerSource` of every event so far, oldest first.
    pub fn sources(&self) -> Vec<String> {
        let source = |call: &Call| call.event["triggerSource"].as_str().unwrap_or_default().to_owned();
        self.functions.with(|kept| kept.calls.iter().map(source).collect())
    }
}

async fn run(
    State(functions): State<Functions>,
    Path(function): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let told = headers.get("x-amz-invocation-type").is_some_and(|kind| kind == "Event");
    let reply = functions.reply(&function, Call { function: function.clone(), headers, event: event.clone() });
    let mut reply = reply.unwrap_or(Reply::Refused(404, "ResourceNotFoundException"));
    if let Reply::After(time, then) = reply {
        tokio::time::sleep(time).await;
        reply = *then;
    }
    match reply {
        Reply::Refused(status, name) => {
            let body = json!({ "Type": "User", "Message": format!("{function} cannot be invoked") });
            respond(status, &[("x-amzn-errortype", name)], body.to_string())
        }
        Reply::Redirect(to) => respond(307, &[("location", &to)], String::new()),
        // Whatever the function does, it does later.
        _ if told => respond(202, &[], String::new()),
        Reply::Throws(message) => {
            let body = json!({ "errorMessage": message, "errorType": "Error", "trace": ["Error", "    at handler"] });
            respond(200, &[("x-amz-function-error", "Unhandled")], body.to_string())
        }
        reply => respond(200, &[], returned(reply, event)),
    }
}

/// An HTTPS webhook at `https://localhost:<port>/<name>`. A call whose signature is not of the secret is answered 401 and
/// not kept.
pub struct Webhook {
    endpoint: Endpoint,
    functions: Functions,
    certificate: Certificate,
    secret: String,
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("endpoint", &self.endpoint.address).finish_non_exhaustive()
    }
}

impl Webhook {
    /// A webhook whose callers know that secret.
    pub async fn start(secret: &str) -> Self {
        let functions = Functions::default();
        let certificate = Certificate::new();
        let router = Router::new().route("/{name}", post(hook)).with_state((functions.clone(), secret.to_owned()));
        let endpoint = Endpoint::start(router, Some(&certificate)).await;
        Self { endpoint, functions, certificate, secret: secret.to_owned() }
    }

    /// The URL of the function of that name.
    pub fn url(&self, name: &str) -> String {
        format!("https://localhost:{}/{name}", self.endpoint.address.port())
    }

    /// For `triggers.webhooks`: the function `arn(name)` is at `url(name)`.
    pub fn setting(&self, name: &str) -> String {
        format!("{{ \"{}\" = {{ url = \"{}\", secret = \"{}\" }} }}", arn(name), self.url(name), self.secret)
    }

    /// For `outbound.extra_ca_file`.
    pub fn ca_file(&self) -> String {
        self.certificate.path("cert.pem").display().to_string()
    }

    /// Sets what the function of that name does; it may be set again.
    pub fn on(&self, name: &str, function: impl Fn(&Value) -> Reply + Send + Sync + 'static) {
        self.functions.with(|kept| kept.functions.insert(name.to_owned(), Arc::new(function)));
    }

    /// Every call whose signature was good, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.functions.with(|kept| kept.calls.clone())
    }
}

async fn hook(
    State((functions, secret)): State<(Functions, String)>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !is_signed(&headers, &body, &secret) {
        return respond(401, &[], String::new());
    }
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let reply = functions.reply(&name, Call { function: name.clone(), headers, event: event.clone() });
    let mut reply = reply.unwrap_or(Reply::Refused(404, "NotFound"));
    if let Reply::After(time, then) = reply {
        tokio::time::sleep(time).await;
        reply = *then;
    }
    match reply {
        Reply::Refused(status, _) => respond(status, &[], "not here".to_owned()),
        Reply::Redirect(to) => respond(307, &[("location", &to)], String::new()),
        Reply::Throws(message) => respond(422, &[], json!({ "errorMessage": message }).to_string()),
        reply => respond(200, &[], returned(reply, event)),
    }
}

/// `v1=` and HMAC-SHA256 of timestamp, full stop and body, in hexadecimal.
pub(crate) fn is_signed(headers: &HeaderMap, body: &[u8], secret: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signed = [text("x-cognate-timestamp").as_bytes(), b".", body].concat();
    let Some(signature) = text("x-cognate-signature").strip_prefix("v1=") else { return false };
    let bytes: Option<Vec<u8>> =
        (0..signature.len() / 2).map(|at| u8::from_str_radix(signature.get(2 * at..2 * at + 2)?, 16).ok()).collect();
    bytes.is_some_and(|bytes| hmac::verify(&key, &signed, &bytes).is_ok())
}

fn returned(reply: Reply, mut event: Value) -> Body {
    match reply {
        Reply::Response(Value::Object(members)) => {
            for (name, value) in members {
                event["response"][name] = value;
            }
            event.to_string().into()
        }
        Reply::Value(value) => value.to_string().into(),
        Reply::Raw(bytes) => bytes.into(),
        _ => event.to_string().into(),
    }
}

fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).expect("the test's headers are headers")
}

/// A certificate for `localhost` that is its own authority, in files.
pub(crate) struct Certificate(tempfile::TempDir);

impl Certificate {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is room for two files");
        let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).expect("a certificate can be made");
        let files = [("cert.pem", made.cert.pem()), ("key.pem", made.signing_key.serialize_pem())];
        for (name, pem) in files {
            std::fs::write(directory.path().join(name), pem).expect("there is room for two files");
        }
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
