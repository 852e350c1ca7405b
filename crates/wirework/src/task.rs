//! Tasks: what a spawned future is held by, and how it can end.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// The handle of a spawned task: a future of its result.
///
/// **Dropping the handle cancels the task**, on every runtime: its future is dropped the next time it would have been
/// polled, or right away if it is not running. [`detach`](Self::detach) lets it run on alone. (tokio's and async-std's own
/// handles detach when dropped; smol's cancels.)
///
/// A panic in the task is this task's error and nobody else's.
pub trait Task<T>: Future<Output = Result<T, TaskError>> + Send + Unpin + 'static {
    /// Lets the task run to its end without anyone waiting for it.
    fn detach(self);
}

/// Why a task gave no result.
///
/// Turns into an [`io::Error`] with `?`, so the result of a task is one `?` away, and that of one that can fail two:
///
/// ```
/// use std::io;
/// use wirework::Runtime;
///
/// async fn in_the_background<R: Runtime>(runtime: &R) -> io::Result<u32> {
///     let task = runtime.spawn(async { io::Result::Ok(42) });
///     Ok(task.await?? + 1)
/// }
/// ```
#[non_exhaustive]
pub enum TaskError {
    /// The task was cancelled: its runtime shut down before it finished.
    Cancelled,
    /// The task panicked.
    Panicked(Box<Panic>),
}

impl TaskError {
    /// The error of a task that panicked with `payload`: what [`catch_unwind`] gives.
    #[must_use]
    pub fn panicked(payload: Box<dyn Any + Send>) -> Self {
        Self::Panicked(Box::new(Panic::new(payload)))
    }

    /// The panic's message, where the task panicked with one.
    #[must_use]
    pub fn panic_message(&self) -> Option<&str> {
        match self {
            Self::Cancelled => None,
            Self::Panicked(panic) => panic.message(),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("Cancelled"),
            Self::Panicked(_) => f.debug_tuple("Panicked").field(&self.panic_message()).finish(),
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.panic_message()) {
            (Self::Cancelled, _) => f.write_str("task was cancelled"),
            (Self::Panicked(_), Some(message)) => write!(f, "task panicked: {message}"),
            (Self::Panicked(_), None) => f.write_str("task panicked"),
        }
    }
}

impl std::error::Error for TaskError {}

impl From<TaskError> for io::Error {
    fn from(error: TaskError) -> Self {
        Self::other(error)
    }
}

/// A caught panic. It can be passed on by [`resume_unwind`](std::panic::resume_unwind).
#[derive(Debug)]
pub struct Panic {
    message: Option<String>,
    /// Never locked: the lock makes the payload `Sync`, and so the error fit for [`io::Error`](std::io::Error) and `?`.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&'static str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self {
            message: text.map(ToOwned::to_owned),
            payload: Mutex::new(payload),
        }
    }

    /// The message, where there was one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What was given to `panic!`.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project! {
    /// A future whose panic is an error: what adapters spawn on executors that would otherwise lose a thread to it, or abort
    /// the process, which is what async-task does when a cancelled future panics as it is dropped.
    ///
    /// A panic while the future is dropped has nobody left to be told, and ends there.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct CatchPanic<F> {
        // An option only so that it can be dropped early, where the panic is caught.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for CatchPanic<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            catch_unwind(AssertUnwindSafe(|| future.set(None))).ok();
        }
    }
}

impl<F: Future> CatchPanic<F> {
    /// Wraps `future`.
    pub fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, TaskError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future.as_pin_mut();
        let future = future.expect("the future is there until it is dropped");
        // Unwind safety: all that is done with the future after a panic is to drop it.
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => Poll::Ready(Ok(ready!(poll))),
            Err(payload) => Poll::Ready(Err(TaskError::panicked(payload))),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;

    use super::*;

    #[test]
    fn a_panic_becomes_an_error_that_keeps_its_message() {
        let line = 7;
        let error = block_on(CatchPanic::new(async { assert!(line == 8, "line {line}") })).unwrap_err();
        assert_eq!(error.to_string(), "task panicked: line 7");
        assert_eq!(format!("{error:?}"), r#"Panicked(Some("line 7"))"#);
    }

    #[test]
    fn the_payload_is_kept_and_the_error_goes_anywhere() {
        let error = block_on(CatchPanic::new(async { std::panic::panic_any(7_u8) })).unwrap_err();
        assert_eq!(error.to_string(), "task panicked");
        let error = io::Error::from(error).downcast::<TaskError>().unwrap();
        let TaskError::Panicked(panic) = error else {
            panic!("{error:?}")
        };
        assert_eq!(panic.into_payload().downcast_ref(), Some(&7_u8));
    }

    #[test]
    fn a_panic_while_dropping_ends_there() {
        struct PanicsWhenDropped;
        impl Drop for PanicsWhenDropped {
            fn drop(&mut self) {
                panic!("dropped");
            }
        }
        let value = PanicsWhenDropped;
        drop(CatchPanic::new(async move {
            let _value = value;
        }));
    }

    #[test]
    fn a_result_is_passed_through() {
        assert_eq!(block_on(CatchPanic::new(async { 7 })).unwrap(), 7);
    }
}
