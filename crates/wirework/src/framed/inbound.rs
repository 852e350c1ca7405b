//! The reading side of a framed connection, apart from what it reads from.
//!
//! [`Framed`](crate::Framed) and [`FramedRead`](crate::FramedRead) differ in what they do when no frame is there; the rest
//! is here.

use std::hint::cold_path;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::AsyncRead;
use wirework_codec::{BorrowDecoder, DecodeError, Deframer, Span};

use super::ledger::Ledger;
use crate::meter::Direction;
use crate::record::Record;
use crate::{Shutdown, ShutdownSignal};

/// So many frames are handed out before other tasks get a turn, unless set otherwise.
pub(super) const BUDGET: u32 = 256;

#[derive(Debug)]
pub(super) struct Inbound<D> {
    pub(super) deframer: Deframer<D>,
    /// How many frames per turn.
    budget: u32,
    /// How many of them are left in this one.
    left: u32,
    last_read: LastRead,
    ledger: Ledger,
    /// Whether the conversation ends between two frames when that server shuts down.
    ends_with_server: bool,
    /// What else ends it. Boxed, for a server's connections have none.
    until: Option<Box<Until>>,
}

/// What came of the last read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LastRead {
    /// As much as there was room for, so that there probably is more.
    Full,
    Part,
    /// Nothing, when the conversation was about to end.
    Nothing,
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
            last_read: LastRead::Part,
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
            last_read: self.last_read,
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

    /// Something else was handed out than a frame, and so the peer is not waited for while the handler works on it.
    pub(super) fn has_handed_out_other(&mut self) {
        self.left = self.left.saturating_sub(1);
        if let Some(record) = self.ledger.record() {
            record.works();
        }
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
        self.last_read == LastRead::Full && !self.deframer.is_finished()
    }

    /// Reads once. Memory to read into is held only if something was read.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every turn, from one place")]
    pub(super) fn poll_fill(
        &mut self,
        io: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.ledger.flush();
        let (count, room) = loop {
            let spare = self.deframer.spare();
            let room = spare.len();
            match Pin::new(&mut *io).poll_read(cx, spare) {
                Poll::Ready(Ok(count)) => break (count, room),
                Poll::Pending => return self.poll_wait(cx).map(Ok),
                Poll::Ready(Err(error)) => {
                    cold_path();
                    if error.kind() != io::ErrorKind::Interrupted {
                        self.last_read = LastRead::Part;
                        return Poll::Ready(Err(error));
                    }
                }
            }
        };
        if let Some(record) = self.ledger.record() {
            record.has_read(count);
        }
        // A read counts, for a peer can send without end what gives no frame.
        self.left = self.left.saturating_sub(1);
        self.last_read = if count == room { LastRead::Full } else { LastRead::Part };
        if count > 0 {
            self.deframer.filled(count);
        } else {
            cold_path();
            self.deframer.finish();
        }
        Poll::Ready(Ok(()))
    }

    /// What to do when there is nothing to read: let go of memory, and say that this waits. It is over if the server shuts down.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "on the way of every turn, from one place")]
    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.left = self.budget;
        self.deframer.release();
        if let Some(record) = self.ledger.record() {
            record.waits(self.deframer.offset(), self.deframer.buffered(), cx);
        }
        let last_read = mem::replace(&mut self.last_read, LastRead::Part);
        ready!(self.poll_shutdown(cx));
        cold_path();
        // A runtime also says so to a task that is to give way to others, whatever has come. So it is asked in a turn of its own.
        if last_read != LastRead::Nothing {
            self.last_read = LastRead::Nothing;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.deframer.finish();
        Poll::Ready(())
    }

    /// While waiting between two frames: has the server been told to shut down?
    #[inline]
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.deframer.buffered() > 0 {
            return Poll::Pending;
        }
        match self.ledger.record() {
            // The server wakes all its connections' tasks.
            Some(record)
                if self.until.is_none()
                    && self.ends_with_server
                    && !self.end_of_server(record).has_begun()
                    && record.is_task(cx.waker()) =>
            {
                Poll::Pending
            }
            _ => self.poll_shutdown_closely(cx),
        }
    }

    /// As [`poll_shutdown`](Self::poll_shutdown), where more than the server may end it, or another task waits.
    #[inline(never)]
    fn poll_shutdown_closely(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let has_begun = self.has_begun();
        if let Some(until) = &mut self.until
            && !(until.is_last_call && has_begun)
        {
            return until.signal.poll(cx);
        }
        match self.ledger.record() {
            Some(record) if self.ends_with_server => {
                let end = self.end_of_server(record);
                if end.has_begun() {
                    return Poll::Ready(());
                }
                if record.is_task(cx.waker()) {
                    return Poll::Pending;
                }
                let signal = end.signal();
                let until = self.until.insert(Box::new(Until {
                    signal,
                    is_last_call: !has_begun,
                }));
                until.signal.poll(cx)
            }
            _ => Poll::Pending,
        }
    }

    /// Whether the peer has sent a frame, or the start of one.
    #[inline]
    fn has_begun(&self) -> bool {
        self.deframer.offset() > 0
    }

    /// Which of the server's signals ends this. As long as the peer has said nothing, it is the later one, for its first words may be on
    /// their way.
    #[inline]
    fn end_of_server<'a>(&self, record: &'a Record) -> &'a Shutdown {
        if self.has_begun() {
            &record.host.shutdown
        } else {
            &record.host.last_call
        }
    }
}
