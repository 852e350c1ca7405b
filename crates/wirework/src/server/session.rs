//! One connection as a service sees it, when it sees more than requests.

use std::io;

use async_channel::{Receiver, Sender};

use crate::Context;

/// How many pushed frames may wait for their turn.
const PUSHES: usize = 64;

/// What [`Server::serve_sessions`](crate::Server::serve_sessions) makes a service from: the circumstances of its connection,
/// and a way to send frames that nobody asked for.
///
/// Cheap to clone. It keeps nothing alive: once the connection has ended, pushing fails.
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
    /// Gives the frame back when there is no room for it, or when the connection has ended.
    pub fn try_push(&self, frame: T) -> Result<(), T> {
        self.pushes
            .try_send(frame)
            .map_err(async_channel::TrySendError::into_inner)
    }
}

fn ended() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the connection has ended")
}
