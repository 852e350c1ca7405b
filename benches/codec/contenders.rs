//! What is measured: our codecs, others', and the bare limit, each as a function that handles a stretch of a stream.

use asynchronous_codec as async_codec;
use tokio_util::codec as tokio_codec;
use wirework_codec::bytes::Bytes;
use wirework_codec::{
    BorrowDecoder, ByteLines, Cobs, Decoder, Delimited, Encoder, FixedLength, LengthDelimited, Lines, Netstring,
    NulTerminated, Slip, VarintDelimited, WriteBuf,
};

use crate::{drive, limit, messages};

/// How much is read at once, in bytes.
pub(crate) const CHUNK: usize = 8 * 1024;

/// How much of a stream a call handles at least, in bytes.
const STRETCH: usize = 64 * 1024;

/// Something to measure.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// Handles some frames, and returns how many.
    pub(crate) run: Box<dyn FnMut() -> usize>,
}

impl Contender {
    pub(crate) fn new(name: &'static str, run: impl FnMut() -> usize + 'static) -> Self {
        let run = Box::new(run);
        Self { name, run }
    }
}

/// Contenders that do the same.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) contenders: Vec<Contender>,
}

/// All groups, for frames of `size` bytes.
pub(crate) fn groups(size: usize) -> Vec<Group> {
    let mut groups = vec![length_delimited(size), lines(size), any_of_three(size)];
    groups.extend([
        decoding("decode two-byte delimiter", Delimited::new("\r\n"), size),
        decoding(
            "decode any of three two-byte delimiters",
            Delimited::any(["\r\n", "--", "=="]),
            size,
        ),
        decoding("decode nul-terminated", NulTerminated::new(), size),
        decoding("decode fixed length", FixedLength::new(size), size),
        decoding("decode varint-delimited", VarintDelimited::new(), size),
        decoding("decode netstring", Netstring::new(), size),
        decoding("decode cobs", Cobs::new(), size),
        decoding("decode slip", Slip::new(), size),
    ]);
    groups.extend([encode_length_delimited(size), encode_lines(size)]);
    groups.extend([
        encoding("encode any of three delimiters", Delimited::any([";", "|", "\n"]), size),
        encoding("encode two-byte delimiter", Delimited::new("\r\n"), size),
        encoding("encode nul-terminated", NulTerminated::new(), size),
        encoding("encode fixed length", FixedLength::new(size), size),
        encoding("encode varint-delimited", VarintDelimited::new(), size),
        encoding("encode netstring", Netstring::new(), size),
        encoding("encode cobs", Cobs::new(), size),
        encoding("encode slip", Slip::new(), size),
    ]);
    groups.extend(messages::groups(size));
    groups
}

pub(crate) fn length_delimited(size: usize) -> Group {
    let bytes = encoded(LengthDelimited::new(), size);
    let eight = encoded(LengthDelimited::new().width(8), size);
    let ours = LengthDelimited::new;
    Group {
        name: "decode length-delimited",
        contenders: vec![
            Contender::new("limit, slices", limit::length_slices(bytes.clone(), size)),
            Contender::new("wirework, borrowed", drive::borrowed(ours(), bytes.clone())),
            Contender::new("limit, split_to().freeze()", limit::length_splits(bytes.clone())),
            Contender::new("wirework, owned", drive::owned(ours(), bytes.clone())),
            Contender::new(
                "tokio-util",
                drive::tokio(tokio_codec::LengthDelimitedCodec::new(), bytes),
            ),
            Contender::new(
                "asynchronous-codec",
                drive::asynchronous(async_codec::LengthCodec, eight),
            ),
        ],
    }
}

