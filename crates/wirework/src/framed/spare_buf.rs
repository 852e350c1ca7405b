//! Buffers for what is to be sent, lent by a small pool that each thread keeps.
//!
//! A buffer without its memory still takes a hundred bytes, which an idle connection need not hold either; and with it, one
//! look into the pool is enough to send.

use std::cell::RefCell;

use wirework_codec::WriteBuf;

/// A thread keeps at most this many for reuse, most of them with a block.
const KEPT: usize = 16;

thread_local! {
    #[expect(clippy::vec_box, reason = "what is lent is the box: a pointer is all that an idle connection has room for")]
    static SPARE: RefCell<Vec<Box<WriteBuf>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer.
#[cold]
#[expect(clippy::unnecessary_box_returns, reason = "the box is what is kept")]
pub(super) fn take() -> Box<WriteBuf> {
    let spare = SPARE.try_with(|spare| spare.borrow_mut().pop()).ok().flatten();
    spare.unwrap_or_default()
}

/// Gives back an empty buffer.
pub(super) fn put_away(mut buf: Box<WriteBuf>) {
    buf.trim();
    // A thread that is being taken down keeps nothing any more.
    let _ = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < KEPT {
            spare.push(buf);
        }
    });
}
