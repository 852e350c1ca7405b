//! TCP: addresses, listening, accepting, and the errors that name what was attempted.
//!
//! What holds of any connection is checked in the modules that are generic over the transport.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{self, Ipv6Addr, SocketAddr};

use futures_lite::future::{poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Connection, Listener, Network};

use crate::descriptors::allow_descriptors;
use crate::reset::reset_by;
use crate::steps::{close, expect_bytes, expect_end, send};
use crate::transport::{LOOPBACK, Tcp, Transport, ip, listen};
use crate::wake_counter::{WakeCounter, assert_two_pollers_do_not_spin};

/// Port 0 means any port, and the listener says which one it became.
pub async fn port_zero_becomes_a_real_port<N: Network>(rt: N) {
    let (_listener, addr) = listen(&rt);
    assert_eq!(addr.ip(), LOOPBACK.ip(), "a listener must listen where it was told to");
    assert_ne!(
        addr.port(),
        0,
        "port 0 must be reported as the port that the system chose"
    );
}

/// Both ends agree on who is who.
pub async fn addresses_agree<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
    let client = client.expect("connecting to a listener must succeed");
    let server = server.expect("accepting a connection must succeed");
    assert_eq!(ip(client.peer_addr()), addr, "the client's peer must be the listener");
    assert_eq!(
        ip(server.local_addr()),
        addr,
        "an accepted connection must be at the listener's address"
    );
    assert_eq!(
        ip(server.peer_addr()),
        ip(client.local_addr()),
        "the server's peer must be the client"
    );
}

/// A connection over IPv6, where the machine has it.
pub async fn ipv6_loopback<N: Network>(rt: N) {
    let mut listener = match rt.listen_tcp((Ipv6Addr::LOCALHOST, 0).into()) {
        Ok(listener) => listener,
        Err(error) if lacks_ipv6(&error) => return println!("not checked, this machine has no IPv6: {error}"),
        Err(error) => panic!("listening on [::1] must succeed: {error}"),
    };
    let addr = ip(listener.local_addr());
    assert_eq!(
        addr.ip(),
        Ipv6Addr::LOCALHOST,
        "a listener must listen where it was told to"
    );
    let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
    let mut client = client.expect("connecting to a listener on [::1] must succeed");
    let mut server = server.expect("accepting a connection on [::1] must succeed");
    client.write_all(b"six").await.expect("writing over IPv6 must succeed");
    expect_bytes(&mut server, b"six").await;
    assert_eq!(ip(client.peer_addr()), addr, "the client's peer must be the listener");
}

/// Where nobody listens the connection is refused, and the error says where that was.
pub async fn refused_names_the_address<N: Network>(rt: N) {
    // A client's own port: surely nobody listens there, and nobody else gets it while the client lives.
    let (client, _server) = Tcp(rt.clone()).pair().await;
    let addr = ip(client.local_addr());
    assert_refused(&rt, addr).await;
}

/// A port that has a listener cannot get another one, and the error says which port.
pub async fn in_use_names_the_address<N: Network>(rt: N) {
    let (_listener, addr) = listen(&rt);
    let Err(error) = rt.listen_tcp(addr) else {
        panic!("listening where someone listens already must fail");
    };
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "wrong kind of error: {error}");
    assert!(
        error.to_string().contains(&addr.to_string()),
        "the error must name {addr}: {error}"
    );
}

/// A restarted server gets its port back while its old connections linger.
#[cfg(unix)]
pub async fn a_port_can_be_reused_after_a_restart<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
    let mut client = client.expect("connecting to a listener must succeed");
    let mut server = server.expect("accepting a connection must succeed");
    // The end that closes first is the one that lingers (TIME_WAIT).
    close(&mut server).await;
    expect_end(&mut client).await;
    close(&mut client).await;
    expect_end(&mut server).await;
    drop((listener, client, server));
    rt.listen_tcp(addr)
        .expect("listening again on the port of a server that has ended must succeed (SO_REUSEADDR)");
}

/// Connections are accepted in the order in which they were made, each with its own peer.
pub async fn accepts_in_order<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(rt.connect_tcp(addr).await.expect("connecting must not wait for accept"));
    }
    for client in clients {
        let server = listener.accept().await.expect("accepting a connection must succeed");
        assert_eq!(
            ip(server.peer_addr()),
            ip(client.local_addr()),
            "connections must be accepted in order"
        );
    }
}

/// A dropped `accept` loses no connection.
pub async fn a_dropped_accept_loses_no_connection<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let (mut expected, mut accepted) = (Vec::new(), Vec::new());
    for _ in 0..20 {
        let before = poll_once(listener.accept()).await;
        let client = rt.connect_tcp(addr).await.expect("connecting must not wait for accept");
        let after = poll_once(listener.accept()).await;
        accepted.extend([before, after].into_iter().flatten());
        expected.push(client);
    }
    while accepted.len() < expected.len() {
        accepted.push(listener.accept().await);
    }
    for (client, server) in expected.into_iter().zip(accepted) {
        let server = server.expect("accepting a connection must succeed");
        assert_eq!(
            ip(server.peer_addr()),
            ip(client.local_addr()),
            "a dropped accept must not lose a connection"
        );
    }
}

/// A dropped `connect` gives the attempt up and harms neither the runtime nor the listener.
pub async fn a_dropped_connect_harms_nobody<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    for _ in 0..10 {
        // Done or not: it is dropped.
        drop(poll_once(rt.connect_tcp(addr)).await);
    }
    let client = rt
        .connect_tcp(addr)
        .await
        .expect("connecting must succeed after attempts given up");
    let wanted = ip(client.local_addr());
    loop {
        let mut server = listener
            .accept()
            .await
            .expect("accepting must succeed after attempts given up");
        // The attempts may have got as far as the listener. They are at their end then.
        if server.peer_addr().ok() == Some(wanted.into()) {
            break;
        }
        let read = server.read(&mut [0; 8]).await;
        assert!(
            !matches!(read, Ok(1..)),
            "a dropped attempt must not send anything: {read:?}"
        );
    }
}

