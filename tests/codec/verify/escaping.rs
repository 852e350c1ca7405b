//! Frames in which the byte that ends them is written in another way.

use wirework_codec::{Cobs, Slip};
use wirework_testkit::verify_round_trip;

use crate::{bytes, verify_bytes};

#[test]
fn cobs() {
    verify_bytes(Cobs::new, b"\0\0\x03ab\x02c\0\0\x01\0", &[b"ab\0c", b""], None);
    let code = "malformed frame at byte 3: code 5 at byte 2 goes beyond the end of the frame";
    verify_bytes(Cobs::new, b"\x02a\0\x02b\x05c\0\x02d\0", &[b"a"], Some((3, code)));
    let long = "malformed frame at byte 3: frame is longer than the limit of 3 bytes";
    verify_bytes(
        || Cobs::new().max_len(3),
        b"\x02a\0\x06bcdef\0",
        &[b"a"],
        Some((3, long)),
    );
    let cut = "stream ended inside a frame at byte 4: 1 bytes left over";
    verify_bytes(Cobs::new, b"\x02a\0\0\x02", &[b"a"], Some((4, cut)));
    verify_round_trip(
        Cobs::new,
        &bytes(&[b"", b"\0", b"a\0b", &[7; 254], &[7; 255], &[0; 600], &[9; 2000]]),
    );
}

#[test]
fn slip() {
    verify_bytes(
        Slip::new,
        b"\xc0\xc0a\xdb\xdcb\xc0\xc0\xdb\xdd\xc0\xc0",
        &[b"a\xc0b", b"\xdb"],
        None,
    );
    let escape = "malformed frame at byte 2: escape at byte 1 has no meaning";
    verify_bytes(Slip::new, b"a\xc0b\xdbc\xc0d\xc0", &[b"a"], Some((2, escape)));
    let long = "malformed frame at byte 2: frame is longer than the limit of 3 bytes";
    verify_bytes(|| Slip::new().max_len(3), b"a\xc0bcde\xc0", &[b"a"], Some((2, long)));
    verify_bytes(|| Slip::new().max_len(3), b"a\xc0bcdefghi", &[b"a"], Some((2, long)));
    verify_round_trip(Slip::new, &bytes(&[b"a", b"\xc0", b"\xdb\xdc\xdd\xc0", &[0xc0; 300]]));
}
