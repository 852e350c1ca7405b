//! Connecting to a name, on every runtime.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Listener, Network, connect};
use wirework_tests::on_each_runtime;

on_each_runtime![
    a_name_is_resolved_and_connected_to,
    the_next_address_is_tried,
    a_name_that_does_not_resolve_is_named,
    a_refusal_names_the_address,
    a_bad_address_is_refused_before_any_lookup,
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
