//! Watches over the deadlines of one connection with one timer.
//!
//! It looks at what the connection's record says when the timer fires, and when the record asks for it because something
//! began that has a deadline of its own: part of a frame, a write that must wait, a slow request. A message that does
//! none of this costs one load of a flag.

use std::cmp::min;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::deadlines::{Deadline, Deadlines, MinRate};
use crate::record::{Phase, Record};
use crate::time::after;
use crate::{Runtime, Timer};

pin_project! {
    /// Completes when the connection is to be ended.
    pub(super) struct Watch<R: Runtime> {
        runtime: R,
        record: Arc<Record>,
        gaze: Gaze,
        // The task that was told to the record.
        task: Option<Waker>,
        #[pin]
        timer: Option<R::Timer>,
        // When the timer fires.
        armed: Option<Instant>,
    }
}

/// Why a connection is to be ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It missed a deadline.
    Missed(Deadline),
    /// Someone asked for it.
    Closed,
}

impl<R: Runtime> Watch<R> {
    pub(super) fn new(runtime: R, deadlines: Arc<Deadlines>, record: Arc<Record>) -> Self {
        let gaze = Gaze::new(deadlines, record.since);
        Self {
            runtime,
            record,
            gaze,
            task: None,
            timer: None,
            armed: None,
        }
    }

    #[inline]
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stop> {
        let known = self.task.as_ref().is_some_and(|task| task.will_wake(cx.waker()));
        if known && !self.record.take_alarm() {
            return Poll::Pending;
        }
        self.poll_look(cx)
    }

    #[cold]
    fn poll_look(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stop> {
        let mut this = self.project();
        if !this.task.as_ref().is_some_and(|task| task.will_wake(cx.waker())) {
            *this.task = Some(cx.waker().clone());
            this.record.set_task(cx.waker());
        }
        // Taken before the look, so that whatever rings during it makes us come back.
        this.record.take_alarm();
        let alarm = Waker::from(Arc::clone(this.record));
        loop {
            if this.record.is_closing() {
                return Poll::Ready(Stop::Closed);
            }
            let now = this.runtime.now();
            let next = match this.gaze.look(this.record, now) {
                Ok(Some(next)) => next,
                Ok(None) => return Poll::Pending,
                Err(missed) => return Poll::Ready(Stop::Missed(missed)),
            };
            // A timer that fires too early only makes us look again, so it is moved no more than needed.
            if this.armed.is_none_or(|armed| next < armed) {
                *this.armed = Some(next);
                match this.timer.as_mut().as_pin_mut() {
                    Some(timer) => timer.reset(next),
                    None => this.timer.set(Some(this.runtime.timer(next))),
                }
            }
            let timer = this.timer.as_mut().as_pin_mut().expect("an armed timer is there");
            ready!(timer.poll(&mut Context::from_waker(&alarm)));
            *this.armed = None;
        }
    }
}

/// What was seen at earlier looks, and since when it has been so.
struct Gaze {
    deadlines: Arc<Deadlines>,
    start: Instant,
    /// Bytes in both directions, and when they were last seen to have changed.
    moved: u64,
    active: Instant,
    frame: Option<Span>,
    stall: Option<Span>,
    /// When bytes were last seen to leave during the stall, and how many had left.
    progress: (Instant, u64),
    request: Option<Span>,
}

/// Something that goes on.
#[derive(Clone, Copy)]
struct Span {
    /// What tells it from the next of its kind.
    mark: u64,
    since: Instant,
    /// How many bytes had been moved before.
    before: u64,
}

impl Gaze {
    fn new(deadlines: Arc<Deadlines>, start: Instant) -> Self {
        Self {
            deadlines,
            start,
            moved: 0,
            active: start,
            frame: None,
            stall: None,
            progress: (start, 0),
            request: None,
        }
    }

    /// Which deadline has been missed by `now`; otherwise when to look again at the latest.
    fn look(&mut self, record: &Record, now: Instant) -> Result<Option<Instant>, Deadline> {
        let deadlines = Arc::clone(&self.deadlines);
        let mut next = Next { now, at: None };
        let phase = record.phase();
        next.by(deadlines.lifetime.get(), self.start, Deadline::Lifetime)?;
        if let Some(limit) = deadlines.first_frame.get()
            && !record.has_begun()
        {
            if phase == Phase::Working {
                // The handler greets first; its time is not the peer's.
                next.again(
                    limit.max(now.saturating_duration_since(self.start) + limit / 4),
                    self.start,
                );
            } else {
                next.by(Some(limit), self.start, Deadline::FirstFrame)?;
            }
        }
        self.look_at_idle(&deadlines, record, phase, &mut next)?;

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
            next.again(limit / 4, next.now);
            return Ok(());
        }
        next.by(Some(limit), self.active, Deadline::Idle)?;
        // Something may begin and end right after this look, and must not be found out only when the limit is over.
        next.again(limit / 4, next.now);
        Ok(())
    }
}

/// What goes on at this look: `before`, if its mark is the same.
fn span(before: Option<Span>, goes_on: bool, mark: u64, now: Instant, moved: u64) -> Option<Span> {
    let new = Span {
        mark,
        since: now,
        before: moved,
    };
    goes_on.then(|| before.filter(|span| span.mark == mark).unwrap_or(new))
}

/// When to look again.
struct Next {
    now: Instant,
    at: Option<Instant>,
}

impl Next {
    /// Fails if `limit` has passed since `since`; otherwise looks again when it will have.
    fn by(&mut self, limit: Option<Duration>, since: Instant, deadline: Deadline) -> Result<(), Deadline> {
        let Some(limit) = limit else { return Ok(()) };
        if after(since, limit) <= self.now {
            return Err(deadline);
        }
        self.again(limit, since);
        Ok(())
    }

    /// Fails if `span` has gone on for longer than its bytes allow; otherwise looks again when it will have if none come.
    fn by_rate(&mut self, rate: Option<MinRate>, span: &Span, moved: u64) -> Result<(), Deadline> {
        let Some(rate) = rate else { return Ok(()) };
        let bytes = moved.saturating_sub(span.before);
        let paid_for = Duration::from_millis(bytes.saturating_mul(1000) / u64::from(rate.bytes_per_second));
        self.by(Some(paid_for.max(rate.grace)), span.since, Deadline::MinRate)
    }

    fn again(&mut self, wait: Duration, since: Instant) {
        let at = after(since, wait);
        self.at = Some(self.at.map_or(at, |earlier| min(earlier, at)));
    }
}
