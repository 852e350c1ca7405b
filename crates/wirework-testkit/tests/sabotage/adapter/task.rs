//! Tasks that may be dropped, detached and panic in the wrong way.

use std::pin::Pin;
use std::task::{Context, Poll};

use wirework::{Task as _, TaskError};

use super::Fault;

#[derive(Debug)]
pub(crate) struct Task<T: Send + 'static> {
    fault: Fault,
    /// There until it is dropped.
    inner: Option<wirework_smol::Task<T>>,
}

impl<T: Send + 'static> Task<T> {
    pub(crate) fn new(fault: Fault, inner: wirework_smol::Task<T>) -> Self {
        Self {
            fault,
            inner: Some(inner),
        }
    }
}

impl<T: Send + 'static> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.inner.as_mut().expect("it is there until it is dropped");
        match Pin::new(inner).poll(cx) {
            Poll::Ready(Err(_)) if self.fault == Fault::PanicsAreCancellations => {
                Poll::Ready(Err(TaskError::Cancelled))
            }
            polled => polled,
        }
    }
}

impl<T: Send + 'static> wirework::Task<T> for Task<T> {
    fn detach(mut self) {
        let inner = self.inner.take().expect("it is there until it is dropped");
        if self.fault != Fault::DetachCancels {
            inner.detach();
        }
    }
}

impl<T: Send + 'static> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.take()
            && self.fault == Fault::DropDetaches
        {
            inner.detach();
        }
    }
}
