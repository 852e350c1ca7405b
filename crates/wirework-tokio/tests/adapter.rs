//! What is particular to tokio; what all runtimes share is in `conformance.rs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::pending;
use std::io::ErrorKind;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Builder;
use tokio::task::coop;
use wirework::codec::Lines;
use wirework::time::sleep;
use wirework::{Datagram, Framed, Listener, Network, Runtime, Shutdown, Task, TaskError};
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

#[test]
fn who_is_to_give_way_still_hears_what_came_before_a_shutdown() {
    wirework_tokio::run(|network| async move {
        let mut listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
        let target = listener.local_addr().unwrap().to_string();
        let mut peer = wirework::connect(&network, &target).await.unwrap();
        let stream = listener.accept().await.unwrap();
        let shutdown = Shutdown::new();
        let mut lines = Framed::new(stream, Lines::new()).until(shutdown.signal());
        peer.write_all(b"one\n").await.unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), "one");
        peer.write_all(b"two\n").await.unwrap();
        // tokio looks for events before it is asked for the time.
        sleep(&network, Duration::from_millis(1)).await;
        shutdown.begin();
        while coop::has_budget_remaining() {
            coop::consume_budget().await;
        }
        assert_eq!(lines.next().await.unwrap().unwrap(), "two");
        assert_eq!(lines.next().await.unwrap(), None);
    });
}
