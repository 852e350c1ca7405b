//! Every codec, verified: what it makes of well-formed and of malformed input, however that is cut.
//!
//! Of malformed input the exact error and its place are asserted, and that the frames before it were all handed out.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::fmt::Debug;

use wirework_codec::bytes::Bytes;
use wirework_codec::{
    BorrowDecoder, ByteLines, Cbor, Cobs, Decoder, Delimited, Detect, Detection, Either, FixedLength, Json, JsonLines,
    LengthDelimited, Lines, LinesError, MessagePack, Netstring, NulTerminated, Pair, Postcard, Protobuf, ProxyCodec,
    ProxyEndpoints, ProxyHeader, ProxyTlv, ProxyTransport, RawBytes, RecoveringLines, Slip, VarintDelimited,
};
use wirework_testkit::{verify_borrow_decoder, verify_decoder, verify_round_trip};

/// Verifies owned and borrowed frames. They, and the error (its place, and what it says), must be as expected.
fn verify<D, T>(
    make: impl Fn() -> D,
    own: impl Fn(<D as BorrowDecoder>::Frame<'_>) -> T,
    input: &[u8],
    frames: &[T],
    failure: Option<(u64, &str)>,
) where
    D: Decoder<Item = T> + BorrowDecoder + 'static,
    T: PartialEq + Debug,
{
    let owned = verify_decoder(&make, input);
    assert_eq!(owned.frames, frames);
    let found = owned
        .failure
        .as_ref()
        .map(|failure| (failure.offset, failure.message.as_str()));
    assert_eq!(found, failure);
    assert_eq!(verify_borrow_decoder(make, own, input), owned, "borrowed frames differ");
}

/// As [`verify`], of a framing: frames are bytes.
fn verify_bytes<D>(make: impl Fn() -> D, input: &[u8], frames: &[&[u8]], failure: Option<(u64, &str)>)
where
    D: Decoder<Item = Bytes> + for<'a> BorrowDecoder<Frame<'a> = &'a [u8]> + 'static,
{
    let frames: Vec<Bytes> = frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect();
    verify(make, Bytes::copy_from_slice, input, &frames, failure);
}

fn bytes(frames: &[&[u8]]) -> Vec<Bytes> {
    frames.iter().map(|frame| Bytes::copy_from_slice(frame)).collect()
}

#[test]
fn byte_lines() {
    let input = b"one\n\r\ntwo\r\nthree\r";
    let cut = "stream ended inside a frame at byte 11: 6 bytes left over";
    verify_bytes(ByteLines::new, input, &[b"one", b"", b"two"], Some((11, cut)));
    let lenient = || ByteLines::new().allow_unterminated();
    verify_bytes(lenient, input, &[b"one", b"", b"two", b"three"], None);
    let lf = || ByteLines::new().strict().allow_unterminated();
    verify_bytes(lf, input, &[b"one", b"\r", b"two\r", b"three\r"], None);
    let crlf = || ByteLines::new().crlf().strict();
    let bare = "malformed frame at byte 5: line has a line break in it at byte 3";
    verify_bytes(crlf, b"one\r\ntwo\nthree\r\n", &[b"one"], Some((5, bare)));
    let short = || ByteLines::new().max_len(3);
    let long = "malformed frame at byte 4: line is longer than the limit of 3 bytes";
    verify_bytes(short, b"one\nfour\nfive\n", &[b"one"], Some((4, long)));
    verify_bytes(short, b"one\nfour and more", &[b"one"], Some((4, long)));
    for make in [ByteLines::new, || ByteLines::new().crlf(), || ByteLines::new().strict()] {
        verify_round_trip(make, &bytes(&[b"a", b"", b"\xff\x00", b"longer than a few bytes"]));
    }
}

#[test]
fn lines() {
    let own = |line: &str| line.to_owned();
    verify(
        Lines::new,
        own,
        "grüß\r\n\ngott\n".as_bytes(),
        &["grüß", "", "gott"].map(own),
        None,
    );
    let not_utf8 = "malformed frame at byte 3: line is not UTF-8 text: invalid utf-8 sequence of 1 bytes from index 1";
    verify(
        Lines::new,
        own,
        b"ok\na\xff\nok\n",
        &["ok"].map(own),
        Some((3, not_utf8)),
    );
    let long = "malformed frame at byte 3: line is longer than the limit of 4 bytes";
    verify(
        || Lines::new().max_len(4),
        own,
        b"ok\nmuch too long\n",
        &["ok"].map(own),
        Some((3, long)),
    );
    verify_round_trip(Lines::new, &["a", "", "ü"].map(own));
}

#[test]
fn recovering_lines() {
    let own = |line: Result<&str, LinesError>| line.map(str::to_owned).map_err(|error| error.to_string());
    let make = || RecoveringLines::new().max_len(6);
    let outcome = verify_borrow_decoder(make, own, b"ok\ntoo long\r\n\xff\n\nlonger\nand longer and cut off");
    let too_long = Err("line is longer than the limit of 6 bytes".to_owned());
    let not_utf8 = Err("line is not UTF-8 text".to_owned());
    let ok = |line: &str| Ok(line.to_owned());
    assert_eq!(
        outcome.frames,
        [ok("ok"), too_long.clone(), not_utf8, ok(""), ok("longer"), too_long]
    );
    assert_eq!(outcome.failure, None);
    let owned = verify_decoder(make, b"ok\ntoo long\r\nok\n");
    assert_eq!(owned.frames.len(), 3);
}

#[test]
fn delimited() {
    verify_bytes(|| Delimited::new(";"), b"a;;bc;", &[b"a", b"", b"bc"], None);
    verify_bytes(
        || Delimited::new("\r\n\r\n"),
        b"a\r\nb\r\n\r\n\r\r\n\r\n",
        &[b"a\r\nb", b"\r"],
        None,
    );
    let several = || Delimited::any(["--end--", "|", "\n\n"]);
    verify_bytes(several, b"a|b--end--c\n\n\n|", &[b"a", b"b", b"c", b"\n"], None);
    let cut = "stream ended inside a frame at byte 2: 4 bytes left over";
    verify_bytes(several, b"a|b--e", &[b"a"], Some((2, cut)));
    let long = "malformed frame at byte 2: frame is longer than the limit of 3 bytes";
    verify_bytes(|| several().max_len(3), b"a|bcde|", &[b"a"], Some((2, long)));
    verify_round_trip(several, &bytes(&[b"a", b"", b"-end-", b"-end--", b"\n"]));
}

#[test]
fn nul_terminated() {
    verify_bytes(NulTerminated::new, b"one\0\0two\0", &[b"one", b"", b"two"], None);
    let cut = "stream ended inside a frame at byte 4: 2 bytes left over";
    verify_bytes(NulTerminated::new, b"one\0tw", &[b"one"], Some((4, cut)));
    let long = "malformed frame at byte 4: frame is longer than the limit of 3 bytes";
    verify_bytes(
        || NulTerminated::new().max_len(3),
        b"one\0four\0",
        &[b"one"],
        Some((4, long)),
    );
    verify_round_trip(NulTerminated::new, &bytes(&[b"a", b"", b"\xff"]));
}

#[test]
fn fixed_length() {
    verify_bytes(|| FixedLength::new(3), b"onetwo", &[b"one", b"two"], None);
    let cut = "stream ended inside a frame at byte 3: 1 bytes left over";
    verify_bytes(|| FixedLength::new(3), b"onet", &[b"one"], Some((3, cut)));
    verify_round_trip(|| FixedLength::new(2), &bytes(&[b"ab", b"cd"]));
}

#[test]
fn length_delimited() {
    let input = b"\0\0\0\x03one\0\0\0\0\0\0\0\x03two";
    verify_bytes(LengthDelimited::new, input, &[b"one", b"", b"two"], None);
    let cut = "stream ended inside a frame at byte 7: 2 bytes left over";
    verify_bytes(LengthDelimited::new, b"\0\0\0\x03one\0\0", &[b"one"], Some((7, cut)));
    let long = "malformed frame at byte 7: frame of 4294967295 bytes is longer than the limit of 1048576 bytes";
    verify_bytes(
        LengthDelimited::new,
        b"\0\0\0\x03one\xff\xff\xff\xffrest",
        &[b"one"],
        Some((7, long)),
    );
    let whole = || {
        LengthDelimited::new()
            .offset(1)
            .width(2)
            .little_endian()
            .adjustment(-3)
            .keep_header()
    };
    verify_bytes(whole, b"a\x05\0hib\x03\0", &[b"a\x05\0hi", b"b\x03\0"], None);
    let short = "malformed frame at byte 5: length of 2 is less than the header";
    verify_bytes(whole, b"a\x05\0hib\x02\0", &[b"a\x05\0hi"], Some((5, short)));
    verify_round_trip(LengthDelimited::new, &bytes(&[b"a", b"", &[7; 3000]]));
    verify_round_trip(whole, &bytes(&[b"a\x05\0hi", b"b\x03\0"]));
}

#[test]
fn varint_delimited() {
    let long = [&b"\xac\x02"[..], &[b'x'; 300]].concat();
    let input = [b"\x01a\0", &long[..]].concat();
    verify_bytes(VarintDelimited::new, &input, &[b"a", b"", &[b'x'; 300]], None);
    let cut = "stream ended inside a frame at byte 2: 1 bytes left over";
    verify_bytes(VarintDelimited::new, b"\x01a\xff", &[b"a"], Some((2, cut)));
    let overflow = "malformed frame at byte 2: length does not fit 64 bits";
    let input = b"\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    verify_bytes(VarintDelimited::new, input, &[b"a"], Some((2, overflow)));
    let long = "malformed frame at byte 2: frame of 128 bytes is longer than the limit of 100 bytes";
    verify_bytes(
        || VarintDelimited::new().max_len(100),
        b"\x01a\x80\x01",
        &[b"a"],
        Some((2, long)),
    );
    verify_round_trip(VarintDelimited::new, &bytes(&[b"a", b"", &[7; 3000]]));
}

#[test]
fn netstring() {
    verify_bytes(
        Netstring::new,
        b"5:hello,0:,12:hello world!,",
        &[b"hello", b"", b"hello world!"],
        None,
    );
    let verify = |input: &[u8], message: &str| {
        let message = format!("malformed frame at byte 4: {message}");
        verify_bytes(|| Netstring::new().max_len(99), input, &[b"a"], Some((4, &message)));
    };
    verify(b"1:a,05:hello,", "length starts with a zero");
    verify(b"1:a,5hello,", "length has the byte 0x68 in it at byte 1");
    verify(b"1:a,:,", "length has the byte 0x3a in it at byte 0");
    verify(b"1:a,2:abc,", "byte 4 is 0x63 instead of a comma");
    verify(b"1:a,100:", "netstring is longer than the limit of 99 bytes");
    let cut = "stream ended inside a frame at byte 4: 3 bytes left over";
    verify_bytes(Netstring::new, b"1:a,1:b", &[b"a"], Some((4, cut)));
    verify_round_trip(Netstring::new, &bytes(&[b"a", b"", &[7; 3000]]));
}

#[test]
fn cobs() {
    verify_bytes(Cobs::new, b"\0\0\x03ab\x02c\0\0\x01\0", &[b"ab\0c", b""], None);
    let code = "malformed frame at byte 3: code 5 at byte 2 goes beyond the end of the frame";
    verify_bytes(Cobs::new, b"\x02a\0\x02b\x05c\0\x02d\0", &[b"a"], Some((3, code)));
    let long = "malformed frame at byte 3: frame is longer than the limit of 3 bytes";
    verify_bytes(
        || Cobs::new().max_len(3),
        b"\x02a\0\x06bcdef\0",
        &[b"a"],
        Some((3, long)),
    );
    let cut = "stream ended inside a frame at byte 4: 1 bytes left over";
    verify_bytes(Cobs::new, b"\x02a\0\0\x02", &[b"a"], Some((4, cut)));
    verify_round_trip(
        Cobs::new,
        &bytes(&[b"", b"\0", b"a\0b", &[7; 254], &[7; 255], &[0; 600], &[9; 2000]]),
    );
}

#[test]
fn slip() {
    verify_bytes(
        Slip::new,
        b"\xc0\xc0a\xdb\xdcb\xc0\xc0\xdb\xdd\xc0\xc0",
        &[b"a\xc0b", b"\xdb"],
        None,
    );
    let escape = "malformed frame at byte 2: escape at byte 1 has no meaning";
    verify_bytes(Slip::new, b"a\xc0b\xdbc\xc0d\xc0", &[b"a"], Some((2, escape)));
    let long = "malformed frame at byte 2: frame is longer than the limit of 3 bytes";
    verify_bytes(|| Slip::new().max_len(3), b"a\xc0bcde\xc0", &[b"a"], Some((2, long)));
    verify_bytes(|| Slip::new().max_len(3), b"a\xc0bcdefghi", &[b"a"], Some((2, long)));
    verify_round_trip(Slip::new, &bytes(&[b"a", b"\xc0", b"\xdb\xdc\xdd\xc0", &[0xc0; 300]]));
}

#[test]
fn raw_bytes() {
    let outcome = verify_decoder(|| RawBytes.map(|bytes| assert!(!bytes.is_empty())), b"");
    assert_eq!((outcome.frames.len(), outcome.failure), (0, None));
    verify_round_trip(RawBytes::new, &bytes(&[]));
}

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

#[test]
fn detect() {
    let text = |first: &[u8]| match first.first() {
        None => Detection::NeedMore,
        Some(byte) if byte.is_ascii() => Detection::Detected,
        Some(_) => Detection::NotMine,
    };
    let make = || {
        Detect::new(
            LengthDelimited::new(),
            |first: &[u8]| Detection::of_magic(b"\0\0", first),
            Lines::new(),
            text,
        )
    };
    let own = |frame: Either<&[u8], &str>| match frame {
        Either::Left(bytes) => Either::Left(Bytes::copy_from_slice(bytes)),
        Either::Right(line) => Either::Right(line.to_owned()),
    };
    verify(make, own, b"\0\0\0\x01a", &[Either::Left(Bytes::from("a"))], None);
    verify(make, own, b"a\n", &[Either::Right("a".to_owned())], None);
    verify(
        make,
        own,
        b"\xffabc",
        &[],
        Some((0, "malformed frame at byte 0: stream is of no known protocol")),
    );
}

#[test]
fn combinators() {
    let make = || Pair::new(Lines::new().map(|line| line.len()).limit(5), LengthDelimited::new());
    let outcome = verify_decoder(make, b"a\nfour\nfive!\n");
    assert_eq!(outcome.frames, [1, 4]);
    let message = outcome.failure.unwrap().message;
    assert_eq!(
        message,
        "malformed frame at byte 7: frame is longer than the limit of 5 bytes"
    );
    let numbers = || Lines::new().try_map(|line| line.parse::<u8>());
    let outcome = verify_decoder(numbers, b"17\n256\n");
    assert_eq!(outcome.frames, [17]);
    let message = outcome.failure.unwrap().message;
    assert_eq!(
        message,
        "malformed frame at byte 3: number too large to fit in target type"
    );
    let numbers = || Lines::new().try_map_ref(|line: &str| line.parse::<u8>());
    let outcome = verify_borrow_decoder(numbers, |number| number, b"17\n256\n");
    assert_eq!(outcome.frames, [17]);
}

/// A binary header: its command, its family and transport, and what follows its length.
fn proxy_v2(command: u8, family: u8, block: &[&[u8]]) -> Vec<u8> {
    let block = block.concat();
    let len = u16::try_from(block.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &len, &block].concat()
}

/// From 192.0.2.7:50000 to 198.51.100.1:443.
const PROXIED_V4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 0x01, 0xbb];

