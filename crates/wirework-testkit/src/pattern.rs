//! Bytes whose value says where they belong.
//!
//! A lost, doubled or swapped piece of a long transfer is then seen at the very byte where it happens, without keeping a
//! copy of what was sent.

/// A position in an endless sequence of bytes that depends on `seed`.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    seed: u64,
    offset: u64,
}

impl Pattern {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, offset: 0 }
    }

    /// The next `length` bytes, without moving on.
    pub(crate) fn peek(&self, length: usize) -> Vec<u8> {
        (self.offset..).take(length).map(|offset| self.byte(offset)).collect()
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Vec<u8> {
        let bytes = self.peek(length);
        self.advance(length);
        bytes
    }

    /// Moves on.
    pub(crate) fn advance(&mut self, length: usize) {
        self.offset += length as u64;
    }

    /// How far it has come.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Asserts that `bytes` come next, and moves on.
    pub(crate) fn expect(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            let expected = self.byte(self.offset);
            assert_eq!(
                byte, expected,
                "byte {} of a transfer is wrong: something was lost, doubled or swapped",
                self.offset
            );
            self.offset += 1;
        }
    }

    /// Not periodic in any power of two, so that a buffer's length of shift does not go unseen.
    fn byte(&self, offset: u64) -> u8 {
        let mixed = (offset ^ self.seed << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed.to_be_bytes()[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_knows_its_own_bytes() {
        let mut sent = Pattern::new(1);
        let mut received = sent.clone();
        received.expect(&sent.take(1000));
        assert_eq!(received.offset(), 1000);
    }

    #[test]
    #[should_panic(expected = "byte 4096 of a transfer is wrong")]
    fn it_sees_a_lost_block() {
        let mut sent = Pattern::new(1);
        let mut received = sent.clone();
        received.expect(&sent.take(4096));
        sent.advance(4096);
        received.expect(&sent.take(64));
    }

    #[test]
    #[should_panic(expected = "is wrong")]
    fn it_tells_one_direction_from_the_other() {
        Pattern::new(2).expect(&Pattern::new(1).take(64));
    }
}
