//! Messages in frames.

use wirework_codec::{
    ByteLines, Cbor, Cobs, Json, JsonLines, LengthDelimited, MessagePack, Postcard, Protobuf, VarintDelimited,
};
use wirework_testkit::verify_round_trip;

use crate::verify;

#[test]
fn json() {
    let make = JsonLines::<Vec<u32>>::default;
    let own = |message: Vec<u32>| message;
    verify(make, own, b"[1]\n[2, 3]\r\n", &[vec![1], vec![2, 3]], None);
    let bad = "malformed frame at byte 4: expected `,` or `]` at line 1 column 4";
    verify(make, own, b"[1]\n[2 3]\n[4]\n", &[vec![1]], Some((4, bad)));
    let framing = "malformed frame at byte 4: line is longer than the limit of 3 bytes";
    let short = || Json::<Vec<u32>, _>::new(ByteLines::new().max_len(3));
    verify(short, own, b"[1]\n[2, 3]\n", &[vec![1]], Some((4, framing)));
    verify_round_trip(|| Json::new(VarintDelimited::new()), &[Some("a\nb".to_owned()), None]);
}

#[test]
fn postcard() {
    let make = || Postcard::<(u8, u8), _>::new(Cobs::new());
    let own = |message: (u8, u8)| message;
    verify(make, own, b"\x03\x01\x02\0", &[(1, 2)], None);
    let short = "malformed frame at byte 4: Hit the end of buffer, expected more data";
    verify(make, own, b"\x03\x01\x02\0\x02\x01\0", &[(1, 2)], Some((4, short)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x04\x01\x02\x03\0", &[], Some((0, rest)));
    verify_round_trip(make, &[(0, 0), (1, 0), (255, 7)]);
}

#[test]
fn cbor() {
    let make = || Cbor::<Vec<u8>, _>::new(LengthDelimited::new().width(1));
    let own = |message: Vec<u8>| message;
    verify(make, own, b"\x03\x82\x01\x02", &[vec![1, 2]], None);
    let bad = "malformed frame at byte 4: not a CBOR message: \
        Semantic(None, \"invalid type: integer `7`, expected array\")";
    verify(make, own, b"\x03\x82\x01\x02\x01\x07", &[vec![1, 2]], Some((4, bad)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x02\x80\x01", &[], Some((0, rest)));
    verify_round_trip(make, &[vec![], vec![1, 200]]);
}

#[test]
fn message_pack() {
    let make = || MessagePack::<Vec<u8>, _>::new(LengthDelimited::new().width(1));
    let own = |message: Vec<u8>| message;
    verify(make, own, b"\x03\x92\x01\x02", &[vec![1, 2]], None);
    let bad = "malformed frame at byte 4: not a MessagePack message: invalid type: integer `7`, expected a sequence";
    verify(make, own, b"\x03\x92\x01\x02\x01\x07", &[vec![1, 2]], Some((4, bad)));
    let rest = "malformed frame at byte 0: 1 bytes are left over behind the message";
    verify(make, own, b"\x02\x90\x01", &[], Some((0, rest)));
    verify_round_trip(make, &[vec![], vec![1, 200]]);
}

#[test]
fn protobuf() {
    let make = || Protobuf::<String, _>::new(VarintDelimited::new());
    let own = |message: String| message;
    verify(make, own, b"\x04\x0a\x02hi\0", &["hi".to_owned(), String::new()], None);
    let bad = "malformed frame at byte 5: failed to decode Protobuf message: buffer underflow";
    verify(
        make,
        own,
        b"\x04\x0a\x02hi\x03\x0a\x02h",
        &["hi".to_owned()],
        Some((5, bad)),
    );
    verify_round_trip(make, &["hi".to_owned(), String::new()]);
}
