//! UDP: messages are whole, and socket and task are used by `&self`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Context;

use futures_lite::future::{poll_once, zip};
use wirework::{Datagram, Network};

use crate::pattern::Pattern;
use crate::transport::LOOPBACK;
use crate::wake_counter::{WakeCounter, assert_two_pollers_do_not_spin};

/// A message goes out and another comes back, each from the address that its sender is bound to.
pub async fn echo<N: Network>(rt: N) {
    let ((client, from), (server, to)) = (bind(&rt), bind(&rt));
    send(&client, b"ping", to).await;
    let mut buf = [0; 16];
    let (length, source) = receive(&server, &mut buf).await;
    assert_eq!(
        (&buf[..length], source),
        (&b"ping"[..], from),
        "message or source is wrong"
    );
    send(&server, b"pong!", source).await;
    let (length, source) = receive(&client, &mut buf).await;
    assert_eq!(
        (&buf[..length], source),
        (&b"pong!"[..], to),
        "message or source is wrong"
    );
}

/// Port 0 means any port, and the socket says which one it became.
pub async fn port_zero_becomes_a_real_port<N: Network>(rt: N) {
    let (_socket, addr) = bind(&rt);
    assert_eq!(addr.ip(), LOOPBACK.ip(), "a socket must be bound where it was told to");
    assert_ne!(
        addr.port(),
        0,
        "port 0 must be reported as the port that the system chose"
    );
}

/// A port that is bound cannot be bound again, and the error says which port.
pub async fn in_use_names_the_address<N: Network>(rt: N) {
    let (_socket, addr) = bind(&rt);
    let Err(error) = rt.bind_udp(addr) else {
        panic!("binding a port that is bound already must fail");
    };
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "wrong kind of error: {error}");
    assert!(
        error.to_string().contains(&addr.to_string()),
        "the error must name {addr}: {error}"
    );
}

/// Messages are neither joined nor split, and one without content is a message too.
pub async fn boundaries_are_kept<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    let lengths = [1, 0, 1400, 7, 9000, 0, 64];
    for length in lengths {
        send(&client, &vec![b'x'; length], to).await;
    }
    let mut buf = [0; 10_000];
    for expected in lengths {
        let (length, _) = receive(&server, &mut buf).await;
        assert_eq!(length, expected, "a receive must give one message, whole");
    }
}

/// What does not fit is cut off, and does not come back with the next message.
pub async fn what_does_not_fit_is_cut_off<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    send(&client, b"0123456789", to).await;
    send(&client, b"next", to).await;
    let mut buf = [0; 4];
    let (length, _) = receive(&server, &mut buf).await;
    assert_eq!(&buf[..length], b"0123", "a message that does not fit must be cut off");
    let (length, _) = receive(&server, &mut buf).await;
    assert_eq!(&buf[..length], b"next", "what was cut off must be gone");
}

/// A message over UDP's limit is an error, and the socket stays usable.
pub async fn too_big_is_an_error<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    let sent = client.send_to(&vec![0; 65_508], to).await;
    assert!(sent.is_err(), "a message of 65,508 bytes must be refused: {sent:?}");
    send(&client, b"small", to).await;
    let (length, _) = receive(&server, &mut [0; 16]).await;
    assert_eq!(
        length, 5,
        "the socket must stay usable, and nothing be left of the big message"
    );
}

/// A dropped receive loses no message.
pub async fn a_dropped_receive_loses_nothing<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    let mut buf = [0; 16];
    let mut received = Vec::new();
    for number in 0..20 {
        received.extend(poll_once(server.recv_from(&mut buf)).await.map(|_| buf[0]));
        send(&client, &[number], to).await;
        received.extend(poll_once(server.recv_from(&mut buf)).await.map(|_| buf[0]));
    }
    while received.len() < 20 {
        receive(&server, &mut buf).await;
        received.push(buf[0]);
    }
    assert!(
        received.into_iter().eq(0..20),
        "a dropped receive must not lose a message"
    );
}

