//! What these sockets promise beyond `async_io::Async`, against std sockets as the other end.
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net;
use std::os::unix::net as unix;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_io::{Async, block_on};
use futures_lite::future::poll_once;
use futures_lite::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use socket2::{Domain, SockRef, Socket, Type};
use wirework::{Addr, Connection, Datagram, Listener, Split};
use wirework_async_io::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};

#[test]
fn both_ends_have_no_delay() {
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = listener.local_addr().unwrap().ip().unwrap();
    block_on(async {
        let client = TcpStream::connect(addr).await.unwrap();
        let server = listener.accept().await.unwrap();
        assert!(client.get_ref().nodelay().unwrap());
        assert!(server.get_ref().nodelay().unwrap());
        assert_eq!(client.peer_addr().unwrap(), Addr::Ip(addr));
        assert_eq!(server.peer_addr().unwrap(), client.local_addr().unwrap());
    });
}

#[test]
fn a_refused_connection_names_the_address() {
    // Bound, so that nobody else takes the port, but not listening.
    let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    silent.bind(&net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let addr = silent.local_addr().unwrap().as_socket().unwrap();
    let error = block_on(TcpStream::connect(addr)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot connect to {addr}: Connection refused")),
        "{error}"
    );
}

#[test]
fn close_sends_the_end_twice_over_and_leaves_reading_open() {
    let (mut stream, mut peer) = connected();
    block_on(async {
        stream.close().await.unwrap();
        stream.close().await.unwrap();
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
        peer.write_all(b"late").unwrap();
        let mut buf = [0; 8];
        assert_eq!(stream.read(&mut buf).await.unwrap(), 4);
        drop(peer);
        assert_eq!(stream.read(&mut buf).await.unwrap(), 0);
        stream.close().await.unwrap();
    });
}

#[test]
fn a_reset_is_an_error_and_no_end() {
    let (mut stream, peer) = connected();
    reset(peer);
    let error = block_on(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    block_on(stream.close()).unwrap();
}

#[test]
fn waiting_for_readiness_takes_no_error_away() {
    let (mut stream, peer) = connected();
    reset(peer);
    block_on(poll_fn(|cx| stream.poll_readable(cx))).unwrap();
    let error = block_on(stream.read(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn peeking_consumes_nothing() {
    let (mut stream, mut peer) = connected();
    peer.write_all(b"ping").unwrap();
    block_on(async {
        let mut buf = [0; 8];
        for _ in 0..2 {
            assert_eq!(poll_fn(|cx| stream.poll_peek(cx, &mut buf)).await.unwrap(), 4);
        }
        poll_fn(|cx| stream.poll_readable(cx)).await.unwrap();
        assert_eq!(stream.read(&mut buf).await.unwrap(), 4);
        assert!(poll_once(poll_fn(|cx| stream.poll_peek(cx, &mut buf))).await.is_none());
    });
}

#[test]
fn vectored_writes_gather() {
    let (mut stream, mut peer) = connected();
    let slices = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"write")];
    let written = block_on(poll_fn(|cx| Pin::new(&mut stream).poll_write_vectored(cx, &slices)));
    assert_eq!(written.unwrap(), 9);
    let mut buf = [0; 16];
    assert_eq!(peer.read(&mut buf).unwrap(), 9);
    assert_eq!(&buf[..9], b"one write");
}

#[test]
fn the_write_half_ends_the_stream_and_the_read_half_does_not() {
    let (stream, mut peer) = connected();
    let (mut read, mut write) = stream.split();
    block_on(async {
        write.write_all(b"ping").await.unwrap();
        drop(write);
        let mut received = String::new();
        peer.read_to_string(&mut received).unwrap();
        assert_eq!(received, "ping");
        peer.write_all(b"pong").unwrap();
        let mut buf = [0; 8];
        assert_eq!(read.read(&mut buf).await.unwrap(), 4);
    });

    let (stream, mut peer) = connected();
    let (read, mut write) = stream.split();
    drop(read);
    block_on(write.write_all(b"ping")).unwrap();
    let mut buf = [0; 4];
    peer.read_exact(&mut buf).unwrap();
    block_on(write.close()).unwrap();
    assert_eq!(peer.read(&mut buf).unwrap(), 0);
}

#[test]
fn a_full_socket_is_waited_for_and_all_bytes_arrive() {
    let (mut stream, mut peer) = connected();
    let sent: Vec<u8> = (0..4 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    let expected = sent.clone();
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).unwrap();
        received
    });
    block_on(async {
        stream.write_all(&sent).await.unwrap();
        stream.close().await.unwrap();
    });
    assert!(reader.join().unwrap() == expected);
}

#[test]
fn a_shared_socket_is_adopted_by_a_descriptor_of_its_own() {
    let (near, mut peer) = std_pair();
    let watched = Arc::new(Async::new(near).unwrap());
    let mut stream = TcpStream::adopt(Arc::clone(&watched)).unwrap();
    block_on(stream.write_all(b"ping")).unwrap();
    let mut buf = [0; 4];
    peer.read_exact(&mut buf).unwrap();
    block_on((&*watched).write_all(b"pong")).unwrap();
    peer.read_exact(&mut buf).unwrap();
    assert_eq!(&buf, b"pong");
}

#[test]
fn datagrams_are_cut_to_the_buffer() {
    let socket = UdpSocket::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let addr = socket.local_addr().unwrap();
    block_on(async {
        assert_eq!(socket.send_to(b"datagram", addr).await.unwrap(), 8);
        let mut buf = [0; 4];
        assert_eq!(socket.recv_from(&mut buf).await.unwrap(), (4, addr));
        assert_eq!(&buf, b"data");
    });
}

#[test]
fn unix_sockets_close_peek_and_name_their_path() {
    let path = std::env::temp_dir().join(format!("wirework-async-io-{}.sock", std::process::id()));
    let error = block_on(UnixStream::connect(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");

    let mut listener = UnixListener::bind(&path).unwrap();
    assert_eq!(listener.local_addr().unwrap(), Addr::Unix(Some(path.clone())));
    let mut client = unix::UnixStream::connect(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    block_on(async {
        let mut server = listener.accept().await.unwrap();
        assert_eq!(server.peer_addr().unwrap(), Addr::Unix(None));
        client.write_all(b"ping").unwrap();
        let mut buf = [0; 8];
        assert_eq!(poll_fn(|cx| server.poll_peek(cx, &mut buf)).await.unwrap(), 4);
        assert_eq!(server.read(&mut buf).await.unwrap(), 4);
        server.close().await.unwrap();
        assert_eq!(client.read(&mut buf).unwrap(), 0);
    });
}

fn connected() -> (TcpStream, net::TcpStream) {
    let (near, far) = std_pair();
    (TcpStream::try_from(near).unwrap(), far)
}

fn std_pair() -> (net::TcpStream, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Closes with a reset rather than an end.
fn reset(stream: net::TcpStream) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
}
