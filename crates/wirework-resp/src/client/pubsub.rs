//! Messages of channels, as a stream that goes on when its connection is lost.

mod subscriber;
mod wanted;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use async_channel::{Receiver, Sender};
use bytes::Bytes;
use futures_core::Stream;
use wirework::{Connector, Network, Task};

use self::subscriber::Subscriber;
use self::wanted::Kind;
use super::{RedisError, RedisOptions};
use crate::ServerError;

/// Something that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The channel it was published to.
    pub channel: Bytes,
    /// The pattern by which it was found, if it was by one.
    pub pattern: Option<Bytes>,
    /// What was published.
    pub payload: Bytes,
}

/// Subscriptions: a connection of their own, and what is published to their channels, as a [`Stream`].
///
/// When the connection is lost it is made again, with all its subscriptions. What is published in between is missed, as it is
/// by anyone who is not there: [`connections`](Self::connections) tells. So is what comes while more than
/// [`max_messages`](RedisOptions::max_messages) wait to be taken: [`missed`](Self::missed) counts it.
///
/// A connection over which nothing has come for a while is [tested](RedisOptions::heartbeat). The stream ends when the runtime
/// does.
///
/// ```
/// use std::io;
/// use wirework::Network;
/// use wirework_resp::{PubSub, RedisOptions};
///
/// async fn listen<N: Network>(network: &N) -> io::Result<()> {
///     let mut news = PubSub::connect(network, "localhost:6379", RedisOptions::new()).await?;
///     news.subscribe(["news"]).await?;
///     news.psubscribe(["weather.*"]).await?;
///     while let Some(message) = news.next().await {
///         println!("{:?}: {:?}", message.channel, message.payload);
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct PubSub {
    changes: Sender<Change>,
    messages: Pin<Box<Receiver<Message>>>,
    counts: Arc<Counts>,
}

/// Where the server's answer to a change goes.
type Done = Sender<Result<(), ServerError>>;

/// A subscription to be made or ended.
#[derive(Debug)]
struct Change {
    kind: Kind,
    subscribe: bool,
    /// At least one.
    names: Vec<Bytes>,
    done: Done,
}

#[derive(Debug, Default)]
struct Counts {
    connections: AtomicU64,
    missed: AtomicU64,
}

impl PubSub {
    /// Connects over TCP to `target`, a `host:port`, and logs in.
    ///
    /// # Errors
    /// As [`Redis::connect`](crate::Redis::connect).
    ///
    /// # Cancel safety
    /// Dropping the future gives the attempt up.
    pub async fn connect<N: Network>(network: &N, target: &str, options: RedisOptions) -> io::Result<Self> {
        let (connector, target) = (Connector::new(network), target.to_owned());
        let connect = move || {
            let (connector, target) = (connector.clone(), target.clone());
            async move { Ok(connector.connect(&target).await?) }
        };
        let (changes, requested) = async_channel::bounded(16);
        let (deliver, messages) = async_channel::bounded(options.max_messages);
        let counts = Arc::new(Counts::default());
        let subscriber = Subscriber::new(network.clone(), options, requested, deliver, Arc::clone(&counts));
        let framed = subscriber.connect(&connect).await?;
        network.spawn(subscriber.run(framed, connect)).detach();
        Ok(Self {
            changes,
            messages: Box::pin(messages),
            counts,
        })
    }

    /// Subscribes to channels, and waits until the server has confirmed it: what is published then is received.
    ///
    /// # Errors
    /// Fails when the server refuses it ([`PermissionDenied`](io::ErrorKind::PermissionDenied) if the user may not listen there),
    /// or when the runtime has shut down.
    ///
    /// # Cancel safety
    /// A dropped future may or may not have subscribed.
    pub async fn subscribe(&self, channels: impl IntoIterator<Item = impl Into<Bytes>>) -> io::Result<()> {
        self.change(Kind::Channel, true, channels.into_iter().map(Into::into).collect())
            .await
    }

    /// Subscribes to all channels whose names match the patterns, in which `*` stands for anything, `?` for any one character,
    /// and `[ab]` for one of those. Otherwise as [`subscribe`](Self::subscribe).
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// As [`subscribe`](Self::subscribe).
    pub async fn psubscribe(&self, patterns: impl IntoIterator<Item = impl Into<Bytes>>) -> io::Result<()> {
        self.change(Kind::Pattern, true, patterns.into_iter().map(Into::into).collect())
            .await
    }

    /// Ends subscriptions to channels, and waits until the server has confirmed it. Messages that have come before may still be
    /// taken.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// As [`subscribe`](Self::subscribe).
    pub async fn unsubscribe(&self, channels: impl IntoIterator<Item = impl Into<Bytes>>) -> io::Result<()> {
        self.change(Kind::Channel, false, channels.into_iter().map(Into::into).collect())
            .await
    }

    /// Ends subscriptions to patterns. Otherwise as [`unsubscribe`](Self::unsubscribe).
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// # Cancel safety
    /// As [`subscribe`](Self::subscribe).
    pub async fn punsubscribe(&self, patterns: impl IntoIterator<Item = impl Into<Bytes>>) -> io::Result<()> {
        self.change(Kind::Pattern, false, patterns.into_iter().map(Into::into).collect())
            .await
    }

    async fn change(&self, kind: Kind, subscribe: bool, names: Vec<Bytes>) -> io::Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let (done, confirmed) = async_channel::bounded(1);
        let change = Change {
            kind,
            subscribe,
            names,
            done,
        };
        let stopped = || io::Error::new(io::ErrorKind::NotConnected, "the task of the subscriptions was stopped");
        self.changes.send(change).await.map_err(|_| stopped())?;
        let confirmed = confirmed.recv().await.map_err(|_| stopped())?;
        confirmed.map_err(|error| RedisError::from(error).into())
    }

    /// Waits for the next message. `None` once the runtime has shut down.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Message> {
        self.messages.recv().await.ok()
    }

    /// How many connections there have been. Between two of them, messages may have been missed.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// How many messages were dropped because nobody took them in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.counts.missed.load(Ordering::Relaxed)
    }
}

impl Stream for PubSub {
    type Item = Message;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.messages.as_mut().poll_next(cx)
    }
}
