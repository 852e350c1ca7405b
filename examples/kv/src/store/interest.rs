//! Those who want to know of a key: transactions that watch it, and clients that wait for something to be pushed to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_channel::{Receiver, Sender};

use super::{Blob, Db, End, List, SortedSet, Store};
use crate::fault::Fault;

/// What one database's clients are interested in. Mostly nothing, which costs a change one look.
#[derive(Debug, Default)]
pub struct Interest {
    /// Whose transactions a change of the key spoils.
    watching: BTreeMap<Blob, Vec<Arc<AtomicBool>>>,
    /// Who waits for the key to have something in it, in the order in which they came.
    waiting: BTreeMap<Blob, VecDeque<Waiting>>,
    /// The keys that somebody waits for and that have changed.
    changed: VecDeque<Blob>,
}

impl Interest {
    /// Takes note that the key was changed, removed included.
    #[inline]
    pub(super) fn changed(&mut self, key: &[u8]) {
        if self.watching.is_empty() && self.waiting.is_empty() {
            return;
        }
        self.tell(key);
    }

    #[cold]
    fn tell(&mut self, key: &[u8]) {
        for spoilt in self.watching.get(key).into_iter().flatten() {
            spoilt.store(true, Ordering::Relaxed);
        }
        if self.waiting.contains_key(key) {
            self.changed.push_back(Blob::from_slice(key));
        }
    }
}

/// The keys that a client's next transaction depends on.
#[derive(Debug, Default)]
pub struct Watch {
    spoilt: Arc<AtomicBool>,
    keys: Vec<(usize, Blob)>,
}

impl Watch {
    /// Watches a key of the database with this index.
    pub fn add(&mut self, index: usize, db: &mut Db, key: &[u8]) {
        if self
            .keys
            .iter()
            .any(|(known, name)| *known == index && name[..] == *key)
        {
            return;
        }
        // One whose time is over is gone already, and does not count as changed later.
        let _ = db.contains(key);
        let key = Blob::from_slice(key);
        let watching = db.interest.watching.entry(key.clone()).or_default();
        watching.push(Arc::clone(&self.spoilt));
        self.keys.push((index, key));
    }

    /// Watches nothing any more.
    pub fn clear(&mut self, store: &mut Store) {
        for (index, key) in self.keys.drain(..) {
            if let Some(db) = store.dbs.get_mut(index) {
                db.interest.unwatch(&key, &self.spoilt);
            }
        }
        self.spoilt = Arc::default();
    }

    /// Whether any of the keys has changed, or has ended.
    pub fn is_spoilt(&self, store: &mut Store, now: u64) -> bool {
        for (index, key) in &self.keys {
            // This removes one whose time is over.
            let _ = store.db_at(*index, now).map(|db| db.contains(key));
        }
        self.spoilt.load(Ordering::Relaxed)
    }
}

/// What a client waits for.
#[derive(Debug, Clone)]
pub enum Take {
    /// An item of a list.
    Pop(End),
    /// An item of a list, put into another one on its way.
    Move { from: End, into: Blob, to: End },
    /// The member with the lowest score, or the highest.
    Score { highest: bool },
}

/// What a client has waited for.
#[derive(Debug)]
pub enum Delivery {
    Item { key: Blob, item: Blob },
    Moved(Blob),
    Scored { key: Blob, member: Blob, score: f64 },
    Failed(Fault),
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    take: Take,
    to: Sender<Delivery>,
}

/// Says that a client waits.
#[derive(Debug)]
pub struct Ticket {
    number: u64,
    db: usize,
    keys: Vec<Blob>,
    take: Take,
    from: Receiver<Delivery>,
}

impl Ticket {
    /// Queues for all of these keys. `number` is the client's own.
    pub fn draw(number: u64, index: usize, db: &mut Db, keys: Vec<Blob>, take: &Take) -> Self {
        let (to, from) = async_channel::bounded(1);
        for key in &keys {
            let waiting = Waiting {
                ticket: number,
                take: take.clone(),
                to: to.clone(),
            };
            db.interest.waiting.entry(key.clone()).or_default().push_back(waiting);
        }
        Self {
            number,
            db: index,
            keys,
            take: take.clone(),
            from,
        }
    }

    /// Where what it waits for comes.
    pub fn delivery(&self) -> &Receiver<Delivery> {
        &self.from
    }

    /// Leaves all queues, and returns what has come in the meantime.
    pub fn give_up(&self, store: &mut Store) -> Option<Delivery> {
        if let Some(db) = store.dbs.get_mut(self.db) {
            for key in &self.keys {
                db.interest.leave(key, self.number);
            }
        }
        self.from.try_recv().ok()
    }

