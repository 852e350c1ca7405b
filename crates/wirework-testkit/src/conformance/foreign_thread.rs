//! A runtime's value works anywhere: on threads that are not the runtime's, under an executor that knows nothing of it.
//!
//! Libraries with threads of their own need this. tokio's sockets and timers panic where nobody has entered the runtime.

use std::time::Duration;

use async_channel::bounded;
use futures_lite::AsyncWriteExt;
use futures_lite::future::{block_on, zip};
use wirework::{Datagram, Listener, Network, Runtime};

use crate::foreign_thread::on_foreign_thread;
use crate::steps::{expect_bytes, expect_end, send};
#[cfg(unix)]
use crate::temp_path::TempPath;
use crate::transport::{LOOPBACK, Tcp, Transport, listen};

/// A connection made on the runtime is used elsewhere, and its peer on the runtime.
pub async fn a_connection_can_be_used_there<N: Network>(rt: N) {
    let (mut client, mut server) = Tcp(rt).pair().await;
    let there = on_foreign_thread(async move {
        expect_bytes(&mut server, b"ping").await;
        server
            .write_all(b"pong")
            .await
            .expect("writing must work on any thread");
        server.close().await.expect("closing must work on any thread");
    });
    let here = async {
        send(&mut client, b"ping").await;
        expect_bytes(&mut client, b"pong").await;
        expect_end(&mut client).await;
    };
    zip(there, here).await;
}

/// Listening, connecting and accepting work elsewhere.
pub async fn tcp_can_be_made_there<N: Network>(rt: N) {
    on_foreign_thread(async move {
        let (mut listener, addr) = listen(&rt);
        let (client, server) = zip(rt.connect_tcp(addr), listener.accept()).await;
        let mut client = client.expect("connecting must work on any thread");
        let mut server = server.expect("accepting must work on any thread");
        client
            .write_all(b"ping")
            .await
            .expect("writing must work on any thread");
        expect_bytes(&mut server, b"ping").await;
    })
    .await;
}

/// So do Unix sockets.
#[cfg(unix)]
pub async fn unix_can_be_made_there<N: Network>(rt: N) {
    on_foreign_thread(async move {
        let path = TempPath::new();
        let mut listener = rt.listen_unix(&path).expect("listening must work on any thread");
        let (client, server) = zip(rt.connect_unix(&path), listener.accept()).await;
        let mut client = client.expect("connecting must work on any thread");
        let mut server = server.expect("accepting must work on any thread");
        client
            .write_all(b"ping")
            .await
            .expect("writing must work on any thread");
        expect_bytes(&mut server, b"ping").await;
    })
    .await;
}

/// So does UDP.
pub async fn udp_can_be_made_there<N: Network>(rt: N) {
    on_foreign_thread(async move {
        let socket = rt.bind_udp(LOOPBACK).expect("binding must work on any thread");
        let addr = socket.local_addr().expect("a socket must know its address");
        let mut buf = [0; 16];
        let (sent, received) = zip(socket.send_to(b"to myself", addr), socket.recv_from(&mut buf)).await;
        sent.expect("sending must work on any thread");
        let (length, from) = received.expect("receiving must work on any thread");
        assert_eq!(
            (&buf[..length], from),
            (&b"to myself"[..], addr),
            "message or source is wrong"
        );
    })
    .await;
}

/// So does looking up a name.
pub async fn names_can_be_resolved_there<N: Network>(rt: N) {
    let addrs = on_foreign_thread(async move { rt.resolve("localhost", 80).await }).await;
    addrs.expect("a lookup must work on any thread");
}

/// Timers can be made, moved and waited for elsewhere.
pub async fn timers_work_there<R: Runtime>(rt: R) {
    on_foreign_thread(async move {
        let mut timer = std::pin::pin!(rt.timer(rt.now() + Duration::from_hours(1)));
        let deadline = rt.now() + Duration::from_millis(5);
        wirework::Timer::reset(timer.as_mut(), deadline);
        timer.await;
        assert!(rt.now() >= deadline, "a timer must not complete before its deadline");
    })
    .await;
}

/// Tasks can be spawned, waited for and cancelled elsewhere. They run on the runtime.
pub async fn tasks_can_be_spawned_there<R: Runtime>(rt: R) {
    let result = on_foreign_thread(async move {
        drop(rt.spawn(std::future::pending::<()>()));
        let inner = rt.clone();
        rt.spawn(async move {
            // On the runtime's own thread: its timers work without more ado.
            inner.timer(inner.now() + Duration::from_millis(1)).await;
            7
        })
        .await
    });
    assert_eq!(result.await.expect("a task spawned from any thread must run"), 7);
}

/// Blocking functions can be started elsewhere.
pub async fn functions_can_block_there<R: Runtime>(rt: R) {
    let result = on_foreign_thread(async move { rt.blocking(|| 7).await }).await;
    assert_eq!(result.expect("a blocking function must run from any thread"), 7);
}

/// A task is woken from elsewhere.
pub async fn a_task_is_woken_from_there<R: Runtime>(rt: R) {
    for number in 0..20 {
        let (sender, receiver) = bounded(1);
        let (started, start) = bounded(1);
        let task = rt.spawn(async move {
            started.send(()).await.expect("the check waits for it");
            receiver.recv().await
        });
        start.recv().await.expect("a task must start by itself");
        let thread = std::thread::spawn(move || block_on(sender.send(number)));
        let result = task.await.expect("the task must not fail");
        assert_eq!(result, Ok(number), "a task must be woken from any thread");
        thread
            .join()
            .expect("the thread must not panic")
            .expect("the task waits for it");
    }
}

/// The future that the runtime was started with is woken from elsewhere too.
pub async fn the_main_future_is_woken_from_there<R: Runtime>(_: R) {
    for number in 0..20 {
        let (sender, receiver) = bounded(1);
        let thread = std::thread::spawn(move || block_on(sender.send(number)));
        assert_eq!(
            receiver.recv().await,
            Ok(number),
            "the main future must be woken from any thread"
        );
        thread
            .join()
            .expect("the thread must not panic")
            .expect("the check waits for it");
    }
}
