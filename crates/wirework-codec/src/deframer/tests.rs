//! What a deframer promises, whatever its decoder.

use std::convert::Infallible;

use bytes::BytesMut;

use super::*;
use crate::{Decoder, Glance, LengthDelimited, Lines, LinesError};

/// Gives frames without consuming anything.
struct Stuck;

impl Decoder for Stuck {
    type Item = ();
    type Error = Infallible;

    fn decode(&mut self, _: &mut BytesMut) -> Result<Option<()>, Infallible> {
        Ok(Some(()))
    }
}

#[test]
fn a_decoder_that_consumes_nothing_is_an_error() {
    let mut deframer = Deframer::new(Stuck);
    deframer.push(b"x");
    let error = deframer.next().unwrap_err();
    assert!(matches!(error.fault(), Fault::NoProgress));
    assert_eq!(deframer.next().unwrap(), None);
}

#[test]
fn owned_and_borrowed_frames_can_be_mixed() {
    let mut deframer = Deframer::new(Lines::new());
    deframer.push(b"a\nb\nc\nd\ne");
    assert_eq!(deframer.next().unwrap().unwrap(), "a");
    assert_eq!(deframer.next_ref().unwrap().unwrap(), "b");
    assert_eq!(deframer.next().unwrap().unwrap(), "c");
    deframer.push(b"f\n");
    assert_eq!(deframer.next_ref().unwrap().unwrap(), "d");
    assert_eq!(deframer.next_ref().unwrap().unwrap(), "ef");
    assert_eq!((deframer.buffered(), deframer.offset()), (0, 11));
}

#[test]
fn an_error_is_terminal_and_carries_what_was_not_decoded() {
    let mut deframer = Deframer::new(Lines::new());
    deframer.push(b"good\n\xff\nrest");
    assert_eq!(deframer.next_ref().unwrap().unwrap(), "good");
    let error = deframer.next_ref().unwrap_err();
    assert_eq!(error.offset(), 5);
    assert!(matches!(error.fault(), Fault::Malformed(LinesError::NotUtf8(_))));
    assert_eq!(error.unread(), &b"rest"[..]);
    assert_eq!(deframer.next_ref().unwrap(), None);
}

#[test]
fn buffered_bytes_are_bounded() {
    let mut deframer = Deframer::new(LengthDelimited::new()).max_buffered(10_000);
    deframer.push(&1_000_000u32.to_be_bytes());
    deframer.push(&[0; 9_995]);
    assert_eq!(deframer.next().unwrap(), None);
    deframer.push(&[0]);
    let error = deframer.next().unwrap_err();
    assert!(matches!(error.fault(), Fault::TooLong { limit: 10_000 }));
    assert_eq!(
        error.to_string(),
        "frame at byte 0 is longer than the buffer limit of 10000 bytes; see max_buffered"
    );
}

#[test]
fn waiting_holds_no_more_than_was_sent() {
    let mut deframer = Deframer::new(LengthDelimited::new());
    assert_eq!(deframer.memory(), 0);
    deframer.push(&1_000_000u32.to_be_bytes());
    assert!(deframer.next_ref().unwrap().is_none());
    deframer.release();
    assert_eq!(deframer.memory(), 4);
    assert!(deframer.next().unwrap().is_none());
    deframer.release();
    assert!(deframer.memory() <= 8, "{}", deframer.memory());
    deframer.push(&vec![0; 1_000_000]);
    assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
    deframer.release();
    assert_eq!(deframer.memory(), 0);
}

#[test]
fn reads_grow_while_they_are_filled_and_shrink_again() {
    let mut deframer = Deframer::new(crate::RawBytes::new());
    for size in [16, 32, 64, 128, 256, 256] {
        let spare = deframer.spare().len();
        assert_eq!(spare, size * 1024);
        deframer.filled(spare);
        while deframer.next_ref().unwrap().is_some() {}
    }
    for size in [256, 128, 64, 32, 16, 16] {
        deframer.release();
        assert_eq!(deframer.spare().len(), size * 1024);
        deframer.filled(1);
        while deframer.next_ref().unwrap().is_some() {}
    }
}

#[test]
fn a_decoder_can_be_exchanged_between_frames() {
    let mut deframer = Deframer::new(Lines::new());
    deframer.push(b"UPGRADE\n\0\0\0\x02hi");
    assert_eq!(deframer.next_ref().unwrap().unwrap(), "UPGRADE");
    let mut deframer = deframer.map_decoder(|_| LengthDelimited::new());
    assert_eq!(deframer.next_ref().unwrap().unwrap(), b"hi");
}

#[test]
fn the_begin_of_a_frame_does_not_hold_the_memory_of_the_last() {
    let mut deframer = Deframer::new(LengthDelimited::new());
    let mut input = 1_000_000u32.to_be_bytes().to_vec();
    input.resize(input.len() + 1_000_000, 0);
    input.extend(1_000_000u32.to_be_bytes());
    input.resize(input.len() + 2000, 0);
    deframer.push(&input);
    assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
    assert!(deframer.next_ref().unwrap().is_none());
    deframer.release();
    assert!(deframer.memory() <= 8 * 2004, "{}", deframer.memory());
    deframer.push(&vec![0; 998_000]);
    assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
}

