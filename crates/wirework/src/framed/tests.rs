//! What the framed layer promises, tested without a network.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::net::Shutdown as How;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use futures_lite::future::{block_on, poll_once, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, stream};
use futures_sink::Sink;
use wirework_codec::bytes::Bytes;
use wirework_codec::{
    Detect, Detection, Either, Encoder, Fault, LengthDelimited, Lines, LinesError, RawBytes, RecoveringLines, WriteBuf,
};

use super::{FramedRead, FramedWrite, ReadAhead, ReadError, WriteError};
use crate::memory::{MemoryStream, pair};
use crate::{Addr, Connection, Framed, Shutdown};

/// A memory stream that counts the calls it gets, and fails when told to.
#[derive(Debug)]
struct Probe {
    stream: MemoryStream,
    calls: Arc<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    reads: AtomicUsize,
    writes: AtomicUsize,
    most_slices: AtomicUsize,
    next_write: Mutex<Option<io::ErrorKind>>,
}

impl Probe {
    fn pair(capacity: usize) -> (Self, Arc<Calls>, MemoryStream) {
        let (stream, peer) = pair(capacity);
        let calls = Arc::new(Calls::default());
        let probe = Self {
            stream,
            calls: Arc::clone(&calls),
        };
        (probe, calls, peer)
    }
}

impl Calls {
    fn reads(&self) -> usize {
        self.reads.swap(0, Ordering::Relaxed)
    }

    fn writes(&self) -> usize {
        self.writes.swap(0, Ordering::Relaxed)
    }
}

impl AsyncRead for Probe {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.calls.reads.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Probe {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(kind) = self.calls.next_write.lock().unwrap().take() {
            return Poll::Ready(Err(kind.into()));
        }
        self.calls.writes.fetch_add(1, Ordering::Relaxed);
        self.calls.most_slices.fetch_max(bufs.len(), Ordering::Relaxed);
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Connection for Probe {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn shutdown(&self, how: How) -> io::Result<()> {
        self.stream.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.stream.peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.stream.local_addr()
    }
}

/// Writes all of `bytes` to the raw end of a connection.
async fn write(peer: &mut MemoryStream, bytes: &[u8]) {
    let mut written = 0;
    while written < bytes.len() {
        written += poll_fn(|cx| Pin::new(&mut *peer).poll_write(cx, &bytes[written..]))
            .await
            .unwrap();
    }
}

/// What can be read now from the raw end of a connection.
async fn read_now(peer: &mut MemoryStream) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buf = [0; 1024];
    while let Some(count) = poll_once(poll_fn(|cx| Pin::new(&mut *peer).poll_read(cx, &mut buf))).await {
        match count.unwrap() {
            0 => break,
            count => all.extend_from_slice(&buf[..count]),
        }
    }
    all
}

/// The loop that everybody writes first.
async fn echo<C: Connection>(framed: &mut Framed<C, Lines>) -> io::Result<()> {
    while let Some(line) = framed.next().await? {
        framed.send(line).await?;
    }
    Ok(())
}

#[test]
fn the_naive_loop_writes_once_per_batch_read() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, Lines::new());
        let batch = "ping\n".repeat(100);
        for _ in 0..3 {
            write(&mut peer, batch.as_bytes()).await;
            assert!(poll_once(echo(&mut framed)).await.is_none());
            assert_eq!(calls.writes(), 1);
            assert_eq!(read_now(&mut peer).await, batch.as_bytes());
        }
    });
}

#[test]
fn replies_leave_together_with_those_to_what_comes_right_behind() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, Lines::new()).budget(10_000);
        // More than the first read has room for, and less than the high watermark.
        let lines = "line\n".repeat(6000);
        write(&mut peer, lines.as_bytes()).await;
        assert!(poll_once(echo(&mut framed)).await.is_none());
        assert_eq!(read_now(&mut peer).await, lines.as_bytes());
        assert_eq!(calls.writes(), 1);
    });
}

