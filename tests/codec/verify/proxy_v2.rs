//! PROXY headers of version 2, which are binary and may have fields.

use wirework_codec::bytes::Bytes;
use wirework_codec::{ProxyCodec, ProxyEndpoints, ProxyHeader, ProxyTlv, ProxyTransport};
use wirework_testkit::{verify_decoder, verify_round_trip};

use crate::verify;

/// A binary header: its command, its family and transport, and what follows its length.
fn proxy_v2(command: u8, family: u8, block: &[&[u8]]) -> Vec<u8> {
    let block = block.concat();
    let len = u16::try_from(block.len()).unwrap().to_be_bytes();
    [b"\r\n\r\n\0\r\nQUIT\n", &[command, family][..], &len, &block].concat()
}

/// From 192.0.2.7:50000 to 198.51.100.1:443.
const PROXIED_V4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 0x01, 0xbb];

#[test]
fn proxy_headers_of_version_2() {
    let own = |header: ProxyHeader| header;
    let v4 = ProxyHeader::new("192.0.2.7:50000".parse().unwrap(), "198.51.100.1:443".parse().unwrap());
    let v6 = ProxyHeader::new("[2001:db8::1]:1".parse().unwrap(), "[::1]:2".parse().unwrap());
    let unix = ProxyHeader::with_endpoints(ProxyEndpoints::Unix {
        source: Bytes::new(),
        destination: Bytes::from_static(b"\0abstract\0name"),
        transport: ProxyTransport::Datagram,
    });
    let unknown = ProxyHeader::with_endpoints(ProxyEndpoints::Unknown);
    let rich = v4
        .clone()
        .with_tlv(ProxyTlv::ALPN, b"h2")
        .with_tlv(ProxyTlv::AUTHORITY, b"example.org")
        .with_tlv(ProxyTlv::UNIQUE_ID, b"id-1")
        .with_tlv(ProxyTlv::SSL, b"\x07\0\0\0\0\x21\0\x07TLSv1.3\x22\0\x02me")
        .with_tlv(0xE0, b"private");
    let all = [
        v4.clone(),
        v6,
        unix,
        unknown.clone(),
        ProxyHeader::local(),
        rich.clone(),
    ];
    verify_round_trip(ProxyCodec::new, &all);

    assert_eq!(v4.to_bytes().unwrap(), proxy_v2(0x21, 0x11, &[PROXIED_V4]));
    let written = rich.with_checksum().to_bytes().unwrap();
    let read = verify_decoder(ProxyCodec::new, &written).frames.remove(0);
    assert_eq!((read.alpn(), read.authority()), (Some(&b"h2"[..]), Some("example.org")));
    assert_eq!(
        (read.unique_id(), read.tlv(0xE0)),
        (Some(&b"id-1"[..]), Some(&b"private"[..]))
    );
    let ssl = read.ssl().unwrap();
    assert!(ssl.is_tls() && ssl.has_certificate() && ssl.is_verified());
    assert_eq!(
        (ssl.version(), ssl.common_name()),
        (Some(&b"TLSv1.3"[..]), Some(&b"me"[..]))
    );
    assert_eq!((ssl.cipher(), ssl.key_algorithm()), (None, None));
    verify(ProxyCodec::new, own, &written, std::slice::from_ref(&read), None);
    verify_round_trip(ProxyCodec::new, &[read]);

    // Of LOCAL and of an unspecified family, what follows is to be ignored.
    let local = proxy_v2(0x20, 0xff, &[b"whatever"]);
    verify(ProxyCodec::new, own, &local, &[ProxyHeader::local()], None);
    let unspecified = proxy_v2(0x21, 0, &[b"\x01"]);
    verify(ProxyCodec::new, own, &unspecified, &[unknown], None);
}

#[test]
fn bad_proxy_headers_of_version_2() {
    let mut wrong_sum = ProxyHeader::new("1.2.3.4:1".parse().unwrap(), "1.2.3.4:2".parse().unwrap())
        .with_checksum()
        .to_bytes()
        .unwrap();
    wrong_sum[20] ^= 1;
    let unique = [&[0x05, 0, 129][..], &[0; 129]].concat();
    let v4 = |fields: &[u8]| proxy_v2(0x21, 0x11, &[PROXIED_V4, fields]);
    for (input, why) in [
        (
            proxy_v2(0x11, 0x11, &[PROXIED_V4]),
            "malformed PROXY header: the version is not 2",
        ),
        (
            proxy_v2(0x22, 0x11, &[PROXIED_V4]),
            "malformed PROXY header: the command is unknown",
        ),
        (
            proxy_v2(0x21, 0x10, &[PROXIED_V4]),
            "malformed PROXY header: the family or the transport is unknown",
        ),
        (
            proxy_v2(0x21, 0x41, &[PROXIED_V4]),
            "malformed PROXY header: the family or the transport is unknown",
        ),
        (
            proxy_v2(0x21, 0x21, &[PROXIED_V4]),
            "malformed PROXY header: the addresses end beyond the header",
        ),
        (v4(&[1]), "malformed PROXY header: a field ends beyond the header"),
        (
            v4(&[1, 0, 2, b'h']),
            "malformed PROXY header: a field ends beyond the header",
        ),
        (
            v4(b"\x02\0\x01\xff"),
            "malformed PROXY header: the authority is not UTF-8 text",
        ),
        (
            v4(b"\x03\0\x01\0"),
            "malformed PROXY header: the checksum does not have 4 bytes",
        ),
        (
            v4(&unique),
            "malformed PROXY header: the unique identifier is longer than 128 bytes",
        ),
        (
            v4(b"\x20\0\x04\0\0\0\0"),
            "malformed PROXY header: the SSL field is too short",
        ),
        (
            v4(b"\x20\0\x06\0\0\0\0\0\x21"),
            "malformed PROXY header: a field ends beyond the header",
        ),
        (wrong_sum, "PROXY header has a wrong checksum"),
        (
            proxy_v2(0x21, 0x11, &[&[0; 4081]]),
            "PROXY header is longer than the limit of 4096 bytes",
        ),
        (
            b"\r\n\r\n\0\r\nQUIX".to_vec(),
            "stream does not start with a PROXY header",
        ),
    ] {
        let message = format!("malformed frame at byte 0: {why}");
        verify(ProxyCodec::new, |header| header, &input, &[], Some((0, &message)));
    }
}
