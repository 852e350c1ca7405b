//! A command: a name and its arguments, all of them runs of bytes.

use std::fmt;
use std::ops::Index;

use bytes::Bytes;

/// Where an argument lies within its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A command that lies in the read buffer. It is cheap to copy, and has at least one argument: its name.
///
/// ```
/// use wirework_codec::Deframer;
/// use wirework_resp::CommandDecoder;
///
/// let mut deframer = Deframer::new(CommandDecoder::new());
/// deframer.push(b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
/// let command = deframer.next_ref()?.unwrap();
/// assert!(command.name_is("set"));
/// assert_eq!((&command[1], &command[2]), (&b"key"[..], &b"value"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Command<'a> {
    frame: &'a [u8],
    places: &'a [Place],
}

impl<'a> Command<'a> {
    #[inline]
    pub(crate) fn new(frame: &'a [u8], places: &'a [Place]) -> Self {
        Self { frame, places }
    }

    /// The name, as it was sent: in upper case, lower case, or both.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &'a [u8] {
        self.arg(0).unwrap_or_default()
    }

    /// Whether the name is `name`, in whatever case.
    #[must_use]
    #[inline]
    pub fn name_is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// The name in upper case, written to `room`, to be looked up; or as it was sent if it is longer than that.
    #[must_use]
    #[inline]
    pub fn name_in<'b>(&self, room: &'b mut [u8]) -> &'b [u8]
    where
        'a: 'b,
    {
        let name = self.name();
        match room.get_mut(..name.len()) {
            Some(room) => {
                room.copy_from_slice(name);
                room.make_ascii_uppercase();
                room
            }
            None => name,
        }
    }

    /// How many arguments there are, with the name: at least 1.
    #[must_use]
    #[inline]
    #[expect(clippy::len_without_is_empty, reason = "a command has a name")]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// An argument; the name is number 0.
    #[must_use]
    #[inline]
    pub fn arg(&self, number: usize) -> Option<&'a [u8]> {
        let place = self.places.get(number)?;
        Some(&self.frame[place.start..place.end])
    }

    /// The arguments behind the name.
    #[must_use]
    #[inline]
    pub fn args(&self) -> Args<'a> {
        self.args_from(1)
    }

    /// The arguments from a number on.
    #[must_use]
    #[inline]
    pub fn args_from(&self, number: usize) -> Args<'a> {
        Args {
            frame: self.frame,
            places: self.places.get(number..).unwrap_or_default().iter(),
        }
    }

    /// A copy that can be kept, as for a transaction.
    #[must_use]
    pub fn to_owned(&self) -> OwnedCommand {
        OwnedCommand::new(Bytes::copy_from_slice(self.frame), self.places)
    }
}

impl Index<usize> for Command<'_> {
    type Output = [u8];

    /// As [`arg`](Self::arg).
    ///
    /// # Panics
    /// Panics when there are fewer arguments.
    fn index(&self, number: usize) -> &[u8] {
        self.arg(number).expect("the command has that many arguments")
    }
}

impl PartialEq for Command<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.args_from(0).eq(other.args_from(0))
    }
}

impl Eq for Command<'_> {}

impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command")?;
        f.debug_list()
            .entries(self.args_from(0).map(<[u8]>::escape_ascii).map(Shown))
            .finish()
    }
}

/// Bytes between quotes.
struct Shown<'a>(std::slice::EscapeAscii<'a>);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// Arguments of a [`Command`].
#[derive(Debug, Clone)]
pub struct Args<'a> {
    frame: &'a [u8],
    places: std::slice::Iter<'a, Place>,
}

impl<'a> Args<'a> {
    fn at(&self, place: &Place) -> &'a [u8] {
        &self.frame[place.start..place.end]
    }
}

impl<'a> Iterator for Args<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let place = self.places.next()?;
        Some(self.at(place))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for Args<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let place = self.places.next_back()?;
        Some(self.at(place))
    }
}

impl ExactSizeIterator for Args<'_> {}

/// A command that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnedCommand {
    frame: Bytes,
    places: Box<[Place]>,
}

impl OwnedCommand {
    pub(crate) fn new(frame: Bytes, places: &[Place]) -> Self {
        Self {
            frame,
            places: places.into(),
        }
    }

    /// The command, borrowed.
    #[must_use]
    #[inline]
    pub fn as_ref(&self) -> Command<'_> {
        Command::new(&self.frame, &self.places)
    }

    /// An argument, which shares the command's memory; the name is number 0.
    #[must_use]
    pub fn arg_bytes(&self, number: usize) -> Option<Bytes> {
        let place = self.places.get(number)?;
        Some(self.frame.slice(place.start..place.end))
    }
}

impl fmt::Debug for OwnedCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owned")?;
        self.as_ref().fmt(f)
    }
}