#[test]
fn the_borrowed_loop_writes_once_per_batch_read() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(64 * 1024);
        let mut framed = Framed::new(probe, LengthDelimited::new());
        let batch = b"\0\0\0\x04ping".repeat(100);
        write(&mut peer, &batch).await;
        let serve = async {
            while let Some((frame, mut out)) = framed.next_ref().await? {
                out.send(frame)?;
            }
            io::Result::Ok(())
        };
        assert!(poll_once(serve).await.is_none());
        assert_eq!(calls.writes(), 1);
        assert_eq!(read_now(&mut peer).await, batch);
    });
}

#[test]
fn replies_leave_before_the_end_is_reported() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\ntwo\n").await;
        peer.shutdown(How::Write).unwrap();
        echo(&mut framed).await.unwrap();
        assert_eq!(calls.writes(), 1);
        assert_eq!(read_now(&mut peer).await, b"one\ntwo\n");
        // And a late reply can still be sent to an end that only half-closed.
        framed.send("late").await.unwrap();
        framed.close().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"late\n");
    });
}

#[test]
fn a_stuck_peer_stops_reader_and_sender_at_the_high_watermark() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(10);
        let mut framed = Framed::new(probe, Lines::new()).watermarks(100, 1000);
        while poll_once(framed.send("0123456789")).await.is_some() {}
        // A frame over the mark, and less what the pipe took.
        assert!((990..1011).contains(&framed.unsent()), "{}", framed.unsent());

        // Nothing more is read for it, though there is something.
        calls.reads();
        peer.shutdown(How::Write).unwrap();
        assert!(poll_once(framed.next()).await.is_none());
        assert_eq!(calls.reads(), 0);

        // It goes on at the low watermark, not before.
        while poll_once(framed.reserve()).await.is_none() {
            assert!(framed.unsent() > 100);
            read_now(&mut peer).await;
        }
        assert!((91..=100).contains(&framed.unsent()), "{}", framed.unsent());
        poll_once(framed.send("more")).await.unwrap().unwrap();
    });
}

#[test]
fn large_frames_are_gathered_into_one_write() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024 * 1024);
        let mut framed = Framed::new(probe, LengthDelimited::new());
        for _ in 0..3 {
            framed.send(Bytes::from(vec![7; 10_000])).await.unwrap();
        }
        framed.flush().await.unwrap();
        assert_eq!((calls.writes(), calls.most_slices.load(Ordering::Relaxed)), (1, 6));
        assert_eq!(read_now(&mut peer).await.len(), 30_012);
    });
}

#[test]
fn dropping_next_loses_nothing() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        let text = "grüß gott\nhello\n";
        let mut lines = Vec::new();
        for byte in text.bytes() {
            write(&mut peer, &[byte]).await;
            // Each of these is dropped while pending, alternating between the two ways to receive.
            if let Some(line) = poll_once(framed.next()).await {
                lines.push(line.unwrap().unwrap());
            }
            assert!(poll_once(framed.next_ref()).await.is_none());
        }
        assert_eq!(lines, ["grüß gott", "hello"]);
    });
}

#[test]
fn a_frame_is_sent_by_the_call_or_waits_with_its_future() {
    block_on(async {
        let (stream, mut peer) = pair(4);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 8);
        // There is room for it, so it does not take the future.
        drop(framed.send("by the call"));
        assert_eq!(framed.unsent(), 12);
        // Here there is none, so it goes with the future, polled or not.
        drop(framed.send("lost"));
        assert!(poll_once(framed.send("lost, too")).await.is_none());
        let (received, sent) = zip(
            async {
                let mut received = vec![0; 27];
                peer.read_exact(&mut received).await.unwrap();
                String::from_utf8(received).unwrap()
            },
            async {
                framed.send("after a wait").await?;
                framed.send("").await?;
                framed.send("").await?;
                framed.flush().await?;
                Ok::<_, WriteError<LinesError>>(())
            },
        )
        .await;
        sent.unwrap();
        assert_eq!(received, "by the call\nafter a wait\n\n\n");
    });
}

