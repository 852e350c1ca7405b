//! The in-memory connection against two byte queues, at random: what is moved, what waits, and who is woken, how often.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_io::{AsyncRead, AsyncWrite};
use proptest::collection::vec;
use proptest::prelude::*;
use wirework::memory::{self, MemoryStream};
use wirework::{Connection, Split};

#[derive(Debug, Clone)]
enum Op {
    Write(Vec<u8>),
    /// Slices of these lengths.
    WriteVectored(Vec<usize>),
    Read(usize),
    Peek(usize),
    Readable,
    Close,
    Shutdown(Shutdown),
    /// Drops the end, or its halves, the reading one first or the other one.
    Drop,
    DropHalves(bool),
}

/// An operation of one of the ends, by one of two tasks.
type Step = (usize, usize, Op);

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..12).prop_map(Op::Write),
        4 => vec(0_usize..6, 0..4).prop_map(Op::WriteVectored),
        12 => (0_usize..12).prop_map(Op::Read),
        4 => (0_usize..12).prop_map(Op::Peek),
        2 => Just(Op::Readable),
        1 => Just(Op::Close),
        1 => prop_oneof![Just(Shutdown::Read), Just(Shutdown::Write), Just(Shutdown::Both)].prop_map(Op::Shutdown),
        1 => Just(Op::Drop),
        1 => any::<bool>().prop_map(Op::DropHalves),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0_usize..2, 0_usize..2, op()), 0..80)
}

/// One direction.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    reader_closed: bool,
    writer_closed: bool,
    /// The tasks that wait.
    reader: Option<usize>,
    writer: Option<usize>,
}

#[derive(Debug)]
struct Model {
    capacity: usize,
    /// By the end that writes.
    pipes: [Pipe; 2],
    /// How often each task of each end was woken.
    wakes: [[usize; 2]; 2],
}

impl Model {
    fn wake_reader(&mut self, writing: usize) {
        if let Some(task) = self.pipes[writing].reader.take() {
            self.wakes[1 - writing][task] += 1;
        }
    }

    fn wake_writer(&mut self, writing: usize) {
        if let Some(task) = self.pipes[writing].writer.take() {
            self.wakes[writing][task] += 1;
        }
    }

    fn write(&mut self, end: usize, task: usize, data: &[u8]) -> Poll<Result<usize, ErrorKind>> {
        let pipe = &mut self.pipes[end];
        if pipe.reader_closed || pipe.writer_closed {
            return Poll::Ready(Err(ErrorKind::BrokenPipe));
        }
        let count = data.len().min(self.capacity - pipe.bytes.len());
        if count == 0 && !data.is_empty() {
            pipe.writer = Some(task);
            return Poll::Pending;
        }
        pipe.bytes.extend(&data[..count]);
        if count > 0 {
            self.wake_reader(end);
        }
        Poll::Ready(Ok(count))
    }

    /// What there is to read; an empty one is the end.
    fn peek(&mut self, end: usize, task: usize, length: usize) -> Poll<Vec<u8>> {
        let pipe = &mut self.pipes[1 - end];
        if !pipe.bytes.is_empty() {
            return Poll::Ready(pipe.bytes.iter().copied().take(length).collect());
        }
        if pipe.writer_closed || pipe.reader_closed {
            return Poll::Ready(Vec::new());
        }
        pipe.reader = Some(task);
        Poll::Pending
    }

    fn read(&mut self, end: usize, task: usize, length: usize) -> Poll<Vec<u8>> {
        if length == 0 {
            return Poll::Ready(Vec::new());
        }
        let read = self.peek(end, task, length);
        if let Poll::Ready(read) = &read
            && !read.is_empty()
        {
            self.pipes[1 - end].bytes.drain(..read.len());
            self.wake_writer(1 - end);
        }
        read
    }

    fn close_writer(&mut self, end: usize) {
        self.pipes[end].writer_closed = true;
        self.wake_reader(end);
        self.wake_writer(end);
    }

