//! What `SET` can do besides.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Cmd;

/// Options of `SET`: see [`Redis::set_with`](crate::Redis::set_with). Without any, the value is set whatever was there, and
/// does not expire.
#[derive(Debug, Clone, Copy, Default)]
pub struct SetOptions {
    expiry: Expiry,
    condition: Condition,
}

#[derive(Debug, Clone, Copy, Default)]
enum Expiry {
    #[default]
    Never,
    In(Duration),
    At(SystemTime),
    Keep,
}

#[derive(Debug, Clone, Copy, Default)]
enum Condition {
    #[default]
    Always,
    IfAbsent,
    IfPresent,
}

impl SetOptions {
    /// No options.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            expiry: Expiry::Never,
            condition: Condition::Always,
        }
    }

    /// The value expires after that time, in whole milliseconds (`PX`).
    #[must_use]
    pub const fn expires_in(mut self, duration: Duration) -> Self {
        self.expiry = Expiry::In(duration);
        self
    }

    /// The value expires at that time, in whole milliseconds (`PXAT`).
    #[must_use]
    pub const fn expires_at(mut self, time: SystemTime) -> Self {
        self.expiry = Expiry::At(time);
        self
    }

    /// The value expires when the one before it would have (`KEEPTTL`).
    #[must_use]
    pub const fn keep_expiry(mut self) -> Self {
        self.expiry = Expiry::Keep;
        self
    }

    /// Sets the value only if there is none (`NX`).
    #[must_use]
    pub const fn if_absent(mut self) -> Self {
        self.condition = Condition::IfAbsent;
        self
    }

    /// Sets the value only if there is one (`XX`).
    #[must_use]
    pub const fn if_present(mut self) -> Self {
        self.condition = Condition::IfPresent;
        self
    }

    pub(super) fn add_to(self, cmd: Cmd) -> Cmd {
        let cmd = match self.expiry {
            Expiry::Never => cmd,
            Expiry::In(duration) => cmd.arg("PX").arg(millis(duration)),
            Expiry::At(time) => {
                let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
                cmd.arg("PXAT").arg(millis(since))
            }
            Expiry::Keep => cmd.arg("KEEPTTL"),
        };
        match self.condition {
            Condition::Always => cmd,
            Condition::IfAbsent => cmd.arg("NX"),
            Condition::IfPresent => cmd.arg("XX"),
        }
    }
}

/// A time in whole milliseconds, as far as Redis can count.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd;

    #[test]
    fn options_are_arguments() {
        let second = Duration::from_secs(1);
        for (options, expected) in [
            (SetOptions::new(), ""),
            (SetOptions::new().expires_in(second), "PX 1000"),
            (
                SetOptions::new().expires_at(UNIX_EPOCH + second).if_absent(),
                "PXAT 1000 NX",
            ),
            (SetOptions::new().keep_expiry().if_present(), "KEEPTTL XX"),
        ] {
            let args = expected.split(' ').filter(|arg| !arg.is_empty());
            assert_eq!(options.add_to(cmd("SET")), cmd("SET").args(args));
        }
    }
}
