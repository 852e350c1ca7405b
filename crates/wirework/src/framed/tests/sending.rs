//! What whoever sends can rely on: a bound on what is unsent, and frames that leave whole or not at all.

use std::collections::VecDeque;
use std::net::Shutdown as How;

use futures_lite::AsyncReadExt;
use futures_lite::future::{block_on, poll_once, zip};
use wirework_codec::{Encoder, Lines, LinesError, RawBytes, WriteBuf};

use super::probe::Probe;
use super::read_now;
use crate::framed::WriteError;
use crate::memory::pair;
use crate::{Connection, Framed};

#[test]
fn a_stuck_peer_stops_reader_and_sender_at_the_high_watermark() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(10);
        let mut framed = Framed::new(probe, Lines::new()).watermarks(100, 1000);
        while poll_once(framed.send("0123456789")).await.is_some() {}
        // A frame over the mark, and less what the pipe took.
        assert!((990..1011).contains(&framed.unsent()), "{}", framed.unsent());

        // Nothing more is read for it, though there is something.
        calls.reads();
        peer.shutdown(How::Write).unwrap();
        assert!(poll_once(framed.next()).await.is_none());
        assert_eq!(calls.reads(), 0);

        // It goes on at the low watermark, not before.
        while poll_once(framed.reserve()).await.is_none() {
            assert!(framed.unsent() > 100);
            read_now(&mut peer).await;
        }
        assert!((91..=100).contains(&framed.unsent()), "{}", framed.unsent());
        poll_once(framed.send("more")).await.unwrap().unwrap();
    });
}

#[test]
fn a_frame_is_sent_by_the_call_or_waits_with_its_future() {
    block_on(async {
        let (stream, mut peer) = pair(4);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 8);
        // There is room for it, so it does not take the future.
        drop(framed.send("by the call"));
        assert_eq!(framed.unsent(), 12);
        // Here there is none, so it goes with the future, polled or not.
        drop(framed.send("lost"));
        assert!(poll_once(framed.send("lost, too")).await.is_none());
        let (received, sent) = zip(
            async {
                let mut received = vec![0; 27];
                peer.read_exact(&mut received).await.unwrap();
                String::from_utf8(received).unwrap()
            },
            async {
                framed.send("after a wait").await?;
                framed.send("").await?;
                framed.send("").await?;
                framed.flush().await?;
                Ok::<_, WriteError<LinesError>>(())
            },
        )
        .await;
        sent.unwrap();
        assert_eq!(received, "by the call\nafter a wait\n\n\n");
    });
}

#[test]
fn dropping_reserve_loses_nothing() {
    block_on(async {
        let (stream, mut peer) = pair(4);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 8);
        let mut queue: VecDeque<String> = (0..100).map(|n| n.to_string()).collect();
        let expected = (0..100).fold(String::new(), |lines, n| lines + &format!("{n}\n"));
        let mut received = Vec::new();
        while !queue.is_empty() {
            if let Some(permit) = poll_once(framed.reserve()).await {
                permit.unwrap().send(queue.pop_front().unwrap()).unwrap();
            } else {
                received.extend(read_now(&mut peer).await);
            }
        }
        while poll_once(framed.flush()).await.is_none() {
            received.extend(read_now(&mut peer).await);
        }
        received.extend(read_now(&mut peer).await);
        assert_eq!(String::from_utf8(received).unwrap(), expected);
    });
}

/// Encodes strings by their bytes, and fails half way at a `!`.
#[derive(Debug, Clone)]
struct Halting;

impl Encoder<&str> for Halting {
    type Error = LinesError;

    fn encode(&mut self, item: &str, dst: &mut WriteBuf) -> Result<(), LinesError> {
        for byte in item.bytes() {
            if byte == b'!' {
                return Err(LinesError::LineBreak { at: 0 });
            }
            dst.put_u8(byte);
        }
        Ok(())
    }
}

#[test]
fn a_failed_encode_leaves_no_partial_bytes() {
    block_on(async {
        let (stream, mut peer) = pair(1024);
        let mut framed = Framed::with_codecs(stream, RawBytes::new(), Halting);
        framed.send("good").await.unwrap();
        assert!(matches!(framed.send("ba!d").await, Err(WriteError::Encode(_))));
        framed.send("after").await.unwrap();
        framed.flush().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"goodafter");
    });
}
