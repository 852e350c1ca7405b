//! How servers end: nothing acknowledged is lost, and nobody can hold them up.

use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_lite::AsyncWriteExt;
use wirework::codec::{Frame, LengthDelimited};
use wirework::time::sleep;
use wirework::{Connection, Context, Framed, Linger, Network, Runtime, Session};
use wirework_sim::{HostOptions, Latency, Link, SimRuntime, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC, codec};

#[test]
fn what_was_taken_arrives_though_the_peer_has_closed_its_side() {
    sweep(
        SweepConfig::new(),
        "what was taken arrives though the peer has closed its side",
        |trial| async move {
            let mut dice = trial.dice("session");
            let buffer = *dice.pick(&[64 << 10, 5_000]);
            let options = HostOptions::new().send_buffer(buffer).receive_buffer(buffer);
            let client = trial.host_with("client", options).unwrap().runtime();
            let server = trial.host("server").runtime();
            let (requests, pushes) = (dice.between(1, 4), dice.below(80));
            let (size, work) = (dice.below(5_000), dice.duration(Duration::ZERO, 500 * MS));
            let taken = Arc::new(AtomicU64::new(0));
            let (clock, pushed) = (server.clone(), Arc::clone(&taken));
            // More than there is room for, at times: who is told so knows that it is lost.
            let new = move |session: Session<Vec<u8>>| {
                let (clock, pushed) = (clock.clone(), Arc::clone(&pushed));
                move |_: Frame| {
                    for _ in 0..pushes {
                        let is_taken = session.try_push(vec![b'p'; usize::try_from(size).unwrap()]).is_ok();
                        pushed.fetch_add(u64::from(is_taken), Ordering::Relaxed);
                    }
                    let clock = clock.clone();
                    async move {
                        sleep(&clock, work).await;
                        Ok::<_, std::io::Error>(b"done".to_vec())
                    }
                }
            };
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let running = lab::patient(&server).serve_sessions(listener, codec(), new);
            let stream = client.connect_tcp(trial.host("server").addr(PORT)).await.unwrap();
            let mut framed = Framed::new(stream, codec());
            for request in 0..requests {
                framed.send(request.to_be_bytes()).await.unwrap();
            }
            framed.flush().await.unwrap();
            framed.connection().shutdown(Shutdown::Write).unwrap();
            let mut heard = 0;
            while framed.next().await.unwrap().is_some() {
                heard += 1;
            }
            let taken = taken.load(Ordering::Relaxed);
            trial.equal("replies and pushes", &heard, &(requests + taken));
            trial.sometimes("there was more than goes at once", taken * size > 128 << 10);
            drop(framed);
            trial.equal("failed", &running.shutdown().await.failed, &0);
        },
    );
}

#[test]
fn a_drain_answers_what_it_has_taken() {
    sweep(
        SweepConfig::new(),
        "a drain answers what it has taken",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let mut dice = trial.dice("drain");
            let work = dice.duration(Duration::ZERO, 500 * MS);
            let done: Arc<Mutex<Vec<Frame>>> = Arc::default();
            let (clock, into) = (server.clone(), Arc::clone(&done));
            let service = move |request: Frame| {
                let (clock, into) = (clock.clone(), Arc::clone(&into));
                async move {
                    sleep(&clock, work).await;
                    into.lock().unwrap().push(request.clone());
                    Ok::<_, std::io::Error>(request)
                }
            };
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let running = lab::patient(&server)
                .drain_deadline(100_000 * SEC)
                .serve_service(listener, codec(), service);
            let callers = (0..4_u32).map(|caller| {
                let (client, trial) = (client.clone(), trial.clone());
                client.clone().spawn(async move {
                    let mut answered = Vec::new();
                    let Ok(echo) = lab::dial(&client, "server").await else {
                        return answered;
                    };
                    let mut lost = 0;
                    for number in 0..200 {
                        let request = lab::number(caller * 1000 + number);
                        let Ok(answer) = echo.call(request.clone()).within(50_000 * SEC).await else {
                            lost += 1;
                            break;
                        };
                        trial.equal("an answer", &answer, &request);
                        answered.push(answer);
                    }
                    trial.sometimes("a call came too late", lost > 0);
                    answered
                })
            });
            let callers: Vec<_> = callers.collect();
            trial.sleep(dice.duration(MS, 20 * SEC)).await;
            let report = running.shutdown().await;
            let mut answered = Vec::new();
            for caller in callers {
                answered.extend(caller.await.unwrap());
            }
            let done = done.lock().unwrap();
            // What was done was answered, and the answer came: the connection was closed after it, not across it.
            for request in done.iter() {
                trial.always(answered.contains(request), || {
                    format!("{request:?} was done, and its answer was lost")
                });
            }
            trial.equal("cut", &report.cut, &0);
            trial.sometimes(
                "somebody was in the midst of it",
                report.drained > 0 && !done.is_empty(),
            );
        },
    );
}

