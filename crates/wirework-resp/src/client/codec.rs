//! Requests to bytes, and bytes to their answers: one answer for each request, though some have many replies.
//!
//! A pipelined client gives the answers to the requests in order. What is in none of that order, pushes, is taken out here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::BytesMut;
use thiserror::Error;
use wirework_codec::{Decoder, Encoder, ReadBuf, WriteBuf};

use super::pushes::Sink;
use crate::{Cmd, CmdEncoder, Value, ValueDecoder, ValueError};

/// What has one answer.
#[derive(Debug, Clone)]
pub(super) enum Request {
    One(Cmd),
    /// Commands that leave together, and whose replies are one array. There is one at least.
    Many(Vec<Cmd>),
}

/// What the two directions of a connection know in common: which requests have many replies.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// The numbers of these requests, and how many replies they have.
    many: Mutex<VecDeque<(u64, usize)>>,
    /// How many there are, for a look without the lock.
    count: AtomicUsize,
}

impl Shared {
    fn push(&self, number: u64, replies: usize) {
        self.many
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back((number, replies));
        self.count.fetch_add(1, Ordering::Release);
    }

    /// How many replies the request has, if it is one of many.
    fn replies_to(&self, number: u64) -> Option<usize> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut many = self.many.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, replies) = many.pop_front_if(|(first, _)| *first == number)?;
        self.count.fetch_sub(1, Ordering::Release);
        Some(replies)
    }
}

#[derive(Debug)]
pub(super) struct RequestEncoder {
    shared: Arc<Shared>,
    /// How many requests were encoded.
    sent: u64,
}

impl RequestEncoder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, sent: 0 }
    }
}

impl Encoder<Request> for RequestEncoder {
    type Error = Unanswered;

    fn encode(&mut self, request: Request, dst: &mut WriteBuf) -> Result<(), Unanswered> {
        let cmds = match &request {
            Request::One(cmd) => std::slice::from_ref(cmd),
            Request::Many(cmds) => cmds,
        };
        for cmd in cmds {
            check(cmd)?;
        }
        for cmd in cmds {
            let Ok(()) = CmdEncoder::new().encode(cmd, dst);
        }
        if let Request::Many(cmds) = &request {
            self.shared.push(self.sent, cmds.len());
        }
        self.sent += 1;
        Ok(())
    }
}

/// A command that is not answered once, and so would give its neighbours the wrong replies.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name} is not answered once and cannot share a connection")]
pub(super) struct Unanswered {
    name: String,
}

/// Commands that change what the server answers with.
const UNANSWERED: [&str; 9] = [
    "MONITOR",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
];

fn check(cmd: &Cmd) -> Result<(), Unanswered> {
    let name = cmd.name();
    // All but a few commands are told by their first letter.
    if !matches!(
        name.first(),
        Some(b'M' | b'm' | b'P' | b'p' | b'S' | b's' | b'U' | b'u')
    ) {
        return Ok(());
    }
    match UNANSWERED
        .iter()
        .find(|other| name.eq_ignore_ascii_case(other.as_bytes()))
    {
        Some(name) => Err(Unanswered {
            name: (*name).to_owned(),
        }),
        None => Ok(()),
    }
}

#[derive(Debug)]
pub(super) struct ReplyDecoder {
    values: ValueDecoder,
    shared: Arc<Shared>,
    pushes: Arc<Sink>,
    /// How many requests were answered.
    answered: u64,
    /// The replies to a request that has many, and how many are still to come.
    gathered: Vec<Value>,
    left: usize,
}

impl ReplyDecoder {
    pub(super) fn new(values: ValueDecoder, shared: Arc<Shared>, pushes: Arc<Sink>) -> Self {
        Self {
            values,
            shared,
            pushes,
            answered: 0,
            gathered: Vec::new(),
            left: 0,
        }
    }

    /// The answer, if `value` completes one.
    fn take(&mut self, value: Value) -> Option<Value> {
        if let Value::Push(values) = value {
            self.pushes.send(values);
            return None;
        }
        if self.left == 0 {
            let Some(replies) = self.shared.replies_to(self.answered) else {
                self.answered += 1;
                return Some(value);
            };
            self.left = replies;
        }
        self.gathered.push(value);
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        self.answered += 1;
        Some(Value::Array(std::mem::take(&mut self.gathered)))
    }
}

impl Decoder for ReplyDecoder {
    type Item = Value;
    type Error = ValueError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Value>, ValueError> {
        Ok(self.values.decode(src)?.and_then(|value| self.take(value)))
    }

    fn decode_from(&mut self, src: &mut ReadBuf, is_ended: bool) -> Result<Option<Value>, ValueError> {
        Ok(self
            .values
            .decode_from(src, is_ended)?
            .and_then(|value| self.take(value)))
    }
}
