//! The frames of a [`Deframer`] by reference, parsed where they lie.
//!
//! To find a frame and to parse it are two steps, for callers that must wait in between.

use super::{Deframer, Located, swapped};
use crate::read_buf::State;
use crate::{BorrowDecoder, DecodeError, Glance, Span};

impl<D: BorrowDecoder> Deframer<D> {
    /// The next frame, borrowed from here; otherwise as [`next`](Self::next).
    ///
    /// # Errors
    /// As [`next`](Self::next).
    #[inline]
    pub fn next_ref(&mut self) -> Result<Option<D::Frame<'_>>, DecodeError<D::Error>> {
        // The most frequent way, straight on. What is rare is in functions of its own.
        let span = match self.glance() {
            Glance::Frame(span) => span,
            Glance::Never if self.undecoded.state == State::Open && self.undecoded.is_in_place() => {
                let bytes = self.undecoded.bytes();
                if bytes.is_empty() {
                    return Ok(None);
                }
                match self.decoder.locate(bytes) {
                    Ok(Some(span)) if span.is_frame() => span,
                    other => return swapped(self.next_ref_settled(other)),
                }
            }
            Glance::Never | Glance::Unclear => return swapped(self.next_ref_rarely()),
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
        if self.undecoded.state != State::Open {
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
        if self.undecoded.state == State::Done {
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
            Some(bytes) => self.decoder.glance(bytes),
            None => Glance::Unclear,
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
        self.take_at(span, |decoder, frame| decoder.parse(frame))
    }
}
