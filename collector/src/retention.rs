//! Housekeeping of what is kept for a time only: what is older than its setting, or too much, goes in small bites, and
//! the file shrinks by what was not needed for hours. Ledger, tickets and backups are not touched.

use crate::app::App;
use crate::config::settings::Retention;
use crate::http_error::Chain;
use crate::shutdown::stopped;
use crate::store::{Keep, Pages, StoreError};
use pantau_shared::timestamp::Timestamp;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(600);
/// Pause between bites.
const PAUSE: Duration = Duration::from_millis(100);
/// Free pages given back in one bite.
const SHRINK_PAGES: u64 = 64;
/// Looks at the free pages that are remembered: three hours. Frames of an hour leave and the next hour fills their pages.
const LOOKS: usize = 18;
/// Free pages up to this share of all are kept for what comes; one in twenty.
const FREE_SHARE: u64 = 20;

/// Runs until told to stop.
pub(crate) async fn run(app: App, retention: Retention, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(PERIOD);
    let mut unneeded = Unneeded::default();
    if pages(&app).await.is_ok_and(|pages| !pages.shrinks) {
        tracing::info!("the store's file was made by an earlier version: freed pages are used again, its size stays");
    }
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stop) => return,
        }
        tokio::select! {
            result = keep_house(&app, retention, &mut unneeded) => if let Err(error) = result {
                tracing::error!(error = %Chain(&error), "old samples could not be deleted");
            },
            () = stopped(&mut stop) => return,
        }
    }
}

/// What to keep as of `now`.
fn keep(retention: Retention, now: Timestamp) -> Keep {
    let ago = |seconds: u64| now.plus_secs(-i64::try_from(seconds).unwrap_or(i64::MAX));
    Keep {
        raw_from: ago(retention.raw_s),
        five_minutes_from: ago(retention.five_minutes_s),
        one_hour_from: ago(retention.one_hour_s),
        size_max: retention.size_max,
    }
}

async fn keep_house(app: &App, retention: Retention, unneeded: &mut Unneeded) -> Result<(), StoreError> {
    let keep = app.store.sparing_waiting(keep(retention, app.clock.now())).await?;
    while app.store.write(move |writer| writer.prune(&keep)).await? {
        tokio::time::sleep(PAUSE).await;
    }
    let pages = pages(app).await?;
    if !pages.shrinks {
        return Ok(());
    }
    let mut left = unneeded.look(pages.free, pages.count / FREE_SHARE);
    while left > 0 {
        let given = app.store.write(|writer| writer.shrink(SHRINK_PAGES)).await?;
        if given == 0 {
            break;
        }
        left = left.saturating_sub(given);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn pages(app: &App) -> Result<Pages, StoreError> {
    let store = app.store.clone();
    let pages = tokio::task::spawn_blocking(move || store.read(|reader| reader.pages()));
    pages.await.map_err(|_| StoreError::Closed)?
}

/// Remembers how many pages were free, to tell those that nobody needed for hours.
#[derive(Debug, Default)]
struct Unneeded(VecDeque<u64>);

impl Unneeded {
    /// Takes a look; how many pages can be given back, beyond a reserve. They count as gone.
    fn look(&mut self, free: u64, reserve: u64) -> u64 {
        self.0.push_back(free);
        if self.0.len() < LOOKS {
            return 0;
        }
        let least = self.0.iter().copied().min().unwrap_or(0);
        self.0.pop_front();
        let given = least.saturating_sub(reserve);
        for free in &mut self.0 {
            *free -= given;
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_that_nobody_needed_for_hours_are_given_back() {
        let mut unneeded = Unneeded::default();
        // Frames of an hour leave, the next hour needs their pages: between 1,000 and 200 are free.
        let mut given = 0;
        for look in 0..LOOKS as u64 * 4 {
            given += unneeded.look(1_000 - look % 6 * 160 - given, 50);
        }
        assert_eq!(given, 150);
        assert!(unneeded.0.len() < LOOKS);
        let mut idle = Unneeded::default();
        assert_eq!((1..LOOKS).map(|_| idle.look(900, 50)).sum::<u64>(), 0, "too early to tell");
        assert_eq!(idle.look(900, 50), 850);
        assert_eq!(idle.look(50, 50), 0);
    }
}
