//! Randomness: the operating system's, or a seeded one for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::rand::SecureRandom;
use aws_lc_rs::{digest, rand};

/// A source of random bytes.
#[derive(Debug, Default)]
pub enum Rng {
    #[default]
    System,
    /// The same bytes in the same order for the same seed; for tests alone.
    Seeded { seed: u64, counter: AtomicU64 },
}

impl Rng {
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded { seed, counter: AtomicU64::new(0) }
    }

    /// Random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give; nothing safe could be done then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        match self {
            Self::System => {
                #[expect(clippy::disallowed_methods, reason = "the one place that draws the system's randomness")]
                let system = rand::SystemRandom::new();
                system.fill(bytes).expect("the operating system gives random bytes");
            }
            Self::Seeded { seed, counter } => {
                for chunk in bytes.chunks_mut(32) {
                    let count = counter.fetch_add(1, Ordering::SeqCst);
                    let block = digest::digest(&digest::SHA256, &[seed.to_be_bytes(), count.to_be_bytes()].concat());
                    chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
                }
            }
        }
    }

    /// A random UUID (version 4).
    pub fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid().to_string()
    }

    /// A UUID that sorts by time (version 7), so that rows made together lie together.
    pub fn ordered_uuid(&self, now_ms: i64) -> String {
        uuid::Builder::from_unix_timestamp_millis(now_ms.max(0) as u64, &self.bytes()).into_uuid().to_string()
    }
}
