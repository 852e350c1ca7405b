//! Requests and replies on the wire.

use std::convert::Infallible;

use wirework::codec::{BorrowDecoder, Encoder, Lines, LinesError, Span, WriteBuf};

use super::{BadRequest, Reply, Request};

/// The longest request, in bytes.
const MAX_LINE: usize = 4096;

/// The server's codec: lines, and what they mean.
///
/// A line that is no request is a frame like any other, and answered; only what is no line ends the conversation.
#[derive(Debug, Clone)]
pub struct StoreCodec {
    lines: Lines,
}

impl StoreCodec {
    /// The codec. Requests are up to 4096 bytes long.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lines: Lines::new().max_len(MAX_LINE),
        }
    }
}

impl Default for StoreCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl BorrowDecoder for StoreCodec {
    type Frame<'a> = Result<Request<'a>, BadRequest<'a>>;
    type Error = LinesError;

    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, LinesError> {
        self.lines.locate(src)
    }

    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<Self::Frame<'a>, LinesError> {
        Ok(Request::parse(self.lines.parse(frame)?))
    }
}

impl Encoder<Reply<'_>> for StoreCodec {
    type Error = Infallible;

    fn encode(&mut self, reply: Reply<'_>, dst: &mut WriteBuf) -> Result<(), Infallible> {
        dst.put_display(reply);
        dst.put_u8(b'\n');
        Ok(())
    }
}
