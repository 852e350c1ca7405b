//! The task that keeps a connection of subscriptions.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_channel::{Receiver, Sender, TrySendError};
use bytes::Bytes;
use futures_lite::future::or;
use wirework::time::{sleep, timeout};
use wirework::{Connection, Framed, Runtime};

use super::wanted::Wanted;
use super::{Change, Counts, Message};
use crate::client::{RedisOptions, frame, handshake};
use crate::{Cmd, CmdEncoder, Value, ValueDecoder, cmd};

type Redis<C> = Framed<C, ValueDecoder, CmdEncoder>;

pub(super) struct Subscriber<R> {
    runtime: R,
    options: RedisOptions,
    changes: Receiver<Change>,
    messages: Sender<Message>,
    counts: Arc<Counts>,
    wanted: Wanted,
}

/// Whoever subscribed does not listen any more.
struct Over;

enum Event {
    Change(Change),
    Over,
    Value(io::Result<Option<Value>>),
    Silence,
}

impl<R: Runtime> Subscriber<R> {
    pub(super) fn new(
        runtime: R,
        options: RedisOptions,
        changes: Receiver<Change>,
        messages: Sender<Message>,
        counts: Arc<Counts>,
    ) -> Self {
        Self {
            runtime,
            options,
            changes,
            messages,
            counts,
            wanted: Wanted::default(),
        }
    }

    /// Makes a connection and logs in.
    pub(super) async fn connect<C, F, Fut>(&self, connect: &F) -> io::Result<Redis<C>>
    where
        C: Connection,
        F: Fn() -> Fut,
        Fut: Future<Output = io::Result<C>>,
    {
        let connecting = async {
            let mut framed = frame(connect().await?, &self.options);
            handshake::log_in(&mut framed, &self.options).await?;
            Ok::<_, io::Error>(framed)
        };
        let framed = timeout(&self.runtime, self.options.connect_timeout, connecting).await??;
        self.counts.connections.fetch_add(1, Ordering::Relaxed);
        Ok(framed)
    }

    /// Keeps the connection until nobody listens any more.
    pub(super) async fn run<C, F, Fut>(mut self, framed: Redis<C>, connect: F)
    where
        C: Connection,
        F: Fn() -> Fut,
        Fut: Future<Output = io::Result<C>>,
    {
        let mut backoff = self.options.new_backoff();
        let mut connected = Ok(framed);
        loop {
            if let Ok(framed) = connected {
                let since = self.runtime.now();
                match self.serve(framed).await {
                    Ok(Over) => return,
                    // As with `ReconnectingClient`: one that was lost at once was none.
                    Err(_) if self.runtime.now() - since >= backoff.ceiling() => backoff.succeed(),
                    Err(_) => {}
                }
            }
            let delay = backoff.fail(self.runtime.random_u64());
            let waiting = async {
                sleep(&self.runtime, delay).await;
                Some(self.connect(&connect).await)
            };
            connected = match or(waiting, self.nobody_listens()).await {
                Some(connected) => connected,
                None => return,
            };
        }
    }

    /// Waits until nobody listens any more.
    async fn nobody_listens<T>(&self) -> Option<T> {
        self.messages.closed().await;
        None
    }

    /// Uses one connection until it is lost, which is an error, or until nobody listens any more.
    async fn serve<C: Connection>(&mut self, mut framed: Redis<C>) -> io::Result<Over> {
        for cmd in self.wanted.again() {
            framed.send(cmd).await?;
        }
        let mut is_tested = false;
        loop {
            match self.event(&mut framed).await {
                Event::Over => return Ok(Over),
                Event::Change(change) => {
                    let cmd: Cmd = self.wanted.change(change);
                    framed.send(cmd).await?;
                }
                Event::Silence if is_tested => {
                    return Err(io::Error::new(io::ErrorKind::TimedOut, "the server is silent"));
                }
                Event::Silence => {
                    is_tested = true;
                    framed.send(cmd("PING")).await?;
                }
                Event::Value(value) => {
                    is_tested = false;
                    let value = value?.ok_or(io::ErrorKind::UnexpectedEof)?;
                    self.take(value)?;
                }
            }
        }
    }

    async fn event<C: Connection>(&self, framed: &mut Redis<C>) -> Event {
        let value = async {
            match timeout(&self.runtime, self.options.heartbeat, framed.next()).await {
                Ok(value) => Event::Value(value.map_err(io::Error::from)),
                Err(_) => Event::Silence,
            }
        };
        let change = async {
            match self.changes.recv().await {
                Ok(change) => Event::Change(change),
                Err(_) => Event::Over,
            }
        };
        or(change, value).await
    }

    /// In RESP3 it is a push, in RESP2 an array; other replies are to tests.
    fn take(&mut self, value: Value) -> io::Result<()> {
        let values = match value {
            Value::Push(values) | Value::Array(values) => values,
            Value::Error(error) => return self.wanted.refuse(error).map_err(io::Error::other),
            _ => return Ok(()),
        };
        let mut values = values.into_iter();
        let Some(kind) = values.next() else { return Ok(()) };
        let mut bytes = || values.next().and_then(|value| value.as_bytes().cloned());
        match kind.as_bytes().map(|kind| &kind[..]) {
            Some(b"subscribe" | b"unsubscribe" | b"psubscribe" | b"punsubscribe") => self.wanted.confirm(),
            Some(b"message") => self.deliver(None, bytes(), bytes()),
            Some(b"pmessage") => {
                let pattern = bytes();
                self.deliver(pattern, bytes(), bytes());
            }
            _ => {}
        }
        Ok(())
    }

    fn deliver(&self, pattern: Option<Bytes>, channel: Option<Bytes>, payload: Option<Bytes>) {
        let (Some(channel), Some(payload)) = (channel, payload) else {
            return;
        };
        let message = Message {
            channel,
            pattern,
            payload,
        };
        if let Err(TrySendError::Full(_)) = self.messages.try_send(message) {
            self.counts.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}
