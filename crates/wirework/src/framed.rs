//! A connection of frames: where bytes, codec and handler meet.
//!
//! Written so that the loop everybody writes first is the fast one: sending only appends, and what was appended leaves in
//! one write when there is nothing more to read.

mod error;
mod futures;
mod inbound;
mod ledger;
mod next_or;
mod outbound;
mod outbox;
mod parts;
mod read_half;
mod serving;
mod sides;
mod spare_buf;
#[cfg(test)]
mod tests;
mod write_half;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use wirework_codec::{BorrowDecoder, Decoder, Deframer, Encoder, WriteBuf};

pub use self::error::{ReadError, WriteError};
use self::futures::{NextFrame, NextRef, NextWithOutbox, SendFrame};
use self::inbound::Inbound;
pub use self::next_or::Next;
use self::outbound::Outbound;
pub use self::outbox::{Outbox, Permit};
pub use self::parts::{FramedParts, ReadAhead, UnexpectedReadAhead};
pub use self::read_half::FramedRead;
use self::sides::Sides;
pub use self::write_half::FramedWrite;
use crate::shutdown::ShutdownSignal;
use crate::{Connection, Split};

/// A connection that carries frames: received with [`next`](Self::next) or [`next_ref`](Self::next_ref), sent with
/// [`send`](Self::send).
///
/// `D` decodes, `E` encodes; a codec that does both is given once ([`new`](Self::new)), two of them with
/// [`with_codecs`](Self::with_codecs).
///
/// To send while the peer says nothing, as chats and games do, wait with [`next_or`](Self::next_or).
///
/// # When frames leave
/// Sending appends to a buffer. The buffer is written by itself
/// - before `next` waits for the peer, and before it returns `None`,
/// - when it has reached the high watermark: sending then waits,
/// - as far as that needs no wait, before `next` returns a decoding error,
/// - on [`flush`](Self::flush) and [`close`](Self::close).
///
/// A connection that only sends, and never waits for a frame, must `flush`. Dropping a `Framed` drops what is unsent: end a
/// conversation with `close`, or read until `None`.
///
/// It also is a [`Stream`] and a [`Sink`], for one task at a time: receiving writes as well, and a connection wakes only who
/// polled it last. For two tasks, [`split`](Self::split) it.
///
/// # Limits
/// | | default | set with |
/// |---|---|---|
/// | bytes buffered for a frame that is not complete | 2 MiB | [`max_buffered`](Self::max_buffered) |
/// | low and high watermark of unsent bytes | 16 and 64 KiB | [`watermarks`](Self::watermarks) |
/// | frames handed out before other tasks get a turn | 256 | [`budget`](Self::budget) |
///
/// No memory is held for reading while `next` waits with nothing buffered, and none for writing while nothing is unsent.
///
/// # Cancel safety
/// `next`, `next_ref`, `reserve`, `flush` and `close` lose nothing when dropped. A `send` that is dropped while it waits for
/// room has not sent its frame; [`reserve`](Self::reserve) first to keep it.
///
/// ```
/// use wirework::codec::Lines;
/// use wirework::{Framed, memory};
/// # futures_lite::future::block_on(async {
/// let (client, server) = memory::pair(1024);
/// let mut client = Framed::new(client, Lines::new());
/// let mut server = Framed::new(server, Lines::new());
///
/// client.send("hello").await?;
/// client.flush().await?;
///
/// assert_eq!(server.next().await?.as_deref(), Some("hello"));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Framed<C, D, E = D> {
    /// Boxed, because handlers are given it by value: an `async fn` keeps each of its arguments twice, once as it was given
    /// and once as it is used, and whatever passes it on keeps it once more.
    sides: Box<Sides<C, D, E>>,
}

impl<C: Connection, D: Clone> Framed<C, D> {
    /// Frames `connection` with a codec that both decodes and encodes; each direction gets its own copy of it.
    pub fn new(connection: C, codec: D) -> Self {
        Self::with_codecs(connection, codec.clone(), codec)
    }
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Frames `connection` with one codec for each direction.
    pub fn with_codecs(connection: C, decoder: D, encoder: E) -> Self {
        Self::of(Sides {
            connection,
            inbound: Inbound::new(Deframer::new(decoder)),
            outbound: Outbound::new(encoder, WriteBuf::new()),
        })
    }

