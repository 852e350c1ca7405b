//! The receiving half of a framed connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::AsyncRead;
use wirework_codec::{BorrowDecoder, DecodeError, Decoder, Deframer};

use super::ReadError;
use super::inbound::Inbound;

/// Receives frames; the other half may be in another task. From [`Framed::split`](crate::Framed::split), or on
/// anything that can be read.
#[derive(Debug)]
pub struct FramedRead<R, D> {
    pub(super) io: R,
    pub(super) inbound: Inbound<D>,
}

impl<R: AsyncRead + Unpin, D> FramedRead<R, D> {
    /// Decodes frames from `io`, with the default limits of [`Framed`](crate::Framed#limits).
    pub fn new(io: R, decoder: D) -> Self {
        Self {
            io,
            inbound: Inbound::new(Deframer::new(decoder)),
        }
    }

    /// What it reads from.
    pub fn get_ref(&self) -> &R {
        &self.io
    }

    #[inline]
    fn poll_frame<T, X>(
        &mut self,
        cx: &mut Context<'_>,
        decode: impl Fn(&mut Deframer<D>) -> Result<Option<T>, DecodeError<X>> + Copy,
    ) -> Poll<Result<Option<T>, ReadError<X>>> {
        loop {
            ready!(self.inbound.poll_budget(cx));
            let frame = self.inbound.buffered(decode)?;
            if frame.is_some() {
                self.inbound.has_handed_out();
            }
            if frame.is_some() || self.inbound.deframer.is_finished() {
                return Poll::Ready(Ok(frame));
            }
            ready!(self.inbound.poll_fill(&mut self.io, cx))?;
        }
    }
}

impl<R: AsyncRead + Unpin, D> FramedRead<R, D> {
    /// Receives the next frame; as [`Framed::next`](crate::Framed::next).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    #[inline]
    pub async fn next(&mut self) -> Result<Option<D::Item>, ReadError<D::Error>>
    where
        D: Decoder,
    {
        poll_fn(|cx| self.poll_frame(cx, Deframer::next)).await
    }

    /// Receives the next frame, borrowed from the read buffer.
    ///
    /// # Errors
    /// As [`Framed::next`](crate::Framed::next).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    #[inline]
    pub async fn next_ref(&mut self) -> Result<Option<D::Frame<'_>>, ReadError<D::Error>>
    where
        D: BorrowDecoder,
    {
        match poll_fn(|cx| self.poll_frame(cx, Deframer::locate)).await? {
            Some(located) => Ok(Some(self.inbound.deframer.parse(located)?)),
            None => Ok(None),
        }
    }
}

impl<R: AsyncRead + Unpin, D: Decoder + Unpin> Stream for FramedRead<R, D> {
    type Item = Result<D::Item, ReadError<D::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_frame(cx, Deframer::next).map(Result::transpose)
    }
}
