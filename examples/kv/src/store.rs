//! All data, behind one lock.
//!
//! One lock, not many: a command holds it for a fraction of a microsecond, most of what a request costs is the network's,
//! and every command is atomic, those with many keys and transactions included, without a thought. The lock is taken
//! once per command; nobody waits while holding it.

mod blob;
mod db;
mod hash;
mod interest;
mod list;
mod ranked;
mod set;
mod sorted_set;
mod value;

use std::collections::BTreeMap;
use std::time::Duration;

use ahash::RandomState;

pub use self::blob::Blob;
pub use self::db::{Db, Entry, NEVER};
pub use self::hash::Hash;
pub use self::interest::{Delivery, Take, Ticket, Watch};
pub use self::list::{End, List};
pub use self::ranked::Scored;
pub use self::set::Set;
pub use self::sorted_set::SortedSet;
pub use self::value::{Collection, Text, Value};
use crate::channels::Channels;
use crate::clients::Clients;
use crate::settings::Settings;

/// How many databases there are.
pub const DATABASES: usize = 16;

/// The longest string, as in Redis.
pub const MAX_TEXT: usize = 512 * 1024 * 1024;

/// How many keys are removed because their time is over before others get the lock.
const EXPIRED_AT_ONCE: usize = 200;

/// What is counted for `INFO`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counters {
    pub commands: u64,
    pub connections: u64,
    pub hits: u64,
    pub misses: u64,
}

/// All databases, and what else all connections share.
#[derive(Debug)]
pub struct Store {
    dbs: Vec<Db>,
    /// The database that the running command is for.
    current: usize,
    pub channels: Channels,
    pub settings: Settings,
    pub counters: Counters,
    pub clients: Clients,
    /// For commands that choose at random.
    dice: u64,
}

impl Store {
    /// An empty one. `random` seeds the hash tables and the dice.
    pub fn new(settings: Settings, mut random: impl FnMut() -> u64) -> Self {
        let seed = RandomState::with_seeds(random(), random(), random(), random());
        Self {
            dbs: (0..DATABASES).map(|_| Db::new(seed.clone())).collect(),
            current: 0,
            channels: Channels::default(),
            settings,
            counters: Counters::default(),
            clients: Clients::default(),
            dice: random() | 1,
        }
    }

    /// Chooses the database and the time for the commands that follow.
    #[inline]
    pub fn enter(&mut self, db: usize, now: u64) {
        self.current = db;
        self.dbs[db].set_now(now);
    }

    /// The database that the running command is for.
    #[inline]
    pub fn db(&mut self) -> &mut Db {
        &mut self.dbs[self.current]
    }

    /// Some database.
    pub fn db_at(&mut self, index: usize, now: u64) -> Option<&mut Db> {
        let db = self.dbs.get_mut(index)?;
        db.set_now(now);
        Some(db)
    }

    pub fn dbs(&mut self) -> impl Iterator<Item = &mut Db> {
        self.dbs.iter_mut()
    }

    /// How many bytes the data takes, about.
    pub fn weight(&self) -> usize {
        self.dbs.iter().map(Db::weight).sum()
    }

    /// Whether there is more than there may be, so that commands which add to it are refused.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.settings.max_memory > 0 && self.weight() > self.settings.max_memory
    }

    /// Gives what was pushed to those who wait for it.
    #[inline]
    pub fn serve_waiting(&mut self) {
        self.dbs[self.current].serve_waiting();
    }

    /// As [`serve_waiting`](Self::serve_waiting), in all databases.
    pub fn serve_all(&mut self) {
        for db in &mut self.dbs {
            db.serve_waiting();
        }
    }

    /// A number below `bound`, at random; 0 if that is 0.
    pub fn roll(&mut self, bound: usize) -> usize {
        // xorshift64* (Vigna 2016): enough for dice, and repeatable from its seed.
        self.dice ^= self.dice >> 12;
        self.dice ^= self.dice << 25;
        self.dice ^= self.dice >> 27;
        let value = self.dice.wrapping_mul(0x2545_F491_4F6C_DD1D);
        let scaled = (u128::from(value) * bound as u128) >> 64;
        usize::try_from(scaled).unwrap_or(0)
    }

    /// Places among so many, at random: that many different ones, or if `count` is negative, that many with repetitions.
    pub fn sample(&mut self, len: usize, count: i64) -> Vec<usize> {
        let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        if len == 0 {
            return Vec::new();
        }
        if count < 0 {
            return (0..wanted).map(|_| self.roll(len)).collect();
        }
        let wanted = wanted.min(len);
        // The first `wanted` steps of a shuffle (Fisher and Yates), of places that are only written down once they move.
        let mut moved = BTreeMap::new();
        let places = (0..wanted).map(|step| {
            let other = step + self.roll(len - step);
            let chosen = moved.get(&other).copied().unwrap_or(other);
            let here = moved.get(&step).copied().unwrap_or(step);
            moved.insert(other, here);
            chosen
        });
        places.collect()
    }

    /// Removes keys whose time is over, but not too many at once, and tells when to come again.
    pub fn expire(&mut self, now: u64) -> Again {
        let mut left = EXPIRED_AT_ONCE;
        let mut next = None;
        for db in &mut self.dbs {
            db.set_now(now);
            db.expire_due(&mut left);
            if left == 0 {
                return Again::AtOnce;
            }
            next = [next, db.next_deadline()].into_iter().flatten().min();
        }
        next.map_or(Again::Later, |deadline| {
            // It is over in the millisecond behind its last.
            Again::In(Duration::from_millis((deadline + 1).saturating_sub(now)))
        })
    }
}

/// When to look for keys whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// There are more.
    AtOnce,
    /// The next key's time is over then.
    In(Duration),
    /// No key has an end.
    Later,
}
