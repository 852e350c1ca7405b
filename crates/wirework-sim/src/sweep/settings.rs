//! What the environment says about sweeps.

use std::path::PathBuf;
use std::{env, thread};

use crate::Plan;

/// See [`sweep`](crate::sweep()) for the names and meanings of the variables.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) seed: Option<u64>,
    pub(super) seeds: Option<u64>,
    pub(super) jobs: usize,
    pub(super) replay: Option<Plan>,
    /// Set for the processes that [`assert_same_in_fresh_processes`](crate::assert_same_in_fresh_processes) starts.
    pub(super) hashes: Option<PathBuf>,
}

/// A variable whose value cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name} is {value:?}: {wrong}")]
pub(super) struct SettingError {
    name: &'static str,
    value: String,
    wrong: String,
}

/// The variable that names the file for hashes.
pub(super) const HASHES: &str = "WIREWORK_SIM_HASHES";

impl Settings {
    pub(super) fn from_env() -> Result<Self, SettingError> {
        Self::read(|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn read(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, SettingError> {
        let number = |name| match get(name) {
            None => Ok(None),
            Some(value) => match value.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(error) => Err(SettingError {
                    name,
                    value,
                    wrong: error.to_string(),
                }),
            },
        };
        let name = "WIREWORK_SIM_REPLAY";
        let replay = get(name).map(|value| value.parse::<Plan>().map_err(|error| (value, error.to_string())));
        let replay = replay
            .transpose()
            .map_err(|(value, wrong)| SettingError { name, value, wrong })?;
        let (seed, jobs) = (number("WIREWORK_SIM_SEED")?, number("WIREWORK_SIM_JOBS")?);
        if let (Some(plan), None) = (&replay, seed) {
            let wrong = "it needs WIREWORK_SIM_SEED beside it".to_owned();
            return Err(SettingError {
                name,
                value: plan.to_line(),
                wrong,
            });
        }
        Ok(Self {
            seed,
            seeds: number("WIREWORK_SIM_SEEDS")?,
            jobs: jobs.map_or_else(processors, |jobs| usize::try_from(jobs).unwrap_or(1).max(1)),
            replay,
            hashes: get(HASHES).map(PathBuf::from),
        })
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let get = |name| {
            variables
                .iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::read(get).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_default() {
        let settings = read(&[]).unwrap();
        assert!(settings.seed.is_none() && settings.seeds.is_none() && settings.replay.is_none());
        assert!(settings.jobs >= 1);
    }

    #[test]
    fn what_is_set_is_read() {
        let settings = read(&[
            ("WIREWORK_SIM_SEED", "17"),
            ("WIREWORK_SIM_SEEDS", "10000"),
            ("WIREWORK_SIM_JOBS", "3"),
            ("WIREWORK_SIM_REPLAY", "1s: pause a for 2s; 3s: reset a <-> b"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(
            (settings.seed, settings.seeds, settings.jobs),
            (Some(17), Some(10_000), 3)
        );
        assert_eq!(settings.replay.unwrap().events().len(), 2);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = read(&[("WIREWORK_SIM_SEED", "x7")]).unwrap_err();
        assert_eq!(
            error,
            r#"the variable WIREWORK_SIM_SEED is "x7": invalid digit found in string"#
        );
        let error = read(&[("WIREWORK_SIM_SEED", "1"), ("WIREWORK_SIM_REPLAY", "1s: explode a")]).unwrap_err();
        assert!(
            error.contains("WIREWORK_SIM_REPLAY") && error.contains("not a fault"),
            "{error}"
        );
        let error = read(&[("WIREWORK_SIM_REPLAY", "none")]).unwrap_err();
        assert!(error.contains("needs WIREWORK_SIM_SEED"), "{error}");
    }
}
