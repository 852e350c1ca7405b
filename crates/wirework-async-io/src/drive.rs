//! Takes events on an executor that waits by async-io.
//!
//! A turn of async-io's reactor is five system calls, and two more for what is nested in it. A busy executor can do without: a
//! task of its own takes the next events while the tasks of the last ones run.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::reactor::{Claim, Reactor};

/// A task for an executor whose threads wait in async-io's `block_on`, as those of smol and async-std do: while there are
/// events, they are taken between its tasks, and the threads need not wait for more.
///
/// `None` where there is nothing to do: there is one already, in whichever executor, or async-io watches the sockets by
/// itself. Everything works without it, at the cost of some more system calls. Threads in our own
/// [`block_on`](crate::block_on) have no use for it.
///
/// ```
/// use futures_lite::future;
///
/// // As a task of the executor, where there is one.
/// let main = async { 1 + 2 };
/// let sum = async_io::block_on(future::or(main, async {
///     match wirework_async_io::drive() {
///         Some(drive) => match drive.await {},
///         None => future::pending().await,
///     }
/// }));
/// assert_eq!(sum, 3);
/// ```
#[must_use]
pub fn drive() -> Option<Drive> {
    Some(Drive(Reactor::get()?.claim()?))
}

/// Never completes. See [`drive`].
#[derive(Debug)]
pub struct Drive(Claim);

impl Future for Drive {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Infallible> {
        self.0.poll(cx.waker());
        Poll::Pending
    }
}
