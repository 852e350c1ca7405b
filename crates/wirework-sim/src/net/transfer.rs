//! Reading and writing at one end: the system calls, as it were.

use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::net::Shutdown;
use std::task::{Context, Poll};

use bytes::Buf;

use super::connection::Fin;
use super::{End, Life, NetEvent, Side, SocketKey};
use crate::events::Event;
use crate::host::HostId;
use crate::world::World;

/// Into how many steps a second of a slow reader's bytes is cut.
const STEPS: u64 = 20;

/// What is there to be read.
enum Readable {
    Bytes,
    End,
    Error(ErrorKind),
    Nothing,
    /// Bytes that a slow reader may have later.
    Later(u64),
}

impl End {
    fn readable(&self, now: u64) -> Readable {
        if self.received_length > 0 {
            return if now < self.read_after {
                Readable::Later(self.read_after)
            } else {
                Readable::Bytes
            };
        }
        if self.fin_received || self.shut_read {
            return Readable::End;
        }
        match self.error {
            Some(kind) => Readable::Error(kind),
            None if self.is_broken => Readable::End,
            None if self.life == Life::Gone => Readable::Error(ErrorKind::NotConnected),
            None => Readable::Nothing,
        }
    }

    /// Copies what was received, without taking it.
    fn copy_to(&self, mut buf: &mut [u8]) -> usize {
        let wanted = buf.len();
        for chunk in &self.received {
            let count = chunk.len().min(buf.len());
            let (head, rest) = mem::take(&mut buf).split_at_mut(count);
            head.copy_from_slice(&chunk[..count]);
            buf = rest;
            if buf.is_empty() {
                break;
            }
        }
        wanted - buf.len()
    }

    fn consume(&mut self, mut count: usize) {
        self.received_length -= count;
        while count > 0 {
            let Some(chunk) = self.received.front_mut() else { return };
            let step = chunk.len().min(count);
            chunk.advance(step);
            count -= step;
            if chunk.is_empty() {
                self.received.pop_front();
            }
        }
    }
}

impl World {
    /// Reads, or looks only.
    pub(crate) fn read(
        &mut self,
        key: SocketKey,
        side: Side,
        cx: &Context<'_>,
        buf: &mut [u8],
        peek: bool,
    ) -> Poll<io::Result<usize>> {
        let now = self.now;
        let Some(end) = self.net.end(key, side) else {
            return Poll::Ready(Err(ErrorKind::NotConnected.into()));
        };
        match end.readable(now) {
            Readable::Bytes => {}
            Readable::End => return Poll::Ready(Ok(0)),
            Readable::Error(kind) => {
                // It is reported once, then the stream is over; a look reports it as well, as the system's peek does.
                end.error = None;
                return Poll::Ready(Err(kind.into()));
            }
            Readable::Nothing => {
                self.wait_to_read(key, side, cx);
                return Poll::Pending;
            }
            Readable::Later(at) => {
                self.wait_to_read(key, side, cx);
                self.plan_read(key, side, at);
                return Poll::Pending;
            }
        }
        if peek {
            return Poll::Ready(Ok(end.copy_to(buf)));
        }
        let host = end.host;
        let rate = self.hosts[host.index()].read_rate;
        let end = self.net.end(key, side).expect("it was just there");
        let most = rate.map_or(usize::MAX, |rate| {
            usize::try_from((rate / STEPS).max(1)).unwrap_or(usize::MAX)
        });
        let length = buf.len().min(most);
        let count = end.copy_to(&mut buf[..length]);
        end.consume(count);
        if let Some(rate) = rate {
            let nanos = u128::from(count as u64) * 1_000_000_000 / u128::from(rate);
            end.read_after = now.saturating_add(u64::try_from(nanos).unwrap_or(u64::MAX));
        }
        self.trace.mix(count as u64);
        self.pump(key, side.other());
        Poll::Ready(Ok(count))
    }

    /// Waits until a read would not block.
    pub(crate) fn poll_readable(&mut self, key: SocketKey, side: Side, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let now = self.now;
        let Some(end) = self.net.end(key, side) else {
            return Poll::Ready(Ok(()));
        };
        match end.readable(now) {
            Readable::Bytes | Readable::End | Readable::Error(_) => return Poll::Ready(Ok(())),
            Readable::Nothing => {}
            Readable::Later(at) => self.plan_read(key, side, at),
        }
        self.wait_to_read(key, side, cx);
        Poll::Pending
    }

    fn wait_to_read(&mut self, key: SocketKey, side: Side, cx: &Context<'_>) {
        let waiter = self.waiter(cx);
        let replaced = self.net.end(key, side).and_then(|end| end.reader.replace(waiter));
        self.discard(replaced);
    }

    /// Wakes a slow reader at `at`, once however often it asks: else each time it is woken for nothing would be one more.
    fn plan_read(&mut self, key: SocketKey, side: Side, at: u64) {
        let Some(end) = self.net.end(key, side) else { return };
        if end.read_planned != at {
            end.read_planned = at;
            self.events.push(at, Event::Net(NetEvent::Readable(key, side)));
        }
    }

    /// A slow reader may go on.
    pub(crate) fn readable_again(&mut self, key: SocketKey, side: Side) {
        let reader = self.net.end(key, side).and_then(|end| end.reader.take());
        self.wake(reader);
    }

    /// The speed of a slow reader has changed.
    pub(crate) fn wake_slow_readers(&mut self, host: HostId) {
        let mut readers = Vec::new();
        for (_, connection) in &mut self.net.connections {
            for side in [Side::Client, Side::Server] {
                let end = connection.end_mut(side);
                if end.host == host && end.read_after > 0 {
                    end.read_after = 0;
                    readers.extend(end.reader.take());
                }
            }
        }
        for reader in readers {
            self.wake(Some(reader));
        }
    }

    pub(crate) fn write(
        &mut self,
        key: SocketKey,
        side: Side,
        cx: &Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(end) = self.net.end(key, side) else {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        };
        if let Some(kind) = end.error.take() {
            return Poll::Ready(Err(kind.into()));
        }
        if end.is_broken || end.fin != Fin::Open || end.life == Life::Gone {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        }
        let mut room = end.room();
        let wanted: usize = bufs.iter().map(|buf| buf.len()).sum();
        if room == 0 && wanted > 0 {
            let waiter = self.waiter(cx);
            let replaced = self.net.end(key, side).and_then(|end| end.writer.replace(waiter));
            self.discard(replaced);
            return Poll::Pending;
        }
        let count = room.min(wanted);
        for buf in bufs {
            let taken = room.min(buf.len());
            end.unsent.extend_from_slice(&buf[..taken]);
            room -= taken;
        }
        self.pump(key, side);
        Poll::Ready(Ok(count))
    }

    pub(crate) fn shutdown(&mut self, key: SocketKey, side: Side, how: Shutdown) {
        if matches!(how, Shutdown::Read | Shutdown::Both)
            && let Some(end) = self.net.end(key, side)
        {
            end.shut_read = true;
            let reader = end.reader.take();
            self.wake(reader);
        }
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            self.shut_write(key, side);
        }
    }
}
