//! Names and what they stand for.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::DnsFault;
use crate::host::HostId;
use crate::world::World;

/// How long an answer takes.
const ANSWER: Duration = Duration::from_millis(2);

/// How long a resolver is waited for that does not answer: two attempts of 5 s (`resolv.conf`).
const PATIENCE: Duration = Duration::from_secs(10);

/// How a host's lookups of names fare.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Resolving {
    pub(crate) fault: DnsFault,
}

impl World {
    /// How long a lookup by `host` takes.
    pub(crate) fn lookup_takes(&self, host: HostId, name: &str) -> Duration {
        if name.parse::<IpAddr>().is_ok() || is_localhost(name) {
            return Duration::ZERO;
        }
        match self.host(host).resolving.fault {
            DnsFault::Slow(more) => ANSWER + more,
            DnsFault::Silent => PATIENCE,
            DnsFault::None | DnsFault::Failing => ANSWER,
        }
    }

    /// What a name stands for. A lookup that was under way when the fault changed is answered by the new state.
    pub(crate) fn look_up(&self, host: HostId, name: &str) -> io::Result<Vec<IpAddr>> {
        if let Ok(address) = name.parse() {
            return Ok(vec![address]);
        }
        if is_localhost(name) {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        match self.host(host).resolving.fault {
            DnsFault::Failing => return Err(io::Error::other("the name server cannot answer")),
            DnsFault::Silent => return Err(io::Error::new(ErrorKind::TimedOut, "the name server does not answer")),
            DnsFault::None | DnsFault::Slow(_) => {}
        }
        let name = name.to_ascii_lowercase();
        let name = name.trim_end_matches('.');
        let of_host = || {
            let found = self.hosts.iter().find(|host| host.name.eq_ignore_ascii_case(name));
            found.map(|host| host.addresses.clone())
        };
        let addresses = self.net.names.get(name).cloned().or_else(of_host);
        let known = addresses.filter(|addresses| !addresses.is_empty());
        known.ok_or_else(|| io::Error::new(ErrorKind::NotFound, "there is no such name"))
    }
}

fn is_localhost(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
}
