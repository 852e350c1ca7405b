//! The concurrent parts of the reactor, under every interleaving.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p wirework-async-io --test loom --release`
#![cfg(loom)]
#![allow(clippy::unwrap_used, reason = "a panic in a test is its report")]
#![allow(
    dead_code,
    reason = "the modules are those of the crate, and not all of each is used here"
)]

#[path = "../src/reactor/crew.rs"]
mod crew;
#[path = "../src/interest.rs"]
mod interest;
#[path = "../src/reactor/parker.rs"]
mod parker;
#[path = "../src/reactor/readiness.rs"]
mod readiness;
#[path = "../src/reactor/roles.rs"]
mod roles;
#[path = "../src/reactor/table.rs"]
mod table;

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::sync::{Condvar, Mutex, MutexGuard};
use loom::thread;

use crew::{Crew, Events, Wait};
use interest::Interest;
use parker::Parker;
use readiness::{Readiness, Ready};
use table::Table;

/// A reader drains a socket, finds it short, and waits, while bytes come: they are never left lying.
#[test]
fn an_event_between_a_short_read_and_its_note_is_not_lost() {
    loom::model(|| {
        let socket = Arc::new(Socket::new(1));
        let peer = Arc::clone(&socket);
        let sending = thread::spawn(move || peer.receives(1));
        let probe = Probe::new();
        let mut read = 0;
        while read < 2 {
            match socket.read(&probe.waker) {
                Poll::Ready(bytes) => read += bytes,
                Poll::Pending => probe.wait(),
            }
        }
        sending.join().unwrap();
    });
}

/// As above, with two threads that bring events, in any order.
#[test]
fn late_events_from_two_threads_are_not_lost() {
    bounded(|| {
        let socket = Arc::new(Socket::new(0));
        let threads = [1, 1].map(|bytes| {
            let peer = Arc::clone(&socket);
            thread::spawn(move || peer.receives(bytes))
        });
        let probe = Probe::new();
        let mut read = 0;
        while read < 2 {
            match socket.read(&probe.waker) {
                Poll::Ready(bytes) => read += bytes,
                Poll::Pending => probe.wait(),
            }
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The end of a stream is reported once, perhaps together with the last bytes, and must outlast a short read.
#[test]
fn the_end_outlasts_a_short_read() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let events = Arc::clone(&readiness);
        let ending = thread::spawn(move || events.bring(Ready::READ | Ready::END));
        // A thread of its own, or else loom has it always begin before the other.
        let reading = thread::spawn(move || {
            let probe = Probe::new();
            let mut cx = Context::from_waker(&probe.waker);
            if let Poll::Ready(seen) = readiness.poll(Interest::Read, &mut cx) {
                readiness.used_up(Interest::Read, seen);
            }
            while readiness.poll(Interest::Read, &mut cx).is_pending() {
                probe.wait();
            }
        });
        ending.join().unwrap();
        reading.join().unwrap();
    });
}

/// Two tasks wait in turn for one direction: the later one is woken.
#[test]
fn the_last_waker_wins() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let [first, last] = [Probe::new(), Probe::new()];
        readiness.exhaust(Interest::Read, &first.waker);
        let events = Arc::clone(&readiness);
        let event = thread::spawn(move || events.bring(Ready::READ));
        if readiness
            .poll(Interest::Read, &mut Context::from_waker(&last.waker))
            .is_pending()
        {
            last.wait();
        }
        event.join().unwrap();
    });
}

/// The directions share a word, but neither takes the other's events away.
#[test]
fn the_directions_do_not_disturb_each_other() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new());
        let writer = Arc::clone(&readiness);
        let events = Arc::clone(&readiness);
        let writing = thread::spawn(move || {
            let probe = Probe::new();
            writer.exhaust(Interest::Write, &probe.waker);
            writer
        });
        let probe = Probe::new();
        let event = thread::spawn(move || events.bring(Ready::READ));
        let mut cx = Context::from_waker(&probe.waker);
        let Poll::Ready(seen) = readiness.poll(Interest::Read, &mut cx) else {
            unreachable!("it starts ready");
        };
        event.join().unwrap();
        readiness.would_block(Interest::Read, seen);
        let writer = writing.join().unwrap();
        // Either the event came before the look, and the note holds, or after, and then it is kept.
        let _ = readiness.poll(Interest::Read, &mut cx);
        assert!(writer.poll(Interest::Write, &mut cx).is_pending());
    });
}

