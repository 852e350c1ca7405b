//! Defects that were reproduced in other codec libraries, each as a test that they are not here.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::convert::Infallible;

use wirework_codec::bytes::BytesMut;
use wirework_codec::{
    ByteLines, Decoder, Deframer, Delimited, Encoder, Fault, FixedLength, JsonLines, LengthDelimited, LengthError,
    Lines, LinesError, Message, MessageError, WriteBuf,
};

/// The frames that come of `chunks`.
fn frames<D: Decoder>(codec: D, chunks: &[&[u8]]) -> Vec<D::Item> {
    let mut deframer = Deframer::new(codec);
    let mut frames = Vec::new();
    for chunk in chunks {
        deframer.push(chunk);
        while let Some(frame) = deframer.next().unwrap() {
            frames.push(frame);
        }
    }
    frames
}

fn encoded<T, C: Encoder<T>>(codec: &mut C, frames: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut dst = WriteBuf::new();
    for frame in frames {
        codec.encode(frame, &mut dst).unwrap();
    }
    dst.to_vec()
}

/// tokio-util's `Framed` sends what an encoder appended before it failed.
#[test]
fn a_failed_encode_leaves_no_partial_bytes() {
    let mut dst = WriteBuf::new();
    let mut codec = JsonLines::<String>::new(ByteLines::new().max_len(8));
    codec.encode("good", &mut dst).unwrap();
    let error = codec.encode("much too long", &mut dst).unwrap_err();
    assert!(matches!(error, MessageError::Framing(LinesError::TooLong { limit: 8 })));
    codec.encode("fine", &mut dst).unwrap();
    assert_eq!(dst.to_vec(), b"\"good\"\n\"fine\"\n");
}

/// tokio-util's encoder forgets the bytes before the length, so that what it writes cannot be read back.
#[test]
fn a_length_with_an_offset_round_trips() {
    for codec in [
        LengthDelimited::new().offset(3),
        LengthDelimited::new().offset(3).keep_header(),
        LengthDelimited::new().offset(3).width(2).adjustment(-5).skip(1),
    ] {
        let frame = [b"abc\0\0\0\x0d", &[7; 13][..]].concat();
        let bytes = encoded(&mut codec.clone(), [&frame[..]]);
        let decoded = frames(codec.clone(), &[&bytes]);
        assert_eq!(decoded.len(), 1, "{codec:?}");
        assert_eq!(encoded(&mut codec.clone(), [&decoded[0][..]]), bytes, "{codec:?}");
    }
}

/// tokio-util compares the maximum with the length as it is on the wire, before the adjustment.
#[test]
fn the_maximum_is_checked_after_the_adjustment() {
    let less = LengthDelimited::new().adjustment(-4).max_len(2);
    assert_eq!(frames(less, &[b"\0\0\0\x06hi"]), ["hi"]);
    let mut more = Deframer::new(LengthDelimited::new().adjustment(100).max_len(50));
    more.push(b"\0\0\0\x01");
    let error = more.next().unwrap_err();
    let expected = LengthError::TooLong { len: 101, limit: 50 };
    assert_eq!(error.fault().malformed(), Some(&expected));
}

/// tokio-util reserves what a header claims (8 MiB, by default) before any of it has come.
#[test]
fn a_header_of_four_bytes_reserves_nothing() {
    let mut deframer = Deframer::new(LengthDelimited::new().max_len(8 << 20));
    deframer.push(&(8_u32 << 20).to_be_bytes());
    assert!(deframer.next().unwrap().is_none());
    deframer.release();
    assert!(deframer.memory() <= 8, "{} bytes are held for 4", deframer.memory());
    assert!(deframer.next_ref().unwrap().is_none());
    deframer.release();
    assert!(deframer.memory() <= 8, "{} bytes are held for 4", deframer.memory());
}

/// Elsewhere such a decoder makes an endless stream of frames.
#[test]
fn a_decoder_that_consumes_nothing_is_an_error() {
    struct Stuck;

    impl Decoder for Stuck {
        type Item = ();
        type Error = Infallible;

        fn decode(&mut self, _: &mut BytesMut) -> Result<Option<()>, Infallible> {
            Ok(Some(()))
        }
    }

    let mut deframer = Deframer::new(Stuck);
    deframer.push(b"x");
    assert!(matches!(deframer.next().unwrap_err().fault(), Fault::NoProgress));
    assert!(deframer.next().unwrap().is_none());
}

#[test]
fn a_carriage_return_may_come_before_its_line_feed_does() {
    assert_eq!(frames(Lines::new(), &[b"one\r", b"\ntwo\r", b"\n"]), ["one", "two"]);
    let strict = Lines::new().crlf().strict();
    assert_eq!(frames(strict, &[b"one\r", b"\ntwo\r", b"\n"]), ["one", "two"]);
    // The `\r` does not count towards the limit, also when it comes alone.
    assert_eq!(frames(Lines::new().max_len(3), &[b"one\r", b"\n"]), ["one"]);
}

#[test]
fn a_delimiter_may_be_split_over_reads() {
    let input = b"one\r\n\r\ntwo\r\n\r\n";
    for first in 0..input.len() {
        for second in first..input.len() {
            let chunks = [&input[..first], &input[first..second], &input[second..]];
            assert_eq!(frames(Delimited::new("\r\n\r\n"), &chunks), ["one", "two"]);
        }
    }
    let bytes: Vec<_> = input.chunks(1).collect();
    assert_eq!(frames(Delimited::new("\r\n\r\n"), &bytes), ["one", "two"]);
}

/// asynchronous-codec's JSON codec has no framing: `1` and `2` in a row are `12`.
#[test]
fn numbers_in_a_row_are_not_one_number() {
    let mut codec = JsonLines::<u32>::default();
    let bytes = encoded(&mut codec, [1, 2]);
    assert_eq!(frames(codec.clone(), &[&bytes]), [1, 2]);
    assert_eq!(frames(codec, &[&bytes[..2]]), [1]);
    let mut fixed = Message::<u32, _, wirework_codec::JsonFormat>::new(FixedLength::new(1));
    let bytes = encoded(&mut fixed, [1, 2]);
    assert_eq!(bytes, b"12");
    assert_eq!(frames(fixed, &[&bytes]), [1, 2]);
}
