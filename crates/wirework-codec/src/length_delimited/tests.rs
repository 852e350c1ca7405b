//! What each setting means on the wire, and at the edges of arithmetic.

use super::*;
use crate::{Deframer, Fault};

/// The same where there is room already, which is another way, as where there is none.
fn encoded(mut codec: LengthDelimited, item: &[u8]) -> Result<Vec<u8>, LengthError> {
    let mut dst = WriteBuf::new();
    let encoded = codec.encode(item, &mut dst).map(|()| dst.to_vec());
    let mut roomy = WriteBuf::new();
    roomy.put_u8(0);
    let mark = roomy.mark();
    let encoded_again = codec.encode(item, &mut roomy).map(|()| roomy.to_vec()[1..].to_vec());
    assert_eq!(encoded_again, encoded, "{codec:?}");
    if encoded.is_err() {
        roomy.roll_back(mark);
    }
    assert_eq!(roomy.len(), 1 + encoded.as_ref().map_or(0, Vec::len));
    encoded
}

fn decoded(codec: LengthDelimited, bytes: &[u8]) -> Result<Vec<u8>, LengthError> {
    let mut deframer = Deframer::new(codec);
    deframer.push(bytes);
    match deframer.next_ref() {
        Ok(frame) => Ok(frame.expect("the frame is complete").to_vec()),
        Err(error) => match error.into_fault() {
            Fault::Malformed(error) => Err(error),
            fault => panic!("{fault:?}"),
        },
    }
}

#[test]
fn every_setting_round_trips() {
    for offset in [0, 1, 5] {
        for width in 1..=8 {
            for adjustment in [-9, -2, 0, 3] {
                for skip in [None, Some(0), Some(2), Some(4), Some(5), Some(10), Some(17)] {
                    let mut codec = LengthDelimited::new()
                        .offset(offset)
                        .width(width)
                        .adjustment(adjustment);
                    if let Some(skip) = skip {
                        codec = codec.skip(skip);
                    }
                    for codec in [codec.clone(), codec.little_endian()] {
                        round_trip(&codec);
                    }
                }
            }
        }
    }
}

fn round_trip(codec: &LengthDelimited) {
    let bytes = encoded(codec.clone(), &[7; 40]).unwrap();
    let frame = decoded(codec.clone(), &bytes).unwrap();
    assert_eq!(frame.len(), 40, "{codec:?}");
    assert_eq!(encoded(codec.clone(), &frame).unwrap(), bytes, "{codec:?}");
}

#[test]
fn the_bytes_on_the_wire_are_as_documented() {
    let codec = LengthDelimited::new().width(3).little_endian();
    assert_eq!(encoded(codec, b"hi").unwrap(), b"\x02\0\0hi");
    let codec = LengthDelimited::new().offset(2).width(1).adjustment(-3);
    assert_eq!(encoded(codec, b"hi").unwrap(), b"\0\0\x05hi");
    let codec = LengthDelimited::new().offset(1).width(2).adjustment(1).skip(4);
    assert_eq!(encoded(codec, b"hi").unwrap(), b"\0\0\x02\0hi");
}