/// An event on its way to a socket that is gone does not reach the one that took its place.
#[test]
fn a_late_event_does_not_reach_the_next_socket() {
    loom::model(|| {
        let table = Arc::new(Table::new());
        let old = Arc::new(Readiness::new());
        let key = table.insert(Arc::clone(&old));
        let events = Arc::clone(&table);
        let event = thread::spawn(move || {
            let mut wakers = Vec::new();
            events.dispatch([(key, Ready::READ)].into_iter(), &mut wakers);
            assert!(wakers.is_empty());
        });
        table.remove(key.index());
        let next = Arc::new(Readiness::new());
        let probe = Probe::new();
        next.exhaust(Interest::Read, &probe.waker);
        let next_key = table.insert(Arc::clone(&next));
        event.join().unwrap();
        assert_ne!(key, next_key);
        assert!(
            next.poll(Interest::Read, &mut Context::from_waker(&probe.waker))
                .is_pending()
        );
    });
}

/// Whoever is notified stops waiting, whatever it waits in.
#[test]
fn a_notified_member_returns() {
    loom::model(|| {
        let reactor = Model::model();
        let member = reactor.member();
        let notified = member.clone();
        let notifying = thread::spawn(move || notified.notify());
        member.wait();
        notifying.join().unwrap();
        member.leave();
        assert!(reactor.is_armed());
    });
}

