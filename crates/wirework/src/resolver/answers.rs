//! What a caching resolver knows, and what it is about to know.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::lookup::{Outcome, Waiter};

/// A host and a port.
pub(super) type Key = (String, u16);

/// The handle of a lookup's task, whose runtime is erased. Dropping it cancels the lookup.
pub(super) type Handle = Box<dyn Any + Send>;

pub(super) struct Answers(Mutex<Table>);

/// Ordered, so that it can be walked without chance deciding the order.
struct Table {
    capacity: usize,
    answers: BTreeMap<Key, Answer>,
    /// The lookups that who asks may join, by their numbers.
    current: BTreeMap<Key, u64>,
    /// Those, and others whose answers are to be forgotten.
    lookups: BTreeMap<u64, Lookup>,
    next_number: u64,
}

struct Answer {
    addrs: Vec<SocketAddr>,
    expires: Instant,
}

pub(super) struct Lookup {
    key: Key,
    waiters: usize,
    outcome: Arc<Outcome>,
    /// There as soon as its task has been spawned.
    handle: Option<Handle>,
}

/// What there is for who asks.
pub(super) enum Known {
    Answer(Vec<SocketAddr>),
    /// Somebody has asked already.
    UnderWay(Waiter),
    /// Who asks is the first, and has to see that it is looked up.
    Nothing(Waiter),
}

impl Answers {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Mutex::new(Table {
            capacity,
            answers: BTreeMap::new(),
            current: BTreeMap::new(),
            lookups: BTreeMap::new(),
            next_number: 0,
        }))
    }

    pub(super) fn set_capacity(&self, answers: usize) {
        self.table().capacity = answers;
    }

    pub(super) fn clear(&self) {
        let mut table = self.table();
        table.answers.clear();
        table.current.clear();
    }

    pub(super) fn find(answers: &Arc<Self>, key: &Key, now: Instant) -> Known {
        let mut table = answers.table();
        if let Some(answer) = table.answers.get(key).filter(|answer| now < answer.expires) {
            return Known::Answer(answer.addrs.clone());
        }
        let current = table.current.get(key).copied();
        if let Some(number) = current
            && let Some(lookup) = table.lookups.get_mut(&number)
        {
            lookup.waiters += 1;
            return Known::UnderWay(Waiter::new(answers, number, &lookup.outcome));
        }
        let number = table.next_number;
        table.next_number += 1;
        let outcome = Arc::default();
        let waiter = Waiter::new(answers, number, &outcome);
        let lookup = Lookup {
            key: key.clone(),
            waiters: 1,
            outcome,
            handle: None,
        };
        table.current.insert(key.clone(), number);
        table.lookups.insert(number, lookup);
        Known::Nothing(waiter)
    }

    /// Keeps the lookup going; cancels it if nobody waits for it any more.
    pub(super) fn keep(&self, number: u64, handle: Handle) {
        let mut table = self.table();
        let unwanted = match table.lookups.get_mut(&number) {
            Some(lookup) => lookup.handle.replace(handle),
            None => Some(handle),
        };
        drop(table);
        drop(unwanted); // Cancelling may run anything, so not under the lock.
    }

    /// One does not wait any more.
    pub(super) fn leave(&self, number: u64) {
        let mut table = self.table();
        let Some(lookup) = table.lookups.get_mut(&number) else {
            return;
        };
        lookup.waiters -= 1;
        let unwanted = if lookup.waiters == 0 { table.end(number) } else { None };
        drop(table);
        drop(unwanted);
    }

    /// A lookup is over. Its answer is remembered until it expires, unless it was to be forgotten. Gives what is left of it.
    pub(super) fn end(&self, number: u64, answer: Option<(Vec<SocketAddr>, Instant)>) -> Option<Lookup> {
        let mut table = self.table();
        let key = table.lookups.get(&number).map(|lookup| lookup.key.clone());
        if let Some(key) = key
            && let Some((addrs, expires)) = answer
            && table.current.get(&key) == Some(&number)
        {
            table.remember(key, Answer { addrs, expires });
        }
        table.end(number)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is whole between two of its methods, so a panic elsewhere cannot have spoilt it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn remember(&mut self, key: Key, answer: Answer) {
        while self.answers.len() >= self.capacity && !self.answers.contains_key(&key) {
            let first = self.answers.iter().min_by_key(|(_, answer)| answer.expires);
            let Some(first) = first.map(|(key, _)| key.clone()) else {
                return; // It is to remember nothing at all.
            };
            self.answers.remove(&first);
        }
        self.answers.insert(key, answer);
    }

    fn end(&mut self, number: u64) -> Option<Lookup> {
        let lookup = self.lookups.remove(&number)?;
        if self.current.get(&lookup.key) == Some(&number) {
            self.current.remove(&lookup.key);
        }
        Some(lookup)
    }
}
