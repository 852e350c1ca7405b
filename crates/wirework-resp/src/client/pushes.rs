//! What the server sends by itself, on the connection of commands.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_channel::{Receiver, Sender, TrySendError};
use futures_core::Stream;

use crate::Value;

/// What a server sends by itself, as a stream: see [`Redis::pushes`](crate::Redis::pushes). Each item is the values of one
/// push, the first of which says what it is.
///
/// It ends when there will be no more connections, or when another stream takes its place.
#[derive(Debug)]
pub struct Pushes {
    receiver: Pin<Box<Receiver<Vec<Value>>>>,
    missed: Arc<AtomicU64>,
}

impl Pushes {
    /// Waits for the next push.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Value>> {
        self.receiver.recv().await.ok()
    }

    /// How many were dropped because nobody took them in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

impl Stream for Pushes {
    type Item = Vec<Value>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Vec<Value>>> {
        self.receiver.as_mut().poll_next(cx)
    }
}

/// Where decoders put pushes. Without a stream, they are dropped.
#[derive(Debug, Default)]
pub(super) struct Sink {
    stream: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    sender: Sender<Vec<Value>>,
    missed: Arc<AtomicU64>,
}

impl Sink {
    pub(super) fn open(&self, capacity: usize) -> Pushes {
        let (sender, receiver) = async_channel::bounded(capacity);
        let missed = Arc::new(AtomicU64::new(0));
        let stream = Some(Open {
            sender,
            missed: Arc::clone(&missed),
        });
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = stream;
        Pushes {
            receiver: Box::pin(receiver),
            missed,
        }
    }

    pub(super) fn send(&self, values: Vec<Value>) {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = &*stream else { return };
        match open.sender.try_send(values) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => {
                open.missed.fetch_add(1, Ordering::Relaxed);
            }
            Err(TrySendError::Closed(_)) => *stream = None,
        }
    }
}
