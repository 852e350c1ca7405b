//! What is known of one connection while it lives: who it is, how much it has moved, and what it waits for.
//!
//! Written by whatever moves bytes, read by the watch over the connection's deadlines and by whoever lists
//! connections. Writing costs a plain store: no clock is read and no timer is touched for a message.

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use crate::Addr;
use crate::meter::Meter;

/// Shared by the connection's task, the sides of its [`Framed`](crate::Framed), and the server.
///
/// Each counter has one writer at a time, the side that owns it, so plain loads and stores are enough.
pub(crate) struct Record {
    pub(crate) id: u64,
    pub(crate) direct_peer: Addr,
    /// What few connections have.
    extras: OnceLock<Box<Extras>>,
    pub(crate) meter: Meter,
    /// When it was accepted.
    pub(crate) since: Instant,
    read: AtomicU64,
    written: AtomicU64,
    phase: AtomicU8,
    /// Whether the peer has sent a frame, or, where nobody cuts frames, a byte.
    begun: AtomicBool,
    /// Where in the stream the frame starts that is waited for.
    frame: AtomicU64,
    /// Bytes of it that have come.
    buffered: AtomicUsize,
    /// Bytes that a write waits to get rid of; 0 where none waits.
    unsent: AtomicUsize,
    /// Counts the times that writing had to begin to wait.
    stalls: AtomicU64,
    /// The number of the oldest request that is being answered; 0 where there is none.
    request: AtomicU64,
    /// Whether someone above the connection counts, who knows more.
    framed: AtomicBool,
    /// Whether the watch has to look.
    alarm: AtomicBool,
    closing: AtomicBool,
    /// Whether upgrades are under way.
    handshake: AtomicBool,
    /// The connection's task.
    task: Mutex<Option<Waker>>,
}

/// What a connection has that came through a proxy, or that something was attached to.
#[derive(Default)]
struct Extras {
    /// The client, where another one than the direct peer.
    client: OnceLock<Addr>,
    /// What upgrades and handlers leave for one another.
    attached: Mutex<Vec<Arc<dyn Any + Send + Sync>>>,
}

impl Extras {
    fn attached(&self) -> MutexGuard<'_, Vec<Arc<dyn Any + Send + Sync>>> {
        // Changed in one step.
        self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    pub(crate) fn new(id: u64, direct_peer: Addr, since: Instant, meter: Meter) -> Arc<Self> {
        Arc::new(Self {
            id,
            direct_peer,
            meter,
            extras: OnceLock::new(),
            since,
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            phase: AtomicU8::new(0),
            begun: AtomicBool::new(false),
            frame: AtomicU64::new(0),
            buffered: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            stalls: AtomicU64::new(0),
            request: AtomicU64::new(0),
            framed: AtomicBool::new(false),
            alarm: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            handshake: AtomicBool::new(false),
            task: Mutex::default(),
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

    /// Upgrades begin: their deadline counts, and no other but the lifetime.
    pub(crate) fn begin_handshake(&self) {
        self.handshake.store(true, Relaxed);
        self.alarm.store(true, SeqCst);
    }

    /// The connection is ready to be served.
    pub(crate) fn end_handshake(&self) {
        self.handshake.store(false, Relaxed);
        // The deadlines of a connection that is served are looked at as soon as its handler waits.
        self.alarm.store(true, SeqCst);
    }

    pub(crate) fn is_in_handshake(&self) -> bool {
        self.handshake.load(Relaxed)
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

    /// Bytes have come.
    #[inline]
    pub(crate) fn has_read(&self, count: usize) {
        self.read.store(self.read() + count as u64, Relaxed);
        self.phase.store(0, Relaxed);
        self.meter.received(count);
    }

    /// A read waits: for the frame that starts at byte `frame`, of which `buffered` bytes are there.
    #[inline]
    pub(crate) fn waits(&self, frame: u64, buffered: usize, cx: &Context<'_>) {
        if frame > 0 {
            self.begun.store(true, Relaxed);
        }
        self.buffered.store(buffered, Relaxed);
        if buffered == 0 {
            self.frame.store(frame, Relaxed);
            self.phase.store(1, Relaxed);
            return;
        }
        // A frame that has just begun has deadlines of its own, which count from now.
        let is_new = self.frame.swap(frame + 1, Relaxed) != frame + 1;
        self.phase.store(2, Relaxed);
        if is_new {
            self.ring(cx);
        }
    }

    /// Bytes have left.
    #[inline]
    pub(crate) fn has_written(&self, count: usize) {
        self.written.store(self.written() + count as u64, Relaxed);
        self.meter.sent(count);
    }

    /// A write waits to get rid of `unsent` bytes.
    pub(crate) fn stalls(&self, unsent: usize, cx: &Context<'_>) {
        if self.unsent.swap(unsent.max(1), Relaxed) == 0 {
            self.stalls.store(self.stall() + 1, Relaxed);
            self.ring(cx);
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
        if self.request.swap(request, Relaxed) != request && request > 0 {
            self.ring(cx);
        }
    }

    /// No request is being answered.
    pub(crate) fn answers_none(&self) {
        self.request.store(0, Relaxed);
    }

    /// From now on, someone above the connection counts.
    pub(crate) fn set_framed(&self) {
        self.framed.store(true, Relaxed);
    }

    pub(crate) fn is_framed(&self) -> bool {
        self.framed.load(Relaxed)
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

    pub(crate) fn has_begun(&self) -> bool {
        self.begun.load(Relaxed)
    }

    /// What tells one frame from the next while it is waited for.
    pub(crate) fn frame(&self) -> u64 {
        self.frame.load(Relaxed)
    }

    pub(crate) fn buffered(&self) -> usize {
        self.buffered.load(Relaxed)
    }

    pub(crate) fn unsent(&self) -> usize {
        self.unsent.load(Relaxed)
    }

    /// What tells one stall of the writing side from the next.
    pub(crate) fn stall(&self) -> u64 {
        self.stalls.load(Relaxed)
    }

    pub(crate) fn request(&self) -> u64 {
        self.request.load(Relaxed)
    }

    /// Asks the connection's task to end.
    pub(crate) fn close(self: &Arc<Self>) {
        self.closing.store(true, SeqCst);
        self.wake_by_ref();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(SeqCst)
    }

    /// Whether the watch was asked to look since the last time.
    #[inline]
    pub(crate) fn take_alarm(&self) -> bool {
        self.alarm.load(Relaxed) && self.alarm.swap(false, SeqCst)
    }

    /// Tells whom to wake.
    pub(crate) fn set_task(&self, waker: &Waker) {
        let replaced = self.task().replace(waker.clone());
        drop(replaced);
    }

    /// Makes the watch look. The task that `cx` is of looks anyway once the handler has to wait.
    #[cold]
    fn ring(&self, cx: &Context<'_>) {
        self.alarm.store(true, SeqCst);
        let waker = self.task().clone();
        if let Some(waker) = waker
            && !waker.will_wake(cx.waker())
        {
            waker.wake();
        }
    }

    fn task(&self) -> MutexGuard<'_, Option<Waker>> {
        // There is nothing that could be half changed.
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the timer of the connection's deadlines wakes.
impl Wake for Record {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.alarm.store(true, SeqCst);
        let waker = self.task().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
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
