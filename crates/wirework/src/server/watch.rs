//! Watches over the deadlines of one connection.
//!
//! It looks at what the connection's record says when its alarm rings, and when the record asks for it because something
//! began that has a deadline of its own: part of a frame, a write that must wait, a slow request. A message that does
//! none of this costs one load of a flag.
//!
//! Each connection has one for its whole life, so what is rarely there is boxed, and times are nanoseconds since the accept.

use std::cmp::min;
use std::task::Poll;
use std::time::Duration;

use super::alarms::Alarms;
use super::deadline::Deadline;
use super::deadlines::{Deadlines, MinRate};
use crate::record::{Phase, Record};
use crate::time::nanos;

/// Says when the connection is to be ended.
pub(super) struct Watch {
    /// Bytes in both directions, and when they were last seen to have changed.
    moved: u64,
    active: u64,
    /// When the alarm rings; `NEVER` while none is set.
    armed: u64,
    /// When it was ready to be served; `NEVER` before that was seen.
    ready: u64,
    under_way: Option<Box<UnderWay>>,
}

/// What was seen to go on, and since when.
#[derive(Default)]
struct UnderWay {
    frame: Option<Span>,
    stall: Option<Span>,
    /// When bytes were last seen to leave during the stall, and how many had left.
    progress: (u64, u64),
    request: Option<Span>,
}

/// Something that goes on.
#[derive(Clone, Copy)]
struct Span {
    /// What tells it from the next of its kind.
    mark: u64,
    since: u64,
    /// How many bytes had been moved before.
    before: u64,
}

/// Why a connection is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It missed a deadline.
    Missed(Deadline),
    /// Someone asked for it.
    Closed,
}

const NEVER: u64 = u64::MAX;

impl Watch {
    pub(super) fn new() -> Self {
        Self {
            moved: 0,
            active: 0,
            armed: NEVER,
            ready: NEVER,
            under_way: None,
        }
    }

    /// Looks, if there is anything to look at. Whoever rings the record's alarm wakes the connection's task.
    #[inline]
    pub(super) fn poll(&mut self, record: &Record, deadlines: &Deadlines, alarms: &Alarms) -> Poll<Stop> {
        if !record.take_alarm() {
            return Poll::Pending;
        }
        self.poll_look(record, deadlines, alarms)
    }

    #[cold]
    fn poll_look(&mut self, record: &Record, deadlines: &Deadlines, alarms: &Alarms) -> Poll<Stop> {
        if record.is_closing() {
            return Poll::Ready(Stop::Closed);
        }
        let now = record.age();
        if self.armed <= now {
            // It has rung, or is about to for this look.
            alarms.clear(record, self.armed);
            self.armed = NEVER;
        }
        match self.look(deadlines, record, now) {
            Ok(next) => {
                // An alarm that rings too early only makes us look again, so it is moved no more than needed.
                if next < self.armed {
                    self.disarm(record, alarms);
                    self.armed = next;
                    alarms.set(record, next);
                }
                Poll::Pending
            }
            Err(missed) => Poll::Ready(Stop::Missed(missed)),
        }
    }

    /// Takes the alarm back.
    pub(super) fn disarm(&mut self, record: &Record, alarms: &Alarms) {
        if self.armed != NEVER {
            alarms.clear(record, self.armed);
            self.armed = NEVER;
        }
    }

    /// Which deadline has been missed by `now`; otherwise when to look again at the latest.
    fn look(&mut self, deadlines: &Deadlines, record: &Record, now: u64) -> Result<u64, Deadline> {
        let mut next = Next { now, at: NEVER };
        let phase = record.phase();
        next.by(deadlines.lifetime.get(), 0, Deadline::Lifetime)?;
        if record.is_in_handshake() {
            self.ready = NEVER;
            next.by(deadlines.handshake.get(), 0, Deadline::Handshake)?;
            return Ok(next.at);
        }
        if self.ready == NEVER {
            self.ready = now;
            self.active = now;
        }
        if let Some(limit) = deadlines.first_frame.get()
            && !record.has_begun()
        {
            if phase == Phase::Working {
                // The handler greets first; its time is not the peer's.
                let earliest = self.ready.saturating_add(nanos(limit));
                next.again(earliest.max(now.saturating_add(nanos(limit / 4))));
            } else {
                next.by(Some(limit), self.ready, Deadline::FirstFrame)?;
            }
        }
        self.look_at_idle(deadlines, record, phase, &mut next)?;
        if phase == Phase::InFrame || record.unsent() > 0 || record.request() > 0 {
            let under_way = self.under_way.get_or_insert_default();
            under_way.look(deadlines, record, phase, &mut next)?;
        } else {
            self.under_way = None;
        }
        Ok(next.at)
    }

