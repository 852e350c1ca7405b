//! What connects two hosts: how long it takes, how much it carries, and what it loses.

use std::time::Duration;

use crate::{ConfigError, Dice};

/// How long a packet is under way.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Latency {
    /// Always as long.
    Constant(Duration),
    /// Any time from the first to the second, each as likely.
    Uniform(Duration, Duration),
    /// At least `min`, and `mean` on average, with a tail that is ten times as long in 1 of 20,000 cases.
    Exponential {
        /// The shortest.
        min: Duration,
        /// The average.
        mean: Duration,
    },
    /// `fast` mostly, and `slow` for `slow_per_million` of a million packets.
    Bimodal {
        /// The usual.
        fast: Duration,
        /// The exception.
        slow: Duration,
        /// How many of a million packets are exceptions.
        slow_per_million: u32,
    },
}

impl Latency {
    pub(crate) fn sample(&self, dice: &mut Dice) -> u64 {
        match *self {
            Self::Constant(latency) => nanos(latency),
            Self::Uniform(low, high) => dice.between(nanos(low), nanos(high)),
            Self::Exponential { min, mean } => {
                let spread = nanos(mean.saturating_sub(min));
                nanos(min).saturating_add(exponential(dice.below(1 << 32), spread))
            }
            Self::Bimodal {
                fast,
                slow,
                slow_per_million,
            } => nanos(if dice.chance(slow_per_million) { slow } else { fast }),
        }
    }

    fn is_possible(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Bimodal { .. } => true,
            Self::Uniform(low, high) => low <= high,
            Self::Exponential { min, mean } => min <= mean,
        }
    }
}

/// `mean * -ln(1 - fraction / 2^32)` without floating point, whose logarithms differ between machines: the bits of the
/// remaining fraction are counted for the whole part in ln 2, and the rest is interpolated.
fn exponential(fraction: u64, mean: u64) -> u64 {
    // In 1 ..= 2^32.
    let left = (1_u64 << 32) - fraction;
    let power = u64::BITS - (left - 1).leading_zeros();
    let halvings = 32 - power;
    // How far `left` is from the power of two that is not below it, as a part of 2^16.
    let top = 1_u64 << power;
    let within = ((u128::from(top - left)) << 17) / u128::from(top);
    // -log2 in parts of 2^16; a straight line between powers of two is right within 9 %.
    let log2 = u128::from(halvings) * 65_536 + within;
    // ln 2 is 45,426 parts of 65,536.
    let ln = log2 * 45_426 / 65_536;
    u64::try_from(u128::from(mean) * ln / 65_536).unwrap_or(u64::MAX)
}

/// One direction between two hosts; by value, as [`Config::link`](crate::Config::link) and
/// [`Sim::set_link`](crate::Sim::set_link) take it.
///
/// | | default |
/// |---|---|
/// | [`latency`](Self::latency) | 1 ms, constant |
/// | [`bandwidth`](Self::bandwidth) | unlimited |
/// | [`loss`](Self::loss) | none |
/// | [`duplication`](Self::duplication) | none |
/// | [`reordering`](Self::reordering) | none |
/// | [`mtu`](Self::mtu) | 65,535 bytes |
///
/// ```
/// use std::time::Duration;
/// use wirework_sim::{Latency, Link};
///
/// let (min, mean) = (Duration::from_millis(20), Duration::from_millis(35));
/// let mobile = Link::new().latency(Latency::Exponential { min, mean }).loss(10_000).bandwidth(250_000).mtu(1400);
/// # let _ = mobile;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub(crate) latency: Latency,
    pub(crate) bandwidth: Option<u64>,
    pub(crate) loss: u32,
    pub(crate) duplication: u32,
    pub(crate) reordering: u32,
    pub(crate) mtu: usize,
}

