//! What has come in part is not looked at again.

use wirework_codec::{BorrowDecoder, Decoder, bytes::BytesMut};
use wirework_resp::{CommandDecoder, Value, ValueDecoder};

const VALUES: usize = 1_000_000;

/// Byte by byte, this takes a moment; if each byte had the decoder begin anew, it would take weeks.
#[test]
fn a_command_of_a_million_arguments_byte_by_byte() {
    let mut bytes = format!("*{VALUES}\r\n").into_bytes();
    bytes.extend(b"$1\r\nx\r\n".repeat(VALUES));
    let mut decoder = CommandDecoder::new();
    for end in 1..bytes.len() {
        assert_eq!(decoder.locate(&bytes[..end]), Ok(None));
    }
    let span = decoder.locate(&bytes).unwrap().unwrap();
    assert_eq!(span.len(), bytes.len());
    assert_eq!(decoder.parse(&mut bytes).unwrap().len(), VALUES);
}

#[test]
fn an_array_of_a_million_values_byte_by_byte() {
    let mut bytes = format!("*{VALUES}\r\n").into_bytes();
    bytes.extend(b":1\r\n".repeat(VALUES));
    let (mut decoder, mut src) = (ValueDecoder::new(), BytesMut::new());
    let (last, rest) = bytes.split_last().unwrap();
    for byte in rest {
        src.extend_from_slice(&[*byte]);
        assert_eq!(decoder.decode(&mut src), Ok(None));
    }
    src.extend_from_slice(&[*last]);
    assert_eq!(
        decoder.decode(&mut src),
        Ok(Some(Value::Array(vec![Value::Integer(1); VALUES])))
    );
}

#[test]
fn lines_of_the_limit_byte_by_byte() {
    let line = vec![b'x'; 64 * 1024];
    let bytes = [&line[..], b"\r\n"].concat();
    let mut decoder = CommandDecoder::new().max_inline(line.len() + 1);
    for end in 1..bytes.len() {
        assert_eq!(decoder.locate(&bytes[..end]), Ok(None));
    }
    assert!(decoder.locate(&bytes).unwrap().is_some());
}
