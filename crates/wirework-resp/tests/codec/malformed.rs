//! What is no command or no value, and how that is said.

use wirework_codec::WriteBuf;
use wirework_resp::{CommandDecoder, CommandError, ReplyWriter, ValueDecoder, Version};
use wirework_testkit::{verify_borrow_decoder, verify_decoder};

/// Inputs, and what redis-server 8 answers to each before it closes the connection.
const COMMANDS: [(&[u8], &str); 20] = [
    (b"*x\r\n", "invalid multibulk length"),
    (b"*\r\n", "invalid multibulk length"),
    (b"*1x\r\n", "invalid multibulk length"),
    (b"*01\r\n", "invalid multibulk length"),
    (b"*+1\r\n", "invalid multibulk length"),
    (b"*9223372036854775808\r\n", "invalid multibulk length"),
    (b"*2147483648\r\n", "invalid multibulk length"),
    (b"*1\r\n$x\r\n", "invalid bulk length"),
    (b"*1\r\n$\r\n", "invalid bulk length"),
    (b"*1\r\n$-1\r\n", "invalid bulk length"),
    (b"*1\r\n$01\r\n", "invalid bulk length"),
    (b"*1\r\n$536870913\r\n", "invalid bulk length"),
    (b"*1\r\n$99999999999999999999\r\n", "invalid bulk length"),
    (b"*1\r\nx4\r\nPING\r\n", "expected '$', got 'x'"),
    (b"*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$', got '*'"),
    (b"*2\r\n$3\r\nGET\r\n:1\r\n", "expected '$', got ':'"),
    (b"GET \"key\r\n", "unbalanced quotes in request"),
    (b"GET 'key\r\n", "unbalanced quotes in request"),
    (b"GET \"key\"x\r\n", "unbalanced quotes in request"),
    (b"\"\r\n", "unbalanced quotes in request"),
];

fn command_failure(make: impl Fn() -> CommandDecoder, input: &[u8]) -> String {
    let borrowed = verify_borrow_decoder(&make, |command| command.len(), input);
    let owned = verify_decoder(&make, input);
    assert_eq!(owned.failure, borrowed.failure);
    let message = borrowed.failure.expect("the input is malformed").message;
    let (_, cause) = message.split_once(": ").unwrap();
    cause.to_owned()
}

#[test]
fn commands_are_refused_in_the_words_of_redis() {
    for (input, error) in COMMANDS {
        let expected = format!("Protocol error: {error}");
        let shown = input.escape_ascii();
        assert_eq!(command_failure(CommandDecoder::new, input), expected, "{shown}");
        let behind = [b"PING\r\n*1\r\n$4\r\nPING\r\n", input].concat();
        assert_eq!(command_failure(CommandDecoder::new, &behind), expected, "{shown}");
    }
}

#[test]
fn lines_without_end_are_refused() {
    let endless = vec![b'1'; 64 * 1024 + 1];
    for (before, error) in [
        (&b"*"[..], "too big mbulk count string"),
        (b"*1\r\n$", "too big bulk count string"),
        (b"", "too big inline request"),
    ] {
        let input = [before, &endless].concat();
        let expected = format!("Protocol error: {error}");
        assert_eq!(command_failure(CommandDecoder::new, &input), expected);
        // Whether its end has come as well does not matter.
        let input = [&input[..], b"\r\n"].concat();
        assert_eq!(command_failure(CommandDecoder::new, &input), expected);
    }
}

#[test]
fn what_redis_skips_without_a_look_is_refused() {
    for input in [
        &b"*1\r\n$4\r\nPINGxx"[..],
        b"*1\r\n$4\r\nPING\rx",
        b"*1\r\n$4\r\nPING\n\n",
    ] {
        let expected = "Protocol error: expected CRLF after bulk string";
        assert_eq!(command_failure(CommandDecoder::new, input), expected);
    }
    let expected = "Protocol error: invalid multibulk length";
    assert_eq!(command_failure(CommandDecoder::new, b"*1\n$4\r\nPING\r\n"), expected);
    let expected = "Protocol error: invalid bulk length";
    assert_eq!(command_failure(CommandDecoder::new, b"*1\r\n$4\nPING\r\n"), expected);
}

#[test]
fn clients_that_have_not_authenticated_may_send_little() {
    let make = || CommandDecoder::new().unauthenticated();
    for (input, error) in [
        (&b"*11\r\n"[..], "unauthenticated multibulk length"),
        (b"*1\r\n$16385\r\n", "unauthenticated bulk length"),
    ] {
        assert_eq!(command_failure(make, input), format!("Protocol error: {error}"));
    }
    let input = [&b"*2\r\n$16384\r\n"[..], &[b'x'; 16384], b"\r\n$0\r\n\r\n*10\r\n"].concat();
    let outcome = verify_borrow_decoder(make, |command| command.len(), &input);
    assert_eq!(outcome.frames, [2]);
}

