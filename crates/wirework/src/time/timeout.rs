//! A future with a time limit.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use thiserror::Error;

use super::after;
use crate::Runtime;

/// Gives `future` at most `duration`.
///
/// # Errors
/// The result is [`TimedOut`] once the time is up; `future` is then dropped with the returned one.
///
/// # Cancel safety
/// That of `future`.
///
/// ```
/// # use std::{io, time::Duration};
/// use wirework::{Network, time::timeout};
///
/// async fn connect<N: Network>(network: &N) -> io::Result<N::TcpStream> {
///     timeout(network, Duration::from_secs(5), network.connect_tcp(([127, 0, 0, 1], 80).into())).await?
/// }
/// ```
pub fn timeout<R: Runtime, F: Future>(runtime: &R, duration: Duration, future: F) -> Timeout<F, R::Timer> {
    deadline(runtime, after(runtime.now(), duration), future)
}

/// Gives `future` until `deadline`; otherwise as [`timeout`].
pub fn deadline<R: Runtime, F: Future>(runtime: &R, deadline: Instant, future: F) -> Timeout<F, R::Timer> {
    Timeout {
        future,
        timer: runtime.timer(deadline),
    }
}

pin_project! {
    /// The future of [`timeout`] and [`deadline`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F, T> {
        #[pin]
        future: F,
        #[pin]
        timer: T,
    }
}

impl<F: Future, T: Future<Output = ()>> Future for Timeout<F, T> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // The future goes first: what is done in time is done, even if nobody looked before the time was up.
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.timer.poll(cx).map(|()| Err(TimedOut))
    }
}

/// The time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("timed out")]
pub struct TimedOut;

impl From<TimedOut> for io::Error {
    fn from(error: TimedOut) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, error)
    }
}
