//! The chat's handler, on every runtime, in memory and over TCP.

#![allow(clippy::unwrap_used, reason = "in a test, the panic is the report")]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_lite::AsyncWriteExt;
use futures_lite::future::zip;
use wirework::codec::Lines;
use wirework::memory::{self, MemoryConnector};
use wirework::time::timeout;
use wirework::{Connection, Framed, Network, RunningServer, Server};
use wirework_examples::chat::{self, Chat};
use wirework_tests::on_each_runtime;

on_each_runtime![
    members_hear_one_another,
    nicknames_are_unique_and_readable,
    a_slow_reader_is_thrown_out_and_nobody_waits,
    bad_input_ends_one_membership,
    everyone_gets_a_last_line_when_the_server_shuts_down,
];

/// What nobody hears within this time, nobody will. No test takes longer because of it.
const PATIENCE: Duration = Duration::from_mins(1);

/// The other end of a member.
struct Guest<N> {
    network: N,
    lines: Framed<Box<dyn Connection>, Lines>,
}

/// A room, and how to get there.
struct Room<N> {
    network: N,
    server: RunningServer,
    door: Door,
}

enum Door {
    Tcp(SocketAddr),
    Memory(MemoryConnector),
}

/// One room for each transport.
fn rooms<N: Network>(network: &N) -> [Room<N>; 2] {
    let listener = network.listen_tcp(([127, 0, 0, 1], 0).into()).unwrap();
    let tcp = Server::new(network).serve_framed(listener, chat::codec(), Chat::new());
    let addr = tcp.local_addr().unwrap().ip().unwrap();

    let (connector, listener) = memory::listener(1024);
    let in_memory = Server::new(network).serve_framed(listener, chat::codec(), Chat::new());

    [(tcp, Door::Tcp(addr)), (in_memory, Door::Memory(connector))].map(|(server, door)| Room {
        network: network.clone(),
        server,
        door,
    })
}

impl<N: Network> Room<N> {
    async fn connect(&self) -> Guest<N> {
        let connection: Box<dyn Connection> = match &self.door {
            Door::Tcp(addr) => Box::new(self.network.connect_tcp(*addr).await.unwrap()),
            Door::Memory(connector) => Box::new(connector.connect().await.unwrap()),
        };
        let mut guest = Guest {
            network: self.network.clone(),
            // With a codec that lets it say more than it may.
            lines: Framed::new(connection, Lines::new()),
        };
        assert_eq!(guest.hear().await, "* your nickname?");
        guest
    }

    async fn join(&self, nickname: &str) -> Guest<N> {
        let mut guest = self.connect().await;
        let welcome = guest.ask(nickname).await;
        assert!(welcome.starts_with("* welcome"), "{welcome}");
        guest
    }
}

impl<N: Network> Guest<N> {
    async fn say(&mut self, line: &str) {
        self.lines.send(line).await.unwrap();
        self.lines.flush().await.unwrap();
    }

    async fn next(&mut self) -> io::Result<Option<String>> {
        let next = timeout(&self.network, PATIENCE, self.lines.next()).await;
        Ok(next.expect("the server says something")?)
    }

    async fn hear(&mut self) -> String {
        self.next().await.unwrap().expect("the server does not close")
    }

    async fn ask(&mut self, line: &str) -> String {
        self.say(line).await;
        self.hear().await
    }
}

async fn members_hear_one_another<N: Network>(network: N) {
    for room in rooms(&network) {
        let mut alice = room.join("alice").await;
        let mut bob = room.connect().await;
        assert_eq!(bob.ask("bob").await, "* welcome; here are: alice, bob");
        assert_eq!(alice.hear().await, "* bob joined");

        alice.say("hello, bob").await;
        assert_eq!(bob.hear().await, "alice: hello, bob");
        bob.say("  hello  ").await;
        assert_eq!(alice.hear().await, "bob: hello");

        bob.say("").await;
        assert_eq!(bob.ask("/who").await, "* here are: alice, bob");
        assert_eq!(
            bob.ask("/shout hi").await,
            r#"* unknown command "/shout hi"; there are /who and /quit"#
        );
        assert_eq!(bob.ask("a\u{1b}[2Jb").await, "* no control characters, please");

        assert_eq!(bob.ask("/quit").await, "* goodbye");
        assert_eq!(bob.next().await.unwrap(), None);
        assert_eq!(alice.hear().await, "* bob left");
    }
}

