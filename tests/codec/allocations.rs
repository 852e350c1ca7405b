//! How often codecs allocate, and how much memory a peer can make us hold. Counted, not timed.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::convert::Infallible;

use allocation_counter::{AllocationInfo, measure};
use wirework_codec::bytes::{Buf, Bytes, BytesMut};
use wirework_codec::{
    BorrowDecoder, ByteLines, Cobs, Decoder, Deframer, Delimited, Encoder, FixedLength, Frame, LengthDelimited, Lines,
    Netstring, NulTerminated, RawBytes, RecoveringLines, Slip, VarintDelimited, WriteBuf,
};

const FRAMES: usize = 100;

/// Frames of 64 bytes, encoded.
fn encoded<E: for<'a> Encoder<&'a str>>(codec: &mut E) -> Vec<u8> {
    let mut dst = WriteBuf::new();
    for _ in 0..FRAMES {
        codec.encode(&"x".repeat(64), &mut dst).unwrap();
    }
    dst.to_vec()
}

/// What decoding the same bytes again and again allocates, once everything is warm.
fn steady<D: BorrowDecoder + for<'a> Encoder<&'a str>>(mut codec: D) -> AllocationInfo {
    let bytes = encoded(&mut codec);
    let mut deframer = Deframer::new(codec);
    let mut round = || {
        // As a connection reads: in pieces that end anywhere, with a release before each wait.
        for chunk in bytes.chunks(1000) {
            deframer.push(chunk);
            while deframer.next_ref().unwrap().is_some() {}
        }
        deframer.release();
        assert_eq!(deframer.buffered(), 0);
    };
    round();
    measure(round)
}

#[test]
fn a_borrowed_frame_costs_no_allocation() {
    assert_eq!(steady(ByteLines::new()).count_total, 0);
    assert_eq!(steady(Lines::new()).count_total, 0);
    assert_eq!(steady(RecoveringLines::new()).count_total, 0);
    assert_eq!(steady(Delimited::new(";")).count_total, 0);
    assert_eq!(steady(Delimited::new("\r\n")).count_total, 0);
    assert_eq!(steady(Delimited::any(["\r\n", "--", "|"])).count_total, 0);
    assert_eq!(steady(NulTerminated::new()).count_total, 0);
    assert_eq!(steady(FixedLength::new(64)).count_total, 0);
    assert_eq!(steady(LengthDelimited::new()).count_total, 0);
    assert_eq!(steady(VarintDelimited::new()).count_total, 0);
    assert_eq!(steady(Netstring::new()).count_total, 0);
    assert_eq!(steady(Cobs::new()).count_total, 0);
    assert_eq!(steady(Slip::new()).count_total, 0);
    assert_eq!(steady(RawBytes::new()).count_total, 0);
}

/// How many allocations it takes to decode `FRAMES` frames of that size by value, in one batch.
fn owned(size: usize) -> u64 {
    let mut encoded = WriteBuf::new();
    for _ in 0..FRAMES {
        LengthDelimited::new().encode(vec![7; size], &mut encoded).unwrap();
    }
    let bytes = encoded.to_vec();
    let mut deframer = Deframer::new(LengthDelimited::new());
    let mut round = || {
        deframer.push(&bytes);
        while deframer.next().unwrap().is_some() {}
    };
    round();
    measure(round).count_total
}

#[test]
fn an_owned_frame_costs_no_allocation() {
    for size in [1, 64, 256] {
        assert_eq!(owned(size), 0, "of {size} bytes");
    }
    for size in [257, 1000, 3000] {
        // Those for all frames of a batch, to share memory.
        let count = owned(size);
        assert!(count <= 2, "{count} allocations for {FRAMES} frames of {size} bytes");
    }
    let escaped = |size| {
        let mut encoded = WriteBuf::new();
        Slip::new().encode(vec![0xc0; size], &mut encoded).unwrap();
        let mut deframer = Deframer::new(Slip::new());
        let mut round = || {
            deframer.push(&encoded.to_vec());
            assert_eq!(deframer.next().unwrap().unwrap(), vec![0xc0; size]);
        };
        round();
        // The two vectors.
        measure(round).count_total - 2
    };
    assert_eq!([1, 256, 257, 2048, 2049, 20_000].map(escaped), [0; 6]);
}

#[test]
fn a_tiny_frame_does_not_keep_what_was_read_with_it() {
    fill_the_pool();
    let mut input = Vec::new();
    for _ in 0..FRAMES {
        input.extend(b"\0\0\0\x40");
        input.extend([7; 64]);
        input.extend(b"\0\0\0\x04tiny");
    }
    let mut kept = Vec::with_capacity(FRAMES);
    let mut round = || {
        kept.clear();
        let mut deframer = Deframer::new(LengthDelimited::new());
        deframer.push(&input);
        while let Some(frame) = deframer.next().unwrap() {
            if frame.len() == 4 {
                kept.push(frame);
            }
        }
        deframer.release();
    };
    // Nor does what the pools of the thread keep count: they have it once the frames of a first round are gone.
    round();
    round();
    let before = measure(&mut round).bytes_current;
    assert_eq!(before, 0, "as many bytes were freed as were held");
    assert_eq!(kept, vec!["tiny"; FRAMES]);
    // Each has room for a short frame, which the pool of the thread may be given.
    let freed = usize::try_from(-measure(|| drop(kept)).bytes_current).unwrap();
    let list = FRAMES * size_of::<Frame>();
    assert!(
        freed <= list + FRAMES * 312,
        "{} bytes for each frame of 4",
        (freed - list) / FRAMES
    );
}

