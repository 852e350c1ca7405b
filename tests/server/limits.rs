//! Limits on connections, reached and not.

use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use rustix::process::{Uid, getuid};
use rustix::thread::set_thread_uid;
use wirework::codec::Lines;
use wirework::socket::{ListenOptions, UnixListenOptions};
use wirework::{
    Deadlines, Doors, FrameLimits, Framed, Listener, Network, Server, ServiceDoor, Session, WhenFull, connect,
};
use wirework_tests::on_each_runtime;

use crate::{ask, client, echo, echo_server, report};

on_each_runtime![
    a_full_server_may_refuse,
    a_client_with_too_many_connections_is_refused,
    a_client_with_too_many_connections_may_wait,
    loopback_is_not_counted_by_default,
    contradictions_are_refused_by_name,
    a_handle_lists_and_closes_connections,
    several_acceptors_share_a_port_and_the_limits,
    a_unix_server_replaces_what_a_crashed_one_left,
    a_socket_path_out_of_reach_is_named,
    both_families_are_served_or_ipv6_alone,
    frames_are_bounded_at_every_door,
    what_is_unsent_is_bounded_as_set,
];

async fn a_full_server_may_refuse<N: Network>(network: N) {
    let server = echo_server(
        &network,
        Server::new(&network).max_connections(2).when_full(WhenFull::Refuse),
    );
    let mut first = client(&network, &server).await;
    let mut second = client(&network, &server).await;
    assert_eq!(ask(&mut first, "a").await.unwrap(), "a");
    assert_eq!(ask(&mut second, "b").await.unwrap(), "b");
    let mut third = client(&network, &server).await;
    assert_eq!(third.next().await.unwrap_or(None), None);
    assert_eq!((server.report().accepted, server.report().refused), (2, 1));

    drop(first);
    report(&network, &server, |report| report.active == 1).await;
    let mut fourth = client(&network, &server).await;
    assert_eq!(ask(&mut fourth, "d").await.unwrap(), "d");
}

async fn a_client_with_too_many_connections_is_refused<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network).max_per_client(1));
    let mut first = client(&network, &server).await;
    assert_eq!(ask(&mut first, "a").await.unwrap(), "a");
    let mut second = client(&network, &server).await;
    assert_eq!(second.next().await.unwrap_or(None), None);
    assert_eq!((server.report().active, server.report().refused), (1, 1));

    drop(first);
    report(&network, &server, |report| report.active == 0).await;
    let mut third = client(&network, &server).await;
    assert_eq!(ask(&mut third, "c").await.unwrap(), "c");
}

async fn a_client_with_too_many_connections_may_wait<N: Network>(network: N) {
    let limited = Server::new(&network).max_per_client(1).when_client_full(WhenFull::Wait);
    let server = echo_server(&network, limited);
    let mut first = client(&network, &server).await;
    assert_eq!(ask(&mut first, "a").await.unwrap(), "a");
    let mut second = client(&network, &server).await;
    second.send("b").await.unwrap();
    second.flush().await.unwrap();
    assert_eq!(ask(&mut first, "still").await.unwrap(), "still");
    drop(first);
    assert_eq!(second.next().await.unwrap().unwrap(), "b");
    assert_eq!(server.report().refused, 0);
}

async fn loopback_is_not_counted_by_default<N: Network>(network: N) {
    let server = echo_server(&network, Server::new(&network).max_connections(1_100));
    let mut clients = Vec::new();
    for _ in 0..20 {
        let mut client = client(&network, &server).await;
        assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
        clients.push(client);
    }
    assert_eq!(server.report().refused, 0);
}

async fn contradictions_are_refused_by_name<N: Network>(network: N) {
    let server = Server::new(&network).max_connections(10).max_per_client(20);
    let error = server.check().unwrap_err();
    assert_eq!(error.setting(), "max_per_client");
    let secs = Duration::from_secs;
    let deadlines = Deadlines::new().lifetime(secs(1)).request(secs(2));
    let error = Server::new(&network).deadlines(deadlines).check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad configuration: request: 2s cannot pass within a lifetime of 1s"
    );
    assert!(Server::new(&network).check().is_ok());
}

