//! What the decoder of commands says of malformed ones, beside what the real server says.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use wirework_codec::{Deframer, Fault, WriteBuf};
use wirework_resp::{CommandDecoder, ReplyWriter, Version};

use super::installed::RedisServer;

/// What a connection is answered that sends `input` and no more.
fn answer_of_redis(server: &RedisServer, input: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(input).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer.escape_ascii().to_string()
}

/// The same, of a server that answers every command with `PONG`.
fn our_answer(input: &[u8]) -> String {
    let mut deframer = Deframer::new(CommandDecoder::new());
    deframer.push(input);
    deframer.finish();
    let (mut buf, mut version) = (WriteBuf::new(), Version::Resp2);
    let mut reply = ReplyWriter::new(&mut buf, &mut version);
    loop {
        match deframer.next_ref() {
            Ok(Some(_)) => reply.simple("PONG"),
            Ok(None) => break,
            Err(error) => {
                if let Fault::Malformed(error) = error.fault() {
                    reply.protocol_error(error);
                }
                break;
            }
        }
    }
    buf.to_vec().escape_ascii().to_string()
}

#[test]
fn redis_says_the_same() {
    let Some(server) = RedisServer::start(&[]) else { return };
    let endless = "1".repeat(64 * 1024 + 1);
    let inputs = [
        "PING\r\n",
        "  PING \n",
        "\r\n\n \t\r\nPING\r\n",
        "*0\r\n*-1\r\n*-99\r\n*1\r\n$4\r\nPING\r\n",
        "'PING'\r\n",
        "\"\\x50ING\"\r\n",
        "*x\r\n",
        "*\r\n",
        "*1x\r\n",
        "*01\r\n",
        "*+1\r\n",
        "* 1\r\n",
        "*9223372036854775808\r\n",
        "*2147483648\r\n",
        "*1\r\n$x\r\n",
        "*1\r\n$\r\n",
        "*1\r\n$-1\r\n",
        "*1\r\n$01\r\n",
        "*1\r\n$536870913\r\n",
        "*1\r\n$99999999999999999999\r\n",
        "*1\r\nx4\r\nPING\r\n",
        "*1\r\n*1\r\n$4\r\nPING\r\n",
        "*2\r\n$4\r\nPING\r\n:1\r\n",
        "*1\r\n\r\n",
        "PING \"key\r\n",
        "PING 'key\r\n",
        "PING \"key\"x\r\n",
        "\"\r\n",
        "*1\r\n$4\r\nPING\r\n*x\r\n",
        "*2\r\n$4\r\nPI",
        "PIN",
        &format!("*{endless}"),
        &format!("*1\r\n${endless}"),
        &endless,
    ];
    for input in inputs {
        let shown: String = input.escape_debug().take(60).collect();
        assert_eq!(
            our_answer(input.as_bytes()),
            answer_of_redis(&server, input.as_bytes()),
            "{shown}"
        );
    }
}
