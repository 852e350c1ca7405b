//! Happy eyeballs, version 2 (RFC 8305): several addresses, the first that answers wins.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use super::FailedAttempt;
use crate::time::after;
use crate::{Runtime, Timer};

/// So many addresses of a name are tried at most.
const MAX_ADDRS: usize = 32;

/// The order of attempts (RFC 8305 §4): as the resolver sorted them, but the families take turns, so that a family which
/// does not work costs one delay and not one for each of its addresses. An address is tried once, and at most [`MAX_ADDRS`] are.
pub(super) fn interleaved(addrs: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first_is_v6 = addrs.first().is_some_and(SocketAddr::is_ipv6);
    let mut seen = Vec::with_capacity(addrs.len());
    let (mut preferred, mut other) = (VecDeque::new(), VecDeque::new());
    for addr in addrs {
        if seen.contains(&addr) {
            continue;
        }
        seen.push(addr);
        let family = if addr.is_ipv6() == first_is_v6 {
            &mut preferred
        } else {
            &mut other
        };
        family.push_back(addr);
    }
    let mut order = VecDeque::with_capacity(seen.len());
    while !(preferred.is_empty() && other.is_empty()) {
        order.extend(preferred.pop_front());
        order.extend(other.pop_front());
    }
    order.truncate(MAX_ADDRS);
    order
}

/// Connection attempts under way, and those that failed.
///
/// Apart from the future that drives it, so that the failures outlive a deadline.
#[derive(Debug)]
pub(super) struct Race<F> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<(SocketAddr, Pin<Box<F>>)>,
    failed: Vec<FailedAttempt>,
}

impl<F, S> Race<F>
where
    F: Future<Output = io::Result<S>>,
{
    pub(super) fn new(addrs: VecDeque<SocketAddr>) -> Self {
        Self {
            waiting: addrs,
            running: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// Runs attempts until one succeeds, which is `Some`, or all have failed.
    ///
    /// The next attempt starts when the last one has failed, or `stagger` after it was started (RFC 8305 §5).
    pub(super) async fn run<R: Runtime>(
        &mut self,
        runtime: &R,
        stagger: Duration,
        connect: impl Fn(SocketAddr) -> F,
    ) -> Option<S> {
        let mut timer = pin!(runtime.timer(runtime.now()));
        poll_fn(|cx| {
            loop {
                let failed_before = self.failed.len();
                if let Poll::Ready(stream) = self.poll_running(cx) {
                    return Poll::Ready(Some(stream));
                }
                if self.waiting.is_empty() {
                    return if self.running.is_empty() {
                        Poll::Ready(None)
                    } else {
                        Poll::Pending
                    };
                }
                let at_once = self.running.is_empty() || self.failed.len() > failed_before;
                if !at_once && timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                self.start_next(&connect);
                timer.as_mut().reset(after(runtime.now(), stagger));
            }
        })
        .await
    }

    /// The addresses that failed, and those that had not answered.
    pub(super) fn into_failed(self) -> Vec<FailedAttempt> {
        let unfinished = self.running.into_iter().map(|(addr, _)| FailedAttempt {
            addr,
            error: io::Error::new(io::ErrorKind::TimedOut, format!("{addr} has not answered")),
        });
        self.failed.into_iter().chain(unfinished).collect()
    }

    fn start_next(&mut self, connect: impl Fn(SocketAddr) -> F) {
        if let Some(addr) = self.waiting.pop_front() {
            self.running.push((addr, Box::pin(connect(addr))));
        }
    }

    /// Polls every attempt, and puts those that fail aside.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<S> {
        let mut index = 0;
        while let Some((addr, attempt)) = self.running.get_mut(index) {
            match attempt.as_mut().poll(cx) {
                Poll::Pending => index += 1,
                Poll::Ready(Ok(stream)) => return Poll::Ready(stream),
                Poll::Ready(Err(error)) => {
                    let addr = *addr;
                    drop(self.running.remove(index));
                    self.failed.push(FailedAttempt { addr, error });
                }
            }
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_the_resolvers_first_goes_first() {
        let addrs = |list: &[&str]| {
            list.iter()
                .map(|addr| addr.parse().unwrap())
                .collect::<Vec<SocketAddr>>()
        };
        let resolved = addrs(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "[::1]:1", "2.2.2.2:1"]);
        let order = addrs(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(interleaved(resolved), order);
        assert_eq!(
            interleaved(addrs(&["1.1.1.1:1", "[::1]:1"])),
            addrs(&["1.1.1.1:1", "[::1]:1"])
        );
        assert!(interleaved(Vec::new()).is_empty());
        let many = (0..100).map(|port| ([1, 1, 1, 1], port).into()).collect();
        assert_eq!(interleaved(many).len(), MAX_ADDRS);
    }
}
