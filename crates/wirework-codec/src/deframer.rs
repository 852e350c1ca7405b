//! Holds bytes that were read and not yet decoded, and drives a decoder over them.
//!
//! All that a decoder should not have to watch is watched here, once: the bound on buffered bytes, progress, and
//! bytes left over at the end of the stream. It does no I/O, so the same code serves a connection, a test and a fuzzer.

use bytes::Bytes;

use crate::{BorrowDecoder, DecodeError, Decoder, Fault, Glance, ReadBuf, Span};

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
    state: State,
    max_buffered: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// No more bytes will come.
    Ended,
    /// No more frames will come.
    Done,
}

impl<D> Deframer<D> {
    /// A deframer with nothing buffered, and holding no memory.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            undecoded: ReadBuf::new(),
            state: State::Open,
            max_buffered: MAX_BUFFERED,
        }
    }

    /// Sets how many bytes may be buffered for one frame; 2 MiB unless set. Must exceed the longest legal frame.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub fn max_buffered(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "max_buffered must be at least 1 byte");
        self.max_buffered = bytes;
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
            state: self.state,
            max_buffered: self.max_buffered,
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

    /// Where in the stream the undecoded bytes start: how many bytes have been decoded.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.undecoded.offset()
    }

    /// Whether [`finish`](Self::finish) was called or an error ended the stream.
    pub fn is_finished(&self) -> bool {
        self.state != State::Open
    }

    /// How much memory is held for undecoded bytes, in bytes.
    pub fn memory(&self) -> usize {
        self.undecoded.memory()
    }

    /// Appends bytes. See [`spare`](Self::spare) for reading without a copy.
    pub fn push(&mut self, bytes: &[u8]) {
        self.undecoded.push(bytes);
    }

    /// Memory to read more bytes into; never empty. Tell [`filled`](Self::filled) how many came.
    pub fn spare(&mut self) -> &mut [u8] {
        self.undecoded.spare()
    }

    /// Takes the first `count` bytes of [`spare`](Self::spare) for read.
    ///
    /// # Panics
    /// Panics if that is more than there was room for.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        self.undecoded.filled(count);
    }

    /// Says that the stream has ended: no more bytes will come.
    pub fn finish(&mut self) {
        if self.state == State::Open {
            self.state = State::Ended;
        }
    }

    /// Lets go of memory before a wait for more bytes.
    #[inline]
    pub fn release(&mut self) {
        self.undecoded.release();
    }

    /// Ends the stream with an error in the frame that starts at `offset`.
    #[cold]
    fn fail<E>(&mut self, offset: u64, fault: Fault<E>) -> DecodeError<E> {
        self.state = State::Done;
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
        match self.state {
            State::Ended if buffered > 0 => return Err(self.fail(self.offset(), Fault::Truncated { left: buffered })),
            State::Ended => self.state = State::Done,
            State::Open if buffered >= self.max_buffered => {
                let limit = self.max_buffered;
                return Err(self.fail(self.offset(), Fault::TooLong { limit }));
            }
            State::Open | State::Done => {}
        }
        Ok(())
    }
}

