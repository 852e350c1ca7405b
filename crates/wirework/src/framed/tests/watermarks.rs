//! The watermarks, whatever is appended, written and set in whatever order: most appends do not look at them.

use std::task::{Context, Waker};

use futures_lite::future::block_on;
use proptest::prelude::*;
use wirework_codec::bytes::Bytes;
use wirework_codec::{Encoder, LengthDelimited, LengthError, WriteBuf};

use super::read_some;
use crate::Framed;
use crate::memory::pair;

#[derive(Debug, Clone)]
enum Step {
    /// A frame of so many bytes, copied if there are few.
    Append(Bytes),
    /// One that fails once it has been appended, and perhaps has moved all others.
    Fail(usize),
    /// The peer reads so many bytes, and what there is then room for is written.
    Write(usize),
    /// As that, as far as sending has to wait.
    Drain(usize),
    Watermarks(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![8 => 0..300_usize, 2 => 0..8000_usize, 1 => 0..40_000_usize];
    prop_oneof![
        8 => len.clone().prop_map(|len| Step::Append(vec![7; len].into())),
        1 => len.clone().prop_map(Step::Fail),
        2 => len.clone().prop_map(Step::Write),
        2 => len.prop_map(Step::Drain),
        1 => (0..3000_usize, 1..70_000_usize).prop_map(|(low, above)| Step::Watermarks(low, low + above)),
    ]
}

/// Lengths and frames; a vector is one that cannot be sent, which turns out late.
#[derive(Debug, Clone)]
struct Lazy(LengthDelimited);

impl Encoder<Bytes> for Lazy {
    type Error = LengthError;

    fn encode(&mut self, frame: Bytes, dst: &mut WriteBuf) -> Result<(), LengthError> {
        self.0.encode(frame, dst)
    }

    fn encode_at_a_glance(&mut self, frame: Bytes, dst: &mut WriteBuf) -> Result<(), Bytes> {
        self.0.encode_at_a_glance(frame, dst)
    }
}

impl Encoder<Vec<u8>> for Lazy {
    type Error = LengthError;

    fn encode(&mut self, frame: Vec<u8>, dst: &mut WriteBuf) -> Result<(), LengthError> {
        dst.put_slice(&frame);
        Err(LengthError::TooShort { length: 0 })
    }
}

#[test]
fn a_buffer_that_is_as_long_as_the_high_watermark_is_seen_to_be_full() {
    let (stream, _peer) = pair(1000);
    let mut framed = Framed::new(stream, Lazy(LengthDelimited::new())).watermarks(0, 16 * 1024);
    let outbound = &mut framed.sides.outbound;
    for _ in 0..63 {
        outbound.append(Bytes::from_static(&[7; 252])).unwrap();
        assert!(!outbound.is_full());
    }
    outbound.append(Bytes::from_static(&[7; 252])).unwrap();
    assert!(outbound.is_full());
}

#[test]
fn a_buffer_that_has_room_from_before_is_watched() {
    let (stream, _peer) = pair(1000);
    let mut framed = Framed::new(stream, Lazy(LengthDelimited::new())).watermarks(0, 100);
    let sides = &mut *framed.sides;
    for _ in 0..2 {
        sides.outbound.append(Bytes::from_static(&[7; 60])).unwrap();
        assert!(!sides.outbound.is_full());
        sides.outbound.append(Bytes::from_static(&[7; 60])).unwrap();
        assert!(sides.outbound.is_full());
        assert!(sides.poll_flush(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}

#[test]
fn room_that_was_made_in_vain_is_seen() {
    let (stream, _peer) = pair(1000);
    let mut framed = Framed::new(stream, Lazy(LengthDelimited::new())).watermarks(0, 20_000);
    let outbound = &mut framed.sides.outbound;
    outbound.append(Bytes::from_static(&[7; 996])).unwrap();
    outbound.append(vec![7; 18_000]).unwrap_err();
    for _ in 2..20 {
        outbound.append(Bytes::from_static(&[7; 996])).unwrap();
        assert!(!outbound.is_full());
    }
    outbound.append(Bytes::from_static(&[7; 996])).unwrap();
    assert!(outbound.is_full());
}

proptest! {
    #[test]
    fn sending_waits_from_the_high_watermark_to_the_low_one(steps in prop::collection::vec(step(), 1..120)) {
        let (stream, mut peer) = pair(1000);
        let (mut low, mut high) = (16 * 1024, 64 * 1024);
        let mut framed = Framed::new(stream, Lazy(LengthDelimited::new()));
        let mut waits = false;
        for step in steps {
            let sides = &mut *framed.sides;
            match step {
                Step::Append(frame) => {
                    sides.outbound.append(frame).unwrap();
                    waits |= sides.outbound.unsent() >= high;
                }
                Step::Fail(len) => {
                    let unsent = sides.outbound.unsent();
                    prop_assert!(sides.outbound.append(vec![1; len]).is_err());
                    prop_assert_eq!(sides.outbound.unsent(), unsent);
                }
                Step::Write(count) => {
                    block_on(read_some(&mut peer, count));
                    let _ = sides.poll_flush(&mut Context::from_waker(Waker::noop()));
                    waits &= sides.outbound.unsent() > low;
                }
                Step::Drain(count) => {
                    block_on(read_some(&mut peer, count));
                    let _ = sides.poll_ready(&mut Context::from_waker(Waker::noop()));
                    waits &= sides.outbound.unsent() > low;
                }
                Step::Watermarks(new_low, new_high) => {
                    (low, high) = (new_low, new_high);
                    sides.outbound.set_watermarks(low, high);
                    waits = sides.outbound.unsent() >= high;
                }
            }
            prop_assert_eq!(framed.sides.outbound.is_full(), waits, "{} unsent", framed.unsent());
        }
    }
}
