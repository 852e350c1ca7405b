//! What the multiplexed calls exchange: texts with numbers.

use wirework::codec::bytes::{Buf, BytesMut};
use wirework::codec::{Decoder, Encoder, Frame, LengthDelimited, LengthError, WriteBuf};
use wirework::{CorrelatedRequest, CorrelatedResponse};

/// A text with a number: what the multiplexed calls exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) id: u16,
    pub(crate) text: Frame,
}

impl Numbered {
    /// The number of what the server sends by itself.
    pub(crate) const PUSH: u16 = u16::MAX;

    pub(crate) fn new(text: impl Into<Frame>) -> Self {
        Self {
            id: 0,
            text: text.into(),
        }
    }
}

impl CorrelatedRequest for Numbered {
    const ID_BITS: u32 = 15;

    fn set_call_id(&mut self, id: u64) {
        self.id = u16::try_from(id).unwrap();
    }
}

impl CorrelatedResponse for Numbered {
    fn call_id(&self) -> Option<u64> {
        (self.id != Self::PUSH).then_some(self.id.into())
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct NumberedCodec(LengthDelimited);

impl Decoder for NumberedCodec {
    type Item = Numbered;
    type Error = LengthError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Numbered>, LengthError> {
        let frame = self.0.decode(src)?;
        Ok(frame.map(|mut text| Numbered {
            id: text.get_u16(),
            text,
        }))
    }
}

impl Encoder<Numbered> for NumberedCodec {
    type Error = LengthError;

    fn encode(&mut self, item: Numbered, dst: &mut WriteBuf) -> Result<(), LengthError> {
        self.0.encode([&item.id.to_be_bytes()[..], &item.text].concat(), dst)
    }
}
