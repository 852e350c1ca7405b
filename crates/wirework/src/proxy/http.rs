//! HTTP proxies, by the method CONNECT (RFC 9110 §9.3.6).

use std::fmt;
use std::future::poll_fn;
use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};

use super::{ProxyError, base64};
use crate::Connection;
use crate::connect::Target;

/// The longest response head that is read, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// So many characters of a reason are kept.
const MAX_REASON: usize = 200;

/// The end of a head.
const END: &[u8] = b"\r\n\r\n";

/// Asks an HTTP proxy for connections.
///
/// A name is sent as it is, so it is the proxy that resolves it.
///
/// ```
/// # use std::io;
/// use wirework::{Network, connect, proxy::HttpProxy};
///
/// async fn connect_through<N: Network>(network: &N) -> io::Result<N::TcpStream> {
///     let stream = connect(network, "proxy.example:3128").await?;
///     Ok(HttpProxy::new().tunnel(stream, "service.example:443").await?)
/// }
/// ```
#[derive(Clone, Default)]
pub struct HttpProxy {
    credentials: Option<(String, String)>,
}

impl HttpProxy {
    /// A proxy that wants no credentials.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the user name, which has no colon, and the password (basic authentication, RFC 7617); none unless set. They are
    /// sent in the clear.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// Asks the proxy at the other end of `connection` for a connection to `target`, a `host:port`. What is returned is that
    /// connection. It takes as long as the proxy does; see [`timeout`](crate::time::timeout()).
    ///
    /// # Errors
    /// Fails when the proxy does not connect, for whatever reason, and when `connection` cannot
    /// [look ahead](Connection::poll_peek).
    ///
    /// # Cancel safety
    /// Dropping the future drops the connection.
    pub async fn tunnel<C: Connection>(&self, mut connection: C, target: &str) -> Result<C, ProxyError> {
        connection.write_all(self.request(target)?.as_bytes()).await?;
        connection.flush().await?;
        let mut head = read_head(&mut connection, MAX_HEAD).await?;
        let mut left = MAX_HEAD - head.len();
        // Interim responses may come before the final one (RFC 9110 §15.2); all of them are bounded as one.
        while let Some((100..=199, _)) = status(&head) {
            head = read_head(&mut connection, left).await?;
            left -= head.len();
        }
        match status(&head) {
            Some((200..=299, _)) => Ok(connection),
            // 407 is what a proxy should say; tinyproxy says 401 to wrong credentials.
            Some((401 | 407, _)) => Err(ProxyError::Unauthorized(match self.credentials {
                None => "it wants credentials",
                Some(_) => "wrong user name or password",
            })),
            Some((code, reason)) => Err(ProxyError::Refused {
                target: target.to_owned(),
                code,
                reason: format!("{code} {}", printable(reason)).trim_end().to_owned(),
            }),
            None => Err(ProxyError::Protocol("not a response of HTTP/1")),
        }
    }

    fn request(&self, target: &str) -> Result<String, ProxyError> {
        Target::parse(target)?;
        // Anything else could end the line and begin another one.
        if !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ProxyError::target(
                target,
                "a host has no spaces, and ASCII letters only",
            ));
        }
        if matches!(&self.credentials, Some((user, _)) if user.contains(':')) {
            return Err(ProxyError::Unauthorized("a user name has no colon"));
        }
        let authorization = self.credentials.as_ref().map(|(user, password)| {
            let credentials = base64::encode(format!("{user}:{password}").as_bytes());
            format!("Proxy-Authorization: Basic {credentials}\r\n")
        });
        let authorization = authorization.unwrap_or_default();
        Ok(format!(
            "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n"
        ))
    }
}

impl fmt::Debug for HttpProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the password.
        f.debug_struct("HttpProxy")
            .field("user", &self.credentials.as_ref().map(|(user, _)| user))
            .finish_non_exhaustive()
    }
}

/// Reads a response head of up to `max` bytes, to its last byte and not beyond: what follows is the target's.
async fn read_head<C: Connection>(connection: &mut C, max: usize) -> Result<Vec<u8>, ProxyError> {
    let mut head = Vec::new();
    while !head.ends_with(END) {
        let mut ahead = [0; 1024];
        let room = ahead.len().min(max - head.len());
        if room == 0 {
            return Err(ProxyError::Protocol("the response head is too long"));
        }
        let seen = poll_fn(|cx| connection.poll_peek(cx, &mut ahead[..room])).await?;
        if seen == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let start = head.len();
        head.extend_from_slice(&ahead[..seen]);
        // The end may have begun in what was read before.
        let search = start.saturating_sub(END.len() - 1);
        let end = head[search..].windows(END.len()).position(|window| window == END);
        if let Some(end) = end {
            head.truncate(search + end + END.len());
        }
        let taken = head.len() - start;
        connection.read_exact(&mut ahead[..taken]).await?;
    }
    Ok(head)
}

