//! Ending a connection so that the last replies arrive.
//!
//! A system that closes a connection with bytes unread resets it, and throws away what it had not sent yet (RFC 1122,
//! section 4.2.2.13). So what the peer still sends is read before.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_lite::future::poll_once;

use crate::time::timeout;
use crate::{Connection, Context};

/// How long a peer that goes on sending may take to see that nobody answers any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// Reads away what the peer has sent, after the end of the stream was sent to it. If there was any, waits for it to close, too.
pub(super) async fn linger<C: Connection>(connection: &mut C, cx: &Context) {
    let mut waste = vec![0; 4096];
    match poll_once(poll_fn(|cx| Pin::new(&mut *connection).poll_read(cx, &mut waste))).await {
        None | Some(Ok(0) | Err(_)) => return,
        Some(Ok(_)) => {}
    }
    let rest =
        async { while let Ok(1..) = poll_fn(|cx| Pin::new(&mut *connection).poll_read(cx, &mut waste)).await {} };
    // A peer that never stops is reset in the end.
    let _ = timeout(cx, PATIENCE, rest).await;
}
