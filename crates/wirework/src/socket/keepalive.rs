//! After how much silence the system asks whether a peer still is there: for both ends of a connection.

use std::time::Duration;

/// Unless set otherwise.
pub(crate) const KEEPALIVE: Duration = Duration::from_mins(2);

/// The most seconds that Linux takes for `TCP_KEEPIDLE`: more is an error there, of a connection or of a listener.
const MAX_SECS: u64 = 32_767;

/// The silence, if it can be set.
pub(crate) fn checked(silence: Option<Duration>) -> Option<Duration> {
    let fits = silence.is_none_or(|silence| (1..=MAX_SECS).contains(&silence.as_secs()));
    assert!(
        fits,
        "keepalive must be from 1 second to {MAX_SECS} (some 9 hours), not {silence:?}"
    );
    silence
}