#[test]
fn proxy_headers_of_version_1() {
    let own = |header: ProxyHeader| header;
    let ip = |from: &str, to: &str| ProxyHeader::new(from.parse().unwrap(), to.parse().unwrap()).v1();
    let unknown = ProxyHeader::with_endpoints(ProxyEndpoints::Unknown).v1();
    let headers = [
        ip("192.0.2.7:50000", "198.51.100.1:443"),
        ip("[2001:db8::1]:1", "[::1]:65535"),
        unknown.clone(),
    ];
    let input =
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\nPROXY TCP6 2001:db8::1 ::1 1 65535\r\nPROXY UNKNOWN\r\n";
    verify(ProxyCodec::new, own, input, &headers, None);
    verify_round_trip(ProxyCodec::new, &headers);
    // The longest there is, and one of which the rest is to be ignored.
    let longest = format!(
        "PROXY UNKNOWN {0} {0} 65535 65535\r\n",
        "ffff:".repeat(8).trim_end_matches(':')
    );
    assert_eq!(longest.len(), 107);
    verify(
        ProxyCodec::new,
        own,
        longest.as_bytes(),
        std::slice::from_ref(&unknown),
        None,
    );
    verify(ProxyCodec::new, own, b"PROXY UNKNOWN \xff\0 ?\r\n", &[unknown], None);
}