#[test]
fn dropping_reserve_loses_nothing() {
    block_on(async {
        let (stream, mut peer) = pair(4);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 8);
        let mut queue: VecDeque<String> = (0..100).map(|n| n.to_string()).collect();
        let expected = (0..100).fold(String::new(), |lines, n| lines + &format!("{n}\n"));
        let mut received = Vec::new();
        while !queue.is_empty() {
            if let Some(permit) = poll_once(framed.reserve()).await {
                permit.unwrap().send(queue.pop_front().unwrap()).unwrap();
            } else {
                received.extend(read_now(&mut peer).await);
            }
        }
        while poll_once(framed.flush()).await.is_none() {
            received.extend(read_now(&mut peer).await);
        }
        received.extend(read_now(&mut peer).await);
        assert_eq!(String::from_utf8(received).unwrap(), expected);
    });
}

#[test]
fn a_frame_cut_off_by_the_end_is_an_error() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"whole\nhal").await;
        drop(peer);
        assert_eq!(framed.next().await.unwrap().unwrap(), "whole");
        let error = framed.next().await.unwrap_err();
        assert!(matches!(&error, ReadError::Decode(error) if matches!(error.fault(), Fault::Truncated { left: 3 })));
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(
            error.to_string(),
            "stream ended inside a frame at byte 6: 3 bytes left over"
        );
        assert_eq!(framed.next().await.unwrap(), None);
    });
}

/// Encodes strings by their bytes, and fails half way at a `!`.
#[derive(Debug, Clone)]
struct Halting;

impl Encoder<&str> for Halting {
    type Error = LinesError;

    fn encode(&mut self, item: &str, dst: &mut WriteBuf) -> Result<(), LinesError> {
        for byte in item.bytes() {
            if byte == b'!' {
                return Err(LinesError::LineBreak { at: 0 });
            }
            dst.put_u8(byte);
        }
        Ok(())
    }
}

#[test]
fn a_failed_encode_leaves_no_partial_bytes() {
    block_on(async {
        let (stream, mut peer) = pair(1024);
        let mut framed = Framed::with_codecs(stream, RawBytes::new(), Halting);
        framed.send("good").await.unwrap();
        assert!(matches!(framed.send("ba!d").await, Err(WriteError::Encode(_))));
        framed.send("after").await.unwrap();
        framed.flush().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"goodafter");
    });
}

#[test]
fn what_had_come_is_still_received_after_a_failed_write() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "one");
        framed.send("reply").await.unwrap();
        write(&mut peer, b"two\n").await;
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::ConnectionReset);
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        // The next who sends is told, with the system's error first.
        let error = io::Error::from(framed.send("reply").await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(
            error.to_string(),
            io::Error::from(io::ErrorKind::ConnectionReset).to_string()
        );
        let error = framed.flush().await.unwrap_err();
        assert_eq!(error.to_string(), "an earlier write on this connection failed");
        assert_eq!(framed.unsent(), 0);
    });
}

#[test]
fn a_failed_write_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new());
        write(&mut peer, b"one\n").await;
        peer.shutdown(How::Write).unwrap();
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::BrokenPipe);
        let error = echo(&mut framed).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    });
}

#[test]
fn sending_after_close_is_an_error_and_receiving_is_not() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        framed.send("bye").await.unwrap();
        framed.close().await.unwrap();
        framed.close().await.unwrap();
        assert_eq!(framed.reserve().await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(read_now(&mut peer).await, b"bye\n");
        write(&mut peer, b"late\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "late");
    });
}

#[test]
fn a_firehose_gives_others_a_turn() {
    block_on(async {
        let (mut peer, stream) = pair(1024 * 1024);
        let mut framed = Framed::new(stream, Lines::new()).budget(10);
        write(&mut peer, "x\n".repeat(100).as_bytes()).await;
        drop(peer);
        let mut count = pin!(async {
            let mut frames = 0;
            while framed.next().await.unwrap().is_some() {
                frames += 1;
            }
            frames
        });
        let mut turns = 1;
        let frames = loop {
            match poll_once(count.as_mut()).await {
                Some(frames) => break frames,
                None => turns += 1,
            }
        };
        assert_eq!((frames, turns), (100, 11));
    });
}