pub(crate) fn lines(size: usize) -> Group {
    let bytes = encoded(Lines::new(), size);
    Group {
        name: "decode lines",
        contenders: vec![
            Contender::new("limit, memchr and from_utf8", limit::lines(bytes.clone(), size)),
            Contender::new("wirework, borrowed", drive::borrowed(Lines::new(), bytes.clone())),
            Contender::new("wirework, owned String", drive::owned(Lines::new(), bytes.clone())),
            Contender::new("wirework, owned Frame", drive::owned(ByteLines::new(), bytes.clone())),
            Contender::new(
                "tokio-util",
                drive::tokio(tokio_codec::LinesCodec::new(), bytes.clone()),
            ),
            Contender::new(
                "asynchronous-codec",
                drive::asynchronous(async_codec::LinesCodec, bytes),
            ),
        ],
    }
}

pub(crate) fn any_of_three(size: usize) -> Group {
    let ours = || Delimited::any([";", "|", "\n"]);
    let theirs = tokio_codec::AnyDelimiterCodec::new(b";|\n".to_vec(), b";".to_vec());
    let bytes = encoded(ours(), size);
    Group {
        name: "decode any of three delimiters",
        contenders: vec![
            Contender::new("limit, memchr3", limit::any_of_three(bytes.clone(), size)),
            Contender::new("wirework, borrowed", drive::borrowed(ours(), bytes.clone())),
            Contender::new("wirework, owned", drive::owned(ours(), bytes.clone())),
            Contender::new("tokio-util", drive::tokio(theirs, bytes)),
        ],
    }
}

/// Decoding of a codec that nobody else has.
fn decoding<C>(name: &'static str, codec: C, size: usize) -> Group
where
    C: Decoder + BorrowDecoder + for<'a> Encoder<&'a str> + Clone + 'static,
{
    let bytes = encoded(codec.clone(), size);
    Group {
        name,
        contenders: vec![
            Contender::new("limit, a copy", limit::copy(bytes.clone(), count(size))),
            Contender::new("wirework, borrowed", drive::borrowed(codec.clone(), bytes.clone())),
            Contender::new("wirework, owned", drive::owned(codec, bytes)),
        ],
    }
}

fn encode_length_delimited(size: usize) -> Group {
    let mut group = encoding("encode length-delimited", LengthDelimited::new(), size);
    let (bytes, count) = (Bytes::from(frame(size)), count(size));
    let theirs = tokio_codec::LengthDelimitedCodec::new();
    group.contenders.extend([
        Contender::new("tokio-util", drive::encode_tokio(theirs, bytes.clone(), count)),
        Contender::new(
            "asynchronous-codec",
            drive::encode_asynchronous(async_codec::LengthCodec, bytes, count),
        ),
    ]);
    group
}

fn encode_lines(size: usize) -> Group {
    let mut group = encoding("encode lines", Lines::new(), size);
    let frame: &'static str = frame(size).leak();
    let theirs = drive::encode_tokio(tokio_codec::LinesCodec::new(), frame, count(size));
    group.contenders.push(Contender::new("tokio-util", theirs));
    group
}

/// Encoding of a codec.
fn encoding<C>(name: &'static str, codec: C, size: usize) -> Group
where
    C: for<'a> Encoder<&'a str> + Clone + 'static,
{
    let bytes = encoded(codec.clone(), size);
    Group {
        name,
        contenders: vec![
            Contender::new("limit, a copy", limit::copy(bytes, count(size))),
            Contender::new("wirework", drive::encode::<_, _, str>(codec, frame(size), count(size))),
        ],
    }
}

/// Text of `size` bytes, none of which any of the codecs has to escape.
fn frame(size: usize) -> String {
    "abcdefghijklmnopqrstuvwxyz012345".chars().cycle().take(size).collect()
}

/// How many frames of `size` bytes a call handles.
pub(crate) fn count(size: usize) -> usize {
    STRETCH.div_ceil(size).max(8)
}

/// A stretch of a stream, as `codec` encodes it.
fn encoded<C: for<'a> Encoder<&'a str>>(mut codec: C, size: usize) -> Vec<u8> {
    let (mut dst, frame) = (WriteBuf::new(), frame(size));
    for _ in 0..count(size) {
        codec.encode(&frame, &mut dst).unwrap();
    }
    dst.to_vec()
}
