//! PROXY headers of version 1, which are a line of text.

use wirework_codec::{ProxyCodec, ProxyEndpoints, ProxyHeader};
use wirework_testkit::verify_round_trip;

use crate::verify;

#[test]
fn proxy_headers_of_version_1() {
    let own = |header: ProxyHeader| header;
    let ip = |from: &str, to: &str| ProxyHeader::new(from.parse().unwrap(), to.parse().unwrap()).v1();
    let unknown = ProxyHeader::with_endpoints(ProxyEndpoints::Unknown).v1();
    let headers = [
        ip("192.0.2.7:50000", "198.51.100.1:443"),
        ip("[2001:db8::1]:1", "[::1]:65535"),
        unknown.clone(),
    ];
    let input =
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 443\r\nPROXY TCP6 2001:db8::1 ::1 1 65535\r\nPROXY UNKNOWN\r\n";
    verify(ProxyCodec::new, own, input, &headers, None);
    verify_round_trip(ProxyCodec::new, &headers);
    // The longest there is, and one of which the rest is to be ignored.
    let longest = format!(
        "PROXY UNKNOWN {0} {0} 65535 65535\r\n",
        "ffff:".repeat(8).trim_end_matches(':')
    );
    assert_eq!(longest.len(), 107);
    verify(
        ProxyCodec::new,
        own,
        longest.as_bytes(),
        std::slice::from_ref(&unknown),
        None,
    );
    verify(ProxyCodec::new, own, b"PROXY UNKNOWN \xff\0 ?\r\n", &[unknown], None);
}

#[test]
fn bad_proxy_headers_of_version_1() {
    let long = [&b"PROXY UNKNOWN "[..], &[b'x'; 93], b"\r\n"].concat();
    for (input, why) in [
        (&b"GET / HTTP/1.1\r\n"[..], "stream does not start with a PROXY header"),
        (b"PROXX", "stream does not start with a PROXY header"),
        (b"PROXYTCP4", "stream does not start with a PROXY header"),
        (&long, "PROXY header is longer than the limit of 107 bytes"),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rx",
            "malformed PROXY header: no line feed behind the carriage return",
        ),
        (
            b"PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY UNKNOWNX\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: the protocol is none of TCP4, TCP6 and UNKNOWN",
        ),
        (
            b"PROXY TCP4 ::1 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4 1.2.3.04 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n",
            "malformed PROXY header: not an address of its family",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
            "malformed PROXY header: a field is missing",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n",
            "malformed PROXY header: there are too many fields",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n",
            "malformed PROXY header: not a port",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n",
            "malformed PROXY header: not a port",
        ),
        (
            b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
            "malformed PROXY header: not a port",
        ),
    ] {
        let message = format!("malformed frame at byte 0: {why}");
        verify(ProxyCodec::new, |header| header, input, &[], Some((0, &message)));
    }
}
