//! What the fuzz targets do with their input.
//!
//! In one module, without the fuzzer, so that a test can replay the corpora on stable Rust.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{Debug, Write};
use std::time::Duration;

use futures_lite::future::or;
use serde::{Deserialize, Serialize};
use wirework::{Deadlines, Framed, Network, Server, connect};
use wirework_codec::{
    BorrowDecoder, ByteLines, Cbor, Cobs, DecodeError, Decoder, Deframer, Delimited, Detect, Detection, Either,
    Encoder, FixedLength, Frame, Json, LengthDelimited, Lines, MessagePack, Netstring, NulTerminated, Postcard,
    Protobuf, ProxyCodec, ProxyHeader, RawBytes, RecoveringLines, Slip, VarintDelimited, WriteBuf,
};
use wirework_resp::{CmdEncoder, Command, CommandDecoder, ReplyEncoder, Value, ValueDecoder, Version, cmd};
use wirework_sim::{Choices, HostOptions, Latency, Link, Swarm, SweepConfig, Trial, run_trial};

/// A target: its name, and what it does with an input.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All targets.
pub(crate) const TARGETS: [Target; 22] = [
    ("byte_lines", byte_lines),
    ("cbor", cbor),
    ("cobs", cobs),
    ("delimited", delimited),
    ("detect", detect),
    ("fixed_length", fixed_length),
    ("json", json),
    ("length_delimited", length_delimited),
    ("lines", lines),
    ("messagepack", messagepack),
    ("netstring", netstring),
    ("nul_terminated", nul_terminated),
    ("postcard", postcard),
    ("protobuf", protobuf),
    ("proxy", proxy),
    ("raw_bytes", raw_bytes),
    ("recovering_lines", recovering_lines),
    ("resp_commands", resp_commands),
    ("resp_values", resp_values),
    ("sim", sim),
    ("slip", slip),
    ("varint_delimited", varint_delimited),
];

/// A message with something of everything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    id: u32,
    name: Option<String>,
    values: Vec<i64>,
    flags: BTreeMap<String, bool>,
    kind: Kind,
}

/// A message of several kinds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// With nothing in it.
    Empty,
    /// With something in it.
    Pair(u8, char),
    /// With something named in it.
    Named {
        /// A byte string.
        bytes: Vec<u8>,
    },
}

/// A message with something of everything.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ProtoRecord {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
    #[prost(sint64, repeated, tag = "3")]
    values: Vec<i64>,
    #[prost(btree_map = "string, bool", tag = "4")]
    flags: BTreeMap<String, bool>,
    #[prost(message, optional, boxed, tag = "5")]
    inner: Option<Box<ProtoRecord>>,
}