    /// Leaves all queues. What has come in the meantime is put back, for nobody is there any more to take it.
    pub fn abandon(&self, store: &mut Store, now: u64) {
        if let Some(delivery) = self.give_up(store)
            && let Some(db) = store.db_at(self.db, now)
        {
            db.put_back(&self.take, delivery);
            db.serve_waiting();
        }
    }
}

impl Interest {
    fn unwatch(&mut self, key: &[u8], spoilt: &Arc<AtomicBool>) {
        if let Some(watching) = self.watching.get_mut(key) {
            watching.retain(|other| !Arc::ptr_eq(other, spoilt));
            if watching.is_empty() {
                self.watching.remove(key);
            }
        }
    }

    fn leave(&mut self, key: &[u8], ticket: u64) {
        if let Some(queue) = self.waiting.get_mut(key) {
            queue.retain(|waiting| waiting.ticket != ticket);
            if queue.is_empty() {
                self.waiting.remove(key);
            }
        }
    }
}

impl Db {
    /// The numbers of the clients that wait.
    pub fn waiting(&self) -> BTreeSet<u64> {
        let all = self.interest.waiting.values().flatten();
        all.filter(|waiting| !waiting.to.is_full())
            .map(|waiting| waiting.ticket)
            .collect()
    }

    /// Gives what was pushed to those who wait for it, first come, first served.
    #[inline]
    pub(super) fn serve_waiting(&mut self) {
        while let Some(key) = self.interest.changed.pop_front() {
            self.serve_key(&key);
        }
    }

    fn serve_key(&mut self, key: &Blob) {
        let mut passed_over = VecDeque::new();
        while let Some(waiting) = self.next_waiting(key) {
            // It has been served by another key, or has gone.
            if waiting.to.is_closed() || waiting.to.is_full() {
                continue;
            }
            match self.take_for(key, &waiting.take) {
                // Nobody else but this database sends to it, and there was room.
                Some(delivery) => drop(waiting.to.try_send(delivery)),
                // Others behind may wait for what there is.
                None => passed_over.push_back(waiting),
            }
        }
        if !passed_over.is_empty() {
            self.interest.waiting.insert(key.clone(), passed_over);
        }
    }

    fn next_waiting(&mut self, key: &[u8]) -> Option<Waiting> {
        let queue = self.interest.waiting.get_mut(key)?;
        let next = queue.pop_front();
        if queue.is_empty() {
            self.interest.waiting.remove(key);
        }
        next
    }

    /// Takes what somebody wants of a key, if it is there.
    pub fn take_for(&mut self, key: &[u8], take: &Take) -> Option<Delivery> {
        match take {
            Take::Pop(end) => {
                let item = self.change(key, |list: &mut List| list.pop(*end)).ok()??;
                item.map(|item| Delivery::Item {
                    key: Blob::from_slice(key),
                    item,
                })
            }
            Take::Move { from, into, to } => {
                self.read::<List>(key).ok()??;
                Some(match self.move_item(key, *from, into, *to) {
                    Ok(item) => Delivery::Moved(item?),
                    Err(fault) => Delivery::Failed(fault),
                })
            }
            Take::Score { highest } => {
                let popped = self.change(key, |set: &mut SortedSet| set.pop(*highest)).ok()??;
                popped.map(|scored| Delivery::Scored {
                    key: Blob::from_slice(key),
                    member: scored.member,
                    score: scored.score,
                })
            }
        }
    }

    /// Puts back what was taken for somebody who is gone. A key that holds something of another kind by now has no place for it.
    fn put_back(&mut self, take: &Take, delivery: Delivery) {
        let _ = match (delivery, take) {
            (Delivery::Item { key, item }, Take::Pop(end)) => {
                self.change_or_new(&key, |list: &mut List| list.push_blob(*end, item))
            }
            (Delivery::Scored { key, member, score }, _) => self.change_or_new(&key, |set: &mut SortedSet| {
                if set.score(&member).is_none() {
                    set.set(&member, score);
                }
            }),
            // What was moved is where it was to go, and a failure took nothing.
            _ => Ok(()),
        };
    }

    /// Moves an item from an end of a list to an end of another, or of the same.
    ///
    /// # Errors
    /// Fails, changing nothing, if either of them is no list.
    pub fn move_item(&mut self, key: &[u8], from: End, into: &[u8], to: End) -> Result<Option<Blob>, Fault> {
        if self.read::<List>(key)?.is_none() {
            return Ok(None);
        }
        self.read::<List>(into)?;
        if key == into {
            return self
                .change(key, |list: &mut List| {
                    let item = list.pop(from)?;
                    list.push_blob(to, item.clone());
                    Some(item)
                })
                .map(Option::flatten);
        }
        let Some(item) = self.change(key, |list: &mut List| list.pop(from))?.flatten() else {
            return Ok(None);
        };
        self.change_or_new(into, |list: &mut List| list.push_blob(to, item.clone()))?;
        Ok(Some(item))
    }
}
