//! What the properties have in common: hosts on a network as rough as the seed wants it, and frames to send.

use std::io;
use std::time::Duration;

use futures_lite::future::or;
use wirework::codec::{Frame, LengthDelimited};
use wirework::{
    Client, ClientOptions, Connector, Context, Deadlines, Framed, Listener, Network, RunningServer, Server,
};
use wirework_sim::{Dice, HostOptions, Latency, Link, SimRuntime, Trial};

/// A millisecond.
pub(crate) const MS: Duration = Duration::from_millis(1);
/// A second.
pub(crate) const SEC: Duration = Duration::from_secs(1);
/// Where servers listen.
pub(crate) const PORT: u16 = 50_007;

/// The codec of most properties.
pub(crate) fn codec() -> LengthDelimited {
    LengthDelimited::new().width(2)
}

/// A host with buffers of any size, a single byte among them.
pub(crate) fn host(trial: &Trial, name: &'static str) -> SimRuntime {
    let mut dice = trial.dice(name);
    let mut buffer = || *dice.pick(&[256 << 10, 1, 7, 300, 5_000, 64 << 10]);
    let options = HostOptions::new().send_buffer(buffer()).receive_buffer(buffer());
    trial.host_with(name, options).unwrap().runtime()
}

/// A link of any kind that loses nothing for good.
pub(crate) fn link(dice: &mut Dice) -> Link {
    let low = dice.duration(Duration::ZERO, 20 * MS);
    let high = low + dice.duration(Duration::ZERO, 200 * MS);
    let latency = match dice.below(4) {
        0 => Latency::Constant(low),
        1 => Latency::Uniform(low, high),
        2 => Latency::Exponential { min: low, mean: high },
        _ => Latency::Bimodal {
            fast: low,
            slow: 10 * high,
            slow_per_million: 50_000,
        },
    };
    let bandwidth = *dice.pick(&[None, Some(10_000_000), Some(100_000), Some(20_000)]);
    let mtu = *dice.pick(&[65_535, 1_500, 576, 69]);
    Link::new().latency(latency).bandwidth(bandwidth).mtu(mtu)
}

/// Two hosts, and links between them that differ by direction.
pub(crate) fn rough_pair(trial: &Trial) -> (SimRuntime, SimRuntime) {
    let pair = (host(trial, "client"), host(trial, "server"));
    let mut dice = trial.dice("links");
    let (client, server) = (trial.host("client"), trial.host("server"));
    trial.set_link_one_way(&client, &server, link(&mut dice)).unwrap();
    trial.set_link_one_way(&server, &client, link(&mut dice)).unwrap();
    pair
}

/// Two hosts as they are by default.
pub(crate) fn plain_pair(trial: &Trial) -> (SimRuntime, SimRuntime) {
    (trial.host("client").runtime(), trial.host("server").runtime())
}

type Stream = <SimRuntime as Network>::TcpStream;

/// A connection from the client to the server: both its ends.
pub(crate) async fn connection(trial: &Trial, client: &SimRuntime, server: &SimRuntime) -> (Stream, Stream) {
    let mut listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
    let connecting = client.connect_tcp(trial.host("server").addr(PORT));
    let (there, here) = futures_lite::future::zip(connecting, listener.accept()).await;
    (there.unwrap(), here.unwrap())
}

/// As [`connection`], where it may fail.
pub(crate) async fn try_connection(
    trial: &Trial,
    client: &SimRuntime,
    server: &SimRuntime,
) -> Option<(Stream, Stream)> {
    let mut listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).ok()?;
    let connecting = client.connect_tcp(trial.host("server").addr(PORT));
    let (there, here) = futures_lite::future::try_zip(connecting, listener.accept())
        .await
        .ok()?;
    Some((there, here))
}

/// A server on the host `server` that answers each frame with itself.
pub(crate) fn echo_server(server: &SimRuntime, options: Server<SimRuntime>) -> RunningServer {
    let listener = server.listen_tcp(([0, 0, 0, 0], PORT).into()).unwrap();
    options.serve_framed(listener, codec(), echo)
}

/// A server that waits as long as it takes: on the roughest links not even a hundred bytes get through in a second.
pub(crate) fn patient(server: &SimRuntime) -> Server<SimRuntime> {
    Server::new(server).deadlines(Deadlines::none())
}

/// The loop that everyone writes first.
pub(crate) async fn echo(mut framed: Framed<Stream, LengthDelimited>, _: Context) -> io::Result<()> {
    while let Some(frame) = framed.next().await? {
        framed.send(frame).await?;
    }
    Ok(())
}

/// A client of the echo server on the host `name`.
pub(crate) async fn dial(client: &SimRuntime, name: &str) -> io::Result<Client<Frame, Frame>> {
    // Longer than the longest wait between two tries of a handshake.
    let stream = Connector::new(client)
        .deadline(150 * SEC)
        .connect(&format!("{name}:{PORT}"))
        .await?;
    Ok(Client::pipelined(
        client,
        Framed::new(stream, codec()),
        ClientOptions::new(),
    ))
}

/// A frame of four bytes.
pub(crate) fn number(number: u32) -> Frame {
    Frame::copy_from_slice(&number.to_be_bytes())
}

/// `count` frames, each of which can be told from the others: its number, then a pattern. Mostly short ones.
pub(crate) fn frames(dice: &mut Dice, count: u32) -> Vec<Frame> {
    let frame = |number: u32| {
        let length = match dice.below(10) {
            // Some are so long that they are queued rather than copied.
            0 if dice.below(2) == 0 => dice.below(4_000) + 5_000 * (dice.below(8) / 7),
            1..=3 => dice.below(300),
            _ => dice.below(30),
        };
        let pattern = (0..length).map(|at| u8::try_from((u64::from(number) * 31 + at) % 251).unwrap());
        number.to_be_bytes().into_iter().chain(pattern).collect()
    };
    (0..count).map(frame).collect()
}

/// What the frames are on the wire.
pub(crate) fn wire(frames: &[Frame]) -> Vec<u8> {
    let framed = frames
        .iter()
        .map(|frame| [&u16::try_from(frame.len()).unwrap().to_be_bytes(), &frame[..]].concat());
    framed.collect::<Vec<_>>().concat()
}

/// Whether `future` is done within `limit` of the world's time.
pub(crate) async fn within<T>(trial: &Trial, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = async {
        trial.sleep(limit).await;
        None
    };
    or(async { Some(future.await) }, late).await
}
