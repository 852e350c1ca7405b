//! What holds of any frames: they come back as they were sent, and it does not matter how the bytes are cut.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::collections::BTreeMap;
use std::fmt::Debug;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use wirework_codec::{
    ByteLines, Cbor, Cobs, Decoder, Deframer, Delimited, Encoder, FixedLength, Frame, Json, LengthDelimited, Lines,
    MessagePack, Netstring, NulTerminated, Postcard, Protobuf, Slip, VarintDelimited, WriteBuf,
};

/// Encodes `frames`, cuts the bytes at `cuts`, and decodes them. What the codec refuses to write must leave nothing behind.
fn round_trip<C, T>(make: impl Fn() -> C, frames: &[T], cuts: &[usize]) -> Result<(), TestCaseError>
where
    C: Encoder<T> + Decoder<Item = T>,
    T: Clone + PartialEq + Debug,
{
    let (mut codec, mut dst) = (make(), WriteBuf::new());
    let mut sent = Vec::new();
    for frame in frames {
        let mark = dst.mark();
        match codec.encode(frame.clone(), &mut dst) {
            Ok(()) => sent.push(frame.clone()),
            Err(_) => dst.roll_back(mark),
        }
    }
    let bytes = dst.to_vec();
    let mut deframer = Deframer::new(codec);
    let mut decoded = Vec::new();
    for chunk in chunks(&bytes, cuts) {
        deframer.push(chunk);
        while let Some(frame) = deframer.next()? {
            decoded.push(frame);
        }
        deframer.release();
    }
    deframer.finish();
    prop_assert!(deframer.next()?.is_none());
    prop_assert_eq!(decoded, sent);
    Ok(())
}

/// Cuts `bytes` into pieces of these sizes, over and over.
fn chunks<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        let (chunk, rest) = bytes.split_at((*size).min(bytes.len()));
        chunks.push(chunk);
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    chunks
}

/// Frames of bytes that delimiters and escapes are made of more often than not, some of them long.
fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let byte = prop_oneof![
        any::<u8>(),
        proptest::sample::select(&b"\0\r\n;|-\xc0\xdb\xdc\xdd\xffax"[..])
    ];
    let frame = prop_oneof![8 => vec(byte, 0..80), 1 => vec(any::<u8>(), 200..6000), 1 => vec(1..=255_u8, 240..520)];
    vec(frame.prop_map(Frame::from), 0..8)
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![
        Just(vec![1]),
        Just(vec![8192]),
        vec(1..100_usize, 1..10),
        vec(1..3000_usize, 1..4)
    ]
}

type Record = (u32, Option<String>, Vec<i64>, BTreeMap<String, bool>, char);

fn records() -> impl Strategy<Value = Vec<Record>> {
    let flags = btree_map(any::<String>(), any::<bool>(), 0..4);
    let record = (
        any::<u32>(),
        any::<Option<String>>(),
        vec(any::<i64>(), 0..20),
        flags,
        any::<char>(),
    );
    vec(record, 0..6)
}

proptest! {
    #[test]
    fn byte_lines(frames in frames(), cuts in cuts(), mode in 0..4_u8) {
        let make = || {
            let codec = if mode & 1 == 1 { ByteLines::new().crlf() } else { ByteLines::new() };
            if mode & 2 == 2 { codec.strict() } else { codec }
        };
        round_trip(make, &frames, &cuts)?;
    }

    #[test]
    fn lines(frames in vec(any::<String>(), 0..10), cuts in cuts()) {
        round_trip(Lines::new, &frames, &cuts)?;
    }

    #[test]
    fn delimited(frames in frames(), cuts in cuts(), which in 0..6_usize) {
        let delimiters: &[&str] = [&["\n"][..], &["\r\n"], &[";", "|"], &["\n", "\r\n"], &["-;-", ";", "xx"], &["--"]][which];
        round_trip(|| Delimited::any(delimiters.iter().rev()), &frames, &cuts)?;
    }

    #[test]
    fn nul_terminated(frames in frames(), cuts in cuts()) {
        round_trip(NulTerminated::new, &frames, &cuts)?;
    }

    #[test]
    fn fixed_length(frames in vec(vec(any::<u8>(), 5).prop_map(Frame::from), 0..10), cuts in cuts()) {
        round_trip(|| FixedLength::new(5), &frames, &cuts)?;
    }

    #[test]
    fn length_delimited(
        frames in frames(),
        cuts in cuts(),
        (offset, width, adjustment) in (0..6_usize, 1..=8_usize, -20..20_i32),
        (is_little_endian, skip) in (any::<bool>(), 0..20_usize),
    ) {
        let make = || {
            let codec = LengthDelimited::new().offset(offset).width(width).adjustment(adjustment);
            let codec = if skip >= offset + width { codec.skip(skip) } else { codec };
            if is_little_endian { codec.little_endian() } else { codec }
        };
        round_trip(make, &frames, &cuts)?;
    }

    #[test]
    fn varint_delimited(frames in frames(), cuts in cuts()) {
        round_trip(VarintDelimited::new, &frames, &cuts)?;
    }

    #[test]
    fn netstring(frames in frames(), cuts in cuts()) {
        round_trip(Netstring::new, &frames, &cuts)?;
    }

    #[test]
    fn cobs(frames in frames(), cuts in cuts()) {
        round_trip(Cobs::new, &frames, &cuts)?;
    }

    #[test]
    fn slip(frames in frames(), cuts in cuts()) {
        round_trip(Slip::new, &frames, &cuts)?;
    }

    #[test]
    fn messages(records in records(), cuts in cuts()) {
        round_trip(|| Json::new(ByteLines::new()), &records, &cuts)?;
        round_trip(|| Postcard::new(Cobs::new()), &records, &cuts)?;
        round_trip(|| Cbor::new(LengthDelimited::new()), &records, &cuts)?;
        round_trip(|| MessagePack::new(Slip::new()), &records, &cuts)?;
        round_trip(|| Postcard::new(Netstring::new()), &records, &cuts)?;
    }

    #[test]
    fn protobuf(texts in vec(any::<String>(), 0..10), cuts in cuts()) {
        round_trip(|| Protobuf::new(VarintDelimited::new()), &texts, &cuts)?;
    }
}