/// Once a listener is dropped, connections are refused; those that it had accepted live on.
pub async fn a_dropped_listener_keeps_its_connections<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
    let mut client = client.expect("connecting to a listener must succeed");
    let mut server = server.expect("accepting a connection must succeed");
    drop(listener);
    assert_refused(&rt, addr).await;
    client
        .write_all(b"still here")
        .await
        .expect("a connection must outlive its listener");
    expect_bytes(&mut server, b"still here").await;
}

/// 1,000 connections at the same time, each with a round trip.
pub async fn a_thousand_connections<N: Network>(rt: N) {
    const CONNECTIONS: u32 = 1000;
    allow_descriptors(2 * u64::from(CONNECTIONS) + 1000);
    let (mut listener, addr) = listen(&rt);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let client_rt = rt.clone();
            rt.spawn(async move {
                let mut client = client_rt.connect_tcp(addr).await.expect("connecting must succeed");
                send(&mut client, &number.to_be_bytes()).await;
                client
            })
        })
        .collect();
    let mut servers = BTreeMap::new();
    for _ in 0..CONNECTIONS {
        let mut server = listener.accept().await.expect("accepting must succeed");
        let mut number = [0; 4];
        server.read_exact(&mut number).await.expect("reading must succeed");
        servers.insert(u32::from_be_bytes(number), server);
    }
    assert_eq!(
        servers.len(),
        CONNECTIONS as usize,
        "each connection must have bytes of its own"
    );
    // All of them are open now.
    for (number, server) in &mut servers {
        send(server, &number.to_le_bytes()).await;
    }
    for (number, client) in (0..CONNECTIONS).zip(clients) {
        let mut client = client.await.expect("a client must not panic");
        expect_bytes(&mut client, &number.to_le_bytes()).await;
    }
}

/// Two tasks that wait for the same listener do not keep waking each other.
pub async fn two_tasks_accepting_do_not_spin<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let last = assert_two_pollers_do_not_spin(&rt, |cx| listener.poll_accept(cx).is_pending()).await;
    let _client = rt.connect_tcp(addr).await.expect("connecting must succeed");
    last.woken().await;
    listener.accept().await.expect("accepting must succeed");
}

/// After a reset there is no peer any more, and asking for it says so.
pub async fn a_reset_connection_has_no_peer<N: Network>(rt: N) {
    let (mut client, server) = Tcp(rt).pair().await;
    reset_by(&mut client, server).await;
    let read = client.read(&mut [0; 8]).await;
    assert!(read.is_err(), "a reset must be an error, never an end: {read:?}");
    let error = client.peer_addr().expect_err("a reset connection must have no peer");
    assert_eq!(
        error.kind(),
        io::ErrorKind::NotConnected,
        "wrong kind of error: {error}"
    );
}

/// The waker of the last poll of a listener is woken, whoever polled before.
pub async fn the_last_task_to_accept_is_woken<N: Network>(rt: N) {
    let (mut listener, addr) = listen(&rt);
    let (first, last) = (WakeCounter::new(), WakeCounter::new());
    for counter in [&first, &last] {
        let polled = counter.poll(|cx| listener.poll_accept(cx));
        assert!(polled.is_pending(), "accept must wait while there is no connection");
    }
    let _client = rt.connect_tcp(addr).await.expect("connecting must succeed");
    last.woken().await;
}

async fn assert_refused<N: Network>(rt: &N, addr: SocketAddr) {
    let Err(error) = rt.connect_tcp(addr).await else {
        panic!("connecting to {addr} must fail, for nobody listens there");
    };
    assert_eq!(
        error.kind(),
        io::ErrorKind::ConnectionRefused,
        "wrong kind of error: {error}"
    );
    assert!(
        error.to_string().contains(&addr.to_string()),
        "the error must name {addr}: {error}"
    );
}

/// There is no stable error kind for an address family that the system does not know.
fn lacks_ipv6(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.to_string().contains("not supported")
}

/// A socket that was made elsewhere, and blocks, can be adopted: connections that wait on it already are accepted, and those
/// that come, and it is the same socket still.
pub async fn a_listener_can_be_adopted<N: Network>(rt: N) {
    let socket = net::TcpListener::bind(LOOPBACK).expect("the system can listen");
    let addr = socket.local_addr().expect("the system knows where");
    let shared = socket.try_clone().expect("the system can share a socket");
    let mut early = net::TcpStream::connect(addr).expect("the system can connect");
    let adopted = rt.adopt_tcp_listener(socket);
    if matches!(&adopted, Err(error) if error.kind() == io::ErrorKind::Unsupported) {
        return println!("not checked, this network has no sockets of the system");
    }
    let mut listener = adopted.expect("adopting a listener must succeed");
    assert_eq!(
        ip(listener.local_addr()),
        addr,
        "an adopted listener must be where it was"
    );
    let mut server = listener
        .accept()
        .await
        .expect("a connection that waited must be accepted");
    early.write_all(b"early").expect("the system can send");
    expect_bytes(&mut server, b"early").await;

    let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
    client.expect("connecting to an adopted listener must succeed");
    server.expect("accepting from an adopted listener must succeed");
    drop(listener);
    // Whoever else has the socket still listens.
    let late = net::TcpStream::connect(addr).expect("a shared listener must stay open");
    let mut again = rt
        .adopt_tcp_listener(shared)
        .expect("adopting it once more must succeed");
    again.accept().await.expect("a connection that waited must be accepted");
    drop(late);
}
