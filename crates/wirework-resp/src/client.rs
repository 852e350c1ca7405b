//! A client of Redis: many tasks, one connection, which comes back when it is lost.

mod codec;
mod commands;
mod error;
mod from_value;
mod handshake;
mod options;
mod pubsub;
mod pushes;

use std::fmt;
use std::io;
use std::sync::Arc;

use wirework::time::timeout;
use wirework::{
    CallError, Circuit, Client, Connection, Connector, Framed, Network, ReadAhead, ReconnectingClient, Runtime,
};

use self::codec::{ReplyDecoder, Request, RequestEncoder, Shared};
pub use self::commands::SetOptions;
pub use self::error::RedisError;
pub use self::from_value::FromValue;
pub use self::options::RedisOptions;
pub use self::pubsub::{Message, PubSub};
pub use self::pushes::Pushes;
use self::pushes::Sink;
use crate::{Cmd, CmdEncoder, Value, ValueDecoder, cmd};

/// A client of Redis, or of what speaks its protocol. Cheap to clone, and used through `&self`: any number of tasks share the
/// connection, and the commands that they send at the same time leave in one write.
///
/// There is a method for each of the common commands, and [`query`](Self::query) for all others. Commands that do not answer
/// once each, such as `SUBSCRIBE` and `MONITOR`, are refused: see [`PubSub`]. A command that blocks, such as `BLPOP`, holds up
/// all that come behind it: give it a connection of its own.
///
/// When the connection is lost, it is made again, with its log-in and all. A command that may have been run by then fails
/// ([`RedisError::maybe_sent`] says so), unless it only reads, or is marked [idempotent](Cmd::idempotent): then it is sent
/// again.
///
/// ```
/// use std::time::Duration;
/// use wirework::Network;
/// use wirework_resp::{Redis, RedisError, RedisOptions, SetOptions, cmd};
///
/// async fn count<N: Network>(network: &N) -> Result<i64, RedisError> {
///     let redis = Redis::connect(network, "localhost:6379", RedisOptions::new().database(1)).await?;
///     redis.set_with("greeting", "hello", SetOptions::new().expires_in(Duration::from_secs(60))).await?;
///     assert_eq!(redis.get("greeting").await?.as_deref(), Some(&b"hello"[..]));
///
///     let kind: String = redis.query(cmd("TYPE").arg("greeting")).await?;
///     assert_eq!(kind, "string");
///     redis.incr_by("visits", 1).await
/// }
/// ```
#[derive(Clone)]
pub struct Redis {
    link: Link,
    pushes: Arc<Sink>,
}

#[derive(Clone)]
enum Link {
    /// A connection that was given.
    One(Client<Request, Value>),
    /// One that is made again.
    Kept(ReconnectingClient<Request, Value>),
}

impl Redis {
    /// Connects over TCP to `target`, a `host:port`, and logs in.
    ///
    /// # Errors
    /// Fails when the first attempt does: nobody answers there, or the server refuses the log-in. The [`ServerError`] is in the
    /// [`io::Error`] then.
    ///
    /// [`ServerError`]: crate::ServerError
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect<N: Network>(network: &N, target: &str, options: RedisOptions) -> io::Result<Self> {
        let redis = Self::lazy(network, target, options);
        let Link::Kept(client) = &redis.link else {
            unreachable!("it is made so")
        };
        let mut circuit = client.circuit();
        while matches!(circuit, Circuit::Connecting { failures: 0 }) {
            circuit = client.circuit_changed(circuit).await;
        }
        match client.last_error() {
            Some(error) if circuit != Circuit::Connected => Err(io::Error::new(error.kind(), error)),
            _ => Ok(redis),
        }
    }

    /// As [`connect`](Self::connect), without waiting for the connection. Commands wait for it.
    pub fn lazy<N: Network>(network: &N, target: &str, options: RedisOptions) -> Self {
        let pushes = Arc::new(Sink::default());
        let (runtime, connector, target) = (network.clone(), Connector::new(network), target.to_owned());
        let (reconnect, sink) = (options.reconnect(), Arc::clone(&pushes));
        let options = Arc::new(options);
        let client = ReconnectingClient::new(network, reconnect, move || {
            let (runtime, connector, target) = (runtime.clone(), connector.clone(), target.clone());
            let (options, sink) = (Arc::clone(&options), Arc::clone(&sink));
            async move { start(&runtime, connector.connect(&target).await?, &options, sink).await }
        });
        Self {
            link: Link::Kept(client),
            pushes,
        }
    }

    /// Logs in over a connection that is there: in memory, encrypted, or through a proxy. It is not made again when it is lost.
    ///
    /// # Errors
    /// Fails when the connection does, or when the server refuses the log-in.
    ///
    /// # Cancel safety
    /// Dropping the future gives the connection up.
    pub async fn over<R, C>(runtime: &R, connection: C, options: RedisOptions) -> io::Result<Self>
    where
        R: Runtime,
        C: Connection,
    {
        let pushes = Arc::new(Sink::default());
        let starting = start(runtime, connection, &options, Arc::clone(&pushes));
        let client = timeout(runtime, options.connect_timeout, starting).await??;
        Ok(Self {
            link: Link::One(client),
            pushes,
        })
    }

