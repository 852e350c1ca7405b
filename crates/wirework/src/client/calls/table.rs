//! The table of calls, and the queue of those whose requests have not been taken.
//!
//! The queue is threaded through the table, so that a call can leave it from the middle and leave nothing behind: however
//! many calls give up while a server is stuck, those that wait are all that is held.

use std::io;
use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use slab::Slab;

use crate::client::CallError;

/// No entry.
const END: usize = usize::MAX;

/// A call's place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) struct Place {
    pub(in crate::client) key: usize,
    /// Tells this call from earlier and later ones at the same key.
    pub(in crate::client) serial: u32,
}

#[derive(Debug)]
pub(super) struct Table<Q, A> {
    entries: Slab<Entry<Q, A>>,
    /// The ends of the queue.
    first: usize,
    last: usize,
    next_serial: u32,
    /// How many are not done.
    pending: usize,
}

#[derive(Debug)]
struct Entry<Q, A> {
    serial: u32,
    deadline: Instant,
    waker: Option<Waker>,
    stage: Stage<Q, A>,
}

#[derive(Debug)]
enum Stage<Q, A> {
    /// In the queue, between its neighbours.
    Queued { request: Q, before: usize, after: usize },
    /// The driver has the request.
    InFlight,
    /// The result was left here.
    Done(Result<A, CallError>),
}

