//! Choices as a strategy of proptest, which shrinks by leaving choices out.
//!
//! Bytes would do as well, but to leave one of them out gives all that follow another meaning. Choices have keys: what is left
//! out becomes zero, the benign outcome, and nothing else moves.

use std::ops::Range;

use ::proptest::arbitrary::Arbitrary;
use ::proptest::prelude::Rng;
use ::proptest::strategy::{NewTree, Strategy, ValueTree};
use ::proptest::test_runner::TestRunner;

use crate::choices::Recorder;
use crate::{Choice, Choices};

/// The choices of any seed: the strategy of `any::<Choices>()`.
///
/// While a test fails, choices are left out of its run, many at first and then fewer, until those are left without any one of
/// which it passes, or proptest's limit of tries is reached. What proptest prints names them by their places.
///
/// # Examples
/// ```
/// use proptest::prelude::*;
/// use wirework_sim::{Choices, SweepConfig, Trial, run_trial};
///
/// async fn throws_dice(trial: Trial) {
///     let mut dice = trial.dice("dice");
///     let thrown: Vec<u64> = (0..100).map(|_| dice.below(1_000)).collect();
///     trial.always(!thrown.contains(&777), || "threw a 777".into());
/// }
///
/// let mut runner = prop::test_runner::TestRunner::new(ProptestConfig {
///     failure_persistence: None,
///     ..ProptestConfig::default()
/// });
/// let outcome = runner.run(&any::<Choices>(), |choices| {
///     let passed = run_trial(&SweepConfig::new(), choices, throws_dice);
///     passed.map(drop).map_err(|failure| TestCaseError::fail(failure.to_string()))
/// });
/// let failed = outcome.unwrap_err().to_string();
/// assert!(failed.contains("threw a 777") && failed.contains("replayed: 1"), "{failed}");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct AnyChoices;

impl Arbitrary for Choices {
    type Parameters = ();
    type Strategy = AnyChoices;

    fn arbitrary_with((): ()) -> AnyChoices {
        AnyChoices
    }
}

impl Strategy for AnyChoices {
    type Tree = ChoicesTree;
    type Value = Choices;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        Ok(ChoicesTree::new(runner.rng().next_u64()))
    }
}

/// The choices of a seed, and what is left of them.
#[derive(Debug)]
pub struct ChoicesTree {
    seed: u64,
    /// What the last run that is known to fail has chosen; nothing while only the seed is known to.
    failing: Option<Vec<Choice>>,
    /// What is tried next.
    step: Step,
    /// Notes the run of the last [`current`](ValueTree::current).
    recorder: Recorder,
}

/// How far shrinking is.
#[derive(Debug)]
enum Step {
    /// Nothing has failed yet.
    Fresh,
    /// Whether the recorded choices, replayed, fail as the seed did. It can be otherwise if a test takes more than choices.
    Replay(Vec<Choice>),
    /// Leaves out this part.
    Without {
        part: Range<usize>,
        /// How many are left out at a time.
        size: usize,
        /// Whether any could be left out since this pass through the list began.
        progress: bool,
    },
    /// There is nothing more to try.
    Done,
}

impl ChoicesTree {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            failing: None,
            step: Step::Fresh,
            recorder: Recorder::default(),
        }
    }

    /// Goes on to the next part, from `start` on; to smaller ones, once the list is through.
    fn go_on(&mut self, mut start: usize, mut size: usize, mut progress: bool) -> bool {
        let len = self.failing.as_ref().map_or(0, Vec::len);
        if start >= len {
            if len == 0 || (size <= 1 && !progress) {
                self.step = Step::Done;
                return false;
            }
            (start, size, progress) = (0, (size / 2).max(1), false);
        }
        let part = start..(start + size).min(len);
        self.step = Step::Without { part, size, progress };
        true
    }
}

impl ValueTree for ChoicesTree {
    type Value = Choices;

    fn current(&self) -> Choices {
        let choices = match (&self.step, &self.failing) {
            (Step::Replay(choices), _) => Choices::replayed(choices.iter().copied()),
            (Step::Without { part, .. }, Some(failing)) => {
                let left = failing[..part.start].iter().chain(&failing[part.end..]);
                Choices::replayed(left.copied())
            }
            (_, Some(failing)) => Choices::replayed(failing.iter().copied()),
            (_, None) => Choices::seeded(self.seed),
        };
        self.recorder.take();
        choices.recorded_by(&self.recorder)
    }

    fn simplify(&mut self) -> bool {
        // Only what was asked for, which may be less than there was.
        let chosen = self.recorder.take();
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Done => false,
            Step::Fresh => {
                self.step = Step::Replay(chosen);
                true
            }
            Step::Replay(_) => {
                let size = chosen.len();
                self.failing = Some(chosen);
                self.go_on(0, size, false)
            }
            Step::Without { part, size, .. } => {
                self.failing = Some(chosen);
                self.go_on(part.start, size, true)
            }
        }
    }

    fn complicate(&mut self) -> bool {
        match std::mem::replace(&mut self.step, Step::Done) {
            Step::Without { part, size, progress } => self.go_on(part.end, size, progress),
            Step::Done | Step::Fresh | Step::Replay(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shrinks as proptest does. Gives what is left, and how many runs it took.
    fn shrunk(seed: u64, fails: impl Fn(&Choices) -> bool) -> (Vec<Choice>, u32) {
        let mut tree = ChoicesTree::new(seed);
        assert!(fails(&tree.current()));
        let mut runs = 1;
        let mut more = tree.simplify();
        while more {
            runs += 1;
            more = if fails(&tree.current()) {
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        let (choices, recorder) = tree.current().recording();
        assert!(fails(&choices), "what is left has to fail");
        (recorder.take(), runs)
    }

    fn thrown(choices: &Choices) -> Vec<u64> {
        let mut dice = choices.at("dice", &[]);
        (0..500).map(|_| dice.below(1000)).collect()
    }

    #[test]
    fn what_it_takes_is_left() {
        for seed in 0..20 {
            let all = thrown(&Choices::seeded(seed));
            let (left, runs) = shrunk(seed, |choices| {
                let some = thrown(choices);
                some[7] == all[7] && some[400] == all[400]
            });
            let indices: Vec<_> = left.iter().map(|choice| choice.index).collect();
            assert_eq!(indices, [7, 400], "seed {seed}");
            assert!(runs < 100, "{runs} runs");
        }
    }

    #[test]
    fn what_fails_always_needs_nothing() {
        assert_eq!(shrunk(1, |choices| !thrown(choices).is_empty()), (Vec::new(), 3));
    }

    #[test]
    fn what_depends_on_more_than_choices_keeps_its_seed() {
        let mut tree = ChoicesTree::new(9);
        thrown(&tree.current());
        assert!(tree.simplify());
        assert!(!tree.complicate());
        assert!(format!("{:?}", tree.current()).contains("seed: 9"));
        assert!(!tree.simplify());
    }

    #[test]
    fn giving_up_leaves_what_is_known_to_fail() {
        let mut tree = ChoicesTree::new(3);
        thrown(&tree.current());
        assert!(tree.simplify());
        thrown(&tree.current());
        assert!(tree.simplify());
        // As proptest does at its limit.
        while tree.complicate() {}
        assert_eq!(thrown(&tree.current()), thrown(&Choices::seeded(3)));
    }
}
