//! A closure on its way to the thread that runs it, and its answer on the way back.

use tokio::sync::{mpsc, oneshot};

use crate::Error;
use crate::tx::{Tx, call};

/// What a transaction may do, and how it is isolated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// One consistent snapshot; writing is an error.
    Read,
    /// Serializable.
    Write,
    /// Sees what another node's migration committed while this one waited for its lock.
    Migrate,
}

/// A closure with its result kept inside until it may be answered.
pub(crate) trait Job: Send {
    fn access(&self) -> Access;

    /// Runs the closure and keeps what it answered. True if that is `Ok`.
    fn call(&mut self, tx: &mut Tx<'_>) -> bool;

    /// Replaces the kept result.
    fn fail(&mut self, error: Error);

    /// Sends the kept result to the caller, who may have gone away.
    fn answer(self: Box<Self>);
}

/// How many jobs may wait; callers beyond that wait for room.
const QUEUED: usize = 1_024;

pub(crate) type Jobs = mpsc::Sender<Box<dyn Job>>;
pub(crate) type Queue = mpsc::Receiver<Box<dyn Job>>;

pub(crate) fn queue() -> (Jobs, Queue) {
    mpsc::channel(QUEUED)
}

/// Sends the closure to whoever serves `jobs` and waits for its answer.
pub(crate) async fn submit<T, E, F>(jobs: &Jobs, access: Access, closure: F) -> Result<T, E>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Box::new(Call { access, closure, result: None, reply });
    if jobs.send(job).await.is_err() {
        return Err(stopped().into());
    }
    answer.await.unwrap_or_else(|_| Err(stopped().into()))
}

pub(crate) fn stopped() -> Error {
    Error::Unavailable("the store is closed".to_owned())
}

struct Call<T, E, F> {
    access: Access,
    closure: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Call<T, E, F>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<Error> + Send,
{
    fn access(&self) -> Access {
        self.access
    }

    fn call(&mut self, tx: &mut Tx<'_>) -> bool {
        self.result.insert(call(&self.closure, tx)).is_ok()
    }

    fn fail(&mut self, error: Error) {
        self.result = Some(Err(error.into()));
    }

    fn answer(self: Box<Self>) {
        if let Some(result) = self.result {
            // The caller's task may have been dropped; what was committed stays committed.
            let _ = self.reply.send(result);
        }
    }
}
