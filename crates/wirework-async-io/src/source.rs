//! A non-blocking socket, and the tasks that wait for it.
//!
//! The one place that knows how readiness is learned, so that sockets need not.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_io::Async;
use wirework::socket::AsSocket;

use crate::interest::Interest;
use crate::plain::Plain;
use crate::reactor::{Reactor, Registered};
use crate::transfer;

/// A socket that is read, written and waited for through `&self`.
#[derive(Debug)]
pub(crate) enum Source<T: AsSocket> {
    /// Our reactor watches it.
    Registered(Registered<T>),
    /// async-io watches it. Boxed, for it is the larger and the rarer one.
    Plain(Box<Plain<T>>),
}

impl<T: AsSocket> Source<T> {
    /// Watches a socket, which must be non-blocking.
    pub(crate) fn new(io: T) -> io::Result<Self> {
        match Reactor::get() {
            Some(reactor) => reactor.register(io).map(Self::Registered),
            None => Async::new_nonblocking(io).map(Self::plain),
        }
    }

    /// Takes over a socket that async-io watches.
    pub(crate) fn take_over(io: Async<T>) -> io::Result<Self> {
        match Reactor::get() {
            Some(reactor) => reactor.register(io.into_inner()?).map(Self::Registered),
            None => Ok(Self::plain(io)),
        }
    }

    /// Takes over a socket that may be shared: one that still is gets a descriptor of its own, made by `duplicate`.
    pub(crate) fn adopt(
        shared: impl Into<Arc<Async<T>>>,
        duplicate: impl FnOnce(&T) -> io::Result<T>,
    ) -> io::Result<Self> {
        match Arc::try_unwrap(shared.into()) {
            Ok(io) => Self::take_over(io),
            Err(shared) => Self::new(duplicate(shared.get_ref())?),
        }
    }

    fn plain(io: Async<T>) -> Self {
        Self::Plain(Box::new(Plain::new(io)))
    }

    pub(crate) fn get_ref(&self) -> &T {
        match self {
            Self::Registered(registered) => registered.get_ref(),
            Self::Plain(plain) => plain.get_ref(),
        }
    }

    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Registered(registered) => registered.poll_readable(cx),
            Self::Plain(plain) => plain.poll_readable(cx),
        }
    }

    /// Attempts an operation until it does not block.
    pub(crate) fn poll_attempt<R>(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        match self {
            Self::Registered(registered) => registered.poll_attempt(interest, cx, attempt),
            Self::Plain(plain) => plain.poll_attempt(interest, cx, attempt),
        }
    }

    /// Moves up to `asked` bytes. When fewer come, the next operation waits first, since it would block. Zero is the end of the
    /// stream, which stays: reading it again needs no wait.
    #[inline]
    fn poll_transfer(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        asked: usize,
        transfer: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Registered(registered) => registered.poll_transfer(interest, cx, asked, transfer),
            Self::Plain(plain) => plain.poll_transfer(interest, cx, asked, transfer),
        }
    }
}

impl<T: AsSocket> Source<T>
where
    for<'a> &'a T: Read,
{
    #[inline]
    pub(crate) fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Interest::Read, cx, buf.len(), |io| transfer::read(io, buf))
    }

    pub(crate) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().take(IOV_MAX).map(|buf| buf.len()).sum();
        self.poll_transfer(Interest::Read, cx, asked, |mut io| io.read_vectored(bufs))
    }
}

impl<T: AsSocket> Source<T>
where
    for<'a> &'a T: Write,
{
    #[inline]
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Interest::Write, cx, buf.len(), |io| transfer::write(io, buf))
    }

    pub(crate) fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().take(IOV_MAX).map(|buf| buf.len()).sum();
        self.poll_transfer(Interest::Write, cx, asked, |mut io| io.write_vectored(bufs))
    }
}

/// The most slices that one system call takes. A call that was given more comes out short although it would not block.
const IOV_MAX: usize = 1024;

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};
    use std::task::{Wake, Waker};

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
        let mut receive = |length| {
            let received = loop {
                match read(&mut buf) {
                    Poll::Ready(received) => break received.unwrap(),
                    Poll::Pending => woken.recv().unwrap(),
                }
            };
            assert_eq!(received, length);
            // Nothing more is there, or only the end.
            let after = read(&mut buf);
            assert!(if length > 0 {
                after.is_pending()
            } else {
                after.is_ready()
            });
        };
        receive(4);
        peer.write_all(b"pong").unwrap();
        receive(4);
        // The end of the stream is neither lost nor waited for twice.
        drop(peer);
        receive(0);
        // The first read may have come before the bytes, or before the news of them; no other may be in vain.
        assert!((4..=5).contains(&attempts), "{attempts}");
    }

    /// What an idle connection costs here, besides its place in the reactor's table.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_source_is_small() {
        assert_eq!(
            size_of::<Source<TcpStream>>() + size_of::<crate::reactor::Readiness>(),
            64
        );
    }

    fn poll_read(source: &Source<TcpStream>, waker: &Waker, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        source.poll_read(&mut Context::from_waker(waker), buf)
    }

    fn connected() -> (Source<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        (Source::new(stream).unwrap(), peer)
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
