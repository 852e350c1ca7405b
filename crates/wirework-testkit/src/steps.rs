//! The steps that checks are made of, for what must succeed.
//!
//! Free functions, as futures-io's own methods are: the core's traits are polls only.

use std::future::poll_fn;
use std::io;

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wirework::Connection;

/// Writes all of `bytes` to a peer that is there to read them.
pub(crate) async fn send<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) {
    let sent = writer.write_all(bytes).await;
    sent.expect("writing to a connected peer must succeed");
}

/// Closes the writing direction.
pub(crate) async fn close<W: AsyncWrite + Unpin>(writer: &mut W) {
    writer.close().await.expect("closing must succeed");
}

/// Looks at the next bytes without consuming them, waiting for at least one or the end.
pub(crate) async fn peek<C: Connection>(connection: &mut C, buf: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| connection.poll_peek(cx, buf)).await
}

/// Waits until a read would not block.
pub(crate) async fn readable<C: Connection>(connection: &mut C) -> io::Result<()> {
    poll_fn(|cx| connection.poll_readable(cx)).await
}

/// Asserts that exactly `bytes` come next.
pub(crate) async fn expect_bytes<R: AsyncRead + Unpin>(reader: &mut R, bytes: &[u8]) {
    let mut buf = vec![0; bytes.len()];
    reader
        .read_exact(&mut buf)
        .await
        .expect("bytes that the peer sent must arrive");
    // Not assert_eq: it would print megabytes.
    assert!(buf == bytes, "bytes must arrive as they were sent, in order");
}

/// Asserts that the end of the stream comes next.
pub(crate) async fn expect_end<R: AsyncRead + Unpin>(reader: &mut R) {
    let mut rest = Vec::new();
    reader
        .read_to_end(&mut rest)
        .await
        .expect("an orderly end must read as the end, not as an error");
    assert!(rest.is_empty(), "{} bytes came that nobody sent", rest.len());
}
