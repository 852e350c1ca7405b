//! Where every random decision of a simulation comes from.
//!
//! One stream of random numbers would make each decision depend on all that were made before it: a link that drops one more
//! packet would change every timer and every other link, and a failure could not be made smaller. So a decision has a key,
//! the place it is made at and how often it was made there, and its value follows from the key alone. Zero always is the
//! benign outcome: no loss, the shortest delay, first come first served.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A source of choices, shared by all that choose within one simulation; a clone is the same source.
///
/// There are four: a [seed](Self::seeded); a [list](Self::replayed) that was [recorded](Self::recording), whole or in part;
/// another source that is [benign at some places](Self::benign_at); and [bytes](Self::from_bytes) from libFuzzer or bolero.
/// With the feature `proptest`, `any::<Choices>()` is a strategy that leaves out one choice after the other while the test
/// still fails. [`run_trial`](crate::run_trial) runs a scenario with any of them.
///
/// # Examples
/// ```
/// use wirework_sim::Choices;
///
/// let choices = Choices::seeded(7);
/// let (mut there, mut back) = (choices.at("loss", &[1, 2]), choices.at("loss", &[2, 1]));
/// let drawn = (there.below(100), back.below(100));
///
/// // How often one place is asked changes nothing at another.
/// let mut there = choices.at("loss", &[1, 2]);
/// assert_eq!(there.below(100), drawn.0);
/// there.below(100);
/// assert_eq!(choices.at("loss", &[2, 1]).below(100), drawn.1);
/// ```
#[derive(Clone)]
pub struct Choices {
    source: Arc<Source>,
    /// Names of the places at which everything is benign.
    benign: Arc<[&'static str]>,
    recorder: Option<Recorder>,
}

impl Choices {
    /// Choices that follow from `seed`, the same on every machine.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::new(Source::Seed(seed))
    }

    /// The choices of `recorded`; all others are zero.
    pub fn replayed(recorded: impl IntoIterator<Item = Choice>) -> Self {
        let values = recorded.into_iter().map(|choice| ((choice.site, choice.index), choice));
        Self::new(Source::Replay(values.collect()))
    }

    /// Choices read from `bytes` in the order in which they are asked for: one byte for a choice among up to 256, two for one
    /// among up to 65,536, else eight, little end first. When the bytes are used up, everything is zero.
    ///
    /// # Examples
    /// ```
    /// let mut dice = wirework_sim::Choices::from_bytes(&[3, 0, 9]).at("anything", &[]);
    /// assert_eq!((dice.below(10), dice.below(10), dice.below(5), dice.below(5)), (3, 0, 4, 0));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self::new(Source::Bytes(Mutex::new(bytes.iter().copied().collect())))
    }

    /// The same source, but zero at all places named one of `names`.
    #[must_use]
    pub fn benign_at(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.benign = self.benign.iter().copied().chain(names).collect();
        self
    }

    /// The same source, and a recorder that notes every choice other than zero from now on.
    #[must_use]
    pub fn recording(self) -> (Self, Recorder) {
        let recorder = Recorder::default();
        (self.recorded_by(&recorder), recorder)
    }

    pub(crate) fn recorded_by(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// The choices made at one place: `name` says what is chosen, `numbers` where, for instance the two ends of a link.
    ///
    /// Each call starts again at the first choice of that place, so a place should be asked for once and kept.
    #[must_use]
    pub fn at(&self, name: &'static str, numbers: &[u64]) -> Dice {
        Dice {
            name,
            site: site(name, numbers),
            index: 0,
            benign: self.benign.contains(&name),
            choices: self.clone(),
        }
    }

    fn new(source: Source) -> Self {
        Self {
            source: Arc::new(source),
            benign: Arc::default(),
            recorder: None,
        }
    }

    /// A number below `bound`, or any if `bound` is 0.
    fn draw(&self, name: &'static str, site: u64, index: u64, bound: u64) -> u64 {
        let value = match &*self.source {
            Source::Seed(seed) => scale(mix(*seed, site, index), bound),
            Source::Replay(values) => clamp(values.get(&(site, index)).map_or(0, |choice| choice.value), bound),
            Source::Bytes(bytes) => read(&mut bytes.lock().unwrap_or_else(PoisonError::into_inner), bound),
        };
        if let Some(recorder) = self.recorder.as_ref().filter(|_| value != 0) {
            recorder.note(Choice {
                name,
                site,
                index,
                value,
            });
        }
        value
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a list, as much as fits a line or two.
        const SHOWN: usize = 20;
        let mut f = f.debug_struct("Choices");
        match &*self.source {
            Source::Seed(seed) => f.field("seed", seed),
            Source::Replay(values) => {
                let shown: Vec<_> = values.values().take(SHOWN).map(ToString::to_string).collect();
                f.field("replayed", &values.len()).field("first", &shown)
            }
            Source::Bytes(_) => f.field("source", &"bytes"),
        };
        f.field("benign", &self.benign).finish_non_exhaustive()
    }
}

