//! A real server on a free port, with a clock that tests move and an account of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cognate_server::clock::Clock;
use cognate_server::config::{Config, DevData, Overlay};
use cognate_server::context::Context;
use cognate_server::http::listener::{Listener, Patience};
use cognate_server::http::router::router;
use cognate_server::rng::Rng;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::sync::watch;

use crate::FreshDatabase;

/// When the fixed clock of a test stands at first: 2026-03-03 04:05:06 UTC.
pub const EPOCH_MS: i64 = 1_772_510_706_000;

/// The master key of every test server, so that servers may share one database.
pub const MASTER_KEY: &str = "dGVzdHMgYWxsIHVzZSB0aGlzIG9uZSBtYXN0ZXIga2U=";

/// What names the database under test: absent or `sqlite` for SQLite in memory, else a `postgres://` URL.
const DATABASE: &str = "COGNATE_TEST_DATABASE";

/// The URL of the PostgreSQL database under test, if it is not SQLite.
fn database() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "which database to test, only the environment knows")]
    let named = std::env::var(DATABASE).ok();
    named.filter(|url| url != "sqlite")
}

/// What the SDK speaks HTTP with.
pub fn http_client() -> impl aws_sdk_cognitoidentityprovider::config::HttpClient + Clone + 'static {
    aws_smithy_http_client::Builder::new().build_http()
}

/// An account that no other test has: 12 digits.
pub fn new_account() -> String {
    format!("{:012}", u64::from_le_bytes(Rng::System.bytes()) % 1_000_000_000_000)
}

/// A server under test. It ends with the test.
pub struct TestServer {
    pub cx: Arc<Context>,
    pub clock: Clock,
    pub address: SocketAddr,
    http: Client<HttpConnector, Full<Bytes>>,
    stop: watch::Sender<bool>,
    serving: tokio::task::JoinHandle<()>,
    /// Its own PostgreSQL database, if it was started [`alone`](Self::alone).
    database: Option<FreshDatabase>,
}

impl std::fmt::Debug for TestServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // A receiver that is gone has stopped already.
        let _ = self.stop.send(true);
        self.serving.abort();
    }
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON; an empty body is `null`.
    ///
    /// # Panics
    /// When the body is neither.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("the answer is no JSON: {error}"))
    }

    /// The error's code and words; `None` for a success.
    pub fn error(&self) -> Option<(String, String)> {
        (self.status != 200).then(|| {
            let body = self.json();
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            (text("__type"), text("message"))
        })
    }
}

