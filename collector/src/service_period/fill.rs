//! Keeping the roll-ups: closed days that are missing or no longer valid are counted in the background.
//!
//! Nothing waits for it and nothing depends on it: what is not there yet is counted by whoever asks. It works in bites of
//! [`BITE`] months (a claim and a save are one request of the writer each, the counting needs none) with a pause after
//! each, so a year of a thousand services fills in minutes and is never noticed. The open day is never rolled up.

use super::RulesOf;
use super::months::{Month, months};
use crate::app::App;
use crate::domain::availability::{Rules, Span};
use crate::domain::catalogue::ServiceId;
use crate::domain::interval::Interval;
use crate::http_error::Chain;
use crate::rulebook::Rulebook;
use crate::self_stats::SelfStats;
use crate::shutdown::stopped;
use crate::store::ledger_days::{CountedMonth, MonthClaim, usable_days};
use crate::store::{Reader, Store, StoreError};
use chrono_tz::Tz;
use pantau_shared::timestamp::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const PERIOD: Duration = Duration::from_secs(600);

/// Months counted between two requests of the writer.
const BITE: usize = 64;

/// Pause after a bite.
const PAUSE: Duration = Duration::from_millis(50);

/// What one round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filled {
    /// Months that were missing, or not valid to their last closed day.
    pub missing: usize,
    /// Months whose days are kept now; fewer than missing where somebody else was counting the same.
    pub kept: usize,
    /// Months among the missing whose days could not be read back.
    pub damaged: usize,
}

/// A month to be counted.
struct Task {
    service: ServiceId,
    rules: Rules,
    /// Place in the list of months.
    month: usize,
    /// Days to count, from the first on.
    days: usize,
    revision: i64,
}

/// What is to be done.
#[derive(Default)]
struct Round {
    months: Vec<Month>,
    tasks: Vec<Task>,
    damaged: usize,
}

/// Runs until told to stop.
pub(crate) async fn run(app: App, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let snapshot = app.engine.snapshot();
        let services = snapshot.catalogue.services.iter().map(|service| service.id.clone()).collect();
        let rulebook = Arc::clone(&snapshot.rulebook);
        drop(snapshot);
        tokio::select! {
            filled = fill(&app.store, rulebook, services, app.clock.now(), PAUSE) => match filled {
                Ok(filled) => tell(&app.stats, filled),
                // Read-only is told once, where it begins.
                Err(StoreError::ReadOnly { .. }) => {}
                Err(error) => tracing::error!(error = %Chain(&error), "closed days could not be rolled up"),
            },
            () = stopped(&mut stop) => return,
        }
    }
}

/// Counts and logs what a round did.
fn tell(stats: &SelfStats, filled: Filled) {
    stats.months_filled.add(u64::try_from(filled.kept).unwrap_or(u64::MAX));
    stats.months_damaged.add(u64::try_from(filled.damaged).unwrap_or(u64::MAX));
    if filled.damaged > 0 {
        tracing::warn!(?filled, "rolled-up days were damaged; they are counted again from the ledger");
    } else if filled.missing > 0 {
        tracing::debug!(?filled, "closed days are rolled up");
    }
}

/// Counts what is missing of `services` up to the last day that has ended at `now`, with `pause` after each bite.
///
/// # Errors
/// What the store says; what was kept before that stays.
pub async fn fill(
    store: &Store,
    rulebook: Arc<Rulebook>,
    services: Vec<ServiceId>,
    now: Timestamp,
    pause: Duration,
) -> Result<Filled, StoreError> {
    let zone = rulebook.zone();
    let rules_of = move |service: &ServiceId, begins| rulebook.rules(service, begins, now);
    fill_by(store, zone, services, Box::new(rules_of), now, pause).await
}

