//! What the framed layer promises, tested without a network.

mod batching;
mod closing;
mod codecs;
mod corked;
mod failing;
mod halves;
mod probe;
mod receiving;
mod sending;
mod watermarks;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::poll_once;
use wirework_codec::Lines;

use crate::memory::MemoryStream;
use crate::{Connection, Framed};

/// Writes all of `bytes` to the raw end of a connection.
async fn write(peer: &mut MemoryStream, bytes: &[u8]) {
    let mut written = 0;
    while written < bytes.len() {
        written += poll_fn(|cx| Pin::new(&mut *peer).poll_write(cx, &bytes[written..]))
            .await
            .unwrap();
    }
}

/// What can be read now from the raw end of a connection.
async fn read_now(peer: &mut MemoryStream) -> Vec<u8> {
    read_some(peer, usize::MAX).await
}

/// As [`read_now`], at most so many bytes.
async fn read_some(peer: &mut MemoryStream, most: usize) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buf = [0; 1024];
    while all.len() < most {
        let room = buf.len().min(most - all.len());
        let read = poll_fn(|cx| Pin::new(&mut *peer).poll_read(cx, &mut buf[..room]));
        match poll_once(read).await.map(Result::unwrap) {
            None | Some(0) => break,
            Some(count) => all.extend_from_slice(&buf[..count]),
        }
    }
    all
}

/// The loop that everybody writes first.
async fn echo<C: Connection>(framed: &mut Framed<C, Lines>) -> io::Result<()> {
    while let Some(line) = framed.next().await? {
        framed.send(line).await?;
    }
    Ok(())
}
