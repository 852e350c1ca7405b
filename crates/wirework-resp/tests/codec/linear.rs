//! What has come in part is not looked at again.

use std::ops::Range;

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

/// A part of a frame that is found at one go, once all of it has come.
struct Piece {
    bytes: Vec<u8>,
    /// Which bytes are of no interest to who looks for its end.
    contents: Range<usize>,
}

impl Piece {
    fn line(line: &str) -> Self {
        Self {
            bytes: line.into(),
            contents: 0..0,
        }
    }

    fn bulk(len: usize) -> Self {
        let begin = format!("${len}\r\n");
        Self {
            bytes: [begin.as_bytes(), &vec![b'x'; len], b"\r\n"].concat(),
            contents: begin.len()..begin.len() + len,
        }
    }
}

/// Feeds a frame byte by byte. What has been looked at is overwritten: if any of it was looked at again, that would
/// show. Only for the last byte all of it is put back.
fn feed(pieces: &[Piece], mut is_complete: impl FnMut(&mut BytesMut) -> bool) {
    let whole = pieces.iter().map(|piece| &piece.bytes[..]).collect::<Vec<_>>().concat();
    let mut src = BytesMut::new();
    for piece in pieces {
        let start = src.len();
        for (place, byte) in piece.bytes.iter().enumerate() {
            src.extend_from_slice(&[*byte]);
            if src.len() == whole.len() {
                src.copy_from_slice(&whole);
                assert!(is_complete(&mut src));
                return;
            }
            assert!(!is_complete(&mut src), "complete after {} bytes", src.len());
            if piece.contents.contains(&place) {
                src[start + place] = b'\n';
            }
        }
        src[start..].fill(b'!');
    }
}

#[test]
fn arguments_that_have_come_are_not_looked_at_again() {
    let bulks = [3, 0, 300_000, 12, 100, 1];
    let pieces: Vec<_> = [Piece::line("*6\r\n")]
        .into_iter()
        .chain(bulks.map(Piece::bulk))
        .collect();
    let mut decoder = CommandDecoder::new();
    feed(&pieces, |src| decoder.locate(src).unwrap().is_some());
}

#[test]
fn values_that_have_come_are_not_looked_at_again() {
    let line = Piece::line;
    let pieces = [
        line("*5\r\n"),
        Piece::bulk(300_000),
        line("%2\r\n"),
        line("+key\r\n"),
        line("#t\r\n"),
        line("~?\r\n"),
        line(":1\r\n"),
        line(".\r\n"),
        line("_\r\n"),
        line("|1\r\n"),
        line("+ttl\r\n"),
        line(",1.5\r\n"),
        line("(12345678901234567890\r\n"),
        line("$?\r\n"),
        line(";4\r\nHell\r\n"),
        line(";1\r\no\r\n"),
        line(";0\r\n"),
        Piece::bulk(1),
    ];
    let mut decoder = ValueDecoder::new();
    feed(&pieces, |src| decoder.decode(src).unwrap().is_some());
}
