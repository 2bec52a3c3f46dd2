//! What a user proves who they are by.

use serde::{Deserialize, Serialize};

/// One proof of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Factor {
    Password,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A code sent by text message.
    Sms,
    /// A code sent by e-mail.
    Email,
    /// A passkey. `platform`: it lives in the device that signs in; `verified`: it verified the user as well.
    Passkey {
        platform: bool,
        verified: bool,
    },
    /// What the pool's own triggers asked for and accepted.
    Custom,
    /// A remembered device.
    Device,
}
