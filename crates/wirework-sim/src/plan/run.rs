//! Carries a plan out: begins each fault at its time, and ends it.

use std::io::ErrorKind;
use std::time::Duration;

use super::{Fault, Plan};
use crate::{DnsFault, Host, Sim};

/// What a slow reader reads in a second, in bytes.
const SLOW: u64 = 64;

/// A beginning or an end, by the number of the event in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    // Ends come first, so that of two faults that touch, the second counts.
    End(usize),
    Begin(usize),
}

impl Plan {
    /// Makes the faults happen, until the last of them is over. [`sweep`](crate::sweep()) does it beside the scenario; it is
    /// here for simulations that are run by hand.
    ///
    /// A fault that ends mends what it broke, but for what another one still holds broken.
    ///
    /// # Panics
    /// Panics if a fault names a host that there is not when it begins.
    ///
    /// # Cancel safety
    /// Dropping the future leaves what is broken broken, and does no further harm.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use wirework_sim::{Config, Plan, Sim};
    ///
    /// let sim = Sim::new(Config::new());
    /// let server = sim.host("server");
    /// let plan: Plan = "1s: pause server for 3s".parse()?;
    /// sim.run(plan.run(&sim));
    /// assert_eq!(sim.elapsed(), Duration::from_secs(4));
    /// # Ok::<(), wirework_sim::ParsePlanError>(())
    /// ```
    pub async fn run(&self, sim: &Sim) {
        let mut active: Vec<usize> = Vec::new();
        for (at, step) in self.steps() {
            let left = at.saturating_sub(sim.elapsed());
            if !left.is_zero() {
                sim.sleep(left).await;
            }
            match step {
                Step::Begin(event) => {
                    self.begin(event, &active, sim);
                    active.push(event);
                }
                Step::End(event) => {
                    active.retain(|other| *other != event);
                    self.end(event, &active, sim);
                }
            }
        }
    }

    fn steps(&self) -> Vec<(Duration, Step)> {
        let mut steps = Vec::new();
        for (number, event) in self.events().iter().enumerate() {
            steps.push((event.at, Step::Begin(number)));
            if !event.fault.lasts().is_zero() {
                steps.push((event.at + event.fault.lasts(), Step::End(number)));
            }
        }
        steps.sort_unstable();
        steps
    }

    fn begin(&self, event: usize, active: &[usize], sim: &Sim) {
        let fault = &self.events()[event].fault;
        match fault {
            Fault::Partition { .. } | Fault::OneWay { .. } => cut(fault, sim),
            Fault::Clog { from, to, .. } => sim.clog(&host(sim, from), &host(sim, to)),
            Fault::Reset { a, b } => {
                sim.reset_connections(&host(sim, a), &host(sim, b));
            }
            Fault::Kill { host: name, .. } if !self.holds_down(active, name) => host(sim, name).kill(),
            Fault::PowerOff { host: name, .. } if !self.holds_down(active, name) => host(sim, name).power_off(),
            // It is down already, and stays so until both faults are over.
            Fault::Kill { .. } | Fault::PowerOff { .. } => {}
            Fault::Pause { host: name, .. } => host(sim, name).pause(),
            Fault::SlowReader { host: name, .. } => host(sim, name).slow_reader(SLOW),
            Fault::FailDns { host: name, .. } => host(sim, name).set_dns_fault(DnsFault::Failing),
            Fault::FailAccept { host: name, .. } => host(sim, name).fail_accepts(usize::MAX, ErrorKind::OutOfMemory),
            Fault::StepClock { host: name, by, back } => {
                let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
                host(sim, name).step_clock(if *back { -nanos } else { nanos });
            }
        }
    }

