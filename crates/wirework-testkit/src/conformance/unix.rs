//! Unix sockets: paths, and the errors that name them.
//!
//! What holds of any connection is checked in the modules that are generic over the transport.

use std::io;
use std::os::unix::net::UnixListener;

use futures_lite::AsyncWriteExt;
use futures_lite::future::{poll_once, zip};
use wirework::{Addr, Connection, Listener, Network};

use crate::steps::expect_bytes;
use crate::temp_path::TempPath;

/// The listener's path is the server's address; a client has no name.
pub async fn addresses_are_the_path<N: Network>(rt: N) {
    let path = TempPath::new();
    let mut listener = rt.listen_unix(&path).expect("listening on a new path must succeed");
    let (client, server) = zip(rt.connect_unix(&path), listener.accept()).await;
    let client = client.expect("connecting to a listener must succeed");
    let server = server.expect("accepting a connection must succeed");
    let named = Addr::Unix(Some(path.to_path_buf()));
    let unnamed = Addr::Unix(None);
    for (what, addr, expected) in [
        ("the listener's address", listener.local_addr(), &named),
        ("the client's peer", client.peer_addr(), &named),
        ("the client's own address", client.local_addr(), &unnamed),
        ("the server's peer", server.peer_addr(), &unnamed),
        ("the server's own address", server.local_addr(), &named),
    ] {
        let addr = addr.expect("a Unix socket must know its addresses");
        assert_eq!(addr, *expected, "{what} is wrong");
    }
}

/// A path that exists cannot be listened on, and the error says which path. A dropped listener leaves its file where it is.
pub async fn in_use_names_the_path<N: Network>(rt: N) {
    let path = TempPath::new();
    let listener = rt.listen_unix(&path).expect("listening on a new path must succeed");
    assert_in_use(&rt, &path);
    drop(listener);
    // Not by looking for the file: that may be in a file system of the runtime's own.
    assert_in_use(&rt, &path);
}

/// Connecting to a path that does not exist fails, and the error says which path.
pub async fn not_found_names_the_path<N: Network>(rt: N) {
    let path = TempPath::new();
    assert_cannot_connect(&rt, &path, io::ErrorKind::NotFound).await;
}

/// Connecting to a file that nobody listens on any more is refused.
pub async fn refused_names_the_path<N: Network>(rt: N) {
    let path = TempPath::new();
    drop(rt.listen_unix(&path).expect("listening on a new path must succeed"));
    assert_cannot_connect(&rt, &path, io::ErrorKind::ConnectionRefused).await;
}

/// Connections are accepted in the order in which they were made.
pub async fn accepts_in_order<N: Network>(rt: N) {
    let path = TempPath::new();
    let mut listener = rt.listen_unix(&path).expect("listening on a new path must succeed");
    let mut clients = Vec::new();
    for number in 0..50 {
        let mut client = rt
            .connect_unix(&path)
            .await
            .expect("connecting must not wait for accept");
        client
            .write_all(&[number])
            .await
            .expect("writing must not wait for accept");
        clients.push(client);
    }
    for number in 0..50 {
        let mut server = listener.accept().await.expect("accepting a connection must succeed");
        expect_bytes(&mut server, &[number]).await;
    }
}

/// A dropped `accept` loses no connection.
pub async fn a_dropped_accept_loses_no_connection<N: Network>(rt: N) {
    let path = TempPath::new();
    let mut listener = rt.listen_unix(&path).expect("listening on a new path must succeed");
    let (mut clients, mut accepted) = (Vec::new(), Vec::new());
    for number in 0..20 {
        let before = poll_once(listener.accept()).await;
        let mut client = rt
            .connect_unix(&path)
            .await
            .expect("connecting must not wait for accept");
        client
            .write_all(&[number])
            .await
            .expect("writing must not wait for accept");
        let after = poll_once(listener.accept()).await;
        accepted.extend([before, after].into_iter().flatten());
        clients.push(client);
    }
    while accepted.len() < clients.len() {
        accepted.push(listener.accept().await);
    }
    for (number, server) in (0..).zip(accepted) {
        let mut server = server.expect("accepting a connection must succeed");
        expect_bytes(&mut server, &[number]).await;
    }
}

fn assert_in_use<N: Network>(rt: &N, path: &TempPath) {
    let Err(error) = rt.listen_unix(path) else {
        panic!("listening on a path that exists must fail");
    };
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "wrong kind of error: {error}");
    assert_names(&error, path);
}

async fn assert_cannot_connect<N: Network>(rt: &N, path: &TempPath, kind: io::ErrorKind) {
    let Err(error) = rt.connect_unix(path).await else {
        panic!("connecting to {} must fail, for nobody listens there", path.display());
    };
    assert_eq!(error.kind(), kind, "wrong kind of error: {error}");
    assert_names(&error, path);
}

fn assert_names(error: &io::Error, path: &TempPath) {
    assert!(
        error.to_string().contains(&path.display().to_string()),
        "the error must name {}: {error}",
        path.display()
    );
}

/// A socket that was made elsewhere, and blocks, can be adopted.
pub async fn a_listener_can_be_adopted<N: Network>(rt: N) {
    let path = TempPath::new();
    let socket = UnixListener::bind(&*path).expect("the system can listen");
    let adopted = rt.adopt_unix_listener(socket);
    if matches!(&adopted, Err(error) if error.kind() == io::ErrorKind::Unsupported) {
        return println!("not checked, this network has no sockets of the system");
    }
    let mut listener = adopted.expect("adopting a listener must succeed");
    let (client, server) = zip(rt.connect_unix(&path), listener.accept()).await;
    let mut client = client.expect("connecting to an adopted listener must succeed");
    let mut server = server.expect("accepting from an adopted listener must succeed");
    client.write_all(b"hello").await.expect("writing must succeed");
    expect_bytes(&mut server, b"hello").await;
}