async fn a_handle_lists_and_closes_connections<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&network).serve_framed(listener, Lines::new(), echo);
    let handle = server.handle();
    assert!(handle.is_ready());
    let mut first = client(&network, &server).await;
    let mut second = client(&network, &server).await;
    assert_eq!(ask(&mut first, "first").await.unwrap(), "first");
    assert_eq!(ask(&mut second, "second").await.unwrap(), "second");

    // The peer may have the answer before the server has counted it.
    while handle.connections().iter().any(|one| one.written < one.read) {
        wirework::time::sleep(&network, Duration::from_millis(1)).await;
    }
    let listed = handle.connections();
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((listed[0].read, listed[0].written), (6, 6));
    assert_eq!((listed[1].read, listed[1].written), (7, 7));
    assert_eq!(
        listed[1].peer,
        wirework::Connection::local_addr(second.connection()).unwrap()
    );

    assert!(handle.close(0));
    assert_eq!(first.next().await.unwrap_or(None), None);
    assert_eq!(ask(&mut second, "alive").await.unwrap(), "alive");
    assert!(!handle.close(7));
    // The peer may see the end before the server has counted it.
    report(&network, &server, |report| report.cut == 1).await;
    server.shutdown().await;
    assert!(!handle.is_ready());
    assert!(handle.connections().is_empty());
}

async fn several_acceptors_share_a_port_and_the_limits<N: Network>(network: N) {
    const MAX: usize = 3;
    let options = ListenOptions::new().reuse_port(true);
    let first = network.listen_tcp_with(([127, 0, 0, 1], 0).into(), &options).unwrap();
    let addr = first.local_addr().unwrap().ip().unwrap();
    let mut listeners = vec![first];
    for _ in 0..3 {
        listeners.push(network.listen_tcp_with(addr, &options).unwrap());
    }
    let limited = Server::new(&network).max_connections(MAX).when_full(WhenFull::Wait);
    let server = limited.serve_framed(listeners, Lines::new(), echo);
    // The system chooses an acceptor for each; with so many, none of the four is left out.
    for round in 0..20 {
        let mut clients = Vec::new();
        for _ in 0..MAX {
            let mut client = client(&network, &server).await;
            assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
            clients.push(client);
        }
        let mut further = client(&network, &server).await;
        further.send("further").await.unwrap();
        further.flush().await.unwrap();
        assert_eq!(ask(&mut clients[0], "still").await.unwrap(), "still");
        assert_eq!(server.report().active, MAX as u64, "round {round}");
        clients.pop();
        assert_eq!(further.next().await.unwrap().unwrap(), "further");
        drop((clients, further));
        report(&network, &server, |report| report.active == 0).await;
    }
}

async fn a_unix_server_replaces_what_a_crashed_one_left<N: Network>(network: N) {
    let name = format!("wirework-{}-{:x}.sock", std::process::id(), network.random_u64());
    let path = std::env::temp_dir().join(name);
    let options = UnixListenOptions::new().mode(0o600).replace_stale(true);
    for _ in 0..2 {
        let listener = network.listen_unix_with(&path, &options).unwrap();
        let server = Server::new(&network).serve_framed(listener, Lines::new(), echo);
        let taken = network.listen_unix_with(&path, &options).map(drop).unwrap_err();
        assert!(taken.to_string().contains(&path.display().to_string()), "{taken}");
        let stream = network.connect_unix(&path).await.unwrap();
        let mut client = Framed::new(stream, Lines::new());
        assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
        drop(server);
        assert_eq!(client.next().await.unwrap_or(None), None);
        // The file stays, as it does when a server crashes.
        assert!(path.exists());
        while network.connect_unix(&path).await.is_ok() {}
    }
    std::fs::remove_file(&path).unwrap();
}

