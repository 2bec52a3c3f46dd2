//! Tracked sessions.

use super::{Code, Error};

impl Error {
    pub fn sessions_not_tracked() -> Self {
        Self::new(Code::OperationNotEnabled, "User session tracking is not enabled for the user pool.")
    }

    pub fn tracked_session_not_found() -> Self {
        Self::new(Code::ResourceNotFound, "Session does not exist.")
    }

    /// `RevokeUserSession` of the session that the token comes from.
    pub fn current_session() -> Self {
        Self::invalid("The current session cannot be revoked.")
    }
}
