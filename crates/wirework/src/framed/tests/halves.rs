//! The two directions of a connection, each by itself.

use std::future::poll_fn;
use std::pin::{Pin, pin};

use futures_lite::future::{block_on, poll_once, zip};
use futures_lite::{StreamExt, stream};
use futures_sink::Sink;
use wirework_codec::Lines;

use super::probe::Probe;
use super::read_now;
use crate::Framed;
use crate::framed::{FramedRead, FramedWrite};
use crate::memory::pair;

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
