//! Connecting to a name.

use std::io;

use crate::Network;

/// Connects over TCP to `target`, a `host:port` where the host is a name or an IP address (IPv6 in brackets). The addresses
/// of a name are tried one after the other, in the resolver's order.
///
/// # Errors
/// Fails when `target` is not of that form, when the name does not resolve, or when no address accepts; the error names each
/// address and why it failed. The time it takes is bounded by the system alone; see
/// [`timeout`](crate::time::timeout()).
///
/// # Cancel safety
/// Dropping the future gives the attempt up.
///
/// ```
/// # use std::io;
/// use wirework::{Framed, Network, codec::Lines, connect};
///
/// async fn greet<N: Network>(network: &N) -> io::Result<Option<String>> {
///     let mut framed = Framed::new(connect(network, "localhost:7000").await?, Lines::new());
///     framed.send("hello").await?;
///     Ok(framed.next().await?)
/// }
/// ```
pub async fn connect<N: Network>(network: &N, target: &str) -> io::Result<N::TcpStream> {
    let (host, port) = host_and_port(target)?;
    let mut failures = Vec::new();
    for addr in network.resolve(host, port).await? {
        match network.connect_tcp(addr).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failures.push(error),
        }
    }
    Err(joined(failures))
}

/// The two parts of `target`.
fn host_and_port(target: &str) -> io::Result<(&str, u16)> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("bad address {target:?}: {why}"));
    let (host, port) = target.rsplit_once(':').ok_or_else(|| invalid("expected host:port"))?;
    let port = port
        .parse()
        .map_err(|_| invalid("the port must be a number from 0 to 65535"))?;
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host,
        None if host.contains(':') => return Err(invalid("an IPv6 address needs brackets, as in [::1]:80")),
        None => host,
    };
    if host.is_empty() {
        return Err(invalid("the host is empty"));
    }
    Ok((host, port))
}

/// One error for all the addresses of a name, of the last one's kind.
fn joined(mut failures: Vec<io::Error>) -> io::Error {
    let Some(last) = failures.pop() else {
        return io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    };
    if failures.is_empty() {
        return last;
    }
    let kind = last.kind();
    let all: Vec<_> = failures.iter().chain([&last]).map(ToString::to_string).collect();
    io::Error::new(kind, all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_taken_apart() {
        assert_eq!(host_and_port("localhost:80").unwrap(), ("localhost", 80));
        assert_eq!(host_and_port("127.0.0.1:0").unwrap(), ("127.0.0.1", 0));
        assert_eq!(host_and_port("[::1]:65535").unwrap(), ("::1", 65535));
    }

    #[test]
    fn bad_targets_are_named() {
        for (target, why) in [
            ("localhost", "expected host:port"),
            ("localhost:http", "the port must be a number from 0 to 65535"),
            ("localhost:65536", "the port must be a number from 0 to 65535"),
            ("::1:80", "an IPv6 address needs brackets, as in [::1]:80"),
            (":80", "the host is empty"),
        ] {
            let error = host_and_port(target).unwrap_err();
            assert_eq!(error.to_string(), format!("bad address {target:?}: {why}"));
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
