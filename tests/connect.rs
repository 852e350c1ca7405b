//! Connecting to a name, and listening at one, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::socket::ListenOptions;
use wirework::{Listener, Network, connect, listen, listen_with};
use wirework_tests::on_each_runtime;

on_each_runtime![
    a_name_is_resolved_and_connected_to,
    the_next_address_is_tried,
    a_name_that_does_not_resolve_is_named,
    a_refusal_names_the_address,
    a_bad_address_is_refused_before_any_lookup,
    who_listens_at_a_name_is_found_by_it,
    an_address_is_listened_at_without_a_lookup,
    who_cannot_listen_is_told_where_and_why,
];

async fn a_name_is_resolved_and_connected_to<N: Network>(network: N) {
    let mut listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let port = listener.local_addr().unwrap().ip().unwrap().port();
    let mut client = connect(&network, &format!("localhost:{port}")).await.unwrap();
    client.write_all(b"x").await.unwrap();
    let mut server = listener.accept().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 1);
}

/// `localhost` has an IPv6 address too on most machines; whichever comes first, the one that listens is found.
async fn the_next_address_is_tried<N: Network>(network: N) {
    let addrs = network.resolve("localhost", 0).await.unwrap();
    let last = *addrs.last().expect("resolve never gives an empty list");
    let listener = network.listen_tcp(last).unwrap();
    let port = listener.local_addr().unwrap().ip().unwrap().port();
    connect(&network, &format!("localhost:{port}")).await.unwrap();
}

async fn a_name_that_does_not_resolve_is_named<N: Network>(network: N) {
    let error = connect(&network, "no-such-host.invalid:80")
        .await
        .map(drop)
        .unwrap_err();
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
}

async fn a_refusal_names_the_address<N: Network>(network: N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = connect(&network, &addr).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains(&addr), "{error}");
}

async fn a_bad_address_is_refused_before_any_lookup<N: Network>(network: N) {
    let error = connect(&network, "localhost").await.map(drop).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "bad address \"localhost\": expected host:port");
}

async fn who_listens_at_a_name_is_found_by_it<N: Network>(network: N) {
    let mut listener = listen(&network, "localhost:0").await.unwrap();
    let addr = listener.local_addr().unwrap().ip().unwrap();
    assert!(addr.ip().is_loopback() && addr.port() > 0, "{addr}");
    let target = format!("localhost:{}", addr.port());
    let mut client = connect(&network, &target).await.unwrap();
    client.write_all(b"x").await.unwrap();
    let mut server = listener.accept().await.unwrap();
    assert_eq!(server.read(&mut [0]).await.unwrap(), 1);
}

async fn an_address_is_listened_at_without_a_lookup<N: Network>(network: N) {
    for target in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
        let listener = match listen(&network, target).await {
            Ok(listener) => listener,
            // Not every host has IPv6.
            Err(error) if target.starts_with('[') && error.kind() == io::ErrorKind::AddrNotAvailable => continue,
            Err(error) => panic!("{error}"),
        };
        let port = listener.local_addr().unwrap().ip().unwrap().port();
        let here = if target.starts_with('[') { "[::1]" } else { "127.0.0.1" };
        connect(&network, &format!("{here}:{port}")).await.unwrap();
    }
    let options = ListenOptions::new().reuse_port(true);
    let first = listen_with(&network, "127.0.0.1:0", &options).await.unwrap();
    let same = first.local_addr().unwrap().to_string();
    listen_with(&network, &same, &options).await.unwrap();
}

async fn who_cannot_listen_is_told_where_and_why<N: Network>(network: N) {
    for (target, why) in [
        ("localhost", "expected host:port"),
        (":80", "the host is empty"),
        ("::1:80", "an IPv6 address needs brackets, as in [::1]:80"),
    ] {
        let error = listen(&network, target).await.map(drop).unwrap_err();
        assert_eq!(error.to_string(), format!("bad address {target:?}: {why}"));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
    let error = listen(&network, "no-such-host.invalid:80").await.map(drop).unwrap_err();
    assert!(
        error.to_string().starts_with("cannot resolve \"no-such-host.invalid\""),
        "{error}"
    );

    // All addresses of the name are taken, as far as there are any of that port.
    let first = listen(&network, "localhost:0").await.unwrap();
    let taken = first.local_addr().unwrap().ip().unwrap();
    let others: Vec<_> = network.resolve("localhost", taken.port()).await.unwrap();
    let others: Vec<_> = others.into_iter().filter(|addr| *addr != taken).collect();
    let _held: Vec<_> = others.iter().map(|addr| network.listen_tcp(*addr)).collect();
    let target = format!("localhost:{}", taken.port());
    let error = listen(&network, &target).await.map(drop).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{text}");
    assert!(
        text.starts_with(&format!("cannot listen on {target}: cannot listen on ")),
        "{text}"
    );
    for addr in others.iter().chain([&taken]) {
        assert!(text.contains(&addr.to_string()), "{text}");
    }
}
