//! What happens between accepting a connection and serving it: filters, PROXY headers, and upgrades of any kind.

use std::io;
use std::pin::Pin;
use std::task::{Context as Poller, Poll};
use std::time::Duration;

use futures_lite::io::{AsyncRead, AsyncWrite};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::{Lines, ProxyEndpoints, ProxyHeader, ProxyTlv};
use wirework::time::sleep;
use wirework::{
    Addr, ConnectError, Connection, Connector, Context, Deadline, Deadlines, Framed, Listeners, Network, ProxyProtocol,
    Refusal, RunningServer, Server, Session, Untrusted, WhenFull, connect,
};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{LONG, ask, client, echo, report, shutdown_within_grace};

on_each_runtime![
    a_proxy_names_the_client,
    a_header_may_come_byte_by_byte,
    a_proxy_for_itself_is_the_client,
    bad_headers_end_the_connection,
    who_is_not_trusted_is_refused,
    who_is_not_trusted_may_be_served_as_it_is,
    limits_count_the_client_behind_the_proxy,
    a_client_behind_a_proxy_may_have_to_wait,
    a_filter_refuses_by_address,
    a_filter_refuses_the_client_behind_a_proxy,
    a_silent_peer_misses_the_handshake_deadline,
    a_late_handshake_leaves_the_other_deadlines_whole,
    a_silent_peer_does_not_hold_up_the_end,
    upgrades_follow_one_another,
    a_failed_upgrade_ends_its_own_connection_only,
    a_header_that_cannot_be_written_is_an_error,
];

const CLIENT: &str = "192.0.2.7:50000";

fn header() -> ProxyHeader {
    ProxyHeader::new(CLIENT.parse().unwrap(), "198.51.100.1:443".parse().unwrap())
}

fn trusting_loopback() -> ProxyProtocol {
    ProxyProtocol::trusting(["127.0.0.0/8".parse().unwrap()])
}

/// Says who the client is, as far as its service can tell.
fn introduce<N: Network>(network: &N, server: Server<N>, proxy: ProxyProtocol) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let new = |session: Session<String>| {
        move |line: String| {
            let cx = session.context().clone();
            async move {
                let header = cx.attached::<ProxyHeader>();
                let host = header.as_ref().and_then(|header| header.authority()).unwrap_or("-");
                let direct = cx.direct_peer().ip().unwrap().ip();
                io::Result::Ok(format!("{line} {} {direct} {host}", cx.peer()))
            }
        }
    };
    server.serve_sessions(listener.upgrade(proxy), Lines::new(), new)
}

async fn a_proxy_names_the_client<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let named = header().with_tlv(ProxyTlv::AUTHORITY, b"example.org").with_checksum();
    for (header, host) in [(header().v1(), "-"), (header(), "-"), (named, "example.org")] {
        let connector = Connector::new(&network).announce(header);
        let mut client = Framed::new(connector.connect(&target).await.unwrap(), Lines::new());
        let expected = format!("hello {CLIENT} 127.0.0.1 {host}");
        assert_eq!(ask(&mut client, "hello").await.unwrap(), expected);
        let [only] = &server.handle().connections()[..] else {
            panic!("one connection")
        };
        assert_eq!(only.peer.to_string(), CLIENT);
        assert_eq!(only.direct_peer, client.connection().local_addr().unwrap());
        drop(client);
        report(&network, &server, |report| report.active == 0).await;
    }
    let report = server.shutdown().await;
    assert_eq!((report.accepted, report.completed, report.refused), (3, 3, 0));
}

async fn a_header_may_come_byte_by_byte<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    for header in [header().v1(), header().with_tlv(ProxyTlv::NOOP, &[0; 700])] {
        // With the request right behind it, at once or in pieces.
        let bytes = [&header.to_bytes().unwrap()[..], b"a\nb\n"].concat();
        for size in [bytes.len(), 1, 17] {
            let mut stream = connect(&network, &target).await.unwrap();
            for piece in bytes.chunks(size) {
                stream.write_all(piece).await.unwrap();
            }
            let mut client = Framed::new(stream, Lines::new());
            for line in ["a", "b"] {
                let expected = format!("{line} {CLIENT} 127.0.0.1 -");
                assert_eq!(client.next().await.unwrap().unwrap(), expected);
            }
        }
    }
}

