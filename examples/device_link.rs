//! A link to a device with sixteen registers: postcard messages in COBS frames, the usual pair on serial lines, over TCP.
//!
//! Requests are answered by their number, and who watches a register is told of its changes. The host comes back when the
//! device was away, and watches again.
//!
//! ```sh
//! cargo run --example device_link serve
//! cargo run --example device_link watch localhost:7000 3
//! cargo run --example device_link write localhost:7000 3 42
//! cargo run --example device_link read localhost:7000 3
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_channel::{Receiver, Sender};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use wirework::codec::{Cobs, Postcard};
use wirework::{
    Client, ClientOptions, Connection, Connector, CorrelatedRequest, CorrelatedResponse, Deadlines, Framed, Network,
    Pushes, ReconnectOptions, ReconnectingClient, Replies, Server, Service, Session, Task,
};
use wirework_examples::{Example, serve_until_interrupted};

/// How many registers the device has.
const REGISTERS: u8 = 16;

/// How long the device may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A link to a device with sixteen registers.
#[derive(Debug, Args)]
struct DeviceLink {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Is the device, until Ctrl-C.
    Serve {
        /// Where to listen.
        #[arg(long, default_value = "127.0.0.1:7000")]
        listen: SocketAddr,
    },
    /// Reads a register.
    Read {
        /// The device, as host:port.
        device: String,
        /// The register.
        register: u8,
    },
    /// Writes a register.
    Write {
        /// The device, as host:port.
        device: String,
        /// The register.
        register: u8,
        /// What to write.
        value: u32,
    },
    /// Prints each change of a register.
    Watch {
        /// The device, as host:port.
        device: String,
        /// The register.
        register: u8,
    },
}

/// What the host asks for.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Ask {
    Read(u8),
    Write(u8, u32),
    Watch(u8),
}

