//! A non-blocking socket, and the tasks that wait for it.
//!
//! The one place that knows how readiness is learned, so that async-io can be replaced here without touching a socket.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use async_io::Async;

/// A socket that is read, written and waited for through `&self`.
#[derive(Debug)]
pub(crate) struct Source<T> {
    io: Async<T>,
    read: Direction,
    write: Direction,
}

impl<T> Source<T> {
    pub(crate) fn new(io: Async<T>) -> Self {
        Self {
            io,
            read: Direction::default(),
            write: Direction::default(),
        }
    }

    /// Takes over a socket that may be shared: one that still is gets a descriptor of its own, made by `duplicate`.
    pub(crate) fn adopt(
        shared: impl Into<Arc<Async<T>>>,
        duplicate: impl FnOnce(&T) -> io::Result<Async<T>>,
    ) -> io::Result<Self> {
        let io = Arc::try_unwrap(shared.into()).or_else(|shared| duplicate(shared.get_ref()))?;
        Ok(Self::new(io))
    }

    pub(crate) fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.read.blocked.store(true, Ordering::Relaxed);
        self.poll_ready(Interest::Read, cx)
    }

    /// Attempts an operation until it does not block.
    pub(crate) fn poll_attempt<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let blocked = &self.direction(interest).blocked;
        loop {
            if blocked.load(Ordering::Relaxed) {
                ready!(self.poll_ready(interest, cx))?;
            }
            match attempt(self.get_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => blocked.store(true, Ordering::Relaxed),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// Moves up to `asked` bytes. When fewer come, the next operation waits first, since it would block.
    fn poll_transfer(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        asked: usize,
        transfer: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_attempt(interest, cx, transfer))?;
        // Zero is the end of the stream, which stays: reading it again needs no wait.
        if 0 < moved && moved < asked {
            self.direction(interest).blocked.store(true, Ordering::Relaxed);
        }
        Poll::Ready(Ok(moved))
    }

    /// Waits for what async-io reports. It looks at the socket's present state, so what came before is not missed.
    fn poll_ready(&self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let direction = self.direction(interest);
        let relay = direction.relay.get_or_init(Relay::new);
        let mut relayed = Context::from_waker(&relay.waker);
        while !relay.target.take_event_or_wait(cx.waker()) {
            // Ready without an event means an event that was taken before: async-io forgets it now, and waits next time.
            ready!(match interest {
                Interest::Read => self.io.poll_readable(&mut relayed),
                Interest::Write => self.io.poll_writable(&mut relayed),
            })?;
        }
        direction.blocked.store(false, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn direction(&self, interest: Interest) -> &Direction {
        match interest {
            Interest::Read => &self.read,
            Interest::Write => &self.write,
        }
    }
}

impl<T> Source<T>
where
    for<'a> &'a T: Read,
{
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Interest::Read, cx, buf.len(), |mut io| io.read(buf))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_transfer(Interest::Read, cx, asked, |mut io| io.read_vectored(bufs))
    }
}

impl<T> Source<T>
where
    for<'a> &'a T: Write,
{
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Interest::Write, cx, buf.len(), |mut io| io.write(buf))
    }

    pub(crate) fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum();
        self.poll_transfer(Interest::Write, cx, asked, |mut io| io.write_vectored(bufs))
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// One direction of a socket.
#[derive(Debug, Default)]
struct Direction {
    /// Whether an operation would block, as far as is known. A direction is polled by one task at a time, and a mistake
    /// costs one vain attempt or one wait that ends at once; hence relaxed.
    blocked: AtomicBool,
    /// Made when the direction is first waited for: an idle connection only ever waits to read.
    relay: OnceLock<Relay>,
}

/// Stands between async-io and the task that waits.
///
/// async-io wakes a waker that it replaces. Two tasks that poll the same direction would so wake each other forever; with
/// the same waker each time, async-io never replaces one. And async-io disbelieves an event that comes while another
/// thread was already waiting for events, which costs a second wait; a relay that was woken knows better.
#[derive(Debug)]
struct Relay {
    target: Arc<Target>,
    /// Wakes `target`.
    waker: Waker,
}

