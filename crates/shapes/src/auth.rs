//! Signing in: what comes with a request and what a finished sign-in answers.

use std::fmt;

use crate::scalars::{DeviceKey, Text, Token};
use crate::{Input, Output};

/// The `AuthenticationResult` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct AuthenticationResult {
    pub access_token: Option<Token>,
    pub expires_in: Option<i64>,
    pub token_type: Option<Text>,
    pub refresh_token: Option<Token>,
    pub id_token: Option<Token>,
    pub new_device_metadata: Option<NewDeviceMetadata>,
}

/// The `NewDeviceMetadata` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct NewDeviceMetadata {
    pub device_key: Option<DeviceKey>,
    pub device_group_key: Option<Text>,
}

/// The `AnalyticsMetadata` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct AnalyticsMetadata {
    pub analytics_endpoint_id: Option<Text>,
}

/// The `UserContextData` structure: where a user is and on what device.
#[derive(Clone, Default, PartialEq, Input)]
#[wire(sensitive)]
pub struct UserContextData {
    pub ip_address: Option<Text>,
    pub encoded_data: Option<Text>,
}

impl fmt::Debug for UserContextData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserContextData(***)")
    }
}

/// The `ContextData` structure.
#[derive(Clone, Debug, PartialEq, Input)]
pub struct ContextData {
    pub ip_address: Text,
    pub server_name: Text,
    pub server_path: Text,
    pub http_headers: Vec<HttpHeader>,
    pub encoded_data: Option<Text>,
}

/// The `HttpHeader` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct HttpHeader {
    #[wire("headerName")]
    pub header_name: Option<Text>,
    #[wire("headerValue")]
    pub header_value: Option<Text>,
}
