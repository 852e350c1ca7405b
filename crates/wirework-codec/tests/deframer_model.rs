//! `Deframer`, however it is fed and asked, against the frames that were encoded.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use proptest::prelude::*;
use proptest::sample::Index;
use wirework_codec::{Deframer, Encoder, Fault, LengthDelimited, WriteBuf};

/// What drivers of a deframer do.
#[derive(Debug, Clone)]
enum Op {
    Push(usize),
    /// Reads into the spare memory, at most so much.
    Read(usize),
    Owned,
    Borrowed,
    /// Locates a frame and leaves it there.
    Look,
    Release,
    /// Takes it apart and puts it together again.
    Rebuild,
    MapDecoder,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        2 => (1..40_usize).prop_map(Op::Push),
        2 => prop_oneof![1..40_usize, 1..20_000_usize].prop_map(Op::Read),
        3 => Just(Op::Owned),
        3 => Just(Op::Borrowed),
        1 => Just(Op::Look),
        2 => Just(Op::Release),
        1 => Just(Op::Rebuild),
        1 => Just(Op::MapDecoder),
    ]
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![8 => 0..30_usize, 3 => 50..2000_usize, 1 => 5000..40_000_usize];
    (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
}

struct Model<'a> {
    deframer: Deframer<LengthDelimited>,
    input: &'a [u8],
    frames: Vec<Vec<u8>>,
}

impl Model<'_> {
    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Push(count) => {
                let (now, later) = self.input.split_at(count.min(self.input.len()));
                self.deframer.push(now);
                self.input = later;
            }
            Op::Read(most) => {
                let spare = self.deframer.spare();
                assert!(!spare.is_empty());
                let count = most.min(spare.len()).min(self.input.len());
                let (now, later) = self.input.split_at(count);
                spare[..count].copy_from_slice(now);
                self.deframer.filled(count);
                self.input = later;
            }
            Op::Owned => self
                .frames
                .extend(self.deframer.next().unwrap().map(|frame| frame.to_vec())),
            Op::Borrowed => self
                .frames
                .extend(self.deframer.next_ref().unwrap().map(<[u8]>::to_vec)),
            Op::Look => drop(self.deframer.locate().unwrap()),
            Op::Release => {
                let buffered = self.deframer.buffered();
                self.deframer.release();
                assert_eq!(self.deframer.buffered(), buffered);
                assert!(buffered > 0 || self.deframer.memory() == 0);
            }
            Op::Rebuild => {
                let (decoder, rest) =
                    std::mem::replace(&mut self.deframer, Deframer::new(LengthDelimited::new())).into_parts();
                self.deframer = Deframer::new(decoder);
                self.deframer.push(&rest);
            }
            Op::MapDecoder => {
                let deframer = std::mem::replace(&mut self.deframer, Deframer::new(LengthDelimited::new()));
                self.deframer = deframer.map_decoder(|_| LengthDelimited::new());
            }
        }
    }

    /// Feeds the rest and asks for all frames that are left.
    fn end(&mut self) -> Option<Fault<impl std::fmt::Debug + use<>>> {
        let rest = std::mem::take(&mut self.input);
        self.deframer.push(rest);
        self.deframer.finish();
        loop {
            match self.deframer.next_ref() {
                Ok(Some(frame)) => self.frames.push(frame.to_vec()),
                Ok(None) => return None,
                Err(error) => return Some(error.into_fault()),
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_come_out_as_they_went_in(
        frames in prop::collection::vec(frame(), 0..20),
        ops in prop::collection::vec(op(), 0..200),
        cut in prop::option::of(any::<Index>()),
    ) {
        let mut encoded = WriteBuf::new();
        let mut ends = vec![0];
        for frame in &frames {
            LengthDelimited::new().encode(frame.clone(), &mut encoded).unwrap();
            ends.push(encoded.len());
        }
        let encoded = encoded.to_vec();
        let len = cut.map_or(encoded.len(), |cut| cut.index(encoded.len() + 1));
        let whole = ends.iter().rposition(|&end| end <= len).unwrap();

        let deframer = Deframer::new(LengthDelimited::new());
        let mut model = Model { deframer, input: &encoded[..len], frames: Vec::new() };
        for op in &ops {
            model.apply(op);
        }
        let fault = model.end();
        prop_assert!(model.frames == frames[..whole], "other frames");
        match fault {
            None => prop_assert_eq!(ends[whole], len),
            Some(Fault::Truncated { left }) => prop_assert_eq!(left, len - ends[whole]),
            Some(other) => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(model.deframer.next().unwrap(), None);
    }
}
