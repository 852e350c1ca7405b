//! Taking the PROXY header off a connection, from those who may send one.

use std::io;

use wirework_codec::bytes::Bytes;
use wirework_codec::{ProxyCodec, ProxyHeader};

use super::{Admission, Proxied, Upgrade};
use crate::first_bytes::{FirstBytes, More};
use crate::{Addr, Connection, Context, Prepended, Subnet};

/// Takes the header of the PROXY protocol (versions 1 and 2) off connections, so that the client is the one whom the proxy
/// connects for: in [`Context::peer`], in the connection's own address, in limits per client and in the log.
///
/// A header is believed, and required, from the proxies that are named, and from nobody else: anyone could claim to be anyone.
///
/// | | default | set with |
/// |---|---|---|
/// | who may send a header | the subnets given to [`trusting`](Self::trusting) | |
/// | …and peers without an IP address (Unix sockets) | no | [`trust_local`](Self::trust_local) |
/// | everybody else | is refused | [`untrusted`](Self::untrusted) |
/// | the longest header of version 2 | 4,096 bytes | [`max_header`](Self::max_header) |
/// | the time for it | the [handshake deadline](crate::Deadlines::handshake) | |
///
/// The handler finds the whole header in its connection, [`Proxied::header`], or as
/// `context.attached::<ProxyHeader>()`. Bytes that were read behind it are the handler's.
///
/// ```
/// # use std::io;
/// use wirework::codec::Lines;
/// use wirework::codec::ProxyHeader;
/// use wirework::{Connection, Context, Framed, Listeners, Network, ProxyProtocol, RunningServer, Server};
///
/// async fn greet<C: Connection>(mut lines: Framed<C, Lines>, cx: Context) -> io::Result<()> {
///     let header = cx.attached::<ProxyHeader>();
///     let host = header.as_ref().and_then(|header| header.authority());
///     lines.send(format!("hello, {} at {}", cx.peer(), host.unwrap_or("?"))).await?;
///     lines.close().await
/// }
///
/// fn start<N: Network>(network: &N) -> io::Result<RunningServer> {
///     let listener = network.listen_tcp(([127, 0, 0, 1], 0).into())?;
///     let proxy = ProxyProtocol::trusting(["10.0.0.0/8".parse().expect("a subnet")]);
///     Ok(Server::new(network).serve_framed(listener.upgrade(proxy), Lines::new(), greet))
/// }
/// ```
#[derive(Debug, Clone)]
pub struct ProxyProtocol {
    trusted: Vec<Subnet>,
    trust_local: bool,
    untrusted: Untrusted,
    codec: ProxyCodec,
}

/// What to do with a peer that is no trusted proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untrusted {
    /// Close its connection, before a byte of it is read.
    Refuse,
    /// Serve it as the client that it is. A header that it sends is not taken off, and so is bad input to the handler.
    ServePlain,
}

impl ProxyProtocol {
    /// Believes proxies that connect from these addresses.
    #[must_use]
    pub fn trusting(proxies: impl IntoIterator<Item = Subnet>) -> Self {
        Self {
            trusted: proxies.into_iter().collect(),
            trust_local: false,
            untrusted: Untrusted::Refuse,
            codec: ProxyCodec::new(),
        }
    }

    /// Sets whether peers without an IP address are believed, too: those on a Unix socket, where its file's mode says who may
    /// connect, and those in memory. Not unless set.
    #[must_use]
    pub fn trust_local(mut self, on: bool) -> Self {
        self.trust_local = on;
        self
    }

    /// Sets what becomes of peers that are not trusted; they are refused unless set.
    #[must_use]
    pub fn untrusted(mut self, what: Untrusted) -> Self {
        self.untrusted = what;
        self
    }

    /// Sets how long a header of version 2 may be, in bytes; 4,096 unless set. One of version 1 has at most 107.
    #[must_use]
    pub fn max_header(mut self, bytes: usize) -> Self {
        self.codec = self.codec.max_len(bytes);
        self
    }

    fn trusts(&self, peer: &Addr) -> bool {
        match peer.ip() {
            Some(addr) => self.trusted.iter().any(|subnet| subnet.contains(addr.ip())),
            None => self.trust_local,
        }
    }

    /// Reads the header, and gives what was read behind it.
    async fn read(&self, connection: &mut impl Connection, cx: &Context) -> io::Result<(ProxyHeader, Bytes)> {
        let mut first = FirstBytes::default();
        loop {
            let parsed = self.codec.parse(first.seen());
            if let Some((header, len)) = parsed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                return Ok((header, first.after(len)));
            }
            let (kind, why) = match first.read(connection, cx).await? {
                More::Read => continue,
                More::Ended => (io::ErrorKind::UnexpectedEof, "the proxy sent no whole PROXY header"),
                More::Draining => (io::ErrorKind::ConnectionAborted, "the server shuts down"),
            };
            return Err(io::Error::new(kind, why));
        }
    }
}

impl<C: Connection> Upgrade<C> for ProxyProtocol {
    type Connection = Proxied<C>;
    type Error = io::Error;

    fn admit(&self, peer: &Addr) -> Admission {
        match self.untrusted {
            _ if self.trusts(peer) => Admission::Proxy,
            Untrusted::Refuse => Admission::Refused("not a trusted proxy"),
            Untrusted::ServePlain => Admission::Client,
        }
    }

    async fn upgrade(&self, mut connection: C, cx: Context) -> io::Result<Proxied<C>> {
        if !self.trusts(cx.direct_peer()) {
            return Ok(Proxied::new(Prepended::new(Bytes::new(), connection), None));
        }
        let (header, ahead) = self.read(&mut connection, &cx).await?;
        let header = cx.attach(header);
        Ok(Proxied::new(Prepended::new(ahead, connection), Some(header)))
    }
}
