//! How something is proved, for the flows and challenges that ask for it.

pub mod one_time_code;
pub mod password;
pub mod srp;
