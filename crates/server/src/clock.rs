//! What time it is: the machine's, or one that a test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use cognate_shapes::Timestamp;

/// A clock in milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    /// Stands still until it is moved.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    pub fn fixed(now_ms: i64) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(now_ms)))
    }

    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
                let now = std::time::SystemTime::now();
                now.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
            }
            Self::Fixed(now) => now.load(Ordering::SeqCst),
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.now_ms())
    }

    /// Moves a fixed clock; the machine's clock stays as it is.
    pub fn advance_ms(&self, by: i64) {
        if let Self::Fixed(now) = self {
            now.fetch_add(by, Ordering::SeqCst);
        }
    }
}
