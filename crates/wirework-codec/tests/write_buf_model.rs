//! `WriteBuf` against a plain `Vec<u8>`: whatever is done to it, the bytes are the same.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io::IoSlice;

use proptest::prelude::*;
use wirework_codec::WriteBuf;
use wirework_codec::bytes::Bytes;

/// What encoders and connections do to a buffer.
#[derive(Debug, Clone)]
enum Op {
    /// Appends, then keeps it, takes it back, patches its front, or puts a header before it.
    Encode(Vec<Piece>, End),
    /// Drops that share of the bytes from the front, in 256ths.
    Advance(u8),
    Clear,
}

#[derive(Debug, Clone)]
enum Piece {
    Copied(usize),
    Uncopied(usize),
}

#[derive(Debug, Clone)]
enum End {
    Keep,
    RollBack,
    Patch(usize),
    Insert(usize),
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        4 => (0..300_usize).prop_map(Piece::Copied),
        1 => (4000..20_000_usize).prop_map(Piece::Copied),
        2 => (4090..4100_usize).prop_map(Piece::Uncopied),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let end = prop_oneof![
        3 => Just(End::Keep),
        2 => Just(End::RollBack),
        1 => (0..9_usize).prop_map(End::Patch),
        1 => (0..9_usize).prop_map(End::Insert),
    ];
    prop_oneof![
        6 => (prop::collection::vec(piece(), 0..4), end).prop_map(|(pieces, end)| Op::Encode(pieces, end)),
        3 => any::<u8>().prop_map(Op::Advance),
        1 => Just(Op::Advance(u8::MAX)),
        1 => Just(Op::Clear),
    ]
}

/// The buffer, what should be in it, and bytes that tell one place from another.
#[derive(Default)]
struct Model {
    buf: WriteBuf,
    bytes: Vec<u8>,
    next: u8,
}

impl Model {
    fn fresh(&mut self, count: usize) -> Vec<u8> {
        let fresh = |_| {
            self.next = self.next.wrapping_mul(5).wrapping_add(3);
            self.next
        };
        (0..count).map(fresh).collect()
    }

    fn put(&mut self, piece: &Piece) {
        match *piece {
            Piece::Copied(len) => {
                let bytes = self.fresh(len);
                self.buf.put_slice(&bytes);
                self.bytes.extend(bytes);
            }
            Piece::Uncopied(len) => {
                let bytes = self.fresh(len);
                self.bytes.extend(&bytes);
                self.buf.put_bytes(Bytes::from(bytes));
            }
        }
    }

    fn encode(&mut self, pieces: &[Piece], end: &End) {
        let (mark, start) = (self.buf.mark(), self.bytes.len());
        if let End::Patch(len) = end {
            self.buf.put_zeros(*len);
            self.bytes.resize(start + len, 0);
        }
        for piece in pieces {
            self.put(piece);
        }
        assert_eq!(self.buf.since(mark), self.bytes.len() - start);
        match *end {
            End::Keep => {}
            End::RollBack => {
                self.buf.roll_back(mark);
                self.bytes.truncate(start);
            }
            End::Patch(len) => {
                let header = self.fresh(len);
                self.buf.patch(mark, &header);
                self.bytes[start..start + len].copy_from_slice(&header);
            }
            End::Insert(len) => {
                let header = self.fresh(len);
                self.buf.insert(mark, &header);
                self.bytes.splice(start..start, header);
            }
        }
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Encode(pieces, end) => self.encode(pieces, end),
            Op::Advance(share) => {
                let count = self.bytes.len() * usize::from(*share) / usize::from(u8::MAX);
                self.buf.advance(count);
                self.bytes.drain(..count);
            }
            Op::Clear => {
                self.buf.clear();
                self.bytes.clear();
            }
        }
    }

    fn check(&self) {
        assert!(self.buf.to_vec() == self.bytes, "other bytes");
        assert_eq!(
            (self.buf.len(), self.buf.is_empty()),
            (self.bytes.len(), self.bytes.is_empty())
        );
        assert!(self.bytes.starts_with(self.buf.chunk()));
        assert_eq!(self.buf.chunk().is_empty(), self.bytes.is_empty());
        if let Some(bytes) = self.buf.in_one_piece() {
            assert!(bytes == self.bytes, "other bytes in one piece");
        }
        for room in [1, 2, 3, 64] {
            let mut slices = vec![IoSlice::new(&[]); room];
            let filled = self.buf.io_slices(&mut slices);
            let gathered: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
            assert!(self.bytes.starts_with(&gathered));
            assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
            assert!(
                filled == room || gathered.len() == self.bytes.len(),
                "{filled} of {room} slices"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn it_holds_what_a_vec_would(ops in prop::collection::vec(op(), 0..24)) {
        let mut model = Model::default();
        for op in &ops {
            model.apply(op);
            model.check();
        }
    }
}
