//! What commands and replies allocate, counted.

use allocation_counter::measure;
use wirework_codec::{Deframer, Encoder, WriteBuf};
use wirework_resp::{CommandDecoder, ReplyEncoder, ReplyWriter};

/// A GET and a SET, a hundred times.
fn commands() -> Vec<u8> {
    b"*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000012\r\n*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n".repeat(100)
}

#[test]
fn commands_and_their_replies_cost_no_allocation() {
    let bytes = commands();
    let mut deframer = Deframer::new(CommandDecoder::new());
    let (mut encoder, mut dst) = (ReplyEncoder::new(), WriteBuf::new());
    let mut round = || {
        let mut count = 0;
        for chunk in bytes.chunks(1000) {
            deframer.push(chunk);
            while let Some(command) = deframer.next_ref().unwrap() {
                count += 1;
                let write = |reply: &mut ReplyWriter<'_>| match command.arg(2) {
                    Some(_) => reply.ok(),
                    None => reply.bulk(&command[1]),
                };
                encoder.encode(write, &mut dst).unwrap();
            }
        }
        deframer.release();
        assert_eq!(count, 200);
        dst.clear();
    };
    round();
    assert_eq!(measure(round).count_total, 0);
}

#[test]
fn a_count_alone_reserves_no_memory() {
    // The pool of the thread keeps blocks, which are not held for this peer. So it is filled before.
    Deframer::new(CommandDecoder::new()).push(b"*");
    let mut deframer = Deframer::new(CommandDecoder::new());
    let info = measure(|| {
        deframer.push(b"*1048576\r\n$536870912\r\n");
        assert!(deframer.next_ref().unwrap().is_none());
        deframer.release();
    });
    assert!(info.bytes_current < 1024, "{info:?}");
}

#[test]
fn a_long_command_is_not_remembered() {
    let mut deframer = Deframer::new(CommandDecoder::new());
    deframer.push(b"PING\r\n");
    assert!(deframer.next_ref().unwrap().is_some());
    let long = [&b"*100000\r\n"[..], &b"$1\r\nx\r\n".repeat(100_000), b"PING\r\n"].concat();
    let info = measure(|| {
        deframer.push(&long);
        assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 100_000);
        assert_eq!(deframer.next_ref().unwrap().unwrap().len(), 1);
        deframer.release();
    });
    // Blocks of bytes that go back to the pool of the thread are counted, too; the list of arguments was longer than that.
    assert!(info.bytes_current < 1_100_000, "{info:?}");
}
