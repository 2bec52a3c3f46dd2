//! Pages that users of a pool meet in their browser.

pub mod confirm;
