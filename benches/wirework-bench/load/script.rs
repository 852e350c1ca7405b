//! What the client says, and so what it expects to hear.

use crate::protocol::Protocol;

/// So many requests differ; then they come again.
const DISTINCT: usize = 16;

/// A few requests, over and over, laid out so that any run of them up to a length lies in one piece.
#[derive(Debug)]
pub(super) struct Script {
    bytes: Vec<u8>,
    /// How many bytes it takes until it repeats.
    cycle: usize,
    request: usize,
}

impl Script {
    /// A script with runs of at least `run` bytes.
    pub(super) fn new(protocol: Protocol, size: usize, run: usize) -> Self {
        let requests: Vec<_> = (0..DISTINCT).map(|index| protocol.request(size, index)).collect();
        let cycle = requests.concat();
        let bytes = cycle.iter().copied().cycle().take(cycle.len() + run).collect();
        Self {
            bytes,
            cycle: cycle.len(),
            request: requests[0].len(),
        }
    }

    /// How many bytes a request takes, and its reply.
    pub(super) fn request_len(&self) -> usize {
        self.request
    }

    /// The next `len` bytes, `at` bytes into the conversation.
    pub(super) fn run(&self, at: u64, len: usize) -> &[u8] {
        let start = usize::try_from(at % self.cycle as u64).expect("less than a cycle");
        &self.bytes[start..start + len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_repeats_and_never_breaks() {
        let script = Script::new(Protocol::Framed, 3, 40);
        assert_eq!(script.request_len(), 7);
        assert_eq!(script.run(0, 40), script.run(16 * 7, 40));
        assert_eq!(script.run(16 * 7 - 1, 40)[1..], script.run(0, 40)[..39]);
    }
}