async fn a_proxy_for_itself_is_the_client<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let unknown = ProxyHeader::with_endpoints(ProxyEndpoints::Unknown);
    for header in [ProxyHeader::local(), unknown.clone(), unknown.v1()] {
        let stream = Connector::new(&network)
            .announce(header)
            .connect(&target)
            .await
            .unwrap();
        let own = stream.local_addr().unwrap();
        let mut client = Framed::new(stream, Lines::new());
        assert_eq!(
            ask(&mut client, "hello").await.unwrap(),
            format!("hello {own} 127.0.0.1 -")
        );
    }
}

async fn bad_headers_end_the_connection<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network), trusting_loopback().max_header(100));
    let target = server.local_addr().unwrap().to_string();
    let long = header().with_tlv(ProxyTlv::NOOP, &[0; 100]).to_bytes().unwrap();
    let bad: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
        b"PROXY TCP4 ",
        &[b"PROXY ", &[b'x'; 200][..]].concat(),
        &long,
    ];
    for (count, input) in (1..).zip(bad) {
        let mut stream = connect(&network, &target).await.unwrap();
        stream.write_all(input).await.unwrap();
        stream.close().await.unwrap();
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply).await;
        assert_eq!(reply, b"");
        let report = report(&network, &server, |report| {
            report.active == 0 && report.accepted == count
        })
        .await;
        assert_eq!((report.failed, report.refused), (count, 0));
    }
}

async fn who_is_not_trusted_is_refused<N: Network>(network: N) {
    let proxy = ProxyProtocol::trusting(["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()]);
    let server = introduce(&network, Server::new(&network), proxy);
    let target = server.local_addr().unwrap().to_string();
    let mut stream = connect(&network, &target).await.unwrap();
    // Nothing has to be sent to be refused.
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    let report = report(&network, &server, |report| report.refused == 1).await;
    assert_eq!((report.accepted, report.refused_by(Refusal::Filtered)), (0, 1));
}

async fn who_is_not_trusted_may_be_served_as_it_is<N: Network>(network: N) {
    let proxy = ProxyProtocol::trusting([]).untrusted(Untrusted::ServePlain);
    let server = introduce(&network, Server::new(&network), proxy);
    let mut client = client(&network, &server).await;
    let own = client.connection().local_addr().unwrap();
    assert_eq!(
        ask(&mut client, "hello").await.unwrap(),
        format!("hello {own} 127.0.0.1 -")
    );
    // What it claims is a line like any other.
    let claim = "PROXY TCP4 192.0.2.7 198.51.100.1 50000 443";
    assert_eq!(
        ask(&mut client, claim).await.unwrap(),
        format!("{claim} {own} 127.0.0.1 -")
    );
}

async fn limits_count_the_client_behind_the_proxy<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network).max_per_client(1), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let from = async |source: &str| {
        let header = ProxyHeader::new(source.parse().unwrap(), "198.51.100.1:443".parse().unwrap());
        let stream = Connector::new(&network)
            .announce(header)
            .connect(&target)
            .await
            .unwrap();
        Framed::new(stream, Lines::new())
    };
    let mut first = from(CLIENT).await;
    assert!(ask(&mut first, "hello").await.is_some());
    let mut other = from("192.0.2.8:50000").await;
    assert!(ask(&mut other, "hello").await.is_some());
    let mut second = from("192.0.2.7:50001").await;
    assert_eq!(second.next().await.unwrap_or(None), None);
    let refused = report(&network, &server, |report| report.active == 2).await;
    assert_eq!((refused.accepted, refused.refused_by(Refusal::ClientFull)), (2, 1));
    drop(first);
    report(&network, &server, |report| report.active == 1).await;
    let mut third = from("192.0.2.7:50002").await;
    assert!(ask(&mut third, "hello").await.is_some());
}

