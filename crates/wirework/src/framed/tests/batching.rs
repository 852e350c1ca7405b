//! How replies leave: as many as there are in one write, and before the end or an error is reported.

use std::io;
use std::net::Shutdown as How;
use std::sync::atomic::Ordering;

use futures_lite::future::{block_on, poll_once};
use wirework_codec::bytes::Bytes;
use wirework_codec::{LengthDelimited, Lines};

use super::probe::Probe;
use super::{echo, read_now, write};
use crate::memory::pair;
use crate::{Connection, Framed};

#[test]
fn the_naive_loop_writes_once_per_batch_read() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, Lines::new());
        let batch = "ping\n".repeat(100);
        for _ in 0..3 {
            write(&mut peer, batch.as_bytes()).await;
            assert!(poll_once(echo(&mut framed)).await.is_none());
            assert_eq!(calls.writes(), 1);
            assert_eq!(read_now(&mut peer).await, batch.as_bytes());
        }
    });
}

#[test]
fn replies_leave_together_with_those_to_what_comes_right_behind() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, Lines::new()).budget(10_000);
        // More than the first read has room for, and less than the high watermark.
        let lines = "line\n".repeat(6000);
        write(&mut peer, lines.as_bytes()).await;
        assert!(poll_once(echo(&mut framed)).await.is_none());
        assert_eq!(read_now(&mut peer).await, lines.as_bytes());
        assert_eq!(calls.writes(), 1);
    });
}

#[test]
fn the_borrowed_loop_writes_once_per_batch_read() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, LengthDelimited::new());
        let batch = b"\0\0\0\x04ping".repeat(100);
        write(&mut peer, &batch).await;
        let serve = async {
            while let Some((frame, mut out)) = framed.next_ref().await? {
                out.send(frame)?;
            }
            io::Result::Ok(())
        };
        assert!(poll_once(serve).await.is_none());
        assert_eq!(calls.writes(), 1);
        assert_eq!(read_now(&mut peer).await, batch);
    });
}

#[test]
fn large_frames_are_gathered_into_one_write() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024 * 1024);
        let mut framed = Framed::new(probe, LengthDelimited::new());
        for _ in 0..3 {
            framed.send(Bytes::from(vec![7; 10_000])).await.unwrap();
        }
        framed.flush().await.unwrap();
        assert_eq!((calls.writes(), calls.most_slices.load(Ordering::Relaxed)), (1, 6));
        assert_eq!(read_now(&mut peer).await.len(), 30_012);
    });
}

#[test]
fn replies_leave_before_the_end_is_reported() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\ntwo\n").await;
        peer.shutdown(How::Write).unwrap();
        echo(&mut framed).await.unwrap();
        assert_eq!(calls.writes(), 1);
        assert_eq!(read_now(&mut peer).await, b"one\ntwo\n");
        // And a late reply can still be sent to an end that only half-closed.
        framed.send("late").await.unwrap();
        framed.close().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"late\n");
    });
}

#[test]
fn replies_leave_before_a_decoding_error_is_reported() {
    block_on(async {
        for input in [&b"good\n\xff\n"[..], b"good\n0123456789abc\n"] {
            let (mut peer, stream) = pair(1024);
            let mut framed = Framed::new(stream, Lines::new().max_len(10));
            write(&mut peer, input).await;
            assert!(echo(&mut framed).await.is_err());
            drop(framed);
            assert_eq!(read_now(&mut peer).await, b"good\n");

            let (mut peer, stream) = pair(1024);
            let mut framed = Framed::new(stream, Lines::new().max_len(10));
            write(&mut peer, input).await;
            let (line, mut out) = framed.next_ref().await.unwrap().unwrap();
            out.send(line).unwrap();
            assert!(framed.next_ref().await.is_err());
            drop(framed);
            assert_eq!(read_now(&mut peer).await, b"good\n");
        }
    });
}

#[test]
fn replies_leave_after_a_read_that_was_filled_to_the_last_byte() {
    block_on(async {
        let (mut peer, connection) = pair(64 * 1024);
        let mut framed = Framed::new(connection, Lines::new()).budget(10_000);
        // As much as the first read has room for, so that more is expected; but there is none.
        let lines = b"1234567\n".repeat(2048);
        write(&mut peer, &lines).await;
        assert!(poll_once(echo(&mut framed)).await.is_none());
        assert_eq!(read_now(&mut peer).await.len(), lines.len());
    });
}
