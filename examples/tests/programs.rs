//! The examples as programs: what they do, and what they say when something is wrong.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

mod program;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use crate::program::Program;

const RUNTIMES: [&str; 3] = ["smol", "async-std", "tokio"];

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Makes the peer see a reset.
fn reset(stream: TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn an_unknown_runtime_is_answered_with_those_there_are() {
    for (program, arguments) in [
        ("echo", &["serve"][..]),
        ("udp_echo", &["serve"]),
        ("chat", &["serve"]),
        ("device_link", &["serve"]),
        ("game", &["serve"]),
        ("client", &[]),
        ("everywhere", &[]),
    ] {
        let ended = Program::run(program, &[arguments, &["--runtime", "threads"]].concat());
        let failure = ended.failure();
        assert!(failure.contains("invalid value 'threads' for '--runtime"), "{failure}");
        assert!(failure.contains("smol, async-std, tokio"), "{failure}");
    }
}

#[test]
fn the_simulated_chat_passes() {
    let ended = Program::run("sim_chat", &["--seeds", "20"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.starts_with("20 seeds passed"), "{}", ended.stdout);
}

#[test]
fn a_missing_command_is_asked_for() {
    for program in ["echo", "udp_echo", "chat", "device_link", "game"] {
        assert_eq!(Program::run(program, &[]).failure(), "a command is missing; see --help");
    }
}

#[test]
fn a_bad_address_is_named() {
    for runtime in RUNTIMES {
        for (program, arguments) in [
            ("echo", &["serve", "--listen", "nonsense"][..]),
            ("echo", &["connect", "nonsense", "hello"]),
            ("chat", &["serve", "--listen", "nonsense"]),
            ("chat", &["join", "nonsense", "alice"]),
            ("udp_echo", &["serve", "--listen", "nonsense"]),
            ("udp_echo", &["send", "nonsense", "hello"]),
            ("device_link", &["read", "nonsense", "1"]),
            ("game", &["play", "nonsense", "alice"]),
        ] {
            let ended = Program::run(program, &[arguments, &["--runtime", runtime]].concat());
            assert!(ended.failure().contains("nonsense"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_port_in_use_is_named() {
    let tcp = TcpListener::bind(loopback()).unwrap();
    let tcp = tcp.local_addr().unwrap().to_string();
    let udp = UdpSocket::bind(loopback()).unwrap();
    let udp = udp.local_addr().unwrap().to_string();
    for runtime in RUNTIMES {
        for (program, addr) in [("echo", &tcp), ("chat", &tcp), ("udp_echo", &udp)] {
            let ended = Program::run(program, &["serve", "--listen", addr, "--runtime", runtime]);
            assert!(ended.failure().contains(addr), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_name_that_does_not_resolve_is_named() {
    for runtime in RUNTIMES {
        let ended = Program::run(
            "echo",
            &["connect", "no-such-host.invalid:7000", "hello", "--runtime", runtime],
        );
        assert!(ended.failure().contains("no-such-host.invalid"), "{}", ended.stderr);
    }
}

#[test]
fn a_refused_connection_is_named() {
    // Bound, so that nobody else is there, and not listening.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&loopback().into()).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap().to_string();
    for runtime in RUNTIMES {
        let ended = Program::run("chat", &["join", &addr, "alice", "--runtime", runtime]);
        assert!(ended.failure().contains(&addr), "{}", ended.stderr);
    }
}

#[test]
fn echo_sends_back_lines_and_bytes() {
    for runtime in RUNTIMES {
        for door in [&[][..], &["--raw"]] {
            let (server, addr) = Program::serve("echo", &[door, &["--runtime", runtime]].concat());
            let addr = addr.to_string();
            let ended = Program::run("echo", &["connect", &addr, "hello", "grüß gott", "--runtime", runtime]);
            assert_eq!(ended.output(), "hello\ngrüß gott\n");

            let mut typing = Program::start("echo", &["connect", &addr, "--runtime", runtime]);
            typing.type_line("typed");
            assert_eq!(typing.line(), "typed");
            assert_eq!(typing.end().output(), "");
            drop(server);
        }
    }
}

/// A connection to a server, which is known to be served.
fn served(addr: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.write_all(b"hello\n").unwrap();
    let mut reply = [0; 6];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"hello\n");
    stream
}

#[test]
#[cfg(unix)]
fn bad_peers_of_a_server_are_logged_and_nobody_else_notices() {
    for runtime in RUNTIMES {
        let (mut server, addr) = Program::serve("echo", &["--runtime", runtime]);
        let good = served(addr);

        let mut long = served(addr);
        long.write_all(&vec![b'x'; 65_538]).unwrap();
        let log = server.log();
        assert!(log.contains("longer than the limit of 65536 bytes"), "{log}");

        let mut unterminated = served(addr);
        unterminated.write_all(b"no line break").unwrap();
        unterminated.shutdown(Shutdown::Write).unwrap();
        let log = server.log();
        assert!(
            log.contains("ended inside a frame") && log.contains("13 bytes left"),
            "{log}"
        );

        reset(served(addr));
        let log = server.log();
        assert!(log.contains("reset"), "{log}");

        served(addr).shutdown(Shutdown::Both).unwrap();
        drop(good);
        server.interrupt();
        let ended = server.end();
        let summary = ended.output();
        assert!(
            summary.starts_with("5 connections: 2 completed, 3 failed, 0 panicked"),
            "{summary}"
        );
    }
}

/// What the echo client says to a server that behaves in such a way.
fn failure_with(runtime: &str, peer: impl FnOnce(BufReader<TcpStream>) + Send + 'static) -> String {
    let listener = TcpListener::bind(loopback()).unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    let peer = thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        assert_eq!(line, "hello\n");
        peer(stream);
    });
    let ended = Program::run("echo", &["connect", &addr, "hello", "--runtime", runtime]);
    peer.join().unwrap();
    let failure = ended.failure();
    assert!(failure.contains(&addr), "{failure}");
    failure.to_owned()
}

#[test]
fn bad_servers_are_named_by_the_client() {
    for runtime in RUNTIMES {
        let failure = failure_with(runtime, |stream| reset(stream.into_inner()));
        assert!(failure.contains("reset"), "{failure}");

        let failure = failure_with(runtime, drop);
        assert!(failure.contains("closed the connection without a reply"), "{failure}");

        let failure = failure_with(runtime, |stream| stream.into_inner().write_all(b"hel").unwrap());
        assert!(
            failure.contains("ended inside a frame at byte 0: 3 bytes left"),
            "{failure}"
        );

        let failure = failure_with(runtime, |stream| {
            // The client may have had enough before it is all written.
            stream.into_inner().write_all(&vec![b'x'; 65_538]).ok();
        });
        assert!(failure.contains("longer than the limit of 65536 bytes"), "{failure}");

        let failure = failure_with(runtime, |stream| stream.into_inner().write_all(b"\xff\n").unwrap());
        assert!(failure.contains("not UTF-8"), "{failure}");
    }
}

#[test]
fn a_line_too_long_to_send_is_not_sent() {
    let (_server, addr) = Program::serve("echo", &[]);
    for runtime in RUNTIMES {
        let line = "x".repeat(65_537);
        let ended = Program::run("echo", &["connect", &addr.to_string(), &line, "--runtime", runtime]);
        let failure = ended.failure();
        assert!(failure.contains("longer than the limit of 65536 bytes"), "{failure}");
    }
}

#[test]
fn udp_echo_sends_back_datagrams() {
    for runtime in RUNTIMES {
        let (_server, addr) = Program::serve("udp_echo", &["--runtime", runtime]);
        let ended = Program::run("udp_echo", &["send", &addr.to_string(), "hello", "--runtime", runtime]);
        assert_eq!(ended.output(), "hello\n");
    }
}

#[test]
fn udp_echo_gives_up_on_a_silent_server() {
    let silent = UdpSocket::bind(loopback()).unwrap();
    let addr = silent.local_addr().unwrap().to_string();
    for runtime in RUNTIMES {
        let ended = Program::run(
            "udp_echo",
            &["send", &addr, "hello", "--wait", "5", "--runtime", runtime],
        );
        let failure = ended.failure();
        assert!(failure.starts_with(&format!("no reply from {addr}")), "{failure}");
    }
}

#[test]
fn metrics_are_exposed_to_prometheus() {
    for runtime in RUNTIMES {
        let any = "127.0.0.1:0";
        let mut server = Program::start("metrics", &["--listen", any, "--metrics", any, "--runtime", runtime]);
        let mut addr = |what: &str| -> SocketAddr {
            let line = server.line();
            line.strip_prefix(what)
                .unwrap_or_else(|| panic!("{line:?}"))
                .parse()
                .unwrap()
        };
        let (page, service) = (addr("metrics on "), addr("listening on "));
        let mut client = TcpStream::connect(service).unwrap();
        client.write_all(b"hello\n").unwrap();
        client.read_exact(&mut [0; 6]).unwrap();
        let mut stream = TcpStream::connect(page).unwrap();
        stream
            .write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        for line in [
            "wirework_connections_accepted_total{protocol=\"shout\"} 1",
            "wirework_connections_active{protocol=\"shout\"} 1",
            "wirework_received_bytes_total{protocol=\"shout\"} 6",
            "wirework_request_duration_seconds_count{protocol=\"shout\"} 1",
        ] {
            assert!(body.lines().any(|found| found == line), "{line} is not in {body}");
        }
    }
}

#[test]
#[cfg(unix)]
fn a_chat_goes_on_until_the_server_is_interrupted() {
    for runtime in RUNTIMES {
        let (server, addr) = Program::serve("chat", &["--runtime", runtime]);
        let addr = addr.to_string();
        let mut alice = Program::start("chat", &["join", &addr, "alice", "--runtime", runtime]);
        assert_eq!(alice.line(), "* your nickname?");
        assert_eq!(alice.line(), "* welcome; here are: alice");
        let mut bob = Program::start("chat", &["join", &addr, "bob", "--runtime", runtime]);
        assert_eq!(bob.line(), "* your nickname?");
        assert_eq!(bob.line(), "* welcome; here are: alice, bob");
        assert_eq!(alice.line(), "* bob joined");

        alice.type_line("hello, bob");
        assert_eq!(bob.line(), "alice: hello, bob");
        bob.type_line("/quit");
        assert_eq!(bob.line(), "* goodbye");
        assert_eq!(bob.end().output(), "");
        assert_eq!(alice.line(), "* bob left");

        server.interrupt();
        assert_eq!(alice.line(), "* the server shuts down; goodbye");
        assert_eq!(alice.end().output(), "");
        let ended = server.end();
        let summary = ended.output();
        assert!(summary.starts_with("2 connections: 2 completed, 0 failed"), "{summary}");
    }
}

#[test]
fn everywhere_finds_all_transcripts_the_same() {
    let ended = Program::run("everywhere", &["--measure", "30"]);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let pairs = if cfg!(unix) { 27 } else { 18 };
    let rows = ended.stdout.lines().filter(|line| line.ends_with("┆ OK │")).count();
    assert_eq!(rows, pairs, "{}", ended.stdout);
    assert!(
        ended.stdout.contains(&format!("{pairs} of {pairs} pairs OK")),
        "{}",
        ended.stdout
    );
    // There is no terminal, so its progress is in lines.
    assert_eq!(ended.stderr.lines().count(), pairs, "{}", ended.stderr);
}

#[test]
fn a_client_survives_a_service_that_is_killed() {
    for runtime in RUNTIMES {
        let arguments = ["--seconds", "1", "--kill-every", "100", "--runtime", runtime];
        let ended = Program::run("client", &arguments);
        let summary = ended.output().trim_end();
        assert!(
            summary.contains(" calls answered, ") && summary.ends_with(" 0 lost"),
            "{summary}"
        );
    }
}

#[test]
#[cfg(unix)]
fn a_device_is_read_written_and_watched_across_restarts() {
    for runtime in RUNTIMES {
        let run = |arguments: &[&str]| Program::run("device_link", &[arguments, &["--runtime", runtime]].concat());
        let (device, addr) = Program::serve("device_link", &["--runtime", runtime]);
        let addr = addr.to_string();
        let mut watcher = Program::start("device_link", &["watch", &addr, "3", "--runtime", runtime]);
        assert_eq!(watcher.line(), "0");
        assert_eq!(run(&["write", &addr, "3", "42"]).output(), "");
        assert_eq!(watcher.line(), "42");
        // Of another register it is not told.
        assert_eq!(run(&["write", &addr, "4", "7"]).output(), "");
        assert_eq!(run(&["read", &addr, "4"]).output(), "7\n");
        assert_eq!(
            run(&["read", &addr, "16"]).failure(),
            "the device has registers 0 to 15"
        );

        device.interrupt();
        let ended = device.end();
        let summary = ended.output();
        assert!(summary.starts_with("5 connections: 5 completed, 0 failed"), "{summary}");
        let _device = Program::start("device_link", &["serve", "--listen", &addr, "--runtime", runtime]);
        assert_eq!(watcher.line(), "0");
        assert_eq!(run(&["write", &addr, "3", "43"]).output(), "");
        assert_eq!(watcher.line(), "43");
    }
}

#[test]
fn players_see_each_other_until_they_fall_silent() {
    for runtime in RUNTIMES {
        let (_server, addr) = Program::serve("game", &["--runtime", runtime]);
        let addr = addr.to_string();
        let mut alice = Program::start("game", &["play", &addr, "alice", "--runtime", runtime]);
        assert_eq!(alice.line(), "alice 0");
        alice.type_line("r");
        assert_eq!(alice.line(), "alice 1");

        // A stranger's datagram is nobody's input; this one is.
        let bob = UdpSocket::bind(loopback()).unwrap();
        bob.send_to(b"\xff\xff\xff", &addr).unwrap();
        bob.send_to(b"\x03bob\x01", &addr).unwrap();
        // In the order of their addresses.
        let both = alice.line();
        assert!(["alice 1, bob 1", "bob 1, alice 1"].contains(&&*both), "{both}");
        // Bob says nothing more.
        assert_eq!(alice.line(), "alice 1");
        assert_eq!(alice.end().output(), "");
    }
}
