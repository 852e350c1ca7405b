//! How long a peer may take for what.

use std::time::Duration;

use super::ConfigError;

/// The deadlines of each connection.
///
/// Who misses one is cut: the handler is dropped where it waits, and what is unsent is lost, so that a client sees no more than the end.
/// For a last word, let the handler keep a shorter time of its own, by [`timeout`](crate::time::timeout) or a timer in
/// [`Framed::next_or`](crate::Framed::next_or).
///
/// All of them are watched with one timer per server, which is not touched for a message. A deadline is never met
/// early; `idle` may be met late by up to a quarter.
///
/// | | counts | default |
/// |---|---|---|
/// | [`handshake`](Self::handshake) | from the accept until all [upgrades](crate::Upgrade) are done | 10 s |
/// | [`first_frame`](Self::first_frame) | from then, or the accept, to the peer's first frame | 30 s |
/// | [`idle`](Self::idle) | while nothing is under way in either direction | 5 min |
/// | [`frame`](Self::frame) | from a frame's first byte to its last | 60 s |
/// | [`write`](Self::write) | while the peer takes nothing of what is to be sent | 60 s |
/// | [`request`](Self::request) | while a [`Service`](crate::Service) works on one request | 60 s |
/// | [`min_rate`](Self::min_rate) | bytes per second inside a frame, or of what is to be sent | 100 B/s after 10 s |
/// | [`lifetime`](Self::lifetime) | from the accept | none |
///
/// Where the handler reads a raw connection, a frame is not known: `first_frame` then means the first byte, `frame` and
/// `min_rate` do not count for reading. See [`Framed::watched_by`](crate::Framed::watched_by).
///
/// Time in which the handler works, waiting for neither the peer nor a frame, counts for `lifetime` and `request` alone.
///
/// ```
/// use std::time::Duration;
/// use wirework::Deadlines;
///
/// let deadlines = Deadlines::new().idle(Duration::from_secs(60)).lifetime(Duration::from_secs(3600)).min_rate(None);
/// # let _ = deadlines;
/// ```
#[derive(Debug, Clone)]
pub struct Deadlines {
    pub(super) handshake: Setting,
    pub(super) first_frame: Setting,
    pub(super) idle: Setting,
    pub(super) frame: Setting,
    pub(super) write: Setting,
    pub(super) request: Setting,
    pub(super) lifetime: Setting,
    pub(super) min_rate: Option<MinRate>,
}

/// A duration, and whether someone chose it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Setting {
    Default(Duration),
    Chosen(Duration),
    Off,
}

/// So many bytes per second, once `grace` has passed.
#[derive(Debug, Clone, Copy)]
pub(super) struct MinRate {
    pub(super) bytes_per_second: u32,
    pub(super) grace: Duration,
}

