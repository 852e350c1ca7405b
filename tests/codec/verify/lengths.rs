//! Frames whose length is told before them, or is always the same.

use wirework_codec::{FixedLength, LengthDelimited, Netstring, VarintDelimited};
use wirework_testkit::verify_round_trip;

use crate::{bytes, verify_bytes};

#[test]
fn fixed_length() {
    verify_bytes(|| FixedLength::new(3), b"onetwo", &[b"one", b"two"], None);
    let cut = "stream ended inside a frame at byte 3: 1 bytes left over";
    verify_bytes(|| FixedLength::new(3), b"onet", &[b"one"], Some((3, cut)));
    verify_round_trip(|| FixedLength::new(2), &bytes(&[b"ab", b"cd"]));
}

#[test]
fn length_delimited() {
    let input = b"\0\0\0\x03one\0\0\0\0\0\0\0\x03two";
    verify_bytes(LengthDelimited::new, input, &[b"one", b"", b"two"], None);
    let cut = "stream ended inside a frame at byte 7: 2 bytes left over";
    verify_bytes(LengthDelimited::new, b"\0\0\0\x03one\0\0", &[b"one"], Some((7, cut)));
    let long = "malformed frame at byte 7: frame of 4294967295 bytes is longer than the limit of 1048576 bytes";
    verify_bytes(
        LengthDelimited::new,
        b"\0\0\0\x03one\xff\xff\xff\xffrest",
        &[b"one"],
        Some((7, long)),
    );
    let whole = || {
        LengthDelimited::new()
            .offset(1)
            .width(2)
            .little_endian()
            .adjustment(-3)
            .keep_header()
    };
    verify_bytes(whole, b"a\x05\0hib\x03\0", &[b"a\x05\0hi", b"b\x03\0"], None);
    let short = "malformed frame at byte 5: length of 2 is less than the header";
    verify_bytes(whole, b"a\x05\0hib\x02\0", &[b"a\x05\0hi"], Some((5, short)));
    verify_round_trip(LengthDelimited::new, &bytes(&[b"a", b"", &[7; 3000]]));
    verify_round_trip(whole, &bytes(&[b"a\x05\0hi", b"b\x03\0"]));
}

#[test]
fn varint_delimited() {
    let long = [&b"\xac\x02"[..], &[b'x'; 300]].concat();
    let input = [b"\x01a\0", &long[..]].concat();
    verify_bytes(VarintDelimited::new, &input, &[b"a", b"", &[b'x'; 300]], None);
    let cut = "stream ended inside a frame at byte 2: 1 bytes left over";
    verify_bytes(VarintDelimited::new, b"\x01a\xff", &[b"a"], Some((2, cut)));
    let overflow = "malformed frame at byte 2: length does not fit 64 bits";
    let input = b"\x01a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
    verify_bytes(VarintDelimited::new, input, &[b"a"], Some((2, overflow)));
    let long = "malformed frame at byte 2: frame of 128 bytes is longer than the limit of 100 bytes";
    verify_bytes(
        || VarintDelimited::new().max_len(100),
        b"\x01a\x80\x01",
        &[b"a"],
        Some((2, long)),
    );
    verify_round_trip(VarintDelimited::new, &bytes(&[b"a", b"", &[7; 3000]]));
}

#[test]
fn netstring() {
    verify_bytes(
        Netstring::new,
        b"5:hello,0:,12:hello world!,",
        &[b"hello", b"", b"hello world!"],
        None,
    );
    let verify = |input: &[u8], message: &str| {
        let message = format!("malformed frame at byte 4: {message}");
        verify_bytes(|| Netstring::new().max_len(99), input, &[b"a"], Some((4, &message)));
    };
    verify(b"1:a,05:hello,", "length starts with a zero");
    verify(b"1:a,5hello,", "length has the byte 0x68 in it at byte 1");
    verify(b"1:a,:,", "length has the byte 0x3a in it at byte 0");
    verify(b"1:a,2:abc,", "byte 4 is 0x63 instead of a comma");
    verify(b"1:a,100:", "netstring is longer than the limit of 99 bytes");
    let cut = "stream ended inside a frame at byte 4: 3 bytes left over";
    verify_bytes(Netstring::new, b"1:a,1:b", &[b"a"], Some((4, cut)));
    verify_round_trip(Netstring::new, &bytes(&[b"a", b"", &[7; 3000]]));
}
