//! Tracked sessions of users, and their settings.

use crate::enums::SessionType;
use crate::scalars::{
    ClientId, MaxSessionsPerUser, SessionDevice, SessionId, SessionIpAddress, SessionLocationCity,
    SessionLocationCountry, SsoSessionMaxValidityMinutes,
};
use crate::{Input, Output, Timestamp};

/// The `SessionLocation` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SessionLocation {
    pub city: Option<SessionLocationCity>,
    pub country: Option<SessionLocationCountry>,
}

/// The `SessionDescription` structure.
#[derive(Clone, Debug, Default, PartialEq, Input, Output)]
#[wire(both)]
pub struct SessionDescription {
    pub session_id: Option<SessionId>,
    pub session_type: Option<SessionType>,
    pub client_id: Option<ClientId>,
    pub create_date: Option<Timestamp>,
    pub last_active_date: Option<Timestamp>,
    pub device_type: Option<SessionDevice>,
    #[wire("LastIPAddress")]
    pub last_ip_address: Option<SessionIpAddress>,
    pub last_location: Option<SessionLocation>,
    pub origin_session_id: Option<SessionId>,
    pub is_current_session: Option<bool>,
}

/// The `UserPoolTokenSessionConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct UserPoolTokenSessionConfig {
    pub max_per_user: MaxSessionsPerUser,
}

/// The `ClientSsoSessionConfig` structure.
#[derive(Clone, Debug, PartialEq, Input, Output)]
#[wire(both)]
pub struct ClientSsoSessionConfig {
    pub max_validity_minutes: SsoSessionMaxValidityMinutes,
}
