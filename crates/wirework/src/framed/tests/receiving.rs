//! What whoever receives can rely on: no frame is lost, others get their turn, and waiting holds no memory.

use std::io;
use std::pin::pin;

use futures_lite::future::{block_on, poll_once};
use wirework_codec::{Fault, LengthDelimited, Lines, RecoveringLines};

use super::write;
use crate::framed::{FramedRead, ReadError};
use crate::memory::pair;
use crate::{Connection, Framed};

#[test]
fn dropping_next_loses_nothing() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        let text = "grüß gott\nhello\n";
        let mut lines = Vec::new();
        for byte in text.bytes() {
            write(&mut peer, &[byte]).await;
            // Each of these is dropped while pending, alternating between the two ways to receive.
            if let Some(line) = poll_once(framed.next()).await {
                lines.push(line.unwrap().unwrap());
            }
            assert!(poll_once(framed.next_ref()).await.is_none());
        }
        assert_eq!(lines, ["grüß gott", "hello"]);
    });
}

#[test]
fn a_frame_cut_off_by_the_end_is_an_error() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"whole\nhal").await;
        drop(peer);
        assert_eq!(framed.next().await.unwrap().unwrap(), "whole");
        let error = framed.next().await.unwrap_err();
        assert!(matches!(&error, ReadError::Decode(error) if matches!(error.fault(), Fault::Truncated { left: 3 })));
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            error.to_string(),
            "stream ended inside a frame at byte 6: 3 bytes left over"
        );
        assert_eq!(framed.next().await.unwrap(), None);
    });
}

#[test]
fn a_firehose_gives_others_a_turn() {
    block_on(async {
        let (mut peer, stream) = pair(1024 * 1024);
        let mut framed = Framed::new(stream, Lines::new()).budget(10);
        write(&mut peer, "x\n".repeat(100).as_bytes()).await;
        drop(peer);
        let mut count = pin!(async {
            let mut frames = 0;
            while framed.next().await.unwrap().is_some() {
                frames += 1;
            }
            frames
        });
        let mut turns = 1;
        let frames = loop {
            match poll_once(count.as_mut()).await {
                Some(frames) => break frames,
                None => turns += 1,
            }
        };
        assert_eq!((frames, turns), (100, 11));
    });
}

#[test]
fn a_firehose_of_bytes_that_are_no_frames_gives_others_a_turn() {
    block_on(async {
        let firehose = futures_lite::AsyncReadExt::take(futures_lite::io::repeat(b'x'), 200_000_000);
        let mut reader = FramedRead::new(firehose, RecoveringLines::new());
        // One frame says that the line is too long; the rest of it is skipped.
        let too_long = poll_once(async { while reader.next().await.unwrap().is_some() {} });
        assert!(too_long.await.is_none());
    });
}

#[test]
fn an_idle_connection_holds_no_memory() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, LengthDelimited::new());
        assert!(poll_once(framed.next_ref()).await.is_none());
        assert_eq!(framed.sides.inbound.deframer.memory(), 0);
        write(&mut peer, b"\0\0\0\x02hi").await;
        while let Some(frame) = poll_once(framed.next_ref()).await {
            let (frame, mut out) = frame.unwrap().unwrap();
            out.send(frame).unwrap();
        }
        assert_eq!(framed.sides.inbound.deframer.memory(), 0);
        assert!(framed.sides.outbound.buf.is_none());
    });
}

#[test]
fn futures_that_hold_borrowed_frames_can_be_spawned() {
    async fn held<C: Connection>(mut framed: Framed<C, Lines>) -> io::Result<()> {
        while let Some((line, mut out)) = framed.next_ref().await? {
            futures_lite::future::yield_now().await;
            out.send(line)?;
        }
        Ok(())
    }
    fn spawnable(_: impl Future + Send + 'static) {}
    spawnable(held(Framed::new(pair(1).0, Lines::new())));
}