async fn nicknames_are_unique_and_readable<N: Network>(network: N) {
    for room in rooms(&network) {
        let mut alice = room.join("alice").await;
        let mut other = room.connect().await;
        assert_eq!(
            other.ask("alice").await,
            "* the nickname alice is taken; choose another"
        );
        for unusable in ["", "two words", "a\tb", "seventeen-letters"] {
            assert_eq!(
                other.ask(unusable).await,
                "* a nickname is 1 to 16 letters, digits, - and _; choose another"
            );
        }
        assert_eq!(other.ask("jürgen_2").await, "* welcome; here are: alice, jürgen_2");
        assert_eq!(alice.hear().await, "* jürgen_2 joined");

        drop(alice);
        assert_eq!(other.hear().await, "* alice left");
        room.join("alice").await;
        assert_eq!(other.hear().await, "* alice joined");
    }
}

async fn a_slow_reader_is_thrown_out_and_nobody_waits<N: Network>(network: N) {
    for room in rooms(&network) {
        let slow = room.join("slow").await;
        let mut fast = room.join("fast").await;
        let mut talker = room.join("talker").await;
        assert_eq!(fast.hear().await, "* talker joined");

        // In step with the fast one, so that only the slow one falls behind: by what the system buffers, the server
        // buffers, and the queue holds.
        let line = "x".repeat(1000);
        let mut said = 0;
        let news = loop {
            talker.say(&line).await;
            said += 1;
            assert!(said < 100_000, "nobody is thrown out");
            let news = fast.hear().await;
            if news.starts_with('*') {
                break news;
            }
            assert_eq!(news, format!("talker: {line}"));
        };
        assert_eq!(news, "* slow was too slow and is out");
        assert_eq!(talker.hear().await, news);
        assert_eq!(fast.hear().await, format!("talker: {line}"));
        assert_eq!(talker.ask("/who").await, "* here are: fast, talker");

        // The place is free for somebody of that name, who is not taken for the one that is out.
        drop(slow);
        room.join("slow").await;
        assert_eq!(fast.hear().await, "* slow joined");
    }
}

async fn bad_input_ends_one_membership<N: Network>(network: N) {
    for room in rooms(&network) {
        let mut alice = room.join("alice").await;

        let mut long = room.join("long").await;
        assert_eq!(alice.hear().await, "* long joined");
        long.say(&"x".repeat(2000)).await;
        assert_eq!(alice.hear().await, "* long left");
        // A reset, since the server did not read all there was, or an end.
        assert_eq!(long.next().await.unwrap_or(None), None);

        let half = room.join("half").await;
        assert_eq!(alice.hear().await, "* half joined");
        let mut connection = half.lines.into_parts().connection;
        connection.write_all(b"half a li").await.unwrap();
        connection.close().await.unwrap();
        assert_eq!(alice.hear().await, "* half left");

        assert_eq!(alice.ask("/who").await, "* here are: alice");
    }
}

async fn everyone_gets_a_last_line_when_the_server_shuts_down<N: Network>(network: N) {
    for room in rooms(&network) {
        let mut alice = room.join("alice").await;
        let mut bob = room.join("bob").await;
        let mut newcomer = room.connect().await;
        let server = room.server;
        let listening = async {
            for guest in [&mut alice, &mut bob, &mut newcomer] {
                let mut last = None;
                while let Some(line) = guest.next().await.unwrap() {
                    last = Some(line);
                }
                assert_eq!(last.as_deref(), Some("* the server shuts down; goodbye"));
            }
        };
        let (report, ()) = zip(server.shutdown(), listening).await;
        assert_eq!((report.accepted, report.completed, report.drained), (3, 3, 3));
    }
}
