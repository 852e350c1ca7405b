//! The writing side of a framed connection, apart from what it writes to.

use std::hint::cold_path;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncWrite;
use wirework_codec::{Encoder, Mark, WriteBuf};

use super::ledger::Ledger;
use super::{WriteError, spare_buf};
use crate::meter::Direction;
use crate::record::Record;

/// Sending waits while this many bytes are unsent, unless set otherwise.
pub(super) const HIGH_WATERMARK: u32 = 64 * 1024;

/// Once it waits, sending goes on when this few bytes are unsent, unless set otherwise.
pub(super) const LOW_WATERMARK: u32 = 16 * 1024;

/// How many pieces one `writev` takes at most.
const MAX_SLICES: usize = 64;

/// Each connection has one while it is idle, too, so what can be is small, or not there.
#[derive(Debug)]
pub(super) struct Outbound<E> {
    pub(super) encoder: E,
    /// What is unsent; `None` if nothing is.
    pub(super) buf: Option<Box<WriteBuf>>,
    ledger: Ledger,
    /// The error of a write that failed, for whoever comes first.
    failure: Option<io::Error>,
    low: u32,
    high: u32,
    state: State,
    /// How writing failed, if it did.
    failed: Option<io::ErrorKind>,
    /// Whether the connection took bytes that it may hold back until it is flushed.
    unflushed: bool,
}

/// Ordered, for whether frames are taken is asked for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// Nothing is unsent, or what the buffer has room for cannot reach the high watermark: until it takes more room, there is
    /// nothing to watch. Nearly always.
    Roomy,
    Open,
    /// The high watermark was reached, and the low one is not yet.
    Full,
    /// Writing failed.
    Failed,
    Closed,
}

impl<E> Outbound<E> {
    pub(super) fn new(encoder: E, buf: WriteBuf) -> Self {
        let mut this = Self {
            encoder,
            buf: (!buf.is_empty()).then(|| Box::new(buf)),
            ledger: Ledger::new(Direction::Sent),
            failure: None,
            low: LOW_WATERMARK,
            high: HIGH_WATERMARK,
            state: State::Roomy,
            failed: None,
            // Whoever had the connection before may have written to it.
            unflushed: true,
        };
        this.note_level();
        this
    }

    pub(super) fn map<T>(self, map: impl FnOnce(E) -> T) -> Outbound<T> {
        Outbound {
            encoder: map(self.encoder),
            buf: self.buf,
            ledger: self.ledger,
            failure: self.failure,
            low: self.low,
            high: self.high,
            state: self.state,
            failed: self.failed,
            unflushed: self.unflushed,
        }
    }

    pub(super) fn set_record(&mut self, record: Arc<Record>) {
        self.ledger.set_record(record);
    }

    pub(super) fn set_watermarks(&mut self, low: usize, high: usize) {
        assert!(high > 0, "the high watermark must be at least 1 byte");
        assert!(
            low < high,
            "the low watermark ({low}) must be below the high one ({high})"
        );
        // Beyond 4 GiB there is no difference that anyone would see.
        self.high = u32::try_from(high).unwrap_or(u32::MAX);
        self.low = u32::try_from(low).unwrap_or(u32::MAX - 1);
        if let State::Full = self.state {
            self.state = State::Open;
        }
        self.note_level();
    }

    /// Notes how far it is to the high watermark, unless that has been reached or nothing can be sent.
    #[inline]
    fn note_level(&mut self) {
        if self.state >= State::Full {
            return;
        }
        let high = self.high as usize;
        self.state = match &self.buf {
            Some(buf) if buf.len() >= high => State::Full,
            Some(buf) if buf.reach() >= high => State::Open,
            _ => State::Roomy,
        };
    }

    /// How many bytes wait to be sent.
    #[inline]
    pub(super) fn unsent(&self) -> usize {
        self.buf.as_ref().map_or(0, |buf| buf.len())
    }

    /// The encoder, and what waits to be sent.
    pub(super) fn into_parts(self) -> (E, WriteBuf) {
        (self.encoder, self.buf.map_or_else(WriteBuf::new, |buf| *buf))
    }

