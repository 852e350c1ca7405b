//! Ways to keep a waker that lose or wake the wrong task.

use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// One place for both directions' wakers.
#[derive(Debug, Default)]
pub(crate) struct SharedWaker(Mutex<Option<Waker>>);

impl SharedWaker {
    /// Takes the place, and gives the waker that wakes whoever has it.
    pub(crate) fn leave(self: &Arc<Self>, cx: &mut Context<'_>) -> Waker {
        *self.0.lock().expect("nothing panics meanwhile") = Some(cx.waker().clone());
        Waker::from(Arc::clone(self))
    }
}

impl Wake for SharedWaker {
    fn wake(self: Arc<Self>) {
        let waker = self.0.lock().expect("nothing panics meanwhile").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Takes the place of `last`, and wakes whom it was taken from.
pub(crate) fn wake_other(last: &mut Option<Waker>, cx: &mut Context<'_>) {
    match last.replace(cx.waker().clone()) {
        Some(other) if !other.will_wake(cx.waker()) => other.wake(),
        _ => {}
    }
}
