//! Bytes to commands: what a server reads.

use bytes::{Bytes, BytesMut};
use memchr::memchr;
use wirework_codec::{BorrowDecoder, Decoder, ReadBuf, Span};

use crate::command::Place;
use crate::{Command, CommandError, OwnedCommand, inline, number};

/// The longest argument, unless set otherwise: 512 MiB, as Redis's `proto-max-bulk-len`.
const MAX_BULK: usize = 512 * 1024 * 1024;

/// The most arguments of a command, unless set otherwise.
const MAX_ARGS: usize = 1024 * 1024;

/// The longest line, unless set otherwise: 64 KiB, as Redis's `PROTO_INLINE_MAX_SIZE`.
const MAX_INLINE: usize = 64 * 1024;

/// The most arguments of a command before its client has authenticated, as in Redis.
const UNAUTHENTICATED_ARGS: usize = 10;

/// The longest argument before its client has authenticated, as in Redis.
const UNAUTHENTICATED_BULK: usize = 16 * 1024;

/// Room for so many arguments is kept between commands.
const KEPT: usize = 1024;

/// Decodes commands, as arrays of bulk strings or as lines that people type.
///
/// As a [`BorrowDecoder`] it gives [`Command`]s, which lie in the read buffer, and allocates nothing for one once its list of
/// arguments has grown to what commands need. As a [`Decoder`] it gives [`OwnedCommand`]s. A command that has come in part is
/// not looked at again from its start when more of it comes. Empty lines and empty arrays are skipped, as in Redis.
///
/// # Limits
/// | | default | set with |
/// |---|---|---|
/// | bytes of an argument | 512 MiB | [`max_bulk`](Self::max_bulk) |
/// | arguments of a command | 1,048,576 | [`max_args`](Self::max_args) |
/// | bytes of an inline command | 64 KiB | [`max_inline`](Self::max_inline) |
///
/// What of a command has come is buffered until all of it has, and [`Framed`] has a bound of its own for that, which is 2 MiB
/// unless set: raise [`max_buffered`] for a server that takes longer arguments. Where clients have to authenticate, begin with
/// [`unauthenticated`](Self::unauthenticated).
///
/// [`Framed`]: https://docs.rs/wirework/latest/wirework/struct.Framed.html
/// [`max_buffered`]: https://docs.rs/wirework/latest/wirework/struct.Framed.html#method.max_buffered
///
/// ```
/// use wirework_codec::Deframer;
/// use wirework_resp::CommandDecoder;
///
/// let mut deframer = Deframer::new(CommandDecoder::new());
/// deframer.push(b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n\r\nECHO \"two words\"\r\n*1\r\n!");
/// assert_eq!(deframer.next_ref()?.unwrap().arg(1), Some(&b"key"[..]));
/// assert_eq!(deframer.next_ref()?.unwrap().arg(1), Some(&b"two words"[..]));
///
/// let error = deframer.next_ref().unwrap_err();
/// assert_eq!(error.fault().malformed().unwrap().to_string(), "Protocol error: expected '$', got '!'");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct CommandDecoder {
    max_bulk: usize,
    max_args: usize,
    max_inline: usize,
    authenticated: bool,
    /// Where the arguments lie, of the last command or of the next as far as it has come.
    places: Vec<Place>,
    /// How many arguments of the next command are to come.
    left: usize,
    /// So far the next command is known; 0 where nothing of it is.
    at: usize,
    /// So far the line at `at` was searched for its end.
    searched: usize,
}

