//! Signs requests to AWS (Signature Version 4).

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;

use super::{Outbound, OutboundError};
use crate::config::AwsCredentials;

pub(super) fn credentials(config: &AwsCredentials) -> Option<Credentials> {
    let secret = config.secret_access_key.as_ref()?;
    let token = config.session_token.as_ref().map(|token| token.expose().to_owned());
    Some(Credentials::new(&config.access_key_id, secret.expose(), token, None, "configuration"))
}

impl Outbound {
    /// Whether there are credentials to sign with.
    pub fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }

    /// Signs a request for a service in a Region with the configured credentials; without any, leaves it as it is, as
    /// stand-ins for AWS take it. Nothing of the request may change afterwards.
    ///
    /// # Errors
    /// The request or the credentials cannot be put into a signature.
    pub fn sign(
        &self,
        request: &mut Request<Bytes>,
        service: &str,
        region: &str,
        now_ms: i64,
    ) -> Result<(), OutboundError> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        let broken = |error: &dyn std::error::Error| OutboundError::Broken(super::told(error));
        let identity = credentials.clone().into();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms.max(0) as u64);
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(region)
            .name(service)
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| broken(&error))?
            .into();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let uri = request.uri().to_string();
        let signable =
            SignableRequest::new(request.method().as_str(), uri, headers, SignableBody::Bytes(request.body()))
                .map_err(|error| broken(&error))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|error| broken(&error))?.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}
