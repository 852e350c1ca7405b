//! Who is in, and how news gets to them.
//!
//! Nothing in here waits: a lock that is held for no longer than it takes to put a line into each queue, and queues that are
//! full or not.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_channel::{Receiver, Sender};
use thiserror::Error;
use wirework::Shutdown;

/// How many lines may wait for a member.
const QUEUE: usize = 64;

/// The longest nickname, in characters.
const MAX_NICKNAME: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Room {
    members: Mutex<BTreeMap<String, Seat>>,
}

/// A member as the others see it.
#[derive(Debug)]
struct Seat {
    news: Sender<Arc<str>>,
    /// Given to those who are thrown out.
    out: Shutdown,
}

impl Room {
    /// Lets somebody in, under a nickname that nobody else has.
    pub(super) fn join(self: &Arc<Self>, nickname: &str) -> Result<Member, Refusal> {
        let usable = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        if nickname.is_empty() || nickname.chars().count() > MAX_NICKNAME || !nickname.chars().all(usable) {
            return Err(Refusal::Unusable);
        }
        let mut members = self.members();
        if members.contains_key(nickname) {
            return Err(Refusal::Taken(nickname.to_owned()));
        }
        announce(&mut members, None, format!("* {nickname} joined"));
        let (sender, news) = async_channel::bounded(QUEUE);
        let out = Shutdown::new();
        members.insert(
            nickname.to_owned(),
            Seat {
                news: sender,
                out: out.clone(),
            },
        );
        Ok(Member {
            nickname: nickname.to_owned(),
            room: Arc::clone(self),
            news,
            out,
        })
    }

    /// Those who are in, in alphabetical order.
    pub(super) fn nicknames(&self) -> Vec<String> {
        self.members().keys().cloned().collect()
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<String, Seat>> {
        // A panic elsewhere leaves each seat whole.
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives news to all but `source`. Those whose queue is full are thrown out, which is news to everyone who is left.
fn announce(members: &mut BTreeMap<String, Seat>, source: Option<&str>, news: String) {
    let mut unsaid = VecDeque::from([(source, news)]);
    while let Some((source, news)) = unsaid.pop_front() {
        let news: Arc<str> = news.into();
        members.retain(|nickname, seat| {
            let keeps_up = Some(nickname.as_str()) == source || seat.news.try_send(Arc::clone(&news)).is_ok();
            if !keeps_up {
                seat.out.begin();
                unsaid.push_back((None, format!("* {nickname} was too slow and is out")));
            }
            keeps_up
        });
    }
}

/// A place in the room, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Member {
    nickname: String,
    room: Arc<Room>,
    news: Receiver<Arc<str>>,
    out: Shutdown,
}

impl Member {
    /// Says something to all others.
    pub(super) fn say(&self, text: &str) {
        let news = format!("{}: {text}", self.nickname);
        announce(&mut self.room.members(), Some(&self.nickname), news);
    }

    /// Waits for news. Losing none if it is dropped, and waiting for ever once there will be none.
    pub(super) async fn hear(&self) -> Arc<str> {
        match self.news.recv().await {
            Ok(news) => news,
            Err(_) => pending().await,
        }
    }

    /// Waits to be thrown out, for not keeping up.
    pub(super) async fn thrown_out(&self) -> io::Result<()> {
        self.out.signal().wait().await;
        Err(io::Error::other(format!("{} was too slow", self.nickname)))
    }

    /// Where it is a member.
    pub(super) fn room(&self) -> &Room {
        &self.room
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut members = self.room.members();
        // The nickname of one who was thrown out may be somebody else's by now.
        if !self.out.has_begun() {
            members.remove(&self.nickname);
            announce(&mut members, None, format!("* {} left", self.nickname));
        }
    }
}

/// Why somebody is not let in.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("a nickname is 1 to {MAX_NICKNAME} letters, digits, - and _; choose another")]
    Unusable,
    #[error("the nickname {0} is taken; choose another")]
    Taken(String),
}
