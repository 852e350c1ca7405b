//! Tasks on tokio's executor.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;
use wirework::TaskError;

/// A spawned future or blocking function. Dropping it cancels; see [`wirework::Task`].
#[derive(Debug)]
pub struct Task<T> {
    inner: JoinHandle<T>,
    detached: bool,
}

impl<T> Task<T> {
    pub(crate) fn new(inner: JoinHandle<T>) -> Self {
        Self { inner, detached: false }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = Pin::new(&mut self.inner).poll(cx);
        output.map_err(|error| error.try_into_panic().map_or(TaskError::Cancelled, TaskError::panicked))
    }
}

impl<T: Send + 'static> wirework::Task<T> for Task<T> {
    fn detach(mut self) {
        self.detached = true;
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if !self.detached {
            self.inner.abort();
        }
    }
}
