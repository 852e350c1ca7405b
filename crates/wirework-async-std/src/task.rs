//! Tasks on async-std's executor.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use async_std::task::JoinHandle;
use wirework::TaskError;

/// A spawned future or blocking function. Dropping it cancels; see [`wirework::Task`].
#[derive(Debug)]
pub struct Task<T> {
    /// `None` only while it is being dropped or detached.
    inner: Option<JoinHandle<Result<T, TaskError>>>,
}

impl<T> Task<T> {
    pub(crate) fn new(inner: JoinHandle<Result<T, TaskError>>) -> Self {
        Self { inner: Some(inner) }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.as_mut();
        Pin::new(inner.expect("the handle is there until it is dropped or detached")).poll(cx)
    }
}

impl<T: Send + 'static> wirework::Task<T> for Task<T> {
    fn detach(mut self) {
        self.inner = None;
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take() {
            // Dropping async-std's handle would detach the task. Its cancellation is a future that acts when first polled.
            let waker = Waker::noop();
            drop(pin!(inner.cancel()).poll(&mut Context::from_waker(waker)));
        }
    }
}