impl<Q, A> Table<Q, A> {
    pub(super) fn new() -> Self {
        Self {
            entries: Slab::new(),
            first: END,
            last: END,
            next_serial: 0,
            pending: 0,
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending
    }

    /// How many are done whose results were not taken yet.
    pub(super) fn done(&self) -> usize {
        self.entries.len() - self.pending
    }

    pub(super) fn has_queued(&self) -> bool {
        self.first != END
    }

    /// Puts a call at the end of the queue.
    pub(super) fn insert(&mut self, request: Q, deadline: Instant, waker: Waker) -> Place {
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        self.pending += 1;
        let before = self.last;
        let key = self.entries.insert(Entry {
            serial,
            deadline,
            waker: Some(waker),
            stage: Stage::Queued {
                request,
                before,
                after: END,
            },
        });
        self.last = key;
        self.link(before, key);
        Place { key, serial }
    }

    /// Takes the oldest request out of the queue.
    pub(super) fn take_request(&mut self) -> Option<(Place, Q)> {
        let key = self.first;
        if key == END {
            return None;
        }
        let request = self.take_off(key)?;
        let serial = self.entries[key].serial;
        Some((Place { key, serial }, request))
    }

    pub(super) fn set_waker(&mut self, place: Place, waker: &Waker) -> Option<Waker> {
        let entry = self.entry(place)?;
        if entry.waker.as_ref().is_some_and(|old| old.will_wake(waker)) {
            return None;
        }
        entry.waker.replace(waker.clone())
    }

    /// The result, if it is there; the call is then over.
    pub(super) fn take_result(&mut self, place: Place) -> Option<Result<A, CallError>> {
        if !matches!(self.entry(place)?.stage, Stage::Done(_)) {
            return None;
        }
        match self.entries.remove(place.key).stage {
            Stage::Done(result) => Some(result),
            Stage::Queued { .. } | Stage::InFlight => None,
        }
    }

    /// Ends a call without a result. Gives what was held for it, to be dropped.
    pub(super) fn remove(&mut self, place: Place) -> Option<impl Sized + use<Q, A>> {
        self.entry(place)?;
        let request = self.take_off(place.key);
        let entry = self.entries.remove(place.key);
        self.pending -= usize::from(!matches!(entry.stage, Stage::Done(_)));
        Some((request, entry))
    }

    /// Whether the driver's answer is waited for.
    pub(super) fn waits(&self, place: Place) -> bool {
        let entry = self.entries.get(place.key);
        entry.is_some_and(|entry| entry.serial == place.serial && matches!(entry.stage, Stage::InFlight))
    }

    /// Leaves a result. Gives the waker of who waits, or the result back if nobody does.
    pub(super) fn finish(
        &mut self,
        place: Place,
        result: Result<A, CallError>,
    ) -> Result<Option<Waker>, Result<A, CallError>> {
        if !self.waits(place) {
            return Err(result);
        }
        let entry = &mut self.entries[place.key];
        entry.stage = Stage::Done(result);
        self.pending -= 1;
        Ok(entry.waker.take())
    }

    /// Ends the calls whose time is up. Gives the wakers of who waits, and the earliest deadline of the others.
    pub(super) fn expire(&mut self, now: Instant) -> (Vec<Waker>, Vec<Q>, Option<Instant>) {
        let ended = self.end_all(
            |deadline| deadline <= now,
            |maybe_sent| CallError::TimedOut { maybe_sent },
        );
        let pending = self
            .entries
            .iter()
            .filter(|(_, entry)| !matches!(entry.stage, Stage::Done(_)));
        let earliest = pending.map(|(_, entry)| entry.deadline).min();
        (ended.0, ended.1, earliest)
    }

    /// Ends all calls. Gives the wakers of who waits, and the requests, to be dropped.
    pub(super) fn fail(&mut self, cause: &Arc<io::Error>) -> (Vec<Waker>, Vec<Q>) {
        self.end_all(
            |_| true,
            |maybe_sent| CallError::Disconnected {
                cause: Arc::clone(cause),
                maybe_sent,
            },
        )
    }

    fn end_all(&mut self, which: impl Fn(Instant) -> bool, error: impl Fn(bool) -> CallError) -> (Vec<Waker>, Vec<Q>) {
        let pending = self
            .entries
            .iter()
            .filter(|(_, entry)| !matches!(entry.stage, Stage::Done(_)));
        let keys: Vec<_> = pending
            .filter(|(_, entry)| which(entry.deadline))
            .map(|(key, _)| key)
            .collect();
        let (mut wakers, mut requests) = (Vec::new(), Vec::new());
        for key in keys {
            let request = self.take_off(key);
            let entry = &mut self.entries[key];
            entry.stage = Stage::Done(Err(error(request.is_none())));
            self.pending -= 1;
            wakers.extend(entry.waker.take());
            requests.extend(request);
        }
        (wakers, requests)
    }

    fn entry(&mut self, place: Place) -> Option<&mut Entry<Q, A>> {
        let entry = self.entries.get_mut(place.key);
        entry.filter(|entry| entry.serial == place.serial)
    }

    /// Takes a call off the queue, if it is still on it: its request then is as good as sent.
    fn take_off(&mut self, key: usize) -> Option<Q> {
        let stage = &mut self.entries[key].stage;
        if !matches!(stage, Stage::Queued { .. }) {
            return None;
        }
        let Stage::Queued { request, before, after } = mem::replace(stage, Stage::InFlight) else {
            return None;
        };
        self.link(before, after);
        Some(request)
    }

    /// Makes two entries, or ends, of the queue neighbours.
    fn link(&mut self, left: usize, right: usize) {
        match self.entries.get_mut(left).map(|entry| &mut entry.stage) {
            Some(Stage::Queued { after, .. }) => *after = right,
            _ => self.first = right,
        }
        match self.entries.get_mut(right).map(|entry| &mut entry.stage) {
            Some(Stage::Queued { before, .. }) => *before = left,
            _ => self.last = left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submit(table: &mut Table<char, ()>, request: char) -> Place {
        table.insert(request, Instant::now(), Waker::noop().clone())
    }

    fn taken(table: &mut Table<char, ()>) -> String {
        std::iter::from_fn(|| table.take_request())
            .map(|(_, request)| request)
            .collect()
    }

    #[test]
    fn requests_leave_in_order_or_from_anywhere() {
        for dropped in ["", "a", "b", "d", "ad", "bc", "abc", "bcd", "abcd"] {
            let mut table = Table::new();
            let places: Vec<_> = "abcd"
                .chars()
                .map(|request| (request, submit(&mut table, request)))
                .collect();
            for (_, place) in places.iter().filter(|(request, _)| dropped.contains(*request)) {
                drop(table.remove(*place));
            }
            submit(&mut table, 'e');
            let left: String = "abcde".chars().filter(|request| !dropped.contains(*request)).collect();
            assert_eq!(table.pending(), left.len());
            assert_eq!(taken(&mut table), left, "without {dropped}");
            assert_eq!(taken(&mut table), "");
        }
    }

    /// What the documentation of `Client` says.
    #[test]
    fn a_waiting_call_is_small() {
        assert!(size_of::<Entry<[usize; 8], [usize; 4]>>() <= size_of::<[usize; 8]>() + 64);
        assert!(size_of::<Entry<[usize; 4], [usize; 8]>>() <= size_of::<[usize; 8]>() + 64);
    }

    #[test]
    fn those_who_give_up_leave_nothing_behind() {
        let mut table = Table::new();
        let stays = submit(&mut table, 'a');
        for _ in 0..1000 {
            let place = submit(&mut table, 'b');
            drop(table.remove(place));
        }
        assert_eq!((table.entries.len(), table.pending()), (1, 1));
        assert!(table.entries.capacity() < 10);
        assert_eq!(table.take_request(), Some((stays, 'a')));
    }

    #[test]
    fn a_late_answer_is_given_back() {
        let mut table = Table::new();
        let place = submit(&mut table, 'a');
        table.take_request();
        drop(table.remove(place));
        let next = submit(&mut table, 'b');
        assert_eq!(next.key, place.key);
        table.take_request();
        assert!(table.finish(place, Ok(())).is_err());
        assert!(table.finish(next, Ok(())).is_ok());
        assert!(table.take_result(next).is_some());
        assert_eq!(table.pending(), 0);
    }
}
