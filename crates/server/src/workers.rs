//! Cryptography that takes more than about 100 µs runs here: off the I/O threads, one thread a core, with an end to
//! the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};

use cognate_shapes::error::{Code, Error, Result};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A bounded pool of threads for work that burns a core.
#[derive(Clone, Debug)]
pub struct Workers {
    queue: SyncSender<Job>,
    taken: Arc<AtomicU64>,
}

impl Workers {
    /// Starts `threads` threads that share a queue of `depth` jobs.
    pub fn start(threads: usize, depth: usize) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel::<Job>(depth);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new().name(format!("crypto-{number}")).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue, taken: Arc::default() })
    }

    /// How many jobs were taken so far.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Runs `job` on a worker. A full queue sheds the request: the caller may try again.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move || {
            // A requester that went away needs no answer.
            let _ = answer.send(job());
        });
        self.queue.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Error::new(Code::TooManyRequests, "Too many requests"),
            TrySendError::Disconnected(_) => Error::internal("the workers are gone"),
        })?;
        self.taken.fetch_add(1, Ordering::Relaxed);
        answered.await.map_err(|_| Error::internal("a worker's job panicked"))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // A panic ends one job: its requester sees the answer's channel close.
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use super::Workers;

    /// SECURITY 52: a panic is one request's.
    #[tokio::test]
    async fn a_panicking_job_takes_nothing_with_it() {
        let workers = Workers::start(1, 8).unwrap();
        assert!(workers.run::<()>(|| panic!("boom")).await.is_err());
        assert_eq!(workers.run(|| 2 + 2).await.unwrap(), 4);
    }
}
