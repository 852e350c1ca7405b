//! Ending a connection so that the last bytes arrive.
//!
//! A system that closes a connection with bytes unread, or to which bytes come afterwards, resets it, and throws away what it had
//! not sent yet (RFC 1122, section 4.2.2.13). So the end of the stream is sent first, and what the peer still says is read.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::time::timeout;
use crate::{Connection, Framed, Runtime};

/// So many bytes are read at a time, to be thrown away.
const CHUNK: usize = 4096;

/// Closes a connection in such a way that the peer can read the last bytes: sends the end of the stream, then reads away what
/// the peer still says until it has closed as well, and only then lets go of the connection (a lingering close).
///
/// Without it, a peer that was still sending may find a reset in place of the last reply: after an error in the middle of its
/// requests, after a farewell that it did not expect, or when a server ends. [`Framed::finish`] does it for frames. The services of a
/// [`Server`](crate::Server) need none of it: their conversations end so by themselves.
///
/// | | default | set with |
/// |---|---|---|
/// | how long the peer may take to close | 1 s | [`time`](Self::time) |
/// | how many bytes it may still send | 16 MiB | [`max_bytes`](Self::max_bytes) |
///
/// Beyond these the connection is closed as it is, which probably resets it.
///
/// ```
/// use std::io;
/// use futures_lite::AsyncWriteExt;
/// use wirework::{Connection, Context, Linger};
///
/// async fn turn_away<C: Connection>(mut connection: C, cx: Context) -> io::Result<()> {
///     // Whatever it has asked for, and is perhaps still sending.
///     connection.write_all(b"503 come back later\n").await?;
///     Linger::new().close(connection, &cx).await
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linger {
    time: Duration,
    max_bytes: u64,
}

impl Linger {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            time: Duration::from_secs(1),
            max_bytes: 16 * 1024 * 1024,
        }
    }

    /// Sets how long the peer may take to close its side, counted from when it was told the end; 1 second unless set.
    #[must_use]
    pub const fn time(mut self, duration: Duration) -> Self {
        self.time = duration;
        self
    }

    /// Sets how many bytes the peer may send meanwhile; 16 MiB unless set, which is more than the systems at both ends usually hold
    /// on the way. They are read in small pieces and thrown away, so they cost time and no memory.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Closes a connection, with the clock of `runtime`, which may be a handler's [`Context`](crate::Context).
    ///
    /// # Errors
    /// Fails when the end of the stream cannot be sent. How the peer takes it is no error.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection at once.
    pub async fn close<C: Connection, R: Runtime>(&self, mut connection: C, runtime: &R) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut connection).poll_close(cx)).await?;
        self.wait(&mut connection, runtime).await;
        Ok(())
    }

    /// Ends a conversation of frames, as [`Framed::finish`] does with the defaults.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// As there.
    pub async fn finish<C, D, E, R>(&self, mut framed: Framed<C, D, E>, runtime: &R) -> io::Result<()>
    where
        C: Connection,
        R: Runtime,
    {
        framed.close().await?;
        self.wait(framed.connection_mut(), runtime).await;
        Ok(())
    }

    /// What is left to do once the end of the stream was sent.
    pub(crate) async fn wait<C: Connection, R: Runtime>(&self, connection: &mut C, runtime: &R) {
        let mut left = self.max_bytes;
        let mut waste = Vec::new();
        let rest = poll_fn(|cx| {
            loop {
                match poll_waste(connection, &mut waste, cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(count @ 1..) if count < left => left -= count,
                    Poll::Ready(_) => return Poll::Ready(()),
                }
            }
        });
        // A peer that never stops is reset in the end.
        let _ = timeout(runtime, self.time, rest).await;
    }
}

impl Default for Linger {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Ends the conversation so that the last frames arrive: writes all that was sent, tells the peer that this was all, and reads
    /// away what the peer still says until it has closed as well, for a second and 16 MiB at most; see [`Linger`], which has other
    /// limits.
    ///
    /// For whoever ends a conversation in the middle, with an error or a farewell. Where [`next`](Self::next) has returned `None`
    /// because the peer has closed, it ends at once.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection at once; what is unsent is lost.
    ///
    /// ```
    /// use std::io;
    /// use wirework::{Connection, Context, Framed, codec::Lines};
    ///
    /// async fn at_most_three<C: Connection>(mut lines: Framed<C, Lines>, cx: Context) -> io::Result<()> {
    ///     for _ in 0..3 {
    ///         let Some(line) = lines.next().await? else { break };
    ///         lines.send(line).await?;
    ///     }
    ///     lines.send("that was enough").await?;
    ///     lines.finish(&cx).await
    /// }
    /// ```
    pub async fn finish<R: Runtime>(self, runtime: &R) -> io::Result<()> {
        Linger::new().finish(self, runtime).await
    }
}

/// Reads some bytes away. Whoever only waits holds no memory.
fn poll_waste(connection: &mut impl Connection, waste: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<u64> {
    waste.resize(CHUNK, 0);
    let read = Pin::new(connection).poll_read(cx, waste);
    if read.is_pending() {
        *waste = Vec::new();
    }
    Poll::Ready(ready!(read).unwrap_or(0) as u64)
}