#[test]
fn a_drain_loses_no_answer_of_those_who_go_on_asking() {
    sweep(
        SweepConfig::new(),
        "a drain loses no answer of those who go on asking",
        |trial| async move {
            // A client that takes only a few answers at a time, so that the others wait at the server; but a second is enough for
            // all of them to get there, and for the client to close.
            let narrow = HostOptions::new().receive_buffer(3_000);
            let client = trial.host_with("client", narrow).unwrap().runtime();
            let server = trial.host("server").runtime();
            let mut dice = trial.dice("drain");
            let latency = Latency::Uniform(MS, dice.duration(2 * MS, 20 * MS));
            let link = Link::new().latency(latency);
            trial
                .set_link(&trial.host("client"), &trial.host("server"), link)
                .unwrap();
            let done: Arc<Mutex<Vec<Frame>>> = Arc::default();
            let into = Arc::clone(&done);
            let length = dice.index(2_000);
            let service = move |request: Frame| {
                into.lock().unwrap().push(request.clone());
                let answer: Vec<u8> = request.iter().copied().chain(vec![7; length]).collect();
                async move { Ok::<_, std::io::Error>(Frame::from(answer)) }
            };
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let running = lab::patient(&server)
                .drain_deadline(100_000 * SEC)
                .serve_service(listener, codec(), service);
            let answered: Arc<Mutex<Vec<Frame>>> = Arc::default();
            let Ok(echo) = lab::dial(&client, "server").await else {
                return;
            };
            let pause = dice.duration(Duration::ZERO, 50 * MS);
            let callers = (0..8_u32).map(|caller| {
                let (echo, answered, clock) = (echo.clone(), Arc::clone(&answered), client.clone());
                client.spawn(async move {
                    for number in 0..200 {
                        let request = lab::number(caller * 1000 + number);
                        if echo.call(request.clone()).within(50_000 * SEC).await.is_err() {
                            break;
                        }
                        answered.lock().unwrap().push(request);
                        sleep(&clock, pause).await;
                    }
                })
            });
            let callers: Vec<_> = callers.collect();
            trial.sleep(dice.duration(MS, 10 * SEC)).await;
            running.shutdown().await;
            for caller in callers {
                caller.await.unwrap();
            }
            let (done, answered) = (done.lock().unwrap(), answered.lock().unwrap());
            let lost = done.iter().filter(|request| !answered.contains(request)).count();
            trial.equal("answers that were lost", &lost, &0);
            trial.sometimes("the end came in the midst of it", done.len() < 1600 && !done.is_empty());
        },
    );
}

#[test]
fn a_drain_ends_in_time_whatever_the_peers_do() {
    sweep(
        SweepConfig::new(),
        "a drain ends in time whatever the peers do",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let mut dice = trial.dice("drain");
            let limit = dice.duration(MS, 100 * SEC);
            let running = lab::echo_server(&server, lab::patient(&server).drain_deadline(limit));
            let mut stuck = Vec::new();
            for _ in 0..3 {
                let mut stream = client.connect_tcp(trial.host("server").addr(PORT)).await.unwrap();
                if dice.below(2) == 0 {
                    // Half a frame, and nothing after it.
                    stream.write_all(b"\0\x09half").await.unwrap();
                } else {
                    // Many frames whose answers nobody reads.
                    stuck.push(client.spawn(async move {
                        let frames = lab::wire(&vec![Frame::from(vec![7; 1000]); 2000]);
                        drop(stream.write_all(&frames).await);
                        std::future::pending::<()>().await;
                    }));
                    continue;
                }
                stuck.push(client.spawn(async move {
                    std::future::pending::<()>().await;
                    drop(stream);
                }));
            }
            trial.sleep(dice.duration(MS, 10 * SEC)).await;
            let before = trial.elapsed();
            let report = running.shutdown().await;
            let took = trial.elapsed() - before;
            trial.always(took <= limit + MS, || format!("a drain of {limit:?} took {took:?}"));
            trial.equal("active", &report.active, &0);
            trial.sometimes("connections were cut", report.cut > 0);
            drop(stuck);
        },
    );
}

#[test]
fn a_dropped_server_is_gone_at_once() {
    sweep(
        SweepConfig::new(),
        "a dropped server is gone at once",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let running = lab::echo_server(&server, lab::patient(&server));
            let echo = lab::dial(&client, "server").await.unwrap();
            echo.call(lab::number(1)).within(1000 * SEC).await.unwrap();
            drop(running);
            let ended = lab::within(&trial, 1000 * SEC, echo.closed()).await;
            trial.always(ended.is_some(), || "the client was not told".into());
            let left = trial.host("server").tally();
            trial.equal("sockets", &left.sockets, &0);
            trial.equal("tasks", &left.tasks, &0);
        },
    );
}

#[test]
fn last_words_arrive_although_the_peer_goes_on() {
    sweep(
        SweepConfig::new(),
        "last words arrive although the peer goes on",
        |trial| async move {
            let (client, server) = lab::rough_pair(&trial);
            let mut dice = trial.dice("farewell");
            let words = lab::frames(&mut dice, 50);
            let said = words.clone();
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let farewell = move |mut framed: Framed<<SimRuntime as Network>::TcpStream, LengthDelimited>,
                                 cx: Context| {
                let said = said.clone();
                async move {
                    framed.next().await?;
                    for word in said {
                        framed.send(word).await?;
                    }
                    // On the roughest links a second is not even enough for the end to get there.
                    Linger::new().time(100_000 * SEC).finish(framed, &cx).await
                }
            };
            let running = lab::patient(&server)
                .drain_deadline(100_000 * SEC)
                .serve_framed(listener, codec(), farewell);
            let stream = client.connect_tcp(trial.host("server").addr(PORT)).await.unwrap();
            let mut framed = Framed::new(stream, codec());
            let chatter = dice.below(100);
            let mut heard = Vec::new();
            for number in 0..=chatter {
                framed.send(lab::number(u32::try_from(number).unwrap())).await.unwrap();
            }
            loop {
                match framed.next().await {
                    Ok(Some(word)) => heard.push(word),
                    Ok(None) => break,
                    Err(error) => {
                        trial.always(false, || format!("after {} words: {error}", heard.len()));
                        break;
                    }
                }
            }
            trial.equal("what was said last", &heard, &words);
            drop(framed);
            let report = running.shutdown().await;
            trial.equal("completed", &report.completed, &1);
            trial.sometimes("the peer had said more than was read", chatter > 10);
        },
    );
}