    /// Sends a command and makes a `T` of its reply.
    ///
    /// # Errors
    /// Fails when the server answers with an error, when the reply is no `T`, or when there is none, because the connection
    /// was lost or because it took too long.
    ///
    /// # Cancel safety
    /// Dropping the future gives the reply up. A command that has not been sent by then never is.
    pub async fn query<T: FromValue>(&self, cmd: Cmd) -> Result<T, RedisError> {
        T::from_value(self.cmd(cmd).await?)
    }

    /// Sends a command and gives its reply as it came, an error of the server's included.
    ///
    /// # Errors
    /// Fails when there is no reply.
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn cmd(&self, cmd: Cmd) -> Result<Value, RedisError> {
        let idempotent = cmd.is_idempotent();
        Ok(self.call(Request::One(cmd), idempotent).await?)
    }

    /// Sends commands together, with none of another task's in between, and gives their replies in order, errors included.
    ///
    /// The server may be interrupted between two of them, and clients on other connections see that:
    /// [`transaction`](Self::transaction) does away with it.
    ///
    /// # Errors
    /// Fails when there are no replies.
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn pipeline(&self, cmds: impl IntoIterator<Item = Cmd>) -> Result<Vec<Value>, RedisError> {
        let cmds: Vec<_> = cmds.into_iter().collect();
        if cmds.is_empty() {
            return Ok(Vec::new());
        }
        let idempotent = cmds.iter().all(Cmd::is_idempotent);
        match self.call(Request::Many(cmds), idempotent).await? {
            Value::Array(replies) => Ok(replies),
            other => Err(RedisError::unexpected("an array of replies", &other)),
        }
    }

    /// Runs commands as a transaction (`MULTI` and `EXEC`): all of them or none, and nothing else in between. Gives their
    /// replies in order, errors included.
    ///
    /// # Errors
    /// Fails when the server refuses one of the commands, and so runs none, or when there are no replies.
    ///
    /// # Cancel safety
    /// As [`query`](Self::query).
    pub async fn transaction(&self, cmds: impl IntoIterator<Item = Cmd>) -> Result<Vec<Value>, RedisError> {
        let cmds = cmds.into_iter().map(Some);
        let all = [Some(cmd("MULTI"))].into_iter().chain(cmds).chain([Some(cmd("EXEC"))]);
        let mut replies = self.pipeline(all.flatten()).await?;
        match replies.pop() {
            Some(Value::Error(error)) => {
                // Of the commands, the first that was refused says more than that the transaction was.
                let refused = replies.into_iter().find_map(|reply| match reply {
                    Value::Error(error) => Some(error),
                    _ => None,
                });
                Err(refused.unwrap_or(error).into())
            }
            Some(Value::Array(replies)) => Ok(replies),
            Some(other) => Err(RedisError::unexpected("an array of replies", &other)),
            None => Ok(Vec::new()),
        }
    }

    /// What the server sends by itself, in RESP3: invalidations of a client's cache (`CLIENT TRACKING`), for instance. Takes the
    /// place of an earlier stream, which ends.
    ///
    /// At most `capacity` pushes are kept for whoever takes them; newer ones are then dropped, and counted.
    ///
    /// # Panics
    /// Panics if `capacity` is 0.
    #[must_use]
    pub fn pushes(&self, capacity: usize) -> Pushes {
        self.pushes.open(capacity)
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> u64 {
        match &self.link {
            Link::One(_) => 1,
            Link::Kept(client) => client.connections(),
        }
    }

    /// Whether there is a connection now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        match &self.link {
            Link::One(client) => client.is_open(),
            Link::Kept(client) => client.circuit() == Circuit::Connected,
        }
    }

    /// Ends it in order, for all clones: commands under way get their replies, and no connection is made any more.
    ///
    /// # Cancel safety
    /// Once begun it goes on, whether or not the future is dropped.
    pub async fn close(&self) {
        match &self.link {
            Link::One(client) => client.close().await,
            Link::Kept(client) => client.close().await,
        }
    }

    async fn call(&self, request: Request, idempotent: bool) -> Result<Value, CallError> {
        match &self.link {
            Link::One(client) => client.call(request).await,
            Link::Kept(client) if idempotent => client.call_idempotent(request).await,
            Link::Kept(client) => client.call(request).await,
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link: &dyn fmt::Debug = match &self.link {
            Link::One(client) => client,
            Link::Kept(client) => client,
        };
        f.debug_tuple("Redis").field(link).finish()
    }
}

/// Logs in over `connection` and makes a client of it.
async fn start<R: Runtime, C: Connection>(
    runtime: &R,
    connection: C,
    options: &RedisOptions,
    pushes: Arc<Sink>,
) -> io::Result<Client<Request, Value>> {
    let mut framed = frame(connection, options);
    handshake::log_in(&mut framed, options).await?;
    let shared = Arc::new(Shared::default());
    // The server may have pushed something already.
    let framed = framed.map_codec(ReadAhead::Carry, |decoder, _| {
        let decoder = ReplyDecoder::new(decoder, Arc::clone(&shared), pushes);
        (decoder, RequestEncoder::new(shared))
    })?;
    Ok(Client::pipelined(runtime, framed, options.client()))
}

fn frame<C: Connection>(connection: C, options: &RedisOptions) -> Framed<C, ValueDecoder, CmdEncoder> {
    let framed = Framed::with_codecs(connection, options.decoder(), CmdEncoder::new());
    framed.max_buffered(options.max_reply)
}
