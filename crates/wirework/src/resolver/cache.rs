//! Remembers a resolver's answers for a while.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Resolver;
use crate::Runtime;
use crate::time::after;

/// How long an answer is remembered, unless set otherwise. The system's resolver does not tell a record's own time to live.
const TTL: Duration = Duration::from_secs(30);

/// How many answers are remembered, unless set otherwise.
const CAPACITY: usize = 1024;

/// Remembers the answers of another resolver, a bounded number of them for a bounded time. Failures are not remembered.
///
/// | | default | set with |
/// |---|---|---|
/// | how long an answer counts | 30 s | [`ttl`](Self::ttl) |
/// | answers | 1024 | [`capacity`](Self::capacity) |
#[derive(Debug)]
pub struct CachingResolver<T, R> {
    runtime: T,
    inner: R,
    ttl: Duration,
    capacity: usize,
    /// Ordered, so that it can be walked without chance deciding the order.
    answers: Mutex<BTreeMap<(String, u16), Answer>>,
}

#[derive(Debug)]
struct Answer {
    addrs: Vec<SocketAddr>,
    expires: Instant,
}

impl<T: Runtime, R: Resolver> CachingResolver<T, R> {
    /// Remembers the answers of `inner`, by the clock of `runtime`.
    pub fn new(runtime: &T, inner: R) -> Self {
        Self {
            runtime: runtime.clone(),
            inner,
            ttl: TTL,
            capacity: CAPACITY,
            answers: Mutex::default(),
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
    pub fn capacity(mut self, answers: usize) -> Self {
        self.capacity = answers;
        self
    }

    /// Forgets all answers, as after a change of network.
    pub fn clear(&self) {
        self.answers().clear();
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<(String, u16), Answer>> {
        // The table is whole between two of its methods, so a panic elsewhere cannot have spoilt it.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remembered(&self, key: &(String, u16)) -> Option<Vec<SocketAddr>> {
        let now = self.runtime.now();
        let answers = self.answers();
        let answer = answers.get(key).filter(|answer| now < answer.expires)?;
        Some(answer.addrs.clone())
    }

    fn remember(&self, key: (String, u16), addrs: Vec<SocketAddr>) {
        let expires = after(self.runtime.now(), self.ttl);
        let mut answers = self.answers();
        while answers.len() >= self.capacity && !answers.contains_key(&key) {
            let first = answers.iter().min_by_key(|(_, answer)| answer.expires);
            let Some(first) = first.map(|(key, _)| key.clone()) else {
                return; // It is to remember nothing at all.
            };
            answers.remove(&first);
        }
        answers.insert(key, Answer { addrs, expires });
    }
}

impl<T: Runtime, R: Resolver> Resolver for CachingResolver<T, R> {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let key = (host.to_owned(), port);
        if let Some(addrs) = self.remembered(&key) {
            return Ok(addrs);
        }
        let addrs = self.inner.resolve(host, port).await?;
        self.remember(key, addrs.clone());
        Ok(addrs)
    }
}
