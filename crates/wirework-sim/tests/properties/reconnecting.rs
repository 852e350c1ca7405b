//! Clients that come back, and pools of connections that die.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use wirework::codec::{Frame, LengthDelimited};
use wirework::time::sleep;
use wirework::{
    Client, ClientOptions, Context, Framed, Network, Pool, PoolOptions, ReconnectOptions, ReconnectingClient, Runtime,
    Server, Task, connect,
};
use wirework_sim::{Family, SimRuntime, Swarm, SweepConfig, sweep};

use crate::lab::{self, MS, PORT, SEC};

fn reconnecting(runtime: &SimRuntime, options: ReconnectOptions) -> ReconnectingClient<Frame, Frame> {
    let dialing = runtime.clone();
    ReconnectingClient::new(runtime, options, move || {
        let runtime = dialing.clone();
        async move { lab::dial(&runtime, "server").await }
    })
}

#[test]
fn clients_come_back_after_everything() {
    let families = [
        Family::Partition,
        Family::OneWay,
        Family::Clog,
        Family::Reset,
        Family::Kill,
        Family::PowerOff,
        Family::Pause,
        Family::Dns,
        Family::Accept,
    ];
    // Only the server is taken down: the clients are what is looked at.
    let swarm = Swarm::new(["server", "elsewhere"])
        .families(families)
        .within(30 * SEC)
        .lasting(20 * SEC);
    sweep(
        SweepConfig::new().swarm(swarm),
        "clients come back after everything",
        |trial| async move {
            let _elsewhere = trial.host("elsewhere");
            trial.host("server").start(|server| async move {
                let running = lab::echo_server(&server, Server::new(&server));
                std::future::pending::<()>().await;
                drop(running);
            });
            let client = trial.host("elsewhere").runtime();
            let fresh = trial.host("client").runtime();
            let options = ReconnectOptions::new()
                .connect_timeout(3 * SEC)
                .timeout(10 * SEC)
                .backoff(100 * MS, 2 * SEC);
            let line = reconnecting(&fresh, options);
            drop(client);
            let mut failed = 0;
            while trial.elapsed() < trial.plan().ends() + SEC {
                let before = trial.elapsed();
                match line.call_idempotent(lab::number(1)).await {
                    Ok(answer) => trial.equal("an answer", &answer, &lab::number(1)),
                    Err(_) => failed += 1,
                }
                let took = trial.elapsed() - before;
                trial.always(took <= 10 * SEC, || format!("a call of 10 s took {took:?}"));
                sleep(&fresh, 100 * MS).await;
            }
            trial.calm().await;
            // Two calls: the first may be the one that finds the old connection dead.
            let answers = [
                line.call_idempotent(lab::number(2)).await,
                line.call_idempotent(lab::number(3)).await,
            ];
            trial.always(answers[1].is_ok(), || format!("after all was mended: {answers:?}"));
            trial.sometimes("it was connected again", line.connections() > 1);
            trial.sometimes("calls failed meanwhile", failed > 0);
        },
    );
}

#[test]
fn a_restart_brings_no_herd() {
    const CLIENTS: usize = 50;
    sweep(SweepConfig::new(), "a restart brings no herd", |trial| async move {
        let server = trial.host("server");
        server.start(|server| async move {
            let running = lab::echo_server(&server, Server::new(&server));
            std::future::pending::<()>().await;
            drop(running);
        });
        let attempts: Arc<std::sync::Mutex<Vec<Duration>>> = Arc::default();
        let mut lines = Vec::new();
        for number in 0..CLIENTS {
            let runtime = trial.host(&format!("client-{number}")).runtime();
            let (dialing, attempts, sim) = (runtime.clone(), Arc::clone(&attempts), trial.clone());
            let options = ReconnectOptions::new()
                .backoff(200 * MS, 5 * SEC)
                .connect_timeout(2 * SEC);
            lines.push(ReconnectingClient::<Frame, Frame>::new(&runtime, options, move || {
                let (runtime, attempts, sim) = (dialing.clone(), Arc::clone(&attempts), sim.clone());
                async move {
                    attempts.lock().unwrap().push(sim.elapsed());
                    lab::dial(&runtime, "server").await
                }
            }));
        }
        for line in &lines {
            line.call_idempotent(lab::number(0)).await.unwrap();
        }
        server.kill();
        let down = trial.elapsed();
        trial.sleep(20 * SEC).await;
        server.restart();
        let up = trial.elapsed();
        for line in &lines {
            let answer = line.call_idempotent(lab::number(1)).await;
            trial.always(answer.is_ok(), || format!("a client did not come back: {answer:?}"));
        }
        let took = trial.elapsed() - up;
        trial.always(took <= 8 * SEC, || format!("they were back after {took:?}"));
        // While it is down, the attempts of all are spread: no tenth of a second has more than a third of the clients.
        let attempts = attempts.lock().unwrap();
        let later: Vec<_> = attempts
            .iter()
            .filter(|at| **at > down + 3 * SEC && **at < up)
            .collect();
        for start in &later {
            let crowd = later
                .iter()
                .filter(|at| **at >= *start && **at < &(**start + 100 * MS))
                .count();
            trial.always(crowd <= CLIENTS / 3, || {
                format!("{crowd} of {CLIENTS} came within 100 ms")
            });
        }
        // And the waits grow: at the most one every 2.5 s each on average in the long run, with a reserve for luck.
        trial.always(later.len() < CLIENTS * 17, || {
            format!("{} attempts in 17 s", later.len())
        });
    });
}

