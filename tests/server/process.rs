//! Servers in processes of their own, for what belongs to a whole process: signals and descriptors.
//!
//! A child is this same program, told to run one test alone, which is a server when it is told where to report.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use listenfd::ListenFd;
use rustix::process::{Resource, Rlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use wirework::codec::Lines;
use wirework::socket::ListenOptions;
use wirework::time::{sleep, timeout};
use wirework::{Context, Deadline, Deadlines, Framed, Network, RunningServer, Server, Signals, connect};
use wirework_tests::{PATIENCE, on_each_runtime};

use crate::{LONG, ask, report};

on_each_runtime![
    a_server_in_a_child,
    sigterm_answers_what_was_taken,
    a_second_signal_cuts_at_once,
    a_server_out_of_descriptors_waits_for_them_without_spinning,
    a_new_process_takes_over_without_losing_a_connection,
    a_peer_that_vanished_without_a_word_is_found,
];

/// Set for a child: which server to be.
const ROLE: &str = "WIREWORK_CHILD";

/// Not a test by itself: what the children run.
async fn a_server_in_a_child<N: Network>(network: N) {
    let Ok(role) = std::env::var(ROLE) else { return };
    let listen = || network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let server = match role.as_str() {
        "half open" => return half_open(&network).await,
        "adopted" => serve_adopted(&network),
        "naps" => serve_naps(&network, listen()),
        "stuck" => {
            let service = async |line: String| match line.as_str() {
                "ready?" => io::Result::Ok(line),
                _ => std::future::pending().await,
            };
            Server::new(&network)
                .drain_deadline(LONG)
                .serve_service(listen(), Lines::new(), service)
        }
        "few descriptors" => {
            let listener = listen();
            let limit = Some(40);
            setrlimit(
                Resource::Nofile,
                Rlimit {
                    current: limit,
                    maximum: limit,
                },
            )
            .unwrap();
            Server::new(&network).serve_framed(listener, Lines::new(), cpu_time)
        }
        other => panic!("no such role: {other}"),
    };
    let signals = Signals::new().unwrap();
    println!("\nlistening on {}", server.local_addr().unwrap());
    let report = server.run_until(&signals).await;
    println!("\ndrained {} cut {}", report.drained, report.cut);
}

fn serve_naps<N: Network>(network: &N, listener: N::TcpListener) -> RunningServer {
    let clock = network.clone();
    let nap = move |line: String| {
        let clock = clock.clone();
        async move {
            sleep(&clock, Duration::from_millis(2)).await;
            io::Result::Ok(line)
        }
    };
    Server::new(network)
        .max_in_flight(4)
        .serve_service(listener, Lines::new(), nap)
}

/// Loses a client without a word: in a network of this process's own, whose only link goes down.
async fn half_open<N: Network>(network: &N) {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let deadlines = Deadlines::none().idle(Duration::from_millis(100));
    let server =
        Server::new(network)
            .deadlines(deadlines)
            .serve_service(
                listener,
                Lines::new(),
                |line: String| async move { io::Result::Ok(line) },
            );
    let stream = connect(network, &server.local_addr().unwrap().to_string())
        .await
        .unwrap();
    let mut client = Framed::new(stream, Lines::new());
    assert_eq!(ask(&mut client, "hello").await.unwrap(), "hello");
    assert!(
        Command::new("ip")
            .args(["link", "set", "lo", "down"])
            .status()
            .unwrap()
            .success()
    );
    // What it would say now goes nowhere.
    drop(client);
    let report = report(network, &server, |report| report.active == 0).await;
    println!("\nmissed idle {} of {}", report.missed(Deadline::Idle), report.accepted);
}

/// Serves on the first socket that the process was given, and says by whom.
fn serve_adopted<N: Network>(network: &N) -> RunningServer {
    let socket = ListenFd::from_env().take_tcp_listener(0).unwrap().unwrap();
    ListenOptions::new().apply_to(&socket).unwrap();
    let listener = network.adopt_tcp_listener(socket).unwrap();
    let answer = |_: String| async { io::Result::Ok(std::process::id().to_string()) };
    Server::new(network).serve_service(listener, Lines::new(), answer)
}

/// Answers each line with the processor time that the process has used, in microseconds.
async fn cpu_time<C: wirework::Connection>(mut lines: Framed<C, Lines>, _: Context) -> io::Result<()> {
    while lines.next().await?.is_some() {
        let used = clock_gettime(ClockId::ProcessCPUTime);
        lines
            .send((used.tv_sec * 1_000_000 + used.tv_nsec / 1_000).to_string())
            .await?;
    }
    Ok(())
}

struct ChildServer {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
    addr: SocketAddr,
}

/// The command that runs this program as a child with that role.
fn child<N: Network>(role: &str, before: &[&str]) -> Command {
    let runtime = ["smol", "async_std", "tokio"].into_iter();
    let runtime = runtime.map(|name| (name, std::any::type_name::<N>().contains(name)));
    let (runtime, _) = runtime.into_iter().find(|(_, is)| *is).unwrap();
    let program = std::env::current_exe().unwrap();
    let mut command = match before {
        [] => Command::new(program),
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    };
    let test = format!("process::{runtime}::a_server_in_a_child");
    command.args(["--exact", "--nocapture", &test]).env(ROLE, role);
    command
}

impl ChildServer {
    fn start<N: Network>(role: &str) -> Self {
        Self::start_with::<N>(role, None)
    }

    /// Starts a server that is given a listening socket, as a service manager gives it: as descriptor 3.
    fn start_with<N: Network>(role: &str, socket: Option<TcpListener>) -> Self {
        let mut command = child::<N>(role, &[]);
        if let Some(socket) = socket {
            let mapping = FdMapping {
                parent_fd: socket.into(),
                child_fd: 3,
            };
            command.env("LISTEN_FDS", "1").fd_mappings(vec![mapping]).unwrap();
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let addr = line_after(&mut output, "listening on ").parse().unwrap();
        Self { child, output, addr }
    }

    fn signal(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    fn finish(mut self) -> (String, ExitStatus) {
        let report = line_after(&mut self.output, "drained ");
        // The rest of the output must go somewhere until it ends.
        io::copy(&mut self.output, &mut io::sink()).unwrap();
        (report, self.child.wait().unwrap())
    }

    async fn client<N: Network>(&self, network: &N) -> Framed<N::TcpStream, Lines> {
        Framed::new(connect(network, &self.addr.to_string()).await.unwrap(), Lines::new())
    }
}

fn line_after(output: &mut impl BufRead, start: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(
            output.read_line(&mut line).unwrap() > 0,
            "the child ended before it said {start:?}"
        );
        if let Some(rest) = line.strip_prefix(start) {
            return rest.trim().to_string();
        }
    }
}

async fn sigterm_answers_what_was_taken<N: Network>(network: N) {
    let server = ChildServer::start::<N>("naps");
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = server.client(&network).await;
        for number in 0..50 {
            client.send(number.to_string()).await.unwrap();
        }
        client.flush().await.unwrap();
        // One reply shows that the batch has been read.
        assert_eq!(client.next().await.unwrap().unwrap(), "0");
        clients.push(client);
    }
    server.signal();
    for client in &mut clients {
        for number in 1..50 {
            assert_eq!(client.next().await.unwrap(), Some(number.to_string()));
        }
        assert_eq!(client.next().await.unwrap(), None);
    }
    drop(clients);
    let (report, status) = network.blocking(|| server.finish()).await.unwrap();
    assert_eq!(report, "5 cut 0");
    assert!(status.success(), "{status}");
}

async fn a_second_signal_cuts_at_once<N: Network>(network: N) {
    let server = ChildServer::start::<N>("stuck");
    let mut client = server.client(&network).await;
    // What still waits to be accepted would not be cut.
    ask(&mut client, "ready?").await.unwrap();
    client.send("for ever").await.unwrap();
    client.flush().await.unwrap();
    server.signal();
    // The listener closes when the first signal has been taken; the drain deadline is an hour away.
    while connect(&network, &server.addr.to_string()).await.is_ok() {
        sleep(&network, Duration::from_millis(1)).await;
    }
    server.signal();
    assert!(matches!(client.next().await, Ok(None) | Err(_)));
    let finish = network.blocking(|| server.finish());
    let (report, status) = timeout(&network, PATIENCE, finish).await.unwrap().unwrap();
    // One that asked whether the listener was still there may have been served.
    assert!(report.ends_with("cut 1"), "{report}");
    assert!(status.success(), "{status}");
}

async fn a_server_out_of_descriptors_waits_for_them_without_spinning<N: Network>(network: N) {
    let server = ChildServer::start::<N>("few descriptors");
    let mut first = server.client(&network).await;
    ask(&mut first, "ready?").await.unwrap();
    let mut others = Vec::new();
    for _ in 0..60 {
        let mut client = server.client(&network).await;
        client.send("cpu?").await.unwrap();
        client.flush().await.unwrap();
        others.push(client);
    }
    // The last of them cannot have been accepted: 40 descriptors are fewer than 60 connections.
    let mut last = others.pop().unwrap();
    let window = Duration::from_millis(300);
    let before: i64 = ask(&mut first, "cpu?").await.unwrap().parse().unwrap();
    assert!(timeout(&network, window, last.next()).await.is_err(), "it was accepted");
    let after: i64 = ask(&mut first, "cpu?").await.unwrap().parse().unwrap();
    let used = Duration::from_micros(u64::try_from(after - before).unwrap());
    println!("out of descriptors, {used:?} of processor time were used in {window:?}");
    assert!(used < window / 3, "it spins: {used:?} of processor time in {window:?}");

    // Descriptors return, and those who wait are served.
    drop(others);
    assert!(last.next().await.unwrap().is_some());
    drop((first, last));
    server.signal();
    let (_, status) = network.blocking(|| server.finish()).await.unwrap();
    assert!(status.success(), "{status}");
}

/// Who has answered how often.
type Answered = Arc<Mutex<BTreeMap<u32, u64>>>;

async fn a_new_process_takes_over_without_losing_a_connection<N: Network>(network: N) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = async || {
        let socket = socket.try_clone().unwrap();
        let start = network.blocking(move || ChildServer::start_with::<N>("adopted", Some(socket)));
        start.await.unwrap()
    };
    let old = start().await;
    let (answered, stop) = (Answered::default(), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            network.spawn(connect_again_and_again(
                network.clone(),
                old.addr,
                answered.clone(),
                stop.clone(),
            ))
        })
        .collect();
    let by = async |process: u32, count: u64| {
        while answered.lock().unwrap().get(&process).copied().unwrap_or(0) < count {
            sleep(&network, Duration::from_millis(1)).await;
        }
    };
    by(old.child.id(), 200).await;
    let new = start().await;
    assert_eq!(new.addr, old.addr);
    by(new.child.id(), 1).await;
    old.signal();
    let (report, status) = network.blocking(|| old.finish()).await.unwrap();
    assert!(report.ends_with("cut 0"), "{report}");
    assert!(status.success(), "{status}");
    let so_far = answered.lock().unwrap()[&new.child.id()];
    by(new.child.id(), so_far + 200).await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    new.signal();
    let (_, status) = network.blocking(|| new.finish()).await.unwrap();
    assert!(status.success(), "{status}");
}

/// One request on each connection; every one of them must be answered.
async fn connect_again_and_again<N: Network>(network: N, addr: SocketAddr, answered: Answered, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let stream = connect(&network, &addr.to_string()).await.unwrap();
        let mut client = Framed::new(stream, Lines::new());
        let answer = ask(&mut client, "who are you?")
            .await
            .expect("every request is answered");
        *answered.lock().unwrap().entry(answer.parse().unwrap()).or_default() += 1;
    }
}

async fn a_peer_that_vanished_without_a_word_is_found<N: Network>(network: N) {
    // A network of its own, with a link that is up. Users may make one unless the system forbids it.
    let alone = [
        "unshare",
        "--map-root-user",
        "--net",
        "sh",
        "-c",
        "ip link set lo up && exec \"$0\" \"$@\"",
    ];
    let run = |mut command: Command| network.blocking(move || command.output());
    let mut allowed = Command::new(alone[0]);
    allowed.args(&alone[1..]).arg("true");
    match run(allowed).await.unwrap() {
        Ok(output) if output.status.success() => {}
        other => return println!("skipped: no network of our own: {other:?}"),
    }
    let output = run(child::<N>("half open", &alone)).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("\nmissed idle 1 of 1\n"),
        "{output:?}"
    );
}
