//! Finds the next of some delimiters, resuming where the last look stopped.
//!
//! There are three ways to do it, each much faster than the next where it applies, and [`Delimited`](crate::Delimited) need
//! not know which it is.

use memchr::memmem::Finder;
use memchr::{memchr, memchr2, memchr3};

use crate::Span;

/// What to look for, and how far the current frame was searched.
#[derive(Debug, Clone)]
pub(crate) enum DelimiterSearch {
    /// Up to three delimiters of one byte each.
    Bytes(ByteSearch),
    /// One delimiter of several bytes.
    One(Box<Candidate>),
    /// Anything else.
    Several(Vec<Candidate>),
}

#[derive(Debug, Clone)]
pub(crate) struct ByteSearch {
    needles: Vec<u8>,
    searched: usize,
}

/// One delimiter of several bytes, or one of several.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    finder: Finder<'static>,
    /// Where its next occurrence starts, if that is known. It stays known when another delimiter ends the frame first, so
    /// that a delimiter which is rare is not searched for again and again over the same bytes.
    found: Option<usize>,
    /// No occurrence starts before this.
    searched: usize,
}

impl DelimiterSearch {
    pub(crate) fn new(delimiters: &[Box<[u8]>]) -> Self {
        let single = delimiters.iter().all(|one| one.len() == 1);
        match delimiters {
            _ if single && delimiters.len() <= 3 => Self::Bytes(ByteSearch {
                needles: delimiters.concat(),
                searched: 0,
            }),
            [one] => Self::One(Box::new(Candidate::new(one))),
            _ => Self::Several(delimiters.iter().map(|one| Candidate::new(one)).collect()),
        }
    }

    /// The frame that ends with the delimiter which is complete first in `src`; of two at once, with the longer one.
    #[inline]
    pub(crate) fn next(&mut self, src: &[u8]) -> Option<Span> {
        match self {
            Self::Bytes(search) => search.next(src),
            Self::One(one) => {
                let span = one.next(src)?;
                one.consumed(span.len());
                Some(span)
            }
            Self::Several(all) => {
                let spans = all.iter_mut().filter_map(|one| one.next(src));
                let span = spans.min_by_key(|span| (span.len(), span.payload().end))?;
                for one in all {
                    one.consumed(span.len());
                }
                Some(span)
            }
        }
    }

    /// Where in `frame` a delimiter starts that would end it before `written`, which follows it.
    pub(crate) fn clash(&self, frame: &[u8], written: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes(search) => search.find(frame),
            Self::One(one) => one.clash(frame, written),
            Self::Several(all) => all.iter().find_map(|one| one.clash(frame, written)),
        }
    }
}

impl ByteSearch {
    #[inline]
    fn next(&mut self, src: &[u8]) -> Option<Span> {
        let searched = self.searched.min(src.len());
        let found = self.find(&src[searched..]);
        self.searched = if found.is_some() { 0 } else { src.len() };
        found.map(|at| Span::new(0..searched + at, searched + at + 1))
    }

    #[inline]
    fn find(&self, bytes: &[u8]) -> Option<usize> {
        match self.needles[..] {
            [one] => memchr(one, bytes),
            [one, two] => memchr2(one, two, bytes),
            [one, two, three] => memchr3(one, two, three, bytes),
            _ => None,
        }
    }
}

impl Candidate {
    fn new(delimiter: &[u8]) -> Self {
        Self {
            finder: Finder::new(delimiter).into_owned(),
            found: None,
            searched: 0,
        }
    }

    #[inline]
    fn next(&mut self, src: &[u8]) -> Option<Span> {
        let delimiter = self.finder.needle();
        let known = self
            .found
            .filter(|at| src.get(*at..).is_some_and(|rest| rest.starts_with(delimiter)));
        let found = known.or_else(|| {
            let searched = self.searched.min(src.len());
            self.finder.find(&src[searched..]).map(|at| searched + at)
        });
        // The last bytes may be the start of a delimiter.
        self.searched = found.unwrap_or((src.len() + 1).saturating_sub(delimiter.len()));
        self.found = found;
        found.map(|at| Span::new(0..at, at + delimiter.len()))
    }

    /// Counts from the end of a frame that took `len` bytes.
    #[inline]
    fn consumed(&mut self, len: usize) {
        self.found = self.found.and_then(|at| at.checked_sub(len));
        self.searched = self.searched.saturating_sub(len);
    }

    fn clash(&self, frame: &[u8], written: &[u8]) -> Option<usize> {
        let delimiter = self.finder.needle();
        self.finder.find(frame).or_else(|| {
            let mut heads = (1..delimiter.len()).rev();
            let head = heads.find(|head| {
                let (head, tail) = delimiter.split_at(*head);
                frame.ends_with(head) && written.starts_with(tail)
            });
            head.map(|head| frame.len() - head)
        })
    }
}