#[test]
fn a_pool_keeps_its_bound_and_hands_everything_on() {
    let swarm = Swarm::new(["client", "server"]).families([Family::Reset, Family::Partition, Family::Clog]);
    let config = SweepConfig::new().swarm(swarm.within(20 * SEC).lasting(5 * SEC));
    sweep(config, "a pool keeps its bound", |trial| async move {
        let (client, server) = lab::plain_pair(&trial);
        let running = lab::echo_server(&server, Server::new(&server));
        let mut dice = trial.dice("pool");
        let most = 1 + dice.index(4);
        let options = PoolOptions::new()
            .max(most)
            .timeout(100 * SEC)
            .idle_timeout(dice.duration(SEC, 20 * SEC));
        let dialing = client.clone();
        let pool = Pool::new(&client, options, move || {
            let runtime = dialing.clone();
            async move { lab::dial(&runtime, "server").await }
        });
        let (taken, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let answered = Arc::new(AtomicU64::new(0));
        let users = (0..12_u32).map(|user| {
            let (pool, runtime, mut dice) = (
                pool.clone(),
                client.clone(),
                trial.dice(["u", "v", "w"][user as usize % 3]),
            );
            let (taken, peak, answered) = (Arc::clone(&taken), Arc::clone(&peak), Arc::clone(&answered));
            client.spawn(async move {
                for turn in 0..10 {
                    sleep(&runtime, dice.duration(Duration::ZERO, 3 * SEC)).await;
                    let Ok(echo) = pool.get().await else { continue };
                    peak.fetch_max(taken.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                    let request = lab::number(user * 100 + turn);
                    if let Ok(answer) = echo.call(request.clone()).within(3 * SEC).await {
                        assert_eq!(answer, request, "another user's answer");
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                    taken.fetch_sub(1, Ordering::Relaxed);
                }
            })
        });
        for user in users.collect::<Vec<_>>() {
            user.await.unwrap();
        }
        let peak = peak.load(Ordering::Relaxed);
        trial.always(peak <= most, || format!("{peak} at a time, {most} allowed"));
        trial.sometimes("all were taken", peak == most);
        let answered = answered.load(Ordering::Relaxed);
        trial.sometimes(
            "all were answered in spite of faults",
            answered == 120 && !trial.plan().is_empty(),
        );
        // Whoever waits gets what is given back at once, long before it gives up.
        trial.always(answered == 120 || !trial.plan().is_empty(), || {
            format!("without a fault, {answered} of 120 were answered")
        });
        let status = pool.status();
        trial.equal("waiting", &status.waiting, &0);
        trial.equal("idle is all there is", &status.idle, &status.total);
        pool.close();
        trial.sleep(SEC).await;
        trial.always(running.report().active == 0 || !trial.plan().is_empty(), || {
            format!("{} connections are left", running.report().active)
        });
    });
}

#[test]
fn a_server_that_falls_silent_is_left_in_time() {
    sweep(
        SweepConfig::new(),
        "a server that falls silent is left in time",
        |trial| async move {
            let (client, server) = lab::plain_pair(&trial);
            let mut dice = trial.dice("silence");
            let answers = dice.below(20);
            let (timeout, dead_after) = (dice.duration(SEC, 20 * SEC), dice.duration(Duration::ZERO, 40 * SEC));
            // Every connection answers so many requests and then takes all there are and answers none.
            let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
            let serve = move |mut framed: Framed<<SimRuntime as Network>::TcpStream, LengthDelimited>, _: Context| async move {
                let mut left = answers;
                while let Some(frame) = framed.next().await? {
                    if left > 0 {
                        left -= 1;
                        framed.send(frame).await?;
                    }
                }
                std::io::Result::Ok(())
            };
            let running = lab::patient(&server).serve_framed(listener, lab::codec(), serve);
            let dialing = client.clone();
            let options = ReconnectOptions::new().backoff(MS, 100 * MS).timeout(timeout);
            let line = ReconnectingClient::<Frame, Frame>::new(&client, options, move || {
                let runtime = dialing.clone();
                async move {
                    let stream = connect(&runtime, &format!("server:{PORT}")).await?;
                    let options = ClientOptions::new().timeout(timeout).dead_after(dead_after);
                    Ok(Client::pipelined(&runtime, Framed::new(stream, lab::codec()), options))
                }
            });
            let mut last = trial.elapsed();
            let mut longest = Duration::ZERO;
            for number in 0..60 {
                let request = lab::number(number);
                if let Ok(answer) = line.call(request.clone()).await {
                    trial.equal("an answer", &answer, &request);
                    longest = longest.max(trial.elapsed() - last);
                    last = trial.elapsed();
                }
                sleep(&client, dice.duration(Duration::ZERO, 300 * MS)).await;
            }
            // A call that is lost, the silence, and a call that is cut by its end: then there is a new connection.
            let bound = timeout + dead_after + SEC;
            trial.always(longest <= bound, || {
                format!("nothing was answered for {longest:?}, beyond {bound:?}")
            });
            trial.always(answers > 0 || line.connections() > 1, || {
                "the silent one was kept".into()
            });
            trial.sometimes("it was connected again", line.connections() > 1);
            drop(running);
        },
    );
}

#[test]
fn a_supervisor_ends_with_its_client() {
    sweep(
        SweepConfig::new(),
        "a supervisor ends with its client",
        |trial| async move {
            let client = trial.host("client").runtime();
            let line = reconnecting(&client, ReconnectOptions::new());
            trial
                .sleep(trial.dice("when").duration(Duration::ZERO, 100 * SEC))
                .await;
            let clone = line.clone();
            client.spawn(async move { drop(clone) }).detach();
            drop(line);
            trial.sleep(SEC).await;
            let left = trial.host("client").tally();
            trial.always(left.is_empty(), || format!("{left} are left"));
        },
    );
}
