//! Whether what several clients saw of one key can have happened in some order: Wing and Gong's search, with Lowe's
//! memory of what was tried.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

/// A command on one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Set(u64),
    SetNx(u64),
    GetSet(u64),
    Incr,
    Del,
}

impl Op {
    /// As it is sent, for a key of that name.
    pub(crate) fn words(self, key: &str) -> String {
        match self {
            Self::Get => format!("GET {key}"),
            Self::Set(value) => format!("SET {key} {value}"),
            Self::SetNx(value) => format!("SETNX {key} {value}"),
            Self::GetSet(value) => format!("GETSET {key} {value}"),
            Self::Incr => format!("INCR {key}"),
            Self::Del => format!("DEL {key}"),
        }
    }

    /// What becomes of a key, and the reply.
    fn run(self, before: Option<u64>) -> (Option<u64>, String) {
        let text = |value: Option<u64>| value.map_or("nil".into(), |value| value.to_string());
        match self {
            Self::Get => (before, text(before)),
            Self::Set(value) => (Some(value), "+OK".into()),
            Self::SetNx(value) => (before.or(Some(value)), format!(":{}", u8::from(before.is_none()))),
            Self::GetSet(value) => (Some(value), text(before)),
            Self::Incr => {
                let value = before.unwrap_or(0) + 1;
                (Some(value), format!(":{value}"))
            }
            Self::Del => (None, format!(":{}", u8::from(before.is_some()))),
        }
    }
}

/// A command, from when it was sent to when its reply came.
#[derive(Clone)]
pub(crate) struct Call {
    /// Of the connection: its commands run in the order in which they were sent.
    pub(crate) line: u64,
    pub(crate) op: Op,
    pub(crate) begin: Duration,
    /// When the reply came, and what it was. Without one, it may have been run at any time from its begin on, or never.
    pub(crate) end: Option<(Duration, String)>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, op, begin, end } = self;
        write!(f, "\n  {begin:?} {op:?} on {line}")?;
        match end {
            Some((at, reply)) => write!(f, ": {reply} at {at:?}"),
            None => f.write_str(": ?"),
        }
    }
}

/// Whether the calls can have happened one after the other, with these replies, beginning with no key. At most 64
/// calls.
pub(crate) fn is_linearizable(calls: &[Call]) -> bool {
    assert!(calls.len() <= 64, "{} calls are too many", calls.len());
    let answered = calls.iter().enumerate().filter(|(_, call)| call.end.is_some());
    let goal = answered.fold(0_u64, |goal, (place, _)| goal | 1 << place);
    let (mut tried, mut open) = (BTreeSet::new(), vec![(0_u64, None)]);
    while let Some((done, state)) = open.pop() {
        if done & goal == goal {
            return true;
        }
        if !tried.insert((done, state)) {
            continue;
        }
        let left = || {
            calls
                .iter()
                .enumerate()
                .filter(move |(place, _)| done & (1 << place) == 0)
        };
        let first_end = left()
            .filter_map(|(_, call)| call.end.as_ref().map(|(at, _)| *at))
            .min();
        for (place, call) in left() {
            // Whatever ended before it began came before it, and so did what was sent before on its connection and was
            // answered.
            let is_next = first_end.is_none_or(|end| call.begin <= end)
                && !left().any(|(other, earlier)| other < place && earlier.line == call.line && earlier.end.is_some());
            if !is_next {
                continue;
            }
            let (after, reply) = call.op.run(state);
            if call.end.as_ref().is_none_or(|(_, seen)| *seen == reply) {
                open.push((done | 1 << place, after));
            }
        }
    }
    false
}

/// A call of a client of its own, in seconds.
fn call(line: u64, op: Op, begin: u64, end: Option<(u64, &str)>) -> Call {
    let at = Duration::from_secs;
    Call {
        line,
        op,
        begin: at(begin),
        end: end.map(|(end, reply)| (at(end), reply.to_owned())),
    }
}

#[test]
fn what_overlaps_may_have_happened_in_any_order() {
    let calls = [
        call(1, Op::Set(5), 0, Some((10, "+OK"))),
        call(2, Op::Get, 1, Some((2, "nil"))),
        call(3, Op::Get, 3, Some((4, "5"))),
    ];
    assert!(is_linearizable(&calls));
}

#[test]
fn what_was_seen_is_not_undone() {
    let calls = [
        call(1, Op::Set(5), 0, Some((10, "+OK"))),
        call(2, Op::Get, 1, Some((2, "5"))),
        call(3, Op::Get, 3, Some((4, "nil"))),
    ];
    assert!(!is_linearizable(&calls));
}

#[test]
fn what_has_no_reply_may_happen_late_or_never_but_not_twice() {
    let lost = call(1, Op::Incr, 0, None);
    let seen = |reply| [lost.clone(), call(2, Op::Incr, 20, Some((21, reply)))];
    assert!(is_linearizable(&seen(":1")));
    assert!(is_linearizable(&seen(":2")));
    assert!(!is_linearizable(&seen(":3")));
}

#[test]
fn a_connection_keeps_the_order_of_what_is_sent() {
    let calls = |line| {
        [
            call(1, Op::Set(5), 0, Some((9, "+OK"))),
            call(line, Op::Get, 0, Some((9, "nil"))),
        ]
    };
    assert!(is_linearizable(&calls(2)));
    assert!(!is_linearizable(&calls(1)));
}