    fn of(sides: Sides<C, D, E>) -> Self {
        Self { sides: Box::new(sides) }
    }

    /// Sets how many bytes may be buffered for a frame that is not complete; 2 MiB unless set.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub fn max_buffered(mut self, bytes: usize) -> Self {
        self.sides.inbound = self.sides.inbound.map(|deframer| deframer.max_buffered(bytes));
        self
    }

    /// Sets the watermarks of unsent bytes; 16 KiB and 64 KiB unless set. At `high`, sending waits until no more than `low`
    /// are left, and so does receiving, so that a peer which does not read its replies cannot make more of them.
    ///
    /// # Panics
    /// Panics unless `low < high`.
    #[must_use]
    pub fn watermarks(mut self, low: usize, high: usize) -> Self {
        self.sides.outbound.set_watermarks(low, high);
        self
    }

    /// Sets how many frames are handed out before other tasks get a turn; 256 unless set. A read counts as a frame, for
    /// what it brings may belong to none.
    ///
    /// # Panics
    /// Panics if `frames` is 0.
    #[must_use]
    pub fn budget(mut self, frames: u32) -> Self {
        self.sides.inbound.set_budget(frames);
        self
    }

    /// Ends the conversation on `signal`: `next` returns `None` once all frames that have come are handed out, instead of
    /// waiting for the peer to begin another. [`Server::serve_framed`](crate::Server::serve_framed) sets it.
    #[must_use]
    pub fn until(mut self, signal: ShutdownSignal) -> Self {
        self.sides.inbound.set_until(signal);
        self
    }

    /// Tells the server that `cx` is from about the frames, for its deadlines: which bytes are a frame that is not complete,
    /// and when nothing is under way. [`Server::serve_framed`](crate::Server::serve_framed) does it; a handler of raw
    /// connections that frames them itself should.
    #[must_use]
    pub fn watched_by(mut self, cx: &crate::Context) -> Self {
        cx.record().set_framed();
        self.sides.inbound.set_record(Arc::clone(cx.record()));
        self.sides.outbound.set_record(Arc::clone(cx.record()));
        self
    }

    /// Ends the conversation with the server that `cx` is from, as [`until`](Self::until) does.
    pub(crate) fn served_by(mut self, cx: &crate::Context) -> Self {
        self.sides.inbound.end_with_server();
        self.watched_by(cx)
    }

    /// The connection. Reading from it takes bytes away from the decoder.
    #[must_use]
    pub fn connection(&self) -> &C {
        &self.sides.connection
    }

    /// The decoder.
    pub fn decoder_mut(&mut self) -> &mut D {
        self.sides.inbound.deframer.decoder_mut()
    }

    /// The encoder.
    pub fn encoder_mut(&mut self) -> &mut E {
        &mut self.sides.outbound.encoder
    }

    /// How many bytes were read and not yet handed out as frames.
    #[must_use]
    pub fn read_ahead(&self) -> usize {
        self.sides.inbound.deframer.buffered()
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.sides.outbound.unsent()
    }

    /// Exchanges the codecs between two frames, as after an upgrade. What is unsent was encoded and stays; what was read
    /// ahead is for the new decoder or an error, as `read_ahead` says.
    ///
    /// # Errors
    /// Fails when bytes were read ahead that must not have been.
    ///
    /// ```
    /// use std::io;
    /// use wirework::codec::{LengthDelimited, Lines};
    /// use wirework::{Connection, Framed, ReadAhead};
    ///
    /// /// Speaks lines until the peer asks for frames, and then echoes those.
    /// async fn negotiate<C: Connection>(mut lines: Framed<C, Lines>) -> io::Result<()> {
    ///     while let Some(line) = lines.next().await? {
    ///         if line == "BINARY" {
    ///             lines.send("OK").await?;
    ///             let codec = |_, _| (LengthDelimited::new(), LengthDelimited::new());
    ///             let mut frames = lines.map_codec(ReadAhead::Reject, codec)?;
    ///             while let Some((frame, mut out)) = frames.next_ref().await? {
    ///                 out.send(frame)?;
    ///             }
    ///             return frames.close().await;
    ///         }
    ///         lines.send("what?").await?;
    ///     }
    ///     lines.close().await
    /// }
    /// # let (here, there) = wirework::memory::pair(1024);
    /// # let serving = negotiate(Framed::new(there, Lines::new()));
    /// # let asking = async {
    /// #     let mut lines = Framed::new(here, Lines::new());
    /// #     lines.send("BINARY").await?;
    /// #     assert_eq!(lines.next().await?.as_deref(), Some("OK"));
    /// #     let mut frames = lines.map_codec(ReadAhead::Reject, |_, _| (LengthDelimited::new(), LengthDelimited::new()))?;
    /// #     frames.send("hello").await?;
    /// #     frames.close().await?;
    /// #     assert_eq!(frames.next().await?.as_deref(), Some(&b"hello"[..]));
    /// #     io::Result::Ok(())
    /// # };
    /// # let (served, asked) = futures_lite::future::block_on(futures_lite::future::zip(serving, asking));
    /// # served.and(asked).unwrap();
    /// ```
    pub fn map_codec<D2, E2>(
        self,
        read_ahead: ReadAhead,
        map: impl FnOnce(D, E) -> (D2, E2),
    ) -> Result<Framed<C, D2, E2>, UnexpectedReadAhead> {
        read_ahead.check(self.read_ahead())?;
        // The two sides live apart, so the codecs are taken out, exchanged together, and put back.
        let mut codecs = (None, None);
        let sides = *self.sides;
        let inbound = sides.inbound.map(|deframer| {
            deframer.map_decoder(|decoder| {
                codecs.0 = Some(decoder);
            })
        });
        let outbound = sides.outbound.map(|encoder| {
            codecs.1 = Some(encoder);
        });
        let (Some(decoder), Some(encoder)) = codecs else {
            unreachable!("both codecs were taken out")
        };
        let (decoder, encoder) = map(decoder, encoder);
        Ok(Framed::of(Sides {
            connection: sides.connection,
            inbound: inbound.map(|deframer| deframer.map_decoder(|()| decoder)),
            outbound: outbound.map(|()| encoder),
        }))
    }

    /// Takes it apart: the connection, the codecs, and the bytes read ahead or unsent.
    pub fn into_parts(self) -> FramedParts<C, D, E> {
        let sides = *self.sides;
        let (decoder, read_ahead) = sides.inbound.deframer.into_parts();
        let (encoder, unsent) = sides.outbound.into_parts();
        FramedParts {
            connection: sides.connection,
            decoder,
            encoder,
            read_ahead,
            unsent,
        }
    }

    /// Puts it together again, with the default limits and no [`until`](Self::until).
    pub fn from_parts(parts: FramedParts<C, D, E>) -> Self {
        let mut deframer = Deframer::new(parts.decoder);
        deframer.push(&parts.read_ahead);
        Self::of(Sides {
            connection: parts.connection,
            inbound: Inbound::new(deframer),
            outbound: Outbound::new(parts.encoder, parts.unsent),
        })
    }

    /// Writes all that was sent.
    ///
    /// # Errors
    /// Fails when the connection does, or did in an earlier write.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.sides.poll_flush(cx)).await
    }

    /// Writes all that was sent, then tells the peer that this was all (half-close). Frames can still be received. Where the peer
    /// may still be sending and nobody will read it, [`finish`](Self::finish) sees that the last frames arrive.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.sides.poll_close(cx)).await
    }
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Receives the next frame, by value. `None` means that the peer has sent its last, all of it whole; or, where the conversation ends
    /// with [a signal](Self::until) or its server, that this was given between two frames, as
    /// [`Shutdown::has_begun`](crate::Shutdown::has_begun) tells.
    ///
    /// # Errors
    /// Fails when the connection does, when the bytes cannot be decoded, or when the stream ends inside a frame. An error
    /// in the bytes is terminal: `None` follows it. What a connection gives after its error is up to it.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "it is none: its result has to be awaited")]
    pub fn next(&mut self) -> impl Future<Output = Result<Option<D::Item>, ReadError<D::Error>>>
    where
        D: Decoder,
    {
        NextFrame(&mut self.sides)
    }
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Receives the next frame, borrowed from the read buffer, and with it the place to send replies to; otherwise
    /// as [`next`](Self::next). Costs no allocation and no copy.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    ///
    /// ```
    /// # use wirework::{Connection, Framed, codec::Lines};
    /// async fn shout<C: Connection>(mut framed: Framed<C, Lines>) -> std::io::Result<()> {
    ///     while let Some((line, mut out)) = framed.next_ref().await? {
    ///         out.send(line.to_uppercase())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    #[expect(clippy::type_complexity, reason = "it is what an `async fn` would give")]
    pub fn next_ref(
        &mut self,
    ) -> impl Future<Output = Result<Option<(D::Frame<'_>, Outbox<'_, E>)>, ReadError<D::Error>>>
    where
        D: BorrowDecoder,
    {
        NextWithOutbox(NextRef::new(&mut self.sides))
    }
}

