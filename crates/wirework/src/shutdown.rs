//! Telling many connections, once, that it is time to go.
//!
//! Waiting costs one slot in a shared table, and asking again with the same waker one atomic load. A server's own connections do
//! without the slot: it wakes their tasks by the list that it has of them.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use slab::Slab;

/// Gives the signal. Clones give the same one.
#[derive(Clone, Default)]
pub struct Shutdown {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    begun: AtomicBool,
    /// Those who wait. `None` is one whose waker was taken to be woken.
    waiting: Mutex<Slab<Option<Waker>>>,
}

impl Shutdown {
    /// A signal that has not been given.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal, for good.
    pub fn begin(&self) {
        self.shared.begun.store(true, Ordering::SeqCst);
        let wakers: Vec<_> = {
            let mut waiting = self.shared.waiting();
            waiting.iter_mut().filter_map(|(_, waker)| waker.take()).collect()
        };
        for waker in wakers {
            waker.wake();
        }
    }

    /// Whether the signal was given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.shared.begun.load(Ordering::SeqCst)
    }

    /// Something to wait on.
    #[must_use]
    pub fn signal(&self) -> ShutdownSignal {
        ShutdownSignal {
            shutdown: self.clone(),
            registered: None,
        }
    }
}

impl Shared {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Slab<Option<Waker>>> {
        // Nothing in the table is ever half changed, so a panic elsewhere cannot have spoilt it.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown")
            .field("has_begun", &self.has_begun())
            .finish_non_exhaustive()
    }
}

/// Waits for a [`Shutdown`].
///
/// ```
/// use wirework::Shutdown;
/// # futures_lite::future::block_on(async {
/// let shutdown = Shutdown::new();
/// let mut signal = shutdown.signal();
/// assert!(!signal.has_begun());
/// shutdown.begin();
/// signal.wait().await;
/// # });
/// ```
#[derive(Debug)]
pub struct ShutdownSignal {
    shutdown: Shutdown,
    /// The place in the table, and the waker that was put there.
    registered: Option<(usize, Waker)>,
}

impl ShutdownSignal {
    /// Whether the signal was given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.shutdown.has_begun()
    }

    /// Waits until the signal is given.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn wait(&mut self) {
        poll_fn(|cx| self.poll(cx)).await;
    }

    /// [`wait`](Self::wait) as a poll.
    #[inline]
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_begun() {
            return Poll::Ready(());
        }
        if let Some((_, waker)) = &self.registered
            && waker.will_wake(cx.waker())
        {
            return Poll::Pending;
        }
        self.register(cx.waker());
        // It may have been given between the first look and the registration.
        if self.has_begun() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    #[cold]
    fn register(&mut self, waker: &Waker) {
        let mut waiting = self.shutdown.shared.waiting();
        let key = match &self.registered {
            Some((key, _)) => *key,
            None => waiting.insert(None),
        };
        let replaced = waiting[key].replace(waker.clone());
        // Dropping a waker may run anything, so not under the lock.
        drop(waiting);
        drop(replaced);
        self.registered = Some((key, waker.clone()));
    }
}

impl Clone for ShutdownSignal {
    fn clone(&self) -> Self {
        self.shutdown.signal()
    }
}

impl Drop for ShutdownSignal {
    fn drop(&mut self) {
        if let Some((key, _)) = self.registered.take() {
            let waker = self.shutdown.shared.waiting().remove(key);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn all_who_wait_are_woken_once() {
        let shutdown = Shutdown::new();
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut signals = [shutdown.signal(), shutdown.signal()];
        let dropped = shutdown.signal();
        for signal in &mut signals {
            assert!(signal.poll(&mut cx).is_pending());
            assert!(signal.poll(&mut cx).is_pending());
        }
        drop(dropped);
        shutdown.begin();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        assert!(signals.iter_mut().all(|signal| signal.poll(&mut cx).is_ready()));
    }

    #[test]
    fn the_last_waker_is_woken() {
        let shutdown = Shutdown::new();
        let (first, second) = (Arc::new(Count::default()), Arc::new(Count::default()));
        let mut signal = shutdown.signal();
        for count in [&first, &second] {
            let waker = Waker::from(Arc::clone(count));
            assert!(signal.poll(&mut Context::from_waker(&waker)).is_pending());
        }
        shutdown.begin();
        assert_eq!(
            (first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)),
            (0, 1)
        );
    }

    #[test]
    fn a_dropped_signal_leaves_no_slot() {
        let shutdown = Shutdown::new();
        let mut signal = shutdown.signal();
        assert!(signal.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(shutdown.shared.waiting().len(), 1);
        drop(signal);
        assert_eq!(shutdown.shared.waiting().len(), 0);
    }
}
