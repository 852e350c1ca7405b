//! One call, from the request to its answer.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::calls::{Calls, Place};
use super::{CallError, Client};
use crate::Runtime;
use crate::time::after;

/// The future of [`Client::call`]: the answer.
///
/// It begins when it is first polled.
///
/// # Cancel safety
/// Dropping it gives the answer up and nothing else: a request that has not been taken for sending never is, and the answer
/// of one that has is thrown away when it comes. No other call ever gets it.
#[derive(Debug)]
#[must_use = "a call does nothing unless polled"]
pub struct Call<'a, Q, A> {
    client: &'a Client<Q, A>,
    timeout: Duration,
    stage: Stage<Q>,
}

#[derive(Debug)]
enum Stage<Q> {
    New(Q),
    Waiting(Place),
    Over,
}

impl<'a, Q, A> Call<'a, Q, A> {
    pub(super) fn new(client: &'a Client<Q, A>, request: Q) -> Self {
        Self {
            client,
            timeout: client.handle.timeout,
            stage: Stage::New(request),
        }
    }

    /// Gives the call that long from its first poll, instead of the client's [`timeout`](crate::ClientOptions::timeout).
    pub fn within(mut self, duration: Duration) -> Self {
        self.timeout = duration;
        self
    }

    fn calls(&self) -> &'a Calls<Q, A> {
        &self.client.handle.calls
    }
}

impl<Q: Unpin, A> Future for Call<'_, Q, A> {
    type Output = Result<A, CallError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if let Stage::Waiting(place) = this.stage {
            let result = this.calls().poll(place, cx);
            if result.is_ready() {
                this.stage = Stage::Over;
            }
            return result;
        }
        match mem::replace(&mut this.stage, Stage::Over) {
            Stage::New(request) => {
                let deadline = after(this.client.handle.clock.now(), this.timeout);
                let place = this.calls().submit(request, deadline, cx.waker())?;
                this.stage = Stage::Waiting(place);
                Poll::Pending
            }
            Stage::Waiting(_) | Stage::Over => panic!("a call was polled after it had been answered"),
        }
    }
}

impl<Q, A> Drop for Call<'_, Q, A> {
    fn drop(&mut self) {
        if let Stage::Waiting(place) = self.stage {
            self.calls().abandon(place);
        }
    }
}
