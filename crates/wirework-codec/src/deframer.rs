//! Holds bytes that were read and not yet decoded, and drives a decoder over them.
//!
//! All that a decoder should not have to watch is watched here, once: the bound on buffered bytes, progress, and
//! bytes left over at the end of the stream. It does no I/O, so the same code serves a connection, a test and a fuzzer.

mod borrowed;
mod owned;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::read_buf::State;
use crate::{DecodeError, Fault, ReadBuf, Span};

/// The most bytes that are buffered for one frame, unless set otherwise: 2 MiB.
pub const MAX_BUFFERED: usize = 2 * 1024 * 1024;

/// Bytes in, frames out.
///
/// Memory is borrowed from a pool of the thread when bytes come in. Call [`release`](Self::release) before a wait: what
/// is held then is nothing if no bytes are left, or about as much as they are.
///
/// ```
/// use wirework_codec::{Deframer, Lines};
///
/// let mut deframer = Deframer::new(Lines::new());
/// deframer.push(b"one\ntwo\nth");
/// assert_eq!(deframer.next_ref()?, Some("one"));
/// assert_eq!(deframer.next()?, Some("two".to_string()));
/// assert_eq!(deframer.next()?, None);
///
/// deframer.finish();
/// let error = deframer.next().unwrap_err();
/// assert_eq!(error.to_string(), "stream ended inside a frame at byte 8: 2 bytes left over");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Deframer<D> {
    decoder: D,
    undecoded: ReadBuf,
}