async fn a_client_behind_a_proxy_may_have_to_wait<N: Network>(network: N) {
    let limited = Server::new(&network).max_per_client(1).when_client_full(WhenFull::Wait);
    let server = introduce(&network, limited, trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let connector = Connector::new(&network).announce(header());
    let mut first = Framed::new(connector.connect(&target).await.unwrap(), Lines::new());
    assert!(ask(&mut first, "hello").await.is_some());
    let mut second = Framed::new(connector.connect(&target).await.unwrap(), Lines::new());
    second.send("hello").await.unwrap();
    second.flush().await.unwrap();
    assert!(ask(&mut first, "still").await.is_some());
    drop(first);
    assert!(second.next().await.unwrap().is_some());
    assert_eq!(server.report().refused, 0);
}

async fn a_filter_refuses_by_address<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    // Ports tell loopback clients apart.
    let banned = connect_from(&network, &listener_addr(&listener)).await;
    let port = banned.local_addr().unwrap().ip().unwrap().port();
    let filter = move |peer: &Addr| match peer.ip().map(|addr| addr.port()) {
        Some(peer) if peer == port => Err("banned"),
        _ => Ok(()),
    };
    let server = Server::new(&network)
        .filter(filter)
        .serve_framed(listener, Lines::new(), echo);
    let mut banned = Framed::new(banned, Lines::new());
    let mut welcome = client(&network, &server).await;
    assert_eq!(ask(&mut welcome, "hello").await.unwrap(), "hello");
    assert_eq!(banned.next().await.unwrap_or(None), None);
    let report = report(&network, &server, |report| report.refused == 1).await;
    assert_eq!((report.accepted, report.refused_by(Refusal::Filtered)), (1, 1));
}

fn listener_addr(listener: &impl wirework::Listener) -> String {
    listener.local_addr().unwrap().to_string()
}

async fn connect_from<N: Network>(network: &N, target: &str) -> N::TcpStream {
    connect(network, target).await.unwrap()
}

async fn a_filter_refuses_the_client_behind_a_proxy<N: Network>(network: N) {
    let banned: wirework::Subnet = "192.0.2.0/24".parse().unwrap();
    let filter = move |peer: &Addr| match peer.ip() {
        Some(addr) if banned.contains(addr.ip()) => Err("banned"),
        _ => Ok(()),
    };
    let server = introduce(&network, Server::new(&network).filter(filter), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let connector = Connector::new(&network);
    let mut banned = connector.clone().announce(header()).connect(&target).await.unwrap();
    assert_eq!(banned.read(&mut [0]).await.unwrap_or(0), 0);
    let own = connector.announce(ProxyHeader::local()).connect(&target).await.unwrap();
    assert!(ask(&mut Framed::new(own, Lines::new()), "hello").await.is_some());
    let report = report(&network, &server, |report| report.active == 0).await;
    assert_eq!((report.accepted, report.refused_by(Refusal::Filtered)), (1, 1));
}

async fn a_silent_peer_misses_the_handshake_deadline<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limit = Duration::from_mins(1);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    // No other deadline counts meanwhile.
    let deadlines = Deadlines::none().handshake(limit).first_frame(limit).idle(limit / 4);
    let server = Server::new(&clock).deadlines(deadlines);
    let server = server.serve_framed(listener.upgrade(trusting_loopback()), Lines::new(), echo);
    let target = server.local_addr().unwrap().to_string();
    let mut silent = connect(&network, &target).await.unwrap();
    let mut slow = connect(&network, &target).await.unwrap();
    slow.write_all(b"PROXY TCP4 ").await.unwrap();
    report(&network, &server, |report| report.active == 2).await;
    clock
        .advance(limit.checked_sub(Duration::from_millis(1)).unwrap())
        .await;
    let connector = Connector::new(&network).announce(header());
    let mut other = Framed::new(connector.connect(&target).await.unwrap(), Lines::new());
    assert_eq!(ask(&mut other, "done?").await.unwrap(), "done?");
    assert_eq!(server.report().timed_out, 0, "early");
    clock.advance(Duration::from_millis(1)).await;
    let report = report(&network, &server, |report| report.timed_out == 2).await;
    assert_eq!((report.missed(Deadline::Handshake), report.accepted), (2, 3));
    assert_eq!(silent.read(&mut [0]).await.unwrap_or(0), 0);
}

async fn a_late_handshake_leaves_the_other_deadlines_whole<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let limit = Duration::from_mins(1);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let deadlines = Deadlines::none().handshake(limit * 10).first_frame(limit).idle(limit);
    let server = Server::new(&clock).deadlines(deadlines);
    let server = server.serve_framed(listener.upgrade(trusting_loopback()), Lines::new(), echo);
    let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    report(&network, &server, |report| report.active == 1).await;
    clock.advance(limit * 9).await;
    stream.write_all(&header().to_bytes().unwrap()).await.unwrap();
    let handle = server.handle();
    while handle.connections()[0].phase != wirework::Phase::Idle {
        sleep(&network, Duration::from_millis(1)).await;
    }
    clock.advance(limit / 2).await;
    let mut client = Framed::new(stream, Lines::new());
    assert_eq!(ask(&mut client, "in time").await.unwrap(), "in time");
    // And they do count from then on.
    while server.report().timed_out == 0 {
        clock.advance(limit / 8).await;
        sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(server.report().missed(Deadline::Idle), 1);
}

