//! What the scenarios have in common: the server on a host of its own, and clients that are strict.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::AsyncWriteExt;
use futures_lite::future::or;
use kv::Settings;
use wirework::{Framed, FramedWrite, RunningServer, Runtime};
use wirework_resp::{Cmd, CmdEncoder, Value, ValueDecoder, cmd};
use wirework_sim::{
    Config, Dice, HostOptions, Latency, Link, SimRuntime, SimStream, SimTask, SimWriteHalf, SweepConfig, Trial,
};

pub(crate) const NANO: Duration = Duration::from_nanos(1);
pub(crate) const MS: Duration = Duration::from_millis(1);
pub(crate) const SEC: Duration = Duration::from_secs(1);

/// Where the server listens.
pub(crate) const PORT: u16 = 6379;

/// What time it is when a world begins: in the middle of a millisecond, as always.
pub(crate) const BEGIN: Duration = Duration::new(1_700_000_000, 123_456_789);

/// So many seeds, in worlds that nothing lasts longer than an hour in: a server has always something to do, and so
/// never is deadlocked.
pub(crate) fn seeds(count: u64) -> SweepConfig {
    let world = Config::new().time_limit(3_600 * SEC);
    SweepConfig::new().seeds(count).world(world)
}

/// The server, on the host of that name.
pub(crate) fn serve(trial: &Trial) -> RunningServer {
    serve_with(trial, Settings::default())
}

pub(crate) fn serve_with(trial: &Trial, settings: Settings) -> RunningServer {
    start(&trial.host("server").runtime(), settings)
}

pub(crate) fn start(runtime: &SimRuntime, settings: Settings) -> RunningServer {
    kv::start(runtime, ([0, 0, 0, 0], PORT).into(), settings, BEGIN).unwrap()
}

/// A host for the server whose system holds little: what a client does not take waits in the server itself.
pub(crate) fn small_server(trial: &Trial) {
    let options = HostOptions::new().send_buffer(5_000);
    trial.host_with("server", options).unwrap();
}

/// The time since 1970, as the server tells it.
pub(crate) fn time_of_day(trial: &Trial) -> Duration {
    BEGIN + trial.elapsed()
}

/// Hosts with these names, from which nothing takes any time to the server and back: what is answered has happened now.
pub(crate) fn at_the_server(trial: &Trial, names: &[&str]) {
    let server = trial.host("server");
    for name in names {
        let link = Link::new().latency(Duration::ZERO);
        trial.set_link(&trial.host(name), &server, link).unwrap();
    }
}

