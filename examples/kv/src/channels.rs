//! Who has subscribed to what.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::glob;
use crate::mailbox::{Mailbox, Message};

/// The subscribers to each name, by the number of their connection.
type Subscribers = BTreeMap<Bytes, BTreeMap<u64, Arc<Mailbox>>>;

/// Whether names are those of channels, or patterns of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    Channel,
    Pattern,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub struct Channels {
    channels: Subscribers,
    patterns: Subscribers,
}

impl Channels {
    fn of(&mut self, naming: Naming) -> &mut Subscribers {
        match naming {
            Naming::Channel => &mut self.channels,
            Naming::Pattern => &mut self.patterns,
        }
    }

    pub fn subscribe(&mut self, naming: Naming, name: Bytes, client: u64, mailbox: &Arc<Mailbox>) {
        let subscribers = self.of(naming).entry(name).or_default();
        subscribers.insert(client, Arc::clone(mailbox));
    }

    pub fn unsubscribe(&mut self, naming: Naming, name: &[u8], client: u64) {
        let all = self.of(naming);
        if let Some(subscribers) = all.get_mut(name) {
            subscribers.remove(&client);
            if subscribers.is_empty() {
                all.remove(name);
            }
        }
    }

    /// Sends a message to everybody who has subscribed, and tells how often that was.
    pub fn publish(&self, channel: &[u8], payload: &[u8], limit: usize) -> usize {
        let mut receivers = 0;
        let mut message = None;
        let by_name = self.channels.get(channel).map(|subscribers| (None, subscribers));
        let by_pattern = self
            .patterns
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, channel));
        let by_pattern = by_pattern.map(|(pattern, subscribers)| (Some(pattern.clone()), subscribers));
        for (pattern, subscribers) in by_name.into_iter().chain(by_pattern) {
            let message = message.get_or_insert_with(|| Message {
                pattern: None,
                channel: Bytes::copy_from_slice(channel),
                payload: Bytes::copy_from_slice(payload),
            });
            message.pattern = pattern;
            for mailbox in subscribers.values() {
                mailbox.put(message.clone(), limit);
            }
            receivers += subscribers.len();
        }
        receivers
    }

    /// The channels that somebody has subscribed to by name.
    pub fn names(&self) -> impl Iterator<Item = &Bytes> {
        self.channels.keys()
    }

    /// How many have subscribed to a channel by name.
    pub fn subscribers(&self, channel: &[u8]) -> usize {
        self.channels.get(channel).map_or(0, BTreeMap::len)
    }

    /// How many patterns somebody has subscribed to.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }
}
