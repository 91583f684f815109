//! Continuity laid out for the document: what RPO and RTO changed to in the period, approved late records of backups, and
//! corrections that are proposed and not decided.

use super::build::Site;
use super::document::*;
use crate::correction_preview::{self, Effect};
use crate::domain::calendar::period::PeriodKind;
use crate::domain::catalogue::Service;
use crate::domain::interval::Interval;
use crate::domain::register::{CorrectionEntry, CorrectionStatus, Register};
use crate::domain::ticket::Actor;
use crate::store::{Reader, StoreError};
use std::sync::Arc;

/// Proposals of one service that are shown with their effect.
const PENDING_MAX: usize = 50;

/// Every change of what the service's continuity was held to in `window`, in order.
pub(super) fn changes(site: &Site<'_>, service: &Service, window: Interval) -> Vec<ContinuityChangeRow> {
    let history = site.rulebook.backups(&service.id);
    let seconds = |bound: Option<u32>| bound.map(u64::from);
    let strict = || "<".to_owned();
    let mut rows: Vec<ContinuityChangeRow> = history
        .rto_changes(window)
        .into_iter()
        .map(|(at, before, after)| ContinuityChangeRow {
            at: at.as_secs(),
            catalogue_revision: history.revision_at(at),
            set: None,
            what: "rto".to_owned(),
            before_s: seconds(before),
            before_operator: strict(),
            after_s: seconds(after),
            after_operator: strict(),
        })
        .collect();
    for set in history.named(window) {
        let terms = history.of_set(&set, window);
        for ((_, before), (from, after)) in terms.iter().zip(terms.iter().skip(1)) {
            let (before, after) = (&before.policy, &after.policy);
            if before == after {
                continue;
            }
            let bound = (before.rpo_seconds, before.operator) == (after.rpo_seconds, after.operator);
            rows.push(ContinuityChangeRow {
                at: from.from.as_secs(),
                catalogue_revision: history.revision_at(from.from),
                set: Some(set.to_string()),
                what: if bound { "policy" } else { "rpo" }.to_owned(),
                before_s: seconds(before.rpo_seconds),
                before_operator: before.operator.symbol().to_owned(),
                after_s: seconds(after.rpo_seconds),
                after_operator: after.operator.symbol().to_owned(),
            });
        }
    }
    rows.sort_by_key(|row| row.at);
    rows
}

/// Approved late records of the service's sets that touch `window`, and those taken back again.
pub(super) fn late_corrections(register: &Register, service: &Service, window: Interval) -> Vec<CorrectionRow> {
    let touches = |entry: &&Arc<CorrectionEntry>| {
        let about = entry.claim.interval().is_some_and(|interval| interval.overlaps(window));
        entry.service == service.id && entry.backups.is_some() && about
    };
    let row = |entry: &Arc<CorrectionEntry>| {
        let interval = entry.claim.interval();
        Some(CorrectionRow {
            seq: entry.approval?,
            effect: "backups".to_owned(),
            from: interval.map(|interval| interval.from.as_secs()),
            to: interval.map(|interval| interval.to.as_secs()),
            state: None,
            withdraws: None,
            approved: entry.status == CorrectionStatus::Approved,
            record: Some(super::basis::record_of(entry)),
        })
    };
    register.corrections().iter().filter(touches).filter_map(row).collect()
}

/// What is proposed of the service's time in the period and not decided, with its effect on it: at most [`PENDING_MAX`].
///
/// # Errors
/// What the store says.
pub(crate) fn pending(
    reader: &Reader,
    site: &Site<'_>,
    register: &Register,
    service: &Service,
) -> Result<Vec<PendingRow>, StoreError> {
    let window = site.period.interval(site.rulebook.zone());
    let waits = |entry: &&Arc<CorrectionEntry>| {
        let about = entry.about(register).is_some_and(|interval| interval.overlaps(window));
        entry.service == service.id && entry.status == CorrectionStatus::Proposed && about
    };
    let row = |entry: &Arc<CorrectionEntry>| {
        let interval = entry.about(register);
        let effect = Effect::load(reader, site.rulebook, register, entry, site.now)?;
        // A month is told as it is; of a longer period only that something waits.
        let month = (site.period.kind() == PeriodKind::Month).then(|| site.period.first_date());
        let seconds = effect.seconds.iter().find(|change| Some(change.month) == month);
        let rpo = effect.backups.iter().find(|change| Some(change.month) == month);
        Ok(PendingRow {
            number: entry.number,
            claim: entry.claim.code().to_owned(),
            set: correction_preview::late_of(register, entry).map(|(_, late)| late.set.to_string()),
            from: interval.map(|interval| interval.from.as_secs()),
            to: interval.map(|interval| interval.to.as_secs()),
            proposed_by: match &entry.proposed_by {
                Actor::System => None,
                Actor::Person(name) => Some(name.clone()),
            },
            proposed_at: entry.proposed_at.as_secs(),
            seconds: seconds
                .filter(|_| entry.backups.is_none())
                .map(|change| PendingSeconds::new(&change.before, &change.after)),
            rpo: rpo.map(RpoMonthRow::from),
        })
    };
    register.corrections().iter().filter(waits).take(PENDING_MAX).map(row).collect()
}
