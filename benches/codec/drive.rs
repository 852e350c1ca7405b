//! Decoders and encoders, driven over a stretch of a stream as a connection drives them: each is made a function that handles
//! the stretch and returns how many frames were in it.

use std::borrow::Borrow;
use std::hint::black_box;

use asynchronous_codec as async_codec;
use tokio_util::codec as tokio_codec;
use wirework_codec::bytes::{Bytes, BytesMut};
use wirework_codec::{BorrowDecoder, Decoder, Deframer, Encoder, WriteBuf};

use crate::contenders::CHUNK;

/// Frames borrowed from the buffer that they were read into.
pub(crate) fn borrowed<D: BorrowDecoder>(decoder: D, bytes: Vec<u8>) -> impl FnMut() -> usize {
    let mut deframer = Deframer::new(decoder);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            deframer.push(chunk);
            while let Some(frame) = deframer.next_ref().unwrap() {
                black_box(&frame);
                frames += 1;
            }
        }
        frames
    }
}

/// Frames that own their bytes.
pub(crate) fn owned<D: Decoder>(decoder: D, bytes: Vec<u8>) -> impl FnMut() -> usize {
    let mut deframer = Deframer::new(decoder);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            deframer.push(chunk);
            while let Some(frame) = deframer.next().unwrap() {
                black_box(&frame);
                frames += 1;
            }
        }
        frames
    }
}

/// A decoder of tokio-util.
pub(crate) fn tokio<D: tokio_codec::Decoder>(mut decoder: D, bytes: Vec<u8>) -> impl FnMut() -> usize {
    let mut src = BytesMut::with_capacity(CHUNK);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            src.extend_from_slice(chunk);
            while let Ok(Some(frame)) = decoder.decode(&mut src) {
                black_box(&frame);
                frames += 1;
            }
        }
        frames
    }
}

/// A decoder of asynchronous-codec.
pub(crate) fn asynchronous<D: async_codec::Decoder>(mut decoder: D, bytes: Vec<u8>) -> impl FnMut() -> usize {
    let mut src = BytesMut::with_capacity(CHUNK);
    move || {
        let mut frames = 0;
        for chunk in bytes.chunks(CHUNK) {
            src.extend_from_slice(chunk);
            while let Ok(Some(frame)) = decoder.decode(&mut src) {
                black_box(&frame);
                frames += 1;
            }
        }
        frames
    }
}

/// Encodes `frame`, `count` times.
pub(crate) fn encode<C, T, B: ?Sized>(mut codec: C, frame: T, count: usize) -> impl FnMut() -> usize
where
    C: for<'a> Encoder<&'a B>,
    T: Borrow<B>,
{
    let mut dst = WriteBuf::new();
    move || {
        for _ in 0..count {
            codec.encode(black_box(frame.borrow()), &mut dst).unwrap();
            if dst.len() >= CHUNK {
                black_box(dst.chunk());
                dst.advance(dst.len());
            }
        }
        count
    }
}

/// As [`encode`], with an encoder of tokio-util.
pub(crate) fn encode_tokio<T, C>(mut codec: C, frame: T, count: usize) -> impl FnMut() -> usize
where
    T: Clone,
    C: tokio_codec::Encoder<T>,
{
    let mut dst = BytesMut::with_capacity(CHUNK);
    move || {
        for _ in 0..count {
            assert!(codec.encode(black_box(frame.clone()), &mut dst).is_ok());
            written(&mut dst);
        }
        count
    }
}

/// As [`encode`], with an encoder of asynchronous-codec.
pub(crate) fn encode_asynchronous<C>(mut codec: C, frame: Bytes, count: usize) -> impl FnMut() -> usize
where
    C: for<'a> async_codec::Encoder<Item<'a> = Bytes>,
{
    let mut dst = BytesMut::with_capacity(CHUNK);
    move || {
        for _ in 0..count {
            assert!(codec.encode(black_box(frame.clone()), &mut dst).is_ok());
            written(&mut dst);
        }
        count
    }
}

/// Once there is enough to write, it is written.
pub(crate) fn written(dst: &mut BytesMut) {
    if dst.len() >= CHUNK {
        black_box(&dst[..]);
        dst.clear();
    }
}
