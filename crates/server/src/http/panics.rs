//! A panic is the end of one request, never of the server.

use std::any::Any;
use std::panic::PanicHookInfo;

use bytes::Bytes;
use cognate_shapes::error::{Code, Error};
use http::Response;

use super::request;
use crate::api::dispatch;

/// Answers for a request that panicked. What happened is in the log already.
pub(super) fn answer(_: Box<dyn Any + Send>) -> Response<http_body_util::Full<Bytes>> {
    request::count(Code::InternalError);
    dispatch::refuse(&Error::new(Code::InternalError, "Internal error."), &request::current_id()).map(Into::into)
}

/// Reports panics to the log instead of standard error.
///
/// Only words that stand in the source are repeated: a formatted message may hold what a user sent.
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let words = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("(words withheld)");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let request_id = request::current_id();
        tracing::error!(place, request_id, "panic: {words}");
    }));
}
