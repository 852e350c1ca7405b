//! Plans made from choices.
//!
//! A swarm is not simply everything at once: each seed switches whole families of faults off. Runs in which everything fails
//! all the time never get far enough to meet the bugs that need one fault alone, in the right moment.

use std::time::Duration;

use super::{Event, Fault, Plan};
use crate::{Choices, Dice};

/// The families of faults that a [`Swarm`] switches on and off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is explained at the fault of its name")]
pub enum Family {
    Partition,
    OneWay,
    Clog,
    Reset,
    Kill,
    PowerOff,
    Pause,
    SlowReader,
    Dns,
    Accept,
    Clock,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Partition,
        Self::OneWay,
        Self::Clog,
        Self::Reset,
        Self::Kill,
        Self::PowerOff,
        Self::Pause,
        Self::SlowReader,
        Self::Dns,
        Self::Accept,
        Self::Clock,
    ];
}

/// Makes a different [`Plan`] of every source of choices.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use wirework_sim::{Choices, Family, Swarm};
///
/// let swarm = Swarm::new(["client", "server"])
///     .families([Family::Partition, Family::Reset])
///     .within(Duration::from_secs(10));
/// let plan = swarm.generate(&Choices::seeded(7));
/// assert!(plan.events().iter().all(|event| event.at < Duration::from_secs(10)));
/// assert_eq!(plan, swarm.generate(&Choices::seeded(7)));
/// ```
#[derive(Clone, Debug)]
pub struct Swarm {
    hosts: Vec<String>,
    families: Vec<Family>,
    within: Duration,
    lasting: Duration,
    max_faults: u64,
}

impl Swarm {
    /// A swarm that harms `hosts` and the links between them.
    #[must_use]
    pub fn new<S: Into<String>>(hosts: impl IntoIterator<Item = S>) -> Self {
        Self {
            hosts: hosts.into_iter().map(Into::into).collect(),
            families: Family::ALL.to_vec(),
            within: Duration::from_mins(1),
            lasting: Duration::from_secs(30),
            max_faults: 8,
        }
    }

    /// The families that may occur. Default: all.
    #[must_use]
    pub fn families(mut self, families: impl IntoIterator<Item = Family>) -> Self {
        self.families = families.into_iter().collect();
        self
    }

    /// Faults begin before this time from the start. Default: 60 s.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.within = time;
        self
    }

    /// A fault lasts at most this long; most are much shorter. Default: 30 s.
    #[must_use]
    pub fn lasting(mut self, longest: Duration) -> Self {
        self.lasting = longest;
        self
    }

    /// The most faults in a plan. Default: 8.
    #[must_use]
    pub fn max_faults(mut self, faults: u64) -> Self {
        self.max_faults = faults;
        self
    }

    /// The plan of one run. Zeros give the empty plan.
    #[must_use]
    pub fn generate(&self, choices: &Choices) -> Plan {
        let mut families = choices.at("swarm.families", &[]);
        let on: Vec<Family> = self
            .families
            .iter()
            .copied()
            .filter(|_| families.below(2) == 1)
            .collect();
        if on.is_empty() || self.hosts.is_empty() {
            return Plan::new();
        }
        let faults = choices.at("swarm.count", &[]).between(0, self.max_faults);
        let fault = |number| {
            // A place of its own for each fault, so that one fewer leaves the others as they were.
            let mut dice = choices.at("swarm.fault", &[number]);
            let at = Duration::from_nanos(dice.below(nanos(self.within)));
            if at.is_zero() {
                // Zeros are benign: a fault of which nothing was chosen is none.
                return None;
            }
            self.fault(*dice.pick(&on), &mut dice).map(|fault| Event { at, fault })
        };
        (0..faults).filter_map(fault).collect()
    }

    /// `None` where it takes two hosts and there is one.
    fn fault(&self, family: Family, dice: &mut Dice) -> Option<Fault> {
        let lasts = self.duration(dice);
        let first = dice.index(self.hosts.len());
        let host = self.hosts[first].clone();
        let mut others = self.hosts.clone();
        others.remove(first);
        let mut other =
            |host: String| (!others.is_empty()).then(|| (host, others.swap_remove(dice.index(others.len()))));
        Some(match family {
            Family::Partition => other(host).map(|(a, b)| Fault::Partition { a, b, lasts })?,
            Family::OneWay => other(host).map(|(from, to)| Fault::OneWay { from, to, lasts })?,
            Family::Clog => other(host).map(|(from, to)| Fault::Clog { from, to, lasts })?,
            Family::Reset => other(host).map(|(a, b)| Fault::Reset { a, b })?,
            Family::Kill => Fault::Kill { host, down: lasts },
            Family::PowerOff => Fault::PowerOff { host, down: lasts },
            Family::Pause => Fault::Pause { host, lasts },
            Family::SlowReader => Fault::SlowReader { host, lasts },
            Family::Dns => Fault::FailDns { host, lasts },
            Family::Accept => Fault::FailAccept { host, lasts },
            Family::Clock => Fault::StepClock {
                host,
                by: lasts * 100,
                back: dice.below(2) == 1,
            },
        })
    }

    /// Short and long ones alike: every halving of the longest is as likely as the next, down to a thousandth.
    fn duration(&self, dice: &mut Dice) -> Duration {
        let halvings = u32::try_from(10 - dice.below(11)).unwrap_or(0);
        let most = nanos(self.lasting) >> halvings;
        Duration::from_nanos(dice.between(most / 2, most).max(1))
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_switches_families_off() {
        let swarm = Swarm::new(["a", "b"]).max_faults(100);
        let counts = (0..200).map(|seed| {
            let plan = swarm.generate(&Choices::seeded(seed));
            let mut families: Vec<Family> = plan.events().iter().map(|event| event.fault.family()).collect();
            families.sort_unstable();
            families.dedup();
            families.len()
        });
        let few = counts.filter(|count| *count <= 7).count();
        assert!((100..200).contains(&few), "{few} of 200 seeds leave families out");
    }

    #[test]
    fn zeros_are_no_faults() {
        let swarm = Swarm::new(["a", "b"]);
        assert!(swarm.generate(&Choices::replayed([])).is_empty());
        // Those of a single fault, too, whatever the others are.
        let (choices, recorder) = Choices::seeded(5).recording();
        let plan = swarm.generate(&choices);
        let second = choices.at("swarm.fault", &[1]).clone();
        let left = recorder.take().into_iter().filter(|choice| !second.is_at(choice));
        let fewer = swarm.generate(&Choices::replayed(left));
        let expected: Plan = plan
            .events()
            .iter()
            .filter(|event| fewer.events().contains(event))
            .cloned()
            .collect();
        assert_eq!(fewer, expected);
        assert_eq!(fewer.events().len() + 1, plan.events().len());
    }

    #[test]
    fn one_host_has_no_links_to_harm() {
        for seed in 0..200 {
            for event in Swarm::new(["alone"]).generate(&Choices::seeded(seed)).events() {
                let fault = event.fault.to_string();
                assert!(!fault.contains("<->") && !fault.contains("->"), "{fault}");
            }
        }
        assert!(Swarm::new([""; 0]).generate(&Choices::seeded(1)).is_empty());
    }

    #[test]
    fn links_are_between_two_hosts() {
        for seed in 0..200 {
            for event in Swarm::new(["a", "b", "c"]).generate(&Choices::seeded(seed)).events() {
                if let Fault::Partition { a, b, lasts } = &event.fault {
                    assert_ne!(a, b);
                    assert!(*lasts <= Duration::from_secs(30) && !lasts.is_zero(), "{lasts:?}");
                }
            }
        }
    }
}