#[test]
fn encoding_costs_no_allocation() {
    let (mut codec, mut dst) = (LengthDelimited::new(), WriteBuf::new());
    let mut round = || {
        for _ in 0..FRAMES {
            codec.encode([7; 64], &mut dst).unwrap();
        }
        dst.clear();
    };
    round();
    assert_eq!(measure(round).count_total, 0);
}

/// Sends `bytes`, asks for a frame, waits for more, and returns how much memory is held then.
fn held<D: Decoder + BorrowDecoder>(codec: D, bytes: &[u8], is_owned: bool) -> usize {
    let mut deframer = Deframer::new(codec);
    let info = measure(|| {
        deframer.push(bytes);
        if is_owned {
            assert!(deframer.next().unwrap().is_none());
        } else {
            assert!(deframer.next_ref().unwrap().is_none());
        }
        deframer.release();
    });
    drop(deframer);
    usize::try_from(info.bytes_current).unwrap()
}

/// The pool of the thread keeps buffers, which do not count: they are not held for this peer. So it is filled before.
fn fill_the_pool() {
    let mut deframer = Deframer::new(RawBytes::new());
    deframer.push(&[0; 100]);
    while deframer.next_ref().unwrap().is_some() {}
    deframer.release();
}

#[test]
fn a_peer_that_sends_a_header_alone_makes_us_hold_no_more_than_twice_that() {
    fill_the_pool();
    let largest = (1_u32 << 20).to_be_bytes();
    for is_owned in [false, true] {
        let bytes = held(LengthDelimited::new(), &largest, is_owned);
        assert!(bytes <= 8, "{bytes} bytes are held for 4");
        let bytes = held(VarintDelimited::new(), b"\x80\x80\x40", is_owned);
        assert!(bytes <= 6, "{bytes} bytes are held for 3");
        let bytes = held(Netstring::new(), b"1048576:", is_owned);
        assert!(bytes <= 16, "{bytes} bytes are held for 8");
    }
}

/// A frame with a length before it, as codecs on `BytesMut` take it.
struct Gathering;

impl Decoder for Gathering {
    type Item = Bytes;
    type Error = Infallible;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Bytes>, Infallible> {
        let Some(len) = src.first_chunk().map(|len| u32::from_be_bytes(*len) as usize) else {
            return Ok(None);
        };
        Ok((src.len() >= 4 + len).then(|| src.split_to(4 + len).freeze()))
    }
}

#[test]
fn a_thread_does_not_keep_what_was_gathered_for_long_frames() {
    const LEN: u32 = 1_900_000;
    let mut frame = LEN.to_be_bytes().to_vec();
    frame.resize(4 + LEN as usize, 7);
    let left = measure(|| {
        let mut deframers: Vec<_> = (0..32).map(|_| Deframer::new(Gathering)).collect();
        // Little by little, so that no block has to be long.
        for chunk in frame.chunks(1000) {
            for deframer in &mut deframers {
                assert!(deframer.next().unwrap().is_none());
                deframer.release();
                deframer.push(chunk);
            }
        }
        for deframer in &mut deframers {
            assert_eq!(deframer.next().unwrap().unwrap().len(), frame.len());
            deframer.release();
            assert_eq!(deframer.memory(), 0);
        }
    });
    assert!(
        left.bytes_current < 1024 * 1024,
        "{} bytes are kept",
        left.bytes_current
    );
}

/// Each byte by itself.
struct Bytewise;

impl Decoder for Bytewise {
    type Item = u8;
    type Error = Infallible;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<u8>, Infallible> {
        Ok((!src.is_empty()).then(|| src.get_u8()))
    }
}

#[test]
fn a_short_frame_does_not_keep_the_long_one_before_it() {
    let mut codec = LengthDelimited::new().max_len(2_000_000);
    let mut input = WriteBuf::new();
    input.put_slice(b"!");
    for size in [1_900_000, 300, 300] {
        codec.encode(vec![7; size], &mut input).unwrap();
    }
    let input = input.to_vec();
    let mut frames = Vec::new();
    let kept = measure(|| {
        for _ in 0..8 {
            let mut deframer = Deframer::new(Bytewise);
            deframer.push(&input);
            // What follows was gathered for the first.
            assert_eq!(deframer.next().unwrap(), Some(b'!'));
            let mut deframer = deframer.map_decoder(|_| codec.clone());
            deframer.next().unwrap().unwrap();
            frames.push(deframer.next().unwrap().unwrap());
        }
    });
    // 1,024 times their length at most, and what the thread keeps.
    assert!(
        kept.bytes_current < 8 * 1024 * 300 + 1024 * 1024,
        "{} bytes are kept",
        kept.bytes_current
    );
}
