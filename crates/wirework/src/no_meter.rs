//! Stands in for `meter.rs` where the feature `metrics` is off: counts nothing, takes no room, and compiles to nothing.

use std::borrow::Cow;
use std::error::Error;

use crate::Context;

#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(());

#[derive(Debug, Clone, Copy)]
pub(crate) enum Direction {
    Received,
    Sent,
}

#[expect(clippy::unused_self, reason = "the one that counts needs itself")]
impl Meter {
    pub(crate) fn new(_: Cow<'static, str>) -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn begun(&self) {}

    #[inline]
    pub(crate) fn over(&self) {}

    #[inline]
    pub(crate) fn accepted(&self) {}

    #[inline]
    pub(crate) fn refused(&self, _: &'static str) {}

    #[inline]
    pub(crate) fn ended(&self, _: &'static str) {}

    #[inline]
    pub(crate) fn error(&self, _: &'static str) {}

    #[inline]
    pub(crate) fn failure(&self, _: &(dyn Error + 'static)) {}

    #[inline]
    pub(crate) fn received(&self, _: usize) {}

    #[inline]
    pub(crate) fn sent(&self, _: usize) {}

    #[inline]
    pub(crate) fn frames(&self, _: Direction, _: u32) {}
}

#[derive(Debug, Default)]
pub(crate) struct Stopwatch(());

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Lap(());

#[expect(clippy::unused_self, reason = "the one that counts needs itself")]
impl Stopwatch {
    pub(crate) fn new(_: &Context) -> Self {
        Self(())
    }

    #[inline]
    pub(crate) fn start(&self) -> Lap {
        Lap(())
    }

    #[inline]
    pub(crate) fn stop(&self, _: Lap) {}
}
