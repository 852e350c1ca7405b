//! The page: text, charts and tables in one file that needs no other.

use std::fmt::Write;

use anyhow::Result;

use super::results::{Results, Row, ScenarioResults};
use super::{chart, table};

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>wirework-bench</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 64em; margin: 2em auto; padding: 0 1em; color: #222 }
svg { max-width: 100%; height: auto }
table { border-collapse: collapse; font-size: 14px; margin: 1em 0 }
th, td { padding: .2em .7em; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left }
code { background: #f2f2f4; padding: .1em .3em }
</style>
<h1>CPU time per reply</h1>
";

/// The whole page.
pub(super) fn page(results: &Results) -> Result<String> {
    let mut page = String::from(HEAD);
    let preamble = escape(&table::preamble(results));
    write!(
        page,
        "<p>{}</p>",
        preamble.replacen('`', "<code>", 1).replacen('`', "</code>", 1)
    )?;
    write!(
        page,
        "<p>Each bar is the CPU time that a server spends on a reply, over that of {}, which took turns with it
on the same core: the median of all rounds, with a line from the lower quartile to the upper one.
The tables also say how far off the median may be (95 % confidence, of six rounds and more). Shorter is better.</p>",
        escape(&results.opponent)
    )?;
    for scenario in &results.scenarios {
        section(&mut page, scenario)?;
    }
    page += "</html>\n";
    Ok(page)
}

fn section(page: &mut String, scenario: &ScenarioResults) -> Result<()> {
    write!(
        page,
        "<h2>{}</h2><p>{}</p>",
        escape(&scenario.name),
        escape(&scenario.about)
    )?;
    *page += &chart::ratios(scenario)?;
    *page += "<table><tr><th>per reply<th>ratio<th>CPU, ns<th>replies/s<th>p50, µs<th>p99, µs<th>p99.9, µs\
        <th>allocations<th>receive<th>send<th>wait<th>other calls<th>rounds</tr>";
    for row in scenario.limit.iter().chain(&scenario.rows) {
        self::row(page, row)?;
    }
    *page += "</table>";
    Ok(())
}

fn row(page: &mut String, row: &Row) -> Result<()> {
    let ratio = row.ratio.map_or("1".to_owned(), |spread| table::ratio(Some(spread)));
    write!(page, "<tr><td>{}<td>{ratio}", escape(&row.name))?;
    for cell in table::cells(row) {
        write!(page, "<td>{}", escape(&cell))?;
    }
    *page += "</tr>";
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
