//! Turns the ranges of `scalars!` into bounds.

use std::ops::{Bound, RangeBounds};

/// The bounds of a length.
pub fn unsigned(range: impl RangeBounds<u64>) -> (Option<u64>, Option<u64>) {
    (inclusive(range.start_bound()), inclusive(range.end_bound()))
}

/// The bounds of a number.
pub fn signed(range: impl RangeBounds<i64>) -> (Option<i64>, Option<i64>) {
    (inclusive(range.start_bound()), inclusive(range.end_bound()))
}

fn inclusive<T: Copy>(bound: Bound<&T>) -> Option<T> {
    match bound {
        Bound::Included(value) => Some(*value),
        // The model's bounds are all inclusive; `scalars!` writes `a..=b`.
        Bound::Excluded(_) | Bound::Unbounded => None,
    }
}
