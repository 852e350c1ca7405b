//! Tables in Markdown, for terminals and for documents.

use std::fmt::Write;

use super::results::{Results, Row, ScenarioResults, Spread, Timed};

/// All tables: the ratios of all scenarios, then each scenario's details.
pub(crate) fn markdown(results: &Results) -> String {
    let mut text = String::new();
    text += &preamble(results);
    text += &ratios(results);
    for scenario in &results.scenarios {
        text += &details(scenario);
    }
    text
}

/// What was done, and what was left out.
pub(super) fn preamble(results: &Results) -> String {
    let Results { machine, .. } = results;
    let busy = if results.accepted_busy {
        "Measurements during which the machine was busy with something else were kept.".to_owned()
    } else {
        format!(
            "{} measurements during which the machine was busy with something else were dropped.",
            results.dropped
        )
    };
    format!(
        "`wirework-bench {}` on {}: {} rounds of {} ms, {} server thread{}; {}, {} cores, Linux {}. {busy}\n",
        results.command,
        results.date,
        results.rounds,
        results.window_ms,
        results.threads,
        if results.threads == 1 { "" } else { "s" },
        machine.processor,
        machine.cores,
        machine.kernel,
    )
}

fn ratios(results: &Results) -> String {
    let Results {
        scenarios, opponent, ..
    } = results;
    let mut text = format!(
        "\nCPU time of the server per reply, over that of {opponent}, which took turns with it: the median of all rounds, how far off \
        that may be (95 % confidence, of six rounds and more), and where half of the rounds lie.\n\n",
    );
    let names: Vec<_> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    row(&mut text, "", &names);
    row(&mut text, "---", &vec!["---"; names.len()]);
    let Some(first) = scenarios.first() else {
        return text;
    };
    for (place, server) in first.rows.iter().enumerate() {
        let cells: Vec<_> = scenarios
            .iter()
            .map(|scenario| ratio(scenario.rows[place].ratio))
            .collect();
        row(&mut text, &server.name, &cells);
    }
    text
}

/// A ratio, how far off it may be, and its quartiles.
pub(crate) fn ratio(spread: Option<Spread>) -> String {
    let Some(spread) = spread else {
        return "never calm".to_owned();
    };
    let Spread {
        median,
        error,
        low,
        high,
    } = spread;
    let error = error.map_or(String::new(), |error| format!("± {error:.2} "));
    format!("{median:.2} {error}({low:.2}–{high:.2})")
}

fn details(scenario: &ScenarioResults) -> String {
    let mut text = format!("\n{}: {}\n\n", scenario.name, scenario.about);
    let names = [
        "CPU, ns",
        "replies/s",
        "p50, µs",
        "p99, µs",
        "p99.9, µs",
        "allocations",
        "receive",
        "send",
        "wait",
        "other",
        "rounds",
    ];
    row(&mut text, "per reply", &names);
    row(&mut text, "---", &["---"; 11]);
    for server in scenario.limit.iter().chain(&scenario.rows) {
        row(&mut text, &server.name, &cells(server));
    }
    text
}

pub(super) fn cells(row: &Row) -> [String; 11] {
    let cell = |value: Option<f64>, decimals| value.map_or("–".to_owned(), |value| format!("{value:.decimals$}"));
    let few = |count| cell(count, 2);
    let timed = |field: fn(&Timed) -> f64| cell(row.timed.as_ref().map(field), 0);
    [
        timed(|timed| timed.cpu_ns),
        timed(|timed| timed.replies_per_second),
        timed(|timed| timed.latency_us.p50),
        timed(|timed| timed.latency_us.p99),
        timed(|timed| timed.latency_us.p999),
        few(row.allocations),
        few(row.syscalls.map(|calls| calls.receive)),
        few(row.syscalls.map(|calls| calls.send)),
        few(row.syscalls.map(|calls| calls.wait)),
        few(row.syscalls.map(|calls| calls.other)),
        row.rounds.to_string(),
    ]
}

fn row(text: &mut String, first: &str, cells: &[impl AsRef<str>]) {
    // Writing to a string does not fail.
    let _ = write!(text, "| {first} |");
    for cell in cells {
        let _ = write!(text, " {} |", cell.as_ref());
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_tell_their_spread() {
        let spread = Spread {
            median: 1.234,
            error: Some(0.056),
            low: 1.0,
            high: 2.0,
        };
        assert_eq!(ratio(Some(spread)), "1.23 ± 0.06 (1.00–2.00)");
        let few = Spread { error: None, ..spread };
        assert_eq!(ratio(Some(few)), "1.23 (1.00–2.00)");
        assert_eq!(ratio(None), "never calm");
    }

    #[test]
    fn what_was_never_calm_has_no_times() {
        let row = Row {
            name: "never calm".to_owned(),
            runtime: "smol".to_owned(),
            protocol: "framed".to_owned(),
            rounds: 0,
            dropped: 3,
            ratio: None,
            timed: None,
            allocations: Some(0.0),
            syscalls: None,
        };
        let cells = cells(&row);
        assert_eq!(cells[..7].join(" "), "– – – – – 0.00 –");
        assert_eq!(cells[10], "0");
        let json = serde_json::to_string(&row).unwrap();
        assert!(serde_json::from_str::<Row>(&json).unwrap().timed.is_none());
    }
}
