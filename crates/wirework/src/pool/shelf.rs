//! What a pool has and who waits for it. Decides; does nothing itself.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::PoolStatus;

/// A connection of the pool, with its dates.
#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) item: T,
    pub(super) idle_since: Instant,
    pub(super) expires: Instant,
}

impl<T> Entry<T> {
    pub(super) fn new(item: T, expires: Instant) -> Self {
        Self {
            item,
            idle_since: expires, // Set when it is given back.
            expires,
        }
    }
}

/// What one who takes is given.
#[derive(Debug)]
pub(super) enum Grant<T> {
    Entry(Entry<T>),
    /// The right to make one.
    Place,
}

#[derive(Debug)]
pub(super) struct Shelf<T> {
    /// The one used last is at the back, and is used first: what is not needed gets old.
    idle: VecDeque<Entry<T>>,
    /// Idle, taken, or being made.
    total: usize,
    max: usize,
    next_ticket: u64,
    /// Who waits, by their tickets, so in order. Only where nothing is idle and no place free.
    waiting: BTreeMap<u64, Option<Waker>>,
    /// What was given to those who have not yet come for it.
    granted: BTreeMap<u64, Grant<T>>,
    /// To be woken once the lock is released.
    pub(super) wakers: Vec<Waker>,
    /// To be dropped then: dropping a waker may run anything.
    pub(super) replaced: Vec<Waker>,
    closed: bool,
}

impl<T> Shelf<T> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            idle: VecDeque::new(),
            total: 0,
            max,
            next_ticket: 0,
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
            wakers: Vec::new(),
            replaced: Vec::new(),
            closed: false,
        }
    }

    pub(super) fn status(&self) -> PoolStatus {
        PoolStatus {
            total: self.total,
            idle: self.idle.len(),
            waiting: self.waiting.len(),
        }
    }

    /// Takes, or gives a ticket to wait with; no ticket if it is closed.
    pub(super) fn take(&mut self) -> Result<Grant<T>, Option<u64>> {
        if self.closed {
            return Err(None);
        }
        if let Some(entry) = self.idle.pop_back() {
            return Ok(Grant::Entry(entry));
        }
        if self.total < self.max {
            self.total += 1;
            return Ok(Grant::Place);
        }
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, None);
        Err(Some(ticket))
    }

    /// Has it been given? `None` if the pool was closed.
    pub(super) fn poll(&mut self, ticket: u64, cx: &mut Context<'_>) -> Poll<Option<Grant<T>>> {
        if let Some(grant) = self.granted.remove(&ticket) {
            return Poll::Ready(Some(grant));
        }
        match self.waiting.get_mut(&ticket) {
            Some(waker) => {
                if !waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    self.replaced.extend(waker.replace(cx.waker().clone()));
                }
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    /// Leaves the line. Gives what was given already.
    pub(super) fn leave(&mut self, ticket: u64) -> Option<Grant<T>> {
        self.replaced.extend(self.waiting.remove(&ticket).flatten());
        self.granted.remove(&ticket)
    }

    /// Takes one back, for the next in line. Gives it to be closed if the pool was.
    pub(super) fn give_back(&mut self, entry: Entry<T>) -> Option<Entry<T>> {
        if self.closed {
            self.total -= 1;
            return Some(entry);
        }
        match self.next_in_line() {
            Some(ticket) => {
                self.granted.insert(ticket, Grant::Entry(entry));
            }
            None => self.idle.push_back(entry),
        }
        None
    }

    /// One is gone, or was not made: its place is for the next in line.
    pub(super) fn free_place(&mut self) {
        match self.next_in_line() {
            Some(ticket) => {
                self.granted.insert(ticket, Grant::Place);
            }
            None => self.total -= 1,
        }
    }

    /// Claims a place if there are fewer than `min`.
    pub(super) fn claim_below(&mut self, min: usize) -> bool {
        let claims = !self.closed && self.total < min.min(self.max);
        self.total += usize::from(claims);
        claims
    }

    /// Takes out the idle ones that are stale.
    pub(super) fn remove_stale(&mut self, is_stale: impl Fn(&Entry<T>) -> bool) -> VecDeque<Entry<T>> {
        let (stale, fresh): (VecDeque<_>, _) = self.idle.drain(..).partition(|entry| is_stale(entry));
        self.idle = fresh;
        self.total -= stale.len();
        stale
    }

    /// Ends it all. Gives what was idle, to be closed.
    pub(super) fn close(&mut self) -> VecDeque<Entry<T>> {
        self.closed = true;
        let idle = std::mem::take(&mut self.idle);
        self.total -= idle.len();
        let waiting = std::mem::take(&mut self.waiting);
        self.wakers.extend(waiting.into_values().flatten());
        idle
    }

    fn next_in_line(&mut self) -> Option<u64> {
        let (ticket, waker) = self.waiting.pop_first()?;
        self.wakers.extend(waker);
        Some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the documentation of `Pool` says.
    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Entry<[usize; 4]>>() <= size_of::<[usize; 4]>() + 40);
    }
}
