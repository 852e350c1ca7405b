//! The reactor as a whole: whoever waits, and however, is told.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::io::{Read, Write};
use std::net;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use async_io::{Async, Timer};
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWriteExt, future};
use wirework_async_io::{TcpStream, block_on};

#[test]
fn more_sockets_at_once_than_a_turn_takes() {
    for wait in [block_on::<Reading>, async_io::block_on::<()>, future::block_on] {
        let mut pairs: Vec<_> = (0..600).map(|_| connected()).collect();
        for (stream, _) in &mut pairs {
            assert!(poll_read(stream, Waker::noop()));
        }
        for (_, peer) in &mut pairs {
            peer.write_all(b"ping").unwrap();
        }
        wait(Box::pin(async move {
            for (stream, _) in &mut pairs {
                stream.read_exact(&mut [0; 4]).await.unwrap();
            }
        }));
    }
}

#[test]
fn what_async_io_does_itself_goes_on() {
    let (mut ours, mut our_peer) = connected();
    let (theirs, mut their_peer) = std_pair();
    let theirs = Async::new(theirs).unwrap();
    block_on(async {
        for _ in 0..20 {
            Timer::after(Duration::from_millis(1)).await;
            their_peer.write_all(b"ping").unwrap();
            (&theirs).read_exact(&mut [0; 4]).await.unwrap();
            our_peer.write_all(b"ping").unwrap();
            ours.read_exact(&mut [0; 4]).await.unwrap();
        }
    });
}

#[test]
fn a_thread_that_is_busy_keeps_no_events_from_others() {
    for wait in [block_on::<Reading>, async_io::block_on::<()>, future::block_on] {
        let (mut first, mut first_peer) = connected();
        let (mut second, mut second_peer) = connected();
        let (busy, is_busy) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let working = thread::spawn(move || {
            block_on(async {
                first.read_exact(&mut [0; 4]).await.unwrap();
                busy.send(()).unwrap();
                is_done.recv().unwrap();
            });
        });
        first_peer.write_all(b"ping").unwrap();
        is_busy.recv().unwrap();
        for _ in 0..3 {
            let answering = second_peer.try_clone().unwrap();
            wait(Box::pin(answered(second.get_ref().try_clone().unwrap(), answering)));
        }
        second_peer.write_all(b"ping").unwrap();
        block_on(second.read_exact(&mut [0; 4])).unwrap();
        done.send(()).unwrap();
        working.join().unwrap();
    }
}

#[test]
fn threads_that_come_and_go_leave_the_others_served() {
    let (mut long, mut long_peer) = connected();
    let waiting = thread::spawn(move || {
        block_on(async {
            for _ in 0..50 {
                long.read_exact(&mut [0; 4]).await.unwrap();
                long.write_all(b"pong").await.unwrap();
            }
        });
    });
    for _ in 0..50 {
        let (near, far) = std_pair();
        let passing = thread::spawn(move || block_on(answered(near, far)));
        long_peer.write_all(b"ping").unwrap();
        long_peer.read_exact(&mut [0; 4]).unwrap();
        passing.join().unwrap();
    }
    waiting.join().unwrap();
}

#[test]
fn streams_that_change_threads_lose_nothing() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                let (mut stream, mut peer) = connected();
                let echo = thread::spawn(move || {
                    let mut buf = [0; 4];
                    while peer.read_exact(&mut buf).is_ok() {
                        peer.write_all(&buf).unwrap();
                    }
                });
                for number in 0..100_u32 {
                    let mut moved = stream;
                    stream = thread::spawn(move || {
                        block_on(async {
                            moved.write_all(&number.to_be_bytes()).await.unwrap();
                            let mut buf = [0; 4];
                            moved.read_exact(&mut buf).await.unwrap();
                            assert_eq!(u32::from_be_bytes(buf), number);
                        });
                        moved
                    })
                    .join()
                    .unwrap();
                }
                drop(stream);
                echo.join().unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_waker_that_panics_keeps_no_other_asleep() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("woken");
        }
    }
    for wait in [block_on::<Reading>, async_io::block_on::<()>, future::block_on] {
        let (mut first, mut first_peer) = connected();
        let (mut second, mut second_peer) = connected();
        assert!(poll_read(&mut first, &Waker::from(Arc::new(Panics))));
        assert!(poll_read(&mut second, Waker::noop()));
        first_peer.write_all(b"ping").unwrap();
        second_peer.write_all(b"ping").unwrap();
        wait(Box::pin(async move {
            second.read_exact(&mut [0; 4]).await.unwrap();
            first.read_exact(&mut [0; 4]).await.unwrap();
        }));
    }
}

type Reading = Pin<Box<dyn Future<Output = ()>>>;

/// Waits for a message that was not there when the wait began, as far as one can tell.
async fn answered(near: net::TcpStream, mut far: net::TcpStream) {
    let mut stream = TcpStream::try_from(near).unwrap();
    assert!(poll_read(&mut stream, Waker::noop()));
    let answering = thread::spawn(move || far.write_all(b"ping").unwrap());
    stream.read_exact(&mut [0; 4]).await.unwrap();
    answering.join().unwrap();
}

/// Whether it is pending.
fn poll_read(stream: &mut TcpStream, waker: &Waker) -> bool {
    let poll = Pin::new(stream).poll_read(&mut Context::from_waker(waker), &mut [0; 4]);
    poll.is_pending()
}

fn connected() -> (TcpStream, net::TcpStream) {
    let (near, far) = std_pair();
    (TcpStream::try_from(near).unwrap(), far)
}

fn std_pair() -> (net::TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}
