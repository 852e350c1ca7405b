//! What a buffer of bytes to write promises, with small and large pieces in it.

use std::io::IoSlice;

use super::*;

#[test]
fn text_needs_no_string() {
    let mut buf = WriteBuf::new();
    buf.put_slice(b"VALUE ");
    buf.put_display(-7);
    assert_eq!(buf.to_vec(), b"VALUE -7");
}

fn large(byte: u8) -> Bytes {
    Bytes::from(vec![byte; UNCOPIED])
}

/// Small and large pieces in turn, and the bytes they should come out as.
fn mixed() -> (WriteBuf, Vec<u8>) {
    let mut buf = WriteBuf::new();
    buf.put_slice(b"head");
    buf.put_bytes(large(b'a'));
    buf.put_bytes(large(b'b'));
    buf.put_slice(b"mid");
    buf.put_bytes(large(b'c'));
    let expected = [&b"head"[..], &large(b'a'), &large(b'b'), b"mid", &large(b'c')].concat();
    (buf, expected)
}

#[test]
fn pieces_come_out_in_order_at_every_advance() {
    let (_, expected) = mixed();
    for count in 0..=expected.len() {
        let (mut buf, _) = mixed();
        buf.advance(count);
        assert_eq!(buf.len(), expected.len() - count);
        assert_eq!(buf.to_vec(), expected[count..], "advanced by {count}");
        assert!(expected[count..].starts_with(buf.chunk()));
        assert_eq!(buf.is_empty(), count == expected.len());
    }
}

#[test]
fn slices_cover_what_fits() {
    let (buf, expected) = mixed();
    for room in 0..8 {
        let mut slices = vec![IoSlice::new(&[]); room];
        let filled = buf.io_slices(&mut slices);
        assert_eq!(filled, room.min(5));
        let gathered: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
        assert!(expected.starts_with(&gathered));
    }
}

#[test]
fn large_bytes_are_not_copied() {
    let bytes = large(b'x');
    let mut buf = WriteBuf::new();
    buf.put_bytes(bytes.clone());
    assert_eq!(buf.chunk().as_ptr(), bytes.as_ptr());
    assert_eq!(buf.in_one_piece().map(<[u8]>::as_ptr), Some(bytes.as_ptr()));
    buf.put_slice(b"x");
    assert_eq!(buf.in_one_piece(), None);
}

#[test]
fn rolling_back_leaves_no_partial_bytes() {
    let (mut buf, expected) = mixed();
    let mark = buf.mark();
    buf.put_slice(&vec![1; 100_000]);
    buf.put_bytes(large(b'z'));
    assert_eq!(buf.since(mark), 100_000 + UNCOPIED);
    buf.roll_back(mark);
    assert_eq!(buf.to_vec(), expected);
    buf.put_slice(b"tail");
    assert_eq!(buf.to_vec(), [&expected[..], b"tail"].concat());
}

#[test]
fn a_mark_outlives_a_move_to_a_longer_block() {
    let mut buf = WriteBuf::new();
    buf.put_slice(b"written");
    buf.put_slice(b"unwritten");
    buf.advance(7);
    let mark = buf.mark();
    buf.put_u32(0);
    buf.put_slice(&vec![7; 20_000]);
    buf.patch(mark, &20_000u32.to_be_bytes());
    let all = buf.to_vec();
    assert_eq!(all[..13], *b"unwritten\0\0\x4e\x20");
    assert_eq!(all.len(), 13 + 20_000);
}

#[test]
fn a_backlog_that_never_empties_does_not_grow_the_block() {
    let mut buf = WriteBuf::new();
    buf.put_slice(&[0; 100]);
    for _ in 0..100_000 {
        buf.put_slice(&[1; 100]);
        buf.advance(100);
    }
    assert_eq!(buf.block.len(), crate::block::MIN_BLOCK);
}

#[test]
fn an_empty_buffer_holds_no_memory() {
    let (mut buf, expected) = mixed();
    buf.advance(expected.len());
    assert!(buf.block.is_empty());
    buf.put_slice(b"more");
    buf.clear();
    assert!(buf.block.is_empty() && buf.is_empty());
}

#[test]
fn rolling_back_to_nothing_holds_no_memory() {
    let mut buf = WriteBuf::new();
    buf.put_slice(b"written");
    buf.put_slice(b"unwritten");
    buf.advance(16);
    let mark = buf.mark();
    for _ in 0..2 {
        buf.put_slice(&vec![1; 100_000]);
        buf.roll_back(mark);
        assert!(buf.block.is_empty() && buf.is_empty());
    }
    buf.put_slice(b"    tail");
    buf.patch(mark, b"more");
    assert_eq!(buf.to_vec(), b"moretail");
}