async fn a_silent_peer_does_not_hold_up_the_end<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&clock).drain_deadline(LONG).serve_framed(
        listener.upgrade(trusting_loopback()),
        Lines::new(),
        echo,
    );
    let _silent = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    report(&network, &server, |report| report.active == 1).await;
    assert_eq!(shutdown_within_grace(&network, &clock, server).await.cut, 0);
}

/// Stands for TLS: a handshake, and then every byte is something else.
struct Disguised<C> {
    inner: C,
    key: u8,
}

async fn disguise<C: Connection>(mut connection: C, cx: Context) -> io::Result<Disguised<C>> {
    connection.write_all(b"key?").await?;
    let mut key = [0];
    connection.read_exact(&mut key).await?;
    if key == [0] {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "that is no disguise"));
    }
    cx.attach(key[0]);
    Ok(Disguised {
        inner: connection,
        key: key[0],
    })
}

impl<C: AsyncRead + Unpin> AsyncRead for Disguised<C> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Poller<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let key = self.key;
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if let Poll::Ready(Ok(count)) = read {
            buf[..count].iter_mut().for_each(|byte| *byte ^= key);
        }
        read
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Disguised<C> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Poller<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let disguised: Vec<u8> = buf.iter().map(|byte| byte ^ self.key).collect();
        Pin::new(&mut self.inner).poll_write(cx, &disguised)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

impl<C: Connection> Connection for Disguised<C> {
    fn poll_readable(&mut self, cx: &mut Poller<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_readable(cx)
    }

    fn poll_peek(&mut self, _: &mut Poller<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }

    fn is_write_vectored(&self) -> bool {
        false
    }

    fn shutdown(&self, how: std::net::Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.inner.peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.inner.local_addr()
    }
}

fn serve_disguised<N: Network>(network: &N) -> RunningServer {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let new = |session: Session<String>| {
        move |line: String| {
            let cx = session.context().clone();
            async move { io::Result::Ok(format!("{line} {} {}", cx.peer(), cx.attached::<u8>().unwrap())) }
        }
    };
    let listener = listener.upgrade(trusting_loopback()).upgrade(disguise);
    Server::new(network).serve_sessions(listener, Lines::new(), new)
}

async fn upgrades_follow_one_another<N: Network>(network: N) {
    let server = serve_disguised(&network);
    let connector = Connector::new(&network).announce(header());
    let mut stream = connector
        .connect(&server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    let mut question = [0; 4];
    stream.read_exact(&mut question).await.unwrap();
    assert_eq!(&question, b"key?");
    stream.write_all(&[0x55]).await.unwrap();
    let mut client = Framed::new(
        Disguised {
            inner: stream,
            key: 0x55,
        },
        Lines::new(),
    );
    assert_eq!(ask(&mut client, "hello").await.unwrap(), format!("hello {CLIENT} 85"));
    let report = server.shutdown().await;
    assert_eq!((report.drained, report.cut), (1, 0));
}

async fn a_failed_upgrade_ends_its_own_connection_only<N: Network>(network: N) {
    let server = serve_disguised(&network);
    let connector = Connector::new(&network).announce(header());
    let target = server.local_addr().unwrap().to_string();
    let mut streams = Vec::new();
    for key in [0, 0x20] {
        let mut stream = connector.connect(&target).await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
        stream.write_all(&[key]).await.unwrap();
        streams.push(stream);
    }
    let mut client = Framed::new(
        Disguised {
            inner: streams.pop().unwrap(),
            key: 0x20,
        },
        Lines::new(),
    );
    assert!(ask(&mut client, "hello").await.is_some());
    assert_eq!(streams[0].read(&mut [0]).await.unwrap_or(0), 0);
    let report = report(&network, &server, |report| report.active == 1).await;
    assert_eq!((report.accepted, report.failed), (2, 1));
}

async fn a_header_that_cannot_be_written_is_an_error<N: Network>(network: N) {
    let server = introduce(&network, Server::new(&network), trusting_loopback());
    let target = server.local_addr().unwrap().to_string();
    let header = header().with_tlv(ProxyTlv::ALPN, b"h2").v1();
    let error = Connector::new(&network)
        .announce(header)
        .connect(&target)
        .await
        .map(drop)
        .unwrap_err();
    assert!(matches!(error, ConnectError::Announce { .. }), "{error:?}");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
