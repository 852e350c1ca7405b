//! Frames that end with a delimiter: lines, and others.

use wirework_codec::{ByteLines, Delimited, Lines, LinesError, NulTerminated, RecoveringLines};
use wirework_testkit::{verify_borrow_decoder, verify_decoder, verify_round_trip};

use crate::{bytes, verify, verify_bytes};

#[test]
fn byte_lines() {
    let input = b"one\n\r\ntwo\r\nthree\r";
    let cut = "stream ended inside a frame at byte 11: 6 bytes left over";
    verify_bytes(ByteLines::new, input, &[b"one", b"", b"two"], Some((11, cut)));
    let lenient = || ByteLines::new().allow_unterminated();
    verify_bytes(lenient, input, &[b"one", b"", b"two", b"three"], None);
    let lf = || ByteLines::new().strict().allow_unterminated();
    verify_bytes(lf, input, &[b"one", b"\r", b"two\r", b"three\r"], None);
    let crlf = || ByteLines::new().crlf().strict();
    let bare = "malformed frame at byte 5: line has a line break in it at byte 3";
    verify_bytes(crlf, b"one\r\ntwo\nthree\r\n", &[b"one"], Some((5, bare)));
    let short = || ByteLines::new().max_len(3);
    let long = "malformed frame at byte 4: line is longer than the limit of 3 bytes";
    verify_bytes(short, b"one\nfour\nfive\n", &[b"one"], Some((4, long)));
    verify_bytes(short, b"one\nfour and more", &[b"one"], Some((4, long)));
    for make in [ByteLines::new, || ByteLines::new().crlf(), || ByteLines::new().strict()] {
        verify_round_trip(make, &bytes(&[b"a", b"", b"\xff\x00", b"longer than a few bytes"]));
    }
}

#[test]
fn lines() {
    let own = |line: &str| line.to_owned();
    verify(
        Lines::new,
        own,
        "grüß\r\n\ngott\n".as_bytes(),
        &["grüß", "", "gott"].map(own),
        None,
    );
    let not_utf8 = "malformed frame at byte 3: line is not UTF-8 text: invalid utf-8 sequence of 1 bytes from index 1";
    verify(
        Lines::new,
        own,
        b"ok\na\xff\nok\n",
        &["ok"].map(own),
        Some((3, not_utf8)),
    );
    let long = "malformed frame at byte 3: line is longer than the limit of 4 bytes";
    verify(
        || Lines::new().max_len(4),
        own,
        b"ok\nmuch too long\n",
        &["ok"].map(own),
        Some((3, long)),
    );
    verify_round_trip(Lines::new, &["a", "", "ü"].map(own));
}

#[test]
fn recovering_lines() {
    let own = |line: Result<&str, LinesError>| line.map(str::to_owned).map_err(|error| error.to_string());
    let make = || RecoveringLines::new().max_len(6);
    let outcome = verify_borrow_decoder(make, own, b"ok\ntoo long\r\n\xff\n\nlonger\nand longer and cut off");
    let too_long = Err("line is longer than the limit of 6 bytes".to_owned());
    let not_utf8 = Err("line is not UTF-8 text".to_owned());
    let ok = |line: &str| Ok(line.to_owned());
    assert_eq!(
        outcome.frames,
        [ok("ok"), too_long.clone(), not_utf8, ok(""), ok("longer"), too_long]
    );
    assert_eq!(outcome.failure, None);
    let owned = verify_decoder(make, b"ok\ntoo long\r\nok\n");
    assert_eq!(owned.frames.len(), 3);
}

#[test]
fn delimited() {
    verify_bytes(|| Delimited::new(";"), b"a;;bc;", &[b"a", b"", b"bc"], None);
    verify_bytes(
        || Delimited::new("\r\n\r\n"),
        b"a\r\nb\r\n\r\n\r\r\n\r\n",
        &[b"a\r\nb", b"\r"],
        None,
    );
    let several = || Delimited::any(["--end--", "|", "\n\n"]);
    verify_bytes(several, b"a|b--end--c\n\n\n|", &[b"a", b"b", b"c", b"\n"], None);
    let cut = "stream ended inside a frame at byte 2: 4 bytes left over";
    verify_bytes(several, b"a|b--e", &[b"a"], Some((2, cut)));
    let long = "malformed frame at byte 2: frame is longer than the limit of 3 bytes";
    verify_bytes(|| several().max_len(3), b"a|bcde|", &[b"a"], Some((2, long)));
    verify_round_trip(several, &bytes(&[b"a", b"", b"-end-", b"-end--", b"\n"]));
}

#[test]
fn nul_terminated() {
    verify_bytes(NulTerminated::new, b"one\0\0two\0", &[b"one", b"", b"two"], None);
    let cut = "stream ended inside a frame at byte 4: 2 bytes left over";
    verify_bytes(NulTerminated::new, b"one\0tw", &[b"one"], Some((4, cut)));
    let long = "malformed frame at byte 4: frame is longer than the limit of 3 bytes";
    verify_bytes(
        || NulTerminated::new().max_len(3),
        b"one\0four\0",
        &[b"one"],
        Some((4, long)),
    );
    verify_round_trip(NulTerminated::new, &bytes(&[b"a", b"", b"\xff"]));
}
