//! Accepting connections within the process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_channel::{Receiver, Sender};
use futures_core::Stream;

use super::{MemoryStream, pair};
use crate::{Addr, Listener};

/// How many connections may wait to be accepted.
const BACKLOG: usize = 128;

/// A listener, and what connects to it. Each connection is a [`pair`] of that `capacity`.
///
/// # Panics
/// Connecting panics if `capacity` is 0.
#[must_use]
pub fn listener(capacity: usize) -> (MemoryConnector, MemoryListener) {
    let (sender, incoming) = async_channel::bounded(BACKLOG);
    let connector = MemoryConnector { sender, capacity };
    (
        connector,
        MemoryListener {
            incoming: Box::pin(incoming),
        },
    )
}

/// Connects to a [`MemoryListener`]. Clones connect to the same.
#[derive(Debug, Clone)]
pub struct MemoryConnector {
    sender: Sender<MemoryStream>,
    capacity: usize,
}

impl MemoryConnector {
    /// Connects, after waiting for a place if 128 connections wait to be accepted.
    ///
    /// # Errors
    /// Fails with [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) when the listener is gone.
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect(&self) -> io::Result<MemoryStream> {
        let (ours, theirs) = pair(self.capacity);
        let sent = self.sender.send(theirs).await;
        sent.map_err(|_| io::Error::new(io::ErrorKind::ConnectionRefused, "the in-memory listener is gone"))?;
        Ok(ours)
    }
}

/// Accepts what a [`MemoryConnector`] connects. Without connectors it waits for ever.
#[derive(Debug)]
pub struct MemoryListener {
    incoming: Pin<Box<Receiver<MemoryStream>>>,
}

impl Listener for MemoryListener {
    type Connection = MemoryStream;

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<MemoryStream>> {
        match self.incoming.as_mut().poll_next(cx) {
            Poll::Ready(Some(stream)) => Poll::Ready(Ok(stream)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn local_addr(&self) -> io::Result<Addr> {
        Ok(Addr::Memory(0))
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        // What waits to be accepted would otherwise stay open for as long as there is a connector.
        self.incoming.close();
        while self.incoming.try_recv().is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::AsyncReadExt;
    use futures_lite::future::{block_on, poll_once, zip};

    use super::*;
    use crate::Connection;

    #[test]
    fn connecting_to_a_dropped_listener_is_refused() {
        block_on(async {
            let (connector, mut listener) = listener(16);
            let (client, server) = zip(connector.connect(), listener.accept()).await;
            assert_eq!(
                client.unwrap().peer_addr().unwrap(),
                server.unwrap().peer_addr().unwrap()
            );
            drop(listener);
            assert_eq!(
                connector.connect().await.unwrap_err().kind(),
                io::ErrorKind::ConnectionRefused
            );
        });
    }

    #[test]
    fn what_was_not_accepted_ends_with_the_listener() {
        block_on(async {
            let (connector, listener) = listener(16);
            let mut client = connector.connect().await.unwrap();
            drop(listener);
            assert_eq!(poll_once(client.read(&mut [0])).await.map(Result::unwrap), Some(0));
        });
    }
}
