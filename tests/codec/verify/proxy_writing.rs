//! PROXY headers that cannot be written, and why.

use wirework_codec::bytes::Bytes;
use wirework_codec::{ProxyEndpoints, ProxyHeader, ProxyTlv, ProxyTransport};

#[test]
fn proxy_headers_that_cannot_be_written() {
    let at = |text: &str| text.parse().unwrap();
    let mixed = ProxyHeader::new(at("1.2.3.4:1"), at("[::1]:1"));
    let rich = ProxyHeader::new(at("1.2.3.4:1"), at("1.2.3.4:1")).with_tlv(ProxyTlv::NOOP, b"");
    let huge = rich.clone().with_tlv(ProxyTlv::NOOP, &vec![0; 65_535]);
    let unix = |name: &'static [u8]| {
        ProxyHeader::with_endpoints(ProxyEndpoints::Unix {
            source: Bytes::new(),
            destination: Bytes::from_static(name),
            transport: ProxyTransport::Stream,
        })
    };
    for (header, why) in [
        (mixed.clone(), "the two ends are of different families"),
        (mixed.v1(), "the two ends are of different families"),
        (rich.v1(), "version 1 has no fields"),
        (huge, "it is longer than 65,551 bytes"),
        (
            ProxyHeader::local().with_tlv(ProxyTlv::NOOP, b""),
            "without addresses there are no fields",
        ),
        (
            unix(&[b'x'; 109]),
            "a socket's name has at most 108 bytes, the last of them no zero",
        ),
        (
            unix(b"name\0"),
            "a socket's name has at most 108 bytes, the last of them no zero",
        ),
        (unix(b"name").v1(), "version 1 knows TCP alone"),
    ] {
        let error = header.to_bytes().unwrap_err();
        assert_eq!(error.to_string(), format!("PROXY header cannot be written: {why}"));
    }
}
