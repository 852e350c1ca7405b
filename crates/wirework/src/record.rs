//! What is known of one connection while it lives: who it is, how much it has moved, and what it waits for.
//!
//! Written by whatever moves bytes, read by the watch over the connection's deadlines and by whoever lists
//! connections. Writing costs a plain store: no clock is read and no timer is touched for a message.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};

use crate::context::Host;
use crate::{Addr, Shutdown};

/// Shared by the connection's task, the sides of its [`Framed`](crate::Framed), and the server.
///
/// Each counter has one writer at a time, the side that owns it, so plain loads and stores are enough.
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) direct_peer: Addr,
    pub(crate) host: Arc<Host>,
    /// When it was accepted, in nanoseconds since the host's start.
    pub(crate) since: u64,
    read: AtomicU64,
    written: AtomicU64,
    phase: AtomicU8,
    /// Where in the stream the frame starts that is waited for, twice, and one more if some of it is there.
    frame: AtomicU64,
    /// Bytes of it that have come.
    buffered: AtomicU32,
    /// Bytes that a write waits to get rid of; 0 where none waits.
    unsent: AtomicU32,
    /// Counts the times that writing had to begin to wait.
    stalls: AtomicU32,
    /// Tells the oldest request that is being answered from the next; 0 where there is none.
    request: AtomicU32,
    /// Where in the server's list it is.
    place: AtomicU32,
    /// Some of the bits below.
    marks: AtomicU8,
    /// Whether the watch has to look.
    alarm: AtomicBool,
    closing: AtomicBool,
    /// What few connections have.
    extras: OnceLock<Box<Extras>>,
    /// The connection's task.
    task: Mutex<Option<Waker>>,
    /// The [`identity`] of its waker, to tell whether it is the same without the lock.
    task_identity: AtomicU64,
}

/// Someone above the connection counts, who knows more.
const FRAMED: u8 = 1;
/// Upgrades are under way.
const HANDSHAKE: u8 = 2;
/// It is counted as accepted.
const ACCEPTED: u8 = 4;
/// It is counted as its client's.
const ENTERED: u8 = 8;

#[derive(Default)]
struct Extras {
    /// The client, where another one than the direct peer.
    client: OnceLock<Addr>,
    /// What upgrades and handlers leave for one another.
    attached: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Its handler is at work, or has not asked for anything yet.
    Working,
    /// It waits for the peer to begin a frame.
    Idle,
    /// It waits for the rest of a frame.
    InFrame,
}

impl Record {
    /// Of a connection that is accepted now.
    pub(crate) fn new(id: u64, direct_peer: Addr, host: Arc<Host>) -> Arc<Self> {
        Arc::new(Self {
            id,
            direct_peer,
            since: host.now(),
            host,
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            phase: AtomicU8::new(0),
            frame: AtomicU64::new(0),
            buffered: AtomicU32::new(0),
            unsent: AtomicU32::new(0),
            stalls: AtomicU32::new(0),
            request: AtomicU32::new(0),
            place: AtomicU32::new(0),
            marks: AtomicU8::new(HANDSHAKE),
            // The first look is due at once.
            alarm: AtomicBool::new(true),
            closing: AtomicBool::new(false),
            extras: OnceLock::new(),
            task: Mutex::default(),
            task_identity: AtomicU64::new(0),
        })
    }

    /// Whom the connection is for.
    pub(crate) fn peer(&self) -> &Addr {
        let client = self.extras.get().and_then(|extras| extras.client.get());
        client.unwrap_or(&self.direct_peer)
    }

    /// Says whom the direct peer connects for. What is said first counts.
    pub(crate) fn set_client(&self, client: Addr) {
        // A second one would only be lost.
        let _ = self.extras.get_or_init(Box::default).client.set(client);
    }

    /// More upgrades begin, or what is like them.
    pub(crate) fn begin_handshake(&self) {
        self.marks.fetch_or(HANDSHAKE, Relaxed);
        self.alarm.store(true, SeqCst);
    }

