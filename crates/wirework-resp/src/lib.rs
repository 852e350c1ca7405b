//! RESP2 and RESP3, the protocol of Redis.
//!
//! A server reads commands and writes replies:
//!
//! - [`CommandDecoder`] gives [`Command`]s that lie in the read buffer (or [`OwnedCommand`]s), with Redis's limits and Redis's
//!   words for what is wrong with one ([`CommandError`]).
//! - [`ReplyEncoder`] sends what a closure writes with a [`ReplyWriter`]: no value is built in between.
//!
//! ```
//! use std::io;
//! use wirework::{Connection, Context, Framed};
//! use wirework_resp::{CommandDecoder, ReplyEncoder, ReplyWriter};
//!
//! async fn serve<C: Connection>(mut redis: Framed<C, CommandDecoder, ReplyEncoder>, _: Context) -> io::Result<()> {
//!     while let Some((command, mut out)) = redis.next_ref().await? {
//!         out.send(|reply: &mut ReplyWriter<'_>| match command.arg(1) {
//!             _ if command.name_is("PING") => reply.simple("PONG"),
//!             Some(text) if command.name_is("ECHO") => reply.bulk(text),
//!             _ => reply.error("ERR unknown command"),
//!         })?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! A client does the reverse, with [`Cmd`] and [`ValueDecoder`], which gives [`Value`]s. [`Redis`] is one, which many tasks share
//! and which connects again by itself; [`PubSub`] is for subscriptions. They are behind the feature `client`, which is on by
//! default.

#[cfg(feature = "client")]
mod client;
mod cmd;
mod command;
mod command_decoder;
mod command_error;
mod inline;
mod number;
mod reply_encoder;
mod reply_writer;
mod server_error;
mod streamed;
mod to_arg;
mod value;
mod value_decoder;
mod value_error;
mod version;

#[cfg(feature = "client")]
pub use client::{FromValue, Message, PubSub, Pushes, Redis, RedisError, RedisOptions, SetOptions};
pub use cmd::{Cmd, CmdEncoder, cmd};
pub use command::{Args, Command, OwnedCommand};
pub use command_decoder::CommandDecoder;
pub use command_error::CommandError;
pub use reply_encoder::ReplyEncoder;
pub use reply_writer::{Deferred, ReplyWriter};
pub use server_error::{ErrorCode, ServerError};
pub use streamed::Chunks;
pub use to_arg::ToArg;
pub use value::{Attributed, Value};
pub use value_decoder::ValueDecoder;
pub use value_error::ValueError;
pub use version::Version;
