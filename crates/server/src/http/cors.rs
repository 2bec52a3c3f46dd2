//! Which answers a browser shows to pages of other origins: all of the API's, none with a cookie.

use std::time::Duration;

use http::{HeaderName, Method, header};
use tower_http::cors::{Any, CorsLayer};

/// How long a browser may keep the answer to its preflight.
const PREFLIGHT_AGE: Duration = Duration::from_hours(24);

/// Any origin may ask and read, and no origin may send credentials: whoever has a token puts it in the body.
pub(super) fn layer() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            HeaderName::from_static("amz-sdk-invocation-id"),
            HeaderName::from_static("amz-sdk-request"),
            HeaderName::from_static("x-amz-content-sha256"),
            HeaderName::from_static("x-amz-date"),
            HeaderName::from_static("x-amz-security-token"),
            HeaderName::from_static("x-amz-target"),
            HeaderName::from_static("x-amz-user-agent"),
        ])
        .expose_headers([
            header::DATE,
            HeaderName::from_static("x-amzn-errormessage"),
            HeaderName::from_static("x-amzn-errortype"),
            HeaderName::from_static("x-amzn-requestid"),
        ])
        .max_age(PREFLIGHT_AGE)
}
