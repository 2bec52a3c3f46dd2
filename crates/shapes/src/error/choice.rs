//! Choosing how to sign in.

use super::Error;

impl Error {
    /// A first factor that the user lacks, that the pool does not allow, or that is none.
    pub fn challenge_unavailable() -> Self {
        Self::invalid("The selected challenge is not available for the user.")
    }
}

/// Step-up. The model names no error for any of this; the service's are not known.
impl Error {
    /// `ACCESS_TOKEN` without `TARGET_ACR_VALUES`.
    pub fn access_token_without_target() -> Self {
        Self::invalid("ACCESS_TOKEN requires TARGET_ACR_VALUES.")
    }

    /// Of `TARGET_ACR_VALUES`, none is one of the pool's.
    pub fn unknown_acr_values() -> Self {
        Self::invalid("None of the TARGET_ACR_VALUES is configured for the user pool.")
    }

    pub fn invalid_max_age() -> Self {
        Self::invalid("MAX_AGE is not a number of seconds.")
    }

    /// A token of another user, client or pool.
    pub fn access_token_of_another() -> Self {
        Self::invalid("The access token was not issued to this user and client.")
    }

    /// The token is of the level that is asked for, or above it.
    pub fn level_reached() -> Self {
        Self::invalid("The access token satisfies the requested TARGET_ACR_VALUES already.")
    }

    /// The user lacks the factors that a level takes.
    pub fn level_out_of_reach() -> Self {
        Self::not_authorized("The user has no factors that reach the requested TARGET_ACR_VALUES.")
    }
}
