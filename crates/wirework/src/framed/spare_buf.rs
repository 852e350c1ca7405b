//! Buffers for what is to be sent, lent by a small pool that each thread keeps.
//!
//! A buffer without its memory still takes a hundred bytes, which an idle connection need not hold either; and with it, one
//! look into the pool is enough to send.

use wirework_codec::{Spares, WriteBuf};

/// A thread keeps at most this many for reuse, most of them with a block.
const KEPT: usize = 16;

thread_local! {
    // The box is what is lent, for a pointer is all that an idle connection has room for.
    static SPARE: Spares<Box<WriteBuf>> = const { Spares::new(KEPT) };
}

/// An empty buffer.
#[inline(never)]
#[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
pub(super) fn take() -> Box<WriteBuf> {
    let spare = SPARE.try_with(Spares::take).ok().flatten();
    spare.unwrap_or_default()
}

/// Gives back an empty buffer.
pub(super) fn put_away(mut buf: Box<WriteBuf>) {
    buf.trim();
    // A thread that is being taken down keeps nothing any more.
    let _ = SPARE.try_with(|spares| spares.put(buf));
}
