//! Commands of every form, however they are cut.

use wirework_codec::{BorrowDecoder, Deframer};
use wirework_resp::{Command, CommandDecoder, cmd};
use wirework_testkit::{verify_borrow_decoder, verify_decoder};

/// What becomes of `input`, borrowed and owned, which must be the same.
fn decoded(input: &[u8]) -> (Vec<Vec<String>>, Option<String>) {
    let words = |command: Command<'_>| {
        let words = command.args_from(0).map(|word| word.escape_ascii().to_string());
        words.collect::<Vec<_>>()
    };
    let borrowed = verify_borrow_decoder(CommandDecoder::new, words, input);
    let owned = verify_decoder(CommandDecoder::new, input);
    assert_eq!(owned.failure, borrowed.failure);
    let owned: Vec<_> = owned.frames.iter().map(|command| words(command.as_ref())).collect();
    assert_eq!(owned, borrowed.frames);
    (owned, borrowed.failure.map(|failure| failure.message))
}

#[test]
fn arrays_and_lines_can_be_mixed() {
    let input =
        b"*1\r\n$4\r\nPING\r\nGET key\r\n*3\r\n$3\r\nSET\r\n$12\r\ntwelve bytes\r\n$0\r\n\r\n  \r\n\n*0\r\n*-1\r\n\
        set \"a b\" '\\x' \"\\x41\"\n*2\r\n$4\r\nEcHo\r\n$5\r\n\r\n\r\n\0\r\n";
    let (commands, failure) = decoded(input);
    let expected: [&[&str]; 5] = [
        &["PING"],
        &["GET", "key"],
        &["SET", "twelve bytes", ""],
        &["set", "a b", "\\\\x", "A"],
        &["EcHo", "\\r\\n\\r\\n\\x00"],
    ];
    assert_eq!(commands, expected);
    assert_eq!(failure, None);
}

#[test]
fn long_arguments_of_every_number_of_digits() {
    let mut input = Vec::new();
    let lens = [0, 1, 9, 10, 99, 100, 999, 1000, 9999];
    for len in lens {
        input.extend(cmd("ECHO").arg("x".repeat(len)).to_bytes());
    }
    let (commands, failure) = decoded(&input);
    assert_eq!(failure, None);
    assert_eq!(commands.iter().map(|words| words[1].len()).collect::<Vec<_>>(), lens);
}

#[test]
fn a_command_that_is_cut_off_is_an_error() {
    let (commands, failure) = decoded(b"PING\r\n*2\r\n$4\r\nECHO\r\n$5\r\nhel");
    assert_eq!(commands, [["PING"]]);
    assert_eq!(
        failure.as_deref(),
        Some("stream ended inside a frame at byte 6: 21 bytes left over")
    );
}

#[test]
fn names_are_compared_and_looked_up_in_any_case() {
    let mut deframer = Deframer::new(CommandDecoder::new());
    deframer.push(b"gEt key\r\n");
    let command = deframer.next_ref().unwrap().unwrap();
    assert!(command.name_is("GET") && command.name_is("get") && !command.name_is("GETEX"));
    assert_eq!(command.name(), b"gEt");
    assert_eq!(command.name_in(&mut [0; 16]), b"GET");
    assert_eq!(command.name_in(&mut [0; 2]), b"gEt");
    assert_eq!(format!("{command:?}"), r#"Command["gEt", "key"]"#);
}

#[test]
fn a_kept_command_is_equal_to_what_it_is_of() {
    let mut deframer = Deframer::new(CommandDecoder::new());
    deframer.push(b"SET 'a b' c\r\n*3\r\n$3\r\nSET\r\n$3\r\na b\r\n$1\r\nc\r\n");
    let kept = deframer.next_ref().unwrap().unwrap().to_owned();
    assert_eq!(kept.arg_bytes(1).unwrap(), "a b");
    assert_eq!(kept.arg_bytes(3), None);
    assert_eq!(deframer.next_ref().unwrap().unwrap(), kept.as_ref());
    assert_eq!(kept.as_ref().args().rev().collect::<Vec<_>>(), [b"c", &b"a b"[..]]);
}

#[test]
fn limits_can_change_between_commands() {
    let mut decoder = CommandDecoder::new().unauthenticated();
    let eleven = b"*11\r\n";
    assert!(decoder.locate(eleven).is_err());
    let mut decoder = CommandDecoder::new().unauthenticated();
    decoder.set_authenticated(true);
    assert_eq!(decoder.locate(eleven), Ok(None));
}
