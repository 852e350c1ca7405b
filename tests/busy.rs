//! Knows whether tasks have something to do, so that a test can let time pass when they have not.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Counts the tasks that are to be polled, or are being polled.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<AtomicUsize>);

impl Busy {
    pub(crate) fn tasks(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn begin(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A task that is counted while it is busy.
pub(crate) struct Tracked<F> {
    /// `None` once it is done.
    future: Option<Pin<Box<F>>>,
    task: Arc<Task>,
    waker: Waker,
}

struct Task {
    busy: Busy,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// It was woken, and not polled since.
    is_due: bool,
    /// It is no more.
    is_over: bool,
    /// Wakes it.
    inner: Option<Waker>,
}

impl<F> Tracked<F> {
    pub(crate) fn new(future: F, busy: &Busy) -> Self {
        busy.begin();
        let state = State {
            is_due: true,
            ..State::default()
        };
        let task = Arc::new(Task {
            busy: busy.clone(),
            state: Mutex::new(state),
        });
        Self {
            future: Some(Box::pin(future)),
            waker: Arc::clone(&task).into(),
            task,
        }
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let task = Arc::clone(&this.task);
        let _polled = task.begin(cx.waker());
        let Some(future) = &mut this.future else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(&mut Context::from_waker(&this.waker));
        if polled.is_ready() {
            // What it does when it is dropped counts, too.
            this.future = None;
        }
        polled
    }
}

impl<F> Drop for Tracked<F> {
    fn drop(&mut self) {
        self.task.busy.begin();
        self.future = None;
        self.task.busy.end();
        let mut state = self.task.state();
        state.is_over = true;
        if state.is_due {
            self.task.busy.end();
        }
        let inner = state.inner.take();
        drop(state);
        drop(inner);
    }
}

impl Task {
    /// Counts it as busy until what is returned is dropped.
    fn begin(&self, inner: &Waker) -> impl Drop + use<'_> {
        let mut state = self.state();
        let replaced = state.inner.replace(inner.clone());
        if !std::mem::take(&mut state.is_due) {
            self.busy.begin();
        }
        drop(state);
        drop(replaced);
        Polled(&self.busy)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Changed in one step each.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.state();
        if state.is_over {
            return;
        }
        if !std::mem::replace(&mut state.is_due, true) {
            self.busy.begin();
        }
        let inner = state.inner.clone();
        drop(state);
        if let Some(inner) = inner {
            inner.wake();
        }
    }
}

/// A poll that is under way.
struct Polled<'a>(&'a Busy);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}
