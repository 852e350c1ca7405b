//! A connection that is reset by its peer, on purpose.
//!
//! The one portable way through the traits: an end that is dropped while bytes it received are still unread makes the
//! system send a reset in place of the end of the stream.

use wirework::Connection;

use crate::steps::{peek, send};

/// Drops `peer` so that `connection` is reset. What `peer` had sent before must have arrived already.
pub(crate) async fn reset_by<C: Connection>(connection: &mut C, mut peer: C) {
    send(connection, b"never read").await;
    // Only what has arrived counts as unread.
    let arrived = peek(&mut peer, &mut [0])
        .await
        .expect("bytes that were sent must arrive");
    assert_eq!(arrived, 1, "peeking must give the bytes that were sent, not the end");
    drop(peer);
}
