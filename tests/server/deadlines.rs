//! Each deadline, met and missed, on a clock that the test moves.

use std::future::pending;
use std::io;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use wirework::codec::Lines;
use wirework::time::sleep;
use wirework::{
    Connection, Context, Deadline, Deadlines, Framed, Network, Next, Phase, RunningServer, Server, Watched, connect,
};
use wirework_tests::{ManualClock, on_each_runtime};

use crate::{ask, client, echo, report};

on_each_runtime![
    a_client_that_says_nothing_misses_first_frame,
    a_client_that_says_half_a_frame_misses_first_frame,
    an_idle_client_misses_idle,
    a_slow_frame_misses_frame,
    a_trickle_misses_min_rate,
    a_reader_that_takes_nothing_misses_write,
    a_reader_that_takes_little_misses_min_rate,
    an_old_connection_misses_lifetime,
    a_handler_at_work_misses_nothing,
    nor_does_one_that_works_on_something_else_than_a_frame,
    raw_connections_have_deadlines,
    no_deadlines_are_none,
];

const LIMIT: Duration = Duration::from_mins(1);

struct Served<N: Network> {
    network: N,
    clock: ManualClock<N>,
    server: RunningServer,
}

impl<N: Network> Served<N> {
    /// An echo server with these deadlines alone.
    fn echo(network: N, deadlines: Deadlines) -> Self {
        let clock = ManualClock::new(&network);
        let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
        let server = Server::new(&clock).deadlines(deadlines);
        let server = server.serve_framed(listener, Lines::new(), echo);
        Self { network, clock, server }
    }

    async fn connect(&self) -> N::TcpStream {
        let target = self.server.local_addr().unwrap().to_string();
        connect(&self.network, &target).await.unwrap()
    }

    /// Waits until the only connection is as wanted.
    async fn until(&self, wanted: impl Fn(Phase, usize, usize) -> bool) {
        let handle = self.server.handle();
        loop {
            if let [only] = &handle.connections()[..]
                && wanted(only.phase, only.buffered, only.unsent)
            {
                return;
            }
            sleep(&self.network, Duration::from_millis(1)).await;
        }
    }

    /// Lets time pass until `idle` is missed by the last one of so many connections. When the last activity was is found out at
    /// the next look, so it may take some steps.
    async fn idles(&self, timed_out: u64) {
        while self.server.report().timed_out < timed_out {
            self.clock.advance(LIMIT / 8).await;
            sleep(&self.network, Duration::from_millis(1)).await;
        }
        assert_eq!(self.server.report().missed(Deadline::Idle), 1);
    }

    /// Expects the deadline to be missed when `limit` has passed, and not before.
    async fn misses(self, deadline: Deadline, limit: Duration) {
        let moment = Duration::from_millis(1);
        self.clock.advance(limit.checked_sub(moment).unwrap()).await;
        // Whatever the server wants to do now, it has done when someone else has been served.
        let mut other = client(&self.network, &self.server).await;
        assert_eq!(ask(&mut other, "done?").await.unwrap(), "done?");
        assert_eq!(self.server.report().timed_out, 0, "early");
        drop(other);
        report(&self.network, &self.server, |report| report.active == 1).await;
        self.clock.advance(moment).await;
        let report = report(&self.network, &self.server, |report| report.active == 0).await;
        assert_eq!((report.missed(deadline), report.timed_out), (1, 1), "{report:?}");
    }
}

async fn a_client_that_says_nothing_misses_first_frame<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().first_frame(LIMIT));
    let mut stream = served.connect().await;
    served.until(|phase, _, _| phase == Phase::Idle).await;
    served.misses(Deadline::FirstFrame, LIMIT).await;
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

async fn a_client_that_says_half_a_frame_misses_first_frame<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().first_frame(LIMIT));
    let mut stream = served.connect().await;
    stream.write_all(b"hal").await.unwrap();
    served.until(|_, buffered, _| buffered == 3).await;
    served.misses(Deadline::FirstFrame, LIMIT).await;
}

