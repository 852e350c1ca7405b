//! Exchanging codecs in the middle of a stream, and choosing them by its first bytes.

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework_codec::{Detect, Detection, Either, LengthDelimited, Lines};

use super::{read_now, write};
use crate::Framed;
use crate::framed::ReadAhead;
use crate::memory::pair;

#[test]
fn codecs_are_exchanged_with_what_was_read_ahead() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"UPGRADE\n\0\0\0\x02hi").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "UPGRADE");
        framed.send("ok").await.unwrap();
        let swap = |_, _| (LengthDelimited::new(), LengthDelimited::new());
        let mut framed = framed.map_codec(ReadAhead::Carry, swap).unwrap();
        framed.send(b"yo").await.unwrap();
        assert_eq!(framed.next().await.unwrap().unwrap(), "hi");
        framed.flush().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"ok\n\0\0\0\x02yo");

        write(&mut peer, b"\0\0\0\x01a\0\0\0\x01b").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "a");
        let parts = framed.into_parts();
        assert_eq!(parts.read_ahead, &b"\0\0\0\x01b"[..]);
        assert_eq!(Framed::from_parts(parts).next().await.unwrap().unwrap(), "b");
    });
}

#[test]
fn what_must_not_be_read_ahead_is_an_error() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"STARTTLS\nMAIL").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "STARTTLS");
        let error = framed.into_parts().reject_read_ahead().unwrap_err();
        assert_eq!(error.to_string(), "peer sent 4 bytes ahead of a change of protocol");
    });
}

/// Each direction has a copy of the codec, and only one of them sees what there is to detect.
#[test]
fn a_detected_protocol_is_answered() {
    block_on(async {
        for request in [&b"\0\0\0\x02hi"[..], b"hi\n"] {
            let (mut here, there) = pair(64);
            let port = Detect::new(
                LengthDelimited::new(),
                |first: &[u8]| Detection::of_magic(b"\0", first),
                Lines::new(),
                |_: &[u8]| Detection::Detected,
            );
            let mut framed = Framed::new(there, port);
            here.write_all(request).await.unwrap();
            let frame = framed.next().await.unwrap().unwrap();
            assert_eq!(matches!(frame, Either::Left(_)), request[0] == 0);
            framed.send(frame).await.unwrap();
            framed.close().await.unwrap();
            let mut reply = Vec::new();
            here.read_to_end(&mut reply).await.unwrap();
            assert_eq!(reply, request);
        }
    });
}
