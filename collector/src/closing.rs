//! Housekeeping of samples: hours that are over become chunks, and frames that are in chunks go. A few at a time with
//! pauses, so that what measures and judges does not wait. Decides nothing; ages and sizes are `retention`'s.

use crate::app::App;
use crate::http_error::Chain;
use crate::shutdown::stopped;
use crate::store::StoreError;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(15);
/// Hours of a host that are closed at a time.
const HOURS: usize = 32;
/// Between two pieces of work: 20,000 hosts are closed within ten minutes, on a tenth of a core.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs until told to stop.
pub(crate) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(PERIOD);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stop) => return,
        }
        tokio::select! {
            result = close(&app) => if let Err(error) = result
                && !matches!(error, StoreError::ReadOnly { .. })
            {
                tracing::error!(error = %Chain(&error), "samples could not be put into chunks; they stay as they are");
            },
            () = stopped(&mut stop) => return,
        }
    }
}

async fn close(app: &App) -> Result<(), StoreError> {
    loop {
        let pair_ms_max = crate::host_series::pair_ms_max(app.engine.snapshot().catalogue.sample_period_ms);
        let closed = app.store.close_due(app.clock.now(), pair_ms_max, HOURS).await?;
        if closed.hours == 0 && closed.days == 0 {
            break;
        }
        tracing::debug!(closed.hours, closed.days, "samples put into chunks");
        tokio::time::sleep(PAUSE).await;
    }
    while app.store.prune_frames(app.clock.now()).await? {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
