//! What a command costs in memory that is allocated, on its whole way through the server: nothing.
//!
//! The simulation allocates for packets and timers, so the cost is that of more commands in about as many packets.

use allocation_counter::measure;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use kv::Settings;
use wirework::Network;
use wirework_sim::{Config, Sim};

use crate::lab;

/// How often memory is allocated while so many commands are answered, each with that reply.
fn allocations(command: &str, reply: &str, times: usize) -> u64 {
    let sim = Sim::new(Config::new().log_length(0));
    let (server, client) = (sim.host("server").runtime(), sim.host("client").runtime());
    let _server = lab::start(&server, Settings::default());
    let (commands, replies) = (command.repeat(times).into_bytes(), reply.repeat(times).into_bytes());
    let mut read = vec![0; replies.len()];
    let mut stream = sim.run(async {
        let addr = sim.host("server").addr(lab::PORT);
        let mut stream = client.connect_tcp(addr).await.unwrap();
        stream
            .write_all(b"SET text hello\r\nSET number 12\r\nSET long 0123456789012345678901234567890123456789\r\n")
            .await
            .unwrap();
        let mut ok = [0; 15];
        stream.read_exact(&mut ok).await.unwrap();
        stream
    });
    let mut round = || {
        sim.run(async {
            stream.write_all(&commands).await.unwrap();
            stream.read_exact(&mut read).await.unwrap();
        });
    };
    // What is kept for the next time is there the second time.
    round();
    round();
    let count = measure(round).count_total;
    assert!(read == replies, "{}", String::from_utf8_lossy(&read[..100]));
    count
}

#[test]
fn commands_allocate_nothing() {
    for (command, reply) in [
        ("*2\r\n$3\r\nGET\r\n$4\r\ntext\r\n", "$5\r\nhello\r\n"),
        ("*2\r\n$3\r\nGET\r\n$6\r\nnumber\r\n", "$2\r\n12\r\n"),
        ("*2\r\n$3\r\nget\r\n$7\r\nnothing\r\n", "$-1\r\n"),
        (
            "*2\r\n$3\r\nGET\r\n$4\r\nlong\r\n",
            "$40\r\n0123456789012345678901234567890123456789\r\n",
        ),
        ("*3\r\n$3\r\nSET\r\n$4\r\ntext\r\n$5\r\nhello\r\n", "+OK\r\n"),
        ("*2\r\n$6\r\nEXISTS\r\n$4\r\ntext\r\n", ":1\r\n"),
        ("PING\r\n", "+PONG\r\n"),
    ] {
        let (few, many) = (allocations(command, reply, 500), allocations(command, reply, 2_500));
        // A packet or two, and not 2,000 times anything.
        assert!(
            many <= few + 60,
            "{command:?}: {few} allocations for 500 commands, {many} for 2,500"
        );
    }
}
