//! SOCKS, version 5 (RFC 1928), with user name and password (RFC 1929).

use std::fmt;
use std::net::IpAddr;

use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::ProxyError;
use crate::Connection;
use crate::connect::Target;

const VERSION: u8 = 5;
/// The version of the negotiation of RFC 1929.
const AUTH_VERSION: u8 = 1;
const NO_AUTH: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Asks a SOCKS5 proxy for connections.
///
/// A name is sent as it is, so it is the proxy that resolves it, where the answer may be another one; who wants to resolve it
/// here asks for an address.
///
/// ```
/// # use std::io;
/// use wirework::{Network, connect, proxy::Socks5Proxy};
///
/// async fn connect_through<N: Network>(network: &N) -> io::Result<N::TcpStream> {
///     let proxy = Socks5Proxy::new().credentials("user", "secret");
///     let stream = connect(network, "proxy.example:1080").await?;
///     Ok(proxy.tunnel(stream, "service.example:7000").await?)
/// }
/// ```
#[derive(Clone, Default)]
pub struct Socks5Proxy {
    credentials: Option<(String, String)>,
}

impl Socks5Proxy {
    /// A proxy that wants no credentials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the user name and the password, of 1 to 255 bytes each; none unless set. They are sent in the clear, if the proxy
    /// asks for them.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Asks the proxy at the other end of `connection` for a connection to `target`, a `host:port`. What is returned is that
    /// connection. It takes as long as the proxy does; see [`timeout`](crate::time::timeout()).
    ///
    /// # Errors
    /// Fails when the proxy does not connect, for whatever reason.
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn tunnel<C: Connection>(&self, mut connection: C, target: &str) -> Result<C, ProxyError> {
        let request = request(target)?;
        self.log_in(&mut connection).await?;
        connection.write_all(&request).await?;
        connection.flush().await?;
        let [version, code, _, kind] = read(&mut connection).await?;
        if version != VERSION {
            return Err(ProxyError::Protocol("not version 5 of SOCKS"));
        }
        if code != 0 {
            return Err(ProxyError::Refused {
                target: target.to_owned(),
                code: code.into(),
                reason: meaning(code).to_owned(),
            });
        }
        skip_address(&mut connection, kind).await?;
        Ok(connection)
    }

    async fn log_in<C: Connection>(&self, connection: &mut C) -> Result<(), ProxyError> {
        let greeting: &[u8] = match self.credentials {
            None => &[VERSION, 1, NO_AUTH],
            Some(_) => &[VERSION, 2, NO_AUTH, PASSWORD],
        };
        connection.write_all(greeting).await?;
        connection.flush().await?;
        match (read(connection).await?, &self.credentials) {
            ([VERSION, NO_AUTH], _) => Ok(()),
            ([VERSION, PASSWORD], Some((user, password))) => authenticate(connection, user, password).await,
            ([VERSION, _], None) => Err(ProxyError::Unauthorized("it wants credentials")),
            ([VERSION, _], Some(_)) => Err(ProxyError::Unauthorized("it accepts no user name and password")),
            _ => Err(ProxyError::Protocol("not version 5 of SOCKS")),
        }
    }
}

impl fmt::Debug for Socks5Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the password.
        f.debug_struct("Socks5Proxy")
            .field("user", &self.credentials.as_ref().map(|(user, _)| user))
            .finish_non_exhaustive()
    }
}

async fn authenticate<C: Connection>(connection: &mut C, user: &str, password: &str) -> Result<(), ProxyError> {
    let mut message = vec![AUTH_VERSION];
    for text in [user, password] {
        let length = u8::try_from(text.len()).ok().filter(|&length| length > 0);
        let length = length.ok_or(ProxyError::Unauthorized(
            "user name and password must have 1 to 255 bytes",
        ))?;
        message.push(length);
        message.extend_from_slice(text.as_bytes());
    }
    connection.write_all(&message).await?;
    connection.flush().await?;
    match read(connection).await? {
        [AUTH_VERSION, 0] => Ok(()),
        [AUTH_VERSION, _] => Err(ProxyError::Unauthorized("wrong user name or password")),
        _ => Err(ProxyError::Protocol("not version 1 of the password negotiation")),
    }
}

