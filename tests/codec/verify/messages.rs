//! Messages in frames.

use std::{io, iter};

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::Framed;
use wirework::memory::pair;
use wirework_codec::{
    ByteLines, Cbor, Cobs, Enclose, Encoder, Framing, Json, JsonFormat, JsonLines, LengthDelimited, Message,
    MessagePack, Postcard, Protobuf, VarintDelimited, WriteBuf,
};
use wirework_testkit::verify_round_trip;

use crate::verify;

#[test]
fn json() {
    let make = JsonLines::<Vec<u32>>::default;
    let own = |message: Vec<u32>| message;
    verify(make, own, b"[1]\n[2, 3]\r\n", &[vec![1], vec![2, 3]], None);
    let bad = "malformed frame at byte 4: expected `,` or `]` at line 1 column 4";
    verify(make, own, b"[1]\n[2 3]\n[4]\n", &[vec![1]], Some((4, bad)));
    let framing = "malformed frame at byte 4: line is longer than the limit of 3 bytes";
    let short = || Json::<Vec<u32>, _>::new(ByteLines::new().max_len(3));
    verify(short, own, b"[1]\n[2, 3]\n", &[vec![1]], Some((4, framing)));
    verify_round_trip(|| Json::new(VarintDelimited::new()), &[Some("a\nb".to_owned()), None]);
}

#[test]
fn postcard() {
    let make = || Postcard::<(u8, u8), _>::new(Cobs::new());
    let own = |message: (u8, u8)| message;
    verify(make, own, b"\x03\x01\x02\0", &[(1, 2)], None);
    let short = "malformed frame at byte 4: Hit the end of buffer, expected more data";
    verify(make, own, b"\x03\x01\x02\0\x02\x01\0", &[(1, 2)], Some((4, short)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x04\x01\x02\x03\0", &[], Some((0, rest)));
    verify_round_trip(make, &[(0, 0), (1, 0), (255, 7)]);
}

#[test]
fn cbor() {
    let make = || Cbor::<Vec<u8>, _>::new(LengthDelimited::new().width(1));
    let own = |message: Vec<u8>| message;
    verify(make, own, b"\x03\x82\x01\x02", &[vec![1, 2]], None);
    let bad = "malformed frame at byte 4: not a CBOR message: \
        Semantic(None, \"invalid type: integer `7`, expected array\")";
    verify(make, own, b"\x03\x82\x01\x02\x01\x07", &[vec![1, 2]], Some((4, bad)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x02\x80\x01", &[], Some((0, rest)));
    verify_round_trip(make, &[vec![], vec![1, 200]]);
}

#[test]
fn message_pack() {
    let make = || MessagePack::<Vec<u8>, _>::new(LengthDelimited::new().width(1));
    let own = |message: Vec<u8>| message;
    verify(make, own, b"\x03\x92\x01\x02", &[vec![1, 2]], None);
    let bad = "malformed frame at byte 4: not a MessagePack message: invalid type: integer `7`, expected a sequence";
    verify(make, own, b"\x03\x92\x01\x02\x01\x07", &[vec![1, 2]], Some((4, bad)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x02\x90\x01", &[], Some((0, rest)));
    verify_round_trip(make, &[vec![], vec![1, 200]]);
}

#[test]
fn protobuf() {
    let make = || Protobuf::<String, _>::new(VarintDelimited::new());
    let own = |message: String| message;
    verify(make, own, b"\x04\x0a\x02hi\0", &["hi".to_owned(), String::new()], None);
    let bad = "malformed frame at byte 5: failed to decode Protobuf message: buffer underflow";
    verify(
        make,
        own,
        b"\x04\x0a\x02hi\x03\x0a\x02h",
        &["hi".to_owned()],
        Some((5, bad)),
    );
    verify_round_trip(make, &["hi".to_owned(), String::new()]);
}

fn framed_by<'a, F: Encoder<&'a [u8]>>(mut framing: F, contents: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut dst = WriteBuf::new();
    contents.for_each(|content| framing.encode(content, &mut dst).unwrap());
    dst.to_vec()
}

/// Frames are found in several ways, at a glance or closely, in what was just read or in what was left of it: a message that is none
/// must not slip through any.
#[test]
fn a_message_that_is_none_is_an_error_whatever_is_around_it() {
    fn check<F>(framing: &F)
    where
        F: Framing + Enclose + Clone + for<'a> Encoder<&'a [u8]> + Send + Unpin + 'static,
    {
        for good in 0..3 {
            let asked = iter::repeat_n(&b"1"[..], good).chain([&b"{"[..], b"2"]);
            let bytes = framed_by(framing.clone(), asked);
            let (mut peer, stream) = pair(1024);
            let mut framed = Framed::new(stream, Message::<u8, F, JsonFormat>::new(framing.clone()));
            block_on(async {
                peer.write_all(&bytes).await.unwrap();
                for _ in 0..good {
                    assert_eq!(framed.next().await.unwrap(), Some(1));
                    framed.send(1).await.unwrap();
                }
                let error = io::Error::from(framed.next().await.unwrap_err());
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                // What came before it was answered.
                let answers = framed_by(framing.clone(), iter::repeat_n(&b"1"[..], good));
                let mut answered = vec![0; answers.len()];
                peer.read_exact(&mut answered).await.unwrap();
                assert_eq!(answered, answers);
                assert!(framed.next().await.unwrap().is_none());
            });
        }
    }
    check(&LengthDelimited::new());
    check(&ByteLines::new());
}