impl Relay {
    fn new() -> Self {
        let target = Arc::new(Target(Mutex::new(State::Idle)));
        Self {
            waker: Waker::from(Arc::clone(&target)),
            target,
        }
    }
}

/// Whom to tell of an event.
#[derive(Debug)]
struct Target(Mutex<State>);

#[derive(Debug)]
enum State {
    Idle,
    /// The task that polled last.
    Waiting(Waker),
    /// An event came and nobody has taken it yet.
    Event,
}

impl Target {
    /// Takes the event, or else leaves `waker` to be woken by the next one.
    fn take_event_or_wait(&self, waker: &Waker) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = match &*state {
            State::Waiting(held) if held.will_wake(waker) => return false,
            State::Waiting(_) | State::Idle => State::Waiting(waker.clone()),
            State::Event => State::Idle,
        };
        let replaced = mem::replace(&mut *state, next);
        drop(state);
        // A replaced waker is dropped outside the lock, for that may drop a task and so run anything.
        matches!(replaced, State::Event)
    }
}

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *state, State::Event);
        drop(state);
        if let State::Waiting(waker) = before {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn two_tasks_on_one_direction_wake_the_last_only() {
        let (source, mut peer) = connected();
        let (first, _) = Probe::waker();
        let (second, woken) = Probe::waker();
        for _ in 0..100 {
            assert!(poll_read(&source, &first.0, &mut [0; 8]).is_pending());
            assert!(poll_read(&source, &second.0, &mut [0; 8]).is_pending());
        }
        peer.write_all(b"ping").unwrap();
        woken.recv().unwrap();
        assert_eq!((first.1.wakes(), second.1.wakes()), (0, 1));
        assert!(matches!(poll_read(&source, &second.0, &mut [0; 8]), Poll::Ready(Ok(4))));
        assert_eq!((first.1.wakes(), second.1.wakes()), (0, 1));
    }

    #[test]
    fn nothing_is_attempted_after_a_short_read_until_it_is_ready() {
        let (source, mut peer) = connected();
        let (waker, woken) = Probe::waker();
        peer.write_all(b"ping").unwrap();
        let mut attempts = 0;
        let mut read = |buf: &mut [u8]| {
            let mut cx = Context::from_waker(&waker.0);
            source.poll_transfer(Interest::Read, &mut cx, buf.len(), |mut io| {
                attempts += 1;
                io.read(buf)
            })
        };
        let mut buf = [0; 8];
        while read(&mut buf).is_pending() {
            woken.recv().unwrap();
        }
        assert!(read(&mut buf).is_pending());
        assert!(read(&mut buf).is_pending());
        peer.write_all(b"pong").unwrap();
        woken.recv().unwrap();
        assert!(matches!(read(&mut buf), Poll::Ready(Ok(4))));
        // The end of the stream is neither lost nor waited for twice.
        drop(peer);
        assert!(read(&mut buf).is_pending());
        woken.recv().unwrap();
        assert!(matches!(read(&mut buf), Poll::Ready(Ok(0))));
        assert!(matches!(read(&mut buf), Poll::Ready(Ok(0))));
        // The first read may have come before the bytes; it is the only one that may be in vain.
        assert!((4..=5).contains(&attempts), "{attempts}");
    }

    /// What an idle connection costs here: a source, and the relay of its read direction.
    #[test]
    fn a_source_is_small() {
        assert_eq!(size_of::<Source<TcpStream>>() + size_of::<Target>(), 128);
    }

    fn poll_read(source: &Source<TcpStream>, waker: &Waker, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        source.poll_read(&mut Context::from_waker(waker), buf)
    }

    fn connected() -> (Source<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        (Source::new(Async::new(stream).unwrap()), peer)
    }

    /// Counts how often it is woken, and says so on a channel.
    struct Probe(AtomicUsize, Mutex<mpsc::Sender<()>>);

    impl Probe {
        fn waker() -> ((Waker, Arc<Self>), mpsc::Receiver<()>) {
            let (sender, receiver) = mpsc::channel();
            let probe = Arc::new(Self(AtomicUsize::new(0), Mutex::new(sender)));
            ((Waker::from(Arc::clone(&probe)), probe), receiver)
        }

        fn wakes(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl Wake for Probe {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            self.1.lock().unwrap().send(()).ok();
        }
    }
}
