//! Protocol Buffers.

use std::marker::PhantomData;

use crate::WriteBuf;
use crate::message::{Format, Message, ReadFormat, WriteFormat};

/// Protocol Buffers messages (of `prost`), each in a frame of `F`.
///
/// What Protocol Buffers calls delimited messages is this over [`VarintDelimited`](crate::VarintDelimited). Messages nest at
/// most 100 deep. For protocols whose two directions carry different messages, make one of two with [`Pair`](crate::Pair).
///
/// ```
/// use wirework_codec::{Deframer, Encoder, Protobuf, VarintDelimited, WriteBuf};
///
/// #[derive(Clone, PartialEq, prost::Message)]
/// struct Person {
///     #[prost(string, tag = "1")]
///     name: String,
///     #[prost(uint32, tag = "2")]
///     age: u32,
/// }
///
/// let mut codec = Protobuf::<Person, _>::new(VarintDelimited::new());
/// let ada = Person { name: "Ada".into(), age: 36 };
/// let mut out = WriteBuf::new();
/// codec.encode(&ada, &mut out)?;
/// assert_eq!(out.to_vec(), b"\x07\x0a\x03Ada\x10\x24");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next()?, Some(ada));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Protobuf<T, F> = Message<T, F, ProtobufFormat<T>>;

/// The format of Protocol Buffers, for [`Protobuf`].
#[derive(Debug)]
pub struct ProtobufFormat<T> {
    message: PhantomData<fn() -> T>,
}

impl<T> Format for ProtobufFormat<T> {
    type Error = prost::DecodeError;
}

impl<T: prost::Message + Default> ReadFormat<T> for ProtobufFormat<T> {
    fn read(bytes: &[u8]) -> Result<T, prost::DecodeError> {
        T::decode(bytes)
    }
}

impl<T: prost::Message> WriteFormat<T> for ProtobufFormat<T> {
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), prost::DecodeError> {
        put(&message, dst);
        Ok(())
    }
}

impl<T: prost::Message> WriteFormat<&T> for ProtobufFormat<T> {
    fn write(message: &T, dst: &mut WriteBuf) -> Result<(), prost::DecodeError> {
        put(message, dst);
        Ok(())
    }
}

fn put<T: prost::Message>(message: &T, dst: &mut WriteBuf) {
    let mark = dst.mark();
    dst.put_zeros(message.encoded_len());
    let mut room = dst.copied_mut(mark);
    message
        .encode(&mut room)
        .expect("a message takes the room that it asked for");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_message_is_an_error() {
        let text: Result<String, _> = ProtobufFormat::read(b"\x0a\x02hi");
        assert_eq!(text.as_deref(), Ok("hi"));
        let short: Result<String, _> = ProtobufFormat::read(b"\x0a\x03hi");
        let expected = "failed to decode Protobuf message: buffer underflow";
        assert_eq!(short.unwrap_err().to_string(), expected);
    }
}
