//! The bare limit: the least that can be done to find the frames of a stream, without any library around it.

use std::hint::black_box;

use memchr::{memchr, memchr3};
use wirework_codec::bytes::{Buf, BytesMut};

use crate::contenders::CHUNK;

/// A buffer that chunks are read into, and that frames are looked for in.
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    fn new(longest: usize) -> Self {
        Self {
            bytes: vec![0; longest + 2 * CHUNK],
            start: 0,
            end: 0,
        }
    }

    /// Appends `chunk`, with what is left before it moved to the front.
    fn read(&mut self, chunk: &[u8]) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        self.bytes[self.end..self.end + chunk.len()].copy_from_slice(chunk);
        self.end += chunk.len();
    }
}

/// Frames behind a length, as slices.
pub(crate) fn length_slices(bytes: Vec<u8>, longest: usize) -> impl FnMut() -> usize {
    let mut buffer = Buffer::new(longest);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            buffer.read(chunk);
            let mut src = &buffer.bytes[buffer.start..buffer.end];
            while let Some((header, rest)) = src.split_first_chunk::<4>() {
                let Some((frame, rest)) = rest.split_at_checked(u32::from_be_bytes(*header) as usize) else {
                    break;
                };
                black_box(frame);
                src = rest;
                frames += 1;
            }
            buffer.start = buffer.end - src.len();
        }
        frames
    }
}

/// Frames behind a length, split off the buffer.
pub(crate) fn length_splits(bytes: Vec<u8>) -> impl FnMut() -> usize {
    let mut src = BytesMut::with_capacity(CHUNK);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            src.extend_from_slice(chunk);
            while let Some(header) = src.first_chunk::<4>() {
                let len = u32::from_be_bytes(*header) as usize;
                if src.len() < 4 + len {
                    break;
                }
                src.advance(4);
                black_box(&src.split_to(len).freeze());
                frames += 1;
            }
        }
        frames
    }
}

/// Lines, as text.
pub(crate) fn lines(bytes: Vec<u8>, longest: usize) -> impl FnMut() -> usize {
    searched(
        bytes,
        longest,
        |src| memchr(b'\n', src),
        |line| std::str::from_utf8(line).unwrap(),
    )
}

/// Frames that end with any of three bytes.
pub(crate) fn any_of_three(bytes: Vec<u8>, longest: usize) -> impl FnMut() -> usize {
    searched(bytes, longest, |src| memchr3(b';', b'|', b'\n', src), |frame| frame)
}

fn searched<T: ?Sized>(
    bytes: Vec<u8>,
    longest: usize,
    find: impl Fn(&[u8]) -> Option<usize>,
    parse: impl Fn(&[u8]) -> &T,
) -> impl FnMut() -> usize {
    let mut buffer = Buffer::new(longest);
    let mut searched = 0;
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            buffer.read(chunk);
            let mut src = &buffer.bytes[buffer.start..buffer.end];
            while let Some(at) = find(&src[searched..]) {
                let (frame, rest) = src.split_at(searched + at);
                black_box(parse(frame));
                src = &rest[1..];
                searched = 0;
                frames += 1;
            }
            searched = src.len();
            buffer.start = buffer.end - src.len();
        }
        frames
    }
}

/// All bytes of `count` frames, copied.
pub(crate) fn copy(bytes: Vec<u8>, count: usize) -> impl FnMut() -> usize {
    let mut dst = vec![0; CHUNK];
    move || {
        for chunk in bytes.chunks(CHUNK) {
            dst[..chunk.len()].copy_from_slice(chunk);
            black_box(&dst);
        }
        count
    }
}
