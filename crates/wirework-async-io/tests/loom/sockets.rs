//! What is known of a socket, while threads bring events.

use std::sync::Arc;
use std::task::{Context, Poll};

use loom::thread;

use crate::bounded;
use crate::interest::Interest;
use crate::probe::Probe;
use crate::readiness::{Readiness, Ready};
use crate::socket::Socket;
use crate::table::Table;

/// A reader drains a socket, finds it short, and waits, while bytes come: they are never left lying.
#[test]
fn an_event_between_a_short_read_and_its_note_is_not_lost() {
    loom::model(|| {
        let socket = Arc::new(Socket::new(1));
        let peer = Arc::clone(&socket);
        let sending = thread::spawn(move || peer.receives(1));
        socket.read_all(2);
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
        socket.read_all(2);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// The end of a stream is reported once, perhaps together with the last bytes, and must outlast a short read.
#[test]
fn the_end_outlasts_a_short_read() {
    loom::model(|| {
        let readiness = Arc::new(Readiness::new(0));
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
        let readiness = Arc::new(Readiness::new(0));
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
        let readiness = Arc::new(Readiness::new(0));
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
        let (key, _old) = table.insert();
        let events = Arc::clone(&table);
        let event = thread::spawn(move || {
            let mut wakers = Vec::new();
            events.dispatch([(key, Ready::READ)].into_iter(), &mut wakers);
            assert!(wakers.is_empty());
        });
        table.remove(key.index());
        let (next_key, next) = table.insert();
        let probe = Probe::new();
        next.exhaust(Interest::Read, &probe.waker);
        event.join().unwrap();
        assert_ne!(key, next_key);
        assert!(
            next.poll(Interest::Read, &mut Context::from_waker(&probe.waker))
                .is_pending()
        );
    });
}
