//! Choosing how to sign in.

use super::Error;

impl Error {
    /// A first factor that the user lacks, that the pool does not allow, or that is none.
    pub fn challenge_unavailable() -> Self {
        Self::invalid("The selected challenge is not available for the user.")
    }
}