    fn close_reader(&mut self, end: usize) {
        self.pipes[1 - end].reader_closed = true;
        self.pipes[1 - end].bytes.clear();
        self.wake_reader(1 - end);
        self.wake_writer(1 - end);
    }
}

#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn run(capacity: usize, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let (left, right) = memory::pair(capacity);
    let mut ends: [Option<MemoryStream>; 2] = [Some(left), Some(right)];
    let counts: [[Arc<Count>; 2]; 2] = Default::default();
    let mut model = Model {
        capacity,
        pipes: Default::default(),
        wakes: Default::default(),
    };
    for (end, task, op) in steps {
        let Some(mut stream) = ends[end].take() else { continue };
        let waker = Waker::from(Arc::clone(&counts[end][task]));
        let cx = &mut Context::from_waker(&waker);
        let pinned = Pin::new(&mut stream);
        match op {
            Op::Write(data) => {
                let written = pinned.poll_write(cx, &data).map_err(|error| error.kind());
                prop_assert_eq!(written, model.write(end, task, &data));
            }
            Op::WriteVectored(lengths) => {
                let data: Vec<u8> = (0..lengths.iter().sum())
                    .map(|byte| u8::try_from(byte).unwrap())
                    .collect();
                let mut rest = &data[..];
                let slices = lengths
                    .iter()
                    .map(|length| IoSlice::new(rest.split_off(..*length).unwrap()));
                let slices: Vec<_> = slices.collect();
                let written = pinned.poll_write_vectored(cx, &slices).map_err(|error| error.kind());
                prop_assert_eq!(written, model.write(end, task, &data));
            }
            Op::Read(length) => {
                let mut buf = vec![0; length];
                let read = pinned
                    .poll_read(cx, &mut buf)
                    .map(|count| buf[..count.unwrap()].to_vec());
                prop_assert_eq!(read, model.read(end, task, length));
            }
            Op::Peek(length) => {
                let mut buf = vec![0; length];
                let peeked = stream
                    .poll_peek(cx, &mut buf)
                    .map(|count| buf[..count.unwrap()].to_vec());
                prop_assert_eq!(peeked, model.peek(end, task, length));
            }
            Op::Readable => {
                let ready = stream.poll_readable(cx).map(Result::unwrap);
                prop_assert_eq!(ready, model.peek(end, task, 1).map(drop));
            }
            Op::Close => {
                prop_assert!(matches!(pinned.poll_close(cx), Poll::Ready(Ok(()))));
                model.close_writer(end);
            }
            Op::Shutdown(how) => {
                stream.shutdown(how).unwrap();
                if how != Shutdown::Write {
                    model.close_reader(end);
                }
                if how != Shutdown::Read {
                    model.close_writer(end);
                }
            }
            Op::Drop => {
                drop(stream);
                model.close_writer(end);
                model.close_reader(end);
                check(&model, &counts)?;
                continue;
            }
            Op::DropHalves(reader_first) => {
                let (reader, writer) = stream.split();
                if reader_first {
                    // Which tells the peer nothing.
                    drop(reader);
                    check(&model, &counts)?;
                    drop(writer);
                    model.close_writer(end);
                } else {
                    drop(writer);
                    model.close_writer(end);
                    check(&model, &counts)?;
                    drop(reader);
                }
                model.close_reader(end);
                check(&model, &counts)?;
                continue;
            }
        }
        check(&model, &counts)?;
        ends[end] = Some(stream);
    }
    Ok(())
}

fn check(model: &Model, counts: &[[Arc<Count>; 2]; 2]) -> Result<(), TestCaseError> {
    let woken = counts
        .each_ref()
        .map(|end| end.each_ref().map(|task| task.0.load(Ordering::SeqCst)));
    prop_assert_eq!(woken, model.wakes);
    Ok(())
}

proptest! {
    #[test]
    fn it_is_two_byte_queues(capacity in prop_oneof![Just(1_usize), 1_usize..20], steps in steps()) {
        run(capacity, steps)?;
    }
}