/// The status of a response and its reason, if it is one.
fn status(head: &[u8]) -> Option<(u16, &str)> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    let (_, status) = line.split_once(' ')?;
    let (code, reason) = status.split_once(' ').unwrap_or((status, ""));
    Some((code.parse().ok()?, reason))
}

/// The beginning of what a proxy said, fit for a log.
fn printable(reason: &str) -> String {
    let shown = reason.chars().take(MAX_REASON);
    shown
        .map(|char| if char.is_control() { '\u{FFFD}' } else { char })
        .collect()
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{block_on, zip};

    use super::*;
    use crate::memory;

    /// Plays a proxy that sends `response`, and gives what it received and what came of it.
    fn play(proxy: &HttpProxy, target: &str, response: &[u8], capacity: usize) -> (String, Result<String, ProxyError>) {
        let (near, mut far) = memory::pair(capacity);
        block_on(async {
            let tunnel = async {
                let mut connection = proxy.tunnel(near, target).await?;
                let mut rest = String::new();
                connection.read_to_string(&mut rest).await?;
                Ok(rest)
            };
            let answer = async {
                let mut request = Vec::new();
                while !request.ends_with(END) {
                    let mut byte = [0];
                    if far.read(&mut byte).await.unwrap() == 0 {
                        break;
                    }
                    request.push(byte[0]);
                }
                far.write_all(response).await.ok();
                drop(far);
                String::from_utf8(request).unwrap()
            };
            let (result, request) = zip(tunnel, answer).await;
            (request, result)
        })
    }

    #[test]
    fn no_byte_is_read_too_many() {
        let response = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello\r\n\r\n";
        for capacity in [1, 2, 3, 5, 7, 1024] {
            let (request, rest) = play(&HttpProxy::new(), "a.test:443", response, capacity);
            assert_eq!(request, "CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
            assert_eq!(rest.unwrap(), "hello\r\n\r\n", "capacity {capacity}");
        }
    }

    #[test]
    fn interim_responses_are_not_the_answer() {
        let response =
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello";
        for capacity in [1, 7, 1024] {
            let (_, rest) = play(&HttpProxy::new(), "a.test:443", response, capacity);
            assert_eq!(rest.unwrap(), "hello", "capacity {capacity}");
        }
        let endless = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(MAX_HEAD);
        let (_, rest) = play(&HttpProxy::new(), "a.test:443", &endless, 1 << 20);
        assert!(matches!(rest, Err(ProxyError::Protocol(_))), "{rest:?}");
    }

    #[test]
    fn what_a_proxy_says_does_no_harm_in_a_log() {
        let response = format!("HTTP/1.1 500 a\nb\x1b[2J{}\r\n\r\n", "c".repeat(1000));
        let (_, result) = play(&HttpProxy::new(), "a.test:443", response.as_bytes(), 1 << 20);
        let text = result.unwrap_err().to_string();
        assert!(!text.contains(char::is_control) && text.len() < 300, "{text:?}");
    }

    #[test]
    fn a_user_name_with_a_colon_is_not_sent() {
        let (request, result) = play(&HttpProxy::new().credentials("a:b", "c"), "a.test:443", b"", 1024);
        assert_eq!(request, "");
        assert!(matches!(result, Err(ProxyError::Unauthorized(_))), "{result:?}");
    }

    #[test]
    fn credentials_are_encoded() {
        let proxy = HttpProxy::new().credentials("Aladdin", "open sesame");
        let (request, _) = play(&proxy, "[::1]:80", b"HTTP/1.0 200\r\n\r\n", 1024);
        assert!(
            request.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            "{request}"
        );
        assert_eq!(format!("{proxy:?}"), r#"HttpProxy { user: Some("Aladdin"), .. }"#);
    }

    #[test]
    fn each_refusal_says_what_it_is() {
        let long = vec![b'x'; 2 * MAX_HEAD];
        for (response, text) in [
            (
                &b"HTTP/1.1 407 Auth\r\n\r\n"[..],
                "the proxy does not let us in: it wants credentials",
            ),
            (
                b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
                "the proxy did not connect to a.test:80: 502 Bad Gateway",
            ),
            (b"HTTP/1.1 503\r\n\r\n", "the proxy did not connect to a.test:80: 503"),
            (
                b"SSH-2.0-x\r\n\r\n",
                "the proxy does not speak the protocol: not a response of HTTP/1",
            ),
            (
                &long,
                "the proxy does not speak the protocol: the response head is too long",
            ),
            (b"HTTP/1.1 200", "cannot talk to the proxy"),
        ] {
            let (_, result) = play(&HttpProxy::new(), "a.test:80", response, 1 << 20);
            assert_eq!(result.unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn a_target_cannot_add_header_lines() {
        let (near, _far) = memory::pair(1024);
        let error = block_on(HttpProxy::new().tunnel(near, "a\r\nX: y:80"))
            .map(drop)
            .unwrap_err();
        assert!(matches!(error, ProxyError::Target { .. }), "{error:?}");
    }
}