    /// Upgrades are done: the connection is ready to be served.
    pub(crate) fn end_handshake(&self) {
        self.marks.fetch_and(!HANDSHAKE, Relaxed);
        // The deadlines of a connection that is served are looked at as soon as its handler waits.
        self.alarm.store(true, SeqCst);
    }

    /// Whether upgrades are under way: their deadline counts then, and no other but the lifetime.
    pub(crate) fn is_in_handshake(&self) -> bool {
        self.is_marked(HANDSHAKE)
    }

    /// Notes that it is counted as accepted.
    pub(crate) fn set_accepted(&self) {
        self.marks.fetch_or(ACCEPTED, SeqCst);
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.is_marked(ACCEPTED)
    }

    pub(crate) fn attach(&self, value: Arc<dyn Any + Send + Sync>) {
        self.extras.get_or_init(Box::default).attached().push(value);
    }

    /// What was last attached of that type.
    pub(crate) fn find_attached<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let attached = self.extras.get()?.attached();
        attached
            .iter()
            .rev()
            .find_map(|value| Arc::clone(value).downcast().ok())
    }

    /// Tells when the server shuts down.
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.host.shutdown
    }

    /// Bytes have come.
    #[inline]
    pub(crate) fn has_read(&self, count: usize) {
        self.host.meter.received(count);
        self.read.store(self.read() + count as u64, Relaxed);
        self.phase.store(0, Relaxed);
    }

    /// A read that waited does so no longer, although nothing has come: the handler has something else to do.
    pub(crate) fn works(&self) {
        self.phase.store(0, Relaxed);
    }

    /// A read waits: for the frame that starts at byte `frame`, of which `buffered` bytes are there.
    #[inline]
    pub(crate) fn waits(&self, frame: u64, buffered: usize, cx: &Context<'_>) {
        self.buffered.store(count(buffered), Relaxed);
        if buffered == 0 {
            self.frame.store(frame << 1, Relaxed);
            self.phase.store(1, Relaxed);
            return;
        }
        // A frame that has just begun has deadlines of its own, which count from now.
        let mark = (frame << 1) | 1;
        let is_new = self.frame.swap(mark, Relaxed) != mark;
        self.phase.store(2, Relaxed);
        if is_new {
            self.ring_others(cx);
        }
    }

    /// Bytes have left.
    #[inline]
    pub(crate) fn has_written(&self, count: usize) {
        self.host.meter.sent(count);
        self.written.store(self.written() + count as u64, Relaxed);
    }

    /// A write waits to get rid of `unsent` bytes.
    pub(crate) fn stalls(&self, unsent: usize, cx: &Context<'_>) {
        if self.unsent.swap(count(unsent).max(1), Relaxed) == 0 {
            self.stalls.fetch_add(1, Relaxed);
            self.ring_others(cx);
        }
    }

    /// No write waits.
    #[inline]
    pub(crate) fn flows(&self) {
        if self.unsent() > 0 {
            self.unsent.store(0, Relaxed);
        }
    }

    /// The oldest request that is being answered, counted from 1; 0 for none.
    pub(crate) fn answers(&self, request: u64, cx: &Context<'_>) {
        // Two that are 2³² − 1 apart look the same, which is as good as never.
        let mark = request
            .checked_sub(1)
            .map_or(0, |before| before % u64::from(u32::MAX) + 1);
        let mark = u32::try_from(mark).unwrap_or(u32::MAX);
        if self.request.swap(mark, Relaxed) != mark && mark > 0 {
            self.ring_others(cx);
        }
    }

    /// No request is being answered.
    pub(crate) fn answers_none(&self) {
        self.request.store(0, Relaxed);
    }

    /// From now on, someone above the connection counts.
    pub(crate) fn set_framed(&self) {
        self.marks.fetch_or(FRAMED, Relaxed);
    }

    pub(crate) fn is_framed(&self) -> bool {
        self.is_marked(FRAMED)
    }

    /// It counts as its client's from now on.
    pub(crate) fn set_entered(&self) {
        self.marks.fetch_or(ENTERED, SeqCst);
    }

    pub(crate) fn has_entered(&self) -> bool {
        self.is_marked(ENTERED)
    }

    pub(crate) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Relaxed) {
            0 => Phase::Working,
            1 => Phase::Idle,
            _ => Phase::InFrame,
        }
    }

    /// Whether the peer has sent a frame, or, where nobody cuts frames, a byte.
    pub(crate) fn has_begun(&self) -> bool {
        self.frame() > 1
    }

    /// What tells one frame from the next while it is waited for.
    pub(crate) fn frame(&self) -> u64 {
        self.frame.load(Relaxed)
    }

    pub(crate) fn buffered(&self) -> usize {
        self.buffered.load(Relaxed) as usize
    }

    pub(crate) fn unsent(&self) -> usize {
        self.unsent.load(Relaxed) as usize
    }

    /// What tells one stall of the writing side from the next.
    pub(crate) fn stall(&self) -> u64 {
        u64::from(self.stalls.load(Relaxed))
    }

    /// How long ago it was accepted, in nanoseconds.
    pub(crate) fn age(&self) -> u64 {
        self.host.now().saturating_sub(self.since)
    }

    pub(crate) fn request(&self) -> u64 {
        u64::from(self.request.load(Relaxed))
    }

    /// Where in the server's list it is.
    pub(crate) fn place(&self) -> u32 {
        self.place.load(Relaxed)
    }

    pub(crate) fn set_place(&self, place: u32) {
        self.place.store(place, Relaxed);
    }

    /// Asks the connection's task to end.
    pub(crate) fn close(self: &Arc<Self>) {
        self.closing.store(true, SeqCst);
        self.ring();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Whether the watch was asked to look since the last time.
    #[inline]
    pub(crate) fn take_alarm(&self) -> bool {
        self.alarm.load(Relaxed) && self.alarm.swap(false, SeqCst)
    }

    /// Tells that the connection's own task is the one of `waker`.
    #[inline]
    pub(crate) fn runs_in(&self, waker: &Waker) {
        if !self.is_task(waker) {
            self.set_task(waker);
        }
    }

    /// Whether `waker` is that of the connection's own task, which [`ring`](Self::ring) wakes.
    #[inline]
    pub(crate) fn is_task(&self, waker: &Waker) -> bool {
        self.task_identity.load(Relaxed) == identity(waker)
    }

    #[cold]
    fn set_task(&self, waker: &Waker) {
        let mut task = self.task();
        let replaced = task.replace(waker.clone());
        self.task_identity.store(identity(waker), Relaxed);
        drop(task);
        drop(replaced);
    }

    /// Makes the watch look.
    pub(crate) fn ring(&self) {
        self.alarm.store(true, SeqCst);
        let waker = self.task().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// As [`ring`](Self::ring), from the task that `cx` is of: the connection's own looks anyway, once its handler has to
    /// wait.
    #[cold]
    fn ring_others(&self, cx: &Context<'_>) {
        if self.is_task(cx.waker()) {
            self.alarm.store(true, SeqCst);
        } else {
            self.ring();
        }
    }

    fn is_marked(&self, mark: u8) -> bool {
        self.marks.load(SeqCst) & mark != 0
    }

    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        // There is nothing that could be half changed.
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Extras {
    fn attached(&self) -> MutexGuard<'_, Vec<Arc<dyn Any + Send + Sync>>> {
        // Changed in one step.
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// So many bytes, as far as a status has to tell.
fn count(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// A digest of what a waker is made of, its data and its functions: two that are made of the same wake the same task.
fn identity(waker: &Waker) -> u64 {
    // 2⁶⁴ divided by the golden ratio: what makes addresses differ is spread over all bits.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    let functions = std::ptr::from_ref(waker.vtable()).addr() as u64;
    waker.data().addr() as u64 ^ functions.wrapping_mul(SPREAD)
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("id", &self.id)
            .field("peer", self.peer())
            .field("phase", &self.phase())
            .field("read", &self.read())
            .field("written", &self.written())
            .finish_non_exhaustive()
    }
}
