//! The epoll instance: the system's side of the reactor.
//!
//! It is a source of async-io, too. So any thread that runs async-io's reactor finds our events: those of smol's and
//! async-std's executors as they are, or the one that async-io starts for itself. The events are taken right there, in a waker,
//! rather than by a task, which would have to be scheduled first. async-io calls wakers without the locks that arming needs.

use std::io;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use async_io::Async;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use rustix::fd::OwnedFd;
use wirework::socket::AsSocket;

use super::Reactor;
use super::crew::{Events, Wait};
use super::readiness::{Readiness, Ready};
use super::rescue::Timer;
use super::table::{Key, Table};

#[derive(Debug)]
pub(crate) struct Epoll {
    instance: Async<OwnedFd>,
    /// Called by async-io.
    call: Waker,
    /// Readable as often as it is written; it is never read.
    interrupt: OwnedFd,
    table: Table,
    rescue: Timer,
}

impl Epoll {
    pub(crate) fn new() -> io::Result<Self> {
        let instance = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let interrupt = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let data = EventData::new_u64(Key::NONE.to_u64());
        epoll::add(&instance, &interrupt, data, EventFlags::IN | EventFlags::ET)?;
        Ok(Self {
            instance: Async::new_nonblocking(instance)?,
            call: Waker::from(Arc::new(Call)),
            interrupt,
            table: Table::new(),
            rescue: Timer::new(),
        })
    }

    /// Watches a socket for as long as it is open. Returns its place in the table, and what is known of it.
    pub(crate) fn add(&self, socket: &impl AsSocket) -> io::Result<(u32, Arc<Readiness>)> {
        let (key, readiness) = self.table.insert();
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        let added = epoll::add(self.instance.get_ref(), socket, EventData::new_u64(key.to_u64()), flags);
        added.inspect_err(|_| self.table.remove(key.index()))?;
        Ok((key.index(), readiness))
    }

    pub(crate) fn remove(&self, socket: &impl AsSocket, index: u32) {
        self.table.remove(index);
        // To close the socket would do, unless it has another descriptor somewhere.
        epoll::delete(self.instance.get_ref(), socket).ok();
    }
}

impl Events for Epoll {
    fn take(&self, wait: Wait, wakers: &mut Vec<Waker>) {
        let timeout = match wait {
            Wait::ForEvents => None,
            Wait::Not => Some(&Timespec { tv_sec: 0, tv_nsec: 0 }),
        };
        let mut room = [const { MaybeUninit::uninit() }; EVENTS_AT_ONCE];
        // It can fail only when it is interrupted by a signal, which brings no events.
        if let Ok((events, _)) = epoll::wait(self.instance.get_ref(), &mut room, timeout) {
            let events = events.iter().map(|event| {
                let epoll::Event { flags, data } = *event;
                (Key::from_u64(data.u64()), ready(flags))
            });
            self.table.dispatch(events, wakers);
        }
    }

    fn interrupt(&self) {
        // It can fail only when it was written 2⁶⁴ times.
        rustix::io::write(&self.interrupt, &1_u64.to_ne_bytes()).ok();
    }

    fn arm(&self) {
        // Ready stands for the call that was made last. The next poll waits for another.
        while self
            .instance
            .poll_readable(&mut Context::from_waker(&self.call))
            .is_ready()
        {}
    }

    fn start_rescue(&self) {
        self.rescue.start();
    }
}

#[derive(Debug)]
struct Call;

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        if let Some(reactor) = Reactor::get() {
            reactor.0.called();
        }
    }
}

/// More are left to the next turn.
const EVENTS_AT_ONCE: usize = 256;

fn ready(flags: EventFlags) -> Ready {
    let on = |these, ready| if flags.intersects(these) { ready } else { Ready::NOTHING };
    // An error or the end is found by trying.
    let end = EventFlags::RDHUP | EventFlags::HUP;
    on(EventFlags::IN | EventFlags::ERR | end, Ready::READ)
        | on(EventFlags::OUT | EventFlags::ERR | EventFlags::HUP, Ready::WRITE)
        | on(end, Ready::END)
}
