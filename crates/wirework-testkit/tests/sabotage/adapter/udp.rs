//! UDP sockets that may mistake messages for a stream.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker, ready};

use wirework::{Datagram, Network};
use wirework_smol::Smol;

use super::Fault;
use super::waking::wake_other;

#[derive(Debug)]
pub(crate) struct UdpSocket {
    fault: Fault,
    inner: <Smol as Network>::UdpSocket,
    last_waker: Mutex<Option<Waker>>,
    rest: Mutex<Option<(Vec<u8>, SocketAddr)>>,
}

impl UdpSocket {
    pub(crate) fn new(fault: Fault, inner: <Smol as Network>::UdpSocket) -> Self {
        Self {
            fault,
            inner,
            last_waker: Mutex::default(),
            rest: Mutex::default(),
        }
    }
}

impl Datagram for UdpSocket {
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        if self.fault == Fault::ReadersWakeEachOther {
            wake_other(&mut self.last_waker.lock().expect("nothing panics meanwhile"), cx);
        }
        let rest = self.rest.lock().expect("nothing panics meanwhile").take();
        let (message, from) = if let Some(rest) = rest {
            rest
        } else {
            let mut message = vec![0; 1 << 16];
            let (length, from) = ready!(self.inner.poll_recv_from(cx, &mut message))?;
            message.truncate(length);
            let is_lost = match self.fault {
                Fault::EmptyMessagesAreSkipped => length == 0,
                Fault::PendingReadHappens => message == [7],
                _ => false,
            };
            if is_lost {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            (message, from)
        };
        let length = message.len().min(buf.len());
        buf[..length].copy_from_slice(&message[..length]);
        if self.fault == Fault::RestComesLater && length < message.len() {
            *self.rest.lock().expect("nothing panics meanwhile") = Some((message[length..].to_vec(), from));
        }
        Poll::Ready(Ok((length, from)))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], target: SocketAddr) -> Poll<io::Result<usize>> {
        match self.fault {
            Fault::BigMessagesAreCut => self.inner.poll_send_to(cx, &buf[..buf.len().min(65_507)], target),
            _ => self.inner.poll_send_to(cx, buf, target),
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}
