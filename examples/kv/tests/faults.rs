//! Bytes that are no commands: Redis's error, the connection closed, and nobody else harmed.

use crate::on_each_runtime;
use crate::process::Server;
use crate::wire::Reply;

on_each_runtime![
    what_is_no_command_is_refused_as_redis_does,
    a_server_is_not_harmed_by_garbage
];

/// What is sent, and what Redis says to it.
fn faults() -> Vec<(Vec<u8>, Option<&'static str>)> {
    let nested = "*1\r\n".repeat(100_000);
    let line = "x".repeat(70_000);
    let digits = "9".repeat(70_000);
    vec![
        (b"*1\r\n$600000000\r\n".to_vec(), Some("invalid bulk length")),
        (b"*1\r\n$99999999999999999999\r\n".to_vec(), Some("invalid bulk length")),
        (b"*1\r\n$-1\r\n".to_vec(), Some("invalid bulk length")),
        (b"*1\r\n$abc\r\n".to_vec(), Some("invalid bulk length")),
        (b"*3000000000\r\n".to_vec(), Some("invalid multibulk length")),
        (b"*abc\r\n".to_vec(), Some("invalid multibulk length")),
        (nested.into(), Some("expected '$', got '*'")),
        (b"*2\r\n$3\r\nGET\r\n:1\r\n".to_vec(), Some("expected '$', got ':'")),
        (line.into(), Some("too big inline request")),
        (b"SET a \"b\r\n".to_vec(), Some("unbalanced quotes in request")),
        (format!("*{digits}").into(), Some("too big mbulk count string")),
        (format!("*1\r\n${digits}").into(), Some("too big bulk count string")),
        // Neither of these is an error: there is nothing to answer.
        (b"*-5\r\n*0\r\n\r\n".to_vec(), None),
    ]
}

fn what_is_no_command_is_refused_as_redis_does(runtime: &str) {
    let kv = Server::kv(runtime);
    let redis = Server::redis();
    let mut witness = kv.client();
    for (bytes, text) in faults() {
        // Redis closes with bytes unread, and the reset that this gives may be faster than the error.
        let redis = redis.as_ref().filter(|_| bytes.len() < 1000);
        for server in [Some(&kv), redis].into_iter().flatten() {
            let mut client = server.client();
            // What came before is answered.
            client.raw(b"PING\r\n");
            client.raw(&bytes);
            assert_eq!(client.reply(), Reply::Simple("PONG".to_owned()));
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            if let Some(text) = text {
                assert_eq!(
                    client.next(),
                    Some(Reply::Error(format!("ERR Protocol error: {text}"))),
                    "{shown}"
                );
                assert_eq!(client.next(), None, "{shown}");
            } else {
                assert_eq!(client.run("PING"), Reply::Simple("PONG".to_owned()), "{shown}");
            }
        }
        assert_eq!(witness.run("PING"), Reply::Simple("PONG".to_owned()));
    }
}

/// What means something in commands.
const WORDS: &[u8] = b"*$0123456789-\r\n\"'\\xGETSET :";

fn a_server_is_not_harmed_by_garbage(runtime: &str) {
    let server = Server::kv(runtime);
    let mut witness = server.client();
    // Repeatable noise: xorshift.
    let mut noise = 0x2545_F491_4F6C_DD1D_u64;
    for round in 0..200 {
        let mut client = server.client();
        let garbage: Vec<u8> = (0..2000)
            .map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 7;
                noise ^= noise << 17;
                // Half of it from the bytes that mean something.
                let choice = usize::try_from(noise >> 40).unwrap();
                if choice.is_multiple_of(2) {
                    WORDS[choice / 2 % WORDS.len()]
                } else {
                    noise.to_le_bytes()[0]
                }
            })
            .collect();
        // It may be refused half way.
        let _ = std::io::Write::write_all(client.stream(), &garbage);
        if round % 2 == 0 {
            // It ends inside a command, and the connection with it.
            drop(client);
        }
        assert_eq!(witness.run("PING"), Reply::Simple("PONG".to_owned()));
    }
    drop(witness);
    server.signal();
    assert!(server.finish().contains(" 0 panicked"));
}
