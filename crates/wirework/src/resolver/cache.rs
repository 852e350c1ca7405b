//! Remembers a resolver's answers for a while.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Resolver;
use super::answers::{Answers, Known};
use super::lookup::look_up;
use crate::Runtime;

/// How long an answer is remembered, unless set otherwise. The system's resolver does not tell a record's own time to live.
const TTL: Duration = Duration::from_secs(30);

/// How many answers are remembered, unless set otherwise.
const CAPACITY: usize = 1024;

/// Remembers the answers of another resolver, a bounded number of them for a bounded time. Failures are not remembered.
///
/// Who asks for a name that is being looked up waits for the same answer, or the same failure: a thousand clients that lose
/// their server at the same moment ask the directory once.
///
/// | | default | set with |
/// |---|---|---|
/// | how long an answer counts | 30 s | [`ttl`](Self::ttl) |
/// | answers | 1024 | [`capacity`](Self::capacity) |
///
/// Clones share what they know.
///
/// # Cancel safety
/// A lookup runs in a task of the runtime for as long as anybody waits for it, whoever began it; when the last one gives up, it
/// is cancelled.
pub struct CachingResolver<T, R> {
    runtime: T,
    inner: Arc<R>,
    ttl: Duration,
    answers: Arc<Answers>,
}

impl<T: Runtime, R: Resolver> CachingResolver<T, R> {
    /// Remembers the answers of `inner`, by the clock of `runtime`.
    pub fn new(runtime: &T, inner: R) -> Self {
        Self {
            runtime: runtime.clone(),
            inner: Arc::new(inner),
            ttl: TTL,
            answers: Arc::new(Answers::new(CAPACITY)),
        }
    }

    /// Sets how long an answer counts; 30 seconds unless set.
    #[must_use]
    pub fn ttl(mut self, duration: Duration) -> Self {
        self.ttl = duration;
        self
    }

    /// Sets how many answers are remembered; 1024 unless set. A new one takes the place of the one that expires first.
    #[must_use]
    pub fn capacity(self, answers: usize) -> Self {
        self.answers.set_capacity(answers);
        self
    }

    /// Forgets all answers, as after a change of network. What is being looked up is for those who wait for it already, and is
    /// not remembered.
    pub fn clear(&self) {
        self.answers.clear();
    }
}

impl<T: Runtime, R: Resolver> Resolver for CachingResolver<T, R> {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let key = (host.to_owned(), port);
        let waiter = match Answers::find(&self.answers, &key, self.runtime.now()) {
            Known::Answer(addrs) => return Ok(addrs),
            Known::UnderWay(waiter) => waiter,
            Known::Nothing(waiter) => {
                look_up(&self.runtime, &self.inner, key, self.ttl, &waiter);
                waiter
            }
        };
        waiter.answer().await
    }
}

impl<T: Clone, R> Clone for CachingResolver<T, R> {
    fn clone(&self) -> Self {
        Self {
            runtime: self.runtime.clone(),
            inner: Arc::clone(&self.inner),
            ttl: self.ttl,
            answers: Arc::clone(&self.answers),
        }
    }
}

impl<T: fmt::Debug, R: fmt::Debug> fmt::Debug for CachingResolver<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingResolver")
            .field("runtime", &self.runtime)
            .field("inner", &self.inner)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}
