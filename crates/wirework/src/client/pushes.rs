//! What a server sends without being asked.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

/// The frames that belong to no call, as a stream. It ends with the connection.
///
/// Dropping it throws them away, now and later. Frames beyond
/// [`max_pushes`](crate::ClientOptions::max_pushes) are dropped and [counted](Self::missed).
#[derive(Debug)]
pub struct Pushes<A> {
    shared: Arc<Mutex<State<A>>>,
}

#[derive(Debug)]
struct State<A> {
    frames: VecDeque<A>,
    capacity: usize,
    missed: u64,
    waker: Option<Waker>,
    /// The other end is gone.
    over: bool,
}

/// Where the driver puts them.
#[derive(Debug)]
pub(super) struct PushSender<A> {
    shared: Arc<Mutex<State<A>>>,
}

/// Both ends of a queue of that many frames.
pub(super) fn pushes<A>(capacity: usize) -> (PushSender<A>, Pushes<A>) {
    let shared = Arc::new(Mutex::new(State {
        frames: VecDeque::new(),
        capacity,
        missed: 0,
        waker: None,
        over: false,
    }));
    let sender = PushSender {
        shared: Arc::clone(&shared),
    };
    (sender, Pushes { shared })
}

impl<A> Pushes<A> {
    /// Waits for the next frame. `None` once the connection is gone and all frames are taken.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<A> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// How many frames were dropped because nobody took them in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        lock(&self.shared).missed
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<A>> {
        let mut state = lock(&self.shared);
        if let Some(frame) = state.frames.pop_front() {
            return Poll::Ready(Some(frame));
        }
        if state.over {
            return Poll::Ready(None);
        }
        let replaced = state.waker.replace(cx.waker().clone());
        drop(state);
        drop(replaced); // Dropping a waker may run anything, so not under the lock.
        Poll::Pending
    }
}

impl<A> Stream for Pushes<A> {
    type Item = A;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<A>> {
        self.get_mut().poll(cx)
    }
}

impl<A> Drop for Pushes<A> {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.capacity = 0;
        let frames = std::mem::take(&mut state.frames);
        // Frames may run anything when they are dropped, so not under the lock.
        drop(state);
        drop(frames);
    }
}

impl<A> PushSender<A> {
    pub(super) fn send(&self, frame: A) {
        let mut state = lock(&self.shared);
        if state.frames.len() >= state.capacity {
            state.missed += 1;
            return;
        }
        state.frames.push_back(frame);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<A> Drop for PushSender<A> {
    fn drop(&mut self) {
        let mut state = lock(&self.shared);
        state.over = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

fn lock<A>(shared: &Mutex<State<A>>) -> MutexGuard<'_, State<A>> {
    // The queue is whole between two of its methods, so a panic elsewhere cannot have spoilt it.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