#[test]
fn limits_are_where_they_are_set() {
    let make = || CommandDecoder::new().max_args(2).max_bulk(3).max_inline(5);
    for (input, error) in [
        (&b"*3\r\n"[..], "invalid multibulk length"),
        (b"*1\r\n$4\r\n", "invalid bulk length"),
        (b"QUIT12\r\n", "too big inline request"),
        (b"*000000", "too big mbulk count string"),
    ] {
        assert_eq!(command_failure(make, input), format!("Protocol error: {error}"));
    }
    let outcome = verify_decoder(make, b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\nPING\r\n");
    assert_eq!((outcome.frames.len(), outcome.failure), (2, None));
}

#[test]
fn an_error_is_sent_as_redis_sends_it() {
    let (mut buf, mut version) = (WriteBuf::new(), Version::Resp2);
    ReplyWriter::new(&mut buf, &mut version).protocol_error(&CommandError::ExpectedDollar { got: b'\n' });
    assert_eq!(buf.to_vec(), b"-ERR Protocol error: expected '$', got ' '\r\n");
}

#[test]
fn values_are_refused() {
    for (input, error) in [
        (&b"x\r\n"[..], "no type begins with 'x'"),
        (b"*1\r\n\r\n", "no type begins with '\\r'"),
        (b":1\n", "there is no CRLF where one must be"),
        (b":\n", "there is no CRLF where one must be"),
        (b"+a\rb\r\n", "there is no CRLF where one must be"),
        (b"$1\r\nxyz", "there is no CRLF where one must be"),
        (b":\r\n", "number is malformed"),
        (b":1x\r\n", "number is malformed"),
        (b":9223372036854775808\r\n", "number is malformed"),
        (b":+-1\r\n", "number is malformed"),
        (b",\r\n", "number is malformed"),
        (b",1,5\r\n", "number is malformed"),
        (b",infinity\r\n", "number is malformed"),
        (b"(\r\n", "number is malformed"),
        (b"(-\r\n", "number is malformed"),
        (b"(1.5\r\n", "number is malformed"),
        (b"#x\r\n", "boolean is neither true nor false"),
        (b"#\r\n", "boolean is neither true nor false"),
        (b"_x\r\n", "null is not empty"),
        (b"$-2\r\n", "length is malformed"),
        (b"!-1\r\n", "length is malformed"),
        (b"$x\r\n", "length is malformed"),
        (b"*-2\r\n", "length is malformed"),
        (b"%?x\r\n", "length is malformed"),
        (b">?\r\n", "length is malformed"),
        (b"$101\r\n", "string is longer than the limit of 100 bytes"),
        (b"$?\r\n;60\r\n012345678901234567890123456789012345678901234567890123456789\r\n;41\r\n01234567890123456789012345678901234567890\r\n",
            "string is longer than the limit of 100 bytes"),
        (b"*11\r\n", "aggregate has more than the limit of 10 values"),
        (b"%6\r\n", "aggregate has more than the limit of 10 values"),
        (b"*?\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", "aggregate has more than the limit of 10 values"),
        (b"*1\r\n*1\r\n*1\r\n*1\r\n", "aggregates are nested more than 3 deep"),
        (b"*?\r\n~?\r\n%?\r\n*?\r\n", "aggregates are nested more than 3 deep"),
        (b"|1\r\n+a\r\n|1\r\n", "aggregates are nested more than 3 deep"),
        (b"=3\r\ntxt\r\n", "verbatim string has no format"),
        (b"=5\r\ntxt.x\r\n", "verbatim string has no format"),
        (b"*1\r\n>1\r\n+x\r\n", "push is nested"),
        (b".\r\n", "aggregate ends where it cannot"),
        (b"*1\r\n.\r\n", "aggregate ends where it cannot"),
        (b"%?\r\n+key\r\n.\r\n", "aggregate ends where it cannot"),
        (b"*?\r\n.x\r\n", "aggregate ends where it cannot"),
        (b";0\r\n", "chunk of a streamed string is misplaced"),
        (b"*1\r\n;1\r\nx\r\n", "chunk of a streamed string is misplaced"),
        (b"$?\r\n+x\r\n", "chunk of a streamed string is misplaced"),
        (b"+012345678901234567890123456789012345678901234567890", "line is longer than the limit of 40 bytes"),
        (b"+01234567890123456789012345678901234567890\r\n", "line is longer than the limit of 40 bytes"),
        // Two faults: it is the first that shows which is told, however the bytes come.
        (b"+0123456789012345678901234567890123456789012\n", "line is longer than the limit of 40 bytes"),
    ] {
        let make = || ValueDecoder::new().max_bulk(100).max_count(10).max_depth(3).max_line(40);
        let outcome = verify_decoder(make, &[b"+before\r\n", input].concat());
        let failure = outcome.failure.unwrap_or_else(|| panic!("{} is taken", input.escape_ascii()));
        let expected = format!("malformed frame at byte 9: {error}");
        assert_eq!(failure.message, expected, "{}", input.escape_ascii());
        assert_eq!(outcome.frames.len(), 1);
    }
}