impl CommandDecoder {
    /// The decoder with its defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_bulk: MAX_BULK,
            max_args: MAX_ARGS,
            max_inline: MAX_INLINE,
            authenticated: true,
            places: Vec::new(),
            left: 0,
            at: 0,
            searched: 0,
        }
    }

    /// Sets how long an argument may be, in bytes; 512 MiB unless set.
    #[must_use]
    pub const fn max_bulk(mut self, bytes: usize) -> Self {
        self.max_bulk = bytes;
        self
    }

    /// Sets how many arguments a command may have, with its name; 1,048,576 unless set.
    #[must_use]
    pub const fn max_args(mut self, count: usize) -> Self {
        self.max_args = count;
        self
    }

    /// Sets how long an inline command may be, in bytes; 64 KiB unless set. Also the longest line of a length.
    #[must_use]
    pub const fn max_inline(mut self, bytes: usize) -> Self {
        self.max_inline = bytes;
        self
    }

    /// Takes commands of at most 10 arguments of 16 KiB each, as Redis does from clients that have not authenticated, until
    /// [`set_authenticated`](Self::set_authenticated).
    #[must_use]
    pub const fn unauthenticated(mut self) -> Self {
        self.authenticated = false;
        self
    }

    /// Says whether the client has authenticated. It has unless said otherwise.
    pub const fn set_authenticated(&mut self, authenticated: bool) {
        self.authenticated = authenticated;
    }

    /// Sets how long an argument may be, in bytes, from the next one on.
    pub const fn set_max_bulk(&mut self, bytes: usize) {
        self.max_bulk = bytes;
    }

    /// Begins an array, if its first line is complete.
    #[inline]
    fn begin(&mut self, src: &[u8]) -> Result<Begun, CommandError> {
        let (count, next) = match src {
            // Most commands have few arguments.
            [_, digit @ b'1'..=b'9', b'\r', b'\n', ..] => (i64::from(digit - b'0'), 4),
            _ => match self.line(src, 0, CommandError::TooBigMultibulkCount)? {
                None => return Ok(Begun::Incomplete),
                Some((line, next)) => {
                    let count = line.and_then(number::integer);
                    (count.ok_or(CommandError::InvalidMultibulkLength)?, next)
                }
            },
        };
        let Ok(count @ 1..) = usize::try_from(count) else {
            return Ok(Begun::Empty(next));
        };
        if count > self.max_args {
            return Err(CommandError::InvalidMultibulkLength);
        }
        if count > UNAUTHENTICATED_ARGS && !self.authenticated {
            return Err(CommandError::UnauthenticatedMultibulkLength);
        }
        self.left = count;
        self.at = next;
        self.searched = 0;
        Ok(Begun::Array)
    }

    /// The length of the argument at `at`, and the place behind that, if it is there.
    #[inline]
    fn bulk(&mut self, src: &[u8], at: usize) -> Result<Option<(usize, usize)>, CommandError> {
        let (len, next) = match src.get(at..).unwrap_or_default() {
            [b'$', digit @ b'0'..=b'9', b'\r', b'\n', ..] => (usize::from(digit - b'0'), at + 4),
            [b'$', tens @ b'1'..=b'9', ones @ b'0'..=b'9', b'\r', b'\n', ..] => {
                (usize::from(tens - b'0') * 10 + usize::from(ones - b'0'), at + 5)
            }
            _ => match self.long_bulk(src, at)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        if len > self.max_bulk {
            return Err(CommandError::InvalidBulkLength);
        }
        if len > UNAUTHENTICATED_BULK && !self.authenticated {
            return Err(CommandError::UnauthenticatedBulkLength);
        }
        Ok(Some((len, next)))
    }

    #[inline(never)]
    fn long_bulk(&mut self, src: &[u8], at: usize) -> Result<Option<(usize, usize)>, CommandError> {
        // Redis says so only once the line is complete.
        if let Some(&got) = src.get(at).filter(|byte| **byte != b'$') {
            return Err(CommandError::ExpectedDollar { got });
        }
        let Some((line, next)) = self.line(src, at, CommandError::TooBigBulkCount)? else {
            return Ok(None);
        };
        let len = line.and_then(number::integer).and_then(|len| usize::try_from(len).ok());
        Ok(Some((len.ok_or(CommandError::InvalidBulkLength)?, next)))
    }

    /// The line at `at` without its first byte, and the place behind it; `None` for a line that does not end as it should.
    #[inline(never)]
    #[expect(clippy::type_complexity, reason = "a type of its own would say no more")]
    fn line<'s>(
        &mut self,
        src: &'s [u8],
        at: usize,
        too_long: CommandError,
    ) -> Result<Option<(Option<&'s [u8]>, usize)>, CommandError> {
        let from = self.searched.clamp(at, src.len());
        let Some(found) = memchr(b'\n', &src[from..]) else {
            self.searched = src.len();
            return if src.len() - at > self.max_inline {
                Err(too_long)
            } else {
                Ok(None)
            };
        };
        self.searched = 0;
        let end = from + found;
        if end - at > self.max_inline {
            return Err(too_long);
        }
        let line = src[at..end].strip_suffix(b"\r").and_then(|line| line.get(1..));
        Ok(Some((line, end + 1)))
    }

    /// Finds the arguments of an array that was begun.
    #[inline]
    fn array(&mut self, src: &[u8]) -> Result<Option<Span>, CommandError> {
        let mut at = self.at;
        while self.left > 0 {
            let Some((len, start)) = self.bulk(src, at)? else {
                self.at = at;
                return Ok(None);
            };
            let end = start.saturating_add(len);
            match src.get(end..) {
                Some([b'\r', b'\n', ..]) => {}
                Some([] | [b'\r']) | None => {
                    self.at = at;
                    return Ok(None);
                }
                Some(_) => return Err(CommandError::NoLineBreak),
            }
            self.places.push(Place { start, end });
            self.left -= 1;
            at = end + 2;
            self.searched = 0;
        }
        self.at = 0;
        Ok(Some(Span::new(0..at, at)))
    }

    /// Finds a command on a line.
    #[inline(never)]
    fn inline(&mut self, src: &[u8]) -> Result<Option<Span>, CommandError> {
        let from = self.searched.min(src.len());
        let Some(found) = memchr(b'\n', &src[from..]) else {
            self.searched = src.len();
            return if src.len() > self.max_inline {
                Err(CommandError::TooBigInline)
            } else {
                Ok(None)
            };
        };
        self.searched = 0;
        let end = from + found;
        if end > self.max_inline {
            return Err(CommandError::TooBigInline);
        }
        if inline::is_blank(&src[..end]) {
            return Ok(Some(Span::skip(end + 1)));
        }
        Ok(Some(Span::new(0..end, end + 1)))
    }

    /// Forgets the last command.
    #[inline]
    fn clear(&mut self) {
        self.places.clear();
        if self.places.capacity() > KEPT {
            self.places = Vec::new();
        }
    }

    /// Splits a command on a line.
    #[inline(never)]
    fn split(&mut self, line: &mut [u8]) -> Result<(), CommandError> {
        inline::split(line, |place| {
            self.places.push(Place {
                start: place.start,
                end: place.end,
            });
        })
    }

    /// A command that owns the bytes of its frame.
    fn own(&mut self, frame: Bytes) -> Result<OwnedCommand, CommandError> {
        if frame.first() == Some(&b'*') {
            return Ok(OwnedCommand::new(frame, &self.places));
        }
        let mut line = BytesMut::from(frame);
        self.split(&mut line)?;
        Ok(OwnedCommand::new(line.freeze(), &self.places))
    }
}