/// The choices made at one place, one after the other.
///
/// Every method makes one choice, and gives the benign outcome (the smallest number, the first, `false`) for zero.
#[derive(Clone, Debug)]
pub struct Dice {
    choices: Choices,
    name: &'static str,
    site: u64,
    index: u64,
    benign: bool,
}

impl Dice {
    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.draw(0)
    }

    /// A number below `bound`; 0 if `bound` is 0 or 1, for which nothing is chosen.
    pub fn below(&mut self, bound: u64) -> u64 {
        if bound <= 1 { 0 } else { self.draw(bound) }
    }

    /// An index into something of `len` elements; 0 if there are fewer than two.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included; `low` if they are the wrong way round.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        match high.saturating_sub(low).checked_add(1) {
            Some(bound) => low + self.below(bound),
            None => self.any(),
        }
    }

    /// A duration from `low` to `high`, both included, to the nanosecond.
    pub fn duration(&mut self, low: Duration, high: Duration) -> Duration {
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.between(nanos(low), nanos(high)))
    }

    /// `true` in `parts` of a million.
    pub fn chance(&mut self, parts: u32) -> bool {
        // The harmful outcomes are the highest numbers, so that zero is harmless.
        parts > 0 && self.below(1_000_000) >= 1_000_000 - u64::from(parts.min(1_000_000))
    }

    /// A number from 0 (included) to 1 (excluded), of 53 random bits.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what an f64 holds")]
    pub fn fraction(&mut self) -> f64 {
        self.draw(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// One of `options`.
    ///
    /// # Panics
    /// If there are none.
    pub fn pick<'a, T>(&mut self, options: &'a [T]) -> &'a T {
        &options[self.index(options.len())]
    }

    /// Puts `items` into another order, one choice each; all zeros leave it.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in 0..items.len().saturating_sub(1) {
            let other = at + self.index(items.len() - at);
            items.swap(at, other);
        }
    }

    #[cfg(test)]
    pub(crate) fn is_at(&self, choice: &Choice) -> bool {
        choice.site == self.site
    }

    fn draw(&mut self, bound: u64) -> u64 {
        let index = self.index;
        self.index += 1;
        if self.benign {
            0
        } else {
            self.choices.draw(self.name, self.site, index, bound)
        }
    }
}

/// One choice that was made, other than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The name of the place.
    pub name: &'static str,
    /// The place, as a hash of its name and numbers.
    pub site: u64,
    /// How many choices were made there before.
    pub index: u64,
    /// What was chosen.
    pub value: u64,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}: {}", self.name, self.index, self.value)
    }
}

/// What [`Choices::recording`] notes; a clone is the same list.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    choices: Arc<Mutex<Vec<Choice>>>,
}

impl Recorder {
    /// Takes what was noted so far, in the order in which it was chosen.
    pub fn take(&self) -> Vec<Choice> {
        std::mem::take(&mut self.choices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, choice: Choice) {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).push(choice);
    }
}

enum Source {
    Seed(u64),
    Replay(BTreeMap<(u64, u64), Choice>),
    Bytes(Mutex<VecDeque<u8>>),
}

/// FNV-1a over the name, then each number mixed in.
fn site(name: &str, numbers: &[u64]) -> u64 {
    let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    numbers.iter().fold(name, |hash, number| mix(hash, *number, 0))
}