#[test]
fn codecs_are_exchanged_with_what_was_read_ahead() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"UPGRADE\n\0\0\0\x02hi").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "UPGRADE");
        framed.send("ok").await.unwrap();
        let swap = |_, _| (LengthDelimited::new(), LengthDelimited::new());
        let mut framed = framed.map_codec(ReadAhead::Carry, swap).unwrap();
        framed.send(b"yo").await.unwrap();
        assert_eq!(framed.next().await.unwrap().unwrap(), "hi");
        framed.flush().await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"ok\n\0\0\0\x02yo");

        write(&mut peer, b"\0\0\0\x01a\0\0\0\x01b").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "a");
        let parts = framed.into_parts();
        assert_eq!(parts.read_ahead, &b"\0\0\0\x01b"[..]);
        assert_eq!(Framed::from_parts(parts).next().await.unwrap().unwrap(), "b");
    });
}

#[test]
fn what_must_not_be_read_ahead_is_an_error() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, Lines::new());
        write(&mut peer, b"STARTTLS\nMAIL").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "STARTTLS");
        let error = framed.into_parts().reject_read_ahead().unwrap_err();
        assert_eq!(error.to_string(), "peer sent 4 bytes ahead of a change of protocol");
    });
}

#[test]
fn halves_work_in_two_tasks() {
    let (a, b) = pair(7);
    let (mut reader, mut writer) = Framed::new(a, Lines::new()).split();
    let (mut echo_reader, mut echo_writer) = Framed::new(b, Lines::new()).split();
    let echo = std::thread::spawn(move || {
        block_on(async {
            while let Some(line) = echo_reader.next_ref().await.unwrap() {
                echo_writer.send(line).await.unwrap();
            }
            echo_writer.close().await.unwrap();
        });
    });
    let lines: Vec<String> = (0..500).map(|n| format!("line {n}")).collect();
    let sent = lines.clone();
    let send = std::thread::spawn(move || {
        block_on(async {
            writer.send_all(&mut stream::iter(sent)).await.unwrap();
            writer.close().await.unwrap();
        });
    });
    block_on(async {
        for line in &lines {
            assert_eq!(reader.next().await.unwrap().as_ref(), Some(line));
        }
        assert_eq!(reader.next().await.unwrap(), None);
    });
    echo.join().unwrap();
    send.join().unwrap();
}

#[test]
fn the_write_half_flushes_when_its_source_runs_empty() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut writer = FramedWrite::new(probe, Lines::new());
        let (sender, queue) = async_channel::unbounded();
        let mut queue = pin!(queue);
        for line in ["a", "b", "c"] {
            sender.try_send(line).unwrap();
        }
        assert!(poll_once(writer.send_all(&mut queue)).await.is_none());
        assert_eq!((calls.writes(), read_now(&mut peer).await), (1, b"a\nb\nc\n".to_vec()));
        sender.try_send("d").unwrap();
        drop(sender);
        writer.send_all(&mut queue).await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"d\n");
        writer.feed("e").await.unwrap();
        assert_eq!((writer.unsent(), read_now(&mut peer).await.len()), (2, 0));
        writer.send("f").await.unwrap();
        assert_eq!(read_now(&mut peer).await, b"e\nf\n");
    });
}

#[test]
fn it_is_a_stream_and_a_sink() {
    block_on(async {
        let (a, b) = pair(64);
        let mut sink = FramedWrite::new(a, Lines::new());
        let read = FramedRead::new(b, Lines::new())
            .map(Result::unwrap)
            .collect::<Vec<String>>();
        let write = async {
            for line in ["one", "two"] {
                poll_fn(|cx| Sink::<&str>::poll_ready(Pin::new(&mut sink), cx))
                    .await
                    .unwrap();
                Pin::new(&mut sink).start_send(line).unwrap();
            }
            poll_fn(|cx| Sink::<&str>::poll_close(Pin::new(&mut sink), cx))
                .await
                .unwrap();
        };
        assert_eq!(zip(read, write).await.0, ["one", "two"]);
    });
}

