//! Access keys of a server under test, and requests signed with them.

use std::net::SocketAddr;

use bytes::Bytes;
use cognate_crypto::sigv4;
use cognate_server::access::keys::{self, Holder};
use cognate_server::access::policy::Policy;
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

use crate::TestServer;

/// An access key with its secret.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub secret: String,
}

/// A request that is going to be signed: change what a test is about, then [`Unsigned::sign`].
#[derive(Clone, Debug)]
pub struct Unsigned {
    pub method: &'static str,
    pub path_and_query: String,
    /// In the order they are sent.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub region: String,
    pub service: &'static str,
    address: SocketAddr,
}

impl TestServer {
    /// A key of the server's account that may do everything.
    pub async fn key(&self) -> Key {
        self.key_with(&json!({ "Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*" })).await
    }

    /// A key of the server's account whose policy is this statement, or these.
    pub async fn key_with(&self, statement: &Value) -> Key {
        self.key_of(&self.cx.config.aws.account, statement).await
    }

    /// A key of that account.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn key_of(&self, account: &str, statement: &Value) -> Key {
        let document = json!({ "Version": "2012-10-17", "Statement": statement }).to_string();
        let policy = Policy::parse(&document).expect("the test's policy is one");
        let holder = Holder { account, name: "tester", policy: &policy };
        let made = keys::create(&self.cx.store, &self.cx.seals, &self.cx.rng, &holder, self.clock.now_ms()).await;
        let made = made.expect("a key can be made");
        Key { id: made.id, secret: made.secret.to_string() }
    }

    /// The official Rust SDK with that key, for that Region. It signs at the machine's time.
    pub fn sdk_as(&self, key: &Key, region: &str) -> aws_sdk_cognitoidentityprovider::Client {
        use aws_sdk_cognitoidentityprovider::config::{Credentials, Region};
        let credentials = Credentials::new(&key.id, &key.secret, None, None, "test");
        let config = self.sdk().config().to_builder();
        let config = config.region(Region::new(region.to_owned())).credentials_provider(credentials).build();
        aws_sdk_cognitoidentityprovider::Client::from_conf(config)
    }

    /// A request to an operation, dated now by the server's clock.
    pub fn unsigned(&self, operation: &str, body: &Value) -> Unsigned {
        Unsigned {
            method: "POST",
            path_and_query: "/".to_owned(),
            headers: vec![
                ("host", self.address.to_string()),
                ("content-type", "application/x-amz-json-1.1".to_owned()),
                ("x-amz-date", sigv4::amz_date(self.clock.now_ms() / 1000)),
                ("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}")),
            ],
            body: body.to_string().into_bytes(),
            region: self.cx.config.aws.region.clone(),
            service: "cognito-idp",
            address: self.address,
        }
    }

    /// Sends a request to an operation, signed with that key.
    pub async fn call_as(&self, key: &Key, operation: &str, body: &Value) -> crate::Answer {
        self.send(self.unsigned(operation, body).sign(key).request()).await
    }
}

impl Unsigned {
    /// Replaces a header, or adds it.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.retain(|(found, _)| *found != name);
        self.headers.push((name, value.into()));
        self
    }

    /// Signs all of it.
    ///
    /// # Panics
    /// When it has no date.
    #[must_use]
    pub fn sign(mut self, key: &Key) -> Self {
        let authorization = self.authorization(key);
        self.headers.push(("authorization", authorization));
        self
    }

    /// The value of `Authorization` for the request as it is.
    ///
    /// # Panics
    /// When it has no date.
    pub fn authorization(&self, key: &Key) -> String {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
        let (path, query) = self.path_and_query.split_once('?').unwrap_or((&self.path_and_query, ""));
        let request = sigv4::Request { method: self.method, path, query, headers: &headers, payload: &self.body };
        let credentials = sigv4::Credentials {
            access_key_id: &key.id,
            secret_access_key: &key.secret,
            region: &self.region,
            service: self.service,
        };
        sigv4::sign(&credentials, &request).expect("the request has a date")
    }

    /// The request as it goes out.
    ///
    /// # Panics
    /// When a header's value cannot be sent.
    pub fn request(self) -> Request<Full<Bytes>> {
        let uri = format!("http://{}{}", self.address, self.path_and_query);
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::from(self.body))).expect("the request is well-formed")
    }
}