impl TestServer {
    /// A server with everything at its `dev` defaults, an account of its own and a fixed clock.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// The same with settings changed: `("limits.groups_per_user", "2")`.
    ///
    /// # Panics
    /// When the server cannot start; a test cannot go on then.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        Self::start_as(&new_account(), Clock::fixed(EPOCH_MS), settings).await
    }

    /// A server whose database no other test reads or writes, for work on everybody's rows. [`end`](Self::end) it.
    ///
    /// # Panics
    /// When the server cannot start.
    pub async fn alone(settings: &[(&str, &str)]) -> Self {
        let database = match database() {
            Some(server) => Some(FreshDatabase::on(server).await),
            None => None,
        };
        let url = database.as_ref().map(FreshDatabase::url);
        let mut settings = settings.to_vec();
        settings.extend(url.as_deref().map(|url| ("store.url", url)));
        let mut server = Self::with(&settings).await;
        server.database = database;
        server
    }

    /// Removes the database it had to itself.
    pub async fn end(mut self) {
        if let Some(database) = self.database.take() {
            database.remove().await;
        }
    }

    /// The same on the machine's clock, for clients that sign at the machine's time.
    pub async fn today(settings: &[(&str, &str)]) -> Self {
        Self::start_as(&new_account(), Clock::System, settings).await
    }

    /// A server of that account on that clock; two of them on one database are two nodes.
    ///
    /// # Panics
    /// When the server cannot start.
    pub async fn start_as(account: &str, clock: Clock, settings: &[(&str, &str)]) -> Self {
        let mut overlay = Overlay::default();
        overlay.flag("test", "aws.account", account);
        overlay.flag("test", "keys.master_key", MASTER_KEY);
        if let Some(url) = database() {
            overlay.flag("test", "store.url", url);
        }
        for (key, value) in settings {
            overlay.flag("test", key, value);
        }
        let mut config = Config::dev(&DevData::Memory, &overlay).expect("the test's settings are valid");
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener =
            Listener::bind(anywhere, None, Patience::from(&config.server)).await.expect("loopback has a free port");
        let address = listener.address().expect("a bound listener has an address");
        config.bound(address);
        let cx = Context::with(&config, clock.clone(), Rng::System).await.expect("the server starts");
        let router = router(&cx, &cx.config.server, Some(cx.inbox.clone()));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(listener.serve(router, stopped, Duration::from_secs(1)));
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { cx, clock, address, http, stop, serving, database: None }
    }

    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The official Rust SDK, pointed here.
    pub fn sdk(&self) -> aws_sdk_cognitoidentityprovider::Client {
        use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Config, Credentials, Region};
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.url())
            .region(Region::new(self.cx.config.aws.region.clone()))
            .credentials_provider(Credentials::new("AKIDTEST", "secret", None, None, "test"))
            .http_client(http_client())
            .build();
        aws_sdk_cognitoidentityprovider::Client::from_conf(config)
    }

    /// Sends one request of the AWS API without a signature.
    pub async fn call(&self, operation: &str, body: Value) -> Answer {
        self.raw(operation, body.to_string().into_bytes()).await
    }

    /// The JSON of a call that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn ok(&self, operation: &str, body: Value) -> Value {
        let answer = self.call(operation, body).await;
        assert_eq!(answer.error(), None, "{operation} succeeds");
        answer.json()
    }

    /// The code and words of a call that must fail.
    ///
    /// # Panics
    /// When it does not.
    pub async fn refused(&self, operation: &str, body: Value) -> (String, String) {
        let answer = self.call(operation, body).await;
        answer.error().unwrap_or_else(|| panic!("{operation} is refused"))
    }

    /// Sends bytes to an operation as they are.
    pub async fn raw(&self, operation: &str, body: Vec<u8>) -> Answer {
        let request = Request::post(self.url())
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}"))
            .body(Full::new(Bytes::from(body)))
            .expect("the request is well-formed");
        self.send(request).await
    }

    /// Fetches a path.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.url())).body(Full::default()).expect("the path is a path");
        self.send(request).await
    }

    /// Sends any request.
    ///
    /// # Panics
    /// When the server does not answer.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let response = self.http.request(request).await.expect("the server answers");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the answer arrives whole").to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// Moves the clock on.
    pub fn advance_s(&self, seconds: i64) {
        self.clock.advance_ms(seconds * 1000);
    }

    /// The code of the newest message to that address or number.
    ///
    /// # Panics
    /// When there is none.
    pub fn last_code(&self, to: &str) -> String {
        let messages = self.cx.inbox.messages();
        let message = messages.iter().find(|message| message.to == to);
        let message = message.unwrap_or_else(|| panic!("a message to {to} was sent"));
        message.code.clone().expect("the message carries a code")
    }

    /// How many messages went to that address or number.
    pub fn messages_to(&self, to: &str) -> usize {
        self.cx.inbox.messages().iter().filter(|message| message.to == to).count()
    }

    /// A pool with these settings (`PoolName` is given); its id.
    ///
    /// # Panics
    /// When the pool cannot be made.
    pub async fn pool(&self, mut settings: Value) -> String {
        settings["PoolName"] = "pool".into();
        let made = self.ok("CreateUserPool", settings).await;
        made["UserPool"]["Id"].as_str().expect("a pool has an id").to_owned()
    }

    /// A client of the pool with these settings (`ClientName` is given, every password flow is allowed); its id.
    ///
    /// # Panics
    /// When the client cannot be made.
    pub async fn client(&self, pool: &str, mut settings: Value) -> String {
        settings["UserPoolId"] = pool.into();
        settings["ClientName"] = "client".into();
        if settings.get("ExplicitAuthFlows").is_none() {
            settings["ExplicitAuthFlows"] = serde_json::json!([
                "ALLOW_USER_PASSWORD_AUTH",
                "ALLOW_ADMIN_USER_PASSWORD_AUTH",
                "ALLOW_USER_SRP_AUTH",
                "ALLOW_REFRESH_TOKEN_AUTH"
            ]);
        }
        let made = self.ok("CreateUserPoolClient", settings).await;
        made["UserPoolClient"]["ClientId"].as_str().expect("a client has an id").to_owned()
    }
}
