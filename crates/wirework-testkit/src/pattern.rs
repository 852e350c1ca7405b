//! Bytes whose value says where they belong.
//!
//! A lost, doubled or swapped piece of a long transfer is then seen at the very byte where it happens, without keeping a
//! copy of what was sent.

/// How many bytes are made at a time.
const WORD: u64 = size_of::<u64>() as u64;

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
        // By words: megabytes of it are made in builds that are not optimized.
        let skipped = usize::try_from(self.offset % WORD).expect("it is less than a word");
        let mut bytes = Vec::with_capacity(skipped + length + size_of::<u64>());
        let mut word = self.offset / WORD;
        while bytes.len() < skipped + length {
            bytes.extend_from_slice(&self.word(word));
            word += 1;
        }
        bytes.truncate(skipped + length);
        bytes.split_off(skipped)
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
        let expected = self.peek(bytes.len());
        if bytes != expected {
            let wrong = bytes
                .iter()
                .zip(&expected)
                .take_while(|(byte, expected)| byte == expected)
                .count();
            panic!(
                "byte {} of a transfer is wrong: something was lost, doubled or swapped",
                self.offset + wrong as u64
            );
        }
        self.advance(bytes.len());
    }

    /// Not periodic in any power of two, so that a shift by the length of a buffer does not go unseen.
    fn word(&self, number: u64) -> [u8; size_of::<u64>()] {
        let mixed = ((number + 1) ^ (self.seed << 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 29)).to_be_bytes()
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
    fn it_does_not_matter_how_it_is_cut() {
        let whole = Pattern::new(1).take(100);
        let mut cut = Pattern::new(1);
        for length in [1, 2, 13, 0, 8, 76] {
            let start = usize::try_from(cut.offset()).unwrap();
            assert_eq!(cut.take(length), whole[start..start + length]);
        }
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
