//! One connection as a service sees it, when it sees more than requests.

use std::fmt;
use std::io;

use async_channel::{Receiver, Sender, TrySendError};
use thiserror::Error;

use crate::Context;

/// How many pushed frames may wait for their turn.
const PUSHES: usize = 64;

/// What [`Server::serve_sessions`](crate::Server::serve_sessions) makes a service from: the circumstances of its connection,
/// and a way to send frames that nobody asked for.
///
/// Cheap to clone. It keeps nothing alive: pushing fails once no more requests will come and the last is answered. What was taken until
/// then still leaves.
#[derive(Debug, Clone)]
pub struct Session<T> {
    context: Context,
    pushes: Sender<T>,
}

impl<T: Send + 'static> Session<T> {
    pub(super) fn new(context: Context) -> (Self, Receiver<T>) {
        let (pushes, pushed) = async_channel::bounded(PUSHES);
        (Self { context, pushes }, pushed)
    }

    /// The connection's circumstances: its peer, its number, the runtime.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Sends a frame between the replies. Waits while 64 frames wait for their turn, as they do when the peer is slow.
    ///
    /// # Errors
    /// Fails with [`BrokenPipe`](io::ErrorKind::BrokenPipe) once the connection has ended.
    ///
    /// # Cancel safety
    /// A dropped future has not sent the frame.
    pub async fn push(&self, frame: T) -> io::Result<()> {
        self.pushes.send(frame).await.map_err(|_| ended())
    }

    /// As [`push`](Self::push), giving the frame back instead of waiting.
    ///
    /// # Errors
    /// Gives the frame back, and says whether there was no room for it or the connection has ended.
    pub fn try_push(&self, frame: T) -> Result<(), TryPushError<T>> {
        self.pushes.try_send(frame).map_err(|error| match error {
            TrySendError::Full(frame) => TryPushError::Full(frame),
            TrySendError::Closed(frame) => TryPushError::Ended(frame),
        })
    }
}

/// Why [`Session::try_push`] did not take a frame; with the frame.
///
/// Turns into an [`io::Error`] with `?`, which is without the frame: of kind [`WouldBlock`](io::ErrorKind::WouldBlock), or
/// [`BrokenPipe`](io::ErrorKind::BrokenPipe) as from [`push`](Session::push).
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TryPushError<T> {
    /// 64 frames wait for their turn already: the peer is slow, or the service.
    #[error("too many pushed frames wait for their turn")]
    Full(T),
    /// The connection has ended. No frame will ever be taken again.
    #[error("the connection has ended")]
    Ended(T),
}

impl<T> TryPushError<T> {
    /// The frame.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(frame) | Self::Ended(frame) => frame,
        }
    }
}

impl<T> fmt::Debug for TryPushError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Full(_) => "Full",
            Self::Ended(_) => "Ended",
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}

impl<T> From<TryPushError<T>> for io::Error {
    fn from(error: TryPushError<T>) -> Self {
        match error {
            TryPushError::Full(_) => io::Error::new(io::ErrorKind::WouldBlock, error.to_string()),
            TryPushError::Ended(_) => ended(),
        }
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection has ended")
}