#[test]
fn a_shutdown_ends_the_conversation_between_two_frames() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let shutdown = Shutdown::new();
        let mut framed = Framed::new(stream, Lines::new()).until(shutdown.signal());
        write(&mut peer, b"one\ntwo\nthr").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "one");
        shutdown.begin();
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        // The third is under way: the peer gets the time that the drain deadline leaves to finish it.
        assert!(poll_once(framed.next()).await.is_none());
        write(&mut peer, b"ee\n").await;
        assert_eq!(framed.next().await.unwrap().unwrap(), "three");
        framed.send("reply").await.unwrap();
        assert_eq!(framed.next().await.unwrap(), None);
        assert_eq!(read_now(&mut peer).await, b"reply\n");
    });
}

#[test]
fn an_idle_connection_holds_no_memory() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let mut framed = Framed::new(stream, LengthDelimited::new());
        assert!(poll_once(framed.next_ref()).await.is_none());
        assert_eq!(framed.sides.inbound.deframer.memory(), 0);
        write(&mut peer, b"\0\0\0\x02hi").await;
        while let Some(frame) = poll_once(framed.next_ref()).await {
            let (frame, mut out) = frame.unwrap().unwrap();
            out.send(frame).unwrap();
        }
        assert_eq!(framed.sides.inbound.deframer.memory(), 0);
        assert!(framed.sides.outbound.buf.is_none());
    });
}

