//! Codecs made of others, and the one that cuts nothing.

use wirework_codec::{
    BorrowDecoder, Decoder, Detect, Detection, Either, Frame, LengthDelimited, Lines, Pair, RawBytes,
};
use wirework_testkit::{verify_borrow_decoder, verify_decoder, verify_round_trip};

use crate::{bytes, verify};

#[test]
fn raw_bytes() {
    let outcome = verify_decoder(|| RawBytes.map(|bytes| assert!(!bytes.is_empty())), b"");
    assert_eq!((outcome.frames.len(), outcome.failure), (0, None));
    verify_round_trip(RawBytes::new, &bytes(&[]));
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
        Either::Left(bytes) => Either::Left(Frame::copy_from_slice(bytes)),
        Either::Right(line) => Either::Right(line.to_owned()),
    };
    verify(make, own, b"\0\0\0\x01a", &[Either::Left(Frame::from("a"))], None);
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
