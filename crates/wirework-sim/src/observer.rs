//! Watching the network, as a capture does.

use std::net::SocketAddr;
use std::time::Duration;

use crate::{Capture, Segment, Sim};

/// Is told of each packet that arrives at a host; Unix sockets have no packets. [`Sim::observe`] sets it.
///
/// It is called while the world is locked, so it must not use it.
pub trait Observer: Send {
    /// A TCP segment arrived, `at` after the world began. Sequence numbers follow from what came before: nothing arrives twice
    /// or out of order.
    fn tcp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]);

    /// A datagram arrived.
    fn udp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, payload: &[u8]);
}

impl Observer for Capture {
    fn tcp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        Self::tcp(self, at, from, to, segment, payload);
    }

    fn udp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        Self::udp(self, at, from, to, payload);
    }
}

impl<O: Observer> Observer for std::sync::Arc<std::sync::Mutex<O>> {
    fn tcp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, segment: Segment, payload: &[u8]) {
        let mut observer = self.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        observer.tcp(at, from, to, segment, payload);
    }

    fn udp(&mut self, at: Duration, from: SocketAddr, to: SocketAddr, payload: &[u8]) {
        let mut observer = self.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        observer.udp(at, from, to, payload);
    }
}

impl Sim {
    /// Tells `observer` of all packets that arrive from now on. To keep it, give an `Arc<Mutex<_>>` of it.
    pub fn observe(&self, observer: impl Observer + 'static) {
        self.shared.lock().net.observers.push(Box::new(observer));
    }
}
