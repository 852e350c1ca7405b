//! Runs a future on the calling thread.
//!
//! Where async-io's `block_on` waits for async-io's events, this one waits for those of our reactor, so that the thread which
//! runs the tasks learns of readiness by one system call.

use std::pin::pin;
use std::task::{Context, Poll};

use crate::reactor::Reactor;

/// Runs a future until it is done. While the future waits, the thread takes the events of all sockets of this crate,
/// in turn with the other threads that are in here.
///
/// Run an executor in it to have that executor's threads learn of readiness at the least cost. Timers, and what else
/// is built on async-io, are served by async-io's own thread.
///
/// ```
/// use wirework_async_io::block_on;
///
/// assert_eq!(block_on(async { 1 + 2 }), 3);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let Some(reactor) = Reactor::get() else {
        return async_io::block_on(future);
    };
    let mut member = reactor.join();
    let waker = member.waker();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        member.wait();
    }
}
