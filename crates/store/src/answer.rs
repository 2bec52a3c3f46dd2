//! What a failure of the store is to the caller of the API.

use cognate_shapes::error::{Code, Error as Answer};

use crate::Error;

impl From<Error> for Answer {
    fn from(error: Error) -> Self {
        match error {
            Error::TooContended => Self::new(Code::TooManyRequests, "Too many requests").caused_by(error),
            other => Self::internal("the store failed").caused_by(other),
        }
    }
}
