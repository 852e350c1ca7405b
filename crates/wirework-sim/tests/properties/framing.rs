//! Frames over connections that cut, delay and hold back bytes in every way.

use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wirework::codec::Frame;

use futures_lite::future::yield_now;
use futures_lite::{AsyncWriteExt, StreamExt};
use wirework::time::sleep;
use wirework::{Connection, Framed, Network, ReadError, Runtime, Split};
use wirework_sim::{Config, HostOptions, SweepConfig, sweep};

use crate::lab::{self, MS, SEC, codec};

#[test]
fn frames_do_not_depend_on_how_bytes_arrive() {
    sweep(
        SweepConfig::new(),
        "frames do not depend on how bytes arrive",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (mut there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            let frames = lab::frames(&mut dice, 40);
            let wire = lab::wire(&frames);
            let clock = client.clone();
            let sending = client.spawn(async move {
                let mut rest = &wire[..];
                while !rest.is_empty() {
                    let length = 1 + dice.index(rest.len().min(3_000));
                    there.write_all(&rest[..length]).await.unwrap();
                    rest = &rest[length..];
                    if dice.below(4) == 0 {
                        sleep(&clock, dice.duration(std::time::Duration::ZERO, SEC)).await;
                    }
                }
                there.close().await.unwrap();
            });
            let mut framed = Framed::new(here, codec());
            let mut got: Vec<Frame> = Vec::new();
            while let Some(frame) = framed.next().await.unwrap() {
                got.push(frame);
                trial.sometimes("a frame had to be waited for", framed.read_ahead() > 0);
            }
            sending.await.unwrap();
            trial.equal("frames", &got, &frames);
        },
    );
}

#[test]
fn a_frame_cut_off_by_the_end_is_an_error() {
    sweep(
        SweepConfig::new(),
        "a frame cut off by the end is an error",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (mut there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            let count = u32::try_from(1 + dice.below(5)).unwrap();
            let frames = lab::frames(&mut dice, count);
            let wire = lab::wire(&frames);
            let missing = 1 + dice.index(frames.last().unwrap().len() + 1);
            let cut = wire[..wire.len() - missing].to_vec();
            let sending = client.spawn(async move {
                there.write_all(&cut).await.unwrap();
                there.close().await.unwrap();
                there
            });
            let mut framed = Framed::new(here, codec());
            for frame in &frames[..frames.len() - 1] {
                trial.equal("a whole frame", &framed.next().await.unwrap().as_ref(), &Some(frame));
            }
            let end = framed.next().await;
            trial.always(matches!(end, Err(ReadError::Decode(_))), || {
                format!("the end was {end:?}")
            });
            trial.sometimes("the length itself was cut", missing > frames.last().unwrap().len());
            drop(sending.await.unwrap());
        },
    );
}

#[test]
fn a_reply_after_half_close_arrives() {
    sweep(
        SweepConfig::new(),
        "a reply after half-close arrives",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            let (requests, replies) = (lab::frames(&mut dice, 5), lab::frames(&mut dice, 8));
            let late = dice.duration(MS, 3_600 * SEC);
            let clock = server.clone();
            let answers = replies.clone();
            let answering = server.spawn(async move {
                let mut framed = Framed::new(here, codec());
                let mut got = Vec::new();
                while let Some(frame) = framed.next().await.unwrap() {
                    got.push(frame);
                }
                sleep(&clock, late).await;
                for frame in answers {
                    framed.send(frame).await.unwrap();
                }
                framed.close().await.unwrap();
                got
            });
            let mut framed = Framed::new(there, codec());
            for frame in &requests {
                framed.send(frame.clone()).await.unwrap();
            }
            framed.close().await.unwrap();
            let mut got = Vec::new();
            while let Some(frame) = framed.next().await.unwrap() {
                got.push(frame);
            }
            trial.equal("replies", &got, &replies);
            trial.equal("requests", &answering.await.unwrap(), &requests);
        },
    );
}

