//! The first bytes of a connection, read to see what it is.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::Poll;

use wirework_codec::bytes::Bytes;

use crate::{Connection, Context};

/// How many bytes are read at a time: mostly all that decides, and the first bytes behind it.
const CHUNK: usize = 512;

/// What has been read so far. What is not used goes on with the connection, [`Prepended`](crate::Prepended).
#[derive(Debug, Default)]
pub(crate) struct FirstBytes {
    seen: Vec<u8>,
}

/// What came of reading more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// There are more bytes.
    Read,
    /// The peer will send no more.
    Ended,
    /// The server shuts down, and the peer had time to begin and has not.
    Draining,
}

impl FirstBytes {
    pub(crate) fn seen(&self) -> &[u8] {
        &self.seen
    }

    /// All of them but the first `used`.
    pub(crate) fn after(self, used: usize) -> Bytes {
        Bytes::from(self.seen).split_off(used)
    }

    /// Reads once.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(crate) async fn read(&mut self, connection: &mut impl Connection, cx: &Context) -> io::Result<More> {
        let mut shutdown = cx.last_call();
        let len = self.seen.len();
        poll_fn(|cx| {
            self.seen.resize(len + CHUNK, 0);
            let read = Pin::new(&mut *connection).poll_read(cx, &mut self.seen[len..]);
            let count = if let Poll::Ready(Ok(count)) = read { count } else { 0 };
            self.seen.truncate(len + count);
            match read {
                Poll::Ready(Ok(0)) => Poll::Ready(Ok(More::Ended)),
                Poll::Ready(read) => Poll::Ready(read.map(|_| More::Read)),
                Poll::Pending if len == 0 => {
                    // Whoever only waits holds no memory.
                    self.seen = Vec::new();
                    shutdown.poll(cx).map(|()| Ok(More::Draining))
                }
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}
