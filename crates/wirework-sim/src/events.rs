//! What will happen, and when: the queue that time jumps along.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::Dice;
use crate::net::NetEvent;

/// Something that happens at a point in time.
#[derive(Debug)]
pub(crate) enum Event {
    /// A timer may be due.
    Timer { index: u32, serial: u32 },
    /// Something in the network.
    Net(NetEvent),
}

/// The events to come.
#[derive(Debug)]
pub(crate) struct Events {
    heap: BinaryHeap<Entry>,
    count: u64,
    /// How many of them will do nothing, at least.
    forgotten: usize,
    /// Where the order of events of the same instant comes from, unless they come in the order in which they were planned.
    order: Option<Dice>,
}

impl Events {
    pub(crate) fn new(order: Option<Dice>) -> Self {
        Self {
            heap: BinaryHeap::new(),
            count: 0,
            forgotten: 0,
            order,
        }
    }

    /// Plans `event` for `at`. Times that never come are left out.
    pub(crate) fn push(&mut self, at: u64, event: Event) {
        if at == u64::MAX {
            return;
        }
        self.count += 1;
        let tie = match &mut self.order {
            None => self.count,
            Some(dice) => dice.below(1 << 32) << 32 | self.count & 0xffff_ffff,
        };
        self.heap.push(Entry { at, tie, event });
    }

    /// When the next event is.
    pub(crate) fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at)
    }

    /// An event that is still in the queue will do nothing. Once they are most of it, `is_live` tells which to keep.
    pub(crate) fn forget(&mut self, is_live: impl Fn(&Event) -> bool) {
        self.forgotten += 1;
        if self.forgotten > 1024 && self.forgotten * 2 > self.heap.len() {
            self.forgotten = 0;
            self.heap.retain(|entry| is_live(&entry.event));
        }
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, Event)> {
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }
}

#[derive(Debug)]
struct Entry {
    at: u64,
    tie: u64,
    event: Event,
}

impl Ord for Entry {
    /// The earliest is the greatest, which is the one that the heap gives first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.tie).cmp(&(self.at, self.tie))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
