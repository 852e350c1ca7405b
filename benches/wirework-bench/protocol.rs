//! The protocols that servers speak and the client asks in.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How many bytes the length in front of a frame takes.
pub(crate) const HEADER: usize = 4;

/// What a server does with the bytes it gets. All of them send back what they have received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    /// Bytes as they come.
    Echo,
    /// Frames behind a four-byte length, borrowed from the read buffer where the server can.
    Framed,
    /// The same frames, by value.
    FramedOwned,
    /// Lines of text.
    Lines,
}

impl Protocol {
    /// A request with `size` bytes of payload; different for every `index` up to some dozens.
    pub(crate) fn request(self, size: usize, index: usize) -> Vec<u8> {
        let payload = (0..size).map(|at| b'!' + u8::try_from((at + index * 7) % 90).expect("below 90"));
        match self {
            Self::Echo => payload.collect(),
            Self::Framed | Self::FramedOwned => {
                let len = u32::try_from(size).expect("the command line bounds the size");
                len.to_be_bytes().into_iter().chain(payload).collect()
            }
            Self::Lines => payload.chain([b'\n']).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_differ_and_are_whole() {
        assert_eq!(Protocol::Echo.request(3, 0), b"!\"#");
        assert_eq!(Protocol::Framed.request(3, 0), b"\0\0\0\x03!\"#");
        assert_eq!(Protocol::Lines.request(3, 0), b"!\"#\n");
        assert_ne!(Protocol::Lines.request(3, 0), Protocol::Lines.request(3, 1));
        assert!(!Protocol::Echo.request(1000, 5).contains(&b'\n'));
    }
}
