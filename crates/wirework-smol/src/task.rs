//! Tasks on smol's executor.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_executor::FallibleTask;
use wirework::TaskError;

/// A spawned future or blocking function. Dropping it cancels; see [`wirework::Task`].
#[derive(Debug)]
pub struct Task<T> {
    inner: FallibleTask<Result<T, TaskError>>,
}

impl<T> Task<T> {
    pub(crate) fn new(task: smol::Task<Result<T, TaskError>>) -> Self {
        Self { inner: task.fallible() }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = Pin::new(&mut self.inner).poll(cx);
        output.map(|result| result.unwrap_or(Err(TaskError::Cancelled)))
    }
}

impl<T: Send + 'static> wirework::Task<T> for Task<T> {
    fn detach(self) {
        self.inner.detach();
    }
}
