//! One direction of a connection within the process.

use std::cmp::min;
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Bytes on their way, no more than so many.
#[derive(Debug)]
pub(super) struct Pipe {
    capacity: usize,
    state: Mutex<PipeState>,
}

#[derive(Debug, Default)]
struct PipeState {
    bytes: VecDeque<u8>,
    reader_closed: bool,
    writer_closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self {
            capacity,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, PipeState> {
        // No code that can panic runs while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.bytes.is_empty() {
            return poll_empty(state, cx);
        }
        let count = state.copy_to(buf);
        state.bytes.drain(..count);
        if state.bytes.is_empty() {
            // An idle connection holds no memory.
            state.bytes = VecDeque::new();
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
        Poll::Ready(Ok(count))
    }

    pub(super) fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let state = self.state();
        if state.bytes.is_empty() {
            return poll_empty(state, cx);
        }
        Poll::Ready(Ok(state.copy_to(buf)))
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut state = self.state();
        if state.reader_closed || state.writer_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let mut room = self.capacity - state.bytes.len();
        let wanted: usize = bufs.iter().map(|buf| buf.len()).sum();
        if wanted == 0 {
            return Poll::Ready(Ok(0)); // Nothing has come, so nobody is woken.
        }
        if room == 0 {
            let replaced = state.writer.replace(cx.waker().clone());
            // Dropping a waker may run anything, so not under the lock.
            drop(state);
            drop(replaced);
            return Poll::Pending;
        }
        let count = min(room, wanted);
        for buf in bufs {
            let taken = min(room, buf.len());
            state.bytes.extend(&buf[..taken]);
            room -= taken;
        }
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        Poll::Ready(Ok(count))
    }

    /// What was written can still be read.
    pub(super) fn close_writer(&self) {
        let mut state = self.state();
        state.writer_closed = true;
        let wakers = (state.reader.take(), state.writer.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }

    /// What was written is lost.
    pub(super) fn close_reader(&self) {
        let mut state = self.state();
        state.reader_closed = true;
        state.bytes = VecDeque::new();
        let wakers = (state.reader.take(), state.writer.take());
        drop(state);
        wake(wakers.0);
        wake(wakers.1);
    }
}

impl PipeState {
    fn copy_to(&self, buf: &mut [u8]) -> usize {
        let (front, back) = self.bytes.as_slices();
        let from_front = min(front.len(), buf.len());
        buf[..from_front].copy_from_slice(&front[..from_front]);
        let from_back = min(back.len(), buf.len() - from_front);
        buf[from_front..from_front + from_back].copy_from_slice(&back[..from_back]);
        from_front + from_back
    }
}

/// What reading gives when nothing is there.
fn poll_empty(mut state: MutexGuard<'_, PipeState>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    if state.writer_closed || state.reader_closed {
        return Poll::Ready(Ok(0));
    }
    let replaced = state.reader.replace(cx.waker().clone());
    // As above: not under the lock.
    drop(state);
    drop(replaced);
    Poll::Pending
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