#[test]
fn a_slow_reader_does_not_grow_the_sender() {
    const HIGH: usize = 20_000;
    sweep(
        SweepConfig::new(),
        "a slow reader does not grow the sender",
        |trial| async move {
            let buffer = *trial.dice("buffer").pick(&[100, 1_000, 10_000]);
            let options = HostOptions::new().send_buffer(buffer).receive_buffer(buffer);
            let client = trial.host_with("client", options.clone()).unwrap().runtime();
            let server = trial.host_with("server", options).unwrap().runtime();
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let frames = lab::frames(&mut trial.dice("frames"), 600);
            let longest = frames.iter().map(|frame| frame.len()).max().unwrap() + 2;
            let all = frames.len();
            let check = trial.check();
            let sending = client.spawn(async move {
                let mut framed = Framed::new(there, codec()).watermarks(HIGH / 2, HIGH);
                for frame in frames {
                    framed.send(frame).await.unwrap();
                    let unsent = framed.unsent();
                    check.always(unsent < HIGH + longest, || {
                        format!("{unsent} bytes are unsent, above {HIGH} + {longest}")
                    });
                    check.sometimes("the watermark was reached", unsent >= HIGH);
                }
                framed.close().await.unwrap();
            });
            let mut framed = Framed::new(here, codec());
            let mut count = 0;
            let mut dice = trial.dice("reader");
            while framed.next().await.unwrap().is_some() {
                count += 1;
                if dice.below(20) == 0 {
                    sleep(&server, dice.duration(MS, 60 * SEC)).await;
                }
            }
            sending.await.unwrap();
            trial.equal("frames that came", &count, &all);
        },
    );
}

#[test]
fn both_may_write_before_they_read() {
    sweep(
        SweepConfig::new(),
        "both may write before they read",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            // Together they are below the high watermark, so that neither has to wait for the other to read.
            let sides = [lab::frames(&mut dice, 3), lab::frames(&mut dice, 3)];
            let [ours, theirs] = sides.clone();
            let other = server.spawn(exchange(Framed::new(here, codec()), theirs, ours.len()));
            let got = exchange(Framed::new(there, codec()), ours, sides[1].len()).await;
            trial.equal("theirs", &got, &sides[1]);
            trial.equal("ours", &other.await.unwrap(), &sides[0]);
        },
    );
}

async fn exchange<C: Connection>(
    mut framed: Framed<C, wirework::codec::LengthDelimited>,
    frames: Vec<Frame>,
    count: usize,
) -> Vec<Frame> {
    for frame in frames {
        framed.send(frame).await.unwrap();
    }
    let mut got = Vec::new();
    while got.len() < count {
        got.push(framed.next().await.unwrap().unwrap());
    }
    framed.close().await.unwrap();
    got
}

#[test]
fn halves_exchange_any_amount_through_any_buffer() {
    sweep(
        SweepConfig::new(),
        "halves exchange any amount through any buffer",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            let sides = [lab::frames(&mut dice, 60), lab::frames(&mut dice, 60)];
            let [ours, theirs] = sides.clone();
            let (a, b) = (halves(&client, there, ours), halves(&server, here, theirs));
            let (theirs, ours) = futures_lite::future::zip(a, b).await;
            trial.equal("theirs", &theirs, &sides[1]);
            trial.equal("ours", &ours, &sides[0]);
        },
    );
}

/// Sends from one task while it receives in another, to the end of both directions.
async fn halves<N: Network, C: Split>(runtime: &N, connection: C, frames: Vec<Frame>) -> Vec<Frame> {
    let (mut reader, mut writer) = Framed::new(connection, codec()).split();
    let sending = runtime.spawn(async move {
        let mut source = futures_lite::stream::iter(frames).map(|frame| frame);
        writer.send_all(&mut source).await.unwrap();
        writer.close().await.unwrap();
    });
    let mut got = Vec::new();
    while let Some(frame) = reader.next().await.unwrap() {
        got.push(frame);
    }
    sending.await.unwrap();
    got
}

