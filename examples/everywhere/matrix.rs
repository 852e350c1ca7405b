//! Every server with every client.

use anyhow::{Context as _, bail, ensure};
use futures_lite::future::block_on;
use tempfile::TempDir;
use wirework_examples::RuntimeChoice;
use wirework_examples::store::transcript::Difference;

use crate::progress::Progress;
use crate::report::{Pair, Report};
use crate::runtimes::Runtimes;
use crate::servers::Served;
use crate::visit::{Plan, Visit};

/// All the servers, at work at once, and who visits them.
#[derive(Debug)]
pub(crate) struct Matrix<'a> {
    runtimes: &'a Runtimes,
    participants: Vec<RuntimeChoice>,
    servers: Vec<Served>,
    plan: Plan,
    /// Holds the files of sockets until the end.
    _sockets: TempDir,
}

impl<'a> Matrix<'a> {
    /// Opens all servers.
    pub(crate) fn open(runtimes: &'a Runtimes, participants: &[RuntimeChoice], plan: Plan) -> anyhow::Result<Self> {
        let sockets = tempfile::Builder::new()
            .prefix("wirework-")
            .tempdir()
            .context("cannot make a directory for sockets")?;
        let mut servers = Vec::new();
        for &runtime in participants {
            servers.extend(runtimes.serve(runtime, sockets.path())?);
        }
        servers.sort_by_key(|served| served.transport);
        Ok(Self {
            runtimes,
            participants: participants.to_owned(),
            servers,
            plan,
            _sockets: sockets,
        })
    }

    /// Visits each server from each runtime, one pair after the other, so that they do not disturb each other.
    pub(crate) fn visit_all(&self) -> anyhow::Result<Report> {
        let expected = self.runtimes.reference()?;
        let mut report = Report::new(expected.len());
        let progress = Progress::new(self.servers.len() * self.participants.len());
        for served in &self.servers {
            for &client in &self.participants {
                let pair = Pair {
                    server: served.runtime,
                    client,
                    transport: served.transport,
                };
                progress.begin(&pair);
                let visit = self.runtimes.visit(client, &served.door, self.plan);
                report.add(pair, visit.and_then(|visit| same(&expected, visit)));
                progress.done();
            }
        }
        progress.finish();
        Ok(report)
    }

    /// Closes all servers, and makes sure that no connection has ended badly.
    pub(crate) fn close(self) -> anyhow::Result<String> {
        let (count, mut connections) = (self.servers.len(), 0);
        for served in self.servers {
            let report = block_on(served.server.shutdown());
            let (runtime, transport) = (served.runtime, served.transport);
            ensure!(
                report.completed == report.accepted,
                "{runtime} server, {transport}: {report}"
            );
            connections += report.accepted;
        }
        Ok(format!("{connections} connections to {count} servers completed"))
    }
}

/// The visit, if it went as `expected`.
fn same(expected: &[u8], visit: Visit) -> anyhow::Result<Visit> {
    match Difference::between(expected, &visit.transcript) {
        None => Ok(visit),
        Some(difference) => bail!(difference.to_string()),
    }
}