/// What the first line of an array says.
enum Begun {
    Array,
    /// There is nothing in it, and this is where it ends.
    Empty(usize),
    Incomplete,
}

impl Default for CommandDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl BorrowDecoder for CommandDecoder {
    type Frame<'a> = Command<'a>;
    type Error = CommandError;

    #[inline]
    fn locate(&mut self, src: &[u8]) -> Result<Option<Span>, CommandError> {
        if self.at == 0 {
            self.clear();
            match src.first() {
                None => return Ok(None),
                Some(b'*') => match self.begin(src)? {
                    Begun::Array => {}
                    Begun::Empty(end) => return Ok(Some(Span::skip(end))),
                    Begun::Incomplete => return Ok(None),
                },
                Some(_) => return self.inline(src),
            }
        }
        self.array(src)
    }

    #[inline]
    fn parse<'a>(&'a mut self, frame: &'a mut [u8]) -> Result<Command<'a>, CommandError> {
        if frame.first() != Some(&b'*') {
            self.split(frame)?;
        }
        Ok(Command::new(frame, &self.places))
    }
}

impl Decoder for CommandDecoder {
    type Item = OwnedCommand;
    type Error = CommandError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<OwnedCommand>, CommandError> {
        let Some(span) = self.locate(src)? else {
            return Ok(None);
        };
        let mut frame = src.split_to(span.len());
        if span.is_skipped() {
            return Ok(None);
        }
        frame.truncate(span.payload().end);
        self.own(frame.freeze()).map(Some)
    }

    fn decode_from(&mut self, src: &mut ReadBuf, _: bool) -> Result<Option<OwnedCommand>, CommandError> {
        let Some(span) = self.locate(src.bytes())? else {
            return Ok(None);
        };
        if span.is_skipped() {
            src.advance(span.len());
            return Ok(None);
        }
        let frame = src.take_bytes(&span);
        self.own(frame).map(Some)
    }
}