#[test]
fn bad_proxy_headers_of_version_1() {
    let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 93], b"\r\n"].concat();
    for (input, why) in [
        (&b"GET / HTTP/1.1\r\n"[..], "stream does not start with a PROXY header"),
        (b"PROXX", "stream does not start with a PROXY header"),
        (b"PROXYTCP4", "stream does not start with a PROXY header"),
        (&long, "PROXY header is longer than the limit of 107 bytes"),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx",
            "malformed PROXY header: no line feed behind the carriage return",
        ),
        (
            b"PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY UNKNOWNX\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY TCP4 ::1 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "malformed PROXY header: a field is missing",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n",
            "malformed PROXY header: there are too many fields",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n",
            "malformed PROXY header: not a port",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
            "malformed PROXY header: not a port",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
            "malformed PROXY header: not a port",
        ),
    ] {
        let message = format!("malformed frame at byte 0: {why}");
        verify(ProxyCodec::new, |header| header, input, &[], Some((0, &message)));
    }
}

#[test]
fn proxy_headers_of_version_2() {
    let own = |header: ProxyHeader| header;
    let v4 = ProxyHeader::new("192.0.2.7:50000".parse().unwrap(), "198.51.100.1:443".parse().unwrap());
    let v6 = ProxyHeader::new("[2001:db8::1]:1".parse().unwrap(), "[::1]:2".parse().unwrap());
    let unix = ProxyHeader::with_endpoints(ProxyEndpoints::Unix {
        source: Bytes::new(),
        destination: Bytes::from_static(b"\0abstract\0name"),
        transport: ProxyTransport::Datagram,
    });
    let unknown = ProxyHeader::with_endpoints(ProxyEndpoints::Unknown);
    let rich = v4
        .clone()
        .with_tlv(ProxyTlv::ALPN, b"h2")
        .with_tlv(ProxyTlv::AUTHORITY, b"example.org")
        .with_tlv(ProxyTlv::UNIQUE_ID, b"id-1")
        .with_tlv(ProxyTlv::SSL, b"\x07\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x02me")
        .with_tlv(0xE0, b"private");
    let all = [
        v4.clone(),
        v6,
        unix,
        unknown.clone(),
        ProxyHeader::local(),
        rich.clone(),
    ];
    verify_round_trip(ProxyCodec::new, &all);

    assert_eq!(v4.to_bytes().unwrap(), proxy_v2(0x21, 0x11, &[PROXIED_V4]));
    let written = rich.with_checksum().to_bytes().unwrap();
    let read = verify_decoder(ProxyCodec::new, &written).frames.remove(0);
    assert_eq!((read.alpn(), read.authority()), (Some(&b"h2"[..]), Some("example.org")));
    assert_eq!(
        (read.unique_id(), read.tlv(0xE0)),
        (Some(&b"id-1"[..]), Some(&b"private"[..]))
    );
    let ssl = read.ssl().unwrap();
    assert!(ssl.is_tls() && ssl.has_certificate() && ssl.is_verified());
    assert_eq!(
        (ssl.version(), ssl.common_name()),
        (Some(&b"TLSv1.3"[..]), Some(&b"me"[..]))
    );
    assert_eq!((ssl.cipher(), ssl.key_algorithm()), (None, None));
    verify(ProxyCodec::new, own, &written, std::slice::from_ref(&read), None);
    verify_round_trip(ProxyCodec::new, &[read]);

    // Of LOCAL and of an unspecified family, what follows is to be ignored.
    let local = proxy_v2(0x20, 0xff, &[b"whatever"]);
    verify(ProxyCodec::new, own, &local, &[ProxyHeader::local()], None);
    let unspecified = proxy_v2(0x21, 0, &[b"\x01"]);
    verify(ProxyCodec::new, own, &unspecified, &[unknown], None);
}

