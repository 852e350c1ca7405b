//! Counts the connections of each client, so that no one of them takes all there are.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use event_listener::Event;

use crate::{Addr, Subnet};

/// Connections per client: by IP address, or by a prefix of it.
///
/// IPv6 addresses count by their /64, which is what one subscriber gets at least; IPv4 addresses count whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClientLimit {
    pub(super) connections: usize,
    pub(super) prefix_v4: u8,
    pub(super) prefix_v6: u8,
    /// Behind a local proxy, all clients are 127.0.0.1.
    pub(super) except_loopback: bool,
}

impl ClientLimit {
    /// Who counts as one client; `None` for those that are not counted.
    fn key(&self, peer: &Addr) -> Option<Ipv6Addr> {
        let ip = peer.ip()?.ip().to_canonical();
        if self.except_loopback && ip.is_loopback() {
            return None;
        }
        let prefix = match ip {
            IpAddr::V4(_) => self.prefix_v4,
            IpAddr::V6(_) => self.prefix_v6,
        };
        Some(Subnet::new(ip, prefix).first())
    }
}

/// The connections of all clients that have any.
#[derive(Debug)]
pub(super) struct Clients {
    limit: ClientLimit,
    table: Mutex<BTreeMap<Ipv6Addr, usize>>,
    /// Notified whenever a place becomes free.
    left: Event,
}

impl Clients {
    pub(super) fn new(limit: ClientLimit) -> Self {
        Self {
            limit,
            table: Mutex::default(),
            left: Event::new(),
        }
    }

    /// Takes a place of `peer`'s, to be [left](Self::leave) again; `false` if it has as many connections as it may.
    pub(super) fn enter(&self, peer: &Addr) -> bool {
        let Some(client) = self.limit.key(peer) else {
            return true;
        };
        let mut table = self.table();
        let count = table.entry(client).or_default();
        if *count >= self.limit.connections {
            return false;
        }
        *count += 1;
        true
    }

    /// As [`enter`](Self::enter), waiting for one of its connections to end if need be.
    pub(super) async fn wait_to_enter(&self, peer: &Addr) {
        loop {
            let left = self.left.listen();
            if self.enter(peer) {
                return;
            }
            left.await;
        }
    }

    /// Gives back a place that was entered.
    pub(super) fn leave(&self, peer: &Addr) {
        let Some(client) = self.limit.key(peer) else { return };
        let mut table = self.table();
        if let Some(count) = table.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                table.remove(&client);
            }
        }
        drop(table);
        self.left.notify(usize::MAX);
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<Ipv6Addr, usize>> {
        // Counts are changed in one step each.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(connections: usize) -> ClientLimit {
        ClientLimit {
            connections,
            prefix_v4: 32,
            prefix_v6: 64,
            except_loopback: true,
        }
    }

    fn peer(ip: &str) -> Addr {
        Addr::from((ip.parse::<IpAddr>().unwrap(), 1))
    }

    #[test]
    fn clients_count_by_prefix() {
        let key = |ip| limit(1).key(&peer(ip)).map(|key| key.to_string());
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"), "one host over both families");
        assert_eq!(key("127.0.0.1"), None);
        assert_eq!(limit(1).key(&Addr::Unix(None)), None);
    }

    #[test]
    fn prefixes_may_be_of_any_length() {
        let all = ClientLimit {
            prefix_v4: 0,
            prefix_v6: 0,
            ..limit(1)
        };
        assert_eq!(all.key(&peer("192.0.2.1")), all.key(&peer("198.51.100.1")));
        assert_eq!(all.key(&peer("2001:db8::1")), all.key(&peer("fe80::1")));
        let whole = ClientLimit {
            prefix_v6: 128,
            ..limit(1)
        };
        assert_ne!(whole.key(&peer("2001:db8::1")), whole.key(&peer("2001:db8::2")));
    }

    #[test]
    fn places_are_given_back_and_nothing_is_left() {
        let clients = Clients::new(limit(2));
        let (one, other) = (peer("192.0.2.1"), peer("192.0.2.2"));
        assert!(clients.enter(&one) && clients.enter(&one));
        assert!(!clients.enter(&one));
        assert!(clients.enter(&other));
        clients.leave(&one);
        assert!(clients.enter(&one));
        for peer in [&one, &one, &other] {
            clients.leave(peer);
        }
        assert!(clients.table().is_empty());
    }
}
