//! Write a network protocol once; run it on any executor.
//!
//! A protocol is a codec (bytes to frames and back) and a handler (frames in, frames out). Neither names a runtime. The
//! runtime is a value from another crate, and choosing another one is a change of one line:
//!
//! - `wirework-smol`, `wirework-async-std`, `wirework-tokio` run protocols on real sockets,
//! - [`memory`] connects two ends within the process, on any runtime or on none.
//!
//! ```
//! use std::io;
//! use wirework::{Connection, Context, Framed, codec::Lines};
//!
//! /// Greets every name it is sent: the handler of a line protocol.
//! async fn greet<C: Connection>(mut framed: Framed<C, Lines>, _: Context) -> io::Result<()> {
//!     while let Some(name) = framed.next().await? {
//!         framed.send(format!("hello, {name}")).await?;
//!     }
//!     Ok(())
//! }
//! ```
//!
//! | to | use |
//! |---|---|
//! | write a codec | [`codec`] |
//! | exchange frames over a connection | [`Framed`] |
//! | also send when nothing was received | [`Framed::next_or`], [`Session`] |
//! | serve connections | [`Server`], [`Handler`], [`Service`] |
//! | call a server, from many tasks | [`Client`], [`ReconnectingClient`] |
//! | use connections again | [`Pool`], [`Balancer`] |
//! | let no more than so much through | [`RateLimiter`] |
//! | connect | [`connect`](connect()), [`Connector`], [`Network`]; through a [`proxy`] |
//! | listen | [`listen`](listen()), [`Network`] |
//! | exchange datagrams | [`Datagram`], from [`Network::bind_udp`] |
//! | wait, with a limit or again and again | [`time`] |
//! | end in order | [`RunningServer::shutdown`]; on Ctrl-C with the feature `signals`; [`Shutdown`]; one connection: [`Framed::finish`], [`Linger`] |
//! | test a protocol without sockets | [`memory`] |
//! | adapt another runtime | [`Runtime`], [`Network`], [`Connection`] |

mod addr;
mod balance;
mod client;
mod connect;
mod connection;
mod context;
mod datagram;
mod first_bytes;
mod framed;
mod handler;
mod linger;
mod listen;
mod listener;
pub mod memory;
#[cfg(feature = "metrics")]
mod meter;
#[cfg(not(feature = "metrics"))]
#[path = "no_meter.rs"]
mod meter;
mod network;
mod places;
mod pool;
mod prepended;
pub mod proxy;
mod rate;
mod reconnecting;
mod record;
mod resolver;
mod runtime;
mod server;
mod service;
mod shutdown;
#[cfg(all(unix, feature = "signals"))]
mod signals;
pub mod socket;
mod subnet;
mod task;
pub mod time;
mod timer;
mod upgrade;
mod watched;
mod wire_log;

pub use addr::Addr;
pub use balance::{Balance, Balancer, Picked};
pub use client::{Call, CallError, Client, ClientOptions, CorrelatedRequest, CorrelatedResponse, Pushes};
pub use connect::{ConnectError, ConnectOptions, Connector, FailedAttempt, connect};
pub use connection::{Connection, Split, ignore_not_connected};
pub use context::{Context, ErasedTask};
pub use datagram::Datagram;
pub use framed::{
    Framed, FramedParts, FramedRead, FramedWrite, Next, Outbox, Permit, ReadAhead, ReadError, UnexpectedReadAhead,
    WriteError,
};
pub use handler::Handler;
pub use linger::Linger;
pub use listen::{listen, listen_with};
pub use listener::Listener;
pub use network::Network;
#[doc(hidden)]
pub use places::Places;
pub use pool::{Pool, PoolError, PoolOptions, PoolSource, PoolStatus, Pooled, ReusableIf};
pub use prepended::Prepended;
pub use rate::RateLimiter;
pub use reconnecting::{Backoff, Circuit, ReconnectOptions, ReconnectingClient};
pub use record::Phase;
pub use resolver::{CachingResolver, Resolver, SystemResolver};
pub use runtime::Runtime;
pub use server::{
    AndDoor, BorrowingDoor, Choice, ConfigError, ConnectionStatus, Deadline, Deadlines, DoorList, Doors, Filter,
    FrameLimits, FramedDoor, Listeners, NoDoor, RawDoor, Refusal, Replies, Report, RunningServer, Server, ServerHandle,
    ServiceDoor, Session, SessionDoor, TryPushError, WhenFull,
};
pub use service::Service;
#[cfg(feature = "tower")]
pub use service::Tower;
pub use shutdown::{Shutdown, ShutdownSignal};
#[cfg(all(unix, feature = "signals"))]
pub use signals::Signals;
pub use subnet::{Subnet, SubnetError};
pub use task::{CatchPanic, Panic, Task, TaskError};
pub use timer::{BoxTimer, Timer};
pub use upgrade::{Admission, AsAccepted, Proxied, ProxyProtocol, Then, Untrusted, Upgrade, Upgraded};
pub use watched::Watched;
pub use wire_log::{WireLog, WireLogged};
pub use wirework_codec as codec;
