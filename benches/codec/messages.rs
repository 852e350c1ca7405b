//! Messages in frames: each format over a framing that it is used with, beside the format's own crate on bytes that are cut
//! already, and beside what others put around it.

use std::hint::black_box;
use std::pin::Pin;

use asynchronous_codec as async_codec;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use tokio_serde::formats::{Json as TheirJson, MessagePack as TheirMessagePack};
use tokio_serde::{Deserializer, Serializer};
use tokio_util::codec::{Decoder as _, Encoder as _, LengthDelimitedCodec};
use wirework_codec::bytes::BytesMut;
use wirework_codec::{
    Cbor, Cobs, Decoder, Encoder, JsonLines, LengthDelimited, MessagePack, Postcard, Protobuf, VarintDelimited,
    WriteBuf,
};

use crate::contenders::{CHUNK, Contender, Group, count};
use crate::drive;

/// A message: a number, and words of eight letters until it is long enough.
#[derive(Clone, PartialEq, prost::Message, Serialize, Deserialize)]
struct Note {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(string, repeated, tag = "2")]
    words: Vec<String>,
}

/// A format as its crate offers it.
#[derive(Clone, Copy)]
struct Format {
    name: &'static str,
    decode: &'static str,
    encode: &'static str,
    read: fn(&[u8]) -> Note,
    write: fn(&Note, &mut Vec<u8>),
}

const JSON: Format = Format {
    name: "limit, serde_json",
    decode: "decode JSON lines",
    encode: "encode JSON lines",
    read: |bytes| serde_json::from_slice(bytes).unwrap(),
    write: |note, dst| serde_json::to_writer(dst, note).unwrap(),
};

const POSTCARD: Format = Format {
    name: "limit, postcard",
    decode: "decode postcard in COBS",
    encode: "encode postcard in COBS",
    read: |bytes| postcard::from_bytes(bytes).unwrap(),
    write: |note, dst| assert!(postcard::to_io(note, dst).is_ok()),
};

const CBOR: Format = Format {
    name: "limit, ciborium",
    decode: "decode CBOR behind a length",
    encode: "encode CBOR behind a length",
    read: |bytes| ciborium::from_reader(bytes).unwrap(),
    write: |note, dst| ciborium::into_writer(note, dst).unwrap(),
};

const MESSAGE_PACK: Format = Format {
    name: "limit, rmp-serde",
    decode: "decode MessagePack behind a length",
    encode: "encode MessagePack behind a length",
    read: |bytes| rmp_serde::from_slice(bytes).unwrap(),
    write: |note, dst| rmp_serde::encode::write_named(dst, note).unwrap(),
};

const PROTOBUF: Format = Format {
    name: "limit, prost",
    decode: "decode protobuf behind a varint",
    encode: "encode protobuf behind a varint",
    read: |bytes| Note::decode(bytes).unwrap(),
    write: |note, dst| note.encode(dst).unwrap(),
};

/// All groups, for messages of about `size` bytes.
pub(crate) fn groups(size: usize) -> Vec<Group> {
    let [mut decode_json, mut encode_json] = both(JSON, JsonLines::<Note>::default(), size);
    let [mut unpack, mut pack] = both(MESSAGE_PACK, MessagePack::<Note, _>::new(LengthDelimited::new()), size);
    let bytes = stream(JsonLines::<Note>::default(), &note(JSON, size), size);
    decode_json.contenders.push(Contender::new(
        "asynchronous-codec",
        drive::asynchronous(async_codec::JsonCodec::<Note, Note>::new(), bytes),
    ));
    encode_json.contenders.push(Contender::new(
        "asynchronous-codec, which takes messages by value",
        encode_asynchronous(note(JSON, size), count(size)),
    ));
    let their_json = TheirJson::<Note, Note>::default;
    let their_pack = TheirMessagePack::<Note, Note>::default;
    decode_json
        .contenders
        .push(tokio_serde_decoding(their_json(), JSON, size));
    encode_json
        .contenders
        .push(tokio_serde_encoding(their_json(), JSON, size));
    unpack
        .contenders
        .push(tokio_serde_decoding(their_pack(), MESSAGE_PACK, size));
    pack.contenders
        .push(tokio_serde_encoding(their_pack(), MESSAGE_PACK, size));
    let mut groups = vec![decode_json, encode_json, unpack, pack];
    groups.extend(both(POSTCARD, Postcard::<Note, _>::new(Cobs::new()), size));
    groups.extend(both(CBOR, Cbor::<Note, _>::new(LengthDelimited::new()), size));
    groups.extend(both(PROTOBUF, Protobuf::<Note, _>::new(VarintDelimited::new()), size));
    groups
}