async fn a_socket_path_out_of_reach_is_named<N: Network>(network: N) {
    let name = format!("wirework-{}-{:x}", std::process::id(), network.random_u64());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, Permissions::from_mode(0o500)).unwrap();
    let path = directory.join("server.sock");
    // Permissions do not stop root, so a thread of its own is somebody else.
    let attempt = || {
        if getuid().is_root() {
            set_thread_uid(Uid::from_raw(65_534)).unwrap();
        }
        let options = UnixListenOptions::new().mode(0o660).replace_stale(true);
        [UnixListenOptions::new(), options].map(|options| network.listen_unix_with(&path, &options).map(drop))
    };
    let results = std::thread::scope(|scope| scope.spawn(attempt).join().unwrap());
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot listen on {}: ", path.display())),
            "{error}"
        );
    }
    let missing = directory.join("missing").join("server.sock");
    let error = network.listen_unix(&missing).map(drop).unwrap_err();
    assert!(error.to_string().contains(&missing.display().to_string()), "{error}");
    std::fs::remove_dir(&directory).unwrap();
}

async fn both_families_are_served_or_ipv6_alone<N: Network>(network: N) {
    for only_v6 in [false, true] {
        let options = ListenOptions::new().only_v6(only_v6);
        let listener = match network.listen_tcp_with((Ipv6Addr::UNSPECIFIED, 0).into(), &options) {
            Ok(listener) => listener,
            Err(error) => return println!("skipped: this machine has no IPv6: {error}"),
        };
        let port = listener.local_addr().unwrap().ip().unwrap().port();
        let server = Server::new(&network).serve_framed(listener, Lines::new(), echo);
        let v6 = network.connect_tcp((Ipv6Addr::LOCALHOST, port).into()).await.unwrap();
        assert_eq!(ask(&mut Framed::new(v6, Lines::new()), "v6").await.unwrap(), "v6");
        let v4 = network.connect_tcp((Ipv4Addr::LOCALHOST, port).into()).await;
        if only_v6 {
            assert_eq!(v4.map(drop).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        } else {
            assert_eq!(
                ask(&mut Framed::new(v4.unwrap(), Lines::new()), "v4").await.unwrap(),
                "v4"
            );
        }
        drop(server);
    }
}

async fn frames_are_bounded_at_every_door<N: Network>(network: N) {
    const LONG: usize = 1 << 20;
    async fn same(line: &str) -> io::Result<String> {
        Ok(line.to_owned())
    }
    let listen = || network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let codec = Lines::new().max_len(LONG);
    let limits = FrameLimits::new().max_buffered(100_000);
    let server = || Server::new(&network).frame_limits(limits);
    let answer = |line: String| async move { io::Result::Ok(line) };
    let door = ServiceDoor::new(codec.clone(), answer).frame_limits(limits);
    let servers = [
        server().serve_framed(listen(), codec.clone(), echo),
        server().serve_service(listen(), codec.clone(), answer),
        server().serve_service_ref(listen(), codec.clone(), same),
        server().serve_sessions(listen(), codec.clone(), move |_: Session<String>| answer),
        Server::new(&network).serve_doors(listen(), Doors::new().otherwise(door)),
    ];
    for server in servers {
        let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
            .await
            .unwrap();
        stream.write_all(b"short\n").await.unwrap();
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"short\n");
        // The codec would take it.
        let _reset = stream.write_all(&vec![b'x'; LONG - 1]).await;
        report(&network, &server, |report| report.failed == 1).await;
    }
}

async fn what_is_unsent_is_bounded_as_set<N: Network>(network: N) {
    const HIGH: usize = 1 << 20;
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let limits = FrameLimits::new().watermarks(HIGH / 2, HIGH);
    let answer = |_: String| async { io::Result::Ok("x".repeat(10_000)) };
    let server = Server::new(&network)
        .frame_limits(limits)
        .serve_service(listener, Lines::new(), answer);
    let mut stream = connect(&network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    // It does not read, so what is answered waits: no more than was set and one answer, and never less than the low watermark.
    stream.write_all(&b"ask\n".repeat(10_000)).await.unwrap();
    let handle = server.handle();
    let unsent = || handle.connections().first().map_or(0, |only| only.unsent);
    while unsent() <= HIGH / 2 {
        wirework::time::sleep(&network, Duration::from_millis(1)).await;
    }
    assert!(unsent() < HIGH + 10_001, "{}", unsent());
}
