//! Connecting when some of the addresses do not work, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "connector/lookups.rs"]
mod lookups;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use wirework::{
    CachingResolver, ConnectError, ConnectOptions, Connection, Connector, Listener, Network, Resolver, time,
};
use wirework_tests::on_each_runtime;

on_each_runtime![
    a_black_hole_and_a_refusal_cost_a_quarter_of_a_second,
    a_refusal_costs_no_time,
    all_that_was_tried_is_named,
    the_deadline_names_who_has_not_answered,
    a_resolver_that_never_answers_is_given_up,
    the_local_address_is_the_one_asked_for,
    answers_are_remembered_for_a_while,
    a_unix_socket_is_connected_to,
    nobody_is_connected_to_itself,
    a_keepalive_may_be_as_long_as_the_system_allows,
];

/// An address that takes connection attempts and never answers them: its backlog is full.
struct BlackHole {
    addr: SocketAddr,
    _sockets: Vec<Socket>,
}

impl BlackHole {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap();
        let fill = (0..4).map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.connect(&addr).ok();
            socket
        });
        let mut sockets: Vec<_> = fill.collect();
        sockets.push(listener);
        Self {
            addr: addr.as_socket().unwrap(),
            _sockets: sockets,
        }
    }
}

/// An address that refuses: bound, so that nobody else gets it, and not listening.
struct Refusal {
    addr: SocketAddr,
    _socket: Socket,
}

impl Refusal {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        Self {
            addr: socket.local_addr().unwrap().as_socket().unwrap(),
            _socket: socket,
        }
    }
}

/// Knows one answer, and counts how often it was asked.
#[derive(Debug, Clone, Default)]
struct Fixed {
    addrs: Vec<SocketAddr>,
    asked: Arc<AtomicUsize>,
}

impl Fixed {
    fn new(addrs: &[SocketAddr]) -> Self {
        Self {
            addrs: addrs.to_owned(),
            asked: Arc::default(),
        }
    }
}

impl Resolver for Fixed {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.addrs.clone())
    }
}

async fn a_black_hole_and_a_refusal_cost_a_quarter_of_a_second<N: Network>(network: N) {
    let (hole, refusal) = (BlackHole::new(), Refusal::new());
    let good = TcpListener::bind("127.0.0.1:0").unwrap();
    let addrs = [hole.addr, refusal.addr, good.local_addr().unwrap()];
    let connector = Connector::new(&network).resolver(Fixed::new(&addrs));
    let start = network.now();
    let stream = connector.connect("service.test:80").await.unwrap();
    let took = network.now() - start;
    println!("connected beside a black hole and a refusal in {took:?}");
    assert_eq!(stream.peer_addr().unwrap().ip(), Some(addrs[2]));
    // The system itself would wait for the black hole for minutes.
    assert!(
        (Duration::from_millis(250)..Duration::from_secs(10)).contains(&took),
        "{took:?}"
    );
}

async fn a_refusal_costs_no_time<N: Network>(network: N) {
    let refusals = [Refusal::new(), Refusal::new()];
    let good = TcpListener::bind("127.0.0.1:0").unwrap();
    let addrs = [refusals[0].addr, refusals[1].addr, good.local_addr().unwrap()];
    // If a refusal waited for the stagger, the deadline would pass first.
    let connector = Connector::new(&network)
        .stagger(Duration::from_hours(1))
        .deadline(Duration::from_mins(1));
    let stream = connector.connect_any(&addrs).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap().ip(), Some(addrs[2]));
}

async fn all_that_was_tried_is_named<N: Network>(network: N) {
    let refusals = [Refusal::new(), Refusal::new()];
    let addrs = [refusals[0].addr, refusals[1].addr];
    let connector = Connector::new(&network).resolver(Fixed::new(&addrs));
    let error = connector.connect("service.test:80").await.map(drop).unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert_eq!(error.attempts().len(), 2);
    let text = error.to_string();
    assert!(text.starts_with("cannot connect to service.test:80: "), "{text}");
    assert!(addrs.iter().all(|addr| text.contains(&addr.to_string())), "{text}");

    let connector = Connector::new(&network).resolver(Fixed::default());
    let error = connector.connect("empty.test:80").await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "cannot connect to empty.test:80: no address was tried"
    );
}

