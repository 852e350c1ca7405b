//! What is particular to tokio; what all runtimes share is in `conformance.rs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::{pending, poll_fn};
use std::io::{ErrorKind, Read, Write};
use std::net;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use wirework::{Connection, Datagram, Listener, Network, Runtime, Split, Task, TaskError, Timer};
use wirework_tokio::{TcpStream, Tokio, UdpSocket};

#[test]
fn zero_threads_are_refused() {
    let error = Tokio::new(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one thread"), "{error}");
}

#[test]
fn it_runs_on_as_many_threads_as_asked_for() {
    let runtime = Tokio::new(3).unwrap();
    let all_at_once = Arc::new(Barrier::new(3));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let all_at_once = Arc::clone(&all_at_once);
            runtime.spawn(async move {
                all_at_once.wait();
                thread::current().name().unwrap().to_owned()
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), "wirework-tokio");
    }
}

#[test]
fn the_last_clone_stops_the_threads_and_cancels_the_tasks() {
    let runtime = Tokio::new(2).unwrap();
    let (guard, dropped) = Guard::new();
    let task = runtime.spawn(guard.hold());
    drop(runtime.clone());
    assert!(dropped.try_recv().is_err());
    drop(runtime);
    dropped.recv().unwrap();
    assert!(matches!(block_on(task), Err(TaskError::Cancelled)));
}

#[test]
fn the_last_clone_may_be_dropped_by_a_task_of_its_own() {
    let runtime = Tokio::new(1).unwrap();
    let (guard, dropped) = Guard::new();
    runtime.spawn(guard.hold()).detach();
    let last = runtime.clone();
    runtime.spawn(async move { drop(last) }).detach();
    drop(runtime);
    dropped.recv().unwrap();
}

#[test]
fn run_ends_tasks_that_hold_the_runtime() {
    let (guard, dropped) = Guard::new();
    let left = wirework_tokio::run(|runtime| async move {
        let held = runtime.clone();
        runtime
            .spawn(async move {
                guard.hold().await;
                drop(held);
            })
            .detach();
        runtime
    });
    dropped.recv().unwrap();
    // Spawning goes on to be safe: the task is cancelled.
    assert!(matches!(block_on(left.spawn(async {})), Err(TaskError::Cancelled)));
}

#[test]
fn a_dropped_handle_cancels_and_a_detached_task_goes_on() {
    let runtime = Tokio::new(1).unwrap();
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
    let runtime = Tokio::new(1).unwrap();
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
fn the_last_clone_may_be_dropped_in_an_async_context() {
    let theirs = Builder::new_current_thread().build().unwrap();
    theirs.block_on(async { drop(Tokio::new(1).unwrap()) });
}

#[test]
fn the_runtime_around_is_found_and_none_is_an_error() {
    let error = Tokio::current().unwrap_err();
    assert!(error.to_string().contains("Tokio"), "{error}");

    let theirs = Builder::new_current_thread().enable_all().build().unwrap();
    theirs.block_on(async {
        let runtime = Tokio::current().unwrap();
        let task = runtime.spawn(async { thread::current().id() });
        assert_eq!(task.await.unwrap(), thread::current().id());
        runtime.timer(runtime.now()).await;
    });
    let runtime = Tokio::from_handle(theirs.handle().clone());
    let task = runtime.spawn(async { 7 });
    assert_eq!(theirs.block_on(task).unwrap(), 7);
}

#[test]
fn sockets_and_timers_work_on_threads_that_are_not_tokios() {
    let runtime = Tokio::new(1).unwrap();
    block_on(async {
        runtime.timer(runtime.now() + Duration::from_millis(1)).await;
        let mut listener = runtime.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = listener.local_addr().unwrap().ip().unwrap();
        let mut client = runtime.connect_tcp(addr).await.unwrap();
        let mut server = listener.accept().await.unwrap();
        assert!(client.get_ref().nodelay().unwrap() && server.get_ref().nodelay().unwrap());
        client.write_all(b"ping").await.unwrap();
        let mut buf = [0; 4];
        server.read_exact(&mut buf).await.unwrap();

        let socket = runtime.bind_udp(([127, 0, 0, 1], 0).into()).unwrap();
        let addr = socket.local_addr().unwrap();
        socket.send_to(b"pong", addr).await.unwrap();
        assert_eq!(socket.recv_from(&mut buf).await.unwrap(), (4, addr));
        let addrs = runtime.resolve("127.0.0.1", 80).await.unwrap();
        assert_eq!(addrs, [([127, 0, 0, 1], 80).into()]);
    });
}

#[test]
fn a_timer_stays_complete_until_it_is_reset() {
    let runtime = Tokio::new(1).unwrap();
    let start = runtime.now();
    let mut timer = pin!(runtime.timer(start + Duration::from_millis(1)));
    block_on(&mut timer);
    assert!(runtime.now() >= start + Duration::from_millis(1));
    block_on(&mut timer);
    timer.as_mut().reset(start + Duration::from_hours(1));
    assert!(block_on(poll_once(&mut timer)).is_none());
    timer.as_mut().reset(start);
    block_on(&mut timer);
}

#[test]
fn sockets_made_elsewhere_are_adopted() {
    let runtime = Tokio::new(1).unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut listener = runtime.adopt_listener(listener);
        let mut client = TcpStream::from(tokio::net::TcpStream::connect(addr).await.unwrap());
        let mut server = listener.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut buf = [0; 4];
        server.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"ping");

        let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let socket = UdpSocket::from(socket);
        let addr = socket.local_addr().unwrap();
        socket.send_to(b"pong", addr).await.unwrap();
        assert_eq!(socket.recv_from(&mut buf).await.unwrap(), (4, addr));
    });
}

#[test]
fn a_refused_connection_names_the_address() {
    // Bound, so that nobody else takes the port, but not listening.
    let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    silent.bind(&net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let addr = silent.local_addr().unwrap().as_socket().unwrap();
    let runtime = Tokio::new(1).unwrap();
    let error = block_on(runtime.connect_tcp(addr)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let expected = format!("cannot connect to {addr}: Connection refused");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn unix_sockets_peek_without_consuming() {
    let runtime = Tokio::new(1).unwrap();
    let path = std::env::temp_dir().join(format!("wirework-tokio-{}.sock", std::process::id()));
    let mut listener = runtime.listen_unix(&path).unwrap();
    block_on(async {
        let mut client = runtime.connect_unix(&path).await.unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut server = listener.accept().await.unwrap();
        let mut buf = [0; 8];
        let mut cx = Context::from_waker(Waker::noop());
        assert!(server.poll_peek(&mut cx, &mut buf).is_pending());
        client.write_all(b"ping").await.unwrap();
        for _ in 0..2 {
            let peeked = poll_fn(|cx| server.poll_peek(cx, &mut buf)).await;
            assert_eq!(peeked.unwrap(), 4);
        }
        assert_eq!(server.read(&mut buf).await.unwrap(), 4);
        assert!(server.poll_peek(&mut cx, &mut buf).is_pending());
        assert_eq!(client.peer_addr().unwrap(), wirework::Addr::Unix(Some(path)));
    });
}

#[test]
fn the_write_half_ends_the_stream() {
    let runtime = Tokio::new(1).unwrap();
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
    let runtime = Tokio::new(1).unwrap();
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
    let runtime = Tokio::new(1).unwrap();
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

fn connected(runtime: &Tokio) -> (TcpStream, net::TcpStream) {
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
