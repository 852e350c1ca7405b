//! What one side of a framed connection tells the server that the connection is of.
//!
//! The record and the count of frames are together, so that neither side has to hold the server's counters beside its record.

use std::sync::Arc;
use std::{fmt, mem};

use crate::meter::Direction;
use crate::record::Record;

pub(super) struct Ledger {
    /// `None` where no server wants to know.
    record: Option<Arc<Record>>,
    /// Frames that are not counted yet: they are many, so they are counted some at a time.
    frames: u32,
    direction: Direction,
}

impl Ledger {
    pub(super) const fn new(direction: Direction) -> Self {
        Self {
            record: None,
            frames: 0,
            direction,
        }
    }

    pub(super) fn set_record(&mut self, record: Arc<Record>) {
        self.record = Some(record);
    }

    #[inline]
    pub(super) fn record(&self) -> Option<&Arc<Record>> {
        self.record.as_ref()
    }

    /// One frame more.
    #[inline]
    pub(super) fn add_frame(&mut self) {
        self.frames = self.frames.wrapping_add(1);
    }

    /// Counts the frames where the server's are counted.
    pub(super) fn flush(&mut self) {
        let frames = mem::take(&mut self.frames);
        if let Some(record) = &self.record
            && frames > 0
        {
            record.host.meter.frames(self.direction, frames);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("direction", &self.direction)
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}
