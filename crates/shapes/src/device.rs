//! Devices that a user signs in from.

use crate::scalars::{DeviceKey, Text};
use crate::user::Attribute;
use crate::{Input, Output, Timestamp};

/// The `DeviceSecretVerifierConfig` structure.
#[derive(Clone, Debug, Default, PartialEq, Input)]
pub struct DeviceSecretVerifierConfig {
    pub password_verifier: Option<Text>,
    pub salt: Option<Text>,
}

/// The `Device` structure.
#[derive(Clone, Debug, Default, PartialEq, Output)]
pub struct Device {
    pub device_key: Option<DeviceKey>,
    pub device_attributes: Option<Vec<Attribute>>,
    pub device_create_date: Option<Timestamp>,
    pub device_last_modified_date: Option<Timestamp>,
    pub device_last_authenticated_date: Option<Timestamp>,
}