/// Decoding and encoding with a codec of ours, beside the format's crate by itself.
fn both<C>(format: Format, codec: C, size: usize) -> [Group; 2]
where
    C: Decoder<Item = Note> + for<'a> Encoder<&'a Note> + Clone + 'static,
{
    let (note, count) = (note(format, size), count(size));
    let bytes = stream(codec.clone(), &note, size);
    let messages = vec![written(format, &note); count];
    let read_all = move || {
        for message in &messages {
            black_box(&(format.read)(message));
        }
        count
    };
    let (same, mut dst) = (note.clone(), Vec::with_capacity(CHUNK));
    let write_all = move || {
        for _ in 0..count {
            (format.write)(black_box(&same), &mut dst);
            if dst.len() >= CHUNK {
                black_box(&dst);
                dst.clear();
            }
        }
        count
    };
    let decode = vec![
        Contender::new(format.name, read_all),
        Contender::new("wirework", drive::owned(codec.clone(), bytes)),
    ];
    let encode = vec![
        Contender::new(format.name, write_all),
        Contender::new("wirework", drive::encode::<_, _, Note>(codec, note, count)),
    ];
    [(format.decode, decode), (format.encode, encode)].map(|(name, contenders)| Group { name, contenders })
}

/// What tokio-serde makes of the frames of tokio-util.
fn tokio_serde_decoding<F>(mut theirs: F, format: Format, size: usize) -> Contender
where
    F: Deserializer<Note> + Unpin + 'static,
{
    let body = written(format, &note(format, size));
    let (mut framing, mut bytes) = (LengthDelimitedCodec::new(), BytesMut::new());
    for _ in 0..count(size) {
        framing.encode(&body[..], &mut bytes).unwrap();
    }
    let mut src = BytesMut::with_capacity(CHUNK);
    Contender::new("tokio-serde", move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            src.extend_from_slice(chunk);
            while let Ok(Some(frame)) = framing.decode(&mut src) {
                let note = Pin::new(&mut theirs).deserialize(&frame);
                assert!(note.is_ok());
                black_box(&note);
                frames += 1;
            }
        }
        frames
    })
}

/// What tokio-serde writes, in frames of tokio-util.
fn tokio_serde_encoding<F>(mut theirs: F, format: Format, size: usize) -> Contender
where
    F: Serializer<Note> + Unpin + 'static,
{
    let (note, count) = (note(format, size), count(size));
    let (mut framing, mut dst) = (LengthDelimitedCodec::new(), BytesMut::with_capacity(CHUNK));
    Contender::new("tokio-serde", move || {
        for _ in 0..count {
            let body = Pin::new(&mut theirs).serialize(black_box(&note));
            framing.encode(body.ok().unwrap(), &mut dst).unwrap();
            drive::written(&mut dst);
        }
        count
    })
}

fn encode_asynchronous(note: Note, count: usize) -> impl FnMut() -> usize {
    let (mut theirs, mut dst) = (
        async_codec::JsonCodec::<Note, Note>::new(),
        BytesMut::with_capacity(CHUNK),
    );
    move || {
        for _ in 0..count {
            async_codec::Encoder::encode(&mut theirs, black_box(&note).clone(), &mut dst).unwrap();
            drive::written(&mut dst);
        }
        count
    }
}

/// A message that takes about `size` bytes in `format`: the longest one that takes no more, unless that has no words.
fn note(format: Format, size: usize) -> Note {
    let of = |count| Note {
        id: 123_456,
        words: vec!["wirework".to_owned(); count],
    };
    let empty = written(format, &of(0)).len();
    let word = written(format, &of(100)).len().div_ceil(100);
    of(size.saturating_sub(empty) / word)
}

fn written(format: Format, note: &Note) -> Vec<u8> {
    let mut bytes = Vec::new();
    (format.write)(note, &mut bytes);
    bytes
}

/// A stretch of a stream, as `codec` encodes it.
fn stream<C: for<'a> Encoder<&'a Note>>(mut codec: C, note: &Note, size: usize) -> Vec<u8> {
    let mut dst = WriteBuf::new();
    for _ in 0..count(size) {
        codec.encode(note, &mut dst).unwrap();
    }
    dst.to_vec()
}
