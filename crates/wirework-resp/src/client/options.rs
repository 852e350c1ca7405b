//! Who to log in as, and what a client may take.

use std::fmt;
use std::time::Duration;

use wirework::{Backoff, ClientOptions, ReconnectOptions};

use crate::{ValueDecoder, Version};

/// The longest reply, unless set otherwise: the longest value that Redis stores, and a little.
const MAX_REPLY: usize = 513 * 1024 * 1024;

/// Options of a [`Redis`](crate::Redis) or a [`PubSub`](crate::PubSub).
///
/// | | default | set with |
/// |---|---|---|
/// | version of the protocol | RESP3, or RESP2 if the server knows no other | [`version`](Self::version) |
/// | user and password | none | [`user`](Self::user), [`password`](Self::password) |
/// | database | 0 | [`database`](Self::database) |
/// | name of the connection | none | [`name`](Self::name) |
/// | bytes of a reply | 513 MiB | [`max_reply`](Self::max_reply) |
/// | time to connect and log in | 30 s | [`connect_timeout`](Self::connect_timeout) |
/// | time for a command, with its wait for a connection | 30 s | [`timeout`](Self::timeout) |
/// | silence, once a command has timed out, until the connection counts as lost | 30 s | [`dead_after`](Self::dead_after) |
/// | commands sent and not answered | 1024 | [`max_in_flight`](Self::max_in_flight) |
/// | wait before connecting again | up to 100 ms, doubling up to 30 s | [`backoff`](Self::backoff) |
/// | failures after which commands fail at once | never | [`fail_after`](Self::fail_after) |
/// | messages kept for a subscriber | 1024 | [`max_messages`](Self::max_messages) |
/// | silence of a subscription before it is tested | 30 s | [`heartbeat`](Self::heartbeat) |
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) version: Version,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: u32,
    pub(super) name: Option<String>,
    pub(super) max_reply: usize,
    pub(super) connect_timeout: Duration,
    timeout: Duration,
    dead_after: Option<Duration>,
    max_in_flight: usize,
    backoff: (Duration, Duration),
    fail_after: u32,
    pub(super) max_messages: usize,
    pub(super) heartbeat: Duration,
}

impl RedisOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            version: Version::Resp3,
            user: None,
            password: None,
            database: 0,
            name: None,
            max_reply: MAX_REPLY,
            connect_timeout: Duration::from_secs(30),
            timeout: Duration::from_secs(30),
            dead_after: Some(Duration::from_secs(30)),
            max_in_flight: 1024,
            backoff: (Duration::from_millis(100), Duration::from_secs(30)),
            fail_after: u32::MAX,
            max_messages: 1024,
            heartbeat: Duration::from_secs(30),
        }
    }

    /// Sets the version of the protocol; RESP3 unless set, with a fall back to RESP2 where the server does not know it.
    #[must_use]
    pub const fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// Sets the user to log in as; the default user unless set. It takes a [`password`](Self::password), too.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// Sets the password to log in with; without one there is no log-in.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Sets the database; 0 unless set.
    #[must_use]
    pub const fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// Sets the name of the connection, by which the server shows it (`CLIENT LIST`). It has no spaces.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets how long a reply may be, in bytes; 513 MiB unless set. A longer one ends the connection.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub const fn max_reply(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "max_reply must be at least 1 byte");
        self.max_reply = bytes;
        self
    }

    /// Sets how long connecting and logging in may take; 30 seconds unless set.
    #[must_use]
    pub const fn connect_timeout(mut self, duration: Duration) -> Self {
        self.connect_timeout = duration;
        self
    }

    /// Sets how long a command may take, with its wait for a connection and all its retries; 30 seconds unless set.
    #[must_use]
    pub const fn timeout(mut self, duration: Duration) -> Self {
        self.timeout = duration;
        self
    }

    /// Sets how long the server may then say nothing at all, once a command has timed out, until the connection counts as lost and
    /// is made anew; 30 seconds unless set, and `None` for never. See [`ClientOptions::dead_after`].
    ///
    /// A command that blocks for longer than the [timeout](Self::timeout), such as `BLPOP`, is such a silence.
    #[must_use]
    pub fn dead_after(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.dead_after = silence.into();
        self
    }

    /// Sets how many commands may be sent and not answered; 1024 unless set. Further ones wait their turn.
    ///
    /// # Panics
    /// Panics if `commands` is 0.
    #[must_use]
    pub const fn max_in_flight(mut self, commands: usize) -> Self {
        assert!(commands > 0, "max_in_flight must be at least 1 command");
        self.max_in_flight = commands;
        self
    }

    /// Sets how long to wait before connecting again, up to `base` (100 ms unless set) after the first failure, doubling up to
    /// `cap` (30 s unless set): see [`Backoff`].
    ///
    /// # Panics
    /// Panics if either is zero.
    #[must_use]
    pub const fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        assert!(
            !base.is_zero() && !cap.is_zero(),
            "both times of backoff must be longer than zero"
        );
        self.backoff = (base, cap);
        self
    }

    /// Has commands fail at once, rather than wait, after so many failures to connect in a row; never unless set.
    ///
    /// # Panics
    /// Panics if it is 0.
    #[must_use]
    pub const fn fail_after(mut self, failures: u32) -> Self {
        assert!(failures > 0, "fail_after must be at least 1 failure");
        self.fail_after = failures;
        self
    }

    /// Sets how many messages are kept for a subscriber that does not take them; 1024 unless set. Newer ones are then dropped,
    /// and counted.
    ///
    /// # Panics
    /// Panics if `messages` is 0.
    #[must_use]
    pub const fn max_messages(mut self, messages: usize) -> Self {
        assert!(messages > 0, "max_messages must be at least 1 message");
        self.max_messages = messages;
        self
    }

    /// Sets how long nothing may come over a subscription's connection before the server is asked whether it is there; 30 seconds
    /// unless set. If it does not answer in as long again, the connection is made anew.
    #[must_use]
    pub const fn heartbeat(mut self, duration: Duration) -> Self {
        self.heartbeat = duration;
        self
    }

    pub(super) fn decoder(&self) -> ValueDecoder {
        ValueDecoder::new().max_bulk(self.max_reply)
    }

    pub(super) fn client(&self) -> ClientOptions {
        ClientOptions::new()
            .max_in_flight(self.max_in_flight)
            .timeout(self.timeout)
            .dead_after(self.dead_after)
    }

    pub(super) fn reconnect(&self) -> ReconnectOptions {
        let (base, cap) = self.backoff;
        let options = ReconnectOptions::new().backoff(base, cap).timeout(self.timeout);
        options
            .connect_timeout(self.connect_timeout)
            .fail_after(self.fail_after)
    }

    pub(super) fn new_backoff(&self) -> Backoff {
        let (base, cap) = self.backoff;
        Backoff::new(base, cap)
    }
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RedisOptions {
    /// Does not show the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("version", &self.version)
            .field("user", &self.user)
            .field("database", &self.database)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
