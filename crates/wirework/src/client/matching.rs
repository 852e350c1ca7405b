//! Which call an answer belongs to: the next one in line, or the one whose number it carries.

use std::collections::{BTreeMap, VecDeque};

use super::calls::Place;

/// A request that carries the number of its call.
///
/// ```
/// use wirework::CorrelatedRequest;
///
/// struct Query {
///     id: u16,
///     name: String,
/// }
///
/// impl CorrelatedRequest for Query {
///     const ID_BITS: u32 = 16;
///
///     fn set_call_id(&mut self, id: u64) {
///         self.id = u16::try_from(id).expect("an id has no more than ID_BITS bits");
///     }
/// }
/// ```
pub trait CorrelatedRequest {
    /// How many bits of a number the frame can carry: 1 to 64, and 32 unless said otherwise. Numbers are counted up from 0 and
    /// used again once they wrap around. No more than half of them are in flight at a time, whatever
    /// [`max_in_flight`](crate::ClientOptions::max_in_flight) says, so that the number of a call that was given up is not soon
    /// another one's.
    const ID_BITS: u32 = 32;

    /// Puts the number into the frame.
    fn set_call_id(&mut self, id: u64);
}

/// A response that carries the number of the call it answers.
pub trait CorrelatedResponse {
    /// The number; `None` if the server sent the frame without being asked.
    fn call_id(&self) -> Option<u64>;
}

/// Whose a received frame is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// That call's, if it still waits.
    To(Place),
    /// A call's that nobody waits for any more.
    Late,
    /// Nobody's: the server sent it by itself.
    Push,
    /// An answer without a question.
    Unasked,
}

/// Remembers what was sent, to know whose the answers are.
pub(super) trait Matching<Q, A> {
    /// How many requests it can tell apart.
    const MAX_IN_FLIGHT: usize;
    /// Whether it can [make room](Self::make_room).
    const FORGETS: bool;

    /// How many requests were sent and not answered.
    fn outstanding(&self) -> usize;
    /// The call that the next answer must be for, where the order says so.
    fn next(&self) -> Option<Place>;
    /// The request of `place` goes out next.
    fn send(&mut self, place: Place, request: &mut Q);
    /// The request that was to go out last does not.
    fn take_back(&mut self);
    /// A frame has come.
    fn receive(&mut self, response: &A) -> Answer;
    /// There is no room: forgets those for whom nobody `waits`, as far as their answers can be told apart when they come.
    fn make_room(&mut self, waits: impl Fn(Place) -> bool);
}

/// Responses come in the order of the requests.
#[derive(Debug, Default)]
pub(super) struct InOrder {
    sent: VecDeque<Place>,
}

impl<Q, A> Matching<Q, A> for InOrder {
    const MAX_IN_FLIGHT: usize = usize::MAX;
    const FORGETS: bool = false;

    fn outstanding(&self) -> usize {
        self.sent.len()
    }

    fn next(&self) -> Option<Place> {
        self.sent.front().copied()
    }

    fn send(&mut self, place: Place, _: &mut Q) {
        self.sent.push_back(place);
    }

    fn take_back(&mut self) {
        self.sent.pop_back();
    }

    fn receive(&mut self, _: &A) -> Answer {
        self.sent.pop_front().map_or(Answer::Unasked, Answer::To)
    }

    fn make_room(&mut self, _: impl Fn(Place) -> bool) {
        // Only the answer itself can say where the next one begins.
    }
}

/// Responses come in any order, each with the number of its request.
#[derive(Debug, Default)]
pub(super) struct ById {
    sent: BTreeMap<u64, Place>,
    next: u64,
    last: u64,
}

impl<Q: CorrelatedRequest, A: CorrelatedResponse> Matching<Q, A> for ById {
    const MAX_IN_FLIGHT: usize = {
        assert!(Q::ID_BITS >= 1 && Q::ID_BITS <= 64, "ID_BITS must be from 1 to 64");
        match 1_usize.checked_shl(Q::ID_BITS - 1) {
            Some(half) => half,
            None => usize::MAX,
        }
    };
    const FORGETS: bool = true;

    fn outstanding(&self) -> usize {
        self.sent.len()
    }

    fn next(&self) -> Option<Place> {
        None
    }

    fn send(&mut self, place: Place, request: &mut Q) {
        // There are more numbers than calls in flight, so a free one is found.
        while self.sent.contains_key(&self.next) {
            self.advance(Q::ID_BITS);
        }
        self.last = self.next;
        self.advance(Q::ID_BITS);
        self.sent.insert(self.last, place);
        request.set_call_id(self.last);
    }

    fn take_back(&mut self) {
        self.sent.remove(&self.last);
    }

    fn receive(&mut self, response: &A) -> Answer {
        let Some(id) = response.call_id() else {
            return Answer::Push;
        };
        self.sent.remove(&id).map_or(Answer::Late, Answer::To)
    }

    fn make_room(&mut self, waits: impl Fn(Place) -> bool) {
        self.sent.retain(|_, place| waits(*place));
    }
}

impl ById {
    fn advance(&mut self, bits: u32) {
        self.next = self.next.wrapping_add(1) & (u64::MAX >> (64 - bits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Tiny(u64);

    impl CorrelatedRequest for Tiny {
        const ID_BITS: u32 = 2;

        fn set_call_id(&mut self, id: u64) {
            self.0 = id;
        }
    }

    impl CorrelatedResponse for Tiny {
        fn call_id(&self) -> Option<u64> {
            Some(self.0)
        }
    }

    #[test]
    fn numbers_wrap_around_and_skip_those_in_use() {
        let mut by_id = ById::default();
        let place = Place { key: 7, serial: 0 };
        let send = |by_id: &mut ById| {
            let mut request = Tiny(9);
            Matching::<Tiny, Tiny>::send(by_id, place, &mut request);
            request.0
        };
        assert_eq!([send(&mut by_id), send(&mut by_id), send(&mut by_id)], [0, 1, 2]);
        let receive = |by_id: &mut ById, id| Matching::<Tiny, Tiny>::receive(by_id, &Tiny(id));
        assert_eq!(receive(&mut by_id, 1), Answer::To(place));
        assert_eq!(receive(&mut by_id, 1), Answer::Late);
        assert_eq!([send(&mut by_id), send(&mut by_id)], [3, 1]);
    }
}
