//! One conversation, to be held again and again: whatever it runs on, the replies must be the same to the byte.

use std::fmt;
use std::io;

use futures_lite::future::{block_on, zip};
use wirework::codec::RawBytes;
use wirework::{Addr, Connection, Context, Framed, Runtime, memory};

use super::{StoreCodec, serve};

/// What the client says. All commands, all errors, either line ending, an empty line, and letters of several bytes.
const SCRIPT: &str = "\
SET name Ada Lovelace
GET name
SET name Grüße aus Köln\r
GET name
GET nobody
ADD hits 1
ADD hits 41
ADD hits -50
ADD name 1
ADD hits many
SET empty \n\
GET empty

get name
SET
GET two keys
LIST
DEL hits
DEL hits
LIST now
LIST
QUIT
";

/// The script is sent in pieces of so many bytes, so that requests arrive cut, and letters as well.
const PIECE: usize = 7;

/// Holds the conversation over `connection`, and returns all bytes that came back.
///
/// # Errors
/// Fails when the connection does.
pub async fn transcript<C: Connection>(connection: C) -> io::Result<Vec<u8>> {
    let mut bytes = Framed::new(connection, RawBytes::new());
    for piece in SCRIPT.as_bytes().chunks(PIECE) {
        bytes.send(piece).await?;
        bytes.flush().await?;
    }
    let mut replies = Vec::new();
    while let Some(piece) = bytes.next_ref().await?.map(|(piece, _)| piece) {
        replies.extend_from_slice(piece);
    }
    Ok(replies)
}

/// The conversation as it should be: in memory, without a network.
///
/// # Errors
/// Fails when the handler does.
pub fn reference<R: Runtime>(runtime: &R) -> io::Result<Vec<u8>> {
    let (client, server) = memory::pair(64 * 1024);
    let context = Context::new(runtime, Addr::Memory(0));
    let served = serve(Framed::new(server, StoreCodec::new()), context);
    let (served, transcript) = block_on(zip(served, transcript(client)));
    served.and(transcript)
}

/// The first line in which two transcripts differ.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which line, counted from 1.
    line: usize,
    expected: String,
    got: String,
}

impl Difference {
    /// Compares two transcripts; `None` if they are the same.
    #[must_use]
    pub fn between(expected: &[u8], got: &[u8]) -> Option<Self> {
        if expected == got {
            return None;
        }
        let mut expected = expected.split_inclusive(|&byte| byte == b'\n');
        let mut got = got.split_inclusive(|&byte| byte == b'\n');
        let mut line = 1;
        loop {
            match (expected.next(), got.next()) {
                (expected, got) if expected == got => line += 1,
                (expected, got) => {
                    let quoted = |line: Option<&[u8]>| match line {
                        Some(line) => format!("{:?}", String::from_utf8_lossy(line)),
                        None => "the end".to_owned(),
                    };
                    return Some(Self {
                        line,
                        expected: quoted(expected),
                        got: quoted(got),
                    });
                }
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, expected, got } = self;
        write!(
            f,
            "line {line} of the transcript differs: expected {expected}, got {got}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_as_documented() {
        let runtime = wirework_smol::Smol::new(1).unwrap();
        let replies = String::from_utf8(reference(&runtime).unwrap()).unwrap();
        let expected = "\
OK
VALUE Ada Lovelace
OK
VALUE Grüße aus Köln
ERR no such key \"nobody\"
VALUE 1
VALUE 42
VALUE -8
ERR the value of \"name\" is not a whole number
ERR \"many\" is not a whole number
OK
VALUE \n\
ERR unknown command \"\"
ERR unknown command \"get\"
ERR usage: SET key value
ERR usage: GET key
LIST 3
empty \n\
hits -8
name Grüße aus Köln
OK
ERR no such key \"hits\"
ERR usage: LIST
LIST 2
empty \n\
name Grüße aus Köln
BYE
";
        assert_eq!(replies, expected);
    }

    #[test]
    fn differences_are_shown() {
        let difference = |expected: &str, got: &str| {
            let difference = Difference::between(expected.as_bytes(), got.as_bytes());
            difference.map(|difference| difference.to_string())
        };
        assert_eq!(difference("OK\nBYE\n", "OK\nBYE\n"), None);
        for (got, shown) in [
            (
                "OK\nBYE",
                r#"line 2 of the transcript differs: expected "BYE\n", got "BYE""#,
            ),
            (
                "OK\n",
                r#"line 2 of the transcript differs: expected "BYE\n", got the end"#,
            ),
            (
                "OK\nBYE\nOK\n",
                r#"line 3 of the transcript differs: expected the end, got "OK\n""#,
            ),
        ] {
            assert_eq!(difference("OK\nBYE\n", got).as_deref(), Some(shown));
        }
    }
}
