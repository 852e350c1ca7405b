//! `Framed` over tiny pipes, with every operation cancelled at random: frames arrive whole, once, in order, and nobody
//! sleeps through a wake-up.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_lite::future::poll_once;
use proptest::prelude::*;
use wirework::codec::LengthDelimited;
use wirework::codec::bytes::Bytes;
use wirework::memory::{MemoryReadHalf, MemoryStream, MemoryWriteHalf, pair};
use wirework::{Framed, FramedRead, FramedWrite, ReadAhead};

/// What is drawn where the tasks have a choice: a xorshift generator, so that a seed is all there is to shrink.
struct Choices(Cell<u64>);

impl Choices {
    fn one_in(&self, n: u64) -> bool {
        let mut state = self.0.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.0.set(state);
        (state >> 32).is_multiple_of(n)
    }
}

#[derive(Debug, Clone)]
struct Limits {
    pipe: usize,
    low: usize,
    high: usize,
    budget: u32,
}

impl Limits {
    fn set(&self, framed: Framed<MemoryStream, LengthDelimited>) -> Framed<MemoryStream, LengthDelimited> {
        framed.watermarks(self.low, self.high).budget(self.budget)
    }
}

/// Sends each frame, now borrowed and now owned.
async fn send(mut writer: FramedWrite<MemoryWriteHalf, LengthDelimited>, frames: &[Vec<u8>], choices: &Choices) {
    for frame in frames {
        if choices.one_in(3) {
            drop(poll_once(writer.flush()).await);
        }
        while choices.one_in(2) {
            drop(poll_once(writer.reserve()).await);
        }
        let permit = writer.reserve().await.unwrap();
        if choices.one_in(2) {
            permit.send(&frame[..]).unwrap();
        } else {
            permit.send(Bytes::from(frame.clone())).unwrap();
        }
    }
    while choices.one_in(2) {
        drop(poll_once(writer.close()).await);
    }
    writer.close().await.unwrap();
}

/// Receives until the end.
async fn receive(mut reader: FramedRead<MemoryReadHalf, LengthDelimited>, frames: &[Vec<u8>], choices: &Choices) {
    let mut expected = frames.iter();
    loop {
        let once = choices.one_in(2);
        let frame = if once {
            match poll_once(reader.next()).await {
                Some(frame) => frame.unwrap().map(|frame| frame.to_vec()),
                None => continue,
            }
        } else if choices.one_in(2) {
            reader.next().await.unwrap().map(|frame| frame.to_vec())
        } else {
            reader.next_ref().await.unwrap().map(<[u8]>::to_vec)
        };
        assert!(frame.as_ref() == expected.next(), "another frame");
        if frame.is_none() {
            return;
        }
    }
}

/// Sends each frame back, and is taken apart and put together in between.
async fn echo(mut framed: Framed<MemoryStream, LengthDelimited>, limits: &Limits, choices: &Choices) {
    loop {
        if choices.one_in(4)
            && let Some(frame) = poll_once(framed.next_ref()).await
            && let Some((frame, mut out)) = frame.unwrap()
        {
            out.send(frame).unwrap();
        }
        if choices.one_in(5) {
            framed = limits.set(Framed::from_parts(framed.into_parts()));
        }
        if choices.one_in(5) {
            let swapped = framed.map_codec(ReadAhead::Carry, |_, _| {
                (LengthDelimited::new(), LengthDelimited::new())
            });
            framed = swapped.unwrap();
        }
        if choices.one_in(3) {
            drop(poll_once(framed.flush()).await);
        }
        if choices.one_in(2) {
            let Some((frame, mut out)) = framed.next_ref().await.unwrap() else {
                break;
            };
            out.send(frame).unwrap();
        } else {
            let Some(frame) = framed.next().await.unwrap() else {
                break;
            };
            while choices.one_in(2) {
                drop(poll_once(framed.reserve()).await);
            }
            framed.send(frame).await.unwrap();
        }
    }
    framed.close().await.unwrap();
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs the tasks, each only when it was woken.
fn run(tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>, choices: &Choices) {
    let mut tasks: Vec<_> = tasks
        .into_iter()
        .map(|task| (Arc::new(Flag(AtomicBool::new(true))), task))
        .collect();
    while !tasks.is_empty() {
        let mut asleep = true;
        tasks.retain_mut(|(flag, task)| {
            // Now and then a task has to wait for its turn, and sometimes it is polled for no reason.
            if choices.one_in(8) {
                asleep = false;
                return true;
            }
            if !flag.0.swap(false, Ordering::SeqCst) && !choices.one_in(64) {
                return true;
            }
            asleep = false;
            let waker = Waker::from(Arc::clone(flag));
            matches!(task.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Pending)
        });
        let woken = tasks.iter().any(|(flag, _)| flag.0.load(Ordering::SeqCst));
        assert!(tasks.is_empty() || woken || !asleep, "a wake-up was lost");
    }
}

fn limits() -> impl Strategy<Value = Limits> {
    let pipe = prop_oneof![1..20_usize, 100..5000_usize];
    let high = prop_oneof![1..40_usize, 1000..3000_usize];
    (pipe, high, any::<prop::sample::Index>(), 1..4_u32).prop_map(|(pipe, high, low, budget)| Limits {
        pipe,
        low: low.index(high),
        high,
        budget,
    })
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let len = prop_oneof![8 => 0..30_usize, 2 => 60..300_usize, 1 => 4000..6000_usize];
    (len, any::<u8>()).prop_map(|(len, byte)| vec![byte; len])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn frames_come_back_whole_once_and_in_order(
        frames in prop::collection::vec(frame(), 0..16),
        limits in limits(),
        seed in 1..u64::MAX,
    ) {
        let choices = &Choices(Cell::new(seed));
        let (client, server) = pair(limits.pipe);
        let (reader, writer) = limits.set(Framed::new(client, LengthDelimited::new())).split();
        let server = limits.set(Framed::new(server, LengthDelimited::new()));
        run(
            vec![
                Box::pin(send(writer, &frames, choices)),
                Box::pin(receive(reader, &frames, choices)),
                Box::pin(echo(server, &limits, choices)),
            ],
            choices,
        );
    }
}
