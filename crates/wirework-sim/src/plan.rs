//! Faults as data: what goes wrong, and when.
//!
//! A plan is made before the run, not rolled as it goes, so that it can be printed with a failure, given back to replay it,
//! and made smaller by leaving entries out. Each entry ends by itself: a partition heals, a killed host is started again. So
//! whatever is left out, the rest still makes sense.

mod fault;
mod parse;
mod run;
mod swarm;

pub use fault::Fault;
pub use parse::ParsePlanError;
pub use swarm::{Family, Swarm};

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One entry of a [`Plan`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// When it begins, in virtual time from the start of the simulation.
    pub at: Duration,
    /// What happens.
    pub fault: Fault,
}

/// Faults in the order of their beginnings.
///
/// Its text has one fault a line, and is read back by [`str::parse`]; semicolons do for line ends, so that a plan fits into an
/// environment variable. The empty plan is `none`.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use wirework_sim::{Fault, Plan};
///
/// let text = "1.5s: partition client <-> server for 20s; 3s: kill server for 250ms";
/// let plan: Plan = text.parse()?;
/// assert_eq!(plan.events()[1].fault, Fault::Kill { host: "server".into(), down: Duration::from_millis(250) });
/// assert_eq!(plan.to_string(), text.replace("; ", "\n"));
/// # Ok::<(), wirework_sim::ParsePlanError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    events: Vec<Event>,
}

impl Plan {
    /// A plan without faults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault that begins at `at`, in virtual time from the start of the simulation.
    #[must_use]
    pub fn with(mut self, at: Duration, fault: Fault) -> Self {
        let after = self.events.partition_point(|event| event.at <= at);
        self.events.insert(after, Event { at, fault });
        self
    }

    /// The faults in order.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Whether there is no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When the last of the faults is over, in virtual time from the start; zero for an empty plan.
    #[must_use]
    pub fn ends(&self) -> Duration {
        self.events
            .iter()
            .map(|event| event.at + event.fault.lasts())
            .max()
            .unwrap_or_default()
    }

    /// The text in one line, as an environment variable takes it.
    #[must_use]
    pub fn to_line(&self) -> String {
        self.to_string().replace('\n', "; ")
    }
}

impl FromIterator<Event> for Plan {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        let mut events: Vec<Event> = events.into_iter().collect();
        events.sort_by_key(|event| event.at);
        Self { events }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.events.is_empty() {
            return f.write_str("none");
        }
        for (number, event) in self.events.iter().enumerate() {
            let line_end = if number == 0 { "" } else { "\n" };
            write!(f, "{line_end}{event}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Debug` of a duration is its exact value in the largest unit that fits.
        write!(f, "{:?}: {}", self.at, self.fault)
    }
}

impl FromStr for Plan {
    type Err = ParsePlanError;

    fn from_str(text: &str) -> Result<Self, ParsePlanError> {
        let lines = text.split(['\n', ';']).map(str::trim);
        lines
            .filter(|line| !line.is_empty() && *line != "none")
            .map(str::parse)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Choices;

    #[test]
    fn every_fault_survives_being_printed_and_parsed() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let plan = Swarm::new(["a", "b", "c"]).generate(&Choices::seeded(seed));
            assert_eq!(plan.to_string().parse(), Ok(plan.clone()), "{plan}");
            assert_eq!(plan.to_line().parse(), Ok(plan.clone()), "{plan}");
            seen.extend(plan.events().iter().map(|event| event.fault.family()));
        }
        assert_eq!(seen.len(), Family::ALL.len(), "only {seen:?} were made");
    }

    #[test]
    fn faults_are_in_order_whatever_order_they_are_added_in() {
        let reset = |a: &str| Fault::Reset {
            a: a.into(),
            b: "b".into(),
        };
        let second = Duration::from_secs(1);
        let plan = Plan::new()
            .with(2 * second, reset("x"))
            .with(second, reset("y"))
            .with(2 * second, reset("z"));
        assert_eq!(
            plan.to_line(),
            "1s: reset y <-> b; 2s: reset x <-> b; 2s: reset z <-> b"
        );
        assert_eq!(plan.events().iter().rev().cloned().collect::<Plan>().to_line(), {
            "1s: reset y <-> b; 2s: reset z <-> b; 2s: reset x <-> b"
        });
    }

    #[test]
    fn the_empty_plan_has_a_text_too() {
        assert_eq!(Plan::new().to_string(), "none");
        assert_eq!("none".parse(), Ok(Plan::new()));
        assert_eq!(" ;\n".parse(), Ok(Plan::new()));
    }

    #[test]
    fn a_plan_ends_when_its_last_fault_is_over() {
        let plan: Plan = "1s: pause a for 10s; 5s: reset a <-> b".parse().unwrap();
        assert_eq!(plan.ends(), Duration::from_secs(11));
    }
}
