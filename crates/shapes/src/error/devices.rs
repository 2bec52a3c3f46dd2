//! Devices.

use super::{Code, Error};

impl Error {
    /// Clients look for this very text, forget the device and try again without it.
    pub fn device_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Device does not exist.")
    }

    /// `ConfirmDevice` with another key than the access token's.
    pub fn invalid_device_key() -> Self {
        Self::invalid("Invalid device key given.")
    }

    pub fn device_key_exists() -> Self {
        Self::new(Code::DeviceKeyExists, "Device key already exists.")
    }

    pub fn device_verifier_invalid() -> Self {
        Self::invalid("Invalid device secret verifier config given.")
    }

    pub fn devices_not_tracked() -> Self {
        Self::new(Code::InvalidUserPoolConfiguration, "Device tracking is not enabled for the user pool.")
    }
}