impl<D> Deframer<D> {
    /// A deframer with nothing buffered, and holding no memory.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            undecoded: ReadBuf::new(),
        }
        .max_buffered(MAX_BUFFERED)
    }

    /// Sets how many bytes may be buffered for one frame; 2 MiB unless set. Must exceed the longest legal frame. A limit beyond
    /// 4 GiB is one of 4 GiB less a byte.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub fn max_buffered(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "max_buffered must be at least 1 byte");
        self.undecoded.max = u32::try_from(bytes).unwrap_or(u32::MAX);
        self
    }

    /// The decoder.
    pub fn decoder(&self) -> &D {
        &self.decoder
    }

    /// The decoder, to change its settings between frames.
    pub fn decoder_mut(&mut self) -> &mut D {
        &mut self.decoder
    }

    /// Exchanges the decoder, keeping the undecoded bytes for the next one.
    pub fn map_decoder<T>(self, map: impl FnOnce(D) -> T) -> Deframer<T> {
        Deframer {
            decoder: map(self.decoder),
            undecoded: self.undecoded,
        }
    }

    /// The decoder and the undecoded bytes.
    pub fn into_parts(mut self) -> (D, Bytes) {
        let undecoded = self.undecoded.take_all();
        (self.decoder, undecoded)
    }

    /// How many undecoded bytes are buffered.
    #[inline]
    pub fn buffered(&self) -> usize {
        self.undecoded.len()
    }

    /// Whether there is nothing to look for a frame in, until more bytes come.
    #[doc(hidden)]
    #[inline]
    pub fn is_dry(&self) -> bool {
        self.undecoded.state == State::Open && self.undecoded.is_empty()
    }

    /// Where in the stream the undecoded bytes start: how many bytes have been decoded.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.undecoded.offset()
    }

    /// Whether [`finish`](Self::finish) was called or an error ended the stream.
    pub fn is_finished(&self) -> bool {
        self.undecoded.state != State::Open
    }

    /// How much memory is held for undecoded bytes, in bytes.
    pub fn memory(&self) -> usize {
        self.undecoded.memory()
    }

    /// Appends bytes. See [`spare`](Self::spare) for reading without a copy.
    ///
    /// After an error, and once the last frame of a stream that has [ended](Self::finish) was asked for, they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.undecoded.state != State::Done {
            self.undecoded.push(bytes);
        }
    }

    /// Memory to read more bytes into; never empty. Tell [`filled`](Self::filled) how many came.
    #[inline]
    pub fn spare(&mut self) -> &mut [u8] {
        self.undecoded.spare()
    }

    /// Takes the first `count` bytes of [`spare`](Self::spare) for read; or drops them, as [`push`](Self::push) does.
    ///
    /// # Panics
    /// Panics if that is more than there was room for.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        if self.undecoded.state != State::Done {
            self.undecoded.filled(count);
        }
    }

    /// Says that the stream has ended: no more bytes will come.
    pub fn finish(&mut self) {
        if self.undecoded.state == State::Open {
            self.undecoded.state = State::Ended;
        }
    }

    /// Lets go of memory before a wait for more bytes.
    #[inline]
    pub fn release(&mut self) {
        self.undecoded.release();
    }

    /// Consumes the frame that lies in place at `span`, and has `read` make of it what the caller is after.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    fn take_at<'a, T, E>(
        &'a mut self,
        span: &Span,
        read: impl FnOnce(&'a mut D, &'a mut [u8]) -> Result<T, E>,
    ) -> Result<T, DecodeError<E>> {
        let Self { decoder, undecoded } = self;
        undecoded.take_in_place(span, |frame| read(decoder, frame))
    }

    /// Ends the stream with an error in the frame that starts at `offset`.
    #[cold]
    fn fail<E>(&mut self, offset: u64, fault: Fault<E>) -> DecodeError<E> {
        self.undecoded.state = State::Done;
        DecodeError::new(fault, offset, self.undecoded.take_all())
    }

    /// Ends the stream with an error of the decoder, which had `before` bytes to decode.
    #[cold]
    fn malformed<E>(&mut self, source: E, before: usize) -> DecodeError<E> {
        // Of these it may have consumed some, which are of the faulty frame.
        let consumed = before.saturating_sub(self.buffered());
        self.fail(self.offset() - consumed as u64, Fault::Malformed(source))
    }

    /// Takes what the decoder has found, and asks again where bytes were skipped. `None` is for more bytes.
    #[inline(never)]
    fn settle<E>(
        &mut self,
        mut found: Result<Option<Span>, E>,
        ask: impl Fn(&mut Self) -> Option<Result<Option<Span>, E>>,
    ) -> Result<Option<Located>, DecodeError<E>> {
        loop {
            match found {
                Ok(Some(span)) if span.is_frame() => {
                    *self.undecoded.located() = span;
                    return Ok(Some(Located(())));
                }
                Ok(Some(span)) if span.len() > 0 => self.undecoded.advance(span.len()),
                Ok(Some(_)) => return Err(self.fail(self.offset(), Fault::NoProgress)),
                Ok(None) => return self.dry().map(|()| None),
                Err(source) => return Err(self.fail(self.offset(), Fault::Malformed(source))),
            }
            match ask(self) {
                Some(next) => found = next,
                None => return Ok(None),
            }
        }
    }

    /// What no frame in the undecoded bytes means: more are needed, the stream is over, or something is wrong.
    #[cold]
    fn dry<E>(&mut self) -> Result<(), DecodeError<E>> {
        let buffered = self.buffered();
        match self.undecoded.state {
            State::Ended if buffered > 0 => return Err(self.fail(self.offset(), Fault::Truncated { left: buffered })),
            State::Ended => self.undecoded.state = State::Done,
            State::Open if buffered >= self.undecoded.max as usize => {
                let limit = self.undecoded.max as usize;
                return Err(self.fail(self.offset(), Fault::TooLong { limit }));
            }
            State::Open | State::Done => {}
        }
        Ok(())
    }
}

/// What comes of the rare ways of a function whose frequent way is inlined. They give it the other way round on purpose: what
/// is written by a call could otherwise not be kept in registers, on the frequent way either.
#[inline]
fn swapped<T, E>(result: Option<Result<T, E>>) -> Result<Option<T>, E> {
    match result {
        Some(Ok(frame)) => Ok(Some(frame)),
        Some(Err(error)) => Err(error),
        None => Ok(None),
    }
}

/// Says that a frame was found, for [`Deframer::parse`]. Where it lies stays with the deframer: to hand that around, within
/// results that it shares its place with, costs more than to find it.
#[derive(Debug)]
pub struct Located(());
