//! One lookup for all who ask for the same name at the same time.
//!
//! In a task of its own, and not driven by one of those who wait: that one may give up, or not look for a while.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use event_listener::Event;

use super::Resolver;
use super::answers::{Answers, Key};
use crate::Runtime;
use crate::time::after;

/// What came of a lookup, for all who wait for it.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    result: OnceLock<Result<Vec<SocketAddr>, Arc<io::Error>>>,
    /// Notified when the result is there.
    done: Event,
}

/// One who waits. The lookup is cancelled when none is left.
pub(super) struct Waiter {
    answers: Arc<Answers>,
    number: u64,
    outcome: Arc<Outcome>,
}

impl Waiter {
    pub(super) fn new(answers: &Arc<Answers>, number: u64, outcome: &Arc<Outcome>) -> Self {
        Self {
            answers: Arc::clone(answers),
            number,
            outcome: Arc::clone(outcome),
        }
    }

    pub(super) async fn answer(self) -> io::Result<Vec<SocketAddr>> {
        loop {
            // Registered first, so that nothing is missed in between.
            let done = self.outcome.done.listen();
            if let Some(result) = self.outcome.result.get() {
                return result.clone().map_err(|error| io::Error::new(error.kind(), error));
            }
            done.await;
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.answers.leave(self.number);
    }
}

/// Looks a name up for `waiter`, and for those who will join it.
pub(super) fn look_up<T: Runtime, R: Resolver>(runtime: &T, inner: &Arc<R>, key: Key, ttl: Duration, waiter: &Waiter) {
    let (clock, inner) = (runtime.clone(), Arc::clone(inner));
    let looking = Looking {
        key,
        answers: Arc::clone(&waiter.answers),
        number: waiter.number,
        outcome: Arc::clone(&waiter.outcome),
    };
    let task = runtime.spawn(async move {
        let (host, port) = &looking.key;
        let result = inner.resolve(host, *port).await;
        let expires = after(clock.now(), ttl);
        looking.end(result, expires);
    });
    waiter.answers.keep(waiter.number, Box::new(task));
}

/// A lookup under way.
struct Looking {
    key: Key,
    answers: Arc<Answers>,
    number: u64,
    outcome: Arc<Outcome>,
}

impl Looking {
    fn end(&self, result: io::Result<Vec<SocketAddr>>, expires: Instant) {
        let answer = result.as_ref().ok().cloned();
        // Remembered before anybody is told: who has been told may be the last who waited, and with it the lookup goes.
        let over = self.answers.end(self.number, answer.map(|addrs| (addrs, expires)));
        self.outcome.set(result);
        drop(over); // Its own task among it, which has nothing more to do.
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        // Only if nothing else has ended it: the runtime has shut down, or the resolver has panicked. Nobody is to wait for ever.
        self.answers.end(self.number, None);
        let message = format!("cannot resolve {:?}: the lookup was stopped", self.key.0);
        self.outcome.set(Err(io::Error::other(message)));
    }
}

impl Outcome {
    /// Only the first counts.
    fn set(&self, result: io::Result<Vec<SocketAddr>>) {
        if self.result.set(result.map_err(Arc::new)).is_ok() {
            self.done.notify(usize::MAX);
        }
    }
}