    /// Whether sending has to wait.
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.state == State::Full
    }

    /// Waits until the next frame may be appended.
    #[inline]
    pub(super) fn poll_ready(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        match self.state {
            State::Roomy | State::Open => Poll::Ready(Ok(())),
            State::Full => self.poll_drain(io, cx),
            State::Failed | State::Closed => Poll::Ready(Err(self.refusal())),
        }
    }

    /// Where the high watermark has been reached: waits as [`poll_ready`](Self::poll_ready), on the side as
    /// [`poll_flush_aside`](Self::poll_flush_aside).
    pub(super) fn poll_ready_aside(&mut self, io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<()> {
        if self.is_full()
            && let Err(error) = ready!(self.poll_drain(io, cx))
        {
            self.keep(error);
        }
        Poll::Ready(())
    }

    /// Writes until no more than the low watermark is left.
    #[cold]
    fn poll_drain(&mut self, io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_to(io, cx, self.low as usize)
    }

    /// Appends a frame, full or not.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    pub(super) fn append<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        if self.buf.is_none() {
            self.borrow_buf();
        }
        let item = match &mut self.buf {
            Some(buf) if self.state == State::Roomy => match self.encoder.encode_at_a_glance(item, buf) {
                Ok(()) => {
                    self.ledger.add_frame();
                    return Ok(());
                }
                Err(item) => item,
            },
            _ => item,
        };
        self.append_closely(item)
    }

    /// What to append the first frame of a turn to, if it may be.
    #[inline(never)]
    fn borrow_buf(&mut self) {
        if self.state < State::Full {
            self.buf = Some(spare_buf::take());
            self.note_level();
        }
    }

    /// As [`append`](Self::append), where a glance does not do.
    #[inline]
    fn append_closely<T>(&mut self, item: T) -> Result<(), WriteError<E::Error>>
    where
        E: Encoder<T>,
    {
        if self.state > State::Full {
            return Err(self.refusal().into());
        }
        let buf: &mut WriteBuf = self.buf.get_or_insert_with(spare_buf::take);
        let mark = buf.mark();
        if let Err(error) = self.encoder.encode(item, buf) {
            return Err(self.take_back(mark, error));
        }
        self.ledger.add_frame();
        self.note_level();
        Ok(())
    }

    /// Takes back what an encoder had appended before it failed.
    #[cold]
    fn take_back<X>(&mut self, mark: Mark, error: X) -> WriteError<X> {
        if let Some(buf) = &mut self.buf {
            buf.roll_back(mark);
        }
        // It may have made more room.
        self.note_level();
        WriteError::Encode(error)
    }

    /// Writes all that was appended.
    pub(super) fn poll_flush(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Failed = self.state {
            cold_path();
            return Poll::Ready(Err(self.refusal()));
        }
        ready!(self.poll_write_to(io, cx, 0))?;
        let flushed = ready!(Pin::new(io).poll_flush(cx));
        self.unflushed = false;
        Poll::Ready(self.note(flushed))
    }

    /// As [`poll_flush`](Self::poll_flush), on the side: a failure is kept for the next one who writes, so that what the
    /// peer had sent before can still be read.
    #[inline]
    pub(super) fn poll_flush_aside(&mut self, io: &mut (impl AsyncWrite + Unpin), cx: &mut Context<'_>) -> Poll<()> {
        if self.buf.is_none() && !self.unflushed {
            return Poll::Ready(());
        }
        if let Err(error) = ready!(self.poll_flush(io, cx)) {
            cold_path();
            self.keep(error);
        }
        Poll::Ready(())
    }

    /// Writes all that was appended, then ends the stream.
    pub(super) fn poll_close(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if let State::Closed = self.state {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_flush(io, cx))?;
        let closed = ready!(Pin::new(io).poll_close(cx));
        self.note(closed)?;
        self.state = State::Closed;
        Poll::Ready(Ok(()))
    }

    /// A failure that nobody has been told of.
    pub(super) fn take_failure(&mut self) -> Option<io::Error> {
        self.failure.take()
    }

    /// Writes until at most `left` bytes are unwritten, which is no more than the low watermark.
    fn poll_write_to(
        &mut self,
        io: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        left: usize,
    ) -> Poll<io::Result<()>> {
        let Some(buf) = &mut self.buf else {
            return Poll::Ready(Ok(()));
        };
        while buf.len() > left {
            let written = match poll_write_once(buf, io, cx) {
                Poll::Ready(written) => written,
                Poll::Pending => {
                    cold_path();
                    if let Some(record) = self.ledger.record() {
                        record.stalls(buf.len(), cx);
                    }
                    return Poll::Pending;
                }
            };
            match written {
                Ok(0) => {
                    cold_path();
                    return Poll::Ready(self.note(Err(io::ErrorKind::WriteZero.into())));
                }
                Ok(count) => {
                    buf.advance_keeping(count);
                    self.ledger.flush();
                    self.unflushed = true;
                    if self.state == State::Full && buf.len() <= self.low as usize {
                        cold_path();
                        self.state = State::Open;
                    }
                    if let Some(record) = self.ledger.record() {
                        record.has_written(count);
                    }
                }
                Err(error) => {
                    cold_path();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Poll::Ready(self.note(Err(error)));
                    }
                }
            }
        }
        if let Some(empty) = self.buf.take_if(|buf| buf.is_empty()) {
            spare_buf::put_away(empty);
            if self.state == State::Open {
                self.state = State::Roomy;
            }
        }
        if let Some(record) = self.ledger.record() {
            record.flows();
        }
        Poll::Ready(Ok(()))
    }

    /// Keeps a failure that nobody has been told of.
    fn keep(&mut self, error: io::Error) {
        self.state = State::Failed;
        self.failed = Some(error.kind());
        self.failure = Some(error);
    }

    /// Remembers a failure: nothing more can be sent, so nothing more is held.
    fn note(&mut self, result: io::Result<()>) -> io::Result<()> {
        if let Err(error) = &result {
            cold_path();
            self.state = State::Failed;
            self.failed = Some(error.kind());
            self.buf = None;
            self.unflushed = false;
        }
        result
    }

    /// Why nothing can be sent.
    #[cold]
    fn refusal(&mut self) -> io::Error {
        if let Some(failure) = self.take_failure() {
            return failure;
        }
        match self.failed {
            Some(kind) => io::Error::new(kind, "an earlier write on this connection failed"),
            None => io::Error::new(io::ErrorKind::BrokenPipe, "the connection was closed for sending"),
        }
    }
}

#[inline]
fn poll_write_once(
    buf: &WriteBuf,
    io: &mut (impl AsyncWrite + Unpin),
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    match buf.in_one_piece() {
        Some(bytes) => Pin::new(io).poll_write(cx, bytes),
        None => poll_write_pieces(buf, io, cx),
    }
}

/// Apart, for its slices take a kilobyte of the stack.
#[inline(never)]
fn poll_write_pieces(
    buf: &WriteBuf,
    io: &mut (impl AsyncWrite + Unpin),
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let filled = buf.io_slices(&mut slices);
    Pin::new(io).poll_write_vectored(cx, &slices[..filled])
}
