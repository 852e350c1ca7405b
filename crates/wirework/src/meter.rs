//! Counts for the `metrics` facade: what a server does, for whatever recorder the program has installed.
//!
//! Where the feature is off, `no_meter.rs` is in the place of this file: the same names, and nothing behind them.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use metrics::{Counter, Gauge, Histogram, SharedString, counter, describe_counter, describe_gauge, describe_histogram};
use metrics::{Unit, gauge, histogram};

use crate::{Context, Runtime};

const ACCEPTED: &str = "wirework_connections_accepted_total";
const REFUSED: &str = "wirework_connections_refused_total";
const ACTIVE: &str = "wirework_connections_active";
const ENDED: &str = "wirework_connections_ended_total";
const RECEIVED: &str = "wirework_received_bytes_total";
const SENT: &str = "wirework_sent_bytes_total";
const FRAMES_RECEIVED: &str = "wirework_received_frames_total";
const FRAMES_SENT: &str = "wirework_sent_frames_total";
const ERRORS: &str = "wirework_errors_total";
const REQUESTS: &str = "wirework_request_duration_seconds";

/// What counts for one server; for a connection that is none's, nothing. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Meter(Option<Arc<Instruments>>);

struct Instruments {
    protocol: SharedString,
    accepted: Counter,
    active: Gauge,
    received: Counter,
    sent: Counter,
    frames: [Counter; 2],
    requests: Histogram,
}

/// Which way frames go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Received,
    Sent,
}

impl Meter {
    /// Registers what a server of that protocol counts, with the recorder that is installed by now.
    pub(crate) fn new(protocol: Cow<'static, str>) -> Self {
        describe();
        let protocol = SharedString::from(protocol);
        let counted = |name: &'static str| counter!(name, "protocol" => protocol.clone());
        Self(Some(Arc::new(Instruments {
            accepted: counted(ACCEPTED),
            active: gauge!(ACTIVE, "protocol" => protocol.clone()),
            received: counted(RECEIVED),
            sent: counted(SENT),
            frames: [counted(FRAMES_RECEIVED), counted(FRAMES_SENT)],
            requests: histogram!(REQUESTS, "protocol" => protocol.clone()),
            protocol,
        })))
    }

    pub(crate) fn begun(&self) {
        self.with(|instruments| instruments.active.increment(1.0));
    }

    pub(crate) fn over(&self) {
        self.with(|instruments| instruments.active.decrement(1.0));
    }

    pub(crate) fn accepted(&self) {
        self.with(|instruments| instruments.accepted.increment(1));
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.with(|instruments| {
            counter!(REFUSED, "protocol" => instruments.protocol.clone(), "reason" => reason).increment(1);
        });
    }

    pub(crate) fn ended(&self, how: &'static str) {
        self.with(|instruments| {
            counter!(ENDED, "protocol" => instruments.protocol.clone(), "how" => how).increment(1);
        });
    }

    /// An error that is known by a name.
    pub(crate) fn error(&self, kind: &'static str) {
        self.count_error(kind);
    }

    /// The error by which a handler or a handshake failed, by the kind of the I/O error that caused it, if one did.
    pub(crate) fn failure(&self, error: &(dyn Error + 'static)) {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return self.count_error(error.kind().to_string());
            }
            cause = error.source();
        }
        self.count_error("other");
    }

    #[inline]
    pub(crate) fn received(&self, bytes: usize) {
        self.with(|instruments| instruments.received.increment(bytes as u64));
    }

    #[inline]
    pub(crate) fn sent(&self, bytes: usize) {
        self.with(|instruments| instruments.sent.increment(bytes as u64));
    }

    pub(crate) fn frames(&self, direction: Direction, count: u32) {
        self.with(|instruments| instruments.frames[direction as usize].increment(u64::from(count)));
    }

    fn count_error(&self, kind: impl Into<SharedString>) {
        self.with(|instruments| {
            counter!(ERRORS, "protocol" => instruments.protocol.clone(), "kind" => kind.into()).increment(1);
        });
    }

    fn with(&self, count: impl FnOnce(&Instruments)) {
        if let Some(instruments) = &self.0 {
            count(instruments);
        }
    }
}

fn describe() {
    let counters = [
        (ACCEPTED, Unit::Count, "Connections accepted"),
        (REFUSED, Unit::Count, "Connections not let in, by reason"),
        (ENDED, Unit::Count, "Connections that ended, by how they did"),
        (RECEIVED, Unit::Bytes, "Bytes received by handlers"),
        (SENT, Unit::Bytes, "Bytes sent by handlers"),
        (FRAMES_RECEIVED, Unit::Count, "Frames received"),
        (FRAMES_SENT, Unit::Count, "Frames sent"),
        (ERRORS, Unit::Count, "Errors, by kind"),
    ];
    for (name, unit, text) in counters {
        describe_counter!(name, unit, text);
    }
    describe_gauge!(ACTIVE, Unit::Count, "Connections being served");
    describe_histogram!(REQUESTS, Unit::Seconds, "Time from a request's call to its reply");
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter").field(&self.0.is_some()).finish()
    }
}

/// Measures how long requests take.
#[derive(Debug, Default)]
pub(crate) struct Stopwatch(Option<(Meter, Context)>);

/// When a request was begun.
pub(crate) type Lap = Option<Instant>;

impl Stopwatch {
    pub(crate) fn new(cx: &Context) -> Self {
        let meter = &cx.record().host.meter;
        Self(meter.0.is_some().then(|| (meter.clone(), cx.clone())))
    }

    pub(crate) fn start(&self) -> Lap {
        self.0.as_ref().map(|(_, clock)| clock.now())
    }

    pub(crate) fn stop(&self, lap: Lap) {
        if let (Some((meter, clock)), Some(start)) = (&self.0, lap) {
            let took = clock.now().saturating_duration_since(start);
            meter.with(|instruments| instruments.requests.record(took));
        }
    }
}