async fn the_deadline_names_who_has_not_answered<N: Network>(network: N) {
    let (hole, refusal) = (BlackHole::new(), Refusal::new());
    let connector = Connector::new(&network).stagger(Duration::from_millis(1));
    // The refusal must come in time, which it may not where the machine is busy.
    for limit in [50, 500, 5_000, 50_000].map(Duration::from_millis) {
        let connector = connector.clone().deadline(limit);
        let connected = connector.connect_any(&[hole.addr, refusal.addr]).await;
        let error = connected.map(drop).unwrap_err();
        assert!(matches!(error, ConnectError::TimedOut { .. }), "{error:?}");
        let attempts: Vec<_> = error
            .attempts()
            .iter()
            .map(|attempt| (attempt.addr, attempt.error.kind()))
            .collect();
        let text = io::Error::from(error).to_string();
        assert!(text.contains(&format!("within {limit:?}")), "{text}");
        assert!(text.contains(&format!("{} has not answered", hole.addr)), "{text}");
        let refused = (refusal.addr, io::ErrorKind::ConnectionRefused);
        if attempts == [refused, (hole.addr, io::ErrorKind::TimedOut)] {
            return;
        }
    }
    panic!("nobody was refused");
}

async fn a_resolver_that_never_answers_is_given_up<N: Network>(network: N) {
    struct Silent;
    impl Resolver for Silent {
        async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
            std::future::pending().await
        }
    }
    let connector = Connector::new(&network)
        .deadline(Duration::from_millis(10))
        .resolver(Silent);
    let error = connector.connect("service.test:80").await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

async fn the_local_address_is_the_one_asked_for<N: Network>(network: N) {
    let mut listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = listener.local_addr().unwrap().ip().unwrap();
    let local = IpAddr::from([127, 0, 0, 7]);
    let options = ConnectOptions::new()
        .local_addr(local)
        .keepalive(Duration::from_mins(1));
    let _stream = network.connect_tcp_with(addr, options).await.unwrap();
    let accepted = listener.accept().await.unwrap();
    assert_eq!(accepted.peer_addr().unwrap().ip().unwrap().ip(), local);

    let not_ours = ConnectOptions::new().local_addr([192, 0, 2, 1].into());
    let error = network.connect_tcp_with(addr, not_ours).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    assert!(error.to_string().contains(&addr.to_string()), "{error}");
}

async fn answers_are_remembered_for_a_while<N: Network>(network: N) {
    let source = Fixed::new(&[([127, 0, 0, 1], 1).into()]);
    let resolver = CachingResolver::new(&network, source.clone()).capacity(2);
    for host in ["a", "a", "b", "a", "b"] {
        assert_eq!(resolver.resolve(host, 1).await.unwrap(), source.addrs);
    }
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    // A third takes the place of the oldest.
    for host in ["c", "b", "a"] {
        resolver.resolve(host, 1).await.unwrap();
    }
    assert_eq!(source.asked.load(Ordering::SeqCst), 4);
    resolver.clear();
    resolver.resolve("b", 1).await.unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 5);

    let resolver = CachingResolver::new(&network, source.clone()).ttl(Duration::from_millis(5));
    resolver.resolve("a", 1).await.unwrap();
    time::sleep(&network, Duration::from_millis(5)).await;
    resolver.resolve("a", 1).await.unwrap();
    assert_eq!(source.asked.load(Ordering::SeqCst), 7);
}

async fn a_unix_socket_is_connected_to<N: Network>(network: N) {
    let name = format!(
        "wirework-connector-{}-{}.sock",
        std::process::id(),
        network.random_u64()
    );
    let path = std::env::temp_dir().join(name);
    let error = Connector::new(&network)
        .connect_unix(&path)
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let mut listener = network.listen_unix(&path).unwrap();
    Connector::new(&network).connect_unix(&path).await.unwrap();
    listener.accept().await.unwrap();
    std::fs::remove_file(&path).unwrap();
}

/// The system gives an attempt the very port that it goes to, sooner or later; on Linux within some 15,000 attempts, where
/// the port is an even one.
async fn nobody_is_connected_to_itself<N: Network>(network: N) {
    let addr = loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        if addr.port().is_multiple_of(2) {
            break addr;
        }
        // The ones that are given to those who listen are odd, as long as there are any.
        let even = SocketAddr::new(addr.ip(), addr.port() - 1);
        if TcpListener::bind(even).is_ok() {
            break even;
        }
    };
    let connector = Connector::new(&network);
    for _ in 0..20_000 {
        let error = connector.connect_any(&[addr]).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "{error}");
        if error.to_string().contains("itself") {
            break;
        }
    }
}

async fn a_keepalive_may_be_as_long_as_the_system_allows<N: Network>(network: N) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for silence in [Duration::from_secs(1), Duration::from_secs(32_767)] {
        let connector = Connector::new(&network).options(ConnectOptions::new().keepalive(silence));
        connector.connect_any(&[listener.local_addr().unwrap()]).await.unwrap();
    }
}