impl Link {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            latency: Latency::Constant(Duration::from_millis(1)),
            bandwidth: None,
            loss: 0,
            duplication: 0,
            reordering: 0,
            mtu: 65_535,
        }
    }

    /// Sets how long packets are under way; 1 ms unless set. The packets of one TCP connection keep their order.
    #[must_use]
    pub fn latency(mut self, latency: impl Into<Latency>) -> Self {
        self.latency = latency.into();
        self
    }

    /// Sets how many bytes a second it carries, shared by all connections; unlimited unless set.
    #[must_use]
    pub fn bandwidth(mut self, bytes_per_second: impl Into<Option<u64>>) -> Self {
        self.bandwidth = bytes_per_second.into();
        self
    }

    /// Sets how many of a million packets are lost; none unless set. TCP sends them again after its timeout, from 200 ms on.
    #[must_use]
    pub fn loss(mut self, per_million: u32) -> Self {
        self.loss = per_million;
        self
    }

    /// Sets how many of a million datagrams arrive twice; none unless set.
    #[must_use]
    pub fn duplication(mut self, per_million: u32) -> Self {
        self.duplication = per_million;
        self
    }

    /// Sets how many of a million datagrams are held back for up to four times their latency, so that later ones overtake them;
    /// none unless set.
    #[must_use]
    pub fn reordering(mut self, per_million: u32) -> Self {
        self.reordering = per_million;
        self
    }

    /// Sets how many bytes a packet has at most, its header of 40 bytes (TCP) or 28 (UDP) included; 65,535 unless set. A
    /// datagram that is longer travels in pieces and is lost with any of them.
    #[must_use]
    pub fn mtu(mut self, bytes: usize) -> Self {
        self.mtu = bytes;
        self
    }

    /// Fails for what no link can be, naming what is wrong.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let wrong = if self.bandwidth == Some(0) {
            "its bandwidth is 0; to stop all traffic, use a partition or a clog"
        } else if self.mtu <= 68 {
            "its MTU leaves no room for data; the least that the Internet protocol allows is 68 bytes (RFC 791)"
        } else if self.loss > 1_000_000 || self.duplication > 1_000_000 || self.reordering > 1_000_000 {
            "one of its chances is above 1,000,000 of a million"
        } else if !self.latency.is_possible() {
            "the bounds of its latency are the wrong way round"
        } else {
            return Ok(());
        };
        Err(ConfigError::Link {
            link: format!("{self:?}"),
            wrong,
        })
    }
}

impl Default for Link {
    fn default() -> Self {
        Self::new()
    }
}

impl From<Duration> for Latency {
    fn from(latency: Duration) -> Self {
        Self::Constant(latency)
    }
}

/// A duration in nanoseconds; 584 years at most.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Choices;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn latencies_are_what_they_say() {
        let mut dice = Choices::seeded(1).at("latency", &[]);
        let mut mean = |latency: Latency| (0..20_000).map(|_| latency.sample(&mut dice)).sum::<u64>() / 20_000;
        assert_eq!(mean(Latency::Constant(MS)), 1_000_000);
        let uniform = mean(Latency::Uniform(MS, 3 * MS));
        assert!((1_950_000..2_050_000).contains(&uniform), "{uniform}");
        let exponential = mean(Latency::Exponential { min: MS, mean: 3 * MS });
        assert!((2_800_000..3_200_000).contains(&exponential), "{exponential}");
        let (fast, slow, slow_per_million) = (MS, 101 * MS, 100_000);
        let bimodal = mean(Latency::Bimodal {
            fast,
            slow,
            slow_per_million,
        });
        assert!((10_000_000..12_000_000).contains(&bimodal), "{bimodal}");
    }

    #[test]
    fn zero_is_the_shortest() {
        let mut dice = Choices::replayed([]).at("latency", &[]);
        for latency in [
            Latency::Uniform(MS, 9 * MS),
            Latency::Exponential { min: MS, mean: 9 * MS },
            Latency::Bimodal {
                fast: MS,
                slow: 9 * MS,
                slow_per_million: 999_999,
            },
        ] {
            assert_eq!(latency.sample(&mut dice), 1_000_000);
        }
    }

    #[test]
    fn an_impossible_link_says_what_is_wrong() {
        let wrong = |link: Link| link.check().unwrap_err().to_string();
        assert!(wrong(Link::new().bandwidth(0)).contains("bandwidth is 0"));
        assert!(wrong(Link::new().mtu(40)).contains("MTU"));
        assert!(wrong(Link::new().loss(1_000_001)).contains("above"));
        assert!(wrong(Link::new().latency(Latency::Uniform(2 * MS, MS))).contains("wrong way round"));
    }
}
