//! Reads the text of a plan back, for replaying it.

use std::str::FromStr;
use std::time::Duration;

use super::{Event, Fault};

/// A line of a plan that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a fault: {line:?}; expected something like \"1.5s: partition a <-> b for 3s\"")]
pub struct ParsePlanError {
    line: String,
}

impl FromStr for Event {
    type Err = ParsePlanError;

    fn from_str(line: &str) -> Result<Self, ParsePlanError> {
        event(line).ok_or_else(|| ParsePlanError { line: line.to_owned() })
    }
}

fn event(line: &str) -> Option<Event> {
    let (at, fault) = line.split_once(": ")?;
    let words: Vec<&str> = fault.split_whitespace().collect();
    Some(Event {
        at: duration(at)?,
        fault: parse_fault(&words)?,
    })
}

fn parse_fault(words: &[&str]) -> Option<Fault> {
    Some(match *words {
        ["partition", a, "<->", b, "for", lasts] => Fault::Partition {
            a: a.into(),
            b: b.into(),
            lasts: duration(lasts)?,
        },
        ["partition", from, "->", to, "for", lasts] => Fault::OneWay {
            from: from.into(),
            to: to.into(),
            lasts: duration(lasts)?,
        },
        ["clog", from, "->", to, "for", lasts] => Fault::Clog {
            from: from.into(),
            to: to.into(),
            lasts: duration(lasts)?,
        },
        ["reset", a, "<->", b] => Fault::Reset {
            a: a.into(),
            b: b.into(),
        },
        ["step-clock", host, way @ ("back" | "ahead"), by] => Fault::StepClock {
            host: host.into(),
            by: duration(by)?,
            back: way == "back",
        },
        [verb, host, "for", lasts] => on_one_host(verb, host.into(), duration(lasts)?)?,
        _ => return None,
    })
}

fn on_one_host(verb: &str, host: String, lasts: Duration) -> Option<Fault> {
    Some(match verb {
        "kill" => Fault::Kill { host, down: lasts },
        "power-off" => Fault::PowerOff { host, down: lasts },
        "pause" => Fault::Pause { host, lasts },
        "slow-reader" => Fault::SlowReader { host, lasts },
        "fail-dns" => Fault::FailDns { host, lasts },
        "fail-accept" => Fault::FailAccept { host, lasts },
        _ => return None,
    })
}

/// What `Debug` of a duration prints: a decimal number and its unit. Exact, hence without floating point.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|letter: char| letter != '.' && !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = match unit {
        "s" => 9,
        "ms" => 6,
        "µs" | "us" => 3,
        "ns" => 0,
        _ => return None,
    };
    if whole.is_empty() || part.len() > digits {
        return None;
    }
    format!("{whole}{part:0<digits$}")
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        for nanos in [
            0,
            1,
            999,
            1_000,
            1_001,
            1_500_000,
            999_999_999,
            1_000_000_001,
            86_400_000_000_000,
        ] {
            let exact = Duration::from_nanos(nanos);
            assert_eq!(duration(&format!("{exact:?}")), Some(exact));
        }
        assert_eq!(duration("10us"), Some(Duration::from_micros(10)));
    }

    #[test]
    fn what_is_no_fault_is_named() {
        for line in [
            "",
            "1s",
            "1s: ",
            "1s: explode a",
            "1s: kill a",
            "1s: kill a for",
            "1s: kill a for 3",
            "1s: kill a for 3 s",
            "s: kill a for 3s",
            "1.5ns: kill a for 3s",
            "1.s1: kill a for 3s",
            "-1s: kill a for 3s",
            "1s: reset a -> b",
            "1s: step-clock a up 3s",
            "99999999999999999999s: kill a for 3s",
        ] {
            let error = line.parse::<Event>().unwrap_err();
            assert!(error.to_string().contains(&format!("{line:?}")), "{error}");
        }
    }
}
