//! What bounds the frames of a server's connections.

use crate::{Connection, Framed};

/// Limits of the frames of each connection, where the server frames it: of conversations, services and sessions.
///
/// | | default | set with |
/// |---|---|---|
/// | bytes buffered for a frame that is not complete | 2 MiB | [`max_buffered`](Self::max_buffered) |
/// | low and high watermark of unsent bytes | 16 and 64 KiB | [`watermarks`](Self::watermarks) |
/// | frames handed out before other tasks get a turn | 256 | [`budget`](Self::budget) |
///
/// How long one frame may be is the codec's to say; the first limit holds whatever the codec says.
///
/// ```
/// use wirework::{FrameLimits, Runtime, Server};
///
/// /// For requests of up to 16 MiB, as they are in an upload.
/// fn uploads<R: Runtime>(runtime: &R) -> Server<R> {
///     Server::new(runtime).frame_limits(FrameLimits::new().max_buffered(16 << 20))
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameLimits {
    max_buffered: Option<usize>,
    watermarks: Option<(usize, usize)>,
    budget: Option<u32>,
}

impl FrameLimits {
    /// The defaults, which are those of [`Framed`](Framed#limits).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            max_buffered: None,
            watermarks: None,
            budget: None,
        }
    }

    /// Sets how many bytes may be buffered for a frame that is not complete; 2 MiB unless set. So much memory each connection can
    /// make the server hold.
    ///
    /// # Panics
    /// Panics if `bytes` is 0.
    #[must_use]
    pub const fn max_buffered(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "max_buffered must be at least 1 byte");
        self.max_buffered = Some(bytes);
        self
    }

    /// Sets the watermarks of unsent bytes; 16 KiB and 64 KiB unless set. At `high`, no more requests are read, until no more than
    /// `low` bytes are left.
    ///
    /// # Panics
    /// Panics unless `low < high`.
    #[must_use]
    pub const fn watermarks(mut self, low: usize, high: usize) -> Self {
        assert!(low < high, "watermarks: the low one must be below the high one");
        self.watermarks = Some((low, high));
        self
    }

    /// Sets how many frames of one connection are handed out before other tasks get a turn; 256 unless set.
    ///
    /// # Panics
    /// Panics if `frames` is 0.
    #[must_use]
    pub const fn budget(mut self, frames: u32) -> Self {
        assert!(frames > 0, "budget must be at least 1 frame");
        self.budget = Some(frames);
        self
    }

    pub(super) fn apply<C: Connection, D, E>(self, mut framed: Framed<C, D, E>) -> Framed<C, D, E> {
        if let Some(bytes) = self.max_buffered {
            framed = framed.max_buffered(bytes);
        }
        if let Some((low, high)) = self.watermarks {
            framed = framed.watermarks(low, high);
        }
        if let Some(frames) = self.budget {
            framed = framed.budget(frames);
        }
        framed
    }
}
