//! How something is proved, for the flows and challenges that ask for it.

pub mod password;
pub mod srp;
