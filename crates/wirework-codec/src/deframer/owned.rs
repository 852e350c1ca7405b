//! The frames of a [`Deframer`] by value.
//!
//! Of a decoder that cuts, a frame is found first and then taken off; any other decodes from the buffer by itself.

use super::{Deframer, Located, swapped};
use crate::read_buf::State;
use crate::{DecodeError, Decoder, Fault, Glance, ReadBuf, Span};

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
        match self.next_at_a_glance() {
            Some(frame) => frame.map(Some),
            None => self.next_closely(),
        }
    }

    /// The next frame, if a glance finds it and it is made by copying: the most frequent way of decoders that glance. Nothing has
    /// happened otherwise.
    #[doc(hidden)]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `next`")]
    pub fn next_at_a_glance(&mut self) -> Option<Result<D::Item, DecodeError<D::Error>>> {
        let bytes = self.undecoded.bytes_in_place()?;
        match self.decoder.glance_cut(bytes) {
            Glance::Frame(span) if self.decoder.copies(span.payload().len()) => {
                Some(self.take_at(&span, |decoder, frame| decoder.copy(frame)))
            }
            _ => None,
        }
    }

    /// As [`next`](Self::next), when a glance has not found it.
    #[doc(hidden)]
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as `next`, for decoders that never glance")]
    pub fn next_closely(&mut self) -> Result<Option<D::Item>, DecodeError<D::Error>> {
        if !self.decoder.cuts() {
            return self.next_decoded();
        }
        // The most frequent way, straight on. What is rare is in functions of its own.
        if self.undecoded.state != State::Open || !self.undecoded.is_in_place() {
            return swapped(self.next_rarely());
        }
        let bytes = self.undecoded.bytes();
        match self.decoder.glance_cut(bytes) {
            Glance::Never => {}
            Glance::Frame(span) => return swapped(self.next_cut(&span)),
            Glance::Unclear => return swapped(self.next_rarely()),
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let span = match self.decoder.find_cut(bytes) {
            Ok(Some(span)) if span.is_frame() => span,
            other => return swapped(self.next_settled(other)),
        };
        if !self.decoder.copies(span.payload().len()) {
            // A copy, so that where a frame lies need not be in memory unless it is cut.
            return swapped(self.next_cut(&span.clone()));
        }
        self.take_at(&span, |decoder, frame| decoder.copy(frame)).map(Some)
    }

    /// As [`next`](Self::next), of a decoder that cuts, when the bytes are not in the form that most are in, or there are none, or
    /// there will be no more, or they take a closer look.
    #[cold]
    #[inline(never)]
    fn next_rarely(&mut self) -> Option<Result<D::Item, DecodeError<D::Error>>> {
        if self.undecoded.state != State::Open {
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
        self.decoder.cuts() && self.undecoded.state == State::Open
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
        cut(&mut self.decoder, &mut self.undecoded, &located).map_err(|source| self.uncut(source, &located))
    }

    fn next_decoded(&mut self) -> Result<Option<D::Item>, DecodeError<D::Error>> {
        loop {
            let before = self.buffered();
            let is_ended = match self.undecoded.state {
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

/// Takes the frame at `span` off `undecoded`, also where it turns out to mean nothing.
#[inline]
fn cut<D: Decoder>(decoder: &mut D, undecoded: &mut ReadBuf, span: &Span) -> Result<D::Item, D::Error> {
    if !decoder.copies(span.payload().len()) {
        return Ok(decoder.cut(undecoded, span));
    }
    let frame = decoder.copy(&undecoded.bytes()[span.payload()]);
    undecoded.advance(span.len());
    frame
}
