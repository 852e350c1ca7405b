//! What is particular to async-std; what all runtimes share is in `conformance.rs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::io::ErrorKind;
use std::net;
use std::sync::{Arc, Barrier};
use std::thread;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::{Datagram, Listener, Runtime};
use wirework_async_std::{AsyncStd, TcpListener, TcpStream, adopt_tcp_listener, adopt_tcp_stream, adopt_udp_socket};

#[test]
fn zero_threads_are_refused() {
    let error = AsyncStd::new(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one thread"), "{error}");
}

#[test]
fn it_runs_on_as_many_threads_as_asked_for_and_no_other_number() {
    let runtime = AsyncStd::new(2).unwrap();
    let both_at_once = Arc::new(Barrier::new(2));
    let tasks = [0, 1].map(|_| {
        let both_at_once = Arc::clone(&both_at_once);
        runtime.spawn(async move {
            both_at_once.wait();
            thread::current().name().unwrap().to_owned()
        })
    });
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), "wirework-async-std");
    }

    let error = AsyncStd::new(3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("with 2 threads instead of 3"), "{error}");
}

#[test]
fn sockets_made_elsewhere_are_adopted() {
    let runtime = AsyncStd::new(2).unwrap();
    runtime.block_on(async {
        let listener = async_std::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut listener = adopt_tcp_listener(listener).unwrap();
        let theirs = async_std::net::TcpStream::connect(addr).await.unwrap();
        let mut client = adopt_tcp_stream(theirs).unwrap();
        let mut server = listener.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut buf = [0; 4];
        server.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"ping");

        let theirs = async_std::net::TcpStream::connect(addr).await.unwrap();
        assert!(adopt_tcp_stream(theirs.clone()).is_err());

        let socket = async_std::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let socket = adopt_udp_socket(socket).unwrap();
        let addr = socket.local_addr().unwrap();
        socket.send_to(b"pong", addr).await.unwrap();
        assert_eq!(socket.recv_from(&mut buf).await.unwrap(), (4, addr));
    });
}

#[test]
fn tasks_are_async_stds_own() {
    let runtime = AsyncStd::new(2).unwrap();
    let task = runtime.spawn(async { async_std::task::try_current().is_some() });
    assert!(runtime.block_on(task).unwrap());
}

#[test]
fn std_sockets_are_adopted() {
    let runtime = AsyncStd::new(2).unwrap();
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let mut listener = TcpListener::try_from(listener).unwrap();
    let client = net::TcpStream::connect(addr).unwrap();
    runtime.block_on(async {
        let mut server = listener.accept().await.unwrap();
        let mut client = TcpStream::try_from(client).unwrap();
        client.write_all(b"ping").await.unwrap();
        client.close().await.unwrap();
        let mut received = String::new();
        server.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "ping");
    });
}
