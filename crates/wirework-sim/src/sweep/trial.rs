//! What a scenario is given.

use std::ops::Deref;
use std::time::Duration;

use crate::{Check, Choices, Dice, Plan, Sim};

/// One run of a [`sweep`](crate::sweep()): a [`Sim`], which it dereferences to, the checks, the plan of faults, and dice.
#[derive(Clone, Debug)]
pub struct Trial {
    sim: Sim,
    check: Check,
    plan: Plan,
    choices: Choices,
}

impl Trial {
    pub(super) fn new(sim: Sim, check: Check, plan: Plan, choices: Choices) -> Self {
        Self {
            sim,
            check,
            plan,
            choices,
        }
    }

    /// The checks, for tasks of their own.
    #[must_use]
    pub fn check(&self) -> Check {
        self.check.clone()
    }

    /// Fails the run unless `holds`; see [`Check::always`].
    pub fn always(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.check.always(holds, otherwise);
    }

    /// Fails the run unless both are equal; see [`Check::equal`].
    pub fn equal<T: PartialEq + std::fmt::Debug>(&self, what: &str, got: &T, expected: &T) {
        self.check.equal(what, got, expected);
    }

    /// Fails the sweep unless some run has this with `true`; see [`Check::sometimes`].
    pub fn sometimes(&self, name: &'static str, reached: bool) {
        self.check.sometimes(name, reached);
    }

    /// The faults of this run, which happen by themselves.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Dice for what the scenario itself leaves to chance. They follow from the seed and `name` alone; each call with the
    /// same name begins anew.
    #[must_use]
    pub fn dice(&self, name: &'static str) -> Dice {
        self.choices.at(name, &[])
    }

    /// Waits until all faults are over and mended, for what must hold in the end: that everybody gets through again.
    pub async fn calm(&self) {
        // A nanosecond later, for the faults that end in that instant.
        let left = (self.plan.ends() + Duration::from_nanos(1)).saturating_sub(self.sim.elapsed());
        self.sim.sleep(left).await;
        self.sim.quiesce();
    }
}

impl Deref for Trial {
    type Target = Sim;

    fn deref(&self) -> &Sim {
        &self.sim
    }
}
