//! The sending half of a framed connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::AsyncWrite;
use futures_sink::Sink;
use wirework_codec::{Encoder, WriteBuf};

use super::outbound::Outbound;
use super::{Permit, WriteError};

/// Sends frames; the other half may be in another task. From [`Framed::split`](crate::Framed::split), or on
/// anything that can be written.
///
/// No reader waits here, so nothing leaves by itself: [`send`](Self::send) flushes each frame, [`feed`](Self::feed) none,
/// and [`send_all`](Self::send_all) whenever its source runs empty, which is what a task that writes from a queue wants.
///
/// Dropping it drops what is unsent and ends the stream: [`close`](Self::close) first.
#[derive(Debug)]
pub struct FramedWrite<W, E> {
    pub(super) io: W,
    pub(super) outbound: Outbound<E>,
}

impl<W: AsyncWrite + Unpin, E> FramedWrite<W, E> {
    /// Encodes frames to `io`, with the default watermarks of [`Framed`](crate::Framed#limits).
    pub fn new(io: W, encoder: E) -> Self {
        Self {
            io,
            outbound: Outbound::new(encoder, WriteBuf::new()),
        }
    }

    /// What it writes to.
    pub fn get_ref(&self) -> &W {
        &self.io
    }

    /// How many bytes wait to be sent.
    pub fn unsent(&self) -> usize {
        self.outbound.unsent()
    }

    /// Sends a frame and writes all that is unsent.
    ///
    /// # Errors
    /// Fails when the frame cannot be encoded, of which nothing is then sent, or when the connection fails.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have appended the frame; it never leaves half of one: see
    /// [`reserve`](Self::reserve).
    pub async fn send<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.feed(item).await?;
        Ok(self.flush().await?)
    }

    /// Appends a frame, after waiting for room if the high watermark has been reached.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    /// A dropped future may not have appended the frame; see [`reserve`](Self::reserve).
    pub async fn feed<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        self.reserve().await?.send(item)
    }

    /// Sends all frames of `source`, in as few writes as it takes: whenever none is ready, what was appended is
    /// written. Returns when `source` has ended and all is written.
    ///
    /// # Errors
    /// As [`send`](Self::send). The frame that could not be encoded is lost.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: frames not yet taken stay in `source`, those taken are sent by the next call.
    pub async fn send_all<S>(&mut self, source: &mut S) -> Result<(), WriteError<E::Error>>
    where
        S: Stream + Unpin + ?Sized,
        E: Encoder<S::Item>,
    {
        poll_fn(|cx| {
            loop {
                ready!(self.outbound.poll_ready(&mut self.io, cx))?;
                match Pin::new(&mut *source).poll_next(cx) {
                    Poll::Ready(Some(item)) => self.outbound.append(item)?,
                    Poll::Ready(None) => return self.outbound.poll_flush(&mut self.io, cx).map_err(WriteError::Io),
                    Poll::Pending => {
                        ready!(self.outbound.poll_flush(&mut self.io, cx))?;
                        return Poll::Pending;
                    }
                }
            }
        })
        .await
    }

    /// Waits until a frame can be appended without waiting. The permit does not flush.
    ///
    /// # Errors
    /// Fails when the connection can no longer send.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the frame is still the caller's.
    pub async fn reserve(&mut self) -> io::Result<Permit<'_, E>> {
        poll_fn(|cx| self.outbound.poll_ready(&mut self.io, cx)).await?;
        Ok(Permit::new(&mut self.outbound))
    }

    /// Writes all that was appended.
    ///
    /// # Errors
    /// Fails when the connection does, or did in an earlier write.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.outbound.poll_flush(&mut self.io, cx)).await
    }

    /// Writes all that was appended, then tells the peer that this was all.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.outbound.poll_close(&mut self.io, cx)).await
    }
}

impl<T, W: AsyncWrite + Unpin, E: Encoder<T> + Unpin> Sink<T> for FramedWrite<W, E> {
    type Error = WriteError<E::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = self.get_mut();
        this.outbound.poll_ready(&mut this.io, cx).map_err(WriteError::Io)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        self.get_mut().outbound.append(item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = self.get_mut();
        this.outbound.poll_flush(&mut this.io, cx).map_err(WriteError::Io)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let this = self.get_mut();
        this.outbound.poll_close(&mut this.io, cx).map_err(WriteError::Io)
    }
}