impl<D: Decoder> Deframer<D> {
    /// The next frame, or `None` if more bytes are needed (or, after [`finish`](Self::finish), if there are no more
    /// frames).
    ///
    /// # Errors
    /// Fails when the bytes cannot be decoded. An error is terminal and carries the undecoded bytes; `None` follows it.
    #[expect(clippy::should_implement_trait, reason = "it is none: `None` is not the end")]
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "a frame that is returned by a call goes through memory, which takes longer than all else that is done"
    )]
    pub fn next(&mut self) -> Result<Option<D::Item>, DecodeError<D::Error>> {
        if !self.decoder.cuts() {
            return self.next_decoded();
        }
        // The most frequent way, straight on. What is rare is in functions of its own.
        let bytes = if self.decoder.copies() {
            self.undecoded.bytes_in_place()
        } else {
            self.undecoded.gathered_bytes()
        };
        let Some(bytes) = bytes else {
            return swapped(self.next_rarely());
        };
        if self.state != State::Open {
            return swapped(self.next_rarely());
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let span = match self.decoder.glance_cut(bytes) {
            Glance::Frame(span) => span,
            Glance::Unclear => return swapped(self.next_rarely()),
            Glance::Never => match self.decoder.find_cut(bytes) {
                Ok(Some(span)) if span.is_frame() => span,
                other => return swapped(self.next_settled(other)),
            },
        };
        if !self.decoder.copies() {
            if self.undecoded.splits(&span) {
                return Ok(Some(self.decoder.split(&mut self.undecoded, &span)));
            }
            return swapped(self.next_cut(&span));
        }
        let frame = self.decoder.copy(&bytes[span.payload()]);
        self.undecoded.advance(span.len());
        match frame {
            Ok(frame) => Ok(Some(frame)),
            Err(source) => Err(self.uncut(source, &span)),
        }
    }

    /// As [`next`](Self::next), of a decoder that cuts, when the bytes are not in the form that most are in, or there are none, or
    /// there will be no more, or they take a closer look.
    #[cold]
    #[inline(never)]
    fn next_rarely(&mut self) -> Option<Result<D::Item, DecodeError<D::Error>>> {
        if self.state != State::Open {
            return self.next_decoded().transpose();
        }
        match self.locate_cut() {
            Ok(Some(located)) => Some(self.cut(located)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// As [`next`](Self::next), of the frame that was found at `span`.
    #[inline(never)]
    #[expect(clippy::unnecessary_wraps, reason = "as all rare ways; see `swapped`")]
    fn next_cut(&mut self, span: &Span) -> Option<Result<D::Item, DecodeError<D::Error>>> {
        let frame = cut(&mut self.decoder, &mut self.undecoded, span);
        Some(frame.map_err(|source| self.uncut(source, span)))
    }

    /// As [`next`](Self::next), from a look that did not simply find a frame.
    #[cold]
    #[inline(never)]
    fn next_settled(
        &mut self,
        found: Result<Option<Span>, D::Error>,
    ) -> Option<Result<D::Item, DecodeError<D::Error>>> {
        match self.settle_cut(found) {
            Ok(Some(located)) => Some(self.cut(located)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Ends the stream with an error in a frame that was found, and is consumed, but cannot be taken.
    #[cold]
    fn uncut(&mut self, source: D::Error, span: &Span) -> DecodeError<D::Error> {
        let frame = self.offset() - span.len() as u64;
        self.fail(frame, Fault::Malformed(source))
    }

    /// What comes of a look that was not simply a frame.
    fn settle_cut(&mut self, found: Result<Option<Span>, D::Error>) -> Result<Option<Located>, DecodeError<D::Error>> {
        self.settle(found, |deframer| {
            let bytes = deframer.undecoded.bytes();
            (!bytes.is_empty()).then(|| deframer.decoder.find_cut(bytes))
        })
    }

    /// Whether [`next`](Self::next) does what [`locate_cut`](Self::locate_cut) and [`cut`](Self::cut) do, one after the other.
    #[doc(hidden)]
    #[inline]
    pub fn cuts(&self) -> bool {
        self.decoder.cuts() && self.state == State::Open
    }

    /// As [`locate`](Self::locate), for a frame to be taken by value.
    #[doc(hidden)]
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    pub fn locate_cut(&mut self) -> Result<Option<Located>, DecodeError<D::Error>> {
        if self.undecoded.is_empty() {
            return Ok(None);
        }
        match self.decoder.find_cut(self.undecoded.bytes()) {
            Ok(Some(span)) if span.is_frame() => {
                *self.undecoded.located() = span;
                Ok(Some(Located(())))
            }
            other => self.settle_cut(other),
        }
    }

    /// Takes the frame that [`locate_cut`](Self::locate_cut) has just found.
    #[doc(hidden)]
    #[inline]
    pub fn cut(&mut self, _: Located) -> Result<D::Item, DecodeError<D::Error>> {
        let located = self.undecoded.located().clone();
        if self.undecoded.splits(&located) && !self.decoder.copies() {
            return Ok(self.decoder.split(&mut self.undecoded, &located));
        }
        cut(&mut self.decoder, &mut self.undecoded, &located).map_err(|source| self.uncut(source, &located))
    }

    fn next_decoded(&mut self) -> Result<Option<D::Item>, DecodeError<D::Error>> {
        loop {
            let before = self.buffered();
            let is_ended = match self.state {
                State::Open if before == 0 => return Ok(None),
                State::Open => false,
                State::Ended => true,
                State::Done => return Ok(None),
            };
            let decoded = self.decoder.decode_from(&mut self.undecoded, is_ended);
            let is_progress = self.undecoded.len() < before;
            return match decoded {
                Ok(Some(frame)) if is_progress => Ok(Some(frame)),
                // Bytes were skipped; a frame may follow them.
                Ok(None) if is_progress => continue,
                Ok(Some(_)) => Err(self.fail(self.offset(), Fault::NoProgress)),
                Ok(None) => self.dry().map(|()| None),
                Err(source) => Err(self.malformed(source, before)),
            };
        }
    }
}

impl<D: BorrowDecoder> Deframer<D> {
    /// The next frame, borrowed from here; otherwise as [`next`](Self::next).
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn next_ref(&mut self) -> Result<Option<D::Frame<'_>>, DecodeError<D::Error>> {
        // The most frequent way, straight on. What is rare is in functions of its own.
        if self.state != State::Open || !self.undecoded.is_lent() {
            return swapped(self.next_ref_rarely());
        }
        let bytes = self.undecoded.bytes_mut();
        if bytes.is_empty() {
            return Ok(None);
        }
        let span = match self.decoder.glance(bytes) {
            Glance::Frame(span) => span,
            Glance::Unclear => return swapped(self.next_ref_rarely()),
            Glance::Never => match self.decoder.locate(bytes) {
                Ok(Some(span)) if span.is_frame() => span,
                other => return swapped(self.next_ref_settled(other)),
            },
        };
        self.parse_at(&span).map(Some)
    }

    /// As [`next_ref`](Self::next_ref), when there are no bytes in place, or there will be no more, or they take a closer look.
    #[cold]
    #[inline(never)]
    fn next_ref_rarely(&mut self) -> Option<Result<D::Frame<'_>, DecodeError<D::Error>>> {
        match self.locate() {
            Ok(Some(located)) => Some(self.parse(located)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// As [`next_ref`](Self::next_ref), from a look that did not simply find a frame.
    #[cold]
    #[inline(never)]
    fn next_ref_settled(
        &mut self,
        found: Result<Option<Span>, D::Error>,
    ) -> Option<Result<D::Frame<'_>, DecodeError<D::Error>>> {
        match self.settle_located(found) {
            Ok(Some(located)) => Some(self.parse(located)),
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// What comes of a look that was not simply a frame.
    fn settle_located(
        &mut self,
        found: Result<Option<Span>, D::Error>,
    ) -> Result<Option<Located>, DecodeError<D::Error>> {
        self.settle(found, |deframer| {
            let bytes = deframer.undecoded.bytes_mut();
            (!bytes.is_empty()).then(|| deframer.decoder.locate(bytes))
        })
    }

    /// Finds the next frame without consuming it: the first half of [`next_ref`](Self::next_ref), for callers that
    /// must wait in between.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "on the way of every frame, and a result by reference costs more than all it does"
    )]
    pub fn locate(&mut self) -> Result<Option<Located>, DecodeError<D::Error>> {
        if self.state != State::Open {
            return self.locate_last();
        }
        if self.undecoded.is_empty() {
            return Ok(None);
        }
        match self.decoder.locate(self.undecoded.bytes_mut()) {
            Ok(Some(span)) if span.is_frame() => {
                *self.undecoded.located() = span;
                Ok(Some(Located(())))
            }
            other => self.settle_located(other),
        }
    }

    /// As [`locate`](Self::locate), at the end of the stream.
    #[cold]
    fn locate_last(&mut self) -> Result<Option<Located>, DecodeError<D::Error>> {
        if self.state == State::Done {
            return Ok(None);
        }
        let found = self.decoder.locate_eof(self.undecoded.bytes_mut());
        self.settle(found, |deframer| {
            Some(deframer.decoder.locate_eof(deframer.undecoded.bytes_mut()))
        })
    }

    /// Consumes the frame that [`locate`](Self::locate) has just found: the second half of
    /// [`next_ref`](Self::next_ref).
    ///
    /// # Errors
    /// Fails, for good, when the frame's bytes have no meaning.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `locate`; what cannot fail is seen not to then")]
    pub fn parse(&mut self, _: Located) -> Result<D::Frame<'_>, DecodeError<D::Error>> {
        let located = self.undecoded.located().clone();
        self.parse_at(&located)
    }

    /// As [`locate`](Self::locate), at a glance. Where it says where a frame is, that is for [`parse_at`](Self::parse_at); where
    /// it does not, nothing has happened.
    #[doc(hidden)]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `locate`")]
    pub fn glance(&self) -> Glance {
        match self.undecoded.bytes_in_place() {
            Some(bytes) if self.state == State::Open => self.decoder.glance(bytes),
            _ => Glance::Unclear,
        }
    }

    /// Where the frame is that [`locate`](Self::locate) has just found.
    #[doc(hidden)]
    #[inline]
    pub fn place_of(&mut self, _: Located) -> Span {
        self.undecoded.located().clone()
    }

    /// Consumes a frame that lies there.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    #[doc(hidden)]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `parse`")]
    pub fn parse_at(&mut self, span: &Span) -> Result<D::Frame<'_>, DecodeError<D::Error>> {
        let Self {
            decoder,
            undecoded,
            state,
            ..
        } = self;
        undecoded
            .take_in_place(span, |frame| decoder.parse(frame))
            .map_err(|fault| {
                *state = State::Done;
                DecodeError::new(Fault::Malformed(fault.source), fault.offset, fault.unread)
            })
    }
}

/// Takes the frame at `span` off `undecoded`, also where it turns out to mean nothing.
#[inline]
fn cut<D: Decoder>(decoder: &mut D, undecoded: &mut ReadBuf, span: &Span) -> Result<D::Item, D::Error> {
    if !decoder.copies() {
        return Ok(decoder.cut(undecoded, span));
    }
    let frame = decoder.copy(&undecoded.bytes()[span.payload()]);
    undecoded.advance(span.len());
    frame
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::BytesMut;

    use super::*;
    use crate::{LengthDelimited, Lines, LinesError};

    /// Gives frames without consuming anything.
    struct Stuck;

    impl Decoder for Stuck {
        type Item = ();
        type Error = Infallible;

        fn decode(&mut self, _: &mut BytesMut) -> Result<Option<()>, Infallible> {
            Ok(Some(()))
        }
    }

    #[test]
    fn a_decoder_that_consumes_nothing_is_an_error() {
        let mut deframer = Deframer::new(Stuck);
        deframer.push(b"x");
        let error = deframer.next().unwrap_err();
        assert!(matches!(error.fault(), Fault::NoProgress));
        assert_eq!(deframer.next().unwrap(), None);
    }

    #[test]
    fn owned_and_borrowed_frames_can_be_mixed() {
        let mut deframer = Deframer::new(Lines::new());
        deframer.push(b"a\nb\nc\nd\ne");
        assert_eq!(deframer.next().unwrap().unwrap(), "a");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), "b");
        assert_eq!(deframer.next().unwrap().unwrap(), "c");
        deframer.push(b"f\n");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), "d");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), "ef");
        assert_eq!((deframer.buffered(), deframer.offset()), (0, 11));
    }

    #[test]
    fn an_error_is_terminal_and_carries_what_was_not_decoded() {
        let mut deframer = Deframer::new(Lines::new());
        deframer.push(b"good\n\xff\nrest");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), "good");
        let error = deframer.next_ref().unwrap_err();
        assert_eq!(error.offset(), 5);
        assert!(matches!(error.fault(), Fault::Malformed(LinesError::NotUtf8(_))));
        assert_eq!(error.unread(), &b"rest"[..]);
        assert_eq!(deframer.next_ref().unwrap(), None);
    }

    #[test]
    fn buffered_bytes_are_bounded() {
        let mut deframer = Deframer::new(LengthDelimited::new()).max_buffered(10_000);
        deframer.push(&1_000_000u32.to_be_bytes());
        deframer.push(&[0; 9_995]);
        assert_eq!(deframer.next().unwrap(), None);
        deframer.push(&[0]);
        let error = deframer.next().unwrap_err();
        assert!(matches!(error.fault(), Fault::TooLong { limit: 10_000 }));
        assert_eq!(
            error.to_string(),
            "frame at byte 0 is longer than the buffer limit of 10000 bytes"
        );
    }

    #[test]
    fn waiting_holds_no_more_than_was_sent() {
        let mut deframer = Deframer::new(LengthDelimited::new());
        assert_eq!(deframer.memory(), 0);
        deframer.push(&1_000_000u32.to_be_bytes());
        assert!(deframer.next_ref().unwrap().is_none());
        deframer.release();
        assert_eq!(deframer.memory(), 4);
        assert!(deframer.next().unwrap().is_none());
        deframer.release();
        assert!(deframer.memory() <= 8, "{}", deframer.memory());
        deframer.push(&vec![0; 1_000_000]);
        assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
        deframer.release();
        assert_eq!(deframer.memory(), 0);
    }

    #[test]
    fn reads_grow_while_they_are_filled_and_shrink_again() {
        let mut deframer = Deframer::new(crate::RawBytes::new());
        for size in [16, 32, 64, 128, 256, 256] {
            let spare = deframer.spare().len();
            assert_eq!(spare, size * 1024);
            deframer.filled(spare);
            while deframer.next_ref().unwrap().is_some() {}
        }
        for size in [256, 128, 64, 32, 16, 16] {
            deframer.release();
            assert_eq!(deframer.spare().len(), size * 1024);
            deframer.filled(1);
            while deframer.next_ref().unwrap().is_some() {}
        }
    }

    #[test]
    fn a_decoder_can_be_exchanged_between_frames() {
        let mut deframer = Deframer::new(Lines::new());
        deframer.push(b"UPGRADE\n\0\0\0\x02hi");
        assert_eq!(deframer.next_ref().unwrap().unwrap(), "UPGRADE");
        let mut deframer = deframer.map_decoder(|_| LengthDelimited::new());
        assert_eq!(deframer.next_ref().unwrap().unwrap(), b"hi");
    }

    #[test]
    fn the_begin_of_a_frame_does_not_hold_the_memory_of_the_last() {
        let mut deframer = Deframer::new(LengthDelimited::new());
        let mut input = 1_000_000u32.to_be_bytes().to_vec();
        input.resize(input.len() + 1_000_000, 0);
        input.extend(1_000_000u32.to_be_bytes());
        input.resize(input.len() + 2000, 0);
        deframer.push(&input);
        assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
        assert!(deframer.next_ref().unwrap().is_none());
        deframer.release();
        assert!(deframer.memory() <= 8 * 2004, "{}", deframer.memory());
        deframer.push(&vec![0; 998_000]);
        assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1_000_000);
    }
}
