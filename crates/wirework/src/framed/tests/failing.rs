//! What a failed write means to those who receive, and that it is never taken for a clean end.

use std::io;
use std::net::Shutdown as How;

use futures_lite::future::{block_on, poll_once};
use wirework_codec::{LengthDelimited, Lines};

use super::probe::Probe;
use super::{echo, write};
use crate::{Connection, Framed, Shutdown};

#[test]
fn what_had_come_is_still_received_after_a_failed_write() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "one");
        framed.send("reply").await.unwrap();
        write(&mut peer, b"two\n").await;
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::ConnectionReset);
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        // The next who sends is told, with the system's error first.
        let error = io::Error::from(framed.send("reply").await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(
            error.to_string(),
            io::Error::from(io::ErrorKind::ConnectionReset).to_string()
        );
        let error = framed.flush().await.unwrap_err();
        assert_eq!(error.to_string(), "an earlier write on this connection failed");
        assert_eq!(framed.unsent(), 0);
        // Who was told has been told: sending once more in vain does not spoil the end.
        framed.send("reply").await.unwrap_err();
        peer.shutdown(How::Write).unwrap();
        assert_eq!(framed.next().await.unwrap(), None);
    });
}

#[test]
fn interrupted_calls_are_made_again() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\n").await;
        *calls.next_read.lock().unwrap() = Some(io::ErrorKind::Interrupted);
        assert_eq!(framed.next().await.unwrap().unwrap(), "one");
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::Interrupted);
        framed.send("reply").await.unwrap();
        framed.flush().await.unwrap();
        assert_eq!((calls.reads(), calls.writes()), (1, 1));
    });
}

#[test]
fn a_failed_write_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\n").await;
        peer.shutdown(How::Write).unwrap();
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::BrokenPipe);
        let error = echo(&mut framed).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_write_that_fails_at_the_watermark_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new()).watermarks(0, 4);
        write(&mut peer, b"one\ntwo\n").await;
        peer.shutdown(How::Write).unwrap();
        let (line, mut out) = framed.next_ref().await.unwrap().unwrap();
        out.send(line).unwrap();
        assert!(out.is_full());
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::ConnectionReset);
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        let error = io::Error::from(framed.next().await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_write_that_fails_during_a_shutdown_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, _peer) = Probe::pair(1024);
        let shutdown = Shutdown::new();
        let mut framed = Framed::new(probe, Lines::new()).until(shutdown.signal());
        framed.send("reply").await.unwrap();
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::BrokenPipe);
        shutdown.begin();
        let error = io::Error::from(framed.next().await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(framed.next().await.unwrap(), None);
    });
}

#[test]
fn the_end_follows_a_malformed_frame_that_fills_the_buffer() {
    block_on(async {
        for borrowed in [false, true] {
            let (probe, _calls, mut peer) = Probe::pair(64 * 1024);
            let mut framed = Framed::new(probe, LengthDelimited::new().max_len(10));
            write(&mut peer, &[0xff; 16 * 1024]).await;
            // The peer says nothing more, and does not close.
            if borrowed {
                assert!(framed.next_ref().await.is_err());
                let end = poll_once(framed.next_ref()).await.expect("nothing more is waited for");
                assert!(end.unwrap().is_none());
            } else {
                framed.next().await.unwrap_err();
                let end = poll_once(framed.next()).await.expect("nothing more is waited for");
                assert_eq!(end.unwrap(), None);
            }
        }
    });
}