impl<C: Connection, D, E> Framed<C, D, E> {
    /// Sends a frame: appends it, at once, or after waiting for room if the high watermark has been reached. See
    /// [when frames leave](Self#when-frames-leave).
    ///
    /// Where there is room the frame is appended by the call itself, and what the future gives is whether it was.
    ///
    /// # Errors
    /// Fails when the frame cannot be encoded, of which nothing is then sent, or when the connection can no longer send.
    ///
    /// # Cancel safety
    /// A frame is sent whole or not at all: one that is appended by the call stays so, whatever becomes of the future; one that
    /// waits for room is lost with it. [`reserve`](Self::reserve) first to keep it.
    #[inline]
    pub fn send<T>(&mut self, item: T) -> impl Future<Output = Result<(), WriteError<E::Error>>>
    where
        E: Encoder<T>,
    {
        SendFrame::new(&mut self.sides, item)
    }

    /// Waits until a frame can be sent without waiting.
    ///
    /// # Errors
    /// Fails when the connection can no longer send.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the frame is still the caller's.
    #[inline]
    pub async fn reserve(&mut self) -> io::Result<Permit<'_, E>> {
        poll_fn(|cx| self.sides.poll_ready(cx)).await?;
        Ok(Permit::new(&mut self.sides.outbound))
    }
}