async fn an_idle_client_misses_idle<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().idle(LIMIT));
    let mut client = client(&served.network, &served.server).await;
    for _ in 0..10 {
        served.clock.advance(LIMIT / 2).await;
        assert_eq!(ask(&mut client, "still here").await.unwrap(), "still here");
    }
    served.idles(1).await;
}

async fn a_slow_frame_misses_frame<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().frame(LIMIT));
    let mut client = Framed::new(served.connect().await, Lines::new());
    // Frames in time, and long pauses between them.
    for _ in 0..3 {
        served.clock.advance(LIMIT * 2).await;
        assert_eq!(ask(&mut client, "whole").await.unwrap(), "whole");
    }
    let mut stream = client.into_parts().connection;
    for count in 1..4 {
        stream.write_all(b"x").await.unwrap();
        served.until(|_, buffered, _| buffered == count).await;
        served.clock.advance(LIMIT / 4).await;
    }
    stream.write_all(b"x").await.unwrap();
    served.until(|_, buffered, _| buffered == 4).await;
    served.misses(Deadline::Frame, LIMIT / 4).await;
}

async fn a_trickle_misses_min_rate<N: Network>(network: N) {
    let grace = Duration::from_secs(10);
    let served = Served::echo(network, Deadlines::none().min_rate((100, grace)));
    let mut stream = served.connect().await;
    // 2,000 bytes are worth 20 seconds.
    stream.write_all(&[b'x'; 2000]).await.unwrap();
    served.until(|_, buffered, _| buffered == 2000).await;
    served.clock.advance(Duration::from_secs(19)).await;
    stream.write_all(&[b'x'; 100]).await.unwrap();
    served.until(|_, buffered, _| buffered == 2100).await;
    served.misses(Deadline::MinRate, Duration::from_secs(2)).await;
}

/// A client that asks for more than it takes, until the server cannot send any more.
async fn greedy<N: Network>(served: &Served<N>) -> N::TcpStream {
    let mut stream = served.connect().await;
    let line = [[b'x'; 8191].as_slice(), b"\n"].concat();
    let ask = async {
        loop {
            stream.write_all(&line).await.unwrap();
        }
    };
    futures_lite::future::or(ask, served.until(|_, _, unsent| unsent > 0)).await;
    // What is in flight may still move a little.
    let mut before = None;
    loop {
        let now = served.server.handle().connections().first().map(|only| only.written);
        if now == before {
            return stream;
        }
        before = now;
        for _ in 0..30 {
            sleep(&served.network, Duration::from_millis(1)).await;
        }
    }
}

async fn a_reader_that_takes_nothing_misses_write<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().write(LIMIT));
    let _stream = greedy(&served).await;
    served.clock.advance(LIMIT * 2).await;
    let report = report(&served.network, &served.server, |report| report.timed_out == 1).await;
    assert_eq!(report.missed(Deadline::Write), 1);
}

async fn a_reader_that_takes_little_misses_min_rate<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().write(LIMIT).min_rate((1_000_000, LIMIT / 2)));
    let _stream = greedy(&served).await;
    served.clock.advance(LIMIT / 2 + Duration::from_secs(20)).await;
    let report = report(&served.network, &served.server, |report| report.timed_out == 1).await;
    assert_eq!(report.missed(Deadline::Write) + report.missed(Deadline::MinRate), 1);
    assert_eq!(report.missed(Deadline::MinRate), 1);
}

async fn an_old_connection_misses_lifetime<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none().lifetime(LIMIT));
    let mut client = Framed::new(served.connect().await, Lines::new());
    assert_eq!(ask(&mut client, "young").await.unwrap(), "young");
    served.clock.advance(LIMIT / 2).await;
    assert_eq!(ask(&mut client, "older").await.unwrap(), "older");
    served.misses(Deadline::Lifetime, LIMIT / 2).await;
    assert!(matches!(client.next().await, Ok(None) | Err(_)));
}

