//! The life of a server in the foreground.

use std::io::{self, Write};

use anyhow::Context as _;
use wirework::RunningServer;

/// Says where `server` listens, runs it until Ctrl-C or SIGTERM, and then lets its connections finish.
///
/// # Errors
/// Fails when standard output is gone.
pub async fn serve_until_interrupted(server: RunningServer) -> anyhow::Result<()> {
    let (sender, interrupted) = async_channel::bounded(1);
    // Before anyone is told where we are, and so can come to stop us.
    ctrlc::set_handler(move || {
        sender.try_send(()).ok();
    })
    .context("cannot handle signals")?;

    writeln!(io::stdout(), "listening on {}", server.local_addr()?)?;
    // The sender is in the handler for good, so this is the signal.
    interrupted.recv().await.ok();
    writeln!(io::stdout(), "{}", server.shutdown().await)?;
    Ok(())
}
