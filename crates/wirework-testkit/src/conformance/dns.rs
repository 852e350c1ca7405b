//! Names and the addresses they stand for.

use std::net::SocketAddr;

use wirework::Network;

/// The name of this machine is known, and the port is passed through.
pub async fn localhost_is_loopback<N: Network>(rt: N) {
    let addrs = rt
        .resolve("localhost", 4242)
        .await
        .expect("localhost must have an address");
    assert!(!addrs.is_empty(), "a lookup that finds nothing must be an error");
    for addr in addrs {
        assert!(addr.ip().is_loopback(), "localhost must be this machine, not {addr}");
        assert_eq!(addr.port(), 4242, "the port must be passed through");
    }
}

/// An address stands for itself.
pub async fn an_address_is_itself<N: Network>(rt: N) {
    for (host, expected) in [("192.0.2.1", "192.0.2.1:80"), ("2001:db8::1", "[2001:db8::1]:80")] {
        let expected: SocketAddr = expected.parse().expect("a literal");
        let addrs = rt
            .resolve(host, 80)
            .await
            .expect("an address must resolve without asking anyone");
        assert_eq!(addrs, [expected], "an address must resolve to itself");
    }
}

/// An unknown name is an error that says which name it was.
pub async fn unknown_names_the_host<N: Network>(rt: N) {
    // RFC 6761, section 6.4: this name never exists.
    let error = rt
        .resolve("no-such-host.invalid", 80)
        .await
        .expect_err("a name that does not exist must not resolve");
    assert!(
        error.to_string().contains("no-such-host.invalid"),
        "the error must name the host: {error}"
    );
}

/// A dropped lookup harms nobody.
pub async fn a_dropped_lookup_harms_nobody<N: Network>(rt: N) {
    for _ in 0..10 {
        drop(futures_lite::future::poll_once(rt.resolve("localhost", 80)).await);
    }
    rt.resolve("localhost", 80)
        .await
        .expect("localhost must have an address");
}
