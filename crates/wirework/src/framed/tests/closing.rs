//! The orderly end of a conversation, from this side and at a shutdown.

use std::io;

use futures_lite::future::{block_on, poll_once};
use wirework_codec::Lines;

use super::{read_now, write};
use crate::memory::pair;
use crate::{Framed, Shutdown};

#[test]
fn sending_after_close_is_an_error_and_receiving_is_not() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        framed.send("bye").await.unwrap();
        framed.close().await.unwrap();
        framed.close().await.unwrap();
        assert_eq!(framed.reserve().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(read_now(&mut peer).await, b"bye\n");
        write(&mut peer, b"late\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "late");
    });
}

#[test]
fn a_shutdown_ends_the_conversation_between_two_frames() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let shutdown = Shutdown::new();
        let mut framed = Framed::new(stream, Lines::new()).until(shutdown.signal());
        write(&mut peer, b"one\ntwo\nthr").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "one");
        shutdown.begin();
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        // The third is under way: the peer gets the time that the drain deadline leaves to finish it.
        assert!(poll_once(framed.next()).await.is_none());
        write(&mut peer, b"ee\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "three");
        framed.send("reply").await.unwrap();
        assert_eq!(framed.next().await.unwrap(), None);
        assert_eq!(read_now(&mut peer).await, b"reply\n");
    });
}

#[test]
fn a_shutdown_ends_the_conversation_of_a_read_half_too() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let shutdown = Shutdown::new();
        let framed = Framed::new(stream, Lines::new()).until(shutdown.signal());
        let (mut reader, _writer) = framed.split();
        write(&mut peer, b"one\n").await;
        assert_eq!(reader.next().await.unwrap().unwrap(), "one");
        assert!(poll_once(reader.next()).await.is_none());
        shutdown.begin();
        assert_eq!(reader.next().await.unwrap(), None);
    });
}
