//! The threads that take events, and who of them does.

use std::sync::Arc;

use loom::thread;

use crate::bounded;
use crate::executor::Executor;
use crate::model::{Member, Model};

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