#[test]
fn bad_proxy_headers_of_version_2() {
    let mut wrong_sum = ProxyHeader::new("1.2.3.4:1".parse().unwrap(), "1.2.3.4:2".parse().unwrap())
        .with_checksum()
        .to_bytes()
        .unwrap();
    wrong_sum[20] ^= 1;
    let unique = [&[0x05, 0, 129][..], &[0; 129]].concat();
    let v4 = |fields: &[u8]| proxy_v2(0x21, 0x11, &[PROXIED_V4, fields]);
    for (input, why) in [
        (
            proxy_v2(0x11, 0x11, &[PROXIED_V4]),
            "malformed PROXY header: the version is not 2",
        ),
        (
            proxy_v2(0x22, 0x11, &[PROXIED_V4]),
            "malformed PROXY header: the command is unknown",
        ),
        (
            proxy_v2(0x21, 0x10, &[PROXIED_V4]),
            "malformed PROXY header: the family or the transport is unknown",
        ),
        (
            proxy_v2(0x21, 0x41, &[PROXIED_V4]),
            "malformed PROXY header: the family or the transport is unknown",
        ),
        (
            proxy_v2(0x21, 0x21, &[PROXIED_V4]),
            "malformed PROXY header: the addresses end beyond the header",
        ),
        (v4(&[1]), "malformed PROXY header: a field ends beyond the header"),
        (
            v4(&[1, 0, 2, b'h']),
            "malformed PROXY header: a field ends beyond the header",
        ),
        (
            v4(b"\x02\0\x01\xff"),
            "malformed PROXY header: the authority is not UTF-8 text",
        ),
        (
            v4(b"\x03\0\x01\0"),
            "malformed PROXY header: the checksum does not have 4 bytes",
        ),
        (
            v4(&unique),
            "malformed PROXY header: the unique identifier is longer than 128 bytes",
        ),
        (
            v4(b"\x20\0\x04\0\0\0\0"),
            "malformed PROXY header: the SSL field is too short",
        ),
        (
            v4(b"\x20\0\x06\0\0\0\0\0\x21"),
            "malformed PROXY header: a field ends beyond the header",
        ),
        (wrong_sum, "PROXY header has a wrong checksum"),
        (
            proxy_v2(0x21, 0x11, &[&[0; 4081]]),
            "PROXY header is longer than the limit of 4096 bytes",
        ),
        (
            b"\r\n\r\n\0\r\nQUIX".to_vec(),
            "stream does not start with a PROXY header",
        ),
    ] {
        let message = format!("malformed frame at byte 0: {why}");
        verify(ProxyCodec::new, |header| header, &input, &[], Some((0, &message)));
    }
}

