//! What people write to say whom to connect to: `host:port`.

use std::net::{IpAddr, SocketAddr};

use super::ConnectError;

/// The parts of a `host:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// A name or an IP address, without the brackets of an IPv6 one.
    pub(crate) host: &'a str,
    pub(crate) port: u16,
}

impl<'a> Target<'a> {
    pub(crate) fn parse(target: &'a str) -> Result<Self, ConnectError> {
        let invalid = |why| ConnectError::Target {
            target: target.to_owned(),
            why,
        };
        let (host, port) = target.rsplit_once(':').ok_or_else(|| invalid("expected host:port"))?;
        // The number alone: `parse` would take a sign as well.
        let port = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
        let port = port.and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| invalid("the port must be a number from 0 to 65535"))?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) if host.contains(':') => host,
            Some(_) => return Err(invalid("brackets are for IPv6 addresses")),
            None if host.contains(':') => return Err(invalid("an IPv6 address needs brackets, as in [::1]:80")),
            None => host,
        };
        if host.is_empty() {
            return Err(invalid("the host is empty"));
        }
        Ok(Self { host, port })
    }

    /// The socket address, if the host is an IP address already.
    pub(crate) fn literal(&self) -> Option<SocketAddr> {
        let ip: IpAddr = self.host.parse().ok()?;
        Some((ip, self.port).into())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        let parse = |target| Target::parse(target).map(|target| (target.host, target.port)).unwrap();
        assert_eq!(parse("localhost:80"), ("localhost", 80));
        assert_eq!(parse("127.0.0.1:0"), ("127.0.0.1", 0));
        assert_eq!(parse("[::1]:65535"), ("::1", 65535));
        assert_eq!(
            Target::parse("[::1]:1").unwrap().literal().unwrap().to_string(),
            "[::1]:1"
        );
        assert_eq!(Target::parse("localhost:1").unwrap().literal(), None);
    }

    #[test]
    fn bad_targets_are_named() {
        for (target, why) in [
            ("localhost", "expected host:port"),
            ("localhost:http", "the port must be a number from 0 to 65535"),
            ("localhost:65536", "the port must be a number from 0 to 65535"),
            ("::1:80", "an IPv6 address needs brackets, as in [::1]:80"),
            (":80", "the host is empty"),
            ("localhost:+80", "the port must be a number from 0 to 65535"),
            ("localhost:", "the port must be a number from 0 to 65535"),
            ("[localhost]:80", "brackets are for IPv6 addresses"),
            ("[]:80", "brackets are for IPv6 addresses"),
        ] {
            let error = io::Error::from(Target::parse(target).unwrap_err());
            assert_eq!(error.to_string(), format!("bad address {target:?}: {why}"));
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
