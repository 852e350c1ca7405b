//! JSON (RFC 8259).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{Format, Message, ReadFormat, WriteFormat};
use crate::{ByteLines, WriteBuf};

/// JSON messages, each in a frame of `F`.
///
/// A frame holds one value and nothing but white space around it. Values nest at most 128 deep. JSON is written without line
/// breaks, so it goes with [`ByteLines`].
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wirework_codec::{Deframer, Encoder, Json, NulTerminated, WriteBuf};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// struct Point {
///     x: i32,
///     y: i32,
/// }
///
/// let mut codec = Json::<Point, _>::new(NulTerminated::new());
/// let mut out = WriteBuf::new();
/// codec.encode(&Point { x: 1, y: 2 }, &mut out)?;
/// assert_eq!(out.to_vec(), b"{\"x\":1,\"y\":2}\0");
///
/// let mut deframer = Deframer::new(codec);
/// deframer.push(&out.to_vec());
/// assert_eq!(deframer.next()?, Some(Point { x: 1, y: 2 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Json<T, F> = Message<T, F, JsonFormat>;

/// JSON Lines: JSON messages, one a line.
pub type JsonLines<T> = Json<T, ByteLines>;

/// JSON, for [`Json`].
#[derive(Debug)]
pub enum JsonFormat {}

impl Format for JsonFormat {
    type Error = serde_json::Error;
}

impl<T: DeserializeOwned> ReadFormat<T> for JsonFormat {
    fn read(bytes: &[u8]) -> Result<T, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
}

impl<T: Serialize> WriteFormat<T> for JsonFormat {
    fn write(message: T, dst: &mut WriteBuf) -> Result<(), serde_json::Error> {
        serde_json::to_writer(dst, &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageError;
    use crate::{Deframer, Encoder, LinesError};

    #[test]
    fn numbers_in_a_row_stay_apart() {
        let mut codec = JsonLines::<u32>::default();
        let mut dst = WriteBuf::new();
        codec.encode(1, &mut dst).unwrap();
        codec.encode(2, &mut dst).unwrap();
        for chunk in [1, 2, 4] {
            let mut deframer = Deframer::new(codec.clone());
            let mut numbers = Vec::new();
            for bytes in dst.to_vec().chunks(chunk) {
                deframer.push(bytes);
                while let Some(number) = deframer.next().unwrap() {
                    numbers.push(number);
                }
            }
            assert_eq!(numbers, [1, 2]);
        }
    }

    #[test]
    fn two_values_in_a_frame_are_an_error() {
        let mut deframer = Deframer::new(JsonLines::<u32>::default());
        deframer.push(b"1\n1 2\n3\n");
        assert_eq!(deframer.next_ref().unwrap(), Some(1));
        let error = deframer.next_ref().unwrap_err();
        assert_eq!((error.offset(), &error.unread()[..]), (2, &b"3\n"[..]));
        match error.fault().malformed() {
            Some(MessageError::Format(source)) => {
                assert_eq!(source.to_string(), "trailing characters at line 1 column 3");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failed_encode_leaves_nothing_behind() {
        let mut codec = JsonLines::<Vec<String>>::new(ByteLines::new().max_len(10));
        let mut dst = WriteBuf::new();
        codec.encode(["ok"], &mut dst).unwrap();
        let error = codec.encode(["much too long"], &mut dst).unwrap_err();
        assert!(matches!(
            error,
            MessageError::Framing(LinesError::TooLong { limit: 10 })
        ));
        let not_json = std::collections::HashMap::from([((1, 2), 3)]);
        assert!(matches!(codec.encode(not_json, &mut dst), Err(MessageError::Format(_))));
        assert_eq!(dst.to_vec(), b"[\"ok\"]\n");
    }
}
