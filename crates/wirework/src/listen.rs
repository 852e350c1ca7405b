//! Listening at a name: what [`connect`](crate::connect()) takes, for the other end.

use std::fmt::Write as _;
use std::io;

use crate::Network;
use crate::connect::Target;
use crate::socket::ListenOptions;

/// Listens for TCP connections at `target`, a `host:port` where the host is an IP address (IPv6 in brackets) or a name of this
/// host. Port 0 lets the system choose one.
///
/// | `target` | who can connect |
/// |---|---|
/// | `127.0.0.1:0`, `[::1]:0`, `localhost:0` | programs on this host |
/// | `0.0.0.0:80` | everybody, by IPv4 |
/// | `[::]:80` | everybody; on Linux by IPv4, too, unless [set](ListenOptions::only_v6) |
/// | `192.0.2.7:80` | who reaches that address of this host |
///
/// Of a name with several addresses, the first that can be listened at is taken, as std does it. Where the address is known
/// already, [`Network::listen_tcp`] does without a lookup, and without waiting.
///
/// # Errors
/// Fails when `target` is not of that form ([`InvalidInput`](io::ErrorKind::InvalidInput)), when the name does not resolve, or
/// when none of its addresses can be listened at; the error names each of them and why.
///
/// # Cancel safety
/// Dropping the future gives it up.
///
/// ```
/// # use std::io;
/// use wirework::{Network, RunningServer, Server, codec::Lines, listen};
///
/// async fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let shout = |line: String| async move { io::Result::Ok(line.to_uppercase()) };
///     Ok(Server::new(network).serve_service(listen(network, "localhost:0").await?, Lines::new(), shout))
/// }
/// ```
pub async fn listen<N: Network>(network: &N, target: &str) -> io::Result<N::TcpListener> {
    listen_with(network, target, &ListenOptions::new()).await
}

/// As [`listen`], with options.
///
/// # Errors
/// As there; [`Unsupported`](io::ErrorKind::Unsupported) where the system lacks what an option asks for.
///
/// # Cancel safety
/// Dropping the future gives it up.
pub async fn listen_with<N: Network>(network: &N, target: &str, options: &ListenOptions) -> io::Result<N::TcpListener> {
    let parsed = Target::parse(target)?;
    if let Some(addr) = parsed.literal() {
        return network.listen_tcp_with(addr, options);
    }
    let mut failed = Vec::new();
    for addr in network.resolve(parsed.host, parsed.port).await? {
        match network.listen_tcp_with(addr, options) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed.push(error),
        }
    }
    Err(cannot_listen(target, &failed))
}

/// One error for all addresses of a name, of the kind of the last.
fn cannot_listen(target: &str, failed: &[io::Error]) -> io::Error {
    let kind = failed.last().map_or(io::ErrorKind::NotFound, io::Error::kind);
    let mut text = format!("cannot listen on {target}");
    for (number, error) in failed.iter().enumerate() {
        let separator = if number == 0 { ':' } else { ';' };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator} {error}");
    }
    io::Error::new(kind, text)
}