/// The request to connect (RFC 1928 §4).
fn request(target: &str) -> Result<Vec<u8>, ProxyError> {
    let Target { host, port } = Target::parse(target)?;
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(ip)) => {
            request.push(IPV4);
            request.extend_from_slice(&ip.octets());
        }
        Ok(IpAddr::V6(ip)) => {
            request.push(IPV6);
            request.extend_from_slice(&ip.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len());
            let length = length.map_err(|_| ProxyError::target(target, "a name has at most 255 bytes"))?;
            request.extend_from_slice(&[NAME, length]);
            request.extend_from_slice(host.as_bytes());
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

/// Reads the address that the proxy connects from, which nobody needs, to its last byte and not beyond.
async fn skip_address<C: Connection>(connection: &mut C, kind: u8) -> Result<(), ProxyError> {
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let [length] = read(connection).await?;
            usize::from(length)
        }
        _ => return Err(ProxyError::Protocol("unknown kind of address")),
    };
    let mut address = [0; 255 + 2];
    connection.read_exact(&mut address[..length + 2]).await?;
    Ok(())
}

async fn read<C: Connection, const N: usize>(connection: &mut C) -> Result<[u8; N], ProxyError> {
    let mut bytes = [0; N];
    connection.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// What a reply says (RFC 1928 §6).
fn meaning(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown reason",
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, zip};

    use super::*;
    use crate::memory;

    /// Plays a proxy that sends `replies`, and gives what it received and what came of it.
    fn play(proxy: &Socks5Proxy, target: &str, replies: &[u8]) -> (Vec<u8>, Result<Vec<u8>, ProxyError>) {
        let (near, mut far) = memory::pair(1024);
        block_on(async {
            far.write_all(replies).await.unwrap();
            far.shutdown(std::net::Shutdown::Write).unwrap();
            let tunnel = async {
                let mut connection = proxy.tunnel(near, target).await?;
                let mut rest = Vec::new();
                connection.read_to_end(&mut rest).await?;
                Ok(rest)
            };
            let mut received = Vec::new();
            let (result, _) = zip(tunnel, far.read_to_end(&mut received)).await;
            (received, result)
        })
    }

    #[test]
    fn a_name_is_left_to_the_proxy_and_no_byte_is_read_too_many() {
        let replies = b"\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50hello";
        let (sent, rest) = play(&Socks5Proxy::new(), "a.test:80", replies);
        assert_eq!(sent, b"\x05\x01\x00\x05\x01\x00\x03\x06a.test\x00\x50");
        assert_eq!(rest.unwrap(), b"hello");
        let named = b"\x05\x00\x05\x00\x00\x03\x02ab\x00\x50hello";
        assert_eq!(play(&Socks5Proxy::new(), "a.test:80", named).1.unwrap(), b"hello");
    }

    #[test]
    fn addresses_are_sent_as_such() {
        let replies = [&[5, 0, 5, 0, 0, 4][..], &[0; 18]].concat();
        let (sent, rest) = play(&Socks5Proxy::new(), "[::1]:80", &replies);
        assert_eq!(sent[3..], [&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 80]].concat());
        assert!(rest.unwrap().is_empty());
        let (sent, _) = play(&Socks5Proxy::new(), "1.2.3.4:258", &replies);
        assert_eq!(sent[3..], [5, 1, 0, 1, 1, 2, 3, 4, 1, 2]);
    }

    #[test]
    fn credentials_are_given_when_asked_for() {
        let proxy = Socks5Proxy::new().credentials("me", "secret");
        let replies = b"\x05\x02\x01\x00\x05\x00\x00\x01\0\0\0\0\0\0";
        let (sent, rest) = play(&proxy, "a.test:80", replies);
        assert!(sent.starts_with(b"\x05\x02\x00\x02\x01\x02me\x06secret\x05\x01\x00\x03"));
        rest.unwrap();
        assert_eq!(format!("{proxy:?}"), r#"Socks5Proxy { user: Some("me"), .. }"#);
    }

    #[test]
    fn each_refusal_says_what_it_is() {
        let plain = Socks5Proxy::new();
        let known = Socks5Proxy::new().credentials("me", "secret");
        for (proxy, replies, text) in [
            (
                &plain,
                &b"\x05\xff"[..],
                "the proxy does not let us in: it wants credentials",
            ),
            (
                &known,
                b"\x05\x02\x01\x01",
                "the proxy does not let us in: wrong user name or password",
            ),
            (
                &plain,
                b"HTTP/1.1 400",
                "the proxy does not speak the protocol: not version 5 of SOCKS",
            ),
            (
                &plain,
                b"\x05\x00\x05\x05\x00\x01\0\0\0\0\0\0",
                "the proxy did not connect to a.test:80: connection refused",
            ),
            (&plain, b"\x05", "cannot talk to the proxy"),
        ] {
            let (_, result) = play(proxy, "a.test:80", replies);
            assert_eq!(result.unwrap_err().to_string(), text);
        }
        let long = format!("{}:80", "a".repeat(256));
        let error = block_on(plain.tunnel(memory::pair(1).0, &long)).map(drop).unwrap_err();
        assert!(matches!(error, ProxyError::Target { .. }), "{error:?}");
    }
}