/// Knows of `BytesMut` only, as decoders of the ecosystem do.
struct Bytewise;

impl Decoder for Bytewise {
    type Item = u8;
    type Error = Infallible;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<u8>, Infallible> {
        Ok((!src.is_empty()).then(|| src.split_to(1)[0]))
    }
}

#[test]
fn frames_are_taken_from_what_another_decoder_has_gathered() {
    // The last is so long that the shorter ones would keep over 1024 times their length alive.
    for sizes in [[10, 300, 3000], [10, 300, 400_000]] {
        let mut deframer = Deframer::new(Bytewise);
        deframer.push(b"!");
        for size in sizes {
            deframer.push(&u32::try_from(size).unwrap().to_be_bytes());
            deframer.push(&vec![7; size]);
        }
        assert_eq!(deframer.next().unwrap(), Some(b'!'));
        let mut deframer = deframer.map_decoder(|_| LengthDelimited::new());
        for size in sizes {
            assert_eq!(deframer.next().unwrap().unwrap(), vec![7; size]);
        }
        assert_eq!(deframer.next().unwrap(), None);
        assert_eq!(
            deframer.offset(),
            1 + sizes.iter().map(|size| 4 + *size as u64).sum::<u64>()
        );
    }
}

#[test]
fn frames_too_long_to_copy_are_cut_where_a_glance_finds_them() {
    let mut deframer = Deframer::new(LengthDelimited::new());
    for size in [300, 5, 3000] {
        deframer.push(&u32::try_from(size).unwrap().to_be_bytes());
        deframer.push(&vec![7; size]);
    }
    for (size, offset) in [(300, 304), (5, 313), (3000, 3317)] {
        assert_eq!(deframer.next().unwrap().unwrap(), vec![7; size]);
        assert_eq!(deframer.offset(), offset);
    }
    assert_eq!(deframer.next().unwrap(), None);
}

/// As `Bytewise`, by two.
struct Pairwise;

impl Decoder for Pairwise {
    type Item = [u8; 2];
    type Error = Infallible;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<[u8; 2]>, Infallible> {
        Ok((src.len() >= 2).then(|| src.split_to(2)).map(|pair| [pair[0], pair[1]]))
    }
}

#[test]
fn what_is_kept_aside_is_not_given_to_the_next_connection() {
    let mut first = Deframer::new(Pairwise);
    first.push(b"abc");
    assert_eq!(first.next().unwrap(), Some(*b"ab"));
    assert_eq!(first.next().unwrap(), None);
    first.release();
    let mut second = Deframer::new(Pairwise);
    second.push(b"xy");
    assert_eq!(second.next().unwrap(), Some(*b"xy"));
    first.push(b"d");
    assert_eq!(first.next().unwrap(), Some(*b"cd"));
}

#[test]
fn what_comes_after_the_last_frame_is_dropped() {
    let mut failed = Deframer::new(LengthDelimited::new().max_len(4));
    failed.push(b"\0\0\0\x05hello");
    failed.next_ref().unwrap_err();
    let mut ended = Deframer::new(LengthDelimited::new());
    ended.finish();
    assert_eq!(ended.next().unwrap(), None);
    for mut deframer in [failed, ended] {
        deframer.push(b"\0\0\0\x02hi");
        deframer.spare()[..6].copy_from_slice(b"\0\0\0\x02hi");
        deframer.filled(6);
        assert_eq!(deframer.next_ref().unwrap(), None);
        assert_eq!(deframer.next().unwrap(), None);
        assert_eq!(deframer.glance(), Glance::Unclear);
        assert!(deframer.next_at_a_glance().is_none());
        assert_eq!(deframer.buffered(), 0);
    }
}

#[test]
fn a_frame_without_a_meaning_ends_the_stream() {
    let mut borrowed = Deframer::new(Lines::new());
    borrowed.push(b"\xff\nok\n");
    borrowed.next_ref().unwrap_err();
    let mut owned = Deframer::new(Lines::new());
    owned.push(b"\xff\nok\n");
    owned.next().unwrap_err();
    for mut deframer in [borrowed, owned] {
        assert!(deframer.is_finished());
        deframer.push(b"more\n");
        assert_eq!(deframer.next_ref().unwrap(), None);
        assert_eq!(deframer.next().unwrap(), None);
        assert_eq!(deframer.buffered(), 0);
    }
}

#[test]
fn frames_that_had_come_by_the_end_are_found_at_a_glance_too() {
    let mut deframer = Deframer::new(LengthDelimited::new());
    deframer.push(b"\0\0\0\x02hi\0\0\0\x03you\0\0\0\x01");
    deframer.finish();
    assert_eq!(deframer.next_at_a_glance().unwrap().unwrap(), "hi");
    let Glance::Frame(span) = deframer.glance() else {
        panic!("it is there");
    };
    assert_eq!(deframer.parse_at(&span).unwrap(), b"you");
    assert_eq!(deframer.glance(), Glance::Unclear);
    let error = deframer.next_ref().unwrap_err();
    assert!(matches!(error.fault(), Fault::Truncated { left: 4 }), "{error}");
}