    fn look_at_idle(
        &mut self,
        deadlines: &Deadlines,
        record: &Record,
        phase: Phase,
        next: &mut Next,
    ) -> Result<(), Deadline> {
        let Some(limit) = deadlines.idle.get() else {
            return Ok(());
        };
        let moved = record.read() + record.written();
        if moved != self.moved || phase != Phase::Idle || record.unsent() > 0 || record.request() > 0 {
            // When it became so is not known, only that it was after the last look; hence the short step.
            self.moved = moved;
            self.active = next.now;
            next.again(next.now.saturating_add(nanos(limit / 4)));
            return Ok(());
        }
        next.by(Some(limit), self.active, Deadline::Idle)?;
        // Something may begin and end right after this look, and must not be found out only when the limit is over.
        next.again(next.now.saturating_add(nanos(limit / 4)));
        Ok(())
    }
}

impl UnderWay {
    fn look(&mut self, deadlines: &Deadlines, record: &Record, phase: Phase, next: &mut Next) -> Result<(), Deadline> {
        let now = next.now;
        self.frame = span(self.frame, phase == Phase::InFrame, record.frame(), now, record.read());
        if let Some(frame) = &mut self.frame {
            // The bytes that began the frame count for its rate.
            frame.before = min(frame.before, record.read().saturating_sub(record.buffered() as u64));
            next.by(deadlines.frame.get(), frame.since, Deadline::Frame)?;
            next.by_rate(deadlines.min_rate, frame, record.read())?;
        }

        let stalled = record.unsent() > 0;
        let stall = span(self.stall, stalled, record.stall(), now, record.written());
        if stall.map(|stall| stall.mark) != self.stall.map(|stall| stall.mark) || self.progress.1 != record.written() {
            self.progress = (now, record.written());
        }
        self.stall = stall;
        if let Some(stall) = &stall {
            next.by(deadlines.write.get(), self.progress.0, Deadline::Write)?;
            next.by_rate(deadlines.min_rate, stall, record.written())?;
        }

        self.request = span(self.request, record.request() > 0, record.request(), now, 0);
        if let Some(request) = &self.request {
            next.by(deadlines.request.get(), request.since, Deadline::Request)?;
        }
        Ok(())
    }
}

/// What goes on at this look: `before`, if its mark is the same.
fn span(before: Option<Span>, goes_on: bool, mark: u64, now: u64, moved: u64) -> Option<Span> {
    let new = Span {
        mark,
        since: now,
        before: moved,
    };
    goes_on.then(|| before.filter(|span| span.mark == mark).unwrap_or(new))
}

/// When to look again.
struct Next {
    now: u64,
    at: u64,
}

impl Next {
    /// Fails if `limit` has passed since `since`; otherwise looks again when it will have.
    fn by(&mut self, limit: Option<Duration>, since: u64, deadline: Deadline) -> Result<(), Deadline> {
        let Some(limit) = limit else { return Ok(()) };
        let at = since.saturating_add(nanos(limit));
        if at <= self.now {
            return Err(deadline);
        }
        self.again(at);
        Ok(())
    }

    /// Fails if `span` has gone on for longer than its bytes allow; otherwise looks again when it will have if none come.
    fn by_rate(&mut self, rate: Option<MinRate>, span: &Span, moved: u64) -> Result<(), Deadline> {
        let Some(rate) = rate else { return Ok(()) };
        let bytes = moved.saturating_sub(span.before);
        let paid_for = Duration::from_millis(bytes.saturating_mul(1000) / u64::from(rate.bytes_per_second));
        self.by(Some(paid_for.max(rate.grace)), span.since, Deadline::MinRate)
    }

    fn again(&mut self, at: u64) {
        self.at = min(self.at, at);
    }
}