    fn end(&self, event: usize, active: &[usize], sim: &Sim) {
        let fault = &self.events()[event].fault;
        let others = || active.iter().map(|other| &self.events()[*other].fault);
        let is_held = |same: &dyn Fn(&Fault) -> bool| others().any(same);
        match fault {
            Fault::Partition { a, b, .. } | Fault::OneWay { from: a, to: b, .. } => {
                sim.heal(&host(sim, a), &host(sim, b));
                // What another one cuts between the two is cut again in the same instant.
                others()
                    .filter(|other| is_between(other, a, b))
                    .for_each(|other| cut(other, sim));
            }
            Fault::Clog { from, to, .. } => {
                let same = |other: &Fault| matches!(other, Fault::Clog { from: f, to: t, .. } if f == from && t == to);
                if !is_held(&same) {
                    sim.unclog(&host(sim, from), &host(sim, to));
                }
            }
            Fault::Kill { host: name, .. } | Fault::PowerOff { host: name, .. } => {
                if !self.holds_down(active, name) {
                    host(sim, name).restart();
                    // A machine that was started again is not paused, whatever the one before it was.
                    if others().any(|other| matches!(other, Fault::Pause { host, .. } if host == name)) {
                        host(sim, name).pause();
                    }
                }
            }
            Fault::Pause { host: name, .. } => {
                if !is_held(&|other| matches!(other, Fault::Pause { host, .. } if host == name)) {
                    host(sim, name).resume();
                }
            }
            Fault::SlowReader { host: name, .. } => {
                if !is_held(&|other| matches!(other, Fault::SlowReader { host, .. } if host == name)) {
                    host(sim, name).slow_reader(None);
                }
            }
            Fault::FailDns { host: name, .. } => {
                if !is_held(&|other| matches!(other, Fault::FailDns { host, .. } if host == name)) {
                    host(sim, name).set_dns_fault(DnsFault::None);
                }
            }
            Fault::FailAccept { host: name, .. } => {
                if !is_held(&|other| matches!(other, Fault::FailAccept { host, .. } if host == name)) {
                    host(sim, name).fail_accepts(0, ErrorKind::OutOfMemory);
                }
            }
            Fault::Reset { .. } | Fault::StepClock { .. } => {}
        }
    }

    /// Whether one of the `active` faults keeps that host from running.
    fn holds_down(&self, active: &[usize], name: &str) -> bool {
        let mut faults = active.iter().map(|event| &self.events()[*event].fault);
        faults.any(|fault| matches!(fault, Fault::Kill { host, .. } | Fault::PowerOff { host, .. } if host == name))
    }
}

fn cut(fault: &Fault, sim: &Sim) {
    match fault {
        Fault::Partition { a, b, .. } => sim.partition(&host(sim, a), &host(sim, b)),
        Fault::OneWay { from, to, .. } => sim.partition_one_way(&host(sim, from), &host(sim, to)),
        _ => {}
    }
}

/// Whether it is about the same two hosts, in whatever order.
fn is_between(fault: &Fault, one: &str, other: &str) -> bool {
    match fault {
        Fault::Partition { a, b, .. } | Fault::OneWay { from: a, to: b, .. } => {
            (a == one && b == other) || (a == other && b == one)
        }
        _ => false,
    }
}

fn host(sim: &Sim, name: &str) -> Host {
    sim.find_host(name)
        .unwrap_or_else(|error| panic!("the plan cannot be carried out: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    /// The log of a plan that is carried out, without the times.
    fn log(plan: &str) -> Vec<String> {
        let sim = Sim::new(Config::new());
        for name in ["a", "b"] {
            let _host = sim.host(name);
        }
        let plan: Plan = plan.parse().unwrap();
        sim.run(plan.run(&sim));
        let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        sim.log_tail(100).iter().map(words).collect()
    }

    #[test]
    fn each_fault_begins_and_ends_at_its_time() {
        assert_eq!(
            log("1s: pause a for 2s; 2s: kill b for 3s"),
            ["1s pause a", "2s kill b", "3s resume a", "5s start b"]
        );
    }

    #[test]
    fn a_fault_ends_only_when_none_like_it_is_left() {
        assert_eq!(
            log("1s: pause a for 5s; 2s: pause a for 1s").last().unwrap(),
            "6s resume a"
        );
        assert_eq!(
            log("1s: kill a for 5s; 2s: power-off a for 10s"),
            ["1s kill a", "12s start a"]
        );
    }

    #[test]
    fn a_healed_partition_leaves_the_one_within_it() {
        let log = log("1s: partition a <-> b for 2s; 2s: partition b -> a for 5s");
        let cut = log.iter().filter(|line| line.starts_with("3s partition")).count();
        assert_eq!(cut, 1, "{log:#?}");
        assert!(log.last().unwrap().starts_with("7s heal"), "{log:#?}");
    }

    #[test]
    #[should_panic(expected = r#"there is no host "nobody" among ["a", "b"]"#)]
    fn a_host_that_there_is_not_is_named() {
        log("1s: kill nobody for 1s");
    }
}
