//! Counts a server's connections as they come and go.

use std::sync::atomic::{AtomicU64, Ordering};

use event_listener::{Event, EventListener};

use super::{Deadline, Refusal, Report};
use crate::meter::Meter;

/// Shared by the acceptor, every connection and the server's handle.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) meter: Meter,
    /// The number of the next connection.
    next: AtomicU64,
    lost_listeners: AtomicU64,
    accepted: AtomicU64,
    active: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    panicked: AtomicU64,
    timed_out: AtomicU64,
    cut: AtomicU64,
    drained: AtomicU64,
    /// By kind.
    refused: [AtomicU64; Refusal::COUNT],
    /// By deadline.
    missed: [AtomicU64; Deadline::COUNT],
    /// Notified whenever a connection has ended.
    ended: Event,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Completed,
    Failed,
    Panicked,
    TimedOut(Deadline),
    Cut,
    /// It was not let in after all: counted as refused, not as accepted.
    Refused(Refusal, &'static str),
}

impl Tally {
    pub(super) fn new(meter: Meter) -> Self {
        Self {
            meter,
            ..Self::default()
        }
    }

    /// Counts a connection in, unless there are `max` already.
    pub(super) fn try_begin(&self, max: u64) -> bool {
        let more = |active| (active < max).then_some(active + 1);
        let begun = self.active.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more);
        if begun.is_ok() {
            self.meter.begun();
        }
        begun.is_ok()
    }

    /// Counts a connection in, however many there are.
    pub(super) fn begin(&self) {
        self.active.fetch_add(1, Ordering::SeqCst);
        self.meter.begun();
    }

    /// Counts a listener that failed.
    pub(super) fn lose_listener(&self) {
        self.lost_listeners.fetch_add(1, Ordering::SeqCst);
        self.meter.error("listener lost");
    }

    /// How many listeners have failed.
    pub(super) fn lost_listeners(&self) -> u64 {
        self.lost_listeners.load(Ordering::SeqCst)
    }

    /// The number of a connection that was counted in.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// Counts a connection that is let in.
    pub(super) fn accept(&self) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
        self.meter.accepted();
    }

    /// Undoes [`try_begin`](Self::try_begin), for a connection that is not let in after all.
    pub(super) fn forget(&self) {
        self.active.fetch_sub(1, Ordering::SeqCst);
        self.meter.over();
        self.ended.notify(usize::MAX);
    }

    /// Counts a connection out.
    pub(super) fn end(&self, end: End, draining: bool) {
        let (counter, how) = match end {
            End::Completed => (&self.completed, "completed"),
            End::Failed => (&self.failed, "failed"),
            End::Panicked => (&self.panicked, "panicked"),
            End::TimedOut(deadline) => {
                self.missed[deadline as usize].fetch_add(1, Ordering::SeqCst);
                self.meter.error(deadline.name());
                (&self.timed_out, "timed out")
            }
            End::Cut => (&self.cut, "cut"),
            End::Refused(why, reason) => {
                self.refuse(why, reason);
                self.forget();
                return;
            }
        };
        counter.fetch_add(1, Ordering::SeqCst);
        self.meter.ended(how);
        if draining && !matches!(end, End::Cut | End::TimedOut(_)) {
            self.drained.fetch_add(1, Ordering::SeqCst);
        }
        self.forget();
    }

    /// Counts a connection that was not let in, for that reason.
    pub(super) fn refuse(&self, why: Refusal, reason: &'static str) {
        self.meter.refused(reason);
        self.refused[why as usize].fetch_add(1, Ordering::SeqCst);
    }

    /// How many connections are being handled.
    pub(super) fn active(&self) -> u64 {
        self.active.load(Ordering::SeqCst)
    }

    /// Waits for the next connection to end. Begin to wait before looking at a count, so that no end is missed.
    pub(super) fn ended(&self) -> EventListener {
        self.ended.listen()
    }

    /// Waits until at most `count` connections are being handled.
    pub(super) async fn at_most(&self, count: u64) {
        while self.active() > count {
            let ended = self.ended();
            if self.active() > count {
                ended.await;
            }
        }
    }

    pub(super) fn report(&self) -> Report {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Report {
            lost_listeners: count(&self.lost_listeners),
            accepted: count(&self.accepted),
            active: count(&self.active),
            completed: count(&self.completed),
            failed: count(&self.failed),
            panicked: count(&self.panicked),
            timed_out: count(&self.timed_out),
            cut: count(&self.cut),
            drained: count(&self.drained),
            refused: self.refused.iter().map(count).sum(),
            refusals: self.refused.each_ref().map(count),
            missed: self.missed.each_ref().map(count),
        }
    }
}