/// Two members wait for an event each: whoever drives when it comes wakes the right one, and whoever leaves first leaves a
/// driver behind.
#[test]
fn every_event_reaches_its_member() {
    bounded(|| {
        let reactor = Model::model();
        let members = [reactor.member(), reactor.member()];
        members.iter().for_each(Member::event);
        let threads = members.map(|member| {
            thread::spawn(move || {
                member.wait();
                member.leave();
            })
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(reactor.is_armed());
    });
}

/// A member that was notified in passing leaves. The other one must not sleep on while nobody drives.
#[test]
fn a_member_that_leaves_leaves_a_driver_behind() {
    bounded(|| {
        let reactor = Model::model();
        let [leaves, stays] = [reactor.member(), reactor.member()];
        let stayed = stays.clone();
        let staying = thread::spawn(move || {
            stayed.wait();
            stayed.leave();
        });
        leaves.notify();
        leaves.wait();
        leaves.leave();
        // Nobody but the one that stays can take this.
        stays.event();
        staying.join().unwrap();
        assert!(reactor.is_armed());
    });
}

/// async-io takes events while a member comes and goes.
#[test]
fn async_io_and_a_member_lose_no_event_between_them() {
    bounded(|| {
        let reactor = Model::model();
        let member = reactor.member();
        member.event();
        let calling = Arc::clone(&reactor);
        let call = thread::spawn(move || calling.async_io());
        member.wait();
        member.leave();
        call.join().unwrap();
        assert!(reactor.is_armed());
    });
}

/// While one member is busy for long, the rescue finds the other one, which sleeps, or else async-io.
#[test]
fn the_rescue_finds_a_driver() {
    bounded(|| {
        let reactor = Model::model();
        let [busy, waits] = [reactor.member(), reactor.member()];
        busy.event();
        let waiting = waits.clone();
        let thread = thread::spawn(move || {
            waiting.wait();
            waiting.leave();
        });
        busy.wait();
        // It is busy from here on.
        reactor.time_passes();
        waits.event();
        reactor.async_io();
        thread.join().unwrap();
        busy.leave();
        assert!(reactor.is_armed());
    });
}

/// A task takes the events after async-io was called, and hands the part back once there are none, while they go on coming.
#[test]
fn a_task_and_async_io_lose_no_event_between_them() {
    bounded(|| {
        let reactor = Model::model();
        let executor = Executor::on(&reactor);
        let served = Arc::clone(&reactor);
        let async_io = thread::spawn(move || served.serve_async_io());
        reactor.events.bring([executor.event(1), executor.event(2)]);
        executor.run_until(1 | 2);
        reactor.events.bring([executor.event(4)]);
        executor.run_until(4);
        reactor.events.stop();
        async_io.join().unwrap();
    });
}

/// As above, while a thread comes and goes that takes events itself.
#[test]
fn a_task_and_a_member_lose_no_event_between_them() {
    bounded(|| {
        let reactor = Model::model();
        let executor = Executor::on(&reactor);
        reactor.events.bring([executor.event(1), executor.event(2)]);
        let member = reactor.member();
        let thread = thread::spawn(move || {
            member.event();
            member.wait();
            member.leave();
        });
        reactor.async_io();
        executor.run();
        thread.join().unwrap();
        // Whoever was last has left it to async-io, or to the task.
        reactor.async_io();
        executor.run();
        executor.run_until(1 | 2);
        assert!(reactor.is_armed());
    });
}

/// Leaves out what takes more than three preemptions, of which there is too much.
fn bounded(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

impl Readiness {
    fn bring(&self, ready: Ready) {
        let mut wakers = Vec::new();
        self.set(ready, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn exhaust(&self, interest: Interest, waker: &Waker) {
        let mut cx = Context::from_waker(waker);
        while let Poll::Ready(seen) = self.poll(interest, &mut cx) {
            self.would_block(interest, seen);
        }
    }
}

/// A socket that holds so many bytes, and its readiness.
struct Socket {
    bytes: AtomicUsize,
    readiness: Readiness,
}

impl Socket {
    fn new(bytes: usize) -> Self {
        Self {
            bytes: AtomicUsize::new(bytes),
            readiness: Readiness::new(),
        }
    }

    fn receives(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::SeqCst);
        self.readiness.bring(Ready::READ);
    }

    /// A read into a buffer that is never filled.
    fn read(&self, waker: &Waker) -> Poll<usize> {
        loop {
            let mut cx = Context::from_waker(waker);
            let Poll::Ready(seen) = self.readiness.poll(Interest::Read, &mut cx) else {
                return Poll::Pending;
            };
            match self.bytes.swap(0, Ordering::SeqCst) {
                0 => self.readiness.would_block(Interest::Read, seen),
                bytes => {
                    self.readiness.used_up(Interest::Read, seen);
                    return Poll::Ready(bytes);
                }
            }
        }
    }
}

/// A waker that can be waited for.
struct Probe {
    woken: Arc<Woken>,
    waker: Waker,
}

impl Probe {
    fn new() -> Self {
        let woken = Arc::new(Woken(Mutex::new(false), Condvar::new()));
        Self {
            waker: Waker::from(Arc::clone(&woken)),
            woken,
        }
    }

    fn wait(&self) {
        let mut woken = self.woken.0.lock().unwrap();
        while !*woken {
            woken = self.woken.1.wait(woken).unwrap();
        }
        *woken = false;
    }
}

struct Woken(Mutex<bool>, Condvar);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap() = true;
        self.1.notify_one();
    }
}

/// The reactor on a model of epoll.
type Model = Crew<Epoll>;

impl Model {
    fn model() -> Arc<Self> {
        Arc::new(Self::new(Epoll::default()))
    }

    fn member(self: &Arc<Self>) -> Member {
        self.join();
        Member {
            reactor: Arc::clone(self),
            parker: Arc::default(),
        }
    }

    /// async-io calls, if it was asked to and there are events.
    fn async_io(&self) {
        let mut state = self.events.lock();
        let calls = state.armed && !state.events.is_empty();
        state.armed &= !calls;
        drop(state);
        if calls {
            self.called();
        }
    }

    /// async-io calls whenever it is to, until it is stopped.
    fn serve_async_io(&self) {
        while self.events.wait_for_call() {
            self.called();
        }
    }

    /// The rescue looks for as long as it is asked to.
    fn time_passes(&self) {
        while std::mem::take(&mut self.events.lock().rescue) {
            self.rescue();
        }
    }

    /// Whether async-io will call. It has to, once there is nobody else.
    fn is_armed(&self) -> bool {
        self.events.lock().armed
    }
}

#[derive(Clone)]
struct Member {
    reactor: Arc<Model>,
    parker: Arc<Parker>,
}

impl Member {
    fn wait(&self) {
        self.reactor.wait(&self.parker, &mut Vec::new());
    }

    fn notify(&self) {
        self.reactor.notify(&self.parker);
    }

    /// Brings an event that one of the tasks of this member waits for.
    fn event(&self) {
        self.reactor
            .events
            .lock()
            .events
            .push(Waker::from(Arc::new(self.clone())));
        self.reactor.events.1.notify_one();
    }

    fn leave(self) {
        self.reactor.leave();
    }
}

impl Wake for Member {
    fn wake(self: Arc<Self>) {
        self.notify();
    }
}

/// A thread that runs the task of the reactor, and a task for each event.
struct Executor {
    reactor: Arc<Model>,
    woken: Arc<(Mutex<u8>, Condvar)>,
}

/// The waker of the task with this bit.
struct Wakes(u8, Arc<(Mutex<u8>, Condvar)>);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        *self.1.0.lock().unwrap() |= self.0;
        self.1.1.notify_one();
    }
}

