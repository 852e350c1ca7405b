//! When to look at which connection: one timer for all of a server's.
//!
//! A timer of its own would cost a connection more memory than all else that watches it, and each move of it a call of the
//! runtime. Here it is an entry in a table, which is moved only when it has come or when something is due earlier.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::live::Live;
use crate::context::Host;
use crate::record::Record;
use crate::time::after;
use crate::{Runtime, Timer};

/// Rings connections when it is time to look at them, until it is dropped.
pub(super) struct Alarms {
    table: Arc<Table>,
}

struct Table {
    host: Arc<Host>,
    live: Arc<Live>,
    entries: Mutex<Entries>,
}

/// When to look at whom. In three parts, as eight bytes in one piece would take another four for their alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    /// Nanoseconds since the host's start, the more significant half first.
    at: [u32; 2],
    /// The connection's.
    place: u32,
}

#[derive(Default)]
struct Entries {
    due: BTreeSet<Due>,
    /// The task that waits for the first of them.
    task: Option<Waker>,
    ended: bool,
}

impl Alarms {
    pub(super) fn new<R: Runtime>(runtime: &R, host: &Arc<Host>, live: &Arc<Live>) -> Self {
        let table = Arc::new(Table {
            host: Arc::clone(host),
            live: Arc::clone(live),
            entries: Mutex::default(),
        });
        crate::Task::detach(runtime.spawn(Arc::clone(&table).ring(runtime.clone())));
        Self { table }
    }

    /// Rings `record` once it is `age` old, in nanoseconds.
    pub(super) fn set(&self, record: &Record, age: u64) {
        let due = Due::of(record, age);
        let mut entries = self.table.entries();
        entries.due.insert(due);
        let is_first = entries.due.first() == Some(&due);
        let task = if is_first { entries.task.take() } else { None };
        drop(entries);
        if let Some(task) = task {
            task.wake();
        }
    }

    /// Takes back what was [set](Self::set).
    pub(super) fn clear(&self, record: &Record, age: u64) {
        self.table.entries().due.remove(&Due::of(record, age));
    }
}

impl Drop for Alarms {
    fn drop(&mut self) {
        let mut entries = self.table.entries();
        entries.ended = true;
        let task = entries.task.take();
        drop(entries);
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Table {
    /// Rings until the server is gone.
    async fn ring<R: Runtime>(self: Arc<Self>, runtime: R) {
        let mut timer: Option<Pin<Box<R::Timer>>> = None;
        poll_fn(|cx| {
            loop {
                let Some(next) = self.ring_due(cx) else {
                    return Poll::Ready(());
                };
                if next == u64::MAX {
                    return Poll::Pending;
                }
                let next = after(self.host.start, Duration::from_nanos(next));
                let timer = match &mut timer {
                    Some(timer) => {
                        timer.as_mut().reset(next);
                        timer
                    }
                    none => none.insert(Box::pin(runtime.timer(next))),
                };
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }

    /// Rings whatever is due, and says when the next will be; `u64::MAX` where there is none, and `None` at the end.
    fn ring_due(&self, cx: &Context<'_>) -> Option<u64> {
        loop {
            let now = self.host.now();
            let mut entries = self.entries();
            if entries.ended {
                return None;
            }
            let next = entries.due.first().map_or(u64::MAX, Due::at);
            if next > now {
                // The clock of the task is the table's, so whatever is set from here on finds it.
                let replaced = entries.task.replace(cx.waker().clone());
                drop(entries);
                drop(replaced);
                return Some(next);
            }
            let due = entries.due.pop_first();
            drop(entries);
            // Whoever has the place by now only looks in vain.
            if let Some(due) = due
                && let Some(record) = self.live.at(due.place)
            {
                record.ring();
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        // Changed in one step each.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Due {
    fn of(record: &Record, age: u64) -> Self {
        let at = record.since.saturating_add(age);
        Self {
            #[expect(clippy::cast_possible_truncation, reason = "each half is a number of 32 bits")]
            at: [(at >> 32) as u32, at as u32],
            place: record.place(),
        }
    }

    fn at(&self) -> u64 {
        let [high, low] = self.at.map(u64::from);
        high << 32 | low
    }
}
