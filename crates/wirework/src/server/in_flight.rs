//! The requests of one connection that are being answered.
//!
//! They are polled within the connection's own task. A request that is answered at once leaves no trace; one that is not
//! takes a slot, which is allocated once and used again by later requests.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::Replies;
use crate::meter::{Lap, Stopwatch};

pub(super) struct InFlight<F: Future> {
    replies: Replies,
    /// In the order of the requests.
    queue: VecDeque<Slot<F>>,
    /// Slots that nothing is in.
    spare: Vec<Slot<F>>,
    task: Arc<Task>,
    /// The waker that `task` was told.
    waker: Option<Waker>,
    /// How many requests there have been.
    count: u64,
    stopwatch: Stopwatch,
}

impl<F: Future> InFlight<F> {
    pub(super) fn new(replies: Replies, stopwatch: Stopwatch) -> Self {
        Self {
            replies,
            queue: VecDeque::new(),
            spare: Vec::new(),
            task: Arc::default(),
            waker: None,
            count: 0,
            stopwatch,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// The number of the oldest request that has no answer yet, counted from 1; 0 if all have.
    pub(super) fn oldest(&self) -> u64 {
        let unanswered = self.queue.iter().find(|slot| slot.output.is_none());
        unanswered.map_or(0, |slot| slot.number)
    }

    /// Begins to answer a request, and gives the answer if it is there at once and is next.
    pub(super) fn push(&mut self, future: F, cx: &Context<'_>) -> Option<F::Output> {
        self.told(cx.waker());
        self.count += 1;
        let mut slot = self.spare.pop().unwrap_or_else(|| Slot::new(&self.task));
        slot.number = self.count;
        slot.lap = self.stopwatch.start();
        slot.future.set(Some(future));
        slot.poll(&self.stopwatch);
        if slot.output.is_some() && (self.queue.is_empty() || self.replies == Replies::AsReady) {
            let output = slot.output.take();
            self.spare.push(slot);
            return output;
        }
        self.queue.push_back(slot);
        None
    }

    /// Goes on with those requests that can.
    pub(super) fn poll(&mut self, cx: &Context<'_>) {
        if self.queue.is_empty() {
            return;
        }
        self.told(cx.waker());
        if self.task.woken.swap(false, Ordering::SeqCst) {
            for slot in &mut self.queue {
                if slot.wake.woken.swap(false, Ordering::SeqCst) {
                    slot.poll(&self.stopwatch);
                }
            }
        }
    }

    /// The next answer that may go out.
    pub(super) fn pop(&mut self) -> Option<F::Output> {
        let at = match self.replies {
            Replies::InOrder => 0,
            Replies::AsReady => self.queue.iter().position(|slot| slot.output.is_some())?,
        };
        let output = self.queue.get_mut(at)?.output.take()?;
        let slot = self.queue.remove(at).expect("the slot was just looked at");
        self.spare.push(slot);
        Some(output)
    }

    /// Gives all requests up.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    fn told(&mut self, waker: &Waker) {
        if !self.waker.as_ref().is_some_and(|told| told.will_wake(waker)) {
            self.waker = Some(waker.clone());
            let replaced = self.task.waker().replace(waker.clone());
            drop(replaced);
        }
    }
}

/// A place for one request.
struct Slot<F: Future> {
    number: u64,
    future: Pin<Box<Option<F>>>,
    output: Option<F::Output>,
    lap: Lap,
    wake: Arc<SlotWake>,
    waker: Waker,
}

impl<F: Future> Slot<F> {
    fn new(task: &Arc<Task>) -> Self {
        let wake = Arc::new(SlotWake {
            woken: AtomicBool::new(false),
            task: Arc::clone(task),
        });
        Self {
            number: 0,
            future: Box::pin(None),
            output: None,
            lap: Lap::default(),
            waker: Waker::from(Arc::clone(&wake)),
            wake,
        }
    }

    fn poll(&mut self, stopwatch: &Stopwatch) {
        let Some(future) = self.future.as_mut().as_pin_mut() else {
            return;
        };
        if let Poll::Ready(output) = future.poll(&mut Context::from_waker(&self.waker)) {
            self.output = Some(output);
            stopwatch.stop(self.lap);
            self.future.set(None);
        }
    }
}

/// Says which request was woken.
struct SlotWake {
    woken: AtomicBool,
    task: Arc<Task>,
}

impl Wake for SlotWake {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.task.woken.store(true, Ordering::SeqCst);
        let waker = self.task.waker().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The connection's task.
#[derive(Default)]
struct Task {
    /// Whether any request was woken.
    woken: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Task {
    fn waker(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        // There is nothing that could be half changed.
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn what_is_answered_at_once_allocates_one_slot_for_all() {
        let mut in_flight = InFlight::new(Replies::InOrder, Stopwatch::default());
        let cx = Context::from_waker(Waker::noop());
        for number in 0..1000 {
            assert_eq!(in_flight.push(ready(number), &cx), Some(number));
        }
        assert_eq!(
            (in_flight.spare.len(), in_flight.spare.capacity(), in_flight.len()),
            (1, 4, 0)
        );
        assert_eq!(in_flight.queue.capacity(), 0);
    }

    #[test]
    fn an_answer_waits_for_those_before_it() {
        let cx = Context::from_waker(Waker::noop());
        let request = |answer: Option<u8>| async move {
            match answer {
                Some(answer) => answer,
                None => pending().await,
            }
        };
        for (replies, answered) in [(Replies::InOrder, None), (Replies::AsReady, Some(1))] {
            let mut in_flight = InFlight::new(replies, Stopwatch::default());
            assert_eq!(in_flight.push(request(None), &cx), None);
            assert_eq!(in_flight.push(request(Some(1)), &cx), answered);
            assert_eq!(in_flight.pop(), None);
            assert_eq!(in_flight.oldest(), 1);
        }
    }
}