#[test]
fn proxy_headers_that_cannot_be_written() {
    let at = |text: &str| text.parse().unwrap();
    let mixed = ProxyHeader::new(at("1.2.3.4:1"), at("[::1]:1"));
    let rich = ProxyHeader::new(at("1.2.3.4:1"), at("1.2.3.4:1")).with_tlv(ProxyTlv::NOOP, b"");
    let huge = rich.clone().with_tlv(ProxyTlv::NOOP, &vec![0; 65_535]);
    let unix = |name: &'static [u8]| {
        ProxyHeader::with_endpoints(ProxyEndpoints::Unix {
            source: Bytes::new(),
            destination: Bytes::from_static(name),
            transport: ProxyTransport::Stream,
        })
    };
    for (header, why) in [
        (mixed.clone(), "the two ends are of different families"),
        (mixed.v1(), "the two ends are of different families"),
        (rich.v1(), "version 1 has no fields"),
        (huge, "it is longer than 65,551 bytes"),
        (
            ProxyHeader::local().with_tlv(ProxyTlv::NOOP, b""),
            "without addresses there are no fields",
        ),
        (
            unix(&[b'x'; 109]),
            "a socket's name has at most 108 bytes, the last of them no zero",
        ),
        (
            unix(b"name\0"),
            "a socket's name has at most 108 bytes, the last of them no zero",
        ),
        (unix(b"name").v1(), "version 1 knows TCP alone"),
    ] {
        let error = header.to_bytes().unwrap_err();
        assert_eq!(error.to_string(), format!("PROXY header cannot be written: {why}"));
    }
}
