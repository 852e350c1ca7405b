//! A waker that counts, and can be waited for.
//!
//! With it a check polls in a task's stead, and sees each wake-up that an executor would have hidden.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future::yield_now;
use wirework::Runtime;

use crate::pause::pause;

/// Counts how often its waker is woken.
#[derive(Debug)]
pub(crate) struct WakeCounter {
    signal: Arc<Signal>,
    woken: Receiver<()>,
}

impl WakeCounter {
    pub(crate) fn new() -> Self {
        // Room for one: it says "at least once since you looked", however often that was.
        let (sender, woken) = async_channel::bounded(1);
        let signal = Arc::new(Signal {
            wakes: AtomicUsize::new(0),
            sender,
        });
        Self { signal, woken }
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.signal))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.signal.wakes.load(Ordering::SeqCst)
    }

    /// Polls with the counter's waker.
    pub(crate) fn poll<T>(&self, poll: impl FnOnce(&mut Context<'_>) -> T) -> T {
        poll(&mut Context::from_waker(&self.waker()))
    }

    /// Waits for a wake-up since the last call.
    pub(crate) async fn woken(&self) {
        self.woken.recv().await.expect("the counter holds a sender of its own");
    }
}

/// Asserts that two tasks that poll the same thing, each as often as it is woken, come to rest. `poll` says whether it is
/// pending, as it must be each time. Gives the task that polled last.
pub(crate) async fn assert_two_pollers_do_not_spin<R: Runtime>(
    rt: &R,
    mut poll: impl FnMut(&mut Context<'_>) -> bool,
) -> WakeCounter {
    const ROUNDS: usize = 100;
    // Losing the place costs one wake-up at each change of the poller, in some runtimes; a spin costs one a round.
    const TOLERATED: usize = 8;
    let mut tasks = [(WakeCounter::new(), None), (WakeCounter::new(), None)];
    for round in 0..ROUNDS {
        for (task, seen) in &mut tasks {
            let wakes = Some(task.wakes());
            if *seen != wakes {
                *seen = wakes;
                assert!(task.poll(&mut poll), "a poll must be pending while nothing has come");
            }
        }
        yield_now().await;
        // Wake-ups may come by way of another thread.
        if round % 10 == 0 {
            pause(rt, Duration::from_millis(1)).await;
        }
    }
    let [(first, _), (last, _)] = tasks;
    let wakes = first.wakes() + last.wakes();
    assert!(
        wakes <= TOLERATED,
        "two tasks that poll the same direction must not keep waking each other; there were {wakes} wake-ups"
    );
    // Whoever polled last: polling once more settles it.
    assert!(last.poll(&mut poll), "a poll must be pending while nothing has come");
    last
}

#[derive(Debug)]
struct Signal {
    wakes: AtomicUsize,
    sender: Sender<()>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        // Full means that the signal is there already.
        self.sender.try_send(()).ok();
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, poll_once};

    use super::*;

    #[test]
    fn it_counts_every_wake_and_signals_once() {
        let counter = WakeCounter::new();
        assert!(block_on(poll_once(counter.woken())).is_none());
        counter.waker().wake();
        counter.waker().wake_by_ref();
        assert_eq!(counter.wakes(), 2);
        block_on(counter.woken());
        assert!(block_on(poll_once(counter.woken())).is_none());
    }
}
