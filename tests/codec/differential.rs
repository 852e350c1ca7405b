//! Our codecs beside those of tokio-util and asynchronous-codec, on inputs where those are right.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::fmt::Debug;

use asynchronous_codec as async_codec;
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_util::codec as tokio_codec;
use wirework_codec::bytes::{Bytes, BytesMut};
use wirework_codec::{Decoder, Deframer, Delimited, Encoder, JsonLines, LengthDelimited, Lines, WriteBuf};

/// What a decoder of tokio-util makes of `chunks`, without the end of the stream.
fn tokio<D: tokio_codec::Decoder<Error: Debug>>(mut decoder: D, chunks: &[Vec<u8>]) -> Vec<D::Item> {
    let (mut src, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        src.extend_from_slice(chunk);
        while let Some(frame) = decoder.decode(&mut src).unwrap() {
            frames.push(frame);
        }
    }
    frames
}

/// What a decoder of asynchronous-codec makes of `chunks`, without the end of the stream.
fn asynchronous<D: async_codec::Decoder<Error: Debug>>(mut decoder: D, chunks: &[Vec<u8>]) -> Vec<D::Item> {
    let (mut src, mut frames) = (BytesMut::new(), Vec::new());
    for chunk in chunks {
        src.extend_from_slice(chunk);
        while let Some(frame) = decoder.decode(&mut src).unwrap() {
            frames.push(frame);
        }
    }
    frames
}

/// What a decoder of ours makes of `chunks`, without the end of the stream.
fn ours<D: Decoder>(decoder: D, chunks: &[Vec<u8>]) -> Vec<D::Item> {
    let (mut deframer, mut frames) = (Deframer::new(decoder), Vec::new());
    for chunk in chunks {
        deframer.push(chunk);
        while let Some(frame) = deframer.next().unwrap() {
            frames.push(frame);
        }
    }
    frames
}

fn encoded<T, C: Encoder<T>>(mut codec: C, frames: impl IntoIterator<Item = T>) -> Vec<u8> {
    let mut dst = WriteBuf::new();
    for frame in frames {
        codec.encode(frame, &mut dst).unwrap();
    }
    dst.to_vec()
}

fn pieces(text: &'static str) -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(text.prop_map(String::into_bytes), 0..12)
}

/// Frames, and the sizes of the chunks to cut their bytes into.
fn frames() -> impl Strategy<Value = (Vec<Bytes>, usize)> {
    (vec(vec(any::<u8>(), 0..200).prop_map(Bytes::from), 0..12), 1..300_usize)
}

fn cut(bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
    bytes.chunks(size).map(<[u8]>::to_vec).collect()
}

proptest! {
    #[test]
    fn lines_as_tokio_util(chunks in pieces("[a-zü\r\n]{0,20}")) {
        prop_assert_eq!(ours(Lines::new(), &chunks), tokio(tokio_codec::LinesCodec::new(), &chunks));
    }

    #[test]
    fn lines_as_asynchronous_codec(chunks in pieces("[a-z\n]{0,20}")) {
        let theirs = asynchronous(async_codec::LinesCodec, &chunks);
        let theirs: Vec<_> = theirs.iter().map(|line| line.trim_end_matches('\n')).collect();
        prop_assert_eq!(ours(Lines::new(), &chunks), theirs);
    }

    #[test]
    fn any_delimiter_as_tokio_util(chunks in pieces("[a-z;|\n]{0,20}")) {
        let theirs = tokio_codec::AnyDelimiterCodec::new(b";|\n".to_vec(), b";".to_vec());
        prop_assert_eq!(ours(Delimited::any([";", "|", "\n"]), &chunks), tokio(theirs, &chunks));
    }

    #[test]
    fn length_delimited_as_tokio_util(
        (frames, size) in frames(),
        (width, is_little_endian, is_whole) in (1..=8_usize, any::<bool>(), any::<bool>()),
    ) {
        let mut codec = LengthDelimited::new().width(width);
        let mut builder = tokio_codec::LengthDelimitedCodec::builder();
        builder.length_field_length(width);
        if is_little_endian {
            codec = codec.little_endian();
            builder.little_endian();
        }
        if is_whole {
            let header = i32::try_from(width).unwrap();
            codec = codec.adjustment(-header);
            builder.length_adjustment(-isize::try_from(width).unwrap());
        }
        let bytes = encoded(codec.clone(), &frames);
        let mut theirs = BytesMut::new();
        for frame in &frames {
            tokio_codec::Encoder::encode(&mut builder.new_codec(), frame.clone(), &mut theirs).unwrap();
        }
        prop_assert_eq!(&bytes[..], &theirs[..]);
        let chunks = cut(&bytes, size);
        let decoded = ours(codec, &chunks);
        let theirs: Vec<_> = tokio(builder.new_codec(), &chunks).into_iter().map(BytesMut::freeze).collect();
        prop_assert_eq!(&decoded, &theirs);
        prop_assert_eq!(decoded, frames);
    }

    #[test]
    fn length_delimited_as_asynchronous_codec((frames, size) in frames()) {
        let codec = LengthDelimited::new().width(8);
        let bytes = encoded(codec.clone(), &frames);
        let mut theirs = BytesMut::new();
        for frame in &frames {
            async_codec::Encoder::encode(&mut async_codec::LengthCodec, frame.clone(), &mut theirs).unwrap();
        }
        prop_assert_eq!(&bytes[..], &theirs[..]);
        let chunks = cut(&bytes, size);
        prop_assert_eq!(ours(codec, &chunks), asynchronous(async_codec::LengthCodec, &chunks));
    }

    /// Theirs has no framing, so it is right where values end by themselves.
    #[test]
    fn json_as_asynchronous_codec(
        records in vec((any::<u32>(), any::<Option<String>>(), vec(any::<i64>(), 0..9)), 0..12),
        size in 1..300_usize,
    ) {
        type Record = (u32, Option<String>, Vec<i64>);
        let chunks = cut(&encoded(JsonLines::<Record>::default(), &records), size);
        prop_assert_eq!(&ours(JsonLines::<Record>::default(), &chunks), &records);
        prop_assert_eq!(asynchronous(async_codec::JsonCodec::<Record, Record>::new(), &chunks), records);
    }
}