impl Deadlines {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            handshake: Setting::Default(Duration::from_secs(10)),
            first_frame: Setting::Default(Duration::from_secs(30)),
            idle: Setting::Default(Duration::from_mins(5)),
            frame: Setting::Default(Duration::from_mins(1)),
            write: Setting::Default(Duration::from_mins(1)),
            request: Setting::Default(Duration::from_mins(1)),
            lifetime: Setting::Off,
            min_rate: Some(MinRate {
                bytes_per_second: 100,
                grace: Duration::from_secs(10),
            }),
        }
    }

    /// No deadlines at all: for peers that are trusted, and for tests.
    #[must_use]
    pub fn none() -> Self {
        Self {
            handshake: Setting::Off,
            first_frame: Setting::Off,
            idle: Setting::Off,
            frame: Setting::Off,
            write: Setting::Off,
            request: Setting::Off,
            lifetime: Setting::Off,
            min_rate: None,
        }
    }

    /// Sets how long after it was accepted a connection may take until it is ready to be served: for its
    /// [upgrades](crate::Upgrade), such as TLS or a PROXY header, and for telling its [protocol](crate::Doors). 10 seconds unless
    /// set. No other deadline but `lifetime` counts meanwhile.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn handshake(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.handshake = Setting::chosen("handshake", duration.into());
        self
    }

    /// Sets how long a connection may be without a whole frame from the peer, from when it is ready to be served; 30 seconds
    /// unless set.
    /// `None` for protocols in which a peer may only listen.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn first_frame(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.first_frame = Setting::chosen("first_frame", duration.into());
        self
    }

    /// Sets how long a connection may wait for the peer to begin a frame, with nothing sent either; 5 minutes unless set.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn idle(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.idle = Setting::chosen("idle", duration.into());
        self
    }

    /// Sets how long a frame may take to come, from the first byte of it that is read; 60 seconds unless set.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn frame(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.frame = Setting::chosen("frame", duration.into());
        self
    }

    /// Sets how long the peer may take nothing of what waits to be sent; 60 seconds unless set. Each byte that it takes
    /// starts it again; see [`min_rate`](Self::min_rate) for peers that take one at a time.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn write(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.write = Setting::chosen("write", duration.into());
        self
    }

    /// Sets how long a service may work on one request; 60 seconds unless set.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn request(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.request = Setting::chosen("request", duration.into());
        self
    }

    /// Sets how old a connection may become; there is no limit unless set, since age alone is no fault. Whoever has reached it is cut,
    /// in the middle of a request as well.
    ///
    /// # Panics
    /// Panics if it is zero.
    #[must_use]
    pub fn lifetime(mut self, duration: impl Into<Option<Duration>>) -> Self {
        self.lifetime = Setting::chosen("lifetime", duration.into());
        self
    }

    /// Sets how many bytes per second, on average, a peer must send once it has begun a frame, and must take while
    /// something waits to be sent; 100 unless set. It is looked at when `grace` (10 seconds unless set) has passed since
    /// the frame began, or the wait.
    ///
    /// # Panics
    /// Panics if either is zero.
    #[must_use]
    pub fn min_rate(mut self, rate: impl Into<Option<(u32, Duration)>>) -> Self {
        self.min_rate = rate.into().map(|(bytes_per_second, grace)| {
            assert!(bytes_per_second > 0, "min_rate must be at least 1 byte per second");
            assert!(!grace.is_zero(), "the grace of min_rate must be longer than zero");
            MinRate {
                bytes_per_second,
                grace,
            }
        });
        self
    }

    /// Looks for deadlines that were chosen and that another one makes useless.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let all = [
            ("handshake", self.handshake),
            ("first_frame", self.first_frame),
            ("idle", self.idle),
            ("frame", self.frame),
            ("write", self.write),
            ("request", self.request),
        ];
        if let Setting::Chosen(lifetime) = self.lifetime {
            for (name, setting) in all {
                if let Setting::Chosen(duration) = setting
                    && duration > lifetime
                {
                    return Err(ConfigError::new(
                        name,
                        format!("{duration:?} cannot pass within a lifetime of {lifetime:?}"),
                    ));
                }
            }
        }
        if let (Setting::Chosen(first), Setting::Chosen(frame)) = (self.first_frame, self.frame)
            && first < frame
        {
            let why = format!("{frame:?} cannot pass before first_frame ({first:?}) for the first of them");
            return Err(ConfigError::new("frame", why));
        }
        Ok(())
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::new()
    }
}

impl Setting {
    fn chosen(name: &str, duration: Option<Duration>) -> Self {
        let Some(duration) = duration else { return Self::Off };
        assert!(!duration.is_zero(), "the {name} deadline must be longer than zero");
        Self::Chosen(duration)
    }

    pub(super) fn get(self) -> Option<Duration> {
        match self {
            Self::Default(duration) | Self::Chosen(duration) => Some(duration),
            Self::Off => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn contradictions_name_the_setting() {
        let check = |deadlines: Deadlines| deadlines.check().map_err(|error| error.to_string());
        assert_eq!(check(Deadlines::new()), Ok(()));
        // A default is no choice, so it contradicts nothing.
        assert_eq!(check(Deadlines::new().lifetime(secs(1))), Ok(()));
        assert_eq!(
            check(Deadlines::new().lifetime(secs(1)).idle(secs(2))).unwrap_err(),
            "bad configuration: idle: 2s cannot pass within a lifetime of 1s"
        );
        assert_eq!(
            check(Deadlines::new().first_frame(secs(1)).frame(secs(2))).unwrap_err(),
            "bad configuration: frame: 2s cannot pass before first_frame (1s) for the first of them"
        );
    }

    #[test]
    #[should_panic(expected = "the write deadline must be longer than zero")]
    fn zero_is_refused() {
        let _ = Deadlines::new().write(Duration::ZERO);
    }
}
