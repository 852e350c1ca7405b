//! What waits for a subscriber: messages that were published, until its connection has room for them.
//!
//! A publisher never waits for subscribers. One that does not keep up is cut off when too much waits for it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use wirework_resp::ReplyWriter;

/// A message, shared by all who get it.
#[derive(Debug, Clone)]
pub struct Message {
    /// The pattern by which it is got, unless by the channel's name.
    pub pattern: Option<Bytes>,
    pub channel: Bytes,
    pub payload: Bytes,
}

impl Message {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.channel.len() + self.payload.len()
    }

    /// Writes it as a client expects it.
    pub fn write(self, reply: &mut ReplyWriter<'_>) {
        if let Some(pattern) = self.pattern {
            reply.push(4);
            reply.bulk("pmessage");
            reply.bulk_bytes(pattern);
        } else {
            reply.push(3);
            reply.bulk("message");
        }
        reply.bulk_bytes(self.channel);
        reply.bulk_bytes(self.payload);
    }
}

/// A subscriber's messages.
#[derive(Debug, Default)]
pub struct Mailbox(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    weight: usize,
    overrun: bool,
    waker: Option<Waker>,
}

/// More waited for a subscriber than may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun;

impl Mailbox {
    /// Puts a message in, unless more than `limit` bytes would wait then: that ends the subscription.
    pub fn put(&self, message: Message, limit: usize) {
        let mut state = self.state();
        if state.overrun {
            return;
        }
        state.weight += message.weight();
        if state.weight > limit {
            state.overrun = true;
            state.messages = VecDeque::new();
        } else {
            state.messages.push_back(message);
        }
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the next message, if there is one.
    ///
    /// # Errors
    /// Fails once too much has waited.
    pub fn take(&self) -> Result<Option<Message>, Overrun> {
        let mut state = self.state();
        if state.overrun {
            return Err(Overrun);
        }
        let message = state.messages.pop_front();
        if let Some(message) = &message {
            state.weight -= message.weight();
        }
        Ok(message)
    }

    /// Writes all messages there are. If too much has waited, it is for [`take`](Self::take) to tell.
    pub fn empty_into(&self, reply: &mut ReplyWriter<'_>) {
        while let Ok(Some(message)) = self.take() {
            message.write(reply);
        }
    }

    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.messages.is_empty() && !state.overrun
    }

    pub fn is_overrun(&self) -> bool {
        self.state().overrun
    }

    /// Waits until there is something to [`take`](Self::take). For one task at a time.
    pub async fn filled(&self) {
        poll_fn(|cx| self.poll(cx, |state| state.overrun || !state.messages.is_empty())).await;
    }

    /// Waits until too much has waited. For one task at a time.
    pub async fn overrun(&self) -> Overrun {
        poll_fn(|cx| self.poll(cx, |state| state.overrun)).await;
        Overrun
    }

    fn poll(&self, cx: &mut Context<'_>, is_it: impl Fn(&State) -> bool) -> Poll<()> {
        let mut state = self.state();
        if is_it(&state) {
            return Poll::Ready(());
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in it is ever half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
