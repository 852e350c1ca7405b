//! Writes until the peer's refusal to read is felt.

use futures_lite::future::{poll_once, yield_now};
use futures_lite::{AsyncWrite, AsyncWriteExt};

use crate::pattern::Pattern;

/// How much a connection may take from a writer while its peer reads nothing: far above any system's buffers.
const LIMIT: u64 = 64 << 20;

/// How often in a row a write must wait before the connection counts as full. Once may be a runtime's fairness only.
const REFUSALS: usize = 3;

/// Writes bytes of `pattern` until the connection takes no more, and moves `pattern` to the first byte not taken.
///
/// Each pending write is dropped, so this also sees a write that happened although it was pending.
pub(crate) async fn fill<W: AsyncWrite + Unpin>(writer: &mut W, pattern: &mut Pattern) {
    let mut refused = 0;
    while refused < REFUSALS {
        let chunk = pattern.peek(64 << 10);
        if let Some(written) = poll_once(writer.write(&chunk)).await {
            let written = written.expect("writing to a connected peer must succeed");
            assert!(
                0 < written && written <= chunk.len(),
                "a write must take at least one byte or wait, and no more than it was given; it took {written}"
            );
            pattern.advance(written);
            refused = 0;
        } else {
            refused += 1;
            yield_now().await;
        }
        assert!(
            pattern.offset() < LIMIT,
            "a writer must wait when its peer reads nothing; it took {LIMIT} bytes"
        );
    }
}