#[test]
fn futures_that_hold_borrowed_frames_can_be_spawned() {
    async fn held<C: Connection>(mut framed: Framed<C, Lines>) -> io::Result<()> {
        while let Some((line, mut out)) = framed.next_ref().await? {
            futures_lite::future::yield_now().await;
            out.send(line)?;
        }
        Ok(())
    }
    fn spawnable(_: impl Future + Send + 'static) {}
    spawnable(held(Framed::new(pair(1).0, Lines::new())));
}

/// Holds back what is written until it is flushed, as TLS and compression do.
struct Corked {
    stream: MemoryStream,
    held: Vec<u8>,
}

impl Corked {
    fn pair(capacity: usize) -> (Self, MemoryStream) {
        let (stream, peer) = pair(capacity);
        let held = Vec::new();
        (Self { stream, held }, peer)
    }
}

impl AsyncRead for Corked {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Corked {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while !this.held.is_empty() {
            let count = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.held))?;
            this.held.drain(..count);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Connection for Corked {
    fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.poll_readable(cx)
    }

    fn poll_peek(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.stream.poll_peek(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        false
    }

    fn shutdown(&self, how: How) -> io::Result<()> {
        self.stream.shutdown(how)
    }

    fn peer_addr(&self) -> io::Result<Addr> {
        self.stream.peer_addr()
    }

    fn local_addr(&self) -> io::Result<Addr> {
        self.stream.local_addr()
    }
}

#[test]
fn what_the_connection_holds_back_leaves_too() {
    block_on(async {
        let (stream, mut peer) = Corked::pair(4);
        let mut framed = Framed::new(stream, Lines::new());
        framed.send("longer than the pipe").await.unwrap();
        let mut received = Vec::new();
        while received.len() < 21 {
            assert!(poll_once(framed.next()).await.is_none());
            let bytes = read_now(&mut peer).await;
            assert!(!bytes.is_empty(), "stuck after {received:?}");
            received.extend(bytes);
        }
        assert_eq!(received, b"longer than the pipe\n");
    });
}

#[test]
fn what_was_drained_at_the_watermark_leaves_too() {
    block_on(async {
        let (stream, mut peer) = Corked::pair(64);
        let mut framed = Framed::new(stream, Lines::new()).watermarks(0, 1);
        framed.send("one").await.unwrap();
        // Drains the first, into what the connection holds back.
        let permit = framed.reserve().await.unwrap();
        let _ = permit;
        assert_eq!(framed.unsent(), 0);
        assert!(poll_once(framed.next()).await.is_none());
        assert_eq!(read_now(&mut peer).await, b"one\n");
    });
}

#[test]
fn a_write_that_fails_at_the_watermark_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, mut peer) = Probe::pair(1024);
        let mut framed = Framed::new(probe, Lines::new()).watermarks(0, 4);
        write(&mut peer, b"one\ntwo\n").await;
        peer.shutdown(How::Write).unwrap();
        let (line, mut out) = framed.next_ref().await.unwrap().unwrap();
        out.send(line).unwrap();
        assert!(out.is_full());
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::ConnectionReset);
        assert_eq!(framed.next().await.unwrap().unwrap(), "two");
        let error = io::Error::from(framed.next().await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_write_that_fails_during_a_shutdown_is_not_taken_for_a_clean_end() {
    block_on(async {
        let (probe, calls, _peer) = Probe::pair(1024);
        let shutdown = Shutdown::new();
        let mut framed = Framed::new(probe, Lines::new()).until(shutdown.signal());
        framed.send("reply").await.unwrap();
        *calls.next_write.lock().unwrap() = Some(io::ErrorKind::BrokenPipe);
        shutdown.begin();
        let error = io::Error::from(framed.next().await.unwrap_err());
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(framed.next().await.unwrap(), None);
    });
}

#[test]
fn a_shutdown_ends_the_conversation_of_a_read_half_too() {
    block_on(async {
        let (mut peer, stream) = pair(1024);
        let shutdown = Shutdown::new();
        let framed = Framed::new(stream, Lines::new()).until(shutdown.signal());
        let (mut reader, _writer) = framed.split();
        write(&mut peer, b"one\n").await;
        assert_eq!(reader.next().await.unwrap().unwrap(), "one");
        assert!(poll_once(reader.next()).await.is_none());
        shutdown.begin();
        assert_eq!(reader.next().await.unwrap(), None);
    });
}

#[test]
fn replies_leave_before_a_decoding_error_is_reported() {
    block_on(async {
        for input in [&b"good\n\xff\n"[..], b"good\n0123456789abc\n"] {
            let (mut peer, stream) = pair(1024);
            let mut framed = Framed::new(stream, Lines::new().max_len(10));
            write(&mut peer, input).await;
            assert!(echo(&mut framed).await.is_err());
            drop(framed);
            assert_eq!(read_now(&mut peer).await, b"good\n");

            let (mut peer, stream) = pair(1024);
            let mut framed = Framed::new(stream, Lines::new().max_len(10));
            write(&mut peer, input).await;
            let (line, mut out) = framed.next_ref().await.unwrap().unwrap();
            out.send(line).unwrap();
            assert!(framed.next_ref().await.is_err());
            drop(framed);
            assert_eq!(read_now(&mut peer).await, b"good\n");
        }
    });
}

#[test]
fn a_firehose_of_bytes_that_are_no_frames_gives_others_a_turn() {
    block_on(async {
        let firehose = futures_lite::AsyncReadExt::take(futures_lite::io::repeat(b'x'), 200_000_000);
        let mut reader = FramedRead::new(firehose, RecoveringLines::new());
        // One frame says that the line is too long; the rest of it is skipped.
        let too_long = poll_once(async { while reader.next().await.unwrap().is_some() {} });
        assert!(too_long.await.is_none());
    });
}

/// Each direction has a copy of the codec, and only one of them sees what there is to detect.
#[test]
fn a_detected_protocol_is_answered() {
    block_on(async {
        for request in [&b"\0\0\0\x02hi"[..], b"hi\n"] {
            let (mut here, there) = pair(64);
            let port = Detect::new(
                LengthDelimited::new(),
                |first: &[u8]| Detection::of_magic(b"\0", first),
                Lines::new(),
                |_: &[u8]| Detection::Detected,
            );
            let mut framed = Framed::new(there, port);
            here.write_all(request).await.unwrap();
            let frame = framed.next().await.unwrap().unwrap();
            assert_eq!(matches!(frame, Either::Left(_)), request[0] == 0);
            framed.send(frame).await.unwrap();
            framed.close().await.unwrap();
            let mut reply = Vec::new();
            here.read_to_end(&mut reply).await.unwrap();
            assert_eq!(reply, request);
        }
    });
}