#[test]
fn a_firehose_starves_nobody() {
    // Polls take time here: a task that never gives way would hold up the clock for everyone else.
    let world = Config::new().poll_cost(std::time::Duration::from_micros(20));
    sweep(
        SweepConfig::new().world(world),
        "a firehose starves nobody",
        |trial| async move {
            let server = trial.host("server").runtime();
            let running = lab::echo_server(&server, wirework::Server::new(&server));
            let hose = trial.host("hose").runtime();
            let addr = trial.host("server").addr(lab::PORT);
            let spraying = hose.clone();
            let task = hose.spawn(async move {
                let (mut reader, mut writer) = Framed::new(spraying.connect_tcp(addr).await.unwrap(), codec()).split();
                let reading = spraying.spawn(async move { while reader.next().await.unwrap().is_some() {} });
                let drop_it = Frame::from(&[b'~'; 1000]);
                while writer.feed(drop_it.clone()).await.is_ok() {}
                drop(reading);
            });
            let client = trial.host("client").runtime();
            let polite = lab::dial(&client, "server").await.unwrap();
            for _ in 0..6 {
                let before = trial.elapsed();
                polite.call(Frame::from(b"ping")).await.unwrap();
                let took = trial.elapsed() - before;
                trial.always(took < 200 * MS, || format!("a call took {took:?} beside a firehose"));
                sleep(&client, 10 * MS).await;
            }
            drop((task, running));
        },
    );
}

#[test]
fn a_full_buffer_is_read_in_turns() {
    sweep(
        SweepConfig::new(),
        "a full buffer is read in turns",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let (there, here) = lab::connection(&trial, &client, &server).await;
            let mut dice = trial.dice("frames");
            let budget = 1 + dice.below(100);
            let frames = lab::frames(&mut dice, 500);
            let (to_send, count) = (frames.clone(), frames.len());
            let sending = client.spawn(async move {
                let mut framed = Framed::new(there, codec());
                for frame in to_send {
                    framed.send(frame).await.unwrap();
                }
                framed.close().await.unwrap();
                framed
            });
            // All of it is there by then.
            trial.sleep(SEC).await;
            let turns = Arc::new(AtomicU64::new(0));
            let taken = Arc::clone(&turns);
            let neighbour = server.spawn(async move {
                loop {
                    taken.fetch_add(1, Ordering::Relaxed);
                    yield_now().await;
                }
            });
            let mut framed = Framed::new(here, codec()).budget(u32::try_from(budget).unwrap());
            let reading = server.spawn(async move {
                let (mut got, mut turn, mut most, mut now) = (0, 0, 0, 0_u64);
                while framed.next().await.unwrap().is_some() {
                    got += 1;
                    let before = std::mem::replace(&mut turn, turns.load(Ordering::Relaxed));
                    now = if turn == before { now + 1 } else { 1 };
                    most = most.max(now);
                }
                (got, most)
            });
            let (got, most) = reading.await.unwrap();
            trial.equal("frames", &got, &count);
            // Of two rounds it may have the end of the first and the beginning of the second.
            trial.always(most <= 2 * budget, || {
                format!("{most} frames between two turns of another task, with a budget of {budget}")
            });
            trial.sometimes("the budget was spent", most >= budget);
            drop((neighbour, sending));
        },
    );
}

#[test]
fn a_shut_down_peer_is_told_from_a_lost_one() {
    sweep(SweepConfig::new(), "an end is told from a reset", |trial| async move {
        let (client, server) = lab::plain_pair(&trial);
        let (there, here) = lab::connection(&trial, &client, &server).await;
        let is_reset = trial.dice("how").below(2) == 1;
        let mut framed = Framed::new(here, codec());
        if is_reset {
            trial.reset_connections(&trial.host("client"), &trial.host("server"));
        } else {
            there.shutdown(Shutdown::Both).unwrap();
        }
        match framed.next().await {
            Ok(None) => trial.always(!is_reset, || "a reset looks like an end".into()),
            Err(ReadError::Io(_)) => trial.always(is_reset, || "an end looks like an error".into()),
            other => trial.always(false, || format!("it was {other:?}")),
        }
        trial.sometimes("it was a reset", is_reset);
        trial.sometimes("it was an end", !is_reset);
    });
}
