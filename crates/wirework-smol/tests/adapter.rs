//! What is particular to smol; what all runtimes share is in `conformance.rs`.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::pending;
use std::io::ErrorKind;
use std::net;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use smol::Executor;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use wirework::{Datagram, Listener, Runtime, Task, TaskError};
use wirework_smol::{Smol, TcpListener, TcpStream, UdpSocket};

#[test]
fn zero_threads_are_refused() {
    let error = Smol::new(0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one thread"), "{error}");
}

#[test]
fn it_runs_on_as_many_threads_as_asked_for() {
    let runtime = Smol::new(3).unwrap();
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
    let mut names: Vec<_> = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).collect();
    names.sort();
    assert_eq!(names, ["wirework-smol-1", "wirework-smol-2", "wirework-smol-3"]);
}

#[test]
fn the_last_clone_stops_the_threads_and_cancels_the_tasks() {
    let runtime = Smol::new(2).unwrap();
    let (guard, dropped) = Guard::new();
    let task = runtime.spawn(guard.hold());
    drop(runtime.clone());
    assert!(dropped.try_recv().is_err());
    drop(runtime);
    dropped.recv().unwrap();
    assert!(matches!(smol::block_on(task), Err(TaskError::Cancelled)));
}

#[test]
fn the_last_clone_may_be_dropped_by_a_task_of_its_own() {
    let runtime = Smol::new(1).unwrap();
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
    let left = wirework_smol::run(|runtime| async move {
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
    assert!(matches!(
        smol::block_on(left.spawn(async {})),
        Err(TaskError::Cancelled)
    ));
}

#[test]
fn an_executor_that_runs_elsewhere_is_used_as_it_is() {
    let executor = Arc::new(Executor::new());
    let runtime = Smol::with_executor(Arc::clone(&executor));
    let task = runtime.spawn(async { thread::current().id() });
    let ran_on = smol::block_on(executor.run(task)).unwrap();
    assert_eq!(ran_on, thread::current().id());

    let global = Smol::global();
    assert_eq!(global.block_on(global.spawn(async { 7 })).unwrap(), 7);
}

#[test]
fn sockets_made_elsewhere_are_adopted() {
    let runtime = Smol::new(1).unwrap();
    runtime.block_on(async {
        let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let mut listener = TcpListener::adopt(listener).unwrap();
        let theirs = smol::net::TcpStream::connect(addr).await.unwrap();
        // Still shared, so it gets a descriptor of its own.
        let mut client = TcpStream::adopt(theirs.clone()).unwrap();
        let mut server = listener.accept().await.unwrap();
        client.write_all(b"ping").await.unwrap();
        let mut buf = [0; 4];
        server.read_exact(&mut buf).await.unwrap();
        server.write_all(b"pong").await.unwrap();
        client.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"pong");
        drop(theirs);

        let socket = smol::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let socket = UdpSocket::adopt(socket).unwrap();
        let addr = socket.local_addr().unwrap();
        socket.send_to(b"ping", addr).await.unwrap();
        assert_eq!(socket.recv_from(&mut buf).await.unwrap(), (4, addr));
    });
}

#[test]
fn std_sockets_are_adopted() {
    let runtime = Smol::new(1).unwrap();
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
