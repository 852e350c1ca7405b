//! Settings that make no sense are refused when they are set, by name.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use wirework::codec::Lines;
use wirework::memory;
use wirework::socket::{ListenOptions, UnixListenOptions};
use wirework::{
    Balancer, ClientOptions, ConnectOptions, Deadlines, FrameLimits, Framed, Pool, PoolOptions, RateLimiter,
    ReconnectOptions, Server, WireLog,
};
use wirework_resp::RedisOptions;
use wirework_tests::wirework_tokio::Tokio;

const NO_TIME: Duration = Duration::ZERO;
const SEC: Duration = Duration::from_secs(1);

/// Why `set` panics.
fn refusal<T>(set: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(set()))).expect_err("it is refused");
    let text = payload.downcast_ref::<String>().cloned();
    text.unwrap_or_else(|| (*payload.downcast_ref::<&str>().unwrap()).to_owned())
}

#[test]
fn a_server_refuses_what_makes_no_sense() {
    let runtime = Tokio::new(1).unwrap();
    let server = || Server::new(&runtime);
    let door = || wirework::ServiceDoor::new(Lines::new(), ());
    for (name, text) in [
        ("max_connections", refusal(|| server().max_connections(0))),
        ("max_per_client", refusal(|| server().max_per_client(0))),
        ("client_prefix", refusal(|| server().client_prefix(33, 64))),
        ("client_prefix", refusal(|| server().client_prefix(32, 129))),
        ("max_in_flight", refusal(|| server().max_in_flight(0))),
        ("max_in_flight", refusal(|| door().max_in_flight(0))),
        ("handshake", refusal(|| Deadlines::new().handshake(NO_TIME))),
        ("first_frame", refusal(|| Deadlines::new().first_frame(NO_TIME))),
        ("idle", refusal(|| Deadlines::new().idle(NO_TIME))),
        ("frame", refusal(|| Deadlines::new().frame(NO_TIME))),
        ("write", refusal(|| Deadlines::new().write(NO_TIME))),
        ("request", refusal(|| Deadlines::new().request(NO_TIME))),
        ("lifetime", refusal(|| Deadlines::new().lifetime(NO_TIME))),
        ("min_rate", refusal(|| Deadlines::new().min_rate((0, SEC)))),
        ("min_rate", refusal(|| Deadlines::new().min_rate((1, NO_TIME)))),
        ("max_buffered", refusal(|| FrameLimits::new().max_buffered(0))),
        ("watermark", refusal(|| FrameLimits::new().watermarks(2, 2))),
        ("budget", refusal(|| FrameLimits::new().budget(0))),
        ("backlog", refusal(|| ListenOptions::new().backlog(0))),
        ("backlog", refusal(|| ListenOptions::new().backlog(usize::MAX))),
        ("keepalive", refusal(|| ListenOptions::new().keepalive(SEC / 2))),
        ("keepalive", refusal(|| ListenOptions::new().keepalive(32_768 * SEC))),
        ("mode", refusal(|| UnixListenOptions::new().mode(0o1000))),
        (
            "bytes_per_second",
            refusal(|| WireLog::new(&runtime).bytes_per_second(0)),
        ),
        // What contradicts itself, and no listener at all, when it is to serve.
        ("max_per_client", {
            let server = server().max_connections(1).max_per_client(2);
            refusal(|| server.serve_service(memory::listener(1).1, Lines::new(), same))
        }),
        ("listener", {
            let none: Vec<memory::MemoryListener> = Vec::new();
            refusal(|| server().serve_service(none, Lines::new(), same))
        }),
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
}

#[test]
fn a_client_refuses_what_makes_no_sense() {
    let runtime = Tokio::new(1).unwrap();
    let framed = || Framed::new(memory::pair(1).0, Lines::new());
    let connect = || async { Err::<(), _>(io::ErrorKind::Unsupported.into()) };
    for (name, text) in [
        ("max_in_flight", refusal(|| ClientOptions::new().max_in_flight(0))),
        ("keepalive", refusal(|| ConnectOptions::new().keepalive(NO_TIME))),
        ("keepalive", refusal(|| ConnectOptions::new().keepalive(Duration::MAX))),
        ("backoff", refusal(|| ReconnectOptions::new().backoff(NO_TIME, SEC))),
        ("backoff", refusal(|| ReconnectOptions::new().backoff(SEC, NO_TIME))),
        ("fail_after", refusal(|| ReconnectOptions::new().fail_after(0))),
        ("max", refusal(|| PoolOptions::new().max(0))),
        (
            "min (3 connections) must not be more than max (2)",
            refusal(|| Pool::new(&runtime, PoolOptions::new().min(3).max(2), connect)),
        ),
        ("endpoint", refusal(|| Balancer::new(&runtime, [(); 0]))),
        ("eject_after", refusal(|| Balancer::new(&runtime, [()]).eject_after(0))),
        ("rate", refusal(|| RateLimiter::new(&runtime, 0, 1))),
        ("burst", refusal(|| RateLimiter::new(&runtime, 1, 0))),
        ("backoff", refusal(|| RedisOptions::new().backoff(NO_TIME, SEC))),
        ("backoff", refusal(|| RedisOptions::new().backoff(SEC, NO_TIME))),
        ("fail_after", refusal(|| RedisOptions::new().fail_after(0))),
        ("max_reply", refusal(|| RedisOptions::new().max_reply(0))),
        ("max_in_flight", refusal(|| RedisOptions::new().max_in_flight(0))),
        ("max_messages", refusal(|| RedisOptions::new().max_messages(0))),
        ("max_buffered", refusal(|| framed().max_buffered(0))),
        ("watermark", refusal(|| framed().watermarks(1, 1))),
        ("budget", refusal(|| framed().budget(0))),
        ("capacity", refusal(|| memory::pair(0))),
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
}

async fn same(line: String) -> io::Result<String> {
    Ok(line)
}
