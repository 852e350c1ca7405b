//! Every codec, verified: what it makes of well-formed and of malformed input, however that is cut.
//!
//! Of malformed input the exact error and its place are asserted, and that the frames before it were all handed out.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

#[path = "verify/combinators.rs"]
mod combinators;
#[path = "verify/delimiters.rs"]
mod delimiters;
#[path = "verify/escaping.rs"]
mod escaping;
#[path = "verify/lengths.rs"]
mod lengths;
#[path = "verify/messages.rs"]
mod messages;
#[path = "verify/proxy_v1.rs"]
mod proxy_v1;
#[path = "verify/proxy_v2.rs"]
mod proxy_v2;
#[path = "verify/proxy_writing.rs"]
mod proxy_writing;

use std::fmt::Debug;

use wirework_codec::{BorrowDecoder, Decoder, Frame};
use wirework_testkit::{verify_borrow_decoder, verify_decoder};

/// Verifies owned and borrowed frames. They, and the error (its place, and what it says), must be as expected.
fn verify<D, T>(
    make: impl Fn() -> D,
    own: impl Fn(<D as BorrowDecoder>::Frame<'_>) -> T,
    input: &[u8],
    frames: &[T],
    failure: Option<(u64, &str)>,
) where
    D: Decoder<Item = T> + BorrowDecoder + 'static,
    T: PartialEq + Debug,
{
    let owned = verify_decoder(&make, input);
    assert_eq!(owned.frames, frames);
    let found = owned
        .failure
        .as_ref()
        .map(|failure| (failure.offset, failure.message.as_str()));
    assert_eq!(found, failure);
    assert_eq!(verify_borrow_decoder(make, own, input), owned, "borrowed frames differ");
}

/// As [`verify`], of a framing: frames are bytes.
fn verify_bytes<D>(make: impl Fn() -> D, input: &[u8], frames: &[&[u8]], failure: Option<(u64, &str)>)
where
    D: Decoder<Item = Frame> + for<'a> BorrowDecoder<Frame<'a> = &'a [u8]> + 'static,
{
    let frames: Vec<Frame> = frames.iter().map(|frame| Frame::copy_from_slice(frame)).collect();
    verify(make, Frame::copy_from_slice, input, &frames, failure);
}

fn bytes(frames: &[&[u8]]) -> Vec<Frame> {
    frames.iter().map(|frame| Frame::copy_from_slice(frame)).collect()
}
