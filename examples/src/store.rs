//! A small database, as a protocol: requests and replies in lines, each connection with a store of its own.
//!
//! | request | reply |
//! |---|---|
//! | `SET key value` | `OK` |
//! | `GET key` | `VALUE value` |
//! | `DEL key` | `OK` |
//! | `ADD key number` | `VALUE sum`, where a key that is not there counts as 0 |
//! | `LIST` | `LIST n`, then n lines `key value` in the order of the keys |
//! | `QUIT` | `BYE`, and the server closes |
//!
//! What cannot be done is answered with `ERR` and the reason, and the conversation goes on. The store is the connection's
//! own so that a conversation depends on nothing else: said twice, it must sound the same to the byte.

mod codec;
mod reply;
mod request;
mod state;
pub mod transcript;

use std::io;

use wirework::{Connection, Context, Framed};

pub use self::codec::StoreCodec;
pub use self::reply::Reply;
pub use self::request::{BadRequest, Request};
use self::state::Store;

/// The handler: answers requests until the client quits or closes.
///
/// Requests are borrowed from the read buffer and replies from the store; neither is copied on the way.
///
/// # Errors
/// Fails when the connection does, or when a line is too long, no text or cut off by the end of the stream.
pub async fn serve<C: Connection>(mut conversation: Framed<C, StoreCodec>, cx: Context) -> io::Result<()> {
    let mut store = Store::default();
    while let Some((request, mut out)) = conversation.next_ref().await? {
        let reply = request.map_or_else(Reply::Bad, |request| store.answer(request));
        let over = reply == Reply::Bye;
        out.send(reply)?;
        if over {
            break;
        }
    }
    conversation.finish(&cx).await
}