#[test]
fn the_limit_counts_what_is_handed_out() {
    let whole = LengthDelimited::new().width(2).adjustment(-2).max_len(3);
    assert_eq!(decoded(whole.clone(), b"\0\x05abc").unwrap(), b"abc");
    let too_long = LengthError::TooLong { len: 4, limit: 3 };
    assert_eq!(decoded(whole.clone(), b"\0\x06"), Err(too_long));
    assert_eq!(encoded(whole, b"abcd"), Err(too_long));
    let kept = LengthDelimited::new().width(2).keep_header().max_len(3);
    assert_eq!(decoded(kept.clone(), b"\0\x01a").unwrap(), b"\0\x01a");
    assert_eq!(decoded(kept, b"\0\x02ab"), Err(too_long));
    for limit in [0, 3, 255, 4094, 4095, 4096, 4097, 70_000] {
        let plain = LengthDelimited::new().max_len(limit);
        let longest = vec![7; limit];
        let bytes = encoded(plain.clone(), &longest).unwrap();
        assert_eq!(decoded(plain.clone(), &bytes).unwrap(), longest);
        let too_long = LengthError::TooLong {
            len: limit as u64 + 1,
            limit,
        };
        assert_eq!(encoded(plain.clone(), &vec![7; limit + 1]), Err(too_long));
        let bytes = encoded(LengthDelimited::new(), &vec![7; limit + 1]).unwrap();
        assert_eq!(decoded(plain, &bytes), Err(too_long));
    }
    let added = LengthDelimited::new().width(1).adjustment(10).max_len(9);
    assert_eq!(decoded(added, b"\0"), Err(LengthError::TooLong { len: 10, limit: 9 }));
}

#[test]
fn lengths_at_the_edges_of_arithmetic_are_errors() {
    let eight = LengthDelimited::new().width(8);
    let error = LengthError::TooLong {
        len: u64::MAX,
        limit: MAX_LEN as usize,
    };
    assert_eq!(decoded(eight.clone(), &[0xff; 8]), Err(error));
    assert_eq!(decoded(eight.clone().adjustment(i32::MAX), &[0xff; 8]), Err(error));
    assert_eq!(decoded(eight.clone().keep_header(), &[0xff; 8]), Err(error));
    let most = eight.clone().max_len(usize::MAX).skip(9);
    let beyond = LengthError::TooLong {
        len: u64::MAX - 1,
        limit: u32::MAX as usize,
    };
    assert_eq!(decoded(most.clone(), &[0xff; 8]), Err(beyond));
    let mut longest = Deframer::new(most);
    longest.push(&(u64::from(u32::MAX) + 1).to_be_bytes());
    assert!(longest.next_ref().unwrap().is_none());
    assert_eq!(
        decoded(eight.clone().adjustment(i32::MIN), &[0; 8]),
        Err(LengthError::TooShort { length: 0 })
    );
    assert_eq!(
        decoded(eight.skip(9), &[0; 8]),
        Err(LengthError::TooShort { length: 0 })
    );
    let whole = LengthDelimited::new().width(1).adjustment(-1);
    assert_eq!(decoded(whole, &[0]), Err(LengthError::TooShort { length: 0 }));
}

#[test]
fn a_length_that_cannot_be_written_is_an_error() {
    let codec = LengthDelimited::new().width(1);
    assert_eq!(encoded(codec.clone(), &[0; 255]).unwrap().len(), 256);
    assert_eq!(
        encoded(codec.clone(), &[0; 256]),
        Err(LengthError::Unwritable { len: 256, width: 1 })
    );
    assert_eq!(
        encoded(codec.clone().adjustment(9), b"abc"),
        Err(LengthError::Unwritable { len: 3, width: 1 })
    );
    assert_eq!(
        encoded(codec.clone().adjustment(i32::MIN), b"abc"),
        Err(LengthError::Unwritable { len: 3, width: 1 })
    );
    assert_eq!(
        encoded(codec.offset(3).keep_header(), b"abc"),
        Err(LengthError::NoHeader { len: 3, header: 4 })
    );
}

#[test]
fn a_body_written_in_place_gets_its_length() {
    let mut codec = LengthDelimited::new().max_len(6);
    let mut dst = WriteBuf::new();
    let mark = codec.open(&mut dst);
    dst.put_slice(b"in ");
    dst.put_slice(b"two");
    codec.close(mark, &mut dst).unwrap();
    assert_eq!(dst.to_vec(), b"\0\0\0\x06in two");
    let mark = codec.open(&mut dst);
    dst.put_slice(b"too long");
    assert_eq!(
        codec.close(mark, &mut dst),
        Err(LengthError::TooLong { len: 8, limit: 6 })
    );
}
