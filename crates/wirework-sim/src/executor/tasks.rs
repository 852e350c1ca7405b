//! The table of tasks.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use slab::Slab;

use super::ready::{Ready, TaskKey, TaskWaker};
use crate::host::HostId;

/// A task's future, whose result went where its handle looks for it.
pub(crate) type BoxedFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All tasks of all hosts.
#[derive(Default)]
pub(crate) struct Tasks {
    slots: Slab<Slot>,
    spawned: u32,
}

/// One task.
pub(crate) struct Slot {
    pub(crate) key: TaskKey,
    pub(crate) host: HostId,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) state: Arc<TaskWaker>,
    /// The future and what it is polled with; nothing while it is being polled.
    pub(crate) body: Option<Body>,
    /// Its handle was dropped, or its host died: the next turn drops the future.
    pub(crate) cancelled: bool,
    /// Who waits for its result.
    pub(crate) joiner: Option<TaskKey>,
    /// How often it was polled since the last event, and how many events that was after.
    pub(crate) polls: u32,
    pub(crate) polled_after: u64,
}

/// What is taken out of the table to be polled.
pub(crate) struct Body {
    pub(crate) future: BoxedFuture,
    pub(crate) waker: Waker,
}

impl Tasks {
    pub(crate) fn insert(
        &mut self,
        host: HostId,
        future: BoxedFuture,
        ready: &Arc<Ready>,
        spawned_at: &'static Location<'static>,
    ) -> TaskKey {
        self.spawned = self.spawned.wrapping_add(1);
        let entry = self.slots.vacant_entry();
        let key = TaskKey {
            index: u32::try_from(entry.key()).expect("fewer than 2^32 tasks live at once"),
            serial: self.spawned,
        };
        let state = TaskWaker::new(key, ready);
        let waker = state.waker();
        entry.insert(Slot {
            key,
            host,
            spawned_at,
            state,
            body: Some(Body { future, waker }),
            cancelled: false,
            joiner: None,
            polls: 0,
            polled_after: 0,
        });
        key
    }

    pub(crate) fn get_mut(&mut self, key: TaskKey) -> Option<&mut Slot> {
        self.slots.get_mut(key.index as usize).filter(|slot| slot.key == key)
    }

    pub(crate) fn get(&self, key: TaskKey) -> Option<&Slot> {
        self.slots.get(key.index as usize).filter(|slot| slot.key == key)
    }

    pub(crate) fn remove(&mut self, key: TaskKey) -> Option<Slot> {
        self.get(key)?;
        self.slots.try_remove(key.index as usize)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().map(|(_, slot)| slot)
    }

    /// Takes the futures of all tasks of `host`, or of all tasks. One that is being polled is dropped after its turn.
    pub(crate) fn take_all(&mut self, host: Option<HostId>) -> Vec<Body> {
        let of_host = self.iter().filter(|slot| host.is_none_or(|host| slot.host == host));
        let keys: Vec<_> = of_host.map(|slot| slot.key).collect();
        let mut bodies = Vec::new();
        for key in keys {
            let slot = self.get_mut(key).expect("it was just seen");
            match slot.body.take() {
                Some(body) => {
                    bodies.push(body);
                    self.remove(key);
                }
                None => slot.cancelled = true,
            }
        }
        bodies
    }
}
