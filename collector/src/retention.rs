//! Housekeeping of raw facts: what is older than the setting goes, in small bites, so that the writer never waits long.
//! Ledger, tickets and backups are not touched.

use crate::app::App;
use crate::http_error::Chain;
use crate::shutdown::stopped;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(600);
/// Rows of one bite; one bite is one part of a group commit.
const BITE: usize = 2_000;
/// Pause between bites.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until told to stop; `raw_s` is the age in seconds from which raw facts go.
pub(crate) async fn run(app: App, raw_s: u64, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stop) => return,
        }
        tokio::select! {
            () = prune(&app, raw_s) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

async fn prune(app: &App, raw_s: u64) {
    let before = app.clock.now().plus_secs(-i64::try_from(raw_s).unwrap_or(i64::MAX));
    loop {
        match app.store.write(move |writer| writer.prune(before, BITE)).await {
            Ok(gone) if gone < BITE => return,
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "old facts could not be pruned");
                return;
            }
        }
    }
}