/// Hosts with these names, with buffers of any size, and links to the server that differ by direction.
pub(crate) fn far_away(trial: &Trial, names: &[&'static str]) {
    let server = trial.host("server");
    for name in names {
        let mut dice = trial.dice(name);
        let mut buffer = || *dice.pick(&[256 << 10, 300, 5_000, 64 << 10]);
        let options = HostOptions::new().send_buffer(buffer()).receive_buffer(buffer());
        let host = trial.host_with(name, options).unwrap();
        trial.set_link_one_way(&host, &server, link(&mut dice)).unwrap();
        trial.set_link_one_way(&server, &host, link(&mut dice)).unwrap();
    }
}

/// A link of any kind. What it loses is sent again by TCP.
fn link(dice: &mut Dice) -> Link {
    let low = dice.duration(Duration::ZERO, 20 * MS);
    let high = low + dice.duration(Duration::ZERO, 100 * MS);
    let latency = match dice.below(3) {
        0 => Latency::Constant(low),
        1 => Latency::Uniform(low, high),
        _ => Latency::Exponential { min: low, mean: high },
    };
    let loss = *dice.pick(&[0, 10_000, 100_000]);
    let mtu = *dice.pick(&[65_535, 1_500, 100]);
    Link::new().latency(latency).loss(loss).mtu(mtu)
}

/// A command of words.
pub(crate) fn words(text: &str) -> Cmd {
    let mut words = text.split_whitespace();
    cmd(words.next().unwrap()).args(words)
}

/// A reply in short.
pub(crate) fn text(value: &Value) -> String {
    let quoted = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match value {
        Value::Null => "nil".into(),
        Value::Integer(value) => format!(":{value}"),
        Value::Bulk(bytes) => quoted(bytes),
        Value::Simple(bytes) => format!("+{}", quoted(bytes)),
        Value::Error(error) => format!("-{error}"),
        Value::Array(values) => list(values),
        Value::Push(values) => format!(">{}", list(values)),
        other => format!("{other:?}"),
    }
}

fn list(values: &[Value]) -> String {
    let mut text = String::from("[");
    for (place, value) in values.iter().enumerate() {
        let gap = if place == 0 { "" } else { " " };
        // Writing to a string does not fail.
        let _ = write!(text, "{gap}{}", self::text(value));
    }
    text + "]"
}

/// A connection that is asked one thing after the other.
#[derive(Debug)]
pub(crate) struct Client {
    framed: Framed<SimStream, ValueDecoder, CmdEncoder>,
}

impl Client {
    pub(crate) async fn connect(trial: &Trial, host: &str) -> Self {
        Self::try_connect(&trial.host(host).runtime()).await.unwrap()
    }

    pub(crate) async fn try_connect(runtime: &SimRuntime) -> io::Result<Self> {
        let stream = wirework::connect(runtime, &format!("server:{PORT}")).await?;
        Ok(Self::over(stream))
    }

    /// Connects, and sends these bytes first, whatever they are.
    pub(crate) async fn connect_with(trial: &Trial, host: &str, bytes: &[u8]) -> Self {
        let runtime = trial.host(host).runtime();
        let mut stream = wirework::connect(&runtime, &format!("server:{PORT}")).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        Self::over(stream)
    }

    fn over(stream: SimStream) -> Self {
        Self {
            framed: Framed::with_codecs(stream, ValueDecoder::new(), CmdEncoder::new()),
        }
    }

    /// Sends a command of words.
    pub(crate) async fn send(&mut self, command: &str) -> io::Result<()> {
        self.framed.send(words(command)).await?;
        self.framed.flush().await
    }

    /// The next reply.
    pub(crate) async fn try_reply(&mut self) -> io::Result<String> {
        let value = self.framed.next().await?;
        value
            .map(|value| text(&value))
            .ok_or(io::ErrorKind::UnexpectedEof.into())
    }

    pub(crate) async fn try_ask(&mut self, command: &str) -> io::Result<String> {
        self.send(command).await?;
        self.try_reply().await
    }

    pub(crate) async fn reply(&mut self) -> String {
        self.try_reply().await.unwrap()
    }

    pub(crate) async fn ask(&mut self, command: &str) -> String {
        self.try_ask(command).await.unwrap()
    }

    /// A number in what `INFO` tells.
    pub(crate) async fn info(&mut self, name: &str) -> u64 {
        let info = self.ask("INFO").await;
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = lines.find(|(other, _)| *other == name).unwrap();
        value.trim().parse().unwrap()
    }

    /// Waits until so many clients wait for something.
    pub(crate) async fn settle(&mut self, trial: &Trial, waiting: u64) {
        while self.info("blocked_clients").await != waiting {
            trial.sleep(MS).await;
        }
    }
}

/// A connection whose replies are noted, with the time of each.
#[derive(Debug)]
pub(crate) struct Recorder {
    out: FramedWrite<SimWriteHalf, CmdEncoder>,
    replies: Receiver<(Duration, String)>,
    _reading: SimTask<()>,
}

impl Recorder {
    pub(crate) async fn connect(trial: &Trial, host: &str) -> Self {
        let runtime = trial.host(host).runtime();
        let (mut read, out) = Client::try_connect(&runtime).await.unwrap().framed.split();
        let (note, replies) = async_channel::unbounded();
        let sim = trial.clone();
        let reading = runtime.spawn(async move {
            while let Ok(Some(value)) = read.next().await {
                note.send((sim.elapsed(), text(&value))).await.unwrap();
            }
        });
        Self {
            out,
            replies,
            _reading: reading,
        }
    }

    pub(crate) async fn send(&mut self, command: &str) {
        self.out.send(words(command)).await.unwrap();
        self.out.flush().await.unwrap();
    }

    /// What has come since the last look.
    pub(crate) fn heard(&self) -> Vec<(Duration, String)> {
        std::iter::from_fn(|| self.replies.try_recv().ok()).collect()
    }
}

/// Whether `future` is done within `limit` of the world's time.
pub(crate) async fn within<T>(trial: &Trial, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        trial.sleep(limit).await;
        None
    };
    or(async { Some(future.await) }, late).await
}
