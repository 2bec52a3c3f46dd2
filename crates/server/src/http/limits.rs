//! Reads a request's body, and refuses one that is too large or too slow.

use std::time::Duration;

use axum::body::Body;
use axum::body::HttpBody as _;
use bytes::{Bytes, BytesMut};
use cognate_shapes::error::{Code, Error};
use http_body_util::BodyExt as _;

/// What is set aside for a body before any of it has come.
const FIRST_READ: usize = 4 * 1024;

/// How large a body may be and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) max_body_bytes: usize,
    pub(super) body_timeout: Duration,
}

impl Limits {
    /// The whole body.
    ///
    /// # Errors
    /// `RequestEntityTooLargeException`, `RequestTimeoutException`, or `SerializationException` for a body that breaks off.
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Error> {
        // A length that says too much is refused before a byte is read; one that lies is met below.
        if body.size_hint().lower() > self.max_body_bytes as u64 {
            return Err(self.too_large());
        }
        tokio::time::timeout(self.body_timeout, self.collect(body))
            .await
            .unwrap_or_else(|_| Err(Error::new(Code::RequestTimeout, "The request's body took too long to arrive.")))
    }

    async fn collect(&self, mut body: Body) -> Result<Bytes, Error> {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Error::new(Code::Serialization, "The request's body broke off."))?;
            let Ok(data) = frame.into_data() else { continue };
            if whole.len() + data.len() > self.max_body_bytes {
                return Err(self.too_large());
            }
            if whole.is_empty() && body.is_end_stream() {
                return Ok(data);
            }
            if whole.is_empty() {
                whole.reserve(data.len().max(FIRST_READ));
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }

    fn too_large(&self) -> Error {
        let message = format!("The request's body is larger than {} bytes.", self.max_body_bytes);
        Error::new(Code::RequestEntityTooLarge, message)
    }
}
