//! The reading side of a framed connection, apart from what it reads from.
//!
//! [`Framed`](crate::Framed) and [`FramedRead`](crate::FramedRead) differ in what they do when no frame is there; the rest
//! is here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;
use wirework_codec::{BorrowDecoder, DecodeError, Deframer, Span};

use super::ledger::Ledger;
use crate::ShutdownSignal;
use crate::meter::Direction;
use crate::record::Record;

/// So many frames are handed out before other tasks get a turn, unless set otherwise.
pub(super) const BUDGET: u32 = 256;

#[derive(Debug)]
pub(super) struct Inbound<D> {
    pub(super) deframer: Deframer<D>,
    /// How many frames per turn.
    budget: u32,
    /// How many of them are left in this one.
    left: u32,
    /// Whether the last read took all there was room for, so that there probably is more.
    filled: bool,
    ledger: Ledger,
    /// Whether the conversation ends between two frames when that server shuts down.
    ends_with_server: bool,
    /// What else ends it. Boxed, for a server's connections have none.
    until: Option<Box<Until>>,
}

/// What ends a conversation between two frames.
#[derive(Debug)]
struct Until {
    signal: ShutdownSignal,
    /// Whether it counts only as long as the peer has not sent a byte.
    is_last_call: bool,
}

impl<D> Inbound<D> {
    pub(super) fn new(deframer: Deframer<D>) -> Self {
        Self {
            deframer,
            budget: BUDGET,
            left: BUDGET,
            filled: false,
            ledger: Ledger::new(Direction::Received),
            ends_with_server: false,
            until: None,
        }
    }

    pub(super) fn map<T>(self, map: impl FnOnce(Deframer<D>) -> Deframer<T>) -> Inbound<T> {
        Inbound {
            deframer: map(self.deframer),
            budget: self.budget,
            left: self.left,
            filled: self.filled,
            ledger: self.ledger,
            ends_with_server: self.ends_with_server,
            until: self.until,
        }
    }

    pub(super) fn set_record(&mut self, record: Arc<Record>) {
        self.ledger.set_record(record);
    }

    pub(super) fn set_budget(&mut self, frames: u32) {
        assert!(frames > 0, "the budget must be at least 1 frame");
        self.budget = frames;
        self.left = frames;
    }

    pub(super) fn set_until(&mut self, signal: ShutdownSignal) {
        self.until = Some(Box::new(Until {
            signal,
            is_last_call: false,
        }));
    }

    pub(super) fn end_with_server(&mut self) {
        self.ends_with_server = true;
    }

    /// Takes a frame out of what is buffered, by `decode`, and does not count it. `None` where there is none, and once the
    /// budget is spent.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    pub(super) fn buffered<T, E>(
        &mut self,
        decode: impl Fn(&mut Deframer<D>) -> Result<Option<T>, DecodeError<E>>,
    ) -> Result<Option<T>, DecodeError<E>> {
        if self.left == 0 || self.deframer.is_dry() {
            return Ok(None);
        }
        decode(&mut self.deframer)
    }

    /// A frame was handed out, of which there may be more.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    pub(super) fn has_handed_out(&mut self) {
        self.left -= 1;
        self.ledger.add_frame();
    }

    /// Consumes a frame that lies there, and counts it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every frame")]
    pub(super) fn hand_out(&mut self, span: &Span) -> Result<D::Frame<'_>, DecodeError<D::Error>>
    where
        D: BorrowDecoder,
    {
        let frame = self.deframer.parse_at(span);
        self.left -= 1;
        self.ledger.add_frame();
        frame
    }

    /// Whether something may be handed out before other tasks get a turn.
    pub(super) fn has_budget(&self) -> bool {
        self.left > 0
    }

    /// Something was handed out.
    pub(super) fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// Once the budget is spent: pending, with a wake-up on its way.
    pub(super) fn poll_budget(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.left > 0 {
            return Poll::Ready(());
        }
        self.left = self.budget;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether there probably is more to read at once.
    pub(super) fn expects_more(&self) -> bool {
        self.filled
    }

    /// Reads once. Memory to read into is held only if something was read.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every turn, from one place")]
    pub(super) fn poll_fill(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.filled = false;
        self.ledger.flush();
        let (read, room) = loop {
            let spare = self.deframer.spare();
            let room = spare.len();
            match Pin::new(&mut *io).poll_read(cx, spare) {
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break (read, room),
            }
        };
        if read.is_pending() {
            self.left = self.budget;
            self.deframer.release();
            if let Some(record) = self.ledger.record() {
                record.waits(self.deframer.offset(), self.deframer.buffered(), cx);
            }
            if self.poll_shutdown(cx).is_ready() {
                self.deframer.finish();
                return Poll::Ready(Ok(()));
            }
        }
        let count = ready!(read)?;
        if let Some(record) = self.ledger.record() {
            record.has_read(count);
        }
        // A read counts, for a peer can send without end what gives no frame.
        self.left = self.left.saturating_sub(1);
        match count {
            0 => self.deframer.finish(),
            count => {
                self.deframer.filled(count);
                self.filled = count == room;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// While waiting between two frames: has the server been told to shut down?
    #[inline]
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.deframer.buffered() > 0 {
            return Poll::Pending;
        }
        let has_begun = self.deframer.offset() > 0;
        if let Some(until) = &mut self.until
            && !(until.is_last_call && has_begun)
        {
            return until.signal.poll(cx);
        }
        match self.ledger.record() {
            Some(record) if self.ends_with_server => {
                // What a peer has not said yet may be on its way.
                let host = &record.host;
                let end = if has_begun { &host.shutdown } else { &host.last_call };
                if end.has_begun() {
                    return Poll::Ready(());
                }
                if record.is_task(cx.waker()) {
                    // The server wakes all its connections' tasks.
                    return Poll::Pending;
                }
                let until = self.until.insert(Box::new(Until {
                    signal: end.signal(),
                    is_last_call: !has_begun,
                }));
                until.signal.poll(cx)
            }
            _ => Poll::Pending,
        }
    }
}
