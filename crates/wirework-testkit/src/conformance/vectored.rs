//! Writes from several buffers at once really gather them.
//!
//! async-compat and tokio-util's compat layer write the first buffer only: a system call for each piece of a message.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;

use futures_lite::AsyncWrite;
use futures_lite::future::zip;
use wirework::{Connection, Split};

use crate::pattern::Pattern;
use crate::steps::{close, expect_bytes, expect_end};
use crate::transport::Transport;

const PIECES: [&[u8]; 3] = [b"head ", b"body ", b"tail"];

/// A connection that says it gathers takes all of three small pieces in one write.
pub async fn gathers<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let written = write(&mut client, &PIECES)
        .await
        .expect("writing to a connected peer must succeed");
    if client.is_write_vectored() {
        assert_eq!(
            written, 14,
            "a connection that says it gathers must take all pieces in one write"
        );
    } else {
        println!("does not claim to gather");
    }
    expect_bytes(&mut server, &PIECES.concat()[..written]).await;
}

/// So does the writing half of such a connection.
pub async fn the_write_half_gathers<T: Transport>(transport: T) {
    let (client, mut server) = transport.pair().await;
    let claims = client.is_write_vectored();
    let (_reader, mut writer) = client.split();
    let written = write(&mut writer, &PIECES)
        .await
        .expect("writing to a connected peer must succeed");
    if claims {
        assert_eq!(written, 14, "a half of a connection that gathers must gather too");
    } else {
        println!("does not claim to gather");
    }
    expect_bytes(&mut server, &PIECES.concat()[..written]).await;
}

/// An empty first piece does not make the write an empty one.
pub async fn an_empty_piece_is_skipped<T: Transport>(transport: T) {
    let (mut client, mut server) = transport.pair().await;
    let pieces: [&[u8]; 3] = [b"", b"", b"body"];
    let written = write(&mut client, &pieces)
        .await
        .expect("writing to a connected peer must succeed");
    assert_ne!(written, 0, "a write must take at least one byte or wait");
    expect_bytes(&mut server, &b"body"[..written]).await;
}

/// More pieces than the system takes at once are no error: it takes some, and then the others.
pub async fn more_pieces_than_the_system_takes<T: Transport>(transport: T) {
    const PIECES: usize = 3000;
    let (mut client, mut server) = transport.pair().await;
    let bytes = Pattern::new(1).take(PIECES * 7);
    let send = async {
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let pieces: Vec<&[u8]> = rest.chunks(7).collect();
            let written = write(&mut client, &pieces)
                .await
                .expect("many pieces must not be an error");
            assert!(
                (1..=rest.len()).contains(&written),
                "a write must take some of the bytes, not {written}"
            );
            rest = &rest[written..];
        }
        close(&mut client).await;
    };
    let receive = async {
        expect_bytes(&mut server, &bytes).await;
        expect_end(&mut server).await;
    };
    zip(send, receive).await;
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, pieces: &[&[u8]]) -> io::Result<usize> {
    let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
    poll_fn(|cx| Pin::new(&mut *writer).poll_write_vectored(cx, &slices)).await
}
