//! What is particular to async-std; what all runtimes share is in `conformance.rs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::pending;
use std::io::{ErrorKind, Read, Write};
use std::net;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use wirework::{Datagram, Listener, Network, Runtime, Split, Task};
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
fn a_dropped_handle_cancels_and_a_detached_task_goes_on() {
    let runtime = AsyncStd::new(2).unwrap();
    let (guard, dropped) = Guard::new();
    drop(runtime.spawn(guard.hold()));
    dropped.recv().unwrap();
    let (sender, receiver) = mpsc::channel();
    runtime.spawn(async move { sender.send(()) }).detach();
    receiver.recv().unwrap();
}

#[test]
fn a_panic_is_the_tasks_error_and_its_thread_goes_on() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let runtime = AsyncStd::new(2).unwrap();
    let error = runtime.block_on(runtime.spawn(async { panic!("polled") })).unwrap_err();
    assert_eq!(error.panic_message(), Some("polled"));
    let error = runtime.block_on(runtime.blocking(|| panic!("called"))).unwrap_err();
    assert_eq!(error.panic_message(), Some("called"));
    let value = PanicsWhenDropped;
    drop(runtime.spawn(async move {
        pending::<()>().await;
        drop(value);
    }));
    assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
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

#[test]
fn the_write_half_ends_the_stream() {
    let runtime = AsyncStd::new(2).unwrap();
    let (stream, mut peer) = connected(&runtime);
    let (mut read, mut write) = stream.split();
    runtime.block_on(write.write_all(b"ping")).unwrap();
    drop(write);
    let mut received = String::new();
    peer.read_to_string(&mut received).unwrap();
    assert_eq!(received, "ping");
    peer.write_all(b"pong").unwrap();
    runtime.block_on(read.read_exact(&mut [0; 4])).unwrap();
}

#[test]
fn a_reset_is_told_from_an_end() {
    let runtime = AsyncStd::new(2).unwrap();
    let (mut stream, peer) = connected(&runtime);
    drop(peer);
    assert_eq!(runtime.block_on(stream.read(&mut [0; 8])).unwrap(), 0);

    let (mut stream, peer) = connected(&runtime);
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
    let error = runtime.block_on(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    runtime.block_on(stream.close()).unwrap();
}

#[test]
fn two_tasks_on_one_direction_do_not_wake_each_other() {
    let runtime = AsyncStd::new(2).unwrap();
    let (mut stream, _peer) = connected(&runtime);
    let counts = [Arc::new(Wakes::default()), Arc::new(Wakes::default())];
    for _ in 0..100 {
        for count in &counts {
            let waker = Waker::from(Arc::clone(count));
            let read = Pin::new(&mut stream).poll_read(&mut Context::from_waker(&waker), &mut [0; 8]);
            assert!(read.is_pending());
        }
    }
    assert_eq!(counts.map(|count| count.0.load(Ordering::SeqCst)), [0, 0]);
}

fn connected(runtime: &AsyncStd) -> (TcpStream, net::TcpStream) {
    let mut listener = runtime.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let peer = net::TcpStream::connect(listener.local_addr().unwrap().ip().unwrap()).unwrap();
    (runtime.block_on(listener.accept()).unwrap(), peer)
}

/// Says when it is dropped.
struct Guard(mpsc::Sender<()>);

impl Guard {
    fn new() -> (Self, mpsc::Receiver<()>) {
        let (sender, receiver) = mpsc::channel();
        (Self(sender), receiver)
    }

    async fn hold(self) {
        pending::<()>().await;
        drop(self);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.send(()).ok();
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
