//! The AWS JSON API. THE INDEX: every operation, by the file that holds it.

pub mod dispatch;
pub mod open;
pub mod operation;
pub mod pagination;
mod reference;

use operation::{Entry, operations};
pub use reference::reference_markdown;

operations! {}

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    OPERATIONS.iter().find(|entry| entry.name == name)
}