impl Executor {
    const TASK: u8 = 128;

    fn on(reactor: &Arc<Model>) -> Self {
        assert!(reactor.claim());
        let executor = Self {
            reactor: Arc::clone(reactor),
            woken: Arc::new((Mutex::new(Self::TASK), Condvar::new())),
        };
        executor.run();
        executor
    }

    fn event(&self, bit: u8) -> Waker {
        Waker::from(Arc::new(Wakes(bit, Arc::clone(&self.woken))))
    }

    /// Runs what there is to run.
    fn run(&self) {
        while self.take_task() {
            self.reactor.poll_task(&self.event(Self::TASK), &mut Vec::new());
        }
    }

    fn run_until(&self, events: u8) {
        loop {
            self.run();
            let mut woken = self.woken.0.lock().unwrap();
            if *woken & events == events {
                return;
            }
            while *woken & Self::TASK == 0 && *woken & events != events {
                woken = self.woken.1.wait(woken).unwrap();
            }
        }
    }

    fn take_task(&self) -> bool {
        let mut woken = self.woken.0.lock().unwrap();
        let is_woken = *woken & Self::TASK != 0;
        *woken &= !Self::TASK;
        is_woken
    }
}

#[derive(Default)]
struct Epoll(Mutex<State>, Condvar);

#[derive(Default)]
struct State {
    events: Vec<Waker>,
    interrupted: bool,
    armed: bool,
    rescue: bool,
    stopped: bool,
}

impl Epoll {
    fn bring(&self, wakers: impl IntoIterator<Item = Waker>) {
        self.lock().events.extend(wakers);
        self.1.notify_all();
    }

    fn stop(&self) {
        self.lock().stopped = true;
        self.1.notify_all();
    }

    fn wait_for_call(&self) -> bool {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return false;
            }
            if state.armed && !state.events.is_empty() {
                state.armed = false;
                return true;
            }
            state = self.1.wait(state).unwrap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

impl Events for Epoll {
    fn take(&self, wait: Wait, wakers: &mut Vec<Waker>) {
        let mut state = self.lock();
        while wait == Wait::ForEvents && !state.interrupted && state.events.is_empty() {
            state = self.1.wait(state).unwrap();
        }
        state.interrupted = false;
        wakers.append(&mut state.events);
    }

    fn interrupt(&self) {
        self.lock().interrupted = true;
        self.1.notify_all();
    }

    fn arm(&self) {
        self.lock().armed = true;
        self.1.notify_all();
    }

    fn start_rescue(&self) {
        self.lock().rescue = true;
    }
}