/// One task sends while another receives, on the same socket, at both ends.
pub async fn both_directions_at_once<N: Network>(rt: N) {
    let ((left, left_addr), (right, right_addr)) = (bind(&rt), bind(&rt));
    let left = converse(&rt, left, right_addr);
    let right = converse(&rt, right, left_addr);
    zip(left, right).await;
}

/// A message that nobody was there to receive does not break the socket that sent it.
pub async fn an_undelivered_message_harms_nothing<N: Network>(rt: N) {
    let ((client, from), (server, to)) = (bind(&rt), bind(&rt));
    let (gone, nobody) = bind(&rt);
    drop(gone);
    send(&client, b"lost", nobody).await;
    send(&client, b"ping", to).await;
    receive(&server, &mut [0; 16]).await;
    send(&server, b"pong", from).await;
    let mut buf = [0; 16];
    let received = match client.recv_from(&mut buf).await {
        // Some systems report the loss of the earlier message here.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => client.recv_from(&mut buf).await,
        received => received,
    };
    let (length, _) = received.expect("the socket must stay usable");
    assert_eq!(&buf[..length], b"pong", "the message is wrong");
}

/// The waker of the last poll is woken, whoever polled before.
pub async fn the_last_task_to_receive_is_woken<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    let (first, last) = (WakeCounter::new(), WakeCounter::new());
    for counter in [&first, &last] {
        let polled = counter.poll(|cx| server.poll_recv_from(cx, &mut [0; 16]));
        assert!(polled.is_pending(), "a receive must wait while there is no message");
    }
    send(&client, b"ping", to).await;
    last.woken().await;
}

/// Two tasks that wait for the same socket do not keep waking each other.
pub async fn two_tasks_receiving_do_not_spin<N: Network>(rt: N) {
    let ((client, _), (server, to)) = (bind(&rt), bind(&rt));
    let poll = |cx: &mut Context<'_>| server.poll_recv_from(cx, &mut [0; 16]).is_pending();
    let last = assert_two_pollers_do_not_spin(&rt, poll).await;
    send(&client, b"ping", to).await;
    last.woken().await;
}

/// Sends messages from a task while receiving as many; each is sent once the one before it was answered.
async fn converse<N: Network>(rt: &N, socket: N::UdpSocket, peer: SocketAddr) {
    const MESSAGES: usize = 200;
    // Few enough at a time to fit into any receive buffer, for UDP drops what does not.
    const WINDOW: usize = 8;
    let socket = Arc::new(socket);
    let (permit, permits) = async_channel::bounded(WINDOW);
    let sender = rt.spawn({
        let socket = Arc::clone(&socket);
        let mut pattern = Pattern::new(1);
        async move {
            for number in 0..MESSAGES {
                if number >= WINDOW {
                    permits.recv().await.expect("the receiving side must not fail");
                }
                send(&*socket, &pattern.take(100), peer).await;
            }
        }
    });
    let mut pattern = Pattern::new(1);
    let mut buf = [0; 200];
    for _ in 0..MESSAGES {
        let (length, source) = receive(&*socket, &mut buf).await;
        assert_eq!((length, source), (100, peer), "a message's length or source is wrong");
        pattern.expect(&buf[..length]);
        // Refused once the sender has sent its last message.
        permit.try_send(()).ok();
    }
    sender.await.expect("the sending task must not fail");
}

fn bind<N: Network>(rt: &N) -> (N::UdpSocket, SocketAddr) {
    let socket = rt.bind_udp(LOOPBACK).expect("binding a free port must succeed");
    let addr = socket.local_addr().expect("a socket must know its address");
    (socket, addr)
}

async fn send<D: Datagram>(socket: &D, message: &[u8], target: SocketAddr) {
    let sent = socket.send_to(message, target).await.expect("sending must succeed");
    assert_eq!(sent, message.len(), "a message must be sent whole");
}

async fn receive<D: Datagram>(socket: &D, buf: &mut [u8]) -> (usize, SocketAddr) {
    socket.recv_from(buf).await.expect("receiving must succeed")
}
