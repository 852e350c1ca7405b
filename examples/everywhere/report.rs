//! What came of it, as a table.

use std::fmt;
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::HumanFloatCount;
use wirework_examples::RuntimeChoice;

use crate::servers::Transport;
use crate::visit::{Plan, Visit};

/// Who meets over what.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) server: RuntimeChoice,
    pub(crate) client: RuntimeChoice,
    pub(crate) transport: Transport,
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            server,
            client,
            transport,
        } = self;
        write!(f, "{server} server, {client} client, {transport}")
    }
}

/// All pairs, and what each visit has shown.
#[derive(Debug)]
pub(crate) struct Report {
    visits: Vec<(Pair, anyhow::Result<Visit>)>,
    transcript_len: usize,
}

impl Report {
    /// A report on visits whose transcripts are of so many bytes.
    pub(crate) fn new(transcript_len: usize) -> Self {
        Self {
            visits: Vec::new(),
            transcript_len,
        }
    }

    pub(crate) fn add(&mut self, pair: Pair, visit: anyhow::Result<Visit>) {
        self.visits.push((pair, visit));
    }

    /// How many pairs there are.
    pub(crate) fn len(&self) -> usize {
        self.visits.len()
    }

    /// How many of them went as they should.
    pub(crate) fn ok(&self) -> usize {
        self.visits.iter().filter(|(_, visit)| visit.is_ok()).count()
    }

    /// Those that did not, each in a line.
    pub(crate) fn failures(&self) -> impl Iterator<Item = String> {
        self.visits
            .iter()
            .filter_map(|(pair, visit)| visit.as_ref().err().map(|error| format!("FAILED: {pair}: {error:#}")))
    }

    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED).set_header([
            "transport",
            "server",
            "client",
            "requests/s",
            "p50 µs",
            "p99 µs",
            "CPU µs/request",
            "",
        ]);
        for column in table.column_iter_mut().skip(3).take(4) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for (pair, visit) in &self.visits {
            table.add_row(row(pair, visit));
        }
        table
    }

    /// What the numbers mean.
    pub(crate) fn legend(&self, threads: usize, plan: Plan) -> String {
        let Plan {
            connections, window, ..
        } = plan;
        format!(
            "OK: the replies to a script, {} bytes, are to the byte those of the handler without a network.\n\
             p50, p99: one request at a time. requests/s, CPU: {connections} connections with {window} requests under way \
             on each.\n\
             CPU time is that of the whole process: client and server together.\n\
             Worker threads of each runtime: {threads}. Client and server share them where both are on the same runtime.",
            self.transcript_len
        )
    }
}

fn row(pair: &Pair, visit: &anyhow::Result<Visit>) -> Vec<String> {
    let mut row = vec![
        pair.transport.to_string(),
        pair.server.to_string(),
        pair.client.to_string(),
    ];
    row.extend(match visit {
        Ok(visit) => [
            HumanFloatCount(visit.requests_per_second.round()).to_string(),
            micros(Duration::from_nanos(visit.latency.value_at_quantile(0.5)), 1),
            micros(Duration::from_nanos(visit.latency.value_at_quantile(0.99)), 1),
            visit.cpu_per_request.map_or_else(String::new, |cpu| micros(cpu, 2)),
            "OK".to_owned(),
        ],
        Err(_) => ["", "", "", "", "FAILED"].map(str::to_owned),
    });
    row
}

fn micros(duration: Duration, decimals: usize) -> String {
    format!("{:.decimals$}", duration.as_secs_f64() * 1e6)
}