async fn a_handler_at_work_misses_nothing<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let deadlines = Deadlines::new().first_frame(LIMIT).idle(LIMIT).frame(LIMIT);
    let at_work = |_stream: Framed<N::TcpStream, Lines>, _: Context| pending::<io::Result<()>>();
    let server = Server::new(&clock)
        .deadlines(deadlines)
        .drain_deadline(Duration::ZERO)
        .serve_framed(listener, Lines::new(), at_work);
    let _client = client(&network, &server).await;
    report(&network, &server, |report| report.active == 1).await;
    for _ in 0..20 {
        clock.advance(LIMIT).await;
        sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(server.report().active, 1);
    assert_eq!(server.shutdown().await.cut, 1);
}

async fn raw_connections_have_deadlines<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let deadlines = Deadlines::none().first_frame(LIMIT / 2).idle(LIMIT);
    let handler = |mut stream: Watched<N::TcpStream>, _: Context| async move {
        let mut buf = [0; 64];
        loop {
            match stream.read(&mut buf).await? {
                0 => return io::Result::Ok(()),
                count => stream.write_all(&buf[..count]).await?,
            }
        }
    };
    let server = Server::new(&clock).deadlines(deadlines).serve(listener, handler);
    let served = Served { network, clock, server };
    let mut silent = served.connect().await;
    served.until(|phase, _, _| phase == Phase::Idle).await;
    served.clock.advance(LIMIT / 2).await;
    let first = report(&served.network, &served.server, |report| report.timed_out == 1).await;
    assert_eq!(first.missed(Deadline::FirstFrame), 1);
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);

    let mut stream = served.connect().await;
    for _ in 0..5 {
        stream.write_all(b"ping").await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
        served.clock.advance(LIMIT / 2).await;
    }
    served.until(|phase, _, _| phase == Phase::Idle).await;
    assert_eq!(served.server.handle().connections()[0].read, 20);
    assert_eq!(served.server.handle().connections()[0].written, 20);
    served.idles(2).await;
}

async fn no_deadlines_are_none<N: Network>(network: N) {
    let served = Served::echo(network, Deadlines::none());
    let mut stream = served.connect().await;
    stream.write_all(b"hal").await.unwrap();
    served.until(|_, buffered, _| buffered == 3).await;
    served.clock.advance(Duration::from_secs(1_000_000)).await;
    stream.write_all(b"f\n").await.unwrap();
    let mut reply = [0; 5];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"half\n");
    assert_eq!(stream.peer_addr().unwrap(), served.server.local_addr().unwrap());
}

async fn nor_does_one_that_works_on_something_else_than_a_frame<N: Network>(network: N) {
    let clock = ManualClock::new(&network);
    let (jobs, queue) = async_channel::bounded::<()>(1);
    let (done, is_done) = async_channel::bounded::<()>(1);
    let handler = move |mut lines: Framed<N::TcpStream, Lines>, _: Context| {
        let (queue, is_done) = (queue.clone(), is_done.clone());
        async move {
            loop {
                match lines.next_or(queue.recv()).await? {
                    Next::Other(_) => {
                        is_done.recv().await.map_err(io::Error::other)?;
                        lines.send("done").await?;
                    }
                    Next::Frame(line) => lines.send(line).await?,
                    Next::End => return lines.close().await,
                }
            }
        }
    };
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = Server::new(&clock)
        .deadlines(Deadlines::none().idle(LIMIT))
        .serve_framed(listener, Lines::new(), handler);
    let mut client = client(&network, &server).await;
    assert_eq!(ask(&mut client, "a").await.unwrap(), "a");
    jobs.send(()).await.unwrap();
    while !jobs.is_empty() {
        sleep(&network, Duration::from_millis(1)).await;
    }
    for _ in 0..12 {
        clock.advance(LIMIT / 4).await;
        sleep(&network, Duration::from_millis(1)).await;
    }
    assert_eq!(server.report().timed_out, 0, "it was cut at work");
    done.send(()).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), "done");
}