impl<C: Split, D, E> Framed<C, D, E> {
    /// Takes the directions apart, to be used by two tasks. There is no lock between them, and so nobody who would flush when
    /// the reader waits: the [write half](FramedWrite) does it itself. [`until`](Self::until) goes with the reader.
    #[must_use = "dropping the halves ends the connection"]
    pub fn split(self) -> (FramedRead<C::ReadHalf, D>, FramedWrite<C::WriteHalf, E>) {
        let sides = *self.sides;
        let (read, write) = sides.connection.split();
        let reader = FramedRead {
            io: read,
            inbound: sides.inbound,
        };
        let writer = FramedWrite {
            io: write,
            outbound: sides.outbound,
        };
        (reader, writer)
    }
}

impl<C: Connection, D: Decoder + Unpin, E: Unpin> Stream for Framed<C, D, E> {
    type Item = Result<D::Item, ReadError<D::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().sides.poll_next(cx).map(Result::transpose)
    }
}

impl<T, C: Connection, D: Unpin, E: Encoder<T> + Unpin> Sink<T> for Framed<C, D, E> {
    type Error = WriteError<E::Error>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().sides.poll_ready(cx).map_err(WriteError::Io)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        self.get_mut().sides.outbound.append(item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().sides.poll_flush(cx).map_err(WriteError::Io)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.get_mut().sides.poll_close(cx).map_err(WriteError::Io)
    }
}