/// What the device says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Tell {
    Value(u32),
    Done,
    NoSuchRegister,
    /// Said to those who watch, without being asked.
    Changed(u8, u32),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Request {
    id: u32,
    ask: Ask,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Response {
    /// Of the request that this answers.
    id: Option<u32>,
    tell: Tell,
}

impl CorrelatedRequest for Request {
    fn set_call_id(&mut self, id: u64) {
        self.id = u32::try_from(id).expect("an id has 32 bits unless said otherwise");
    }
}

impl CorrelatedResponse for Response {
    fn call_id(&self) -> Option<u64> {
        self.id.map(u64::from)
    }
}

fn main() -> ExitCode {
    wirework_examples::main::<DeviceLink>()
}

impl Example for DeviceLink {
    async fn run<N: Network>(self, network: N) -> anyhow::Result<()> {
        let (device, ask) = match self.command {
            Command::Serve { listen } => return serve(&network, listen).await,
            Command::Watch { device, register } => return watch(&network, device, register).await,
            Command::Read { device, register } => (device, Ask::Read(register)),
            Command::Write {
                device,
                register,
                value,
            } => (device, Ask::Write(register, value)),
        };
        let stream = Connector::new(&network).deadline(PATIENCE).connect(&device).await?;
        let options = ClientOptions::new().timeout(PATIENCE);
        let (client, _) = Client::multiplexed(&network, framed(stream), options);
        let response = client.call(Request { id: 0, ask }).await;
        match response.with_context(|| format!("talking to {device}"))?.tell {
            Tell::Value(value) => writeln!(io::stdout(), "{value}")?,
            Tell::Done => {}
            Tell::NoSuchRegister => bail!("the device has registers 0 to {}", REGISTERS - 1),
            Tell::Changed(..) => bail!("{device} answered with a change"),
        }
        Ok(())
    }
}

/// A host's end of the link.
fn framed<C: Connection>(connection: C) -> Framed<C, Postcard<Response, Cobs>> {
    Framed::new(connection, Postcard::new(Cobs::new()))
}

async fn serve<N: Network>(network: &N, listen: SocketAddr) -> anyhow::Result<()> {
    let device = Arc::new(Device::default());
    let server = Server::new(network)
        // Who watches may be quiet for a while.
        .deadlines(Deadlines::new().request(PATIENCE).idle(Duration::from_hours(1)))
        .replies(Replies::AsReady)
        .drain_deadline(Duration::from_secs(1));
    let codec = Postcard::<Request, Cobs>::default();
    let link = move |session| Link {
        device: Arc::clone(&device),
        session,
    };
    serve_until_interrupted(server.serve_sessions(network.listen_tcp(listen)?, codec, link)).await
}

#[derive(Debug, Default)]
struct Device(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    registers: [u32; REGISTERS as usize],
    /// By the number of their connection and the register.
    watchers: BTreeMap<(u64, u8), Session<Response>>,
}

impl Device {
    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves each register whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's end of one link.
struct Link {
    device: Arc<Device>,
    session: Session<Response>,
}

impl Link {
    fn answer(&self, ask: Ask) -> Tell {
        let State { registers, watchers } = &mut *self.device.state();
        let (Ask::Read(number) | Ask::Write(number, _) | Ask::Watch(number)) = ask;
        let Some(register) = registers.get_mut(usize::from(number)) else {
            return Tell::NoSuchRegister;
        };
        match ask {
            Ask::Read(_) => return Tell::Value(*register),
            Ask::Write(_, value) => {
                *register = value;
                let tell = Tell::Changed(number, value);
                for ((_, watched), session) in watchers {
                    if *watched == number {
                        // Who does not keep up misses changes, and keeps nobody waiting.
                        session.try_push(Response { id: None, tell }).ok();
                    }
                }
            }
            Ask::Watch(_) => {
                let connection = self.session.context().connection_id();
                watchers.insert((connection, number), self.session.clone());
            }
        }
        Tell::Done
    }
}

impl Service<Request> for Link {
    type Response = Response;
    type Error = io::Error;

    async fn call(&self, Request { id, ask }: Request) -> io::Result<Response> {
        Ok(Response {
            id: Some(id),
            tell: self.answer(ask),
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let gone = self.session.context().connection_id();
        self.device
            .state()
            .watchers
            .retain(|(connection, _), _| *connection != gone);
    }
}

async fn watch<N: Network>(network: &N, device: String, register: u8) -> anyhow::Result<()> {
    // Each connection has pushes of its own. What is to outlast them goes into a queue.
    let (sender, changes) = async_channel::bounded(64);
    let (runtime, connector) = (network.clone(), Connector::new(network));
    let options = ReconnectOptions::new().backoff(Duration::from_millis(50), Duration::from_secs(5));
    // Nobody calls it: that it is there keeps a connection.
    let _client = ReconnectingClient::new(network, options, move || {
        let (runtime, connector) = (runtime.clone(), connector.clone());
        let (device, sender) = (device.clone(), sender.clone());
        async move {
            let stream = connector.connect(&device).await?;
            let (client, pushes) = Client::multiplexed(&runtime, framed(stream), ClientOptions::new());
            client
                .call(Request {
                    id: 0,
                    ask: Ask::Watch(register),
                })
                .await?;
            // What has changed while nobody watched.
            let now = client
                .call(Request {
                    id: 0,
                    ask: Ask::Read(register),
                })
                .await?;
            sender.send(now.tell).await.ok();
            runtime.spawn(pass_on(pushes, sender)).detach();
            Ok(client)
        }
    });
    print(&changes).await
}

/// Ends with the connection.
async fn pass_on(mut pushes: Pushes<Response>, changes: Sender<Tell>) {
    while let Some(push) = pushes.next().await {
        if changes.send(push.tell).await.is_err() {
            return;
        }
    }
}

async fn print(changes: &Receiver<Tell>) -> anyhow::Result<()> {
    while let Ok(tell) = changes.recv().await {
        match tell {
            Tell::Value(value) | Tell::Changed(_, value) => writeln!(io::stdout(), "{value}")?,
            Tell::NoSuchRegister => bail!("the device has registers 0 to {}", REGISTERS - 1),
            Tell::Done => {}
        }
    }
    Ok(())
}