pub(crate) fn byte_lines(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let make = || {
        let mut codec = ByteLines::new().max_len(usize::from(mode >> 3));
        codec = if mode & 1 == 1 { codec.crlf() } else { codec };
        codec = if mode & 2 == 2 { codec.strict() } else { codec };
        if mode & 4 == 4 {
            codec.allow_unterminated()
        } else {
            codec
        }
    };
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn lines(data: &[u8]) {
    let make = || Lines::new().max_len(40);
    round_trip(make, check(make, str::to_owned, data));
}

pub(crate) fn recovering_lines(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let make = || {
        let mut codec = RecoveringLines::new().max_len(usize::from(mode >> 3));
        codec = if mode & 1 == 1 { codec.crlf() } else { codec };
        codec = if mode & 2 == 2 { codec.strict() } else { codec };
        if mode & 4 == 4 {
            codec.allow_unterminated()
        } else {
            codec
        }
    };
    check(make, |line: Result<&str, _>| line.map(str::to_owned), data);
}

pub(crate) fn delimited(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let delimiters: &[&[u8]] = match mode % 8 {
        0 => &[b";"],
        1 => &[b";", b","],
        2 => &[b"\n", b"\r\n"],
        3 => &[b"\r\n\r\n", b"\n\n"],
        4 => &[b"aab", b"ab", b"bb"],
        5 => &[b"aa"],
        6 => &[b"a", b"b", b"c", b"d"],
        _ => &[b"abcabd", b"bcab"],
    };
    let codec = match delimiters {
        [b"abcabd", ..] => Delimited::any(delimiters.iter().rev()),
        [b"aab", ..] => Delimited::any(&delimiters[1..]),
        _ => Delimited::any(delimiters),
    };
    let make = || codec.clone().max_len(usize::from(mode >> 3));
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn nul_terminated(data: &[u8]) {
    let make = || NulTerminated::new().max_len(40);
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn fixed_length(data: &[u8]) {
    let Some((len, data)) = data.split_first() else { return };
    let make = || FixedLength::new(usize::from(len % 32) + 1);
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn length_delimited(data: &[u8]) {
    let Some((&[offset, width, adjustment, skip, max_len], data)) = data.split_first_chunk() else {
        return;
    };
    let make = || {
        let mut codec = LengthDelimited::new()
            .offset(usize::from(offset % 16))
            .width(usize::from(width % 8) + 1);
        codec = codec.max_len(usize::from(max_len)).adjustment(match adjustment {
            127 => i32::MAX,
            128 => i32::MIN,
            small => i32::from(small.cast_signed()),
        });
        codec = if skip >= 64 {
            codec
        } else {
            codec.skip(usize::from(skip))
        };
        if width & 8 == 8 { codec.little_endian() } else { codec }
    };
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn varint_delimited(data: &[u8]) {
    let make = || VarintDelimited::new().max_len(300);
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn netstring(data: &[u8]) {
    let make = || Netstring::new().max_len(300);
    round_trip(make, check(make, Frame::copy_from_slice, data));
}

pub(crate) fn cobs(data: &[u8]) {
    let make = || Cobs::new().max_len(600);
    round_trip(make, check(make, Frame::copy_from_slice, data));
    round_trip(make, vec![Frame::copy_from_slice(data)]);
}

pub(crate) fn slip(data: &[u8]) {
    let make = || Slip::new().max_len(40);
    round_trip(make, check(make, Frame::copy_from_slice, data));
    round_trip(make, vec![Frame::copy_from_slice(data)]);
}

/// Raw bytes have no frames of their own, so all that must hold is that nothing is lost.
pub(crate) fn proxy(data: &[u8]) {
    let make = || ProxyCodec::new().max_len(300);
    let headers = check(make, |header: ProxyHeader| header, data);
    for header in &headers {
        let _ = (header.alpn(), header.authority(), header.unique_id());
        let _ = header.ssl().map(|ssl| (ssl.common_name(), ssl.cipher()));
    }
    // A checksum that was received is right, so it is written as it was.
    round_trip(make, headers);
}

pub(crate) fn raw_bytes(data: &[u8]) {
    let outcome = decode(RawBytes::new, &|deframer| deframer.next(), &chunks(data));
    assert_eq!(outcome.0.concat(), data);
    assert_eq!(outcome.1, None);
}

pub(crate) fn json(data: &[u8]) {
    let make = || Json::<Record, _>::new(ByteLines::new().allow_unterminated());
    round_trip(make, check(make, |record| record, data));
}

pub(crate) fn postcard(data: &[u8]) {
    let make = || Postcard::<Record, _>::new(Cobs::new());
    round_trip(make, check(make, |record| record, data));
}

pub(crate) fn cbor(data: &[u8]) {
    let make = || Cbor::<Record, _>::new(VarintDelimited::new());
    round_trip(make, check(make, |record| record, data));
}

pub(crate) fn messagepack(data: &[u8]) {
    let make = || MessagePack::<Record, _>::new(VarintDelimited::new());
    round_trip(make, check(make, |record| record, data));
}

pub(crate) fn protobuf(data: &[u8]) {
    let make = || Protobuf::<ProtoRecord, _>::new(VarintDelimited::new());
    round_trip(make, check(make, |record| record, data));
}

pub(crate) fn detect(data: &[u8]) {
    let letter = |first: &[u8]| match first {
        [] | [b'a'] => Detection::NeedMore,
        [byte, ..] if byte.is_ascii_alphabetic() => Detection::Detected,
        _ => Detection::NotMine,
    };
    let make = || {
        Detect::new(
            LengthDelimited::new().max_len(40),
            |first: &[u8]| Detection::of_magic(b"\0\0\0", first),
            Lines::new().max_len(40),
            letter,
        )
    };
    let own = |frame: Either<&[u8], &str>| match frame {
        Either::Left(bytes) => Either::Left(Frame::copy_from_slice(bytes)),
        Either::Right(line) => Either::Right(line.to_owned()),
    };
    check(make, own, data);
}

pub(crate) fn resp_commands(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let make = || {
        let decoder = CommandDecoder::new().max_inline(64);
        let decoder = if mode & 1 == 1 {
            decoder.max_args(4).max_bulk(30)
        } else {
            decoder
        };
        if mode & 2 == 2 {
            decoder.unauthenticated()
        } else {
            decoder
        }
    };
    let commands = check(make, |command: Command<'_>| command.to_owned(), data);
    // As an array, each is the same command again.
    let mut bytes = WriteBuf::new();
    for command in &commands {
        let Ok(name) = std::str::from_utf8(command.as_ref().name()) else {
            return;
        };
        let Ok(()) = CmdEncoder::new().encode(cmd(name).args(command.as_ref().args()), &mut bytes);
    }
    let again = decode(CommandDecoder::new, &|deframer| deframer.next(), &[&bytes.to_vec()]);
    assert_eq!(again.1, None);
    assert!(
        again
            .0
            .iter()
            .map(|command| command.as_ref())
            .eq(commands.iter().map(|command| command.as_ref()))
    );
}

pub(crate) fn resp_values(data: &[u8]) {
    let make = || {
        ValueDecoder::new()
            .max_depth(16)
            .max_count(64)
            .max_bulk(300)
            .max_line(300)
    };
    let whole = decode(make, &|deframer| deframer.next(), &[data]);
    let cut = decode(make, &|deframer| deframer.next(), &chunks(data));
    // What is not a number is not equal to itself, so it is what is shown that is compared.
    assert_eq!(
        format!("{cut:?}"),
        format!("{whole:?}"),
        "values depend on how the input is cut"
    );
    let values = whole.0;
    let mut bytes = WriteBuf::new();
    for value in &values {
        let Ok(()) = ReplyEncoder::of(Version::Resp3).encode(value, &mut bytes);
    }
    let again: Outcome<Value> = decode(make, &|deframer| deframer.next(), &[&bytes.to_vec()]);
    assert_eq!(format!("{again:?}"), format!("{:?}", (values, None::<()>)));
}

/// A conversation in a simulated world. The bytes decide about all of it: links and buffers, faults, and who runs next.
pub(crate) fn sim(data: &[u8]) {
    let swarm = Swarm::new(["client", "server"]).within(Duration::from_secs(10));
    let config = SweepConfig::new().swarm(swarm.lasting(Duration::from_secs(10)));
    if let Err(failure) = run_trial(&config, Choices::from_bytes(data), conversation) {
        panic!("{failure}");
    }
}

/// Frames to an echo server: whatever fails, what comes back is a beginning of what was sent.
async fn conversation(trial: Trial) {
    let mut dice = trial.dice("world");
    let mut buffer = || *dice.pick(&[256 << 10, 1, 7, 300, 5_000]);
    let mut host = |name| {
        let options = HostOptions::new().send_buffer(buffer()).receive_buffer(buffer());
        trial.host_with(name, options).expect("the names differ")
    };
    let (client, server) = (host("client"), host("server"));
    let latency = Latency::Uniform(
        Duration::ZERO,
        dice.duration(Duration::ZERO, Duration::from_millis(100)),
    );
    let link = Link::new().latency(latency).loss(*dice.pick(&[0, 1_000, 50_000]));
    let link = link.mtu(*dice.pick(&[65_535, 1_500, 69]));
    trial.set_link(&client, &server, link).expect("a possible link");
    server.start(|runtime| async move {
        let listener = runtime
            .listen_tcp(([0, 0, 0, 0], 7).into())
            .expect("the port is free after a restart");
        let echo = |mut framed: Framed<_, VarintDelimited>, _| async move {
            while let Some(frame) = framed.next().await? {
                framed.send(frame).await?;
            }
            std::io::Result::Ok(())
        };
        // On the slowest of links it takes hours.
        let server = Server::new(&runtime).deadlines(Deadlines::none());
        let _running = server.serve_framed(listener, VarintDelimited::new(), echo);
        std::future::pending::<()>().await;
    });
    let frames: Vec<Frame> = (0..=dice.below(20))
        .map(|number| vec![u8::try_from(number).expect("below 20"); dice.index(600)].into())
        .collect();
    let runtime = client.runtime();
    let mut back = Vec::new();
    let talking = async {
        let mut framed = Framed::new(connect(&runtime, "server:7").await?, VarintDelimited::new());
        for frame in &frames {
            framed.send(frame.clone()).await?;
            if dice.below(2) == 1 {
                back.extend(framed.next().await.map_err(std::io::Error::from)?);
            }
        }
        framed.close().await?;
        while let Some(frame) = framed.next().await.map_err(std::io::Error::from)? {
            back.push(frame);
        }
        std::io::Result::Ok(())
    };
    let late = async {
        trial.sleep(Duration::from_hours(20)).await;
        Err(std::io::ErrorKind::TimedOut.into())
    };
    let ended = or(talking, late).await;
    trial.always(frames.starts_with(&back), || {
        format!("{} frames came back, and others than were sent", back.len())
    });
    // The kernel ends what a killed server had in good order: with a fault, all may seem well.
    let is_whole = ended.is_ok() && back.len() == frames.len();
    trial.always(is_whole || !trial.plan().is_empty(), || {
        format!(
            "{} of {} frames came back without a fault: {ended:?}",
            back.len(),
            frames.len()
        )
    });
}

/// How to get the next frame, owned or borrowed.
type Next<'a, D, T, E> = dyn Fn(&mut Deframer<D>) -> Result<Option<T>, DecodeError<E>> + 'a;

/// Frames, and the error after them with its place in the stream.
type Outcome<T> = (Vec<T>, Option<(u64, String)>);

/// Decodes `data` whole and in chunks, owned, borrowed and by turns: the outcome must be the same. Returns the frames.
fn check<D, T>(make: impl Fn() -> D, own: impl Fn(<D as BorrowDecoder>::Frame<'_>) -> T, data: &[u8]) -> Vec<T>
where
    D: Decoder<Item = T> + BorrowDecoder<Error = <D as Decoder>::Error> + 'static,
    T: PartialEq + Debug,
{
    let chunks = chunks(data);
    let whole = decode(&make, &|deframer| deframer.next(), &[data]);
    let owned = decode(&make, &|deframer| deframer.next(), &chunks);
    let borrowed = decode(&make, &|deframer| Ok(deframer.next_ref()?.map(&own)), &chunks);
    let turn = Cell::new(data.len());
    let by_turns = |deframer: &mut Deframer<D>| {
        turn.set(turn.get() + 1);
        if turn.get().is_multiple_of(3) {
            Ok(deframer.next_ref()?.map(&own))
        } else {
            deframer.next()
        }
    };
    let mixed = decode(&make, &by_turns, &chunks);
    assert_eq!(owned, whole, "owned frames depend on how the input is cut");
    assert_eq!(borrowed, whole, "borrowed frames differ from owned ones");
    assert_eq!(mixed, whole, "it matters which frames are borrowed");
    whole.0
}

/// Encodes `frames` and decodes what comes of it. A frame may be refused, but must not leave anything behind then.
fn round_trip<D, T>(make: impl Fn() -> D, frames: Vec<T>)
where
    D: Decoder<Item = T> + Encoder<T>,
    T: Clone + PartialEq + Debug,
{
    let mut codec = make();
    let mut bytes = WriteBuf::new();
    let mut sent = Vec::new();
    for frame in frames {
        let mark = bytes.mark();
        if codec.encode(frame.clone(), &mut bytes).is_ok() {
            sent.push(frame);
        } else {
            bytes.roll_back(mark);
        }
    }
    let outcome = decode(make, &|deframer| deframer.next(), &[&bytes.to_vec()]);
    assert_eq!(outcome, (sent, None), "what was encoded comes back as something else");
}

fn decode<D, T, E: Error + 'static>(make: impl Fn() -> D, next: &Next<'_, D, T, E>, chunks: &[&[u8]]) -> Outcome<T> {
    let mut deframer = Deframer::new(make());
    let (mut frames, mut fed) = (Vec::new(), Vec::new());
    for chunk in chunks {
        deframer.push(chunk);
        fed.extend_from_slice(chunk);
        if let Some(error) = drain(&mut deframer, next, &mut frames) {
            return (frames, Some(described(&error, &fed)));
        }
        deframer.release();
    }
    deframer.finish();
    let error = drain(&mut deframer, next, &mut frames);
    (frames, error.map(|error| described(&error, &fed)))
}

/// Where an error is, and what it and its causes say. Of the bytes that were fed before it, none may be lost.
fn described<E: Error + 'static>(error: &DecodeError<E>, fed: &[u8]) -> (u64, String) {
    let unread = error.unread();
    assert!(fed.ends_with(unread), "what is unread is not what was fed last");
    assert!(
        error.offset() + unread.len() as u64 <= fed.len() as u64,
        "the faulty frame starts behind what is unread"
    );
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        let _ = write!(text, ": {source}");
        cause = source.source();
    }
    (error.offset(), text)
}

fn drain<D, T, E: Error + 'static>(
    deframer: &mut Deframer<D>,
    next: &Next<'_, D, T, E>,
    frames: &mut Vec<T>,
) -> Option<DecodeError<E>> {
    loop {
        match next(deframer) {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

/// Cuts the input: its own first bytes say how.
fn chunks(data: &[u8]) -> Vec<&[u8]> {
    let mut sizes = data.iter().take(4).map(|byte| usize::from(byte % 13) + 1).cycle();
    let mut rest = data;
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let (chunk, more) = rest.split_at(sizes.next().unwrap_or(1).min(rest.len()));
        chunks.push(chunk);
        rest = more;
    }
    chunks
}