/// [`fill`] by any rules.
pub(super) async fn fill_by(
    store: &Store,
    zone: Tz,
    ids: Vec<ServiceId>,
    rules_of: Box<RulesOf<'static>>,
    now: Timestamp,
    pause: Duration,
) -> Result<Filled, StoreError> {
    let round = blocking(store, move |reader| missing(reader, zone, &ids, &rules_of, now)).await?;
    let months = Arc::new(round.months);
    let mut filled = Filled { missing: round.tasks.len(), kept: 0, damaged: round.damaged };
    let mut tasks = round.tasks.into_iter().peekable();
    while tasks.peek().is_some() {
        let bite: Vec<Task> = tasks.by_ref().take(BITE).collect();
        let claims: Vec<MonthClaim> = bite.iter().filter_map(|task| task.claim(&months)).collect();
        let claim = store.write(move |writer| writer.claim_ledger_days(&claims)).await?;
        // The view begins after the claim is committed: an edit it does not see shortens what is kept.
        let laid_out = Arc::clone(&months);
        let counted = blocking(store, move |reader| {
            bite.iter().filter_map(|task| task.count(reader, &laid_out).transpose()).collect::<Result<Vec<_>, _>>()
        })
        .await?;
        filled.kept += store.write(move |writer| writer.save_ledger_days(claim, &counted)).await?;
        if tasks.peek().is_some() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(filled)
}

/// Reads on a thread that may block.
async fn blocking<T: Send + 'static>(
    store: &Store,
    read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let store = store.clone();
    let read = tokio::task::spawn_blocking(move || store.read(read)).await;
    read.map_err(|error| StoreError::Database { operation: "read", source: Box::new(error) })?
}

/// The months whose closed days are not all kept, valid and of today's rules.
fn missing(
    reader: &Reader,
    zone: Tz,
    services: &[ServiceId],
    rules_of: &RulesOf<'_>,
    now: Timestamp,
) -> Result<Round, StoreError> {
    let ids: Vec<&ServiceId> = services.iter().collect();
    let begins = reader.ledgers_begin(&ids)?;
    let first = begins.iter().flatten().min().copied().unwrap_or(now);
    let mut months = months(zone, Interval::new(first.floor_second(), now));
    let (Some(oldest), Some(newest)) = (months.first().map(|m| m.number), months.last().map(|m| m.number)) else {
        return Ok(Round::default());
    };
    let rules: Vec<Rules> = ids.iter().zip(&begins).map(|(service, begins)| rules_of(service, *begins)).collect();
    let mut complete = vec![false; services.len() * months.len()];
    let (width, mut damaged) = (months.len(), 0);
    reader.ledger_days(&ids, oldest, newest, |place, kept| {
        let index = usize::try_from(kept.month - oldest).unwrap_or(usize::MAX);
        damaged += usize::from(kept.days.is_none());
        if let (Some(month), Some(rules), Some(days)) = (months.get_mut(index), rules.get(place), kept.days) {
            let usable = usable_days(&month.days, days.held(), kept.valid_until);
            if let Some(complete) = complete.get_mut(place * width + index) {
                *complete = usable == month.closed(now) && kept.revision == month.revision(rules);
            }
        }
    })?;
    let mut tasks = Vec::new();
    for (place, (service, rules)) in services.iter().zip(&rules).enumerate() {
        for (index, month) in months.iter_mut().enumerate() {
            let days = month.closed(now);
            let wanted = days > 0 && month.interval().overlaps(rules.effective);
            if wanted && !complete.get(place * width + index).copied().unwrap_or(true) {
                let revision = month.revision(rules);
                tasks.push(Task { service: service.clone(), rules: rules.clone(), month: index, days, revision });
            }
        }
    }
    Ok(Round { months, tasks, damaged })
}

impl Task {
    fn days<'a>(&self, months: &'a [Month]) -> Option<(&'a Month, &'a [Interval])> {
        let month = months.get(self.month)?;
        Some((month, month.days.get(..self.days)?))
    }

    fn claim(&self, months: &[Month]) -> Option<MonthClaim> {
        let (month, days) = self.days(months)?;
        Some(MonthClaim { service: self.service.clone(), month: month.number, valid_until: days.last()?.to })
    }

    /// Counts its days from the ledger.
    fn count(&self, reader: &Reader, months: &[Month]) -> Result<Option<CountedMonth>, StoreError> {
        let Some((month, days)) = self.days(months) else { return Ok(None) };
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(None) };
        let ledgers = reader.ledger_states(&[&self.service], first.from, last.to)?;
        let states = ledgers.first().map(|ledger| ledger.floored()).unwrap_or_default();
        let terms = self.rules.terms();
        let span = |day: &Interval| Span::evaluate(&self.rules.input(&terms, *day, None, &states));
        let days = days.iter().map(span).collect();
        Ok(Some(CountedMonth { service: self.service.clone(), month: month.number, revision: self.revision, days }))
    }
}