/// A value that looks random and depends on all three; two rounds of the finalizer of `SplitMix64`.
pub(crate) fn mix(seed: u64, site: u64, index: u64) -> u64 {
    finish(finish(seed ^ site.rotate_left(32)).wrapping_add(site ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

fn finish(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Maps all numbers evenly to those below `bound`, 0 to 0.
fn scale(value: u64, bound: u64) -> u64 {
    match bound {
        0 => value,
        _ => u64::try_from((u128::from(value) * u128::from(bound)) >> 64).expect("below the bound"),
    }
}

fn clamp(value: u64, bound: u64) -> u64 {
    if bound == 0 { value } else { value.min(bound - 1) }
}

fn read(bytes: &mut VecDeque<u8>, bound: u64) -> u64 {
    let count = match bound {
        1..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 8,
    };
    let count = bytes.len().min(count);
    let value = bytes
        .drain(..count)
        .zip(0_u32..)
        .fold(0, |value, (byte, at)| value | u64::from(byte) << (8 * at));
    // The remainder keeps every bit of the input alive for a fuzzer, unlike a limit.
    if bound == 0 { value } else { value % bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_does_not_depend_on_the_others() {
        let alone = Choices::seeded(1);
        let mut a = alone.at("link", &[1, 2]);
        let expected: Vec<u64> = (0..100).map(|_| a.any()).collect();

        let busy = Choices::seeded(1);
        let (mut a, mut b) = (busy.at("link", &[1, 2]), busy.at("link", &[2, 1]));
        let drawn = (0..100).map(|round| {
            (0..round).for_each(|_| assert_ne!(b.any(), 0));
            a.any()
        });
        assert_eq!(drawn.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_values_of_a_seed_are_fixed_for_ever() {
        // A printed seed must mean the same after an update of the toolchain or of this crate's other files.
        let mut dice = Choices::seeded(42).at("link", &[1, 2]);
        assert_eq!(
            [dice.any(), dice.any(), dice.below(1000)],
            [14_386_175_589_366_510_655, 10_390_597_623_678_081_439, 723],
        );
    }

    #[test]
    fn draws_are_spread_evenly() {
        let choices = Choices::seeded(3);
        let mut buckets = [0_u32; 16];
        for host in 0..100 {
            let mut dice = choices.at("spread", &[host]);
            (0..160).for_each(|_| buckets[dice.index(16)] += 1);
        }
        assert!(buckets.iter().all(|count| (850..1150).contains(count)), "{buckets:?}");
    }

    #[test]
    fn zero_is_benign() {
        let mut dice = Choices::replayed([]).at("anything", &[]);
        assert_eq!(
            (dice.any(), dice.below(9), dice.between(5, 9), dice.chance(999_999)),
            (0, 0, 5, false)
        );
        assert_eq!((*dice.pick(&['a', 'b']), dice.fraction().to_bits()), ('a', 0));
        let mut items = [1, 2, 3, 4];
        dice.shuffle(&mut items);
        assert_eq!(items, [1, 2, 3, 4]);
    }

    #[test]
    fn a_chance_is_as_likely_as_it_says() {
        let mut dice = Choices::seeded(5).at("chance", &[]);
        let hits = (0..100_000).filter(|_| dice.chance(10_000)).count();
        assert!((850..1150).contains(&hits), "{hits} of about 1000");
        assert!((0..100).all(|_| dice.chance(1_000_000)) && !(0..100).any(|_| dice.chance(0)));
    }

    #[test]
    fn what_was_recorded_can_be_replayed_in_part() {
        let (choices, recorder) = Choices::seeded(11).recording();
        let mut dice = choices.at("delay", &[4]);
        let drawn: Vec<u64> = (0..10).map(|_| dice.below(1000)).collect();
        let mut recorded = recorder.take();

        let mut dice = Choices::replayed(recorded.iter().copied()).at("delay", &[4]);
        assert_eq!((0..10).map(|_| dice.below(1000)).collect::<Vec<_>>(), drawn);

        recorded.retain(|choice| choice.index != 3);
        assert_eq!(recorded[0].to_string(), format!("delay #0: {}", drawn[0]));
        let mut dice = Choices::replayed(recorded).at("delay", &[4]);
        let part: Vec<u64> = (0..10).map(|_| dice.below(1000)).collect();
        assert_eq!(part[3], 0);
        assert_eq!((&part[..3], &part[4..]), (&drawn[..3], &drawn[4..]));
    }

    #[test]
    fn places_can_be_made_benign_by_name() {
        let choices = Choices::seeded(11);
        let quiet = choices.clone().benign_at(["loss"]).benign_at(["delay"]);
        assert_eq!(quiet.at("loss", &[1]).any(), 0);
        assert_eq!(quiet.at("delay", &[1]).any(), 0);
        assert_eq!(quiet.at("order", &[1]).any(), choices.at("order", &[1]).any());
    }

    #[test]
    fn bytes_run_out_benignly() {
        let mut dice = Choices::from_bytes(&[0x34, 0x12, 7]).at("anything", &[]);
        assert_eq!([dice.below(0x1_0000), dice.any(), dice.any()], [0x1234, 7, 0]);
    }

    #[test]
    fn an_empty_range_chooses_nothing() {
        let mut dice = Choices::from_bytes(&[1, 2, 3]).at("anything", &[]);
        assert_eq!(
            (dice.below(0), dice.below(1), dice.between(9, 5), dice.index(0)),
            (0, 0, 9, 0)
        );
        assert_eq!(dice.below(256), 1);
    }
}
